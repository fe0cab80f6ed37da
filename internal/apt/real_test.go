package apt_test

import (
	"context"
	"crypto/sha256"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"kubernetes-worker/internal/apt"
	"kubernetes-worker/internal/host"
)

// These tests run the machine's own apt-get on directories of the test's. They are for what no stand-in knows: whether apt
// takes our lists and keyrings, and what it makes of our requests. Nothing is installed.

// realMachine is a tree that apt-get works on, with a repository beside it.
type realMachine struct {
	*apt.Apt
	t          *testing.T
	root, repo string
	said       string
}

func newRealMachine(t *testing.T) *realMachine {
	t.Helper()
	for _, program := range []string{"apt-get", "gpg", "gpgconf", "dpkg-deb"} {
		if _, err := exec.LookPath(program); err != nil {
			t.Skipf("this machine has no %s", program)
		}
	}
	m := &realMachine{t: t, root: t.TempDir(), repo: t.TempDir()}
	for _, dir := range []string{"etc/apt/sources.list.d", "etc/apt/keyrings", "etc/apt/preferences.d", "etc/apt/trusted.gpg.d", "var/lib/dpkg", "var/lib/apt/lists/partial", "var/cache/apt/archives/partial"} {
		m.must(os.MkdirAll(filepath.Join(m.root, dir), 0o755))
	}
	m.Apt = &apt.Apt{
		Host: host.New(m.root), Runner: m, Log: func(string) {}, Now: time.Now,
		Sleep: func(context.Context, time.Duration) error { return errors.New("the test does not wait") },
	}
	return m
}

// Run sends apt-get to the tree. It changes nothing there but lists.
func (m *realMachine) Run(ctx context.Context, command host.Command) (host.Output, error) {
	if command.Name != "apt-get" {
		return host.Output{}, fmt.Errorf("%s is not for this test", command.Name)
	}
	command.Args = append([]string{
		"--option=Dir=" + m.root, "--option=Dir::State::status=" + filepath.Join(m.root, "var/lib/dpkg/status"), "--option=APT::Architecture=amd64",
		"--option=APT::Architectures::=amd64", "--option=Debug::NoLocking=1", "--option=APT::Sandbox::User=", "--option=Dir::Bin::methods=/usr/lib/apt/methods",
	}, command.Args...)
	if !slices.Contains(command.Args, "update") {
		command.Args = append(command.Args, "--simulate")
	}
	output, err := host.NewExec("/", os.Environ()).Run(ctx, command)
	m.said += string(output.Stdout) + string(output.Stderr)
	return output, err
}

func (m *realMachine) must(err error) {
	m.t.Helper()
	if err != nil {
		m.t.Fatal(err)
	}
}

func (m *realMachine) write(path, content string) {
	m.t.Helper()
	m.must(os.MkdirAll(filepath.Dir(path), 0o755))
	m.must(os.WriteFile(path, []byte(content), 0o644))
}

// newKey makes a key in a directory of its own and gives its fingerprint and its armored public half.
func (m *realMachine) newKey() (home, fingerprint string, public []byte) {
	m.t.Helper()
	home, err := os.MkdirTemp("", "gpg") // its agent's socket has to have a short name
	m.must(err)
	m.t.Cleanup(func() {
		_, _ = m.gpg(home, "gpgconf", "--kill", "all")
		_ = os.RemoveAll(home)
	})
	_, err = m.gpg(home, "gpg", "--batch", "--quiet", "--passphrase", "", "--quick-gen-key", "Test <test@example.test>", "rsa2048", "sign", "never")
	m.must(err)
	list, err := m.gpg(home, "gpg", "--list-keys", "--with-colons")
	m.must(err)
	_, after, _ := strings.Cut(string(list), "\nfpr:")
	fingerprint, _, _ = strings.Cut(strings.TrimLeft(after, ":"), ":")
	public, err = m.gpg(home, "gpg", "--armor", "--export")
	m.must(err)
	return home, fingerprint, public
}

func (m *realMachine) gpg(home, program string, args ...string) ([]byte, error) {
	command := exec.CommandContext(m.t.Context(), program, args...)
	if program == "gpgconf" { // when the test is over
		command = exec.Command(program, args...)
	}
	command.Env = append(os.Environ(), "GNUPGHOME="+home)
	return command.Output()
}

// serve makes the repository, signed by a key: docker-ce with what it needs, which does not go with the distribution's.
func (m *realMachine) serve(home string) {
	m.t.Helper()
	var index strings.Builder
	for _, fields := range []string{
		"Package: docker-ce\nDepends: containerd.io, docker-ce-cli\nConflicts: docker.io", "Package: docker-ce-cli\nConflicts: docker.io",
		"Package: containerd.io\nConflicts: containerd, runc\nProvides: containerd, runc",
	} {
		_, name, _ := strings.Cut(strings.SplitN(fields, "\n", 2)[0], ": ")
		control := fields + "\nVersion: 2.0\nArchitecture: amd64\nMaintainer: Test <test@example.test>\nDescription: test\n"
		m.write(filepath.Join(m.repo, "build", name, "DEBIAN/control"), control)
		deb := filepath.Join(m.repo, "pool", name+".deb")
		m.must(os.MkdirAll(filepath.Dir(deb), 0o755))
		m.must(exec.Command("dpkg-deb", "--build", filepath.Join(m.repo, "build", name), deb).Run())
		content, err := os.ReadFile(deb)
		m.must(err)
		fmt.Fprintf(&index, "%sFilename: pool/%s.deb\nSize: %d\nSHA256: %x\n\n", control, name, len(content), sha256.Sum256(content))
	}
	dist := filepath.Join(m.repo, "dists/jammy")
	m.write(filepath.Join(dist, "stable/binary-amd64/Packages"), index.String())
	m.write(filepath.Join(dist, "Release"), fmt.Sprintf("Suite: jammy\nCodename: jammy\nComponents: stable\nArchitectures: amd64\nDate: %s\nSHA256:\n %x %d stable/binary-amd64/Packages\n",
		time.Now().UTC().Format(time.RFC1123), sha256.Sum256([]byte(index.String())), index.Len()))
	signed, err := m.gpg(home, "gpg", "--batch", "--quiet", "--passphrase", "", "--clearsign", "--output", "-", filepath.Join(dist, "Release"))
	m.must(err)
	m.write(filepath.Join(dist, "InRelease"), string(signed))
}

// know writes keyring and list as the charm does.
func (m *realMachine) know(keyring []byte) {
	m.t.Helper()
	path := filepath.Join(m.root, "etc/apt/keyrings/kubernetes-worker-docker.gpg")
	m.write(path, string(keyring))
	m.write(filepath.Join(m.root, "etc/apt/sources.list.d/docker.list"), "# Generated\ndeb [arch=amd64 signed-by="+path+"] file:"+m.repo+" jammy stable\n")
}

// distribution is a machine with docker of its distribution, held.
const distribution = "Package: docker.io\nStatus: hold ok installed\nArchitecture: amd64\nVersion: 1.0\nMaintainer: x\nDepends: containerd\nDescription: x\n\n" +
	"Package: containerd\nStatus: install ok installed\nArchitecture: amd64\nVersion: 1.0\nMaintainer: x\nDepends: runc\nDescription: x\n\n" +
	"Package: runc\nStatus: install ok installed\nArchitecture: amd64\nVersion: 1.0\nMaintainer: x\nDescription: x\n"

func TestRealAptTakesOurKeyringsAndChangesPackagesInOneStep(t *testing.T) {
	m := newRealMachine(t)
	home, fingerprint, public := m.newKey()
	_, _, other := m.newKey()
	m.serve(home)
	m.write(filepath.Join(m.root, "var/lib/dpkg/status"), distribution)
	keyring, err := apt.Key(append(other, public...), fingerprint)
	m.must(err)
	m.know(keyring)
	remove := []string{"containerd", "docker.io", "runc"}
	if err := m.Available(t.Context(), []string{"docker-ce"}, remove, apt.Options{NoRecommends: true}); err != nil {
		t.Fatalf("%v\n%s", err, m.said)
	}
	m.said = ""
	err = m.Change(t.Context(), []string{"docker-ce=2.0"}, remove, apt.Options{NoRecommends: true})
	for _, step := range []string{"Remv docker.io", "Remv containerd", "Remv runc", "Inst docker-ce ", "Inst docker-ce-cli ", "Inst containerd.io "} {
		if !strings.Contains(m.said, "\n"+step) {
			t.Errorf("apt-get would not do %q: %v\n%s", step, err, m.said)
		}
	}
	for _, names := range [][]string{{"no-such-package"}, {"docker-ce=3.0"}} {
		if err := m.Available(t.Context(), names, remove, apt.Options{}); apt.KindOf(err) != apt.UnknownPackage {
			t.Errorf("%v: kind %d of %v", names, apt.KindOf(err), err)
		}
	}
}

func TestRealAptRefusesWhatIsNotSignedWithOurKey(t *testing.T) {
	m := newRealMachine(t)
	_, fingerprint, public := m.newKey()
	other, _, _ := m.newKey()
	m.serve(other)
	m.write(filepath.Join(m.root, "var/lib/dpkg/status"), distribution)
	keyring, err := apt.Key(public, fingerprint)
	m.must(err)
	m.know(keyring)
	err = m.Available(t.Context(), []string{"docker-ce"}, []string{"docker.io"}, apt.Options{})
	if apt.KindOf(err) != apt.Source {
		t.Errorf("kind %d of %v\n%s", apt.KindOf(err), err, m.said)
	}
	m.know(nil)
	m.write(filepath.Join(m.root, "etc/apt/sources.list.d/other.list"), "deb file:"+m.repo+" jammy stable\n")
	err = m.Available(t.Context(), []string{"docker-ce"}, []string{"docker.io"}, apt.Options{})
	if apt.KindOf(err) != apt.Source {
		t.Errorf("two lists that contradict each other: kind %d of %v\n%s", apt.KindOf(err), err, m.said)
	}
}
