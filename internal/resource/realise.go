package resource

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"syscall"

	"kubernetes-worker/internal/condition"
)

// Observer sees each change before and after it is made. Its methods may end the process: that is how the tests prove
// that any boundary is a safe place to die.
type Observer interface {
	Before(id string, change Change)
	After(id string, change Change, err error)
}

// Realise brings the wants of one round about in the order of their stages, and in the order given within a stage. A
// failed resource keeps back only those that require it. What waits for somebody else is tried once in an invocation,
// however many rounds there are: a hook holds up all others on the machine. With dry set it only says what it would do.
func Realise(ctx context.Context, sys *System, wants []Resource, observer Observer, dry bool) (changes []string, findings []error) {
	ordered := slices.Clone(wants)
	slices.SortStableFunc(ordered, func(a, b Resource) int { return int(a.Stage() - b.Stage()) })
	failed := map[string]bool{}
	sys.made = 0
	for _, r := range ordered {
		if ctx.Err() != nil {
			return changes, append(findings, fmt.Errorf("cannot go on with %s: %w", r.ID(), context.Cause(ctx)))
		}
		if requiresFailed(r, failed) {
			failed[r.ID()] = true
			continue
		}
		if err := sys.recall(r); err != nil {
			failed[r.ID()] = true
			findings = append(findings, err)
			continue
		}
		change, err := r.Plan(ctx, sys)
		if err != nil {
			failed[r.ID()] = true
			sys.noteFailure(r, err)
			findings = append(findings, err)
			continue
		}
		if change == nil {
			continue
		}
		line := r.ID()
		if change.Cause != "" {
			line += ": " + change.Cause
		}
		if dry {
			if !change.Silent {
				changes = append(changes, line)
			}
			continue
		}
		if err := apply(ctx, sys, r, *change, observer); err != nil {
			failed[r.ID()] = true
			sys.noteFailure(r, err)
			findings = append(findings, err)
			continue
		}
		if !change.Silent {
			sys.made++
			sys.Log(ctx, line)
			changes = append(changes, line)
		}
	}
	return changes, findings
}

func apply(ctx context.Context, sys *System, r Resource, change Change, observer Observer) error {
	if change.Status != "" {
		sys.Progress(ctx, change.Status)
	}
	if observer != nil {
		observer.Before(r.ID(), change)
	}
	sys.seen = Seen{}
	err := fullDisk(change.Apply(ctx))
	if observer != nil {
		observer.After(r.ID(), change, err)
	}
	return err
}

// fullDisk makes a blocked condition of a full disk, which a person has to empty; Juju's retries would not help.
func fullDisk(err error) error {
	if condition.Of(err) == condition.Fault && (errors.Is(err, syscall.ENOSPC) || errors.Is(err, syscall.EDQUOT)) {
		return condition.NewBlocked(err.Error())
	}
	return err
}

func requiresFailed(r Resource, failed map[string]bool) bool {
	q, ok := r.(Requirer)
	return ok && slices.ContainsFunc(q.Requires(), func(id string) bool { return failed[id] })
}

// sentence joins causes for people.
func sentence(causes []string) string { return strings.Join(causes, "; ") }
