// Package versions feeds what the charm renders to the kubelets and kube-proxies of eight releases, from the oldest to the
// newest: to programs made of each release's own flags, decoder and validation (parsers/). It also holds the charm's table
// of releases to what these programs list, and shows for each of them that it can say no.
package versions

import (
	"context"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"kubernetes-worker/internal/arguments"
	"kubernetes-worker/internal/kubelet"
	"kubernetes-worker/internal/kubeversion"
)

// patience bounds one question to a program, which takes a tenth of a second on an idle machine.
const patience = time.Minute

// release is one Kubernetes release with its two programs.
type release struct {
	kubeversion.Version
	directory func() (string, error)
}

// releases reads the file of that name: all releases that have programs.
var releases = sync.OnceValues(func() ([]release, error) {
	content, err := os.ReadFile("releases")
	if err != nil {
		return nil, err
	}
	var all []release
	for _, name := range strings.Fields(string(content)) {
		version, err := kubeversion.Parse(name)
		if err != nil {
			return nil, err
		}
		all = append(all, release{version, sync.OnceValues(func() (string, error) {
			out, err := exec.Command("../bed/artefact", "accepts@"+name).Output()
			return strings.TrimSpace(string(out)), err
		})})
	}
	return all, nil
})

// forEach runs a test for each release.
func forEach(t *testing.T, test func(t *testing.T, r release)) {
	all, err := releases()
	if err != nil || len(all) == 0 {
		t.Fatalf("cannot read the releases: %v", err)
	}
	for _, r := range all {
		t.Run("1."+fmt.Sprint(r.Minor), func(t *testing.T) {
			t.Parallel()
			test(t, r)
		})
	}
}

func (r release) program(t *testing.T, name string) string {
	t.Helper()
	directory, err := r.directory()
	if err != nil {
		t.Fatalf("cannot get the programs of %s: %v; test/bed/artefact accepts@v%s says why", r, err, r)
	}
	return filepath.Join(directory, name)
}

// list gives what the program lists of one kind: flag, field or gate. Of flags, deprecated picks those that are.
func (r release) list(t *testing.T, daemon, kind string, deprecated bool) []string {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), patience)
	defer cancel()
	out, err := exec.CommandContext(ctx, r.program(t, daemon), "list").Output()
	if err != nil {
		t.Fatalf("%s %s: list: %v", daemon, r, err)
	}
	var names []string
	for line := range strings.Lines(string(out)) {
		words := strings.Fields(line)
		if words[0] == daemon+"-"+kind && (!deprecated || slices.Contains(words[2:], "deprecated")) {
			names = append(names, words[1])
		}
	}
	slices.Sort(names)
	return names
}

// wrapper does what the snaps do with the file of arguments: bash reads it, then runs the daemon.
const wrapper = `declare -a args="($(cat "$1"))"; exec "$2" check "${args[@]}"`

// ask lets a program judge arguments in the form in which the snap takes them, and the configuration file, if there is
// one, in the place of the one that they name. The answer is empty where the daemon would start with them.
func (r release) ask(t *testing.T, daemon string, form arguments.Form, args arguments.Set, config []byte, environment ...string) string {
	t.Helper()
	dir := t.TempDir()
	write := func(name, text string) string {
		file := filepath.Join(dir, name)
		if err := os.WriteFile(file, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
		return file
	}
	text := argumentsFile(t, form, args)
	if config != nil {
		text = strings.ReplaceAll(text, kubelet.ConfigFile, write("config.yaml", string(config)))
	}
	ctx, cancel := context.WithTimeout(t.Context(), patience)
	defer cancel()
	command := exec.CommandContext(ctx, "bash", "-c", wrapper, "wrapper", write("args", text), r.program(t, daemon))
	command.Env = append(os.Environ(), environment...)
	said, err := command.CombinedOutput()
	switch {
	case err == nil:
		return ""
	case command.ProcessState != nil && command.ProcessState.ExitCode() == 1:
		return reason(string(said))
	}
	t.Fatalf("%s %s: %v: %s", daemon, r, err, said)
	return ""
}

// reason leaves out what a program also says of arguments that it does take.
func reason(said string) string {
	var lines []string
	for line := range strings.Lines(said) {
		if !strings.HasPrefix(line, "Flag --") {
			lines = append(lines, line)
		}
	}
	return strings.TrimSpace(strings.Join(lines, ""))
}

// argumentsFile is what the snap's hook makes of the options that the charm sets.
func argumentsFile(t *testing.T, form arguments.Form, args arguments.Set) string {
	t.Helper()
	if form == arguments.FormRaw {
		text, err := arguments.Raw(args)
		if err != nil {
			t.Fatal(err)
		}
		return text
	}
	options, err := arguments.PerKey(args)
	if err != nil {
		t.Fatal(err)
	}
	var text strings.Builder
	for _, key := range args.Keys() {
		fmt.Fprintf(&text, "--%s=\"%s\"\n", key, options[key])
	}
	return text.String()
}
