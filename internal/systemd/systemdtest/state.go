package systemdtest

import (
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"time"
)

// state is the content of state.json.
type state struct {
	Units   map[string]*unit `json:"units"`
	Jobs    uint32           `json:"jobs"`
	PIDs    uint32           `json:"pids"`
	Reloads int              `json:"reloads"`
}

// unit is a unit as systemd has it loaded.
type unit struct {
	Name        string `json:"name"`
	LoadState   string `json:"load_state"`
	ActiveState string `json:"active_state"`
	SubState    string `json:"sub_state"`
	FileState   string `json:"file_state"`
	Result      string `json:"result"`
	// StartedAt is in microseconds since 1970.
	StartedAt  uint64 `json:"started_at"`
	MainPID    uint32 `json:"main_pid"`
	ExitCode   int32  `json:"exit_code"`
	ExitStatus int32  `json:"exit_status"`
	NRestarts  uint32 `json:"n_restarts"`
	CanReload  bool   `json:"can_reload"`
	Oneshot    bool   `json:"oneshot"`
	Remains    bool   `json:"remains"`
	// Print is the fingerprint of the files that were read; NeedDaemonReload compares it with the disk.
	Print  string `json:"print"`
	Counts Counts `json:"counts"`
}

// Counts are how often something was asked for a unit over D-Bus.
type Counts struct {
	Start   int `json:"start"`
	Stop    int `json:"stop"`
	Restart int `json:"restart"`
	Reload  int `json:"reload"`
}

func (u *unit) fail(result string) {
	u.ActiveState, u.SubState, u.MainPID = "failed", "failed", 0
	u.Result, u.ExitCode, u.ExitStatus = "exit-code", 1, 1
	if result == "timeout" {
		u.Result = "timeout"
	}
}

// load reads the state; a missing file is an empty state. The caller holds the lock.
func (s *Server) load() state {
	st := state{}
	text, err := os.ReadFile(filepath.Join(s.stateDir, "state.json"))
	if err == nil {
		err = json.Unmarshal(text, &st)
	}
	if err != nil || st.Units == nil {
		st.Units = map[string]*unit{}
	}
	return st
}

func (s *Server) save(st state) error {
	text, err := json.MarshalIndent(st, "", "  ")
	if err != nil {
		return err
	}
	return replaceFile(filepath.Join(s.stateDir, "state.json"), text)
}

func replaceFile(path string, text []byte) error {
	temporary := path + ".new"
	if err := os.WriteFile(temporary, text, 0o644); err != nil {
		return err
	}
	return os.Rename(temporary, path)
}

// find returns a unit, reading its files when it is not loaded yet or was missing before, as systemd does on demand.
func (s *Server) find(st *state, name string) *unit {
	u, ok := st.Units[name]
	if ok && u.LoadState == "loaded" {
		return u
	}
	if !ok {
		u = &unit{Name: name, ActiveState: "inactive", SubState: "dead", Result: "success"}
	}
	s.read(u)
	if u.LoadState != "not-found" {
		st.Units[name] = u
	}
	return u
}

// reload reads the files of every unit again.
func (s *Server) reload(st *state) {
	for name, u := range st.Units {
		s.read(u)
		if u.LoadState == "not-found" && u.ActiveState != "active" {
			delete(st.Units, name)
		}
	}
}

// View is what a test sees of a unit.
type View struct {
	LoadState, ActiveState, SubState, FileState string
	StartedAt                                   time.Time
	Counts                                      Counts
}

// Unit shows a unit as a client would see it.
func (s *Server) Unit(name string) View {
	s.mu.Lock()
	defer s.mu.Unlock()
	st := s.load()
	u := s.view(s.find(&st, name))
	v := View{u.LoadState, u.ActiveState, u.SubState, u.FileState, time.Time{}, u.Counts}
	if u.StartedAt != 0 {
		v.StartedAt = time.UnixMicro(int64(u.StartedAt))
	}
	return v
}

// Reloads is how often a client has asked for a daemon-reload.
func (s *Server) Reloads() int {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.load().Reloads
}

// Reload reads all unit files again without counting it: the machine's own doing, not the charm's.
func (s *Server) Reload() error {
	return s.own(func(st *state) error { s.reload(st); return nil })
}

// StartUnit, StopUnit and RestartUnit do so without counting it: the machine's own doing, for instance of snapd.
func (s *Server) StartUnit(name string) error { return s.ownJob("start", name) }

// StopUnit stops a unit without counting it.
func (s *Server) StopUnit(name string) error { return s.ownJob("stop", name) }

// RestartUnit restarts a unit without counting it.
func (s *Server) RestartUnit(name string) error { return s.ownJob("restart", name) }

func (s *Server) ownJob(verb, name string) error {
	return s.own(func(st *state) error {
		u := s.find(st, name)
		if u.LoadState != "loaded" {
			return fmt.Errorf("cannot %s %s: it is %s", verb, name, u.LoadState)
		}
		s.apply(st, u, verb)
		return nil
	})
}

func (s *Server) own(change func(*state) error) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	st := s.load()
	if err := change(&st); err != nil {
		return err
	}
	return s.save(st)
}

// Boot is a restart of the machine: everything stops, then the enabled units start.
func (s *Server) Boot() error {
	return s.own(func(st *state) error {
		for _, u := range st.Units {
			u.ActiveState, u.SubState, u.MainPID = "inactive", "dead", 0
		}
		s.reload(st)
		for _, u := range st.Units {
			if u.FileState == "enabled" && strings.HasSuffix(u.Name, ".service") {
				s.apply(st, u, "start")
			}
		}
		return nil
	})
}
