package systemd_test

import (
	"context"
	"errors"
	"net"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"kubernetes-worker/internal/systemd"
	"kubernetes-worker/internal/systemd/systemdtest"
)

const unitText = "[Service]\nExecStart=/bin/true\n[Install]\nWantedBy=multi-user.target\n"

// machine is a stand-in with one service, and a connection to it.
func machine(t *testing.T, settings systemd.Settings) (*systemdtest.Server, *systemd.Conn, string) {
	t.Helper()
	root := shortRoot(t)
	write(t, root, "lib/systemd/system/kubelet.service", unitText)
	server, err := systemdtest.Start(root, systemdtest.Options{})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := server.Close(); err != nil {
			t.Error(err)
		}
	})
	conn := systemd.New(root, settings)
	t.Cleanup(conn.Close)
	return server, conn, root
}

// shortRoot is a directory whose sockets have paths that the kernel accepts.
func shortRoot(t *testing.T) string {
	t.Helper()
	root, err := os.MkdirTemp("", "sd")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = os.RemoveAll(root) })
	return root
}

func write(t *testing.T, root, path, text string) {
	t.Helper()
	path = filepath.Join(root, path)
	if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(path, []byte(text), 0o644); err != nil {
		t.Fatal(err)
	}
}

func ctx(t *testing.T) context.Context {
	t.Helper()
	c, cancel := context.WithTimeout(t.Context(), 20*time.Second)
	t.Cleanup(cancel)
	return c
}

func unit(t *testing.T, conn *systemd.Conn, name string) systemd.Unit {
	t.Helper()
	units, err := conn.Units(ctx(t), name)
	if err != nil {
		t.Fatal(err)
	}
	return units[name]
}

func TestStartingAServiceMakesItRunAndStoppingItDead(t *testing.T) {
	server, conn, _ := machine(t, systemd.Settings{})
	before := unit(t, conn, "kubelet")
	if before.Running() || !before.StartedAt.IsZero() || before.UnitFileState != "disabled" || before.Name != "kubelet.service" {
		t.Fatalf("before: %+v", before)
	}
	if err := conn.Start(ctx(t), "kubelet"); err != nil {
		t.Fatal(err)
	}
	started := unit(t, conn, "kubelet")
	if !started.Running() || started.SubState != "running" || started.MainPID == 0 || started.StartedAt.IsZero() || started.Result != "success" {
		t.Fatalf("after start: %+v", started)
	}
	if err := conn.Restart(ctx(t), "kubelet.service"); err != nil {
		t.Fatal(err)
	}
	if again := unit(t, conn, "kubelet"); !again.StartedAt.After(started.StartedAt) || again.MainPID == started.MainPID {
		t.Fatalf("after restart: %+v, before %+v", again, started)
	}
	if err := conn.Stop(ctx(t), "kubelet"); err != nil {
		t.Fatal(err)
	}
	if stopped := unit(t, conn, "kubelet"); stopped.Running() || stopped.MainPID != 0 {
		t.Fatalf("after stop: %+v", stopped)
	}
	want := systemdtest.Counts{Start: 1, Stop: 1, Restart: 1}
	if got := server.Unit("kubelet.service").Counts; got != want {
		t.Fatalf("counts: %+v, want %+v", got, want)
	}
}

func TestSeveralUnitsAreAskedForOnOneConnection(t *testing.T) {
	server, conn, root := machine(t, systemd.Settings{})
	write(t, root, "lib/systemd/system/dbus.socket", "[Install]\nWantedBy=sockets.target\n")
	units, err := conn.Units(ctx(t), "kubelet", "nosuch", "dbus.socket")
	if err != nil {
		t.Fatal(err)
	}
	if !units["kubelet"].Found() || units["nosuch"].Found() || units["nosuch"].LoadState != "not-found" || !units["dbus.socket"].Found() {
		t.Fatalf("units: %+v", units)
	}
	if conn.Dials() != 1 {
		t.Fatalf("%d connections, want 1", conn.Dials())
	}
	if got := server.Calls()["GetAll"]; got != 3 {
		t.Fatalf("%d questions", got)
	}
	if none, err := conn.Units(ctx(t)); err != nil || len(none) != 0 {
		t.Fatalf("no names: %v, %v", none, err)
	}
}

func TestAJobThatDoesNotSucceedNamesUnitAndResult(t *testing.T) {
	for _, result := range []string{"failed", "timeout", "canceled", "dependency", "skipped"} {
		t.Run(result, func(t *testing.T) {
			server, conn, _ := machine(t, systemd.Settings{})
			setFaults(t, server, systemdtest.Faults{Units: map[string]systemdtest.UnitFault{"kubelet.service": {Job: result}}})
			err := conn.Restart(ctx(t), "kubelet")
			var job *systemd.JobError
			if !errors.As(err, &job) || *job != (systemd.JobError{Verb: "restart", Unit: "kubelet.service", Result: result}) {
				t.Fatalf("error: %#v", err)
			}
			if want := `cannot restart kubelet.service: systemd's job ended as "` + result + `"`; err.Error() != want {
				t.Fatalf("text: %v", err)
			}
			if !unit(t, conn, "kubelet").Crashing() {
				t.Fatal("the unit is not shown as failed")
			}
		})
	}
}

func TestAServiceThatExitsAfterItsJobIsSeenAsCrashing(t *testing.T) {
	server, conn, root := machine(t, systemd.Settings{})
	write(t, root, "args", "--no-such-flag")
	setFaults(t, server, systemdtest.Faults{Units: map[string]systemdtest.UnitFault{"kubelet.service": {
		Crash: &systemdtest.Crash{ExitStatus: 3, Restarts: 7, WhenFile: "args", WhenContains: "--no-such-flag"}}}})
	if err := conn.Start(ctx(t), "kubelet"); err != nil {
		t.Fatal(err)
	}
	u := unit(t, conn, "kubelet")
	if !u.Crashing() || u.Running() || u.Result != "exit-code" || u.ExitCode != 1 || u.ExitStatus != 3 || u.NRestarts != 7 {
		t.Fatalf("unit: %+v", u)
	}
	write(t, root, "args", "--v=0")
	if u := unit(t, conn, "kubelet"); u.Crashing() || !u.Running() {
		t.Fatalf("after the cause is gone: %+v", u)
	}
}

func TestAUnitThatDoesNotExistCannotBeStartedOrEnabled(t *testing.T) {
	_, conn, _ := machine(t, systemd.Settings{})
	if err := conn.Start(ctx(t), "nosuch"); !systemd.IsNotFound(err) || !strings.HasPrefix(err.Error(), "cannot start nosuch.service: ") {
		t.Errorf("start: %v", err)
	}
	if err := conn.Enable(ctx(t), "nosuch"); !systemd.IsNotFound(err) {
		t.Errorf("enable: %v", err)
	}
	if systemd.IsNotFound(nil) || systemd.IsNotFound(errors.New("x")) {
		t.Error("IsNotFound is true for anything")
	}
}

func TestEnablingTwiceReloadsOnce(t *testing.T) {
	server, conn, root := machine(t, systemd.Settings{})
	for range 2 {
		if err := conn.Enable(ctx(t), "kubelet"); err != nil {
			t.Fatal(err)
		}
	}
	if state := unit(t, conn, "kubelet").UnitFileState; state != "enabled" {
		t.Fatalf("after enable: %q", state)
	}
	if server.Reloads() != 1 {
		t.Fatalf("%d reloads, want 1", server.Reloads())
	}
	link := filepath.Join(root, "etc/systemd/system/multi-user.target.wants/kubelet.service")
	if target, err := os.Readlink(link); err != nil || target != "/lib/systemd/system/kubelet.service" {
		t.Fatalf("link: %q, %v", target, err)
	}
	if err := conn.Disable(ctx(t), "kubelet"); err != nil {
		t.Fatal(err)
	}
	if state := unit(t, conn, "kubelet").UnitFileState; state != "disabled" {
		t.Fatalf("after disable: %q", state)
	}
}

func TestANewDropInNeedsADaemonReload(t *testing.T) {
	_, conn, root := machine(t, systemd.Settings{})
	if err := conn.Start(ctx(t), "kubelet"); err != nil {
		t.Fatal(err)
	}
	if unit(t, conn, "kubelet").NeedDaemonReload {
		t.Fatal("a reload is needed before anything changed")
	}
	write(t, root, "etc/systemd/system/kubelet.service.d/always.conf", "[Service]\nRestart=always\n")
	if !unit(t, conn, "kubelet").NeedDaemonReload {
		t.Fatal("the drop-in was not noticed")
	}
	if err := conn.DaemonReload(ctx(t)); err != nil {
		t.Fatal(err)
	}
	if unit(t, conn, "kubelet").NeedDaemonReload {
		t.Fatal("a reload is needed after the reload")
	}
}

func TestReloadOrRestartReloadsWhatCanReload(t *testing.T) {
	server, conn, root := machine(t, systemd.Settings{})
	write(t, root, "lib/systemd/system/docker.service", unitText+"[Service]\nExecReload=/bin/kill -HUP\n")
	for _, name := range []string{"docker", "kubelet"} {
		if err := conn.Start(ctx(t), name); err != nil {
			t.Fatal(err)
		}
		if err := conn.ReloadOrRestart(ctx(t), name); err != nil {
			t.Fatal(err)
		}
	}
	if got := server.Unit("docker.service").Counts; got != (systemdtest.Counts{Start: 1, Reload: 1}) {
		t.Errorf("docker: %+v", got)
	}
	if got := server.Unit("kubelet.service").Counts; got != (systemdtest.Counts{Start: 1, Restart: 1}) {
		t.Errorf("kubelet: %+v", got)
	}
}

func TestResetFailedForgetsTheFailure(t *testing.T) {
	server, conn, _ := machine(t, systemd.Settings{})
	setFaults(t, server, systemdtest.Faults{Units: map[string]systemdtest.UnitFault{"kubelet.service": {Job: "failed"}}})
	if err := conn.Start(ctx(t), "kubelet"); err == nil {
		t.Fatal("the job succeeded")
	}
	if err := conn.ResetFailed(ctx(t), "kubelet"); err != nil {
		t.Fatal(err)
	}
	if u := unit(t, conn, "kubelet"); u.Crashing() {
		t.Fatalf("unit: %+v", u)
	}
}

func TestADroppedConnectionIsMadeAgainForQuestions(t *testing.T) {
	server, conn, _ := machine(t, systemd.Settings{})
	if err := conn.Start(ctx(t), "kubelet"); err != nil {
		t.Fatal(err)
	}
	server.DropConnections()
	if u := unit(t, conn, "kubelet"); !u.Running() {
		t.Fatalf("unit: %+v", u)
	}
	if err := conn.Stop(ctx(t), "kubelet"); err != nil {
		t.Fatalf("a job after the connection was dropped: %v", err)
	}
}

func TestWithoutSystemdEveryCallSaysSo(t *testing.T) {
	conn := systemd.New(shortRoot(t), systemd.Settings{})
	defer conn.Close()
	_, readErr := conn.Units(ctx(t), "kubelet")
	for what, err := range map[string]error{"units": readErr, "start": conn.Start(ctx(t), "kubelet"), "reload": conn.DaemonReload(ctx(t))} {
		if !errors.Is(err, systemd.ErrUnavailable) {
			t.Errorf("%s: %v", what, err)
		}
	}
}

func TestADaemonThatClosesConnectionsIsUnavailable(t *testing.T) {
	server, conn, _ := machine(t, systemd.Settings{})
	setFaults(t, server, systemdtest.Faults{Down: true})
	if _, err := conn.Units(ctx(t), "kubelet"); !errors.Is(err, systemd.ErrUnavailable) {
		t.Fatalf("error: %v", err)
	}
}

func TestNothingIsWaitedForWithoutEnd(t *testing.T) {
	t.Run("a daemon that never speaks", func(t *testing.T) {
		server, conn, _ := machine(t, systemd.Settings{DialTimeout: 50 * time.Millisecond})
		setFaults(t, server, systemdtest.Faults{Mute: true})
		if _, err := conn.Units(ctx(t), "kubelet"); !errors.Is(err, systemd.ErrUnavailable) {
			t.Fatalf("error: %v", err)
		}
	})
	t.Run("a job that never ends", func(t *testing.T) {
		server, conn, _ := machine(t, systemd.Settings{JobTimeout: 100 * time.Millisecond})
		// Connected before the short time counts.
		if err := conn.DaemonReload(ctx(t)); err != nil {
			t.Fatal(err)
		}
		setFaults(t, server, systemdtest.Faults{Units: map[string]systemdtest.UnitFault{"kubelet.service": {Hang: true}}})
		if err := conn.Start(ctx(t), "kubelet"); !errors.Is(err, context.DeadlineExceeded) {
			t.Fatalf("error: %v", err)
		}
	})
	t.Run("a connection that is cut while a job runs", func(t *testing.T) {
		server, conn, _ := machine(t, systemd.Settings{})
		setFaults(t, server, systemdtest.Faults{Units: map[string]systemdtest.UnitFault{"kubelet.service": {Hang: true}}})
		c, cancel := context.WithCancel(ctx(t))
		defer cancel()
		go func() {
			for server.Unit("kubelet.service").Counts.Start == 0 && c.Err() == nil {
			}
			server.DropConnections()
		}()
		err := conn.Start(c, "kubelet")
		if err == nil || errors.Is(err, context.DeadlineExceeded) {
			t.Fatalf("error: %v", err)
		}
	})
}

func TestTheSystemBusIsTheFallback(t *testing.T) {
	root := shortRoot(t)
	socket := filepath.Join(root, "run/dbus/system_bus_socket")
	if err := os.MkdirAll(filepath.Dir(socket), 0o755); err != nil {
		t.Fatal(err)
	}
	l, err := net.Listen("unix", socket)
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	first := make(chan byte, 1)
	go func() {
		conn, err := l.Accept()
		if err != nil {
			return
		}
		defer conn.Close()
		b := make([]byte, 1)
		if _, err := conn.Read(b); err == nil {
			first <- b[0]
		}
	}()
	conn := systemd.New(root, systemd.Settings{})
	defer conn.Close()
	if _, err := conn.Units(ctx(t), "kubelet"); !errors.Is(err, systemd.ErrUnavailable) {
		t.Fatalf("error of a bus that hangs up: %v", err)
	}
	select {
	case b := <-first:
		if b != 0 {
			t.Fatalf("the first byte is %d", b)
		}
	case <-ctx(t).Done():
		t.Fatal("the system bus was not tried")
	}
}

func TestTheStateSurvivesARestartOfTheStandIn(t *testing.T) {
	root := shortRoot(t)
	write(t, root, "lib/systemd/system/kubelet.service", unitText)
	first, err := systemdtest.Start(root, systemdtest.Options{})
	if err != nil {
		t.Fatal(err)
	}
	conn := systemd.New(root, systemd.Settings{})
	defer conn.Close()
	if err := conn.Start(ctx(t), "kubelet"); err != nil {
		t.Fatal(err)
	}
	if err := first.Close(); err != nil {
		t.Fatal(err)
	}
	second, err := systemdtest.Start(root, systemdtest.Options{})
	if err != nil {
		t.Fatal(err)
	}
	defer second.Close()
	if u := unit(t, conn, "kubelet"); !u.Running() {
		t.Fatalf("unit: %+v", u)
	}
	if err := second.Boot(); err != nil {
		t.Fatal(err)
	}
	if u := unit(t, conn, "kubelet"); u.Running() {
		t.Fatalf("a disabled unit runs after a boot: %+v", u)
	}
}

func setFaults(t *testing.T, server *systemdtest.Server, f systemdtest.Faults) {
	t.Helper()
	if err := server.SetFaults(f); err != nil {
		t.Fatal(err)
	}
}

func BenchmarkTwoUnitsOnANewConnection(b *testing.B) {
	root, err := os.MkdirTemp("", "sd")
	if err != nil {
		b.Fatal(err)
	}
	defer os.RemoveAll(root)
	server, err := systemdtest.Start(root, systemdtest.Options{})
	if err != nil {
		b.Fatal(err)
	}
	defer server.Close()
	for b.Loop() {
		conn := systemd.New(root, systemd.Settings{})
		if _, err := conn.Units(b.Context(), "kubelet", "kube-proxy"); err != nil {
			b.Fatal(err)
		}
		conn.Close()
	}
}
