package action

import (
	"context"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"

	"kubernetes-worker/internal/drain"
	"kubernetes-worker/internal/host"
	"kubernetes-worker/internal/kube"
	"kubernetes-worker/internal/resource"
)

const (
	// giveBackTime bounds putting the node back into service, when the action itself may have no time left.
	giveBackTime = 10 * time.Second
	// insistTime is how long the last word about the node is repeated while no API server takes it.
	insistTime = 10 * time.Second
)

// Pause takes a node out of service.
type Pause struct {
	Node    string
	Options drain.Options
	// Keep leaves the node out of service also where pods remain on it.
	Keep bool
	// Already says that the unit is paused: it is in any case after that.
	Already bool
}

// Paused is what became of a Pause.
type Paused struct {
	Paused  bool // the unit is paused now
	Touched bool // the cluster was, or may have been, changed
	Held    []drain.Staying
	drain.Result
}

// Results are the values of the action, by key: counts, and the names of the pods.
func (p Paused) Results() map[string]string {
	results := map[string]string{
		"evicted.count": strconv.Itoa(len(p.Evicted)), "skipped.count": strconv.Itoa(len(p.Skipped)),
		"remaining.count": strconv.Itoa(len(p.Remaining) + len(p.Held)),
	}
	remaining := list(p.Remaining, "; ")
	if len(p.Held) > 0 {
		remaining = list(p.Held, "; ")
	}
	for key, pods := range map[string]string{
		"evicted.pods": list(p.Evicted, ", "), "skipped.pods": list(p.Skipped, "; "), "remaining.pods": remaining,
	} {
		if pods != "" {
			results[key] = pods
		}
	}
	return results
}

// Run looks which pods there are, and only if all that must go may go does it cordon the node and move them. The cordon is
// marked so that a later hook can tell a pause that was ended halfway from one that holds. If pods remain, the node takes
// pods again as it did before, unless Keep is set. A cordon of somebody else is never touched.
func (p Pause) Run(ctx context.Context, api drain.API, tell Teller) (Paused, error) {
	p.Options.Budgets = true
	plan, err := drain.Look(ctx, api, p.Node, p.Options)
	if err != nil {
		return Paused{Paused: p.Already}, fmt.Errorf("%w; nothing was changed", err)
	}
	done := Paused{Paused: p.Already, Held: plan.Held, Result: drain.Result{Skipped: plan.Skip}}
	if len(plan.Held) > 0 {
		return done, fmt.Errorf("cannot move pods off node %s, nothing was changed: %s; %s", p.Node, first(plan.Held), remedy(plan.Held))
	}
	tell.Log(ctx, fmt.Sprintf("%s to move, %d to stay", count(len(plan.Move), "pod"), len(plan.Skip)))
	for _, pod := range plan.Tight {
		tell.Log(ctx, pod.String()+", at present")
	}
	done.Touched = true
	reason := resource.PausingCordon
	if p.Keep || p.Already {
		reason = resource.PauseCordon
	}
	err = tell.Step(ctx, "cordon", func(ctx context.Context) error {
		_, err := drain.CordonOver(ctx, api, p.Node, reason, resource.PausingCordon)
		return err
	})
	if err == nil {
		done.Paused = done.Paused || p.Keep
		tell.Status(ctx, "Moving pods to other nodes")
		err = tell.Step(ctx, "evict", func(ctx context.Context) (err error) {
			done.Result, err = drain.Evict(ctx, api, p.Node, p.Options, progress(ctx, len(plan.Move), tell))
			return err
		})
	}
	if err == nil {
		err = tell.Step(ctx, "hold", func(ctx context.Context) error {
			return p.insist(ctx, func() error { // all pods have gone, which is not to be for nothing
				_, err := drain.CordonOver(ctx, api, p.Node, resource.PauseCordon, resource.PausingCordon, resource.UpgradeCordon)
				return err
			})
		})
	}
	if err == nil {
		done.Paused = true
		return done, nil
	}
	if done.Skipped == nil {
		done.Skipped = plan.Skip
	}
	return done, p.giveBack(ctx, api, tell, done, err)
}

// giveBack undoes the cordon of a pause that has failed, and says in what state the node is.
func (p Pause) giveBack(ctx context.Context, api drain.API, tell Teller, done Paused, failure error) error {
	if done.Paused {
		return fmt.Errorf("%w; the unit is paused, run pause again to go on or resume to end it", failure)
	}
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), giveBackTime)
	defer cancel()
	var outcome drain.Outcome
	err := tell.Step(ctx, "give-back", func(ctx context.Context) error {
		return p.insist(ctx, func() (err error) {
			outcome, err = drain.Uncordon(ctx, api, p.Node, resource.PausingCordon)
			return err
		})
	})
	switch {
	case kube.KindOf(err) == kube.NotFound:
		return fmt.Errorf("%w; the node was deleted from the cluster meanwhile, the unit is not paused", failure)
	case err != nil:
		return fmt.Errorf("%w; the node may still be cordoned, which the next hook takes back: %w", failure, err)
	case outcome == drain.Foreign:
		return fmt.Errorf("%w; the node stays cordoned as it was", failure)
	}
	return fmt.Errorf("%w; the node takes pods again, the unit is not paused", failure)
}

// insist does something again while no API server answers, for no longer than the pods had.
func (p Pause) insist(ctx context.Context, do func() error) error {
	ctx, cancel := context.WithTimeout(ctx, min(insistTime, p.Options.Timeout))
	defer cancel()
	for {
		err := do()
		if kube.KindOf(err) != kube.Unreachable && kube.KindOf(err) != kube.Conflict || host.Wait(ctx, time.Second) != nil {
			return err
		}
	}
}

// progress tells of each pod as it goes, and of what keeps others.
func progress(ctx context.Context, total int, tell Teller) func(drain.Event) {
	gone := 0
	return func(e drain.Event) {
		switch e.What {
		case drain.Gone:
			gone++
			tell.Log(ctx, fmt.Sprintf("%s is gone (%d of %d)", e.Pod, gone, total))
		case drain.Refused:
			tell.Log(ctx, fmt.Sprintf("%s does not go yet: %s", e.Pod, e.Message))
		case drain.Away:
			tell.Log(ctx, "no API server tells how the pods are: "+e.Message)
		}
	}
}

// first names the pods that a message has room for.
func first(pods []drain.Staying) string {
	const most = 10
	var words []string
	for _, pod := range pods[:min(len(pods), most)] {
		words = append(words, pod.String())
	}
	if more := len(pods) - most; more > 0 {
		words = append(words, fmt.Sprintf("and %d more", more))
	}
	return strings.Join(words, "; ")
}

// remedy says what would let the pods go: parameters, and budgets mended.
func remedy(pods []drain.Staying) string {
	var parameters []string
	for _, p := range []struct {
		reason    drain.Reason
		parameter string
	}{
		{drain.LocalData, "delete-local-data=true"}, {drain.Unmanaged, "force=true"}, {drain.DaemonSet, "ignore-daemonsets=true"},
	} {
		if slices.ContainsFunc(pods, func(s drain.Staying) bool { return slices.Contains(s.Reasons, p.reason) }) {
			parameters = append(parameters, p.parameter)
		}
	}
	var ways []string
	if len(parameters) > 0 {
		ways = append(ways, "run pause with "+strings.Join(parameters, " "))
	}
	if slices.ContainsFunc(pods, func(s drain.Staying) bool { return slices.Contains(s.Reasons, drain.Twice) }) {
		ways = append(ways, "leave each pod in one budget")
	}
	return strings.Join(ways, " and ") + ", or move them by hand"
}

// Resume takes the cordon of a pause back, and no other.
func Resume(ctx context.Context, api drain.API, node string, tell Teller) error {
	return tell.Step(ctx, "uncordon", func(ctx context.Context) error {
		_, err := drain.Uncordon(ctx, api, node, resource.PauseCordon)
		return err
	})
}
