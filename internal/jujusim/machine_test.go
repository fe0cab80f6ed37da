package jujusim

import (
	"bytes"
	"debug/elf"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"testing"
)

// namespaced starts a machine that is nothing but namespaces and a directory as its root, and describes it.
func (b *bed) namespaced() MachineSpec {
	b.t.Helper()
	self, err := os.Executable()
	b.check(err)
	if os.Geteuid() != 0 {
		b.t.Skip("making namespaces needs root")
	}
	if !isStatic(b.t, self) {
		b.t.Skip("a program that needs libraries cannot run in an empty root: run with CGO_ENABLED=0")
	}
	root := filepath.Join(b.dir, "isolated")
	b.check(os.MkdirAll(filepath.Join(root, "dev"), 0o755))
	b.check(syscall.Mknod(filepath.Join(root, "dev/null"), syscall.S_IFCHR|0o666, 1<<8|3))
	b.check(copyFile(self, filepath.Join(root, "init"), 0o755))
	machine := exec.Command("unshare", "--mount", "--net", "--pid", "--fork", "--kill-child", "chroot", root, "/init")
	// The machine lives until its standard input ends.
	input, output := io.Pipe()
	machine.Stdin = input
	started, err := machine.StdoutPipe()
	b.check(err)
	b.check(machine.Start())
	b.t.Cleanup(func() {
		output.Close()
		_ = machine.Process.Kill() // it may have ended with its input
		_ = machine.Wait()         // killed: its status says nothing
	})
	if _, err := started.Read(make([]byte, 1)); err != nil {
		b.t.Fatal("the machine did not start:", err)
	}
	pid := strconv.Itoa(machine.Process.Pid)
	return MachineSpec{
		Exec: []string{"nsenter", "-t", "{pid}", "-m", "-n", "-p", "-r", "-w", "--"},
		PID:  []string{"cat", "/proc/" + pid + "/task/" + pid + "/children"},
	}
}

// machineInit is PID 1 of such a machine.
func machineInit() int {
	os.Stdout.Write([]byte("."))
	_, _ = io.Copy(io.Discard, os.Stdin) // ends when the test does
	return 0
}

func isStatic(t *testing.T, path string) bool {
	t.Helper()
	file, err := elf.Open(path)
	if err != nil {
		t.Fatal(err)
	}
	defer file.Close()
	for _, segment := range file.Progs {
		if segment.Type == elf.PT_INTERP {
			return false
		}
	}
	return true
}

func TestHooksRunInsideAMachinesNamespaces(t *testing.T) {
	for _, version := range []string{"2.9", "3.6"} {
		t.Run(version, func(t *testing.T) {
			b := newBed(t, version)
			spec := b.namespaced()
			machine, err := b.AddMachine(spec)
			b.check(err)
			self, err := os.Executable()
			b.check(err)
			charm := filepath.Join(b.dir, "static")
			b.writeCharm(charm, nil)
			b.check(copyFile(self, filepath.Join(charm, "dispatch"), 0o755))
			b.check(b.Deploy(DeploySpec{Charm: charm, To: []string{machine}}))
			b.settle()
			status := b.status("worker/0")
			wantEqual(t, "status", status.Status+" "+status.Message, "active from 1.12/stable")
			seen, err := os.ReadFile(filepath.Join(b.dir, "isolated/var/lib/juju/agents/unit-worker-0/charm/seen"))
			b.check(err)
			for _, want := range []string{
				"CHARM_DIR=/var/lib/juju/agents/unit-worker-0/charm\n",
				"PATH=/var/lib/juju/tools/unit-worker-0:" + daemonPath,
				"/var/lib/juju/agents/unit-worker-0/agent.socket\n",
			} {
				if !bytes.Contains(seen, []byte(want)) {
					t.Errorf("the hook's environment lacks %q:\n%s", want, seen)
				}
			}
			if strings.Contains(string(seen), RootVariable) {
				t.Error("a machine with a root of its own was given one")
			}
			record := b.lastRecord()
			wantEqual(t, "exec calls", record.Calls("exec"), 1)
			wantEqual(t, "socket calls", record.Calls("socket"), 1)
		})
	}
}

func TestAMachineThatCannotBeEnteredIsAnErrorNotAFailedHook(t *testing.T) {
	b := newBed(t, "3.6")
	machine, err := b.AddMachine(MachineSpec{Root: filepath.Join(b.dir, "elsewhere"), Exec: []string{"sh", "-c", "echo no such machine >&2; exit 1"}})
	b.check(err)
	b.check(b.Deploy(DeploySpec{Charm: b.charm, To: []string{machine}}))
	err = b.Settle(b.context())
	if err == nil || !strings.Contains(err.Error(), "no such machine") {
		t.Fatalf("settled with %v", err)
	}
	wantEqual(t, "failed hook", b.status("worker/0").FailedHook, "")
}

func TestARebootCommandIsRun(t *testing.T) {
	b := newBed(t, "3.6")
	machine, err := b.AddMachine(MachineSpec{Root: filepath.Join(b.dir, "r"), Reboot: []string{"touch", filepath.Join(b.dir, "rebooted")}})
	b.check(err)
	b.check(b.Reboot(b.context(), machine))
	if !isFile(filepath.Join(b.dir, "rebooted")) {
		t.Fatal("the command did not run")
	}
	if err := b.Reboot(b.context(), "99"); err == nil {
		t.Fatal("a machine that does not exist was rebooted")
	}
}

func TestASocketPathTooLongForTheKernelIsReplaced(t *testing.T) {
	b := newBed(t, "3.6")
	machine, err := b.AddMachine(b.spec(strings.Repeat("long", 25)))
	b.check(err)
	b.check(b.Deploy(DeploySpec{Charm: b.charm, To: []string{machine}}))
	t.Setenv("TMPDIR", b.dir)
	b.plan("install", `status-set active reached; echo "$JUJU_AGENT_SOCKET_ADDRESS" > $TEST_DIR/address`)
	b.settle()
	wantEqual(t, "message", b.status("worker/0").Message, "reached")
	if dir := filepath.Dir(strings.TrimSpace(b.output("address"))); filepath.Dir(dir) != b.dir || isDirectory(dir) {
		t.Fatalf("the socket was in %s, which is another place or still there", dir)
	}
}
