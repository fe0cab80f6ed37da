package model

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"net/url"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"kubernetes-worker/internal/systemd"
)

// What the outside has for apt, below the machine's root: keys by host, and hosts that are away.
const (
	keysDir  = "standin/keys"
	awayFile = "standin/away"
	listsDir = "standin/lists"
)

// packagesOf are the packages of repositories that a machine does not know by itself, by the list that names them.
var packagesOf = map[string][]string{
	"docker.list":                   {"docker-ce", "docker-ce-cli", "containerd.io"},
	"nvidia-container-toolkit.list": {"nvidia-container-toolkit", "nvidia-docker2", "nvidia-container-runtime"},
	"cuda-ubuntu2204-x86_64.list":   {"cuda-drivers"},
}

// needed are packages that others bring along; opposed are those that cannot be there together.
var (
	needed  = map[string][]string{"docker-ce": {"docker-ce-cli", "containerd.io"}}
	opposed = [][2]string{{"docker-ce-cli", "docker.io"}, {"containerd.io", "docker.io"}, {"containerd.io", "containerd"}}
	unitsOf = map[string][]string{"docker.io": {"containerd", "docker"}, "containerd": {"containerd"}, "containerd.io": {"containerd"}, "docker-ce": {"docker"}}
)

// wording is what a program writes when it fails, word for word.
type wording string

func (s wording) Error() string { return string(s) }

func sayf(format string, args ...any) error { return wording(fmt.Sprintf(format, args...)) }

// serveKeys puts the keys of the makers to their hosts.
func serveKeys(t *testing.T, root string) {
	t.Helper()
	https := filepath.Join(root, "usr/lib/apt/methods/https")
	if err := os.MkdirAll(filepath.Dir(https), 0o755); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(https, nil, 0o755); err != nil {
		t.Fatal(err)
	}
	for host, file := range map[string]string{"download.docker.com": "docker.asc", "nvidia.github.io": "nvidia.asc"} {
		content, err := os.ReadFile(filepath.Join("../../internal/apt/testdata/keys", file))
		if err != nil {
			t.Fatal(err)
		}
		path := filepath.Join(root, keysDir, host)
		if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(path, content, 0o644); err != nil {
			t.Fatal(err)
		}
	}
}

// Away lets hosts of repositories and keys not answer; without names all do.
func (w *World) Away(hosts ...string) {
	w.T.Helper()
	w.must(os.WriteFile(filepath.Join(w.Root, awayFile), []byte(strings.Join(hosts, "\n")), 0o644))
}

func isAway(root, host string) bool {
	text, err := os.ReadFile(filepath.Join(root, awayFile))
	return err == nil && slices.Contains(strings.Split(string(text), "\n"), host)
}

// aptHelper plays apt's downloader.
func aptHelper(root string, args []string) error {
	at := slices.Index(args, "download-file")
	if at < 0 || len(args) != at+3 {
		return sayf("E: Invalid operation %q", args)
	}
	from, err := url.Parse(args[at+1])
	if err != nil {
		return err
	}
	content, err := os.ReadFile(filepath.Join(root, keysDir, from.Hostname()))
	if isAway(root, from.Hostname()) || err != nil {
		return sayf("E: Failed to fetch %s  Could not resolve '%s'\nE: Download Failed", from, from.Hostname())
	}
	return os.WriteFile(args[at+2], content, 0o644)
}

// aptUpdate fetches the lists of the repositories that the machine knows and that answer.
func aptUpdate(root string) error {
	if err := os.MkdirAll(filepath.Join(root, listsDir), 0o755); err != nil {
		return err
	}
	for list := range packagesOf {
		line, err := os.ReadFile(filepath.Join(root, "etc/apt/sources.list.d", list))
		if errors.Is(err, fs.ErrNotExist) {
			if err := os.Remove(filepath.Join(root, listsDir, list)); err != nil && !errors.Is(err, fs.ErrNotExist) {
				return err
			}
			continue
		}
		if err != nil {
			return err
		}
		if err := fetchList(root, list, string(line)); err != nil {
			return err
		}
	}
	return nil
}

func fetchList(root, list, text string) error {
	_, after, _ := strings.Cut(text, "signed-by=")
	keyring, after, found := strings.Cut(after, "] ")
	if !found {
		return sayf("E: Malformed entry 1 in list file %s", list)
	}
	from, _, _ := strings.Cut(after, " ")
	host, err := url.Parse(from)
	if err != nil {
		return err
	}
	if isAway(root, host.Hostname()) {
		fmt.Fprintf(os.Stderr, "W: Failed to fetch %s/InRelease  Could not resolve '%s'\nW: Some index files failed to download.\n", from, host.Hostname())
		return nil
	}
	if _, err := os.Stat(filepath.Join(root, keyring)); err != nil {
		return sayf("E: The repository '%s InRelease' is not signed.", from)
	}
	return os.WriteFile(filepath.Join(root, listsDir, list), nil, 0o644)
}

// aptChange installs and removes packages as apt-get install does with names and names with a dash at their end.
func aptChange(root string, flags, words []string) error {
	status, err := readPackages(root)
	if err != nil {
		return err
	}
	var install, remove []string
	versions := map[string]string{}
	for _, word := range words {
		name, version, _ := strings.Cut(word, "=")
		if gone, ok := strings.CutSuffix(name, "-"); ok {
			remove = append(remove, gone)
			continue
		}
		versions[name] = version
		install = append(install, name)
	}
	for _, name := range slices.Clone(install) {
		for _, also := range needed[name] {
			if status[also] == "" && !slices.Contains(install, also) {
				install = append([]string{also}, install...)
			}
		}
	}
	for _, name := range install {
		if strings.HasPrefix(name, "no-such-") {
			return sayf("E: Unable to locate package %s", name)
		}
		if list := listOf(name); list != "" {
			if _, err := os.Stat(filepath.Join(root, listsDir, list)); err != nil {
				return sayf("E: Unable to locate package %s", name)
			}
		}
	}
	after := slices.Clone(install)
	for name := range status {
		if !slices.Contains(remove, name) {
			after = append(after, name)
		}
	}
	for _, pair := range opposed {
		if slices.Contains(after, pair[0]) && slices.Contains(after, pair[1]) {
			return sayf("The following packages have unmet dependencies:\n %s : Conflicts: %s", pair[0], pair[1])
		}
	}
	if held := slices.IndexFunc(remove, func(name string) bool { return status[name] == "hold" }); held >= 0 && !slices.Contains(flags, "--allow-change-held-packages") {
		return sayf("E: Held packages were changed and -y was used without --allow-change-held-packages: %s", remove[held])
	}
	if slices.Contains(flags, "--download-only") {
		return nil
	}
	for _, name := range remove {
		if err := removePackage(root, name); err != nil {
			return err
		}
	}
	for _, name := range install {
		if err := installPackage(root, name, versions[name]); err != nil {
			return err
		}
	}
	return nil
}

func listOf(name string) string {
	for list, names := range packagesOf {
		if slices.Contains(names, name) {
			return list
		}
	}
	return ""
}

// readPackages gives the selection, install or hold, of each installed package.
func readPackages(root string) (map[string]string, error) {
	text, err := os.ReadFile(filepath.Join(root, "var/lib/dpkg/status"))
	if err != nil {
		return nil, err
	}
	found := map[string]string{}
	for stanza := range strings.SplitSeq(string(text), "\n\n") {
		var name, selection string
		for line := range strings.Lines(stanza) {
			field, value, _ := strings.Cut(strings.TrimSpace(line), ": ")
			switch words := strings.Fields(value); {
			case field == "Package":
				name = value
			case field == "Status" && len(words) == 3 && words[2] == "installed":
				selection = words[0]
			}
		}
		if selection != "" {
			found[name] = selection
		}
	}
	return found, nil
}

// markPackage writes a package's state into dpkg's list.
func markPackage(root, name, state string) error {
	path := filepath.Join(root, "var/lib/dpkg/status")
	text, err := os.ReadFile(path)
	if err != nil {
		return err
	}
	stanzas := strings.Split(string(text), "\n\n")
	for i, stanza := range stanzas {
		if !strings.HasPrefix(strings.TrimSpace(stanza), "Package: "+name+"\n") {
			continue
		}
		lines := strings.Split(stanza, "\n")
		for j, line := range lines {
			if strings.HasPrefix(line, "Status: ") {
				lines[j] = "Status: " + state
			}
		}
		stanzas[i] = strings.Join(lines, "\n")
	}
	return os.WriteFile(path, []byte(strings.Join(stanzas, "\n\n")), 0o644)
}

// removePackage stops what the package brought and leaves its files.
func removePackage(root, name string) error {
	ctx, cancel := context.WithTimeout(context.Background(), time.Minute)
	defer cancel()
	manager := systemd.New(root, systemd.Settings{})
	defer manager.Close()
	for _, unit := range unitsOf[name] {
		if err := manager.Stop(ctx, unit+".service"); err != nil {
			return err
		}
	}
	return markPackage(root, name, "deinstall ok config-files")
}

// aptMark plays holds.
func aptMark(root string, args []string) error {
	status := map[string]string{"hold": "hold ok installed", "unhold": "install ok installed"}
	if len(args) < 2 || status[args[0]] == "" {
		return sayf("E: Invalid operation %q", args)
	}
	for _, name := range args[1:] {
		if err := markPackage(root, name, status[args[0]]); err != nil {
			return err
		}
	}
	return nil
}

// usermod adds a user to a group.
func usermod(root string, args []string) error {
	if len(args) != 3 || args[0] != "-aG" {
		return fmt.Errorf("usermod: unknown arguments %q", args)
	}
	path := filepath.Join(root, "etc/group")
	text, err := os.ReadFile(path)
	if err != nil {
		return err
	}
	lines := strings.Split(string(text), "\n")
	for i, line := range lines {
		if strings.HasPrefix(line, args[1]+":") {
			lines[i] = strings.TrimSuffix(line+","+args[2], ",")
			lines[i] = strings.Replace(lines[i], ":,", ":", 1)
			return os.WriteFile(path, []byte(strings.Join(lines, "\n")), 0o644)
		}
	}
	return fmt.Errorf("usermod: group '%s' does not exist", args[1])
}

// addGroup does what docker's packages do at their installation.
func addGroup(root, name string) error {
	path := filepath.Join(root, "etc/group")
	text, err := os.ReadFile(path)
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return err
	}
	if strings.Contains("\n"+string(text), "\n"+name+":") {
		return nil
	}
	return os.WriteFile(path, append(text, []byte(name+":x:998:\n")...), 0o644)
}

// nvidiaSmi speaks to the driver, if there is one.
func nvidiaSmi(root string) error {
	status, err := readPackages(root)
	if err != nil {
		return err
	}
	if status["cuda-drivers"] == "" && !fileExists(filepath.Join(root, "standin/driver")) {
		return sayf("NVIDIA-SMI has failed because it couldn't communicate with the NVIDIA driver.")
	}
	if err := os.MkdirAll(filepath.Join(root, "dev"), 0o755); err != nil {
		return err
	}
	return os.WriteFile(filepath.Join(root, "dev/nvidiactl"), nil, 0o666)
}

func fileExists(path string) bool {
	_, err := os.Stat(path)
	return err == nil
}
