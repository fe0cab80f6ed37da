package resource

import (
	"context"
	"fmt"
	"maps"
	"slices"
	"strings"

	"kubernetes-worker/internal/condition"
	"kubernetes-worker/internal/kube"
)

// NodeLabels are labels of this machine's Node object. Have is what the object carries, as read at the start of the
// round; Remove are labels that the charm put on earlier and nobody wants any more.
type NodeLabels struct {
	Node   string
	Have   map[string]string
	Set    map[string]string
	Remove []string
}

// ID is node-labels:NODE.
func (l NodeLabels) ID() string { return "node-labels:" + l.Node }

// Stage is ObjectStage.
func (l NodeLabels) Stage() Stage { return ObjectStage }

// Equal compares the wanted labels.
func (l NodeLabels) Equal(other any) bool {
	o, ok := other.(NodeLabels)
	return ok && o.Node == l.Node && maps.Equal(o.Set, l.Set) && slices.Equal(o.Remove, l.Remove)
}

// Plan compares the labels the object has with the wanted ones.
func (l NodeLabels) Plan(_ context.Context, sys *System) (*Change, error) {
	set, remove := l.differences()
	if len(set)+len(remove) == 0 {
		if maps.Equal(sys.State.Labels, l.Set) {
			return nil, nil
		}
		return &Change{Silent: true, Apply: func(context.Context) error { return l.record(sys) }}, nil
	}
	var causes []string
	for _, k := range slices.Sorted(maps.Keys(set)) {
		causes = append(causes, k+"="+set[k])
	}
	for _, k := range remove {
		causes = append(causes, k+" removed")
	}
	return &Change{Cause: sentence(causes), Apply: func(ctx context.Context) error {
		// A label is ours from before it is put on: a kill in between must not leave it behind for ever.
		for k, v := range set {
			sys.State.Labels[k] = v
		}
		if err := sys.State.Save(); err != nil {
			return err
		}
		if _, err := sys.Nodes.PatchNodeLabels(ctx, l.Node, set, remove); err != nil {
			return labelCondition(set, remove, err)
		}
		sys.NodeChanges++
		return l.record(sys)
	}}, nil
}

func (l NodeLabels) record(sys *System) error {
	sys.State.Labels = maps.Clone(l.Set)
	return sys.State.Save()
}

func (l NodeLabels) differences() (set map[string]string, remove []string) {
	set = map[string]string{}
	for k, v := range l.Set {
		if have, ok := l.Have[k]; !ok || have != v {
			set[k] = v
		}
	}
	for _, k := range l.Remove {
		if _, ok := l.Have[k]; ok {
			remove = append(remove, k)
		}
	}
	slices.Sort(remove)
	return set, remove
}

// labelCondition tells a refused label, which a person must mend, from an API server that cannot be reached.
func labelCondition(set map[string]string, remove []string, err error) error {
	names := append(slices.Sorted(maps.Keys(set)), remove...)
	what := fmt.Sprintf("cannot put labels %s on the node: %v", strings.Join(names, ", "), err)
	switch kube.KindOf(err) {
	case kube.Unreachable, kube.Conflict, kube.NotFound:
		return condition.NewWaiting(what)
	case kube.Invalid:
		return condition.NewBlocked(what + "; correct the option labels")
	}
	return condition.NewBlocked(what)
}

// NodeAbsent removes this machine's Node object, and no other that has its name. An object that is not there is fine; an API
// server that cannot be reached is told to Warn and does not hold up the removal.
type NodeAbsent struct {
	Node    string
	Owner   NodeOwner // this unit
	Machine string    // its /etc/machine-id
	Warn    func(ctx context.Context, message string)
}

// ID is node:NODE.
func (n NodeAbsent) ID() string { return "node:" + n.Node }

// Stage is ObjectStage.
func (n NodeAbsent) Stage() Stage { return ObjectStage }

// Equal compares the name.
func (n NodeAbsent) Equal(other any) bool { o, ok := other.(NodeAbsent); return ok && o.Node == n.Node }

// Plan asks once in an invocation whose the object is, and if it is there. That it is gone is noted, because the credentials
// go next, and a hook that was killed after that could not tell.
func (n NodeAbsent) Plan(ctx context.Context, sys *System) (*Change, error) {
	if sys.tried[n.ID()] {
		return nil, nil
	}
	sys.tried[n.ID()] = true
	failed := func(ctx context.Context, why string) { n.Warn(ctx, "Failed to unregister node. "+why) }
	if sys.Nodes == nil {
		if sys.State.NodeSeen {
			failed(ctx, "No API server and credentials are known; if the cluster has a node "+n.Node+", delete it by hand")
		}
		return nil, nil
	}
	node, err := sys.Nodes.GetNode(ctx, n.Node)
	if kube.KindOf(err) == kube.NotFound {
		return nil, n.gone(sys)
	}
	if err != nil {
		failed(ctx, err.Error())
		return nil, nil
	}
	if why := n.Owner.Foreign(OwnerOf(node.Annotations), node.MachineID, n.Machine); why != "" {
		failed(ctx, "Node "+n.Node+" stays: "+why)
		return nil, n.gone(sys)
	}
	return &Change{Cause: "removed from the cluster", Apply: func(ctx context.Context) error {
		if err := sys.Nodes.DeleteThisNode(ctx, node, false); err != nil {
			failed(ctx, err.Error())
			return nil
		}
		return n.gone(sys)
	}}, nil
}

func (n NodeAbsent) gone(sys *System) error {
	sys.State.NodeSeen = false
	return sys.State.Save()
}

// Sorted puts the removals in order, so that equal wants compare equal.
func (l NodeLabels) Sorted() NodeLabels { slices.Sort(l.Remove); return l }
