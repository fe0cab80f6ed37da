package systemdtest

import (
	"fmt"
	"time"

	"github.com/godbus/dbus/v5"
)

// managerMethods are those of systemd's manager that the charm uses.
func (s *Server) managerMethods() methods {
	job := func(member, verb string) method {
		return method{[]any{"", ""}, func(args []any) ([]any, error) {
			path, err := s.requestJob(member, verb, args[0].(string))
			if err != nil {
				return nil, err
			}
			return []any{path}, nil
		}}
	}
	return methods{
		"StartUnit":           job("StartUnit", "start"),
		"StopUnit":            job("StopUnit", "stop"),
		"RestartUnit":         job("RestartUnit", "restart"),
		"ReloadOrRestartUnit": job("ReloadOrRestartUnit", "reload"),
		"ResetFailedUnit": {[]any{""}, func(args []any) ([]any, error) {
			return nil, s.do("ResetFailedUnit", func(st *state) error { return s.resetFailed(st, args[0].(string)) })
		}},
		"Reload": {nil, func([]any) ([]any, error) {
			return nil, s.do("Reload", func(st *state) error { st.Reloads++; s.reload(st); return nil })
		}},
		"EnableUnitFiles": {[]any{[]string{}, false, false}, func(args []any) ([]any, error) {
			var install bool
			changes := []enableChange{}
			err := s.do("EnableUnitFiles", func(*state) (err error) {
				install, changes, err = s.enable(args[0].([]string))
				return err
			})
			return []any{install, changes}, err
		}},
		"DisableUnitFiles": {[]any{[]string{}, false}, func(args []any) ([]any, error) {
			changes := []enableChange{}
			err := s.do("DisableUnitFiles", func(*state) (err error) {
				changes, err = s.disable(args[0].([]string))
				return err
			})
			return []any{changes}, err
		}},
	}
}

// do counts a call and changes the state. The result is nil or a *dbus.Error, never a typed nil.
func (s *Server) do(member string, change func(*state) error) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.calls[member]++
	st := s.load()
	if err := change(&st); err != nil {
		return err
	}
	return s.save(st)
}

// requestJob carries a job out at once and tells every client that it is over.
func (s *Server) requestJob(member, verb, name string) (dbus.ObjectPath, error) {
	if verb != "stop" {
		time.Sleep(s.jobTime)
	}
	id, result, err := s.runJob(member, verb, name)
	if err != nil {
		return "", err
	}
	path := dbus.ObjectPath(fmt.Sprintf("/org/freedesktop/systemd1/job/%d", id))
	if result != hanging {
		s.emit("JobRemoved", id, path, name, result)
	}
	return path, nil
}

// hanging is the result of a job that does not end.
const hanging = ""

func (s *Server) runJob(member, verb, name string) (id uint32, result string, err error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.calls[member]++
	st := s.load()
	u := s.find(&st, name)
	if err := loadError(u); err != nil {
		return 0, "", err
	}
	fault := s.faults().Units[name]
	switch verb {
	case "start":
		u.Counts.Start++
	case "stop":
		u.Counts.Stop++
	case "restart":
		u.Counts.Restart++
	case "reload":
		if u.CanReload {
			u.Counts.Reload++
		} else {
			u.Counts.Restart++
		}
	}
	result = "done"
	if fault.Job != "" && verb != "stop" && (fault.Crash == nil || s.happens(*fault.Crash)) {
		result = fault.Job
		u.fail(result)
		if fault.Crash != nil { // its end is why the job fails
			u.Result, u.ExitCode, u.ExitStatus = "exit-code", 1, fault.Crash.ExitStatus
		}
	} else {
		s.apply(&st, u, verb)
	}
	if fault.Hang {
		result = hanging
	}
	st.Jobs++
	return st.Jobs, result, s.save(st)
}

// apply does what a job of that verb does to a unit.
func (s *Server) apply(st *state, u *unit, verb string) {
	switch {
	case verb == "stop":
		u.ActiveState, u.SubState, u.MainPID = "inactive", "dead", 0
	case verb == "start" && u.ActiveState == "active":
	case verb == "reload" && u.CanReload && u.ActiveState == "active":
	default:
		st.PIDs++
		u.StartedAt = max(uint64(s.now().UnixMicro()), u.StartedAt+1)
		u.ActiveState, u.SubState, u.Result, u.MainPID = "active", "running", "success", 1000+st.PIDs
		u.ExitCode, u.ExitStatus, u.NRestarts = 0, 0, 0
		if u.Oneshot {
			u.ActiveState, u.SubState, u.MainPID, u.ExitCode = "inactive", "dead", 0, 1
			if u.Remains {
				u.ActiveState, u.SubState = "active", "exited"
			}
		}
	}
}

func (s *Server) resetFailed(st *state, name string) error {
	u, ok := st.Units[name]
	if !ok {
		return loadError(&unit{Name: name, LoadState: "not-found"})
	}
	if u.ActiveState == "failed" {
		u.ActiveState, u.SubState = "inactive", "dead"
	}
	return nil
}

func loadError(u *unit) error {
	switch u.LoadState {
	case "not-found":
		return dbus.NewError("org.freedesktop.systemd1.NoSuchUnit", []any{"Unit " + u.Name + " not found."})
	case "masked":
		return dbus.NewError("org.freedesktop.systemd1.UnitMasked", []any{"Unit " + u.Name + " is masked."})
	}
	return nil
}
