package resource

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"time"

	"kubernetes-worker/internal/kube"
	"kubernetes-worker/internal/state"
)

// DeadNodes is that the cluster has no node of a unit of the application that is gone from the model and could not say
// goodbye: its machine was lost, or it was removed by force. A node that reports is not touched, nor one that has not been
// silent for long, and never one of a unit that the model has, of another application, or of another model.
type DeadNodes struct {
	Owner NodeOwner // this unit, which leads
	Units []string  // that the model has of the application
}

const (
	// longDead is for how long a node must not have been Ready, by the API server's clock.
	longDead = 10 * time.Minute
	// deadAtOnce bounds how many nodes one hook looks at and deletes; the next goes on.
	deadAtOnce = 20
)

// applicationLabel names the application on a node.
const applicationLabel = "juju-application"

// ID is dead-nodes.
func (DeadNodes) ID() string { return "dead-nodes" }

// Stage is CleanupStage.
func (DeadNodes) Stage() Stage { return CleanupStage }

// Equal compares the units.
func (d DeadNodes) Equal(other any) bool {
	o, ok := other.(DeadNodes)
	return ok && o.Owner == d.Owner && slices.Equal(o.Units, d.Units)
}

// Plan looks at the cluster if the model has other units than when all was found well, once in an invocation. What it finds
// and leaves, it notes for the log; then it looks again the next time. An API server that does not answer is asked then, too.
func (d DeadNodes) Plan(ctx context.Context, sys *System) (*Change, error) {
	noted := &sys.State.Sweep
	print := state.Fingerprint([]byte(d.Owner.Model + " " + strings.Join(d.Units, " ")))
	if sys.once[d.ID()] || sys.Nodes == nil || noted.Units == print {
		return nil, nil
	}
	sys.once[d.ID()] = true
	abandoned, now, more, err := d.abandoned(ctx, sys)
	if err != nil {
		return nil, nil
	}
	var dead []kube.Node
	var causes, left []string
	pending := more
	for _, node := range abandoned {
		unit := OwnerOf(node.Annotations).Unit
		switch since := silentSince(node); {
		case node.IsReady():
			left = append(left, fmt.Sprintf("node %s still reports, but its unit %s is not in the model any more; stop the kubelet on that machine, or delete the node", node.Name, unit))
		case since.IsZero() || now.Sub(since) < longDead:
			pending = true
		default:
			dead = append(dead, node)
			causes = append(causes, fmt.Sprintf("%s of %s, which is not in the model any more, has not been Ready since %s", node.Name, unit, since.UTC().Format(time.RFC3339)))
		}
	}
	note := func() error {
		noted.Units, noted.Left = "", left
		if !pending && len(left) == 0 {
			noted.Units = print
		}
		return sys.State.Save()
	}
	if len(dead) == 0 {
		return &Change{Silent: true, Apply: func(context.Context) error { return note() }}, nil
	}
	return &Change{Cause: "removed from the cluster: " + sentence(causes), Apply: func(ctx context.Context) error {
		for _, node := range dead {
			if err := sys.Nodes.DeleteThisNode(ctx, node, true); err != nil {
				pending = true // it has come back perhaps
				sys.Log(ctx, err.Error())
			}
		}
		return note()
	}}, nil
}

// abandoned are the nodes of units that are gone, and the API server's clock.
func (d DeadNodes) abandoned(ctx context.Context, sys *System) (nodes []kube.Node, now time.Time, more bool, err error) {
	ctx, cancel := context.WithTimeout(ctx, 30*time.Second)
	defer cancel()
	all, now, err := sys.Nodes.NodesWith(ctx, applicationLabel, d.Owner.app())
	if err != nil {
		return nil, now, false, err
	}
	for _, marks := range all {
		owner := OwnerOf(marks.Annotations)
		if owner.Model != d.Owner.Model || owner.app() != d.Owner.app() || slices.Contains(d.Units, owner.Unit) {
			continue
		}
		if len(nodes) == deadAtOnce {
			return nodes, now, true, nil
		}
		node, err := sys.Nodes.GetNode(ctx, marks.Name)
		switch {
		case kube.KindOf(err) == kube.NotFound:
		case err != nil:
			return nil, now, false, err
		case OwnerOf(node.Annotations) == owner: // nobody else has taken it over since
			nodes = append(nodes, node)
		}
	}
	return nodes, now, false, nil
}

// silentSince is since when a node has not been Ready; of one that never was, since it is there.
func silentSince(node kube.Node) time.Time {
	if node.Ready.Since.IsZero() {
		return node.CreatedAt
	}
	return node.Ready.Since
}
