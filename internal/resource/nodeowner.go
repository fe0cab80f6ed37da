package resource

import (
	"context"
	"fmt"
	"strings"

	"kubernetes-worker/internal/condition"
)

// NodeOwner is the unit that a node belongs to.
type NodeOwner struct{ Model, Unit string }

// The annotations of a Node object that name its unit. A host name comes again on other machines, in other models too; with
// them it can be told whose a node is when its unit, or the machine, is gone.
const (
	unitMark  = "kubernetes-worker/unit"
	modelMark = "kubernetes-worker/model"
)

// OwnerOf reads the annotations of a node; zero: nobody has put his name there.
func OwnerOf(annotations map[string]string) NodeOwner {
	return NodeOwner{Model: annotations[modelMark], Unit: annotations[unitMark]}
}

func (o NodeOwner) annotations() map[string]string {
	return map[string]string{unitMark: o.Unit, modelMark: o.Model}
}

// app is the application of the unit.
func (o NodeOwner) app() string {
	app, _, _ := strings.Cut(o.Unit, "/")
	return app
}

// Foreign says why a node of this unit's name is somebody else's; empty: it is the unit's own. has is the owner that the node
// names, reporter the machine whose kubelet reported last, and machine that of this unit; both by their /etc/machine-id, empty
// where it is not known.
func (o NodeOwner) Foreign(has NodeOwner, reporter, machine string) string {
	switch {
	case reporter != "" && machine != "" && reporter != machine:
		return "the kubelet of another machine reports for it" + has.named(o)
	case has != (NodeOwner{}) && has != o:
		return "it is that of another unit" + has.named(o)
	}
	return ""
}

// named is the owner in brackets, if it is another.
func (o NodeOwner) named(than NodeOwner) string {
	switch {
	case o == (NodeOwner{}) || o == than:
		return ""
	case o.Model != than.Model:
		return fmt.Sprintf(" (%s of the model %s)", o.Unit, o.Model)
	}
	return fmt.Sprintf(" (%s)", o.Unit)
}

// Claims reports whether the unit has to put its name on the node: one that has no name yet, or that of a unit which this
// machine belonged to before.
func (o NodeOwner) Claims(has NodeOwner, reporter, machine string) bool {
	switch {
	case has == o || reporter != "" && machine != "" && reporter != machine:
		return false
	case has == (NodeOwner{}):
		return true
	}
	return reporter != "" && reporter == machine
}

// NodeOwned is that the Node object names its unit. Who declares it has found that it does not.
type NodeOwned struct {
	Node  string
	Owner NodeOwner
}

// ID is node-owner:NODE.
func (n NodeOwned) ID() string { return "node-owner:" + n.Node }

// Stage is ObjectStage.
func (n NodeOwned) Stage() Stage { return ObjectStage }

// Equal compares name and owner.
func (n NodeOwned) Equal(other any) bool { return n == other }

// Plan asks for the change once in an invocation.
func (n NodeOwned) Plan(_ context.Context, sys *System) (*Change, error) {
	if sys.tried[n.ID()] || sys.Nodes == nil {
		return nil, nil
	}
	return &Change{Cause: "named after " + n.Owner.Unit, Apply: func(ctx context.Context) error {
		sys.tried[n.ID()] = true
		sys.NodeChanges++
		if err := sys.Nodes.AnnotateNode(ctx, n.Node, n.Owner.annotations()); err != nil {
			return condition.NewWaiting("Waiting for an API server, to put the unit's name on its node: " + err.Error())
		}
		return nil
	}}, nil
}
