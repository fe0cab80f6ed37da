package resource

import (
	"context"
	"maps"
	"slices"
	"strings"

	"kubernetes-worker/internal/relation"
)

// RelationData are keys of this unit's bag in one relation. Juju makes them visible when the hook has succeeded; until
// then the invocation remembers them in System.Pending. An empty value removes a key. Keys not named are left alone.
type RelationData struct {
	Relation string // id
	Have     relation.Bag
	Want     relation.Bag
	Status   string // shown while the data are got ready; may be empty
}

// ID is relation:ID.
func (d RelationData) ID() string { return "relation:" + d.Relation }

// Stage is ObjectStage.
func (d RelationData) Stage() Stage { return ObjectStage }

// Equal compares what is wanted.
func (d RelationData) Equal(other any) bool {
	o, ok := other.(RelationData)
	return ok && o.Relation == d.Relation && maps.Equal(o.Want, d.Want)
}

// Plan compares the bag, with what is pending, with what is wanted. A key is named in the cause, a value never.
func (d RelationData) Plan(_ context.Context, sys *System) (*Change, error) {
	update := map[string]string{}
	for key, want := range d.Want {
		have, ok := sys.Pending[d.Relation][key]
		if !ok {
			have = d.Have[key]
		}
		if have != want {
			update[key] = want
		}
	}
	if len(update) == 0 {
		return nil, nil
	}
	return &Change{Status: d.Status, Cause: "published " + strings.Join(slices.Sorted(maps.Keys(update)), ", "), Apply: func(context.Context) error {
		if sys.Pending[d.Relation] == nil {
			sys.Pending[d.Relation] = map[string]string{}
		}
		maps.Copy(sys.Pending[d.Relation], update)
		return nil
	}}, nil
}
