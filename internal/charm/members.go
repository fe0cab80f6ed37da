package charm

import (
	"context"
	"errors"
	"maps"
	"slices"
	"time"

	"kubernetes-worker/internal/juju"
	"kubernetes-worker/internal/worker"
)

// membersEvery is how often the leader asks which units the application has, to look for nodes of others. It is longer than
// update-status is apart, so that most of these ask nothing.
const membersEvery = 15 * time.Minute

// members reads which units the model has of the application, in a hook that comes of itself, if this unit leads. A list
// without this unit is none to go by.
func (r *run) members(ctx context.Context, f *worker.Facts) {
	sweep := &r.state.Sweep
	age := r.now.Sub(time.Unix(sweep.Asked, 0))
	if r.event.Name != "update-status" || age >= 0 && age < membersEvery {
		return
	}
	r.askedMembers = true
	leads, err := r.session.IsLeader(ctx)
	if err != nil {
		r.warn(ctx, err.Error())
		return
	}
	if !leads {
		sweep.Units, sweep.Left = "", nil // whoever leads next begins anew
		return
	}
	goal, err := r.session.GoalState(ctx)
	if err != nil && !errors.Is(err, juju.ErrNoTool) {
		r.warn(ctx, err.Error())
	}
	if _, here := goal.Units[r.env.UnitName]; err == nil && here {
		f.Members = slices.Sorted(maps.Keys(goal.Units))
	}
}

// dying learns whether the unit is on its way out, where relations that have ended mean something else then: the other units
// keep what they share in the cluster, and this one has no use for another container runtime.
func (r *run) dying(ctx context.Context, f *worker.Facts) {
	f.Objects = r.state.Objects
	if r.stopping() || !f.AsksDying() {
		return
	}
	goal, err := r.session.GoalState(ctx)
	if err != nil {
		if !errors.Is(err, juju.ErrNoTool) {
			r.warn(ctx, err.Error())
		}
		return
	}
	f.Dying = goal.Units[r.env.UnitName] == "dying"
}
