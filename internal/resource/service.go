package resource

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"path"
	"slices"
	"sort"
	"time"

	"kubernetes-worker/internal/systemd"
)

// Input is something a daemon reads at its start. Path is the file behind it, empty if there is none.
type Input struct {
	Name        string
	Path        string
	Fingerprint string
}

// Service is a systemd unit that runs with the wanted inputs, or, with Stopped, neither runs nor starts at boot.
//
// It restarts only when an input differs from the one it was last started with. That is kept in the state file; where it
// is not (first contact, killed between restart and note), a daemon that started after its inputs were written has
// already read them.
type Service struct {
	Unit    string
	Inputs  []Input
	Stopped bool
	// Foreign: somebody else runs it. It is neither started nor stopped, and what was noted of it is forgotten; systemd is
	// only told that a drop-in of ours is gone.
	Foreign bool
	// Again asks for one restart in this invocation although nothing that the daemon reads differs, and says why.
	Again string
	// UnitFiles are drop-ins of the unit. systemd does not notice the first one of a unit by itself.
	UnitFiles []string
	// Awaits is a group of packages that are about to be replaced: when this invocation has made sure that they can be, the
	// change restarts the unit, and nothing before it does.
	Awaits string
	Needs  []string // IDs of resources without which it must not be restarted
}

// ID is service:UNIT.
func (s Service) ID() string { return "service:" + s.Unit }

// Stage is ServiceStage.
func (s Service) Stage() Stage { return ServiceStage }

// Requires names the resources that must be in place.
func (s Service) Requires() []string { return s.Needs }

// Equal compares all fields.
func (s Service) Equal(other any) bool {
	o, ok := other.(Service)
	return ok && o.Unit == s.Unit && o.Stopped == s.Stopped && o.Foreign == s.Foreign && o.Again == s.Again && o.Awaits == s.Awaits && slices.Equal(o.Inputs, s.Inputs) && slices.Equal(o.UnitFiles, s.UnitFiles) && slices.Equal(o.Needs, s.Needs)
}

// Plan compares the unit's state and inputs with the wanted ones.
func (s Service) Plan(ctx context.Context, sys *System) (*Change, error) {
	if s.Awaits != "" && sys.Ready(s.Awaits) {
		return nil, nil
	}
	unit, err := sys.unit(ctx, s.Unit)
	if err != nil {
		return nil, err
	}
	if s.Stopped {
		return s.planStop(sys, unit), nil
	}
	if s.Foreign {
		return s.planRelease(sys, unit), nil
	}
	if !unit.Found() {
		return nil, fmt.Errorf("cannot run %s: systemd does not know the unit", s.Unit)
	}
	recorded, known := sys.State.Services[s.Unit]
	unit.NeedDaemonReload = unit.NeedDaemonReload || s.unitFilesChanged(sys)
	switch decide(s, unit, recorded, known, s.hasRead(sys, unit, recorded), sys.hasTried(s)) {
	case restart:
		causes := s.causes(sys, unit, recorded, known)
		return &Change{Cause: "restarted: " + sentence(causes), Apply: func(ctx context.Context) error {
			return s.start(ctx, sys, unit, sys.Services.Restart)
		}}, nil
	case start:
		return &Change{Cause: "started: it was " + unit.ActiveState, Apply: func(ctx context.Context) error {
			return s.start(ctx, sys, unit, sys.Services.Start)
		}}, nil
	case enable:
		return &Change{Cause: "enabled for the next boot", Apply: func(ctx context.Context) error {
			return wrap("enable "+s.Unit, sys.Services.Enable(ctx, s.Unit))
		}}, nil
	case reload:
		return &Change{Cause: "its unit files changed", Apply: func(ctx context.Context) error { return s.reload(ctx, sys) }}, nil
	case adopt:
		return &Change{Silent: true, Apply: func(context.Context) error { return s.record(sys) }}, nil
	}
	return nil, nil
}

type decision int

const (
	keep decision = iota
	adopt
	reload
	enable
	start
	restart
)

// decide is the whole policy of restarts; it is pure.
//
//	inputs known to differ, daemon older than them        → restart
//	inputs known to differ, daemon started after them     → adopt: it has read them
//	down, and this hook has not tried with these inputs   → start
//	asked for again, and this hook has not tried yet      → restart
//	otherwise                                             → keep
//
// A unit that systemd is about to start again by itself counts as running: starting it now would hide its fault.
func decide(s Service, unit systemd.Unit, recorded map[string]string, known bool, hasRead, tried bool) decision {
	same := known && maps.Equal(recorded, s.fingerprints())
	running := unit.Running()
	switch {
	case !running && !restarting(unit) && !tried:
		return start
	case !running && same, !running && tried && !restarting(unit):
		return keep
	case s.Again != "" && !tried:
		return restart
	case !same && hasRead:
		return adopt
	case !same:
		return restart
	case unit.NeedDaemonReload:
		return reload
	case !enabledAtBoot(unit):
		return enable
	}
	return keep
}

func (s Service) fingerprints() map[string]string {
	m := make(map[string]string, len(s.Inputs))
	for _, in := range s.Inputs {
		m[in.Name] = in.Fingerprint
	}
	return m
}

// hasRead reports whether the running daemon started after everything that differs was written, and so has read it.
func (s Service) hasRead(sys *System, unit systemd.Unit, recorded map[string]string) bool {
	if unit.StartedAt.IsZero() {
		return false
	}
	for _, in := range s.Inputs {
		if recorded[in.Name] == in.Fingerprint {
			continue
		}
		if _, found := lastWritten(sys.Host, in.Path); !found && recorded != nil || in.newer(sys, unit) {
			return false
		}
	}
	wanted := s.fingerprints()
	for name := range recorded {
		if _, still := wanted[name]; !still {
			return false // nothing tells when it went
		}
	}
	return true
}

// newer reports whether what is read was written after the daemon started.
func (in Input) newer(sys *System, unit systemd.Unit) bool {
	written, _ := lastWritten(sys.Host, in.Path)
	if sys.changed[in.Name] != "" {
		written = written.Add(clockGrain)
	}
	return written.After(unit.StartedAt)
}

// clockGrain is by how much the time of a file may lag behind the clock that dates the start of a unit. It matters where a
// file was written a moment ago, by this invocation.
const clockGrain = 10 * time.Millisecond

// lastWritten is when a file was written or, for one that is not there, when its directory last changed.
func lastWritten(h Host, file string) (time.Time, bool) {
	for _, p := range []string{file, path.Dir(file)} {
		if info, err := h.Stat(p); err == nil && file != "" {
			return info.ModTime(), true
		}
	}
	return time.Time{}, false
}

// causes names the inputs that differ, with what was seen to change in them during this hook.
func (s Service) causes(sys *System, unit systemd.Unit, recorded map[string]string, known bool) []string {
	var causes []string
	if s.Again != "" {
		causes = append(causes, s.Again)
	}
	for _, in := range s.Inputs {
		if recorded[in.Name] == in.Fingerprint {
			continue
		}
		switch detail := sys.changed[in.Name]; {
		case detail != "":
			causes = append(causes, in.Name+" "+detail)
		case !known && in.newer(sys, unit):
			causes = append(causes, in.Name+" is newer than the daemon")
		case !known: // it has read that
		default:
			causes = append(causes, in.Name+" changed")
		}
	}
	wanted := s.fingerprints()
	for name := range recorded {
		if _, still := wanted[name]; !still {
			causes = append(causes, name+" is not read any more")
		}
	}
	sort.Strings(causes)
	return causes
}

// start starts or restarts the unit and notes what it was started with.
func (s Service) start(ctx context.Context, sys *System, unit systemd.Unit, how func(context.Context, string) error) error {
	sys.tried[s.Unit], sys.triedWith[s.Unit] = true, s.fingerprints()
	if unit.NeedDaemonReload || s.unitFileDiffers(sys.State.Services[s.Unit]) {
		if err := s.reload(ctx, sys); err != nil {
			return err
		}
	}
	if !enabledAtBoot(unit) {
		if err := sys.Services.Enable(ctx, s.Unit); err != nil {
			return wrap("enable "+s.Unit, err)
		}
	}
	if unit.Crashing() {
		if err := sys.Services.ResetFailed(ctx, s.Unit); err != nil {
			return wrap("start "+s.Unit, err)
		}
	}
	if err := how(ctx, s.Unit); err != nil {
		return wrap("start "+s.Unit, err)
	}
	sys.Restarts[s.Unit]++
	return s.record(sys)
}

// unitFilesChanged reports whether this invocation has written a drop-in of the unit and systemd was not told since.
func (s Service) unitFilesChanged(sys *System) bool {
	return slices.ContainsFunc(s.UnitFiles, func(path string) bool { return sys.changed[path] != "" && !sys.reloaded[path] })
}

// unitFileDiffers reports whether one of the inputs that differ is a unit file: written in an earlier invocation that was
// killed before it told systemd, perhaps, and systemd does not report the first drop-in of a unit.
func (s Service) unitFileDiffers(recorded map[string]string) bool {
	return slices.ContainsFunc(s.Inputs, func(in Input) bool {
		return recorded[in.Name] != in.Fingerprint && slices.Contains(s.UnitFiles, in.Path)
	})
}

func (s Service) reload(ctx context.Context, sys *System) error {
	if err := sys.Services.DaemonReload(ctx); err != nil {
		return wrap("reload the unit files of "+s.Unit, err)
	}
	for path := range sys.changed {
		sys.reloaded[path] = true // a reload reads all of them
	}
	return nil
}

// hasTried reports whether this invocation has started the unit with these inputs.
func (s *System) hasTried(v Service) bool {
	return s.tried[v.Unit] && maps.Equal(s.triedWith[v.Unit], v.fingerprints())
}

// record notes the inputs at once, so that a kill after the restart does not cost a second one.
func (s Service) record(sys *System) error {
	sys.State.Services[s.Unit] = s.fingerprints()
	return sys.State.Save()
}

func (s Service) planStop(sys *System, unit systemd.Unit) *Change {
	_, recorded := sys.State.Services[s.Unit]
	// A removal has other things to do than to wait a second time for what does not stop.
	active := (unit.Running() || restarting(unit)) && !sys.tried["stop "+s.Unit]
	enabled := unit.Found() && enabledAtBoot(unit)
	if !active && !enabled {
		if !recorded {
			return nil
		}
		return &Change{Silent: true, Apply: func(context.Context) error {
			delete(sys.State.Services, s.Unit)
			return nil
		}}
	}
	return &Change{Cause: "stopped and disabled", Apply: func(ctx context.Context) error {
		var problems []error
		if active {
			sys.tried["stop "+s.Unit] = true
			stopping, cancel := context.WithTimeout(ctx, stopPatience)
			defer cancel()
			problems = append(problems, wrap("stop "+s.Unit, sys.Services.Stop(stopping, s.Unit)))
		}
		if enabled {
			problems = append(problems, wrap("disable "+s.Unit, sys.Services.Disable(ctx, s.Unit)))
		}
		delete(sys.State.Services, s.Unit)
		// At once: what is done after it, and the hook that is killed there, may leave nobody to look at the unit again.
		return errors.Join(append(problems, sys.State.Save())...)
	}}
}

func (s Service) planRelease(sys *System, unit systemd.Unit) *Change {
	forget := func(context.Context) error {
		delete(sys.State.Services, s.Unit)
		return nil
	}
	_, recorded := sys.State.Services[s.Unit]
	// A kill between the file and here leaves what was noted.
	if unit.Found() && (s.unitFilesChanged(sys) || recorded && unit.NeedDaemonReload) {
		return &Change{Cause: "its unit files changed", Apply: func(ctx context.Context) error {
			return errors.Join(forget(ctx), s.reload(ctx, sys))
		}}
	}
	if recorded {
		return &Change{Silent: true, Apply: forget}
	}
	return nil
}

// stopPatience is longer than the 90 seconds after which systemd kills what does not stop, and short enough that two
// services that even outlive that leave a removal time for the rest.
const stopPatience = 100 * time.Second

// restarting reports whether systemd is on the way of starting the unit by itself.
func restarting(u systemd.Unit) bool {
	return u.ActiveState == "activating" || u.SubState == "auto-restart"
}

// enabledAtBoot reports whether the unit starts at boot, or is of a kind that nobody enables.
func enabledAtBoot(u systemd.Unit) bool {
	return u.UnitFileState != "disabled" && u.UnitFileState != "masked"
}
