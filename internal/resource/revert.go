package resource

import (
	"context"
	"fmt"
	"strings"

	"kubernetes-worker/internal/condition"
	"kubernetes-worker/internal/snapd"
	"kubernetes-worker/internal/state"
)

// SnapReverted is that a snap is again what it was before an upgrade.
type SnapReverted struct {
	Name   string
	Before state.SnapBefore
}

// ID is snap-reverted:NAME.
func (s SnapReverted) ID() string { return "snap-reverted:" + s.Name }

// Stage is SnapStage.
func (s SnapReverted) Stage() Stage { return SnapStage }

// Equal compares all fields.
func (s SnapReverted) Equal(other any) bool { return other == any(s) }

// Plan compares what is installed. snapd does not go back to the channel that a snap followed, so that is done besides.
func (s SnapReverted) Plan(ctx context.Context, sys *System) (*Change, error) {
	have, installed, err := sys.snap(ctx, s.Name)
	if err != nil {
		return nil, s.condition(err)
	}
	revision := have.Revision != s.Before.Revision
	local := strings.HasPrefix(s.Before.Revision, "x")
	channel := !local && s.Before.Channel != "" && !snapd.SameChannel(have.Channel, s.Before.Channel)
	if !installed || !revision && !channel {
		return nil, nil
	}
	return &Change{Cause: "revision " + have.Revision + ", back to " + s.Before.Revision, Status: "Reverting " + s.Name + " snap", Apply: func(ctx context.Context) error {
		if revision {
			progress := func(p snapd.ChangeProgress) { sys.Progress(ctx, "Reverting "+s.Name+" snap"+describe(p)) }
			if err := sys.Snaps.Revert(ctx, s.Name, s.Before.Revision, progress); err != nil {
				return s.condition(err)
			}
		}
		if channel {
			if err := sys.Snaps.SetChannel(ctx, s.Name, s.Before.Channel); err != nil {
				return s.condition(err)
			}
		}
		if delete(sys.State.Snaps, s.Name); s.Before.File != "" {
			sys.State.Snaps[s.Name] = s.Before.File
		}
		return sys.State.Save()
	}}, nil
}

func (s SnapReverted) condition(err error) error {
	if snapd.Transient(err) {
		return condition.NewWaiting(fmt.Sprintf("Waiting for snapd, to go back to revision %s of %s: %s", s.Before.Revision, s.Name, snapReason(err)))
	}
	return condition.NewBlocked(fmt.Sprintf("cannot go back to revision %s of snap %s: %s; run the upgrade action to go on to what is wanted",
		s.Before.Revision, s.Name, snapReason(err)))
}
