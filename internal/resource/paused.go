package resource

import (
	"context"

	"kubernetes-worker/internal/condition"
	"kubernetes-worker/internal/drain"
)

// NodePaused is that no pod is placed on the node of a paused unit. A cordon that was made for an upgrade, or by a pause
// that did not come to its end, becomes the pause's; one of somebody else stays theirs. Pods that run there stay.
type NodePaused struct{ Node string }

// ID is paused:NODE.
func (n NodePaused) ID() string { return "paused:" + n.Node }

// Stage is ObjectStage.
func (n NodePaused) Stage() Stage { return ObjectStage }

// Equal compares the name.
func (n NodePaused) Equal(other any) bool { return n == other }

// Plan always asks for the change: it is declared for a node that was seen without the mark.
func (n NodePaused) Plan(_ context.Context, sys *System) (*Change, error) {
	if sys.tried[n.ID()] || sys.Cluster == nil {
		return nil, nil
	}
	return &Change{Cause: "the unit is paused", Apply: func(ctx context.Context) error {
		sys.tried[n.ID()] = true
		sys.NodeChanges++
		if _, err := drain.CordonOver(ctx, sys.Cluster, n.Node, PauseCordon, PausingCordon, UpgradeCordon); err != nil {
			return condition.NewWaiting("Waiting for an API server, to keep the paused node out of service: " + err.Error())
		}
		return nil
	}}, nil
}
