package resource

import (
	"context"
	"os"
	"strings"
	"testing"
	"time"

	"kubernetes-worker/internal/host"
	"kubernetes-worker/internal/state"
	"kubernetes-worker/internal/systemd"
)

func TestDecideIsTheWholePolicyOfRestarts(t *testing.T) {
	old := time.Unix(100, 0)
	running := func(started time.Time) systemd.Unit {
		return systemd.Unit{LoadState: "loaded", ActiveState: "active", UnitFileState: "enabled", StartedAt: started}
	}
	with := func(u systemd.Unit, change func(*systemd.Unit)) systemd.Unit { change(&u); return u }
	service := Service{Unit: "x.service", Inputs: []Input{{Name: "a", Fingerprint: "1"}}}
	same, other := map[string]string{"a": "1"}, map[string]string{"a": "0"}
	for name, c := range map[string]struct {
		unit     systemd.Unit
		recorded map[string]string
		tried    bool
		want     decision
		hasRead  bool
	}{
		"nothing changed":                                    {running(old), same, false, keep, false},
		"an input changed after the start":                   {running(old), other, false, restart, false},
		"an input changed, but the start came later":         {running(old), other, false, adopt, true},
		"never seen, started before its inputs were written": {running(old), nil, false, restart, false},
		"never seen, started after its inputs were written":  {running(old), nil, false, adopt, true},
		"down":                               {systemd.Unit{LoadState: "loaded", ActiveState: "inactive"}, same, false, start, false},
		"failed":                             {systemd.Unit{LoadState: "loaded", ActiveState: "failed"}, same, false, start, false},
		"failed again after this hook tried": {systemd.Unit{LoadState: "loaded", ActiveState: "failed"}, same, true, keep, false},
		"systemd is about to start it":       {systemd.Unit{LoadState: "loaded", ActiveState: "activating", SubState: "auto-restart"}, same, false, keep, false},
		"systemd is about to start it, but with old inputs": {systemd.Unit{LoadState: "loaded", ActiveState: "activating", SubState: "auto-restart"}, other, false, restart, false},
		"unit files changed":  {with(running(old), func(u *systemd.Unit) { u.NeedDaemonReload = true }), same, false, reload, false},
		"not enabled at boot": {with(running(old), func(u *systemd.Unit) { u.UnitFileState = "disabled" }), same, false, enable, false},
		"an input changed and unit files did, one restart does both": {with(running(old), func(u *systemd.Unit) { u.NeedDaemonReload = true }), other, false, restart, false},
	} {
		if got := decide(service, c.unit, c.recorded, c.recorded != nil, c.hasRead, c.tried); got != c.want {
			t.Errorf("%s: decided %d, want %d", name, got, c.want)
		}
	}
}

// services is a service manager in memory.
type services struct {
	units map[string]systemd.Unit
	calls []string
	fail  error
}

func (s *services) Units(_ context.Context, names ...string) (map[string]systemd.Unit, error) {
	return s.units, nil
}
func (s *services) do(verb, unit string) error {
	s.calls = append(s.calls, verb+" "+unit)
	if s.fail != nil {
		return s.fail
	}
	u := s.units[unit]
	switch verb {
	case "start", "restart":
		u.ActiveState, u.StartedAt = "active", time.Now()
	case "stop":
		u.ActiveState = "inactive"
	case "enable":
		u.UnitFileState = "enabled"
	case "disable":
		u.UnitFileState = "disabled"
	}
	s.units[unit] = u
	return nil
}
func (s *services) Start(_ context.Context, u string) error   { return s.do("start", u) }
func (s *services) Stop(_ context.Context, u string) error    { return s.do("stop", u) }
func (s *services) Restart(_ context.Context, u string) error { return s.do("restart", u) }
func (s *services) Enable(_ context.Context, u string) error  { return s.do("enable", u) }
func (s *services) Disable(_ context.Context, u string) error { return s.do("disable", u) }
func (s *services) DaemonReload(context.Context) error        { return s.do("reload", "") }
func (s *services) ResetFailed(_ context.Context, u string) error {
	return s.do("reset", u)
}

// memory is a state store in memory.
type memory map[string][]byte

func (m memory) ReadFile(path string) ([]byte, error) {
	if c, ok := m[path]; ok {
		return c, nil
	}
	return nil, errNotExist
}
func (m memory) WriteFile(path string, content []byte) error { m[path] = content; return nil }

func newSystem(t *testing.T) (*System, *host.Host, *services) {
	t.Helper()
	h := host.New(t.TempDir())
	file, err := state.Load(memory{}, "state")
	if err != nil {
		t.Fatal(err)
	}
	svc := &services{units: map[string]systemd.Unit{}}
	sys := &System{Host: h, Services: svc, State: file, Now: time.Now, Progress: func(context.Context, string) {}, Log: func(context.Context, string) {}}
	sys.Prepare()
	return sys, h, svc
}

func realise(t *testing.T, sys *System, wants ...Resource) []string {
	t.Helper()
	changes, findings := Realise(context.Background(), sys, wants, nil, false)
	for _, f := range findings {
		t.Fatal(f)
	}
	return changes
}

// systemd refuses to start a unit that has ended too often, until it is told to forget that.
func TestAUnitThatEndedTooOftenIsStartedAllTheSame(t *testing.T) {
	for name, unit := range map[string]systemd.Unit{
		"given up":               {LoadState: "loaded", ActiveState: "failed", UnitFileState: "enabled"},
		"about to be started so": {LoadState: "loaded", ActiveState: "activating", SubState: "auto-restart", Result: "exit-code", UnitFileState: "enabled"},
	} {
		sys, _, svc := newSystem(t)
		svc.units["x.service"] = unit
		realise(t, sys, Service{Unit: "x.service", Inputs: []Input{{Name: "a", Fingerprint: "1"}}})
		if len(svc.calls) != 2 || svc.calls[0] != "reset x.service" || !strings.HasSuffix(svc.calls[1], "start x.service") {
			t.Errorf("%s: %q", name, svc.calls)
		}
	}
}

func TestAChangedFileRestartsItsReaderOnceAndSaysWhy(t *testing.T) {
	sys, h, svc := newSystem(t)
	svc.units["x.service"] = systemd.Unit{LoadState: "loaded", ActiveState: "active", UnitFileState: "enabled", StartedAt: time.Now().Add(-time.Hour)}
	file := File{Path: "/etc/x.conf", Content: []byte("one")}
	want := func(f File) []Resource {
		return []Resource{Service{Unit: "x.service", Inputs: []Input{f.Input()}, Needs: []string{f.ID()}}, f}
	}
	changes := realise(t, sys, want(file)...)
	if len(changes) != 2 || changes[1] != "service:x.service: restarted: /etc/x.conf new" {
		t.Errorf("changes %q", changes)
	}
	if again := realise(t, sys, want(file)...); len(again) != 0 || len(svc.calls) != 1 {
		t.Errorf("a second time: %q, calls %q", again, svc.calls)
	}
	file.Content = []byte("two")
	file.Describe = func(_, _ []byte) []string { return []string{"number"} }
	changes = realise(t, sys, want(file)...)
	if got := changes[len(changes)-1]; got != "service:x.service: restarted: /etc/x.conf changed: number" {
		t.Errorf("cause %q", got)
	}
	if content, err := h.ReadFile("/etc/x.conf"); err != nil || string(content) != "two" {
		t.Errorf("file holds %q, %v", content, err)
	}
}

func TestAReaderIsLeftAloneWhenItsFileCannotBeWritten(t *testing.T) {
	sys, h, svc := newSystem(t)
	svc.units["x.service"] = systemd.Unit{LoadState: "loaded", ActiveState: "active", UnitFileState: "enabled", StartedAt: time.Now().Add(-time.Hour)}
	if err := h.MkdirAll("/etc/x.conf", 0o755); err != nil { // a directory is in the way
		t.Fatal(err)
	}
	file := File{Path: "/etc/x.conf", Content: []byte("one")}
	other := File{Path: "/etc/y.conf", Content: []byte("y")}
	changes, findings := Realise(context.Background(), sys,
		[]Resource{file, Service{Unit: "x.service", Inputs: []Input{file.Input()}, Needs: []string{file.ID()}}, other}, nil, false)
	if len(findings) != 1 || len(svc.calls) != 0 || len(changes) != 1 || !strings.HasPrefix(changes[0], "file:/etc/y.conf") {
		t.Errorf("changes %q, findings %v, calls %q", changes, findings, svc.calls)
	}
}

func TestAStoppedServiceNeitherRunsNorComesBack(t *testing.T) {
	sys, _, svc := newSystem(t)
	svc.units["x.service"] = systemd.Unit{LoadState: "loaded", ActiveState: "active", UnitFileState: "enabled"}
	stop := Service{Unit: "x.service", Stopped: true}
	realise(t, sys, stop)
	if got := strings.Join(svc.calls, ","); got != "stop x.service,disable x.service" {
		t.Errorf("calls %s", got)
	}
	if again := realise(t, sys, stop); len(again) != 0 {
		t.Errorf("a second time: %q", again)
	}
}

func TestAServiceOfSomebodyElseIsForgottenAndNotTouched(t *testing.T) {
	for name, c := range map[string]struct {
		dropIn, reload bool // ours is there; systemd has not read all unit files
		recorded       bool
		calls          string
	}{
		"with a drop-in of ours":                      {dropIn: true, recorded: true, calls: "reload "},
		"without":                                     {recorded: true},
		"killed after the drop-in had gone":           {reload: true, recorded: true, calls: "reload "},
		"unit files of theirs that nobody reloaded":   {reload: true},
		"never ours, with a drop-in from a lost past": {dropIn: true, calls: "reload "},
	} {
		t.Run(name, func(t *testing.T) {
			sys, h, svc := newSystem(t)
			svc.units["x.service"] = systemd.Unit{LoadState: "loaded", ActiveState: "active", UnitFileState: "disabled", NeedDaemonReload: c.reload}
			if c.recorded {
				sys.State.Services["x.service"] = map[string]string{"a": "1"}
			}
			dropIn := File{Path: "/etc/systemd/system/x.service.d/ours.conf", Absent: true}
			if c.dropIn {
				if err := (File{Path: dropIn.Path, Content: []byte("x"), Mode: 0o644}).write(h); err != nil {
					t.Fatal(err)
				}
			}
			wants := []Resource{dropIn, Service{Unit: "x.service", UnitFiles: []string{dropIn.Path}, Foreign: true}}
			realise(t, sys, wants...)
			if got := strings.Join(svc.calls, ","); got != c.calls {
				t.Errorf("calls %q, want %q", got, c.calls)
			}
			if _, still := sys.State.Services["x.service"]; still {
				t.Error("what it was started with is still noted")
			}
			if again := realise(t, sys, wants...); len(again) != 0 {
				t.Errorf("a second time: %q", again)
			}
		})
	}
}

func TestADryRunChangesNothing(t *testing.T) {
	sys, h, _ := newSystem(t)
	changes, _ := Realise(context.Background(), sys, []Resource{File{Path: "/x", Content: []byte("1")}}, nil, true)
	if len(changes) != 1 || len(h.Changes()) != 0 {
		t.Errorf("changes %q, on disk %v", changes, h.Changes())
	}
}

func TestAServiceAskedForAgainRestartsOnceInAnInvocation(t *testing.T) {
	sys, _, svc := newSystem(t)
	svc.units["x.service"] = systemd.Unit{LoadState: "loaded", ActiveState: "active", UnitFileState: "enabled", StartedAt: time.Now()}
	want := Service{Unit: "x.service", Again: "node x was deleted"}
	if changes := realise(t, sys, want); len(changes) != 1 || changes[0] != "service:x.service: restarted: node x was deleted" {
		t.Errorf("changes %q", changes)
	}
	if again := realise(t, sys, want); len(again) != 0 || len(svc.calls) != 1 {
		t.Errorf("a second time: %q, calls %q", again, svc.calls)
	}
}

func TestAFileThatIsGoneRestartsItsReader(t *testing.T) {
	sys, h, svc := newSystem(t)
	file := File{Path: "/etc/x.d/x.conf", Content: []byte("one")}
	realise(t, sys, file)
	age(t, h, time.Hour, "/etc/x.d/x.conf", "/etc/x.d")
	svc.units["x.service"] = systemd.Unit{LoadState: "loaded", ActiveState: "active", UnitFileState: "enabled", StartedAt: time.Now().Add(-time.Minute)}
	want := func(f File) []Resource {
		return []Resource{f, Service{Unit: "x.service", Inputs: []Input{f.Input()}}}
	}
	realise(t, sys, want(file)...) // the daemon has read the file
	if len(svc.calls) != 0 {
		t.Fatalf("calls %q", svc.calls)
	}
	gone := File{Path: file.Path, Absent: true}
	realise(t, sys, want(gone)...)
	if _, err := h.Stat(file.Path); err == nil || len(svc.calls) != 1 {
		t.Errorf("calls %q, want one restart", svc.calls)
	}
	if again := realise(t, sys, want(gone)...); len(again) != 0 {
		t.Errorf("a second time: %q", again)
	}
}

// age makes files look as if they were written that long ago.
func age(t *testing.T, h *host.Host, by time.Duration, paths ...string) {
	t.Helper()
	for _, p := range paths {
		if err := os.Chtimes(h.Path(p), time.Time{}, time.Now().Add(-by)); err != nil {
			t.Fatal(err)
		}
	}
}

func TestARestartThatWasNotNotedIsNotRepeated(t *testing.T) {
	sys, h, svc := newSystem(t)
	file := File{Path: "/etc/x.conf", Content: []byte("two")}
	svc.units["x.service"] = systemd.Unit{LoadState: "loaded", ActiveState: "active", UnitFileState: "enabled", StartedAt: time.Now().Add(-time.Hour)}
	sys.State.Services["x.service"] = map[string]string{"/etc/x.conf": "fingerprint of one"}
	realise(t, sys, file)
	age(t, h, time.Minute, "/etc/x.conf")
	// The charm was killed after systemd had restarted the unit and before that was noted.
	svc.units["x.service"] = systemd.Unit{LoadState: "loaded", ActiveState: "active", UnitFileState: "enabled", StartedAt: time.Now()}
	realise(t, sys, file, Service{Unit: "x.service", Inputs: []Input{file.Input()}})
	if len(svc.calls) != 0 {
		t.Errorf("calls %q", svc.calls)
	}
}

func TestADropInOfAKilledInvocationIsReadBeforeTheRestart(t *testing.T) {
	sys, _, svc := newSystem(t)
	dropIn := File{Path: "/etc/systemd/system/x.service.d/x.conf", Content: []byte("[Service]\n")}
	svc.units["x.service"] = systemd.Unit{LoadState: "loaded", ActiveState: "active", UnitFileState: "enabled", StartedAt: time.Now().Add(-time.Hour)}
	sys.State.Services["x.service"] = map[string]string{dropIn.Path: "fingerprint of none"}
	realise(t, sys, dropIn)
	sys.Prepare() // killed here: the next invocation has not written the file itself, and systemd reports nothing
	realise(t, sys, dropIn, Service{Unit: "x.service", Inputs: []Input{dropIn.Input()}, UnitFiles: []string{dropIn.Path}})
	if got := strings.Join(svc.calls, ", "); got != "reload , restart x.service" {
		t.Errorf("calls %s", got)
	}
}
