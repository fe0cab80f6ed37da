package resource

import (
	"context"
	"slices"

	"kubernetes-worker/internal/snapd"
)

// SnapHold says whether snapd's own refreshes pass a snap by. A refresh by its name, which an upgrade is, does not. A hold
// of somebody else is neither taken over nor ended.
type SnapHold struct {
	Name string
	Held bool
	// Daemon tells one installation of snapd from another: one without holds is not asked again.
	Daemon string
}

// ID is hold:SNAP.
func (h SnapHold) ID() string { return "hold:" + h.Name }

// Stage is SnapStage; it has to be declared after the snap.
func (SnapHold) Stage() Stage { return SnapStage }

// Equal compares all fields.
func (h SnapHold) Equal(other any) bool { return other == any(h) }

// Plan compares what snapd says of the snap.
func (h SnapHold) Plan(ctx context.Context, sys *System) (*Change, error) {
	have, installed, err := sys.snap(ctx, h.Name)
	if err != nil {
		return nil, snapdCondition(err)
	}
	ours := slices.Contains(sys.State.Snapd.Held, h.Name)
	switch {
	case h.Held && (!installed || have.Held):
		return nil, nil
	case h.Held && sys.once[h.ID()]:
		return nil, nil // it was held, and does not show
	case h.Held && h.Daemon != "" && sys.State.Snapd.NoHolds == h.Daemon:
		return nil, nil
	case !h.Held && !ours:
		return nil, nil
	case !h.Held && !have.Held:
		return &Change{Silent: true, Apply: func(context.Context) error { return h.forget(sys) }}, nil
	case !h.Held:
		return &Change{Cause: "snapd may refresh it again", Apply: func(ctx context.Context) error {
			if err := sys.Snaps.Unhold(ctx, h.Name); err != nil {
				return snapdCondition(err)
			}
			return h.forget(sys)
		}}, nil
	}
	info, err := sys.Snaps.SystemInfo(ctx)
	if err != nil {
		return nil, snapdCondition(err)
	}
	if !snapd.HasHolds(info.Version) {
		return &Change{Silent: true, Apply: func(context.Context) error { return h.without(sys) }}, nil
	}
	return &Change{Cause: "snapd shall not refresh it by itself", Apply: func(ctx context.Context) error { return h.hold(ctx, sys) }}, nil
}

func (h SnapHold) hold(ctx context.Context, sys *System) error {
	sys.State.Snapd.Held = union(sys.State.Snapd.Held, []string{h.Name}) // before: a kill must not forget whose it is
	if err := sys.State.Save(); err != nil {
		return err
	}
	err := sys.Snaps.Hold(ctx, h.Name)
	sys.once[h.ID()] = err == nil
	if snapd.Classify(err) == snapd.Unsupported { // whatever its version says
		if err := h.forget(sys); err != nil {
			return err
		}
		return h.without(sys)
	}
	return snapdCondition(err)
}

func (h SnapHold) without(sys *System) error {
	sys.State.Snapd.NoHolds = h.Daemon
	return sys.State.Save()
}

func (h SnapHold) forget(sys *System) error {
	sys.State.Snapd.Held = slices.DeleteFunc(slices.Clone(sys.State.Snapd.Held), func(n string) bool { return n == h.Name })
	return sys.State.Save()
}

// SnapCohort is the cohort that a snap follows at its next refresh; without a key none.
type SnapCohort struct {
	Name, Key string
}

// ID is cohort:SNAP.
func (c SnapCohort) ID() string { return "cohort:" + c.Name }

// Stage is SnapStage; it has to be declared after the snap.
func (SnapCohort) Stage() Stage { return SnapStage }

// Equal compares all fields.
func (c SnapCohort) Equal(other any) bool { return other == any(c) }

// Plan compares what snapd says of the snap.
func (c SnapCohort) Plan(ctx context.Context, sys *System) (*Change, error) {
	have, installed, err := sys.snap(ctx, c.Name)
	if err != nil {
		return nil, snapdCondition(err)
	}
	var ours []string
	if ours = slices.DeleteFunc(slices.Clone(sys.State.Snapd.Cohorts), func(n string) bool { return n == c.Name }); c.Key != "" {
		ours = union(ours, []string{c.Name})
	}
	note := func() error {
		sys.State.Snapd.Cohorts = ours
		return sys.State.Save()
	}
	if !installed || have.CohortKey == c.Key {
		if slices.Equal(ours, sys.State.Snapd.Cohorts) {
			return nil, nil
		}
		return &Change{Silent: true, Apply: func(context.Context) error { return note() }}, nil
	}
	cause := "follows the control plane's"
	if c.Key == "" {
		cause = "the control plane names none"
	}
	return &Change{Cause: cause, Apply: func(ctx context.Context) error {
		if c.Key != "" {
			if err := note(); err != nil {
				return err
			}
		}
		if err := sys.Snaps.SetCohort(ctx, c.Name, c.Key); err != nil {
			return snapdCondition(err)
		}
		return note()
	}}, nil
}
