package jujusim

import (
	"bufio"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"time"
)

// Outcome is how a hook or action ended.
type Outcome string

// The outcomes of a hook. Actions know ok, failed and killed.
const (
	Succeeded   Outcome = "ok"       // its writes were flushed
	HookFailed  Outcome = "failed"   // nothing flushed, the unit is in error
	Killed      Outcome = "killed"   // ended by a signal; runs again
	Skipped     Outcome = "skipped"  // the charm has no such hook
	Interrupted Outcome = "rebooted" // juju-reboot --now; runs again after the boot
)

// HookRecord is what one run of a hook or action was and what it cost.
type HookRecord struct {
	Number     int       `json:"number"`
	Time       time.Time `json:"time"`
	Unit       string    `json:"unit"`
	Hook       string    `json:"hook,omitempty"`
	Action     string    `json:"action,omitempty"`
	Relation   string    `json:"relation,omitempty"`
	RemoteUnit string    `json:"remote_unit,omitempty"`
	Outcome    Outcome   `json:"outcome"`
	Exit       int       `json:"exit"`
	Signal     int       `json:"signal,omitempty"`

	Wall       time.Duration `json:"wall_ns"`
	CPU        time.Duration `json:"cpu_ns"`       // the process and the children it waited for
	PeakKB     int64         `json:"peak_kb"`      // resident memory of the charm's own process
	TreePeakKB int64         `json:"tree_peak_kb"` // largest process started by it, or itself

	// Tools counts calls by transport ("exec" or "socket") and tool.
	Tools map[string]map[string]int `json:"tools"`
	// Flushed names what the model took at the end or at once: relation keys, ports, state; never values.
	Flushed []string `json:"flushed,omitempty"`
}

// Calls is the number of tool calls over one transport, "exec" or "socket".
func (r HookRecord) Calls(via string) int {
	sum := 0
	for _, n := range r.Tools[via] {
		sum += n
	}
	return sum
}

// Name is the hook's or the action's name.
func (r HookRecord) Name() string {
	if r.Action != "" {
		return "action " + r.Action
	}
	return r.Hook
}

func (m *Model) addRecord(record HookRecord) error {
	line, err := json.Marshal(record)
	if err != nil {
		return fmt.Errorf("cannot encode a hook record: %w", err)
	}
	file, err := os.OpenFile(m.store.path("hooks.jsonl"), os.O_CREATE|os.O_APPEND|os.O_WRONLY, 0o600)
	if err != nil {
		return fmt.Errorf("cannot open the hook records: %w", err)
	}
	_, err = file.Write(append(line, '\n'))
	if closing := file.Close(); err == nil {
		err = closing
	}
	if err != nil {
		return fmt.Errorf("cannot write a hook record: %w", err)
	}
	return nil
}

// Hooks returns the records of all hooks and actions so far, oldest first.
func (m *Model) Hooks() ([]HookRecord, error) {
	file, err := os.Open(m.store.path("hooks.jsonl"))
	if errors.Is(err, os.ErrNotExist) {
		return nil, nil
	}
	if err != nil {
		return nil, fmt.Errorf("cannot read the hook records: %w", err)
	}
	defer file.Close()
	var records []HookRecord
	lines := bufio.NewScanner(file)
	lines.Buffer(nil, 1<<20)
	for lines.Scan() {
		var record HookRecord
		if err := json.Unmarshal(lines.Bytes(), &record); err != nil {
			return nil, fmt.Errorf("cannot parse a hook record: %w", err)
		}
		records = append(records, record)
	}
	if err := lines.Err(); err != nil {
		return nil, fmt.Errorf("cannot read the hook records: %w", err)
	}
	return records, nil
}
