package resource

import (
	"context"
	"fmt"
	"slices"
	"time"

	"kubernetes-worker/internal/condition"
	"kubernetes-worker/internal/kube"
	"kubernetes-worker/internal/state"
)

// turnTime is for how long a unit has its turn to upgrade without renewing it: longer than any step of an upgrade takes, and
// so how long a unit that died in the middle keeps the others waiting.
const turnTime = 30 * time.Minute

// TurnNamespace is where the leases of all applications' turns are.
const TurnNamespace = "kube-system"

// Turn is an application's turn to upgrade, which one of its units has at a time: a lease in the cluster.
type Turn struct {
	Name   string // of the lease
	Holder string // the unit
}

func (t Turn) lease() kube.Lease {
	return kube.Lease{Namespace: TurnNamespace, Name: t.Name, Holder: t.Holder, Duration: turnTime, Note: failedNote}
}

// UpgradeTurn is that it is this unit's turn, so that no two units of an application take their nodes out of service for an
// upgrade at the same time.
type UpgradeTurn struct {
	Turn
	Snaps []Snap
	// Wanted is the fingerprint of what the upgrade brings, Channel how people call it. Where another unit has failed with it,
	// this one leaves the turn alone. Empty for an upgrade that goes on nevertheless.
	Wanted, Channel string
	// Alone: where the cluster has no leases, whoever asked for the upgrade sees to it that only one unit upgrades.
	Alone bool
	Needs []string
}

// ID is upgrade-turn.
func (u UpgradeTurn) ID() string { return "upgrade-turn" }

// Stage is SnapStage, and it has to be declared before the snaps.
func (u UpgradeTurn) Stage() Stage { return SnapStage }

// Requires names the resources that must be in place.
func (u UpgradeTurn) Requires() []string { return u.Needs }

// Equal compares all fields.
func (u UpgradeTurn) Equal(other any) bool {
	o, ok := other.(UpgradeTurn)
	return ok && o.Turn == u.Turn && o.Wanted == u.Wanted && o.Channel == u.Channel && o.Alone == u.Alone && slices.EqualFunc(o.Snaps, u.Snaps, Snap.same) && slices.Equal(o.Needs, u.Needs)
}

// Plan takes the turn once in an invocation; the steps after it renew it.
func (u UpgradeTurn) Plan(ctx context.Context, sys *System) (*Change, error) {
	snaps, err := changing(ctx, sys, u.Snaps)
	switch {
	case err != nil || len(snaps) == 0 || sys.tried[u.ID()]:
		return nil, err
	case sys.Control == nil:
		return nil, waitForTurn("none is known")
	}
	return &Change{Cause: "to upgrade", Apply: func(ctx context.Context) error {
		lease, failed := u.lease(), failure{}
		if u.Wanted != "" {
			lease.Heed = func(note string) (heeded bool) {
				failed, heeded = u.heeds(ctx, sys, note)
				return heeded
			}
		}
		err := take(ctx, sys, lease)
		if failed.Unit != "" {
			err = condition.NewBlocked(fmt.Sprintf("the upgrade to %s failed on %s: %s; run the upgrade action to try it here", u.Channel, failed.Unit, failed.Reason))
			sys.UpgradeStopped = err
		}
		if kube.KindOf(err) == kube.Unserved && u.Alone {
			sys.Log(ctx, "the cluster has no leases: see to it that no other unit upgrades now")
			err = nil
		}
		sys.tried[u.ID()] = err == nil
		return err
	}}, nil
}

// take takes the turn or renews it. That this unit may have it is noted before, so that it is given back in any case.
func take(ctx context.Context, sys *System, lease kube.Lease) error {
	sys.State.Turn = true
	if err := sys.State.Save(); err != nil {
		return err
	}
	held, err := sys.Control.Acquire(ctx, lease)
	switch {
	case kube.KindOf(err) == kube.Unserved:
		sys.State.Turn = false
		return fmt.Errorf("%w: %w", condition.NewBlocked("the cluster has no leases, by which units upgrade one after the other; run the upgrade action on each"), err)
	case err != nil:
		return waitForTurn(err.Error())
	case held.Noted:
		sys.State.Turn = held.By == lease.Holder // it was this unit's before the note was written: it is given back
	case !held.Mine:
		sys.State.Turn = false
		return condition.NewWaiting(fmt.Sprintf("Waiting for %s, whose turn it is to upgrade until %s", held.By, held.Until.UTC().Format(time.RFC3339)))
	}
	return nil
}

func waitForTurn(reason string) error {
	return condition.NewWaiting("Waiting for an API server, to know whose turn it is to upgrade: " + reason)
}

// UpgradeEnded is that nothing of an upgrade is remembered but its failure, and that it is the next unit's turn. What has to
// be in order before is in Needs.
type UpgradeEnded struct {
	Turn
	Failed    state.FailedUpgrade // what the next units learn of this one's failure; nothing where there was none
	Succeeded bool                // the node works with what is wanted, so that no failure matters any more
	Needs     []string
}

// ID is upgrade-ended.
func (u UpgradeEnded) ID() string { return "upgrade-ended" }

// Stage is CleanupStage.
func (u UpgradeEnded) Stage() Stage { return CleanupStage }

// Requires names the resources that must be in place.
func (u UpgradeEnded) Requires() []string { return u.Needs }

// Equal compares all fields.
func (u UpgradeEnded) Equal(other any) bool {
	o, ok := other.(UpgradeEnded)
	return ok && o.Turn == u.Turn && o.Failed == u.Failed && o.Succeeded == u.Succeeded && slices.Equal(o.Needs, u.Needs)
}

// Plan compares what is remembered.
func (u UpgradeEnded) Plan(_ context.Context, sys *System) (*Change, error) {
	if !sys.State.Turn && sys.State.Upgrade.Wanted == "" {
		return nil, nil
	}
	return &Change{Cause: "the next unit may upgrade", Apply: func(ctx context.Context) error {
		if sys.State.Turn {
			if sys.Control == nil {
				return waitToEnd("none is known")
			}
			lease := u.lease()
			if u.Failed.Reason != "" || u.Succeeded {
				note := noteOf(u.Failed, u.Holder)
				lease.Leave = &note
			}
			if err := sys.Control.Release(ctx, lease); err != nil {
				return waitToEnd(err.Error())
			}
		}
		sys.State.Turn, sys.State.Upgrade = false, state.Upgrade{}
		return sys.State.Save()
	}}, nil
}

func waitToEnd(reason string) error {
	return condition.NewWaiting("Waiting for an API server, to let the next unit upgrade: " + reason)
}
