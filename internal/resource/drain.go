package resource

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"kubernetes-worker/internal/condition"
	"kubernetes-worker/internal/drain"
	"kubernetes-worker/internal/kube"
)

// The reasons on the marks of cordons.
const (
	// UpgradeCordon is one that was made to change the kubelet or its runtime.
	UpgradeCordon = "upgrade"
	// PauseCordon is that of a paused unit. It holds until somebody resumes the unit.
	PauseCordon = "pause"
	// PausingCordon is one under which the pods are still leaving. What finds it later knows that the pause was ended halfway.
	PausingCordon = "pausing"
)

// drainTime is what pods get to leave. Budgets that allow one pod at a time let a node of many pods go slowly.
const drainTime = 10 * time.Minute

// NodeDrained is that no pod runs on the node that could run elsewhere, and that no new one is placed there. It comes
// before what pods would not live through. A node whose pods cannot go is put back into service.
type NodeDrained struct {
	Node            string
	Why             string
	DeleteLocalData bool          // pods with data in emptyDir volumes go, too
	Force           bool          // pods that nothing starts elsewhere go, too
	Timeout         time.Duration // what the pods get to leave; 0: ten minutes
	Kubelet         *Snap         // the node is drained only if this is to become one of another minor release; nil: in any case
	Needs           []string
}

// ID is drained:NODE, or drained-for-upgrade:NODE.
func (n NodeDrained) ID() string {
	if n.Kubelet != nil {
		return "drained-for-upgrade:" + n.Node
	}
	return "drained:" + n.Node
}

// Stage is SnapStage, and it has to be declared before the snaps that need it.
func (n NodeDrained) Stage() Stage { return SnapStage }

// Requires names the resources that must be in place.
func (n NodeDrained) Requires() []string { return n.Needs }

// Equal compares all fields.
func (n NodeDrained) Equal(other any) bool {
	o, ok := other.(NodeDrained)
	return ok && o.Node == n.Node && o.Why == n.Why && o.DeleteLocalData == n.DeleteLocalData && o.Force == n.Force && o.Timeout == n.Timeout && sameSnap(o.Kubelet, n.Kubelet) && slices.Equal(o.Needs, n.Needs)
}

// Plan asks the cluster which pods there are. A pod that must not go is found before the node is cordoned.
func (n NodeDrained) Plan(ctx context.Context, sys *System) (*Change, error) {
	switch {
	case sys.DrainFailure != nil:
		return nil, sys.DrainFailure
	case sys.Drained:
		return nil, nil
	case sys.Cluster == nil:
		return nil, waitToDrain("none is known")
	}
	if n.Kubelet != nil {
		if crosses, err := n.Kubelet.crosses(ctx, sys); err != nil || !crosses {
			return nil, err
		}
	}
	options := drain.Options{DeleteLocalData: n.DeleteLocalData, Force: n.Force, IgnoreDaemonSets: true, Timeout: cmp.Or(n.Timeout, drainTime)}
	plan, err := drain.Look(ctx, sys.Cluster, n.Node, options)
	if err != nil {
		return nil, drainCondition(err)
	}
	if len(plan.Held) > 0 {
		return nil, held(plan.Held)
	}
	return &Change{
		Cause:  fmt.Sprintf("%s, %d pods to move", n.Why, len(plan.Move)),
		Status: "Moving pods to other nodes",
		Apply: func(ctx context.Context) error {
			sys.NodeChanges++
			err := n.drain(ctx, sys, plan, options)
			if ctx.Err() != nil {
				return err // the invocation was ended, which says nothing of the pods
			}
			sys.Drained, sys.DrainFailure = err == nil, err
			return err
		},
	}, nil
}

func (n NodeDrained) drain(ctx context.Context, sys *System, plan drain.Plan, options drain.Options) error {
	if _, err := drain.Cordon(ctx, sys.Cluster, n.Node, UpgradeCordon); err != nil {
		return drainCondition(err)
	}
	gone := 0
	result, err := drain.Evict(ctx, sys.Cluster, n.Node, options, func(e drain.Event) {
		if e.What == drain.Gone {
			gone++
			sys.Progress(ctx, fmt.Sprintf("Moving pods to other nodes (%d of %d)", gone, len(plan.Move)))
		}
	})
	sys.PodsMoved += len(result.Evicted)
	if err == nil {
		sys.Log(ctx, fmt.Sprintf("moved %d pods off the node, %d stay: %s", len(result.Evicted), len(result.Skipped), staying(result.Skipped)))
		return nil
	}
	// What has gone comes back by itself once the node takes pods again; the invocation may be at its end.
	back, cancel := context.WithTimeout(context.WithoutCancel(ctx), 10*time.Second)
	defer cancel()
	if _, undo := drain.Uncordon(back, sys.Cluster, n.Node, UpgradeCordon); undo != nil {
		err = errors.Join(err, undo)
	}
	return drainCondition(err)
}

// held says which pods stand in the way and how they may be moved nevertheless.
func held(pods []drain.Staying) error {
	var parameters []string
	for _, p := range []struct {
		reason drain.Reason
		name   string
	}{{drain.LocalData, "delete-local-data=true"}, {drain.Unmanaged, "force=true"}} {
		if slices.ContainsFunc(pods, func(s drain.Staying) bool { return slices.Contains(s.Reasons, p.reason) }) {
			parameters = append(parameters, p.name)
		}
	}
	return condition.NewBlocked(fmt.Sprintf("cannot move pods off the node: %s; run the upgrade action with %s, or with drain=false to leave all pods where they are",
		staying(pods), strings.Join(parameters, " ")))
}

// staying lists some pods with their reasons; a status is read in one line.
func staying(pods []drain.Staying) string {
	const most = 3
	var parts []string
	for _, s := range pods[:min(len(pods), most)] {
		parts = append(parts, s.String())
	}
	if len(pods) > most {
		parts = append(parts, fmt.Sprintf("and %d more", len(pods)-most))
	}
	return strings.Join(parts, ", ")
}

// drainCondition tells an API server that is away from pods that do not go, about which a person has to decide.
func drainCondition(err error) error {
	switch kube.KindOf(err) {
	case kube.Unreachable, kube.Conflict:
		return waitToDrain(err.Error())
	}
	return condition.NewBlocked(err.Error())
}

func waitToDrain(reason string) error {
	return condition.NewWaiting("Waiting for an API server, to move pods off the node: " + reason)
}

// NodeSchedulable is that a node takes pods again that was taken out of service for the reason. A cordon of somebody else
// stays.
type NodeSchedulable struct{ Node, Reason string }

// ID is schedulable:NODE.
func (n NodeSchedulable) ID() string { return "schedulable:" + n.Node }

// Stage is ObjectStage.
func (n NodeSchedulable) Stage() Stage { return ObjectStage }

// Equal compares name and reason.
func (n NodeSchedulable) Equal(other any) bool { return n == other }

// Plan always asks for the change: it is declared for a node that was seen with our mark.
func (n NodeSchedulable) Plan(_ context.Context, sys *System) (*Change, error) {
	if sys.tried[n.ID()] || sys.Cluster == nil {
		return nil, nil
	}
	return &Change{Cause: "back in service", Apply: func(ctx context.Context) error {
		sys.tried[n.ID()] = true
		sys.NodeChanges++
		if _, err := drain.Uncordon(ctx, sys.Cluster, n.Node, n.Reason); err != nil {
			return condition.NewWaiting("Waiting for an API server, to put the node back into service: " + err.Error())
		}
		return nil
	}}, nil
}
