package model

import (
	"context"
	"crypto/sha256"
	"encoding/binary"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"syscall"
	"testing"
	"time"

	"kubernetes-worker/internal/jujusim"
	"kubernetes-worker/internal/snapd/snapdtest"
)

// imprint is all of the machine that a running node depends on: every file with its content, mode and inode, so that
// a rewriting with the same content shows too, and how often each daemon was started.
type imprint map[string]string

func imprintOf(w *World) imprint {
	w.T.Helper()
	seen := imprint{}
	for _, top := range []string{"root", "home", "etc", "opt", "usr", "lib", "var/snap"} {
		err := filepath.WalkDir(filepath.Join(w.Root, top), func(path string, d fs.DirEntry, err error) error {
			if err != nil || d.IsDir() {
				return ignoreMissing(err)
			}
			info, err := d.Info()
			if err != nil {
				return err
			}
			content, err := os.ReadFile(path)
			if err != nil {
				content = nil // a link that leads nowhere here
			}
			inode := info.Sys().(*syscall.Stat_t).Ino
			seen[strings.TrimPrefix(path, w.Root)] = fmt.Sprintf("%s inode %d sum %x", info.Mode(), inode, sha256.Sum256(content))
			return nil
		})
		w.must(err)
	}
	for _, unit := range []string{Kubelet, Proxy, Runtime} {
		seen[unit] = fmt.Sprintf("%s, started %d times", w.Systemd.Unit(unit).ActiveState, w.Restarts(unit))
	}
	return seen
}

func ignoreMissing(err error) error {
	if os.IsNotExist(err) {
		return nil
	}
	return err
}

// wantUntouched fails the test if anything differs from the imprint taken before.
func wantUntouched(w *World, before imprint) {
	w.T.Helper()
	after := imprintOf(w)
	var differ []string
	for name, was := range before {
		if after[name] != was {
			differ = append(differ, fmt.Sprintf("%s was %s, is %s", name, was, after[name]))
		}
	}
	for name, is := range after {
		if _, known := before[name]; !known {
			differ = append(differ, name+" is new: "+is)
		}
	}
	slices.Sort(differ)
	if len(differ) > 0 {
		w.dump()
		w.T.Fatalf("the node was touched:\n%s", strings.Join(differ, "\n"))
	}
}

// joining gives a world that is deployed and related, and no hook has run.
func joining(t *testing.T, o Options) *World {
	t.Helper()
	w := New(t, o)
	w.DeployWorker()
	w.DeployCompanions()
	w.Relate()
	return w
}

// wantFailedHook runs the hooks that are due and wants one of them to fail, as a machine's fault does.
func wantFailedHook(w *World) {
	w.T.Helper()
	ctx, cancel := context.WithTimeout(context.Background(), 2*time.Minute)
	defer cancel()
	if err := w.Juju.Settle(ctx); err == nil {
		w.dump()
		w.T.Fatal("no hook failed")
	}
}

// runUpgrade runs the action.
func runUpgrade(w *World) jujusim.ActionResult {
	w.T.Helper()
	return runUpgradeWith(w, nil)
}

// runUpgradeWith runs it with parameters.
func runUpgradeWith(w *World, params map[string]any) jujusim.ActionResult {
	w.T.Helper()
	ctx, cancel := context.WithTimeout(context.Background(), 2*time.Minute)
	defer cancel()
	result, err := w.Juju.RunAction(ctx, Unit, "upgrade", params)
	w.must(err)
	w.Settle()
	return result
}

// wantSnaps fails the test unless the three snaps have that version.
func wantSnaps(w *World, version string) {
	w.T.Helper()
	for _, name := range []string{"kubectl", "kube-proxy", "kubelet"} {
		if have, _ := w.Snapd.Snap(name); have.Version != version {
			w.dump()
			w.T.Fatalf("snap %s has version %q, want %q", name, have.Version, version)
		}
	}
}

// snapFile makes a file that can be attached as a resource.
func snapFile(w *World, name, version string) string {
	w.T.Helper()
	path := filepath.Join(filepath.Dir(w.Root), name+"-"+version+".snap")
	w.must(snapdtest.WriteSnap(path, name, version))
	return path
}

// confinedSnap makes the file of a snap that is not classic, as base snaps are.
func confinedSnap(w *World, name, version string) string {
	w.T.Helper()
	document := fmt.Sprintf(`{"name":%q,"version":%q}`, name, version)
	image := append([]byte("hsqs"), make([]byte, 92)...)
	binary.LittleEndian.PutUint64(image[40:], uint64(len(image)+len(document)))
	return besideFile(w, name+".snap", append(image, document...))
}

// attachResource attaches a file as a resource and runs the hooks that follow.
func attachResource(w *World, resource, path string) {
	w.T.Helper()
	w.must(w.Juju.AttachResource("kubernetes-worker", resource, path))
	w.Settle()
}

// besideFile makes a file beside the machine.
func besideFile(w *World, name string, content []byte) string {
	w.T.Helper()
	path := filepath.Join(filepath.Dir(w.Root), name)
	w.must(os.WriteFile(path, content, 0o644))
	return path
}

const needsUpgrade = "Needs manual upgrade, run the upgrade action"

const storeTrouble = `Get "https://store.example/v2/snaps/info/kubectl": dial tcp: lookup store.example on 10.0.0.1:53: no such host`

// TestSnapTroubleAtInstallPassesByItself covers what can be in the way when the snaps are installed for the first time.
func TestSnapTroubleAtInstallPassesByItself(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		name    string
		faults  snapdtest.Faults
		state   string
		message string
	}{
		{"the store is away", snapdtest.Faults{StoreAway: true}, "waiting",
			`Waiting for the snap store, to install kubectl: ` + storeTrouble},
		{"another change of a snap is running", snapdtest.Faults{Busy: map[string]string{"kube-proxy": "auto-refresh"}}, "waiting",
			`Waiting for snapd, busy with another change of kube-proxy: snap "kube-proxy" has "auto-refresh" change in progress`},
		{"the download breaks off", snapdtest.Faults{ChangeError: map[string]string{"kubelet": "read tcp 10.0.0.11:1: connection reset by peer"}}, "waiting",
			`Waiting for the snap store, to install kubelet: Download snap "kubelet" (10) from channel "1.28/stable" (read tcp 10.0.0.11:1: connection reset by peer)`},
		{"the disk of the snaps is full", snapdtest.Faults{DiskFull: true}, "blocked", "cannot install snap kubectl: the disk is full; free some space"},
		{"snapd cuts every connection", snapdtest.Faults{Gone: true}, "waiting", `Waiting for snapd to answer: snapd closed the connection`},
		{"the configure hook refuses at once", snapdtest.Faults{ChangeError: map[string]string{"kubelet": "run hook \"configure\": \n-----\nno such thing\n-----"}}, "blocked",
			`snap kubelet refused its configuration: its configure hook failed: no such thing; correct the option it names`},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			w := joining(t, Options{})
			w.must(w.Snapd.SetFaults(c.faults))
			w.Settle()
			w.WantStatus(c.state, c.message)
			w.must(w.Snapd.SetFaults(snapdtest.Faults{}))
			w.UpdateStatus()
			w.WantStatus("active", "Kubernetes worker running.")
			wantSnaps(w, "1.28.1")
		})
	}
}

// TestSnapTroubleAtRefreshLeavesTheNodeRunning is the same for a node that runs already and is to be refreshed.
func TestSnapTroubleAtRefreshLeavesTheNodeRunning(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		name    string
		faults  snapdtest.Faults
		state   string
		message string
	}{
		{"the store is away", snapdtest.Faults{StoreAway: true}, "waiting",
			`Waiting for the snap store, to install kubectl: ` + storeTrouble},
		{"another change of each snap is running", snapdtest.Faults{Busy: map[string]string{"kubectl": "x", "kube-proxy": "x", "kubelet": "x"}}, "waiting",
			`Waiting for snapd, busy with another change of kubectl: snap "kubectl" has "x" change in progress`},
		{"the disk of the snaps is full", snapdtest.Faults{DiskFull: true}, "blocked",
			"the upgrade to 1.29/stable failed: cannot install snap kubectl: the disk is full; free some space; the node runs on 1.28.1, run the upgrade action to try again"},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			w := Joined(t, Options{Config: map[string]string{"require-manual-upgrade": "false"}})
			before := imprintOf(w)
			w.must(w.Snapd.SetFaults(c.faults))
			w.Config(map[string]string{"channel": "1.29/stable"})
			w.WantStatus(c.state, c.message)
			wantUntouched(w, before)
			wantSnaps(w, "1.28.1")
			w.must(w.Snapd.SetFaults(snapdtest.Faults{}))
			if w.UpdateStatus(); c.state == "blocked" { // it had cost the node its pods
				w.completes("upgrade", nil)
			}
			w.WantStatus("active", "Kubernetes worker running.")
			wantSnaps(w, "1.29.0")
		})
	}
}

func TestAChannelThatDoesNotExistBlocksAndNamesThoseThatDo(t *testing.T) {
	t.Parallel()
	w := joining(t, Options{Config: map[string]string{"channel": "1.99/stable"}})
	w.Cgroup(2) // no release after the newest known one would be tried with version 1
	w.Settle()
	w.WantStatus("blocked", `cannot install snap kubectl from channel 1.99/stable: no snap revision on specified channel; set option channel to one that has it (1.28/stable, 1.29/stable)`)
	w.Config(map[string]string{"channel": "1.28/stable"})
	w.WantStatus("active", "Kubernetes worker running.")

	before := imprintOf(w)
	w.Config(map[string]string{"channel": "1.99/edge", "require-manual-upgrade": "false"})
	w.WantStatus("blocked", "cannot install snap kubectl from channel 1.99/edge: …")
	wantUntouched(w, before)
	w.Config(map[string]string{"channel": "1.28/stable"})
	w.WantStatus("active", "Kubernetes worker running.")
	wantUntouched(w, before)
}

func TestAChannelWithoutItsRiskIsTheSameChannel(t *testing.T) {
	t.Parallel()
	w := Joined(t, Options{Config: map[string]string{"channel": "1.28"}})
	before := imprintOf(w)
	w.Config(map[string]string{"channel": "1.28/stable"})
	w.WantStatus("active", "Kubernetes worker running.")
	wantUntouched(w, before)
}

// TestAFileThatIsNoUsableSnapBlocksAndNamesTheResource covers what people attach by mistake.
func TestAFileThatIsNoUsableSnapBlocksAndNamesTheResource(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		name    string
		make    func(w *World) string
		message string
	}{
		{"a text", func(w *World) string { return besideFile(w, "kubelet.snap", []byte("this is no snap\n")) },
			"the file is no snap: it does not begin as a squashfs image"},
		{"a snap that is cut short", func(w *World) string {
			path := snapFile(w, "kubelet", "1.28.5")
			info, err := os.Stat(path)
			w.must(err)
			w.must(os.Truncate(path, info.Size()-10))
			return path
		}, "the snap is cut short: "},
		{"the head of a snap", func(w *World) string { return besideFile(w, "kubelet.snap", []byte("hsqs")) },
			"the snap is cut short: 4 bytes are less than its header"},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			w := joining(t, Options{})
			w.must(w.Juju.AttachResource("kubernetes-worker", "kubelet", c.make(w)))
			w.Settle()
			state, message := w.Status()
			if state != "blocked" || !strings.HasPrefix(message, "cannot install resource kubelet: ") || !strings.Contains(message, c.message) ||
				!strings.HasSuffix(message, "; attach a snap of kubelet") {
				t.Fatalf("status %s: %s", state, message)
			}
			if w.Snapd.Uploaded() != 0 {
				t.Error("a file that is no snap was sent to snapd")
			}
			attachResource(w, "kubelet", snapFile(w, "kubelet", "1.28.7"))
			w.WantStatus("active", "Kubernetes worker running.")
			if have, _ := w.Snapd.Snap("kubelet"); have.Version != "1.28.7" {
				t.Errorf("kubelet %s", have.Version)
			}
		})
	}
}

func TestABadSnapOnARunningNodeLeavesItRunning(t *testing.T) {
	t.Parallel()
	w := Joined(t, Options{Config: map[string]string{"require-manual-upgrade": "false"}})
	before := imprintOf(w)
	attachResource(w, "kube-proxy", besideFile(w, "kube-proxy.snap", []byte("no snap")))
	w.WantStatus("blocked", "the upgrade to 1.28/stable failed: cannot install resource kube-proxy: …")
	wantUntouched(w, before)
	// An empty file is how a user takes a resource back.
	attachResource(w, "kube-proxy", besideFile(w, "empty.snap", nil))
	w.WantStatus("active", "Kubernetes worker running.")
	wantUntouched(w, before)
}

func TestASnapOfAnotherNameBlocksAndNamesTheResource(t *testing.T) {
	t.Parallel()
	w := joining(t, Options{})
	other := besideFile(w, "kubelet.snap", nil)
	w.must(snapdtest.WriteSnap(other, "hello", "1.0"))
	w.must(w.Juju.AttachResource("kubernetes-worker", "kubelet", other))
	w.Settle()
	w.WantStatus("blocked", `cannot install resource kubelet: the file holds the snap "hello", which is installed now; attach a snap of kubelet`)
	attachResource(w, "kubelet", snapFile(w, "kubelet", "1.28.7"))
	w.WantStatus("active", "Kubernetes worker running.")
}

func TestAChangeOfSnapdThatFailsIsRepeatedByJuju(t *testing.T) {
	t.Parallel()
	w := joining(t, Options{})
	w.must(w.Snapd.SetFaults(snapdtest.Faults{ChangeError: map[string]string{"kubelet": "cannot mount: unknown filesystem type"}}))
	wantFailedHook(w)
	if !strings.Contains(w.Log(), `ERROR`) || !strings.Contains(w.Log(), `cannot install snap "kubelet": `) || !strings.Contains(w.Log(), "cannot mount: unknown filesystem type") {
		t.Errorf("the log does not say why:\n%s", w.Log())
	}
	w.must(w.Snapd.SetFaults(snapdtest.Faults{}))
	w.must(w.Juju.Resolve(Unit, true))
	w.Settle()
	w.WantStatus("active", "Kubernetes worker running.")
	if n := w.Restarts(Kubelet); n != 1 {
		t.Errorf("kubelet was started %d times, want 1", n)
	}
}

func TestAConfigureHookThatRefusesBlocksWithItsWords(t *testing.T) {
	t.Parallel()
	w := Joined(t, Options{})
	before := imprintOf(w)
	w.must(w.Snapd.SetFaults(snapdtest.Faults{ChangeError: map[string]string{"kubelet": "run hook \"configure\": \n-----\nv is not what I like\n-----"}}))
	w.Config(map[string]string{"kubelet-extra-args": "v=4"})
	w.WantStatus("blocked", "snap kubelet refused its configuration: …")
	if _, message := w.Status(); !strings.Contains(message, "its configure hook failed: v is not what I like; correct the option it names") {
		t.Errorf("message %q", message)
	}
	wantUntouched(w, before)
	w.must(w.Snapd.SetFaults(snapdtest.Faults{}))
	w.UpdateStatus()
	w.WantStatus("active", "Kubernetes worker running.")
	if n := w.Restarts(Kubelet); n != 2 {
		t.Errorf("kubelet was started %d times, want 2", n)
	}
	if n := w.Restarts(Proxy); n != 1 {
		t.Errorf("kube-proxy was started %d times, want 1", n)
	}
}

func TestSnapdMayRestartItselfInTheMiddle(t *testing.T) {
	t.Parallel()
	w := joining(t, Options{})
	w.must(w.Snapd.SetFaults(snapdtest.Faults{RestartDuring: "kubelet"}))
	w.Settle()
	w.WantStatus("active", "Kubernetes worker running.")
	wantSnaps(w, "1.28.1")
}

func TestSnapdIsInstalledWhereItIsMissingAndWaitedFor(t *testing.T) {
	t.Parallel()
	w := joining(t, Options{})
	w.must(w.Snapd.Close())
	w.must(os.WriteFile(filepath.Join(w.Root, "var/lib/dpkg/status"), nil, 0o644))
	w.Settle()
	w.WantStatus("waiting", `Waiting for snapd to answer: snapd is not there: its socket is missing`)
	if !slices.ContainsFunc(w.Programs(), func(call string) bool {
		return strings.HasPrefix(call, "apt-get ") && strings.HasSuffix(call, " install snapd")
	}) {
		t.Errorf("snapd was not installed: %q", w.Programs())
	}
	w.startSnapd()
	w.UpdateStatus()
	w.WantStatus("active", "Kubernetes worker running.")
}

func TestSnapdAwayFromARunningNodeLeavesItRunning(t *testing.T) {
	t.Parallel()
	w := Joined(t, Options{})
	before := imprintOf(w)
	w.must(w.Snapd.SetFaults(snapdtest.Faults{Gone: true}))
	w.UpdateStatus()
	w.WantStatus("waiting", "Waiting for snapd to answer: …")
	wantUntouched(w, before)
	w.must(w.Snapd.SetFaults(snapdtest.Faults{}))
	w.UpdateStatus()
	w.WantStatus("active", "Kubernetes worker running.")
	wantUntouched(w, before)
}
