package jujusim

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"time"

	"kubernetes-worker/internal/jujusim/launch"
)

// RootVariable tells the charm where a rooted machine's / is. It is set for machines that are only a directory.
const RootVariable = "KUBERNETES_WORKER_ROOT"

// MachineSpec describes a machine that charms run on.
type MachineSpec struct {
	// ID is the machine's name in the model; the next free number when empty.
	ID string `json:"id"`
	// Root is where the machine's / is seen from here. With Exec it may hold "{pid}" and defaults to /proc/{pid}/root.
	Root string `json:"root,omitempty"`
	// Exec is put in front of commands to run them inside the machine; "{pid}" is replaced. Empty: hooks are plain
	// processes here, and Root is just a directory that RootVariable names to the charm.
	Exec []string `json:"exec,omitempty"`
	// PID is a command that prints the pid of the machine's init as seen from here, for "{pid}".
	PID []string `json:"pid,omitempty"`
	// Reboot is a command that reboots the machine and returns when it is up again. Empty: nothing happens but the hooks.
	Reboot []string `json:"reboot,omitempty"`
	// Env is added to the hooks' environment, after what Juju gives.
	Env map[string]string `json:"env,omitempty"`
	// PathPrefix is put into PATH between the tools and the system's directories.
	PathPrefix []string `json:"path_prefix,omitempty"`
	// Address is the private address; the next of 10.0.0.0/24 when empty.
	Address string `json:"address"`
	// PublicAddress defaults to Address; "-" means not known yet.
	PublicAddress string `json:"public_address,omitempty"`
	// Interface is the network interface that has the address; ens3 when empty.
	Interface string `json:"interface,omitempty"`
	// Zone is JUJU_AVAILABILITY_ZONE.
	Zone string `json:"zone,omitempty"`
}

const machineCommandTimeout = 5 * time.Minute

// AddMachine adds a machine and returns its id.
func (m *Model) AddMachine(spec MachineSpec) (string, error) {
	err := m.change(func() error {
		if spec.ID == "" {
			spec.ID = strconv.Itoa(m.state.NextMachine)
		}
		if m.state.Machines[spec.ID] != nil {
			return fmt.Errorf("cannot add machine %s: it exists", spec.ID)
		}
		m.state.NextMachine++
		if spec.Address == "" {
			spec.Address = "10.0.0." + strconv.Itoa(10+m.state.NextMachine)
		}
		if spec.Root == "" && len(spec.Exec) > 0 {
			spec.Root = "/proc/{pid}/root"
		}
		if spec.Root != "" && len(spec.Exec) == 0 {
			absolute, err := filepath.Abs(spec.Root)
			if err != nil {
				return fmt.Errorf("cannot find root of machine %s: %w", spec.ID, err)
			}
			spec.Root = absolute
		}
		m.state.Machines[spec.ID] = &machineState{Spec: spec}
		return nil
	})
	return spec.ID, err
}

// SetAddress changes a machine's addresses, as a cloud does. Units get config-changed, their bags the new address.
func (m *Model) SetAddress(machine, private, public string) error {
	return m.change(func() error {
		target := m.state.Machines[machine]
		if target == nil {
			return fmt.Errorf("cannot find machine %s", machine)
		}
		target.Spec.Address, target.Spec.PublicAddress = private, public
		for _, relation := range m.state.Relations {
			for unit := range relation.InScope {
				if u := m.state.Units[unit]; u != nil && u.Machine == machine {
					relation.Bags[unit].write(m.addressKeys(u))
				}
			}
		}
		return nil
	})
}

// Reboot boots a machine again; every started unit on it gets start.
func (m *Model) Reboot(ctx context.Context, machine string) error {
	m.running.Lock()
	defer m.running.Unlock()
	return m.reboot(ctx, machine)
}

func (m *Model) reboot(ctx context.Context, machine string) error {
	m.mu.Lock()
	target := m.state.Machines[machine]
	m.mu.Unlock()
	if target == nil {
		return fmt.Errorf("cannot find machine %s", machine)
	}
	m.progress("machine %s reboots", machine)
	if len(target.Spec.Reboot) > 0 {
		if _, err := runOutside(ctx, target.Spec.Reboot); err != nil {
			return fmt.Errorf("cannot reboot machine %s: %w", machine, err)
		}
	}
	return m.change(func() error { target.Boot++; return nil })
}

// place is a machine at this moment, its {pid} resolved.
type place struct {
	spec   MachineSpec
	outer  string   // prefix that turns a path as the hook sees it into one seen from here
	inner  string   // prefix of Juju's paths as the hook sees them
	prefix []string // command prefix
	pid    string
}

func (m *Model) place(ctx context.Context, spec MachineSpec) (place, error) {
	p := place{spec: spec}
	if len(spec.Exec) == 0 {
		p.inner = spec.Root
		if spec.Root == "" {
			p.inner = m.store.path("machines", spec.ID)
		}
		return p, nil
	}
	if len(spec.PID) > 0 {
		out, err := runOutside(ctx, spec.PID)
		if err != nil {
			return place{}, fmt.Errorf("cannot find the init of machine %s: %w", spec.ID, err)
		}
		p.pid = strings.TrimSpace(out)
	}
	fill := func(text string) (string, error) {
		if p.pid == "" && strings.Contains(text, "{pid}") {
			return "", fmt.Errorf("cannot enter machine %s: no command gives its pid", spec.ID)
		}
		return strings.ReplaceAll(text, "{pid}", p.pid), nil
	}
	var err error
	if p.outer, err = fill(spec.Root); err != nil {
		return place{}, err
	}
	for _, word := range spec.Exec {
		filled, err := fill(word)
		if err != nil {
			return place{}, err
		}
		p.prefix = append(p.prefix, filled)
	}
	return p, nil
}

// seen turns a path as a hook on the machine sees it into one that can be opened here.
func (p place) seen(inside string) string { return p.outer + inside }

// root is the machine's / as seen from here; empty for a machine that has none.
func (p place) root() string {
	if len(p.prefix) > 0 {
		return p.outer
	}
	return p.spec.Root
}

func (p place) dataDir() string             { return p.inner + "/var/lib/juju" }
func (p place) agentDir(unit string) string { return p.dataDir() + "/agents/" + unitTag(unit) }
func (p place) charmDir(unit string) string { return p.agentDir(unit) + "/charm" }
func (p place) toolsDir(unit string) string { return p.dataDir() + "/tools/" + unitTag(unit) }
func (p place) sharedTools() string         { return p.dataDir() + "/tools/common" }
func (p place) launcher() string            { return p.sharedTools() + "/" + launch.Name }

// installTools puts the program and its links on the machine, if they are not there.
func (m *Model) installTools(p place, unit string) error {
	shared := p.seen(p.sharedTools())
	if err := os.MkdirAll(shared, 0o755); err != nil {
		return fmt.Errorf("cannot make the tools directory: %w", err)
	}
	program := filepath.Join(shared, "jujud")
	if len(p.prefix) == 0 {
		if err := link(m.options.Binary, program); err != nil {
			return err
		}
	} else if err := copyIfDifferent(m.options.Binary, program); err != nil {
		return err
	}
	if err := link("jujud", filepath.Join(shared, launch.Name)); err != nil {
		return err
	}
	dir := p.seen(p.toolsDir(unit))
	if err := os.MkdirAll(dir, 0o755); err != nil {
		return fmt.Errorf("cannot make the tools directory: %w", err)
	}
	for _, name := range m.generation.Tools() {
		if err := link("../common/jujud", filepath.Join(dir, name)); err != nil {
			return err
		}
	}
	return nil
}

// clean removes what a unit's agent had on the machine, after its last hook.
func (m *Model) clean(p place, unit string) {
	for _, dir := range []string{p.agentDir(unit), p.toolsDir(unit)} {
		if err := os.RemoveAll(p.seen(dir)); err != nil {
			m.progress("%s: cannot clean up: %v", unit, err)
		}
	}
}

func link(target, path string) error {
	if old, err := os.Readlink(path); err == nil && old == target {
		return nil
	}
	if err := os.Remove(path); err != nil && !errors.Is(err, os.ErrNotExist) {
		return fmt.Errorf("cannot replace %s: %w", path, err)
	}
	if err := os.Symlink(target, path); err != nil {
		return fmt.Errorf("cannot link %s: %w", path, err)
	}
	return nil
}

// copyIfDifferent copies a program unless the copy has the same size and is not older.
func copyIfDifferent(from, to string) error {
	source, err := os.Stat(from)
	if err != nil {
		return fmt.Errorf("cannot read %s: %w", from, err)
	}
	if have, err := os.Stat(to); err == nil && have.Size() == source.Size() && !have.ModTime().Before(source.ModTime()) {
		return nil
	}
	return copyFile(from, to, 0o755)
}

// copyFile replaces to by rename, because the old file may be a running program.
func copyFile(from, to string, mode os.FileMode) error {
	// A process that is started meanwhile would have the new program open for writing, and nobody could run it.
	syscall.ForkLock.RLock()
	defer syscall.ForkLock.RUnlock()
	in, err := os.Open(from)
	if err != nil {
		return fmt.Errorf("cannot copy: %w", err)
	}
	defer in.Close()
	out, err := os.CreateTemp(filepath.Dir(to), ".copy-*")
	if err != nil {
		return fmt.Errorf("cannot copy %s: %w", from, err)
	}
	defer os.Remove(out.Name())
	_, err = io.Copy(out, in)
	if err == nil {
		err = out.Chmod(mode)
	}
	if closing := out.Close(); err == nil {
		err = closing
	}
	if err == nil {
		err = os.Rename(out.Name(), to)
	}
	if err != nil {
		return fmt.Errorf("cannot copy %s to %s: %w", from, to, err)
	}
	return nil
}

// runOutside runs a command of the test bed and returns what it prints.
func runOutside(ctx context.Context, argv []string) (string, error) {
	ctx, cancel := context.WithTimeout(ctx, machineCommandTimeout)
	defer cancel()
	cmd := exec.CommandContext(ctx, argv[0], argv[1:]...)
	var stdout, stderr bytes.Buffer
	cmd.Stdout, cmd.Stderr = &stdout, &stderr
	cmd.WaitDelay = time.Second
	if err := cmd.Run(); err != nil {
		return "", fmt.Errorf("%s: %w: %s", argv[0], err, strings.TrimSpace(stderr.String()))
	}
	return stdout.String(), nil
}
