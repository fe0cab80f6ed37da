package resource

import (
	"context"
	"maps"
	"slices"

	"kubernetes-worker/internal/state"
)

// UpgradeNoted is that what the snaps are before an upgrade is known to all hooks that follow, and with whose word it began.
type UpgradeNoted struct {
	Turn
	Wanted   string // fingerprint of what the upgrade brings
	Snaps    []Snap
	Ready    bool     // the node is Ready now
	Units    []string // of its daemons that run now
	Approval state.Approval
	Needs    []string
}

// ID is upgrade-noted.
func (u UpgradeNoted) ID() string { return "upgrade-noted" }

// Stage is SnapStage, and it has to be declared before the snaps.
func (u UpgradeNoted) Stage() Stage { return SnapStage }

// Requires names the resources that must be in place.
func (u UpgradeNoted) Requires() []string { return u.Needs }

// Equal compares what matters to those who declare it.
func (u UpgradeNoted) Equal(other any) bool {
	o, ok := other.(UpgradeNoted)
	return ok && o.Turn == u.Turn && o.Wanted == u.Wanted && o.Ready == u.Ready && o.Approval == u.Approval && slices.Equal(o.Units, u.Units) &&
		slices.EqualFunc(o.Snaps, u.Snaps, Snap.same) && slices.Equal(o.Needs, u.Needs)
}

// Plan compares the note with what is wanted. An upgrade that is turned into another one keeps what was before the first.
func (u UpgradeNoted) Plan(ctx context.Context, sys *System) (*Change, error) {
	snaps, err := changing(ctx, sys, u.Snaps)
	noted := sys.State.Upgrade
	if err != nil || len(snaps) == 0 || noted.Wanted == u.Wanted && !noted.Verified {
		return nil, err
	}
	return &Change{Cause: "what is there now is kept to go back to", Apply: func(ctx context.Context) error {
		next := state.Upgrade{Wanted: u.Wanted, Before: map[string]state.SnapBefore{}, Ready: u.Ready, Units: u.Units, Since: sys.Now().Unix(), Approval: u.Approval}
		if noted.Wanted != "" && !noted.Verified {
			next.Ready, next.Units = noted.Ready, noted.Units
			maps.Copy(next.Before, noted.Before)
		}
		for _, s := range u.Snaps {
			have, installed, err := sys.snap(ctx, s.Name)
			if err != nil {
				return snapCondition(s.Name, s.Channel, err)
			}
			if _, known := next.Before[s.Name]; installed && !known {
				next.Before[s.Name] = state.SnapBefore{Revision: have.Revision, Channel: have.Channel, File: sys.State.Snaps[s.Name]}
			}
		}
		if sys.State.Turn { // the drain before may have taken long
			if err := take(ctx, sys, u.lease()); err != nil {
				return err
			}
		}
		sys.State.Upgrade = next
		return sys.State.Save()
	}}, nil
}
