package systemdtest

import (
	"encoding/json"
	"os"
	"path/filepath"
	"strings"
	"time"
)

// Faults is the content of faults.json, which is read anew at every request. A missing file means none.
type Faults struct {
	// Down closes every new connection at once.
	Down bool `json:"down,omitempty"`
	// Mute accepts connections and never says a word.
	Mute bool `json:"mute,omitempty"`
	// Units are faults by the full name of the unit.
	Units map[string]UnitFault `json:"units,omitempty"`
}

// UnitFault is what goes wrong with one unit.
type UnitFault struct {
	// Job is the result of jobs that start, restart or reload the unit: "failed", "timeout", "canceled", …. Where a crash is
	// limited to what a file holds, so is this.
	Job string `json:"job,omitempty"`
	// Hang keeps jobs from ending.
	Hang bool `json:"hang,omitempty"`
	// Crash makes the service end by itself after its job is done.
	Crash *Crash `json:"crash,omitempty"`
}

// Crash describes a service that ends by itself and is started again by systemd, over and over.
type Crash struct {
	// ExitStatus is what its process returns.
	ExitStatus int32 `json:"exit_status"`
	// AfterMilliseconds is how long it runs before it ends.
	AfterMilliseconds int64 `json:"after_ms,omitempty"`
	// Restarts is how often systemd has tried already.
	Restarts uint32 `json:"restarts,omitempty"`
	// GiveUp means that systemd tries no more: the unit is failed instead of waiting for its next start.
	GiveUp bool `json:"give_up,omitempty"`
	// WhenFile and WhenContains limit the crash to when that file below the root contains that text, for instance a flag
	// that the program does not know.
	WhenFile     string `json:"when_file,omitempty"`
	WhenContains string `json:"when_contains,omitempty"`
}

// SetFaults writes faults.json.
func (s *Server) SetFaults(f Faults) error {
	text, err := json.MarshalIndent(f, "", "  ")
	if err != nil {
		return err
	}
	return replaceFile(filepath.Join(s.stateDir, "faults.json"), text)
}

func (s *Server) faults() Faults {
	var f Faults
	if text, err := os.ReadFile(filepath.Join(s.stateDir, "faults.json")); err == nil {
		// A file that is just being edited by hand counts as no faults.
		_ = json.Unmarshal(text, &f)
	}
	return f
}

// view shows a running unit as its crash leaves it. The state itself is kept, so that the service is well again as soon as
// the cause is gone, as with a service that systemd starts over and over.
func (s *Server) view(u *unit) unit {
	seen := *u
	crash := s.faults().Units[u.Name].Crash
	if crash == nil || u.ActiveState != "active" || !s.happens(*crash) {
		return seen
	}
	age := s.now().Sub(time.UnixMicro(int64(u.StartedAt)))
	if age < time.Duration(crash.AfterMilliseconds)*time.Millisecond {
		return seen
	}
	seen.ActiveState, seen.SubState, seen.MainPID = "activating", "auto-restart", 0
	if crash.GiveUp {
		seen.ActiveState, seen.SubState = "failed", "failed"
	}
	seen.Result, seen.ExitCode, seen.ExitStatus, seen.NRestarts = "exit-code", 1, crash.ExitStatus, crash.Restarts
	return seen
}

func (s *Server) happens(c Crash) bool {
	if c.WhenFile == "" {
		return true
	}
	text, err := os.ReadFile(filepath.Join(s.root, c.WhenFile))
	return err == nil && strings.Contains(string(text), c.WhenContains)
}
