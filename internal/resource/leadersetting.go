package resource

import (
	"context"
	"errors"

	"kubernetes-worker/internal/juju"
)

// Leader tells whether this unit leads its application, and publishes settings to the other units.
type Leader interface {
	IsLeader(ctx context.Context) (bool, error)
	SetLeaderSetting(ctx context.Context, key, value string) error
}

// LeaderSetting is a setting that the leader publishes. Who declares it has found that this unit leads and that another
// value is published; an empty value is none.
type LeaderSetting struct {
	Key, Value string
}

// ID is leader:KEY.
func (l LeaderSetting) ID() string { return "leader:" + l.Key }

// Stage is SnapConfigStage.
func (LeaderSetting) Stage() Stage { return SnapConfigStage }

// Equal compares key and value.
func (l LeaderSetting) Equal(other any) bool { return other == any(l) }

// Plan sends it once in an invocation. A unit that has ceased to lead leaves it to its successor.
func (l LeaderSetting) Plan(_ context.Context, sys *System) (*Change, error) {
	if sys.once[l.ID()] {
		return nil, nil
	}
	return &Change{Cause: "published: " + l.Value, Apply: func(ctx context.Context) error {
		sys.once[l.ID()] = true
		err := sys.Leader.SetLeaderSetting(ctx, l.Key, l.Value)
		var refusal *juju.ToolError
		if errors.As(err, &refusal) {
			return nil
		}
		return err
	}}, nil
}
