package resource

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"slices"
	"strings"

	"kubernetes-worker/internal/condition"
	"kubernetes-worker/internal/kube"
)

// Keeper keeps an owner's objects in the cluster; *kube.Objects does it.
type Keeper interface {
	Compare(ctx context.Context, object kube.Object) (kube.Difference, error)
	Apply(ctx context.Context, object kube.Object) (kube.Applied, error)
	List(ctx context.Context, kind string) ([]kube.Object, error)
	Has(ctx context.Context, ref kube.Ref) (bool, error)
	Delete(ctx context.Context, ref kube.Ref) (bool, error)
}

// Objects are all objects in the cluster that the charm keeps for one purpose. All units of the application want the same
// ones, and the leader makes them: the others look whether it has. Objects of a kind that the server does not know are left
// out.
//
// Asking the server for each of a dozen objects costs a hook some milliseconds, so that it is done when something else is
// wanted than was found to be so last, and when Check says so.
type Objects struct {
	Owner kube.Owner
	Want  []kube.Object // in the order in which they have to be made; with none, those that were wanted go
	Kinds []string      // of which the owner may have objects: what is not wanted goes, in this order
	Check bool          // find out whether somebody has changed them, and put them right, whoever leads
	// Adopt says which objects of others may be taken over or removed, those of an earlier charm; nil: none.
	Adopt func(live kube.Object) bool
	// Earlier are objects of an earlier charm under names that are not used any more. They go, in this order.
	Earlier []kube.Ref
	// Shared may be somebody else's as well; then they are left to them.
	Shared []kube.Ref
	// Making and Removing are what the log says before; each may be empty.
	Making, Removing []string
	// What names the whole in the status where it cannot be made: "ingress controller"; it may be empty.
	What string
}

// ID is objects:COMPONENT.
func (o Objects) ID() string { return "objects:" + o.Owner.Component }

// Stage is ObjectStage.
func (o Objects) Stage() Stage { return ObjectStage }

// Equal compares what is wanted.
func (o Objects) Equal(other any) bool {
	p, ok := other.(Objects)
	return ok && p.Owner == o.Owner && p.Check == o.Check && p.fingerprint() == o.fingerprint()
}

// Plan compares the objects with those in the cluster. Without access to an API server there is nothing to compare. What
// was removed is looked for once more, in the next round, before it counts as gone.
func (o Objects) Plan(ctx context.Context, sys *System) (*Change, error) {
	wanted := o.fingerprint()
	known := sys.State.Objects[o.Owner.Component] == wanted
	seen := o.ID() + " " + wanted // in this invocation: what others do from then on is for a later hook
	if sys.Objects == nil || sys.tried[seen] || known && !o.Check {
		return nil, nil
	}
	keeper := sys.Objects(o.Owner, o.Adopt)
	record := func() error {
		sys.tried[seen] = true
		sys.State.Objects[o.Owner.Component] = wanted
		return sys.State.Save()
	}
	if !o.Check {
		leads, err := sys.Leader.IsLeader(ctx)
		if err != nil {
			return nil, err
		}
		if !leads {
			sys.tried[seen] = true
			return o.follow(ctx, keeper, record)
		}
	}
	apply, remove, causes, err := o.differences(ctx, keeper, !known)
	if err != nil {
		return nil, o.condition(err)
	}
	if len(causes) == 0 {
		if known {
			sys.tried[seen] = true
			return nil, nil
		}
		return &Change{Silent: true, Apply: func(context.Context) error { return record() }}, nil
	}
	return &Change{Cause: sentence(causes), Apply: func(ctx context.Context) error {
		lines := o.Making
		if len(o.Want) == 0 {
			lines = o.Removing
		}
		for _, line := range lines {
			sys.Log(ctx, line)
		}
		for _, object := range apply {
			if _, err := keeper.Apply(ctx, object); err != nil {
				return o.condition(err)
			}
		}
		for _, ref := range remove {
			if _, err := keeper.Delete(ctx, ref); err != nil {
				return o.condition(err)
			}
		}
		if len(remove) > 0 {
			return nil
		}
		return record()
	}}, nil
}

// follow is the part of a unit that does not lead: it notes what the leader has done.
func (o Objects) follow(ctx context.Context, keeper Keeper, record func() error) (*Change, error) {
	done, err := o.done(ctx, keeper)
	switch {
	case err != nil:
		return nil, o.condition(err)
	case !done:
		return nil, nil
	}
	return &Change{Silent: true, Apply: func(context.Context) error { return record() }}, nil
}

// done tells whether the leader has brought the objects about, by the one that is made last, or the kind that is removed
// first.
func (o Objects) done(ctx context.Context, keeper Keeper) (bool, error) {
	if len(o.Want) > 0 {
		difference, err := keeper.Compare(ctx, o.Want[len(o.Want)-1])
		return difference == kube.Same, err
	}
	left, err := keeper.List(ctx, o.Kinds[0])
	return !slices.ContainsFunc(left, func(object kube.Object) bool { return !object.Deleting() }), err
}

// differences are the objects to write and to remove, and both in words. Objects of an earlier charm are looked for only
// until all is as wanted once.
func (o Objects) differences(ctx context.Context, keeper Keeper, first bool) (apply []kube.Object, remove []kube.Ref, causes []string, err error) {
	keep := map[kube.Ref]bool{}
	for _, object := range o.Want {
		keep[object.Ref()] = true
		difference, err := keeper.Compare(ctx, object)
		switch {
		case kube.KindOf(err) == kube.Unserved:
			continue
		case kube.KindOf(err) == kube.Foreign && slices.Contains(o.Shared, object.Ref()):
			continue
		case err != nil:
			return nil, nil, nil, err
		case difference == kube.Missing:
			causes = append(causes, object.String()+" is missing")
		case difference == kube.Different:
			causes = append(causes, object.String()+" is not as wanted")
		default:
			continue
		}
		apply = append(apply, object)
	}
	for _, kind := range o.Kinds {
		have, err := keeper.List(ctx, kind)
		if err != nil {
			return nil, nil, nil, err
		}
		var extra []kube.Ref
		for _, object := range have {
			if ref := object.Ref(); !keep[ref] && !object.Deleting() {
				extra = append(extra, ref)
			}
		}
		slices.SortFunc(extra, func(a, b kube.Ref) int { return strings.Compare(a.String(), b.String()) })
		for _, ref := range extra {
			remove = append(remove, ref)
			causes = append(causes, ref.String()+" is not wanted any more")
		}
	}
	if !first {
		return apply, remove, causes, nil
	}
	for _, ref := range o.Earlier {
		there, err := keeper.Has(ctx, ref)
		if err != nil {
			return nil, nil, nil, err
		}
		if there {
			remove = append(remove, ref)
			causes = append(causes, ref.String()+" is of an earlier charm")
		}
	}
	return apply, remove, causes, nil
}

// removed begins the fingerprint of nothing.
const removed = "none-"

// fingerprint changes with what is wanted.
func (o Objects) fingerprint() string {
	sum := sha256.New()
	for _, object := range o.Want {
		fmt.Fprintln(sum, object.Fingerprint())
	}
	fmt.Fprintln(sum, o.Owner, o.Kinds, o.Earlier)
	text := hex.EncodeToString(sum.Sum(nil)[:8])
	if len(o.Want) == 0 {
		return removed + text
	}
	return text
}

// ObjectsThere tells from what was noted of objects whether they were brought about, and not removed since.
func ObjectsThere(noted string) bool { return noted != "" && !strings.HasPrefix(noted, removed) }

// condition tells an API server that cannot be reached, or objects that others are changing, from what a person must
// mend.
func (o Objects) condition(err error) error {
	message := err.Error()
	if kube.KindOf(err) == kube.Foreign {
		message += "; rename or remove it"
	}
	making := o.What != "" && len(o.Want) > 0
	switch kube.KindOf(err) {
	case kube.Unreachable, kube.Conflict, kube.NotFound, kube.Unauthorized:
		if making {
			return condition.NewWaiting("Failed to create " + o.What + ". Will attempt again next update. " + message)
		}
		return condition.NewWaiting(message)
	case kube.Foreign, kube.Forbidden, kube.Invalid, kube.Other:
		if making {
			return condition.NewBlocked("Failed to create " + o.What + ". Will attempt again next update. " + message)
		}
		return condition.NewBlocked(message)
	}
	return err
}
