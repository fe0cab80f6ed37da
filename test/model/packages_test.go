package model

import (
	"context"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"
)

// programOf replaces one of the machine's programs by a script. It finds the machine as $root.
func programOf(w *World, name, script string) {
	w.T.Helper()
	path := filepath.Join(filepath.Dir(w.Root), "bin", name)
	text := "#!/bin/sh\nroot='" + w.Root + "'\necho \"" + name + " $*\" >>\"$root/" + callsFile + "\"\n" + script + "\n"
	w.must(os.WriteFile(path, []byte(text), 0o755))
}

// packageLists makes the machine one that has fetched its package lists lately.
func packageLists(w *World) {
	w.T.Helper()
	dir := filepath.Join(w.Root, "var/lib/apt/lists")
	w.must(os.MkdirAll(dir, 0o755))
	w.must(os.WriteFile(filepath.Join(dir, "archive.example_dists_jammy_main_binary-amd64_Packages"), nil, 0o644))
}

// setPackage writes a package's state into dpkg's list, in place of what is there; an empty state takes it out.
func setPackage(w *World, name, state string) {
	w.T.Helper()
	path := filepath.Join(w.Root, "var/lib/dpkg/status")
	var kept []string
	for stanza := range strings.SplitSeq(w.Read("var/lib/dpkg/status"), "\n\n") {
		if !strings.HasPrefix(strings.TrimSpace(stanza), "Package: "+name+"\n") {
			kept = append(kept, strings.TrimSpace(stanza))
		}
	}
	if state != "" {
		kept = append(kept, "Package: "+name+"\nStatus: "+state+"\nArchitecture: amd64\nVersion: 1.0")
	}
	w.must(os.WriteFile(path, []byte(strings.Join(kept, "\n\n")+"\n"), 0o644))
}

// called counts the calls of a program that begin and end so.
func called(w *World, program, end string) int {
	n := 0
	for _, call := range w.Programs() {
		if strings.HasPrefix(call, program+" ") && strings.HasSuffix(call, end) {
			n++
		}
	}
	return n
}

// What apt-get and dpkg say.
const (
	aptLock = "E: Could not get lock /var/lib/dpkg/lock-frontend. It is held by process 812 (unattended-upgr)\n" +
		"E: Unable to acquire the dpkg frontend lock (/var/lib/dpkg/lock-frontend), is another process using it?"
	aptMirror      = "E: Failed to fetch http://archive.example/socat.deb  Could not connect to archive.example:80 (192.0.2.1), connection timed out"
	aptUnknown     = "E: Unable to locate package socat"
	aptNoSpace     = "E: You don't have enough free space in /var/cache/apt/archives/."
	aptInterrupted = "E: dpkg was interrupted, you must manually run 'dpkg --configure -a' to correct the problem."
	aptBroken      = "E: Sub-process /usr/bin/dpkg returned an error code (1)"
)

// aptCases are the troubles of apt, with the status of a unit that cannot get its base packages because of them.
func aptCases() []struct{ name, stderr, state, message string } {
	return []struct{ name, stderr, state, message string }{
		{"another program holds the lock", aptLock, "waiting", "Waiting for apt, to install base packages: "},
		{"the mirror is away", aptMirror, "waiting", "Waiting for apt, to install base packages: "},
		{"the package is unknown", aptUnknown, "blocked", "cannot install base packages: "},
		{"the disk is full", aptNoSpace, "blocked", "cannot install base packages: the disk is full; free some space"},
		{"dpkg was interrupted and cannot be mended", aptInterrupted, "blocked", "cannot install base packages: "},
		{"a package's own script fails", aptBroken, "blocked", "cannot install base packages: "},
	}
}

// wantAptStatus checks the parts of the status that do not depend on how the command was written.
func wantAptStatus(w *World, state, message, stderr string) {
	w.T.Helper()
	gotState, got := w.Status()
	last := stderr[strings.LastIndex(stderr, "\n")+1:]
	if gotState != state || !strings.HasPrefix(got, message) || !strings.Contains(got, "disk is full") && !strings.Contains(got, last) {
		w.dump()
		w.T.Fatalf("status %s: %s\nwant %s: %s… with %q", gotState, got, state, message, last)
	}
	if state == "blocked" && !strings.Contains(got, "; ") {
		w.T.Errorf("the status does not say what to do: %s", got)
	}
}

func TestAptTroubleLeavesARunningNodeAloneAndPassesByItself(t *testing.T) {
	t.Parallel()
	for _, c := range aptCases() {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			w := Joined(t, Options{})
			packageLists(w)
			before := imprintOf(w)
			setPackage(w, "socat", "") // as an operator who tidies up does
			w.Apt(&AptFault{Exit: 100, Stderr: c.stderr})
			w.UpdateStatus()
			wantAptStatus(w, c.state, c.message, c.stderr)
			wantUntouched(w, before)
			w.Apt(nil)
			w.UpdateStatus()
			w.WantStatus("active", "Kubernetes worker running.")
			wantUntouched(w, before)
			if n := called(w, "apt-get", " install socat"); n < 2 {
				t.Errorf("socat alone was asked for %d times, want at least 2", n)
			}
		})
	}
}

func TestAptTroubleAtTheFirstInstallPassesByItself(t *testing.T) {
	t.Parallel()
	for _, c := range aptCases() {
		if c.state == "waiting" {
			continue // these are retried for half a minute in each hook; see the tests below
		}
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			w := joining(t, Options{})
			packageLists(w)
			w.Apt(&AptFault{Exit: 100, Stderr: c.stderr})
			w.Settle()
			wantAptStatus(w, c.state, c.message, c.stderr)
			w.Apt(nil)
			w.UpdateStatus()
			w.WantStatus("active", "Kubernetes worker running.")
		})
	}
}

func TestALockThatIsLetGoIsWaitedForWithinTheHook(t *testing.T) {
	t.Parallel()
	w := joining(t, Options{})
	packageLists(w)
	// The lock is free at the second try.
	w.Apt(&AptFault{Exit: 100, Stderr: aptLock})
	fault := filepath.Join(w.Root, aptFaultFile)
	kept, err := os.ReadFile(filepath.Join(filepath.Dir(w.Root), "bin", "apt-get"))
	w.must(err)
	once := "if [ -e '" + fault + "' ]; then rm '" + fault + "'; cat >&2 <<'END'\n" + aptLock + "\nEND\nexit 100; fi\n" +
		strings.TrimPrefix(string(kept), "#!/bin/sh\n")
	programOf(w, "apt-get", once)
	w.Settle()
	w.WantStatus("active", "Kubernetes worker running.")
	if !strings.Contains(w.Log(), "Couldn't acquire DPKG lock. Will retry in 10 seconds") {
		t.Error("the log does not tell of the wait")
	}
}

func TestAHookDoesNotWaitLongerForAptThanOneInstallationMay(t *testing.T) {
	t.Parallel()
	w := New(t, Options{})
	packageLists(w)
	w.DeployWorker()
	w.Apt(&AptFault{Exit: 100, Stderr: aptMirror})
	// The first hook alone: base packages and the runtime's are both out of reach.
	ctx, cancel := context.WithTimeout(context.Background(), 2*time.Minute)
	defer cancel()
	_, err := w.Juju.Step(ctx)
	w.must(err)
	if n := strings.Count(w.Log(), "Couldn't reach a package server. Will retry in 10 seconds"); n != 3 {
		t.Errorf("the hook waited %d times, want 3 in all", n)
	}
	if !strings.Contains(w.Log(), "Waiting for apt, to install base packages: ") || !strings.Contains(w.Log(), "Waiting for apt, to install the container runtime: ") {
		t.Errorf("the log does not tell of both:\n%s", w.Log())
	}
	w.Apt(nil)
	w.Settle()
	w.WantStatus("blocked", "Relate kubernetes-worker:kube-control kubernetes-master:kube-control")
}

func TestAnInterruptedDpkgIsMended(t *testing.T) {
	t.Parallel()
	w := joining(t, Options{})
	packageLists(w)
	w.Apt(&AptFault{Exit: 100, Stderr: aptInterrupted})
	programOf(w, "dpkg", `rm -f "$root/`+aptFaultFile+`"`)
	w.Settle()
	w.WantStatus("active", "Kubernetes worker running.")
	if n := called(w, "dpkg", "--configure -a"); n != 1 {
		t.Errorf("dpkg --configure -a ran %d times, want 1", n)
	}
}

func TestAHalfConfiguredPackageIsInstalledAgain(t *testing.T) {
	t.Parallel()
	w := Joined(t, Options{})
	packageLists(w)
	before := imprintOf(w)
	setPackage(w, "nfs-common", "install ok half-configured")
	// What apt-get does with such a package: it configures it.
	programOf(w, "apt-get", `sed -i 's/half-configured/installed/' "$root/var/lib/dpkg/status"`)
	w.UpdateStatus()
	w.WantStatus("active", "Kubernetes worker running.")
	wantUntouched(w, before)
	if n := called(w, "apt-get", " install nfs-common"); n != 1 {
		t.Errorf("nfs-common was asked for %d times, want 1", n)
	}
	calls := len(w.Programs())
	w.UpdateStatus()
	if more := w.Programs()[calls:]; len(more) > 0 {
		t.Errorf("a hook with nothing to do ran %q", more)
	}
}

func TestARuntimeThatSomebodyRemovedIsInstalledAgain(t *testing.T) {
	t.Parallel()
	w := Joined(t, Options{})
	packageLists(w)
	setPackage(w, "containerd", "deinstall ok config-files")
	setPackage(w, "docker.io", "deinstall ok config-files")
	w.must(w.Systemd.StopUnit(Runtime))
	w.UpdateStatus()
	w.WantStatus("active", "Kubernetes worker running.")
	if state := w.Systemd.Unit(Runtime).ActiveState; state != "active" {
		t.Errorf("the runtime is %s", state)
	}
	if !slices.ContainsFunc(w.Programs(), func(call string) bool {
		return strings.HasPrefix(call, "apt-get ") && (strings.HasSuffix(call, " install containerd") || strings.HasSuffix(call, " install docker.io"))
	}) {
		t.Errorf("no runtime was asked for: %q", w.Programs())
	}
	if n := w.Restarts(Kubelet); n != 1 {
		t.Errorf("kubelet was started %d times, want 1", n)
	}
}
