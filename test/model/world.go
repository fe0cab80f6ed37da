// Package model runs the real charm binary, hook by hook, under the simulated Juju, on a machine that is a directory:
// real sockets with stand-ins behind them for snapd, systemd and the API server, stand-in programs for apt-get and
// update-ca-certificates. It is the second layer of the tests; the third is the same with a real API server.
package model

import (
	"context"
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"kubernetes-worker/internal/jujusim"
	"kubernetes-worker/internal/snapd/snapdtest"
	"kubernetes-worker/internal/systemd/systemdtest"
)

// Options say what is special about a world. The zero value is Juju 3.6 with the agent's socket and Kubernetes 1.28.
type Options struct {
	Juju    string            // 2.9, 3.6 or 4.0
	Exec    bool              // hook tools as processes, no agent socket
	Wire    string            // generation of the relations' data: old, new or both
	Servers int               // API servers; 1 if 0
	Config  map[string]string // options of the charm at deployment
	Env     map[string]string // added to the environment of hooks
	Node    string            // host name; worker-0 if empty
	Real    *Real             // a real control plane instead of stand-ins for API servers
	Binary  string            // another binary than the built one, for instance one that dies at a given change
	Retries int               // of failed hooks
	Zone    string            // that Juju has placed the machine in
	// Together has units on different machines run their hooks at the same time.
	Together bool
}

// Real is a running control plane: its servers as host:port, its authority, and its token file.
type Real struct {
	Servers       []string
	CACert, CAKey string
	Tokens        string
}

// Names in every world.
const (
	Unit    = "kubernetes-worker/0"
	Channel = "1.28/stable"
	Kubelet = "snap.kubelet.daemon.service"
	Proxy   = "snap.kube-proxy.daemon.service"
	Runtime = "containerd.service"
)

// World is a model with one machine that the charm is deployed to. A world Beside it has another machine of that model.
type World struct {
	T        *testing.T
	Root     string // the machine
	Node     string
	Unit     string // of the charm on the machine
	Juju     *jujusim.Model
	Snapd    *snapdtest.Server
	Systemd  *systemdtest.Server
	CA       *Authority
	API      []*API
	CharmDir string // as packed
	options  Options
	metadata *Metadata

	mu    sync.Mutex
	shown []string
}

// progress takes note of what the model tells while it runs, each status of a unit among it.
func (w *World) progress(line string) {
	w.T.Log(line)
	w.mu.Lock()
	defer w.mu.Unlock()
	w.shown = append(w.shown, line)
}

// Shown are the statuses that the unit has had so far, also those in the middle of hooks: "waiting: Waiting for …".
func (w *World) Shown() []string {
	w.mu.Lock()
	defer w.mu.Unlock()
	var statuses []string
	for _, line := range w.shown {
		for _, state := range []string{"active", "waiting", "blocked", "maintenance"} {
			if status, ok := strings.CutPrefix(line, Unit+": "); ok && strings.HasPrefix(status, state+": ") {
				statuses = append(statuses, status)
			}
		}
	}
	return statuses
}

// New makes the world: machine, model, companions and API servers. Nothing is deployed yet.
func New(t *testing.T, o Options) *World {
	t.Helper()
	// Sockets have short names: the default temporary directory of a test can be too deep for them.
	dir, err := os.MkdirTemp("", "kw")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { os.RemoveAll(dir) })
	w := &World{T: t, Root: filepath.Join(dir, "m"), Node: o.Node, Unit: Unit, options: o}
	if w.Node == "" {
		w.Node = "worker-0"
	}
	w.CA = NewAuthority(t, dir)
	w.boot("10.0.0.11")
	for range o.standIns() {
		a := StartAPI(t, w.CA, "")
		a.Registered = w.kubeletStarts
		w.API = append(w.API, a)
	}
	if o.Juju == "" {
		o.Juju = "3.6"
	}
	juju, err := builtJuju()
	if err != nil {
		t.Fatal(err)
	}
	w.Juju, err = jujusim.New(jujusim.Options{Dir: filepath.Join(dir, "j"), Binary: juju, Juju: o.Juju, Retries: o.Retries, Together: o.Together,
		Progress: w.progress})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(w.Juju.Close)
	w.addMachine("0", "10.0.0.11")
	w.CharmDir = charmDir(t, filepath.Join(dir, "charm"), o.Binary)
	return w
}

// boot lays the machine and starts what runs on it.
func (w *World) boot(address string) {
	w.T.Helper()
	w.layMachine(address)
	var err error
	if w.Systemd, err = systemdtest.Start(w.Root, systemdOptions()); err != nil {
		w.T.Fatal(err)
	}
	w.T.Cleanup(func() { w.Systemd.Close() })
	w.startSnapd()
	installPrograms(w.T, w.programs(), w.Root)
}

// dir holds all that the world has of its own.
func (w *World) dir() string { return filepath.Dir(w.Root) }

func (w *World) programs() string { return filepath.Join(w.dir(), "bin") }

// addMachine puts the machine into the model.
func (w *World) addMachine(id, address string) {
	w.T.Helper()
	o := w.options
	env := map[string]string{}
	for k, v := range o.Env {
		env[k] = v
	}
	if o.Exec {
		env["KUBERNETES_WORKER_AGENT_SOCKET"] = "off"
	}
	env["KUBERNETES_WORKER_REPORT"] = filepath.Join(w.dir(), "report")
	_, err := w.Juju.AddMachine(jujusim.MachineSpec{ID: id, Root: w.Root, Address: address, Zone: o.Zone, Env: env,
		PathPrefix: []string{w.programs()}, Reboot: []string{filepath.Join(w.programs(), "boot")}})
	w.must(err)
}

// Beside adds a machine to the model, with a unit of the charm on it. It is the number of machines there are so far.
func (w *World) Beside(number int) *World {
	w.T.Helper()
	id, address := strconv.Itoa(number), fmt.Sprintf("10.0.0.%d", 11+number)
	other := &World{T: w.T, Root: filepath.Join(w.dir(), id, "m"), Node: "worker-" + id, Unit: "kubernetes-worker/" + id,
		Juju: w.Juju, CA: w.CA, API: w.API, CharmDir: w.CharmDir, options: w.options}
	other.boot(address)
	other.addMachine("worker-"+id, address)
	unit, err := w.Juju.AddUnit("kubernetes-worker", "worker-"+id)
	w.must(err)
	if unit != other.Unit {
		w.T.Fatalf("the unit is %s, want %s", unit, other.Unit)
	}
	return other
}

// standIns is how many API servers are played.
func (o Options) standIns() int {
	if o.Real != nil {
		return 0
	}
	return max(o.Servers, 1)
}

// layMachine writes what a fresh machine has.
func (w *World) layMachine(address string) {
	for path, content := range map[string]string{
		"etc/hostname":        w.Node + "\n",
		"etc/hosts":           "127.0.0.1 localhost\n" + address + " " + w.Node + ".example.test " + w.Node + "\n",
		"etc/passwd":          "root:x:0:0:root:/root:/bin/bash\nubuntu:x:1000:1000::/home/ubuntu:/bin/bash\n",
		"etc/machine-id":      "machine-of-" + w.Node + "\n",
		"etc/os-release":      "ID=ubuntu\nVERSION_ID=\"22.04\"\nVERSION_CODENAME=jammy\n",
		"etc/resolv.conf":     "nameserver 127.0.0.53\n",
		"etc/default/grub":    "GRUB_TIMEOUT=0\nGRUB_CMDLINE_LINUX=\"quiet\"\n",
		cmdlinePath:           "BOOT_IMAGE=/vmlinuz quiet\n",
		bootIDPath:            "boot-1\n",
		"var/lib/dpkg/status": "Package: snapd\nStatus: install ok installed\nArchitecture: amd64\nVersion: 2.63\n",
		"standin/calls":       "",
		"root/.keep":          "",
		"var/tmp/.keep":       "",
		"home/ubuntu/.keep":   "",
	} {
		path = filepath.Join(w.Root, path)
		if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
			w.T.Fatal(err)
		}
		if err := os.WriteFile(path, []byte(content), 0o644); err != nil {
			w.T.Fatal(err)
		}
	}
}

// systemdOptions make starts take longer than files' times are inexact.
func systemdOptions() systemdtest.Options { return systemdtest.Options{JobTime: 15 * time.Millisecond} }

func (w *World) startSnapd() {
	var err error
	if w.Snapd, err = snapdtest.Start(w.Root, snapdtest.Options{Services: w.Systemd}); err != nil {
		w.T.Fatal(err)
	}
	w.T.Cleanup(func() { w.Snapd.Close() })
	w.must(w.publish(Channel, "1.28.1"))
	w.must(w.publish("1.29/stable", "1.29.0"))
}

// publish puts a release of the three Kubernetes snaps into the store.
func (w *World) publish(channel, version string) error {
	for _, name := range []string{"kubelet", "kubectl", "kube-proxy"} {
		if err := w.Snapd.Publish(name, channel, version); err != nil {
			return err
		}
	}
	return nil
}

// failChange makes snapd fail in each change of a snap, with a message; an empty name ends that.
func (w *World) failChange(name, message string) {
	w.T.Helper()
	faults := snapdtest.Faults{}
	if name != "" {
		faults.ChangeError = map[string]string{name: message}
	}
	w.must(w.Snapd.SetFaults(faults))
}

// Cgroup gives the machine version 1 or 2 of control groups.
func (w *World) Cgroup(version int) {
	w.T.Helper()
	path := filepath.Join(w.Root, "sys/fs/cgroup/cgroup.controllers")
	if version == 1 {
		w.must(os.RemoveAll(path))
		return
	}
	w.must(os.MkdirAll(filepath.Dir(path), 0o755))
	w.must(os.WriteFile(path, []byte("cpu memory pids\n"), 0o644))
}

func (w *World) kubeletStarts() (int, string) {
	u := w.Systemd.Unit(Kubelet)
	if u.ActiveState != "active" {
		return 0, ""
	}
	snap, _ := w.Snapd.Snap("kubelet")
	// snapd starts the daemon at installation, unconfigured; what the charm asked for counts.
	return u.Counts.Start + u.Counts.Restart, snap.Version
}

// Settle runs hooks until nothing is left to do.
func (w *World) Settle() {
	w.T.Helper()
	ctx, cancel := context.WithTimeout(context.Background(), 2*time.Minute)
	defer cancel()
	if err := w.Juju.Settle(ctx); err != nil {
		w.dump()
		w.T.Fatal(err)
	}
}

// Config changes options and runs the hooks that follow.
func (w *World) Config(values map[string]string) {
	w.T.Helper()
	w.must(w.Juju.SetConfig("kubernetes-worker", values))
	w.Settle()
}

// Companion changes options of a companion and runs the hooks that follow.
func (w *World) Companion(app string, values map[string]string) {
	w.T.Helper()
	w.must(w.Juju.SetConfig(app, values))
	w.Settle()
}

// UpdateStatus runs that hook.
func (w *World) UpdateStatus() {
	w.T.Helper()
	w.must(w.Juju.UpdateStatus(w.Unit))
	w.Settle()
}

// Status is the unit's status and message.
func (w *World) Status() (string, string) {
	w.T.Helper()
	s, err := w.Juju.UnitStatus(w.Unit)
	w.must(err)
	return s.Status, s.Message
}

// WantStatus fails the test unless the unit has that status. A message may end in "…" for "and so on".
func (w *World) WantStatus(state, message string) {
	w.T.Helper()
	gotState, got := w.Status()
	prefix, open := strings.CutSuffix(message, "…")
	if gotState != state || got != message && !(open && strings.HasPrefix(got, prefix)) {
		w.dump()
		w.T.Fatalf("status is %s: %s\nwant %s: %s", gotState, got, state, message)
	}
}

// dump shows the unit's log, for a test that fails.
func (w *World) dump() {
	lines, err := w.Juju.Log()
	if err == nil {
		w.T.Log("log of the unit:\n" + strings.Join(lines, "\n"))
	}
}

// Log is the unit's log.
func (w *World) Log() string {
	w.T.Helper()
	lines, err := w.Juju.Log()
	w.must(err)
	return strings.Join(lines, "\n")
}

// Read is the content of a file of the machine.
func (w *World) Read(path string) string {
	w.T.Helper()
	content, err := os.ReadFile(filepath.Join(w.Root, path))
	w.must(err)
	return string(content)
}

// Exists reports whether the machine has a file.
func (w *World) Exists(path string) bool {
	_, err := os.Lstat(filepath.Join(w.Root, path))
	return err == nil
}

// Restarts counts starts and restarts that the charm asked systemd for.
func (w *World) Restarts(unit string) int {
	c := w.Systemd.Unit(unit).Counts
	return c.Start + c.Restart
}

// Programs are the calls of the machine's programs so far, one line each.
func (w *World) Programs() []string {
	return strings.Split(strings.TrimSpace(w.Read(callsFile)), "\n")
}

// Apt makes apt-get fail until it is called with nil.
func (w *World) Apt(fault *AptFault) {
	w.T.Helper()
	path := filepath.Join(w.Root, aptFaultFile)
	if fault == nil {
		w.must(os.Remove(path))
		return
	}
	text, err := json.Marshal(fault)
	w.must(err)
	w.must(os.WriteFile(path, text, 0o644))
}

func (w *World) must(err error) {
	w.T.Helper()
	if err != nil {
		w.T.Fatal(err)
	}
}
