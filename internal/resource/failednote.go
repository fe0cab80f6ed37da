package resource

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"regexp"
	"strings"

	"kubernetes-worker/internal/state"
)

const (
	// failedNote is the annotation of a turn's lease by which a unit's failure keeps the units after it from the same.
	failedNote = "kubernetes-worker/failed-upgrade"
	// longestReason bounds what a note says of the reason, in characters; longestNote is what is read at all, in bytes.
	longestReason = 300
	longestNote   = 4096
)

var unitName = regexp.MustCompile(`^[a-z][a-z0-9-]{0,80}/[0-9]{1,9}$`)

// failure is such a note.
type failure struct {
	Wanted string `json:"wanted"` // fingerprint of what the upgrade was to bring
	Unit   string `json:"unit"`
	Reason string `json:"reason"`
}

// noteOf writes what a unit leaves; empty where it has not failed.
func noteOf(failed state.FailedUpgrade, unit string) string {
	if failed.Reason == "" {
		return ""
	}
	text, err := json.Marshal(failure{failed.Wanted, unit, oneLine(failed.Reason)})
	if err != nil {
		return "" // strings can always be written
	}
	return string(text)
}

// parseFailure reads a note, which anybody in the cluster may have written.
func parseFailure(note string) (failure, error) {
	var f failure
	if len(note) > longestNote {
		return failure{}, errors.New("it is too long")
	}
	if err := json.Unmarshal([]byte(note), &f); err != nil {
		return failure{}, err
	}
	if f.Reason = oneLine(f.Reason); f.Wanted == "" || f.Reason == "" || !unitName.MatchString(f.Unit) {
		return failure{}, errors.New("it does not say what failed, where and why")
	}
	return f, nil
}

// oneLine makes a text fit into a status.
func oneLine(text string) string {
	text = strings.Join(strings.FieldsFunc(text, func(r rune) bool { return r <= ' ' || r == 0x7f || r == 0x85 || r == 0x2028 || r == 0x2029 }), " ")
	if runes := []rune(text); len(runes) > longestReason {
		text = strings.TrimRight(string(runes[:longestReason-1]), " ") + "…"
	}
	return strings.ToValidUTF8(text, "�")
}

// heeds reports whether a note is about what this unit wants. Its own it does not need: its state file has it, until
// something else is wanted.
func (u UpgradeTurn) heeds(ctx context.Context, sys *System, note string) (failure, bool) {
	failed, err := parseFailure(note)
	switch {
	case err != nil:
		sys.Log(ctx, fmt.Sprintf("annotation %s of Lease %s/%s is ignored: %v", failedNote, TurnNamespace, u.Name, err))
		return failure{}, false
	case failed.Wanted != u.Wanted || failed.Unit == u.Holder:
		return failure{}, false
	}
	return failed, true
}
