package snapdtest

import (
	"encoding/json"
	"os"
	"path/filepath"
)

// Faults is the content of faults.json, which is read anew at every request. A missing file means none.
type Faults struct {
	// Gone cuts every connection. For a missing socket, Close the stand-in.
	Gone bool `json:"gone,omitempty"`
	// Denied refuses everything as for a user without rights.
	Denied bool `json:"denied,omitempty"`
	// StoreAway makes the store unreachable.
	StoreAway bool `json:"store_away,omitempty"`
	// DiskFull makes every change fail for lack of space.
	DiskFull bool `json:"disk_full,omitempty"`
	// Busy names, by snap, the kind of a change that is in the way ("auto-refresh").
	Busy map[string]string `json:"busy,omitempty"`
	// ChangeError gives, by snap, the text with which its changes fail; one that begins with `run hook "configure": ` is
	// the failure of a hook.
	ChangeError map[string]string `json:"change_error,omitempty"`
	// Slow says, by snap, how often its changes are looked at before they are done.
	Slow map[string]int `json:"slow,omitempty"`
	// RestartDuring names a snap whose changes make the daemon restart itself: the next requests about the change find no
	// daemon.
	RestartDuring string `json:"restart_during,omitempty"`
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
