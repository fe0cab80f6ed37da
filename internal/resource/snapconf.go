package resource

import (
	"context"
	"fmt"
	"maps"
	"slices"
	"sort"
	"strings"

	"kubernetes-worker/internal/state"
)

// SnapConf is configuration of a snap. Only the keys in Values are looked at and set, and those that an earlier hook has
// set and nobody wants any more are removed, once. Keys set by others are left alone.
type SnapConf struct {
	Snap   string
	Values map[string]string
	// Earlier are keys that the charm uses for this snap in other releases. They are taken for its own, and removed, where
	// no note says which keys it has set: the state file was lost, or another charm wrote it.
	Earlier []string
	// ArgsFile is what the snap's configure hook makes of it, as the daemon's input.
	ArgsFile string
	// Describe says what differs between two values of one key; nil: nothing in particular.
	Describe func(key, old, new string) []string
}

// ID is snapconf:SNAP.
func (c SnapConf) ID() string { return "snapconf:" + c.Snap }

// Stage is SnapConfigStage.
func (c SnapConf) Stage() Stage { return SnapConfigStage }

// Equal compares the values.
func (c SnapConf) Equal(other any) bool {
	o, ok := other.(SnapConf)
	return ok && o.Snap == c.Snap && maps.Equal(o.Values, c.Values)
}

// Input is the configuration as something the snap's daemon reads.
func (c SnapConf) Input() Input {
	return Input{Name: c.Snap + " arguments", Path: c.ArgsFile, Fingerprint: fingerprintOf(c.Values)}
}

// Plan compares the snap's configuration with the wanted values.
func (c SnapConf) Plan(ctx context.Context, sys *System) (*Change, error) {
	have, err := sys.Snaps.Conf(ctx, c.Snap)
	if err != nil {
		return nil, snapCondition(c.Snap, "", fmt.Errorf("cannot read the configuration of snap %s: %w", c.Snap, err))
	}
	ours, known := sys.State.SnapKeys[c.Snap]
	if !known {
		ours = c.Earlier
	}
	update, causes := c.differences(have, ours)
	if len(update) == 0 {
		if slices.Equal(sys.State.SnapKeys[c.Snap], c.keys()) {
			return nil, nil
		}
		return &Change{Silent: true, Apply: func(context.Context) error { return c.record(sys) }}, nil
	}
	cause := sentence(causes)
	return &Change{Cause: cause, Apply: func(ctx context.Context) error {
		sys.noteChange(c.Input().Name, "changed: "+cause)
		// Known before it is set: a kill in between must not forget whose key it is.
		sys.State.SnapKeys[c.Snap] = union(sys.State.SnapKeys[c.Snap], c.keys())
		if err := sys.State.Save(); err != nil {
			return err
		}
		if err := sys.Snaps.SetConf(ctx, c.Snap, update); err != nil {
			return snapCondition(c.Snap, "", fmt.Errorf("cannot set the configuration of snap %s: %w", c.Snap, err))
		}
		return c.record(sys)
	}}, nil
}

func (c SnapConf) record(sys *System) error {
	sys.State.SnapKeys[c.Snap] = c.keys()
	return sys.State.Save()
}

// differences gives what has to be sent and why. Values are sent as strings; snapd may give back those it took for
// numbers or booleans as such.
func (c SnapConf) differences(have map[string]any, ours []string) (update map[string]any, causes []string) {
	update = map[string]any{}
	for _, key := range c.keys() {
		old, set := have[key]
		if set && fmt.Sprint(old) == c.Values[key] {
			continue
		}
		update[key] = c.Values[key]
		var detail []string
		if set && c.Describe != nil {
			detail = c.Describe(key, fmt.Sprint(old), c.Values[key])
		}
		switch {
		case len(detail) > 0:
			causes = append(causes, detail...)
		case set:
			causes = append(causes, key+" changed")
		default:
			causes = append(causes, key+" is new")
		}
	}
	for _, key := range ours {
		_, wanted := c.Values[key]
		if _, set := have[key]; set && !wanted {
			update[key] = nil
			causes = append(causes, key+" removed")
		}
	}
	return update, causes
}

func (c SnapConf) keys() []string { return slices.Sorted(maps.Keys(c.Values)) }

func union(a, b []string) []string {
	all := append(slices.Clone(a), b...)
	sort.Strings(all)
	return slices.Compact(all)
}

func fingerprintOf(values map[string]string) string {
	var b strings.Builder
	for _, k := range slices.Sorted(maps.Keys(values)) {
		fmt.Fprintf(&b, "%q=%q\n", k, values[k])
	}
	return state.Fingerprint([]byte(b.String()))
}
