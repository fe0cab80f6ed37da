package resource

import (
	"context"
	"slices"
)

// StoreRelease is that the store has all of some snaps on a channel. It changes nothing: snaps that require it are left as
// they are while the store is away or lacks one of them. A store that is away costs snapd half a minute for each
// question, so it is asked until the first that fails.
type StoreRelease struct {
	Channel string
	Snaps   []string
	Needs   []string // IDs of resources without which the store is not asked
}

// ID is release:CHANNEL.
func (r StoreRelease) ID() string { return "release:" + r.Channel }

// Stage is SnapStage, and it has to be declared before its snaps.
func (r StoreRelease) Stage() Stage { return SnapStage }

// Requires names the resources that must be in place.
func (r StoreRelease) Requires() []string { return r.Needs }

// Outside marks it as one that asks outside.
func (StoreRelease) Outside() {}

// Equal compares the channel and the snaps.
func (r StoreRelease) Equal(other any) bool {
	o, ok := other.(StoreRelease)
	return ok && o.Channel == r.Channel && slices.Equal(o.Snaps, r.Snaps) && slices.Equal(o.Needs, r.Needs)
}

// Plan asks the store, once for each snap in an invocation, and keeps what it has for the snaps.
func (r StoreRelease) Plan(ctx context.Context, sys *System) (*Change, error) {
	for _, name := range r.Snaps {
		if sys.released[name+" "+r.Channel].Revision != "" {
			continue
		}
		offer, err := sys.Snaps.Released(ctx, name, r.Channel)
		if err != nil {
			return nil, snapCondition(name, r.Channel, err)
		}
		sys.released[name+" "+r.Channel] = offer
	}
	return nil, nil
}
