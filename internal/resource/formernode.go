package resource

import (
	"context"

	"kubernetes-worker/internal/condition"
)

// FormerNode is that the Node object is gone under which this machine was a node before it changed its name. It is deleted
// once, and noted as gone.
type FormerNode struct{ Node string }

// ID is former-node:NODE.
func (n FormerNode) ID() string { return "former-node:" + n.Node }

// Stage is CleanupStage.
func (n FormerNode) Stage() Stage { return CleanupStage }

// Equal compares the name.
func (n FormerNode) Equal(other any) bool { return n == other }

// Plan deletes as long as the name is noted.
func (n FormerNode) Plan(_ context.Context, sys *System) (*Change, error) {
	if sys.State.FormerNode != n.Node || sys.Nodes == nil {
		return nil, nil
	}
	return &Change{Cause: "removed from the cluster", Apply: func(ctx context.Context) error {
		if err := sys.Nodes.DeleteNode(ctx, n.Node); err != nil {
			return condition.NewWaiting("Waiting for an API server, to remove node " + n.Node + ", which this machine was before: " + err.Error())
		}
		sys.State.FormerNode = ""
		return nil
	}}, nil
}
