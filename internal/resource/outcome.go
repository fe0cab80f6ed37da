package resource

import (
	"cmp"
	"context"
	"fmt"
	"slices"
	"strings"
	"time"

	"kubernetes-worker/internal/condition"
	"kubernetes-worker/internal/host"
	"kubernetes-worker/internal/kubeversion"
	"kubernetes-worker/internal/state"
	"kubernetes-worker/internal/systemd"
)

const (
	// stuckTime is how long an upgrade may wait between its snaps for a store that is away, with the node out of service.
	stuckTime = 15 * time.Minute
	// crashTime is how long a daemon may fail to stay alive, of the time that the node gets to be Ready.
	crashTime = 30 * time.Second
	// steadyTimes is how many times the settling time a daemon has to live after an upgrade.
	steadyTimes = 3
)

// UpgradeOutcome is that an upgrade, or its reverting, has come to an end: it is seen that the node works with what it has
// now, or that it does not. It waits for that when all else of the round is as wanted.
type UpgradeOutcome struct {
	Turn
	Node    string
	Wanted  string              // fingerprint of what the upgrade brings
	Version kubeversion.Version // of the kubelet that is installed
	Kubelet string              // its unit
	Problem string              // what the kubelet or kube-proxy that is installed does not take of the options; empty: nothing
	Snaps   []string            // IDs of the resources that bring the snaps, or bring them back
	Pending bool                // not all of them are there yet
	Back    bool                // it is the reverting
}

// ID is upgrade-outcome.
func (u UpgradeOutcome) ID() string { return "upgrade-outcome" }

// Stage is CleanupStage, the last.
func (u UpgradeOutcome) Stage() Stage { return CleanupStage }

// Equal compares what matters to those who declare it.
func (u UpgradeOutcome) Equal(other any) bool {
	o, ok := other.(UpgradeOutcome)
	return ok && o.Turn == u.Turn && o.Node == u.Node && o.Wanted == u.Wanted && o.Version == u.Version && o.Pending == u.Pending && o.Back == u.Back &&
		o.Kubelet == u.Kubelet && o.Problem == u.Problem && slices.Equal(o.Snaps, u.Snaps)
}

// Plan looks how far the upgrade has come.
func (u UpgradeOutcome) Plan(_ context.Context, sys *System) (*Change, error) {
	noted := sys.State.Upgrade
	if noted.Wanted != u.Wanted || noted.Verified || sys.tried[u.once()] {
		return nil, nil
	}
	if failure := sys.Failure(u.Snaps...); failure != nil {
		if u.Back {
			return nil, nil // the next hook tries again
		}
		overdue := sys.Now().Unix()-noted.Since > int64(stuckTime/time.Second)
		if condition.Of(failure) == condition.Waiting && !overdue {
			return nil, nil
		}
		return u.verdict(sys, failure.Error()), nil
	}
	if sys.made > 0 || u.Pending {
		return nil, nil
	}
	cause := "the node works with Kubernetes " + u.Version.String()
	return &Change{Cause: cause, Status: "Waiting for the node to be Ready", Apply: func(ctx context.Context) error { return u.wait(ctx, sys) }}, nil
}

func (u UpgradeOutcome) once() string { return fmt.Sprint(u.ID(), " ", u.Back) }

// verdict ends an upgrade as failed; what was changed goes back in the rounds that follow.
func (u UpgradeOutcome) verdict(sys *System, reason string) *Change {
	return &Change{Cause: "failed: " + reason, Apply: func(ctx context.Context) error { return u.fail(ctx, sys, reason) }}
}

func (u UpgradeOutcome) fail(ctx context.Context, sys *System, reason string) error {
	changed := false
	for name, before := range sys.State.Upgrade.Before {
		have, _, err := sys.snap(ctx, name)
		if err != nil {
			return SnapReverted{Name: name, Before: before}.condition(err)
		}
		changed = changed || have.Revision != before.Revision
	}
	sys.State.FailedUpgrade = state.FailedUpgrade{Wanted: u.Wanted, Reason: reason, Reverted: changed}
	sys.State.Upgrade.Verified = !changed
	return u.save(sys)
}

// save keeps the outcome, lets the node be looked at again, and does not look for this outcome once more.
func (u UpgradeOutcome) save(sys *System) error {
	sys.NodeChanges++
	sys.tried[u.once()] = true
	return sys.State.Save()
}

// wait looks at the node until it works. Whether it does cannot be told without an API server: then a later hook will see.
func (u UpgradeOutcome) wait(ctx context.Context, sys *System) error {
	if sys.State.Turn {
		_, _ = sys.Control.Acquire(ctx, u.lease()) // a renewal; nothing else follows from it
	}
	began, alive := sys.Now(), false
	for {
		trouble, crashing, err := u.trouble(ctx, sys)
		waited := sys.Now().Sub(began)
		alive = alive || !crashing
		switch {
		case err != nil:
			return err
		case trouble == "":
			sys.State.Upgrade.Verified = true
			return u.save(sys)
		case waited < sys.Patience && (alive || waited < min(crashTime, sys.Patience)):
			if err := host.Wait(ctx, min(250*time.Millisecond, sys.Patience/10)); err != nil {
				return err
			}
			continue
		case u.Back: // it is as it was, and the node's own status tells
			sys.Log(ctx, fmt.Sprintf("the node is back at Kubernetes %s, but %s", u.Version, trouble))
			sys.State.Upgrade.Verified = true
			return u.save(sys)
		}
		reason := cmp.Or(u.Problem, trouble)
		sys.Log(ctx, "the upgrade failed: "+reason)
		return u.fail(ctx, sys, reason)
	}
}

// trouble says what is not yet as it should be, and whether that is a daemon that does not stay alive. An error is an API
// server that does not tell.
func (u UpgradeOutcome) trouble(ctx context.Context, sys *System) (trouble string, crashing bool, err error) {
	ran := sys.State.Upgrade.Units
	units, err := sys.Services.Units(ctx, ran...)
	if err != nil {
		return "", false, wrap("see whether the daemons run", err)
	}
	for _, name := range ran {
		unit := units[name]
		if !unit.Running() || unit.Crashing() || sys.Now().Sub(unit.StartedAt) < steadyTimes*sys.Settle {
			return describeUnit(name, unit), true, nil
		}
	}
	if !slices.Contains(ran, u.Kubelet) {
		return "", false, nil // the node was not one that worked
	}
	if sys.Nodes == nil {
		return "", false, waitToSee("none is known")
	}
	node, err := sys.Nodes.GetNode(ctx, u.Node)
	if err != nil {
		return "", false, waitToSee(err.Error())
	}
	reported, _ := kubeversion.Parse(node.KubeletVersion)
	started := units[u.Kubelet].StartedAt.Truncate(time.Second)
	switch {
	case reported != u.Version:
		return fmt.Sprintf("the cluster sees kubelet %s on node %s", node.KubeletVersion, u.Node), false, nil
	case !node.Ready.Heard.IsZero() && node.Ready.Heard.Before(started):
		return fmt.Sprintf("kubelet %s has not reported node %s since it was started", u.Version, u.Node), false, nil
	case sys.State.Upgrade.Ready && !node.IsReady():
		return fmt.Sprintf("node %s is not Ready with kubelet %s: %s", u.Node, u.Version, node.Ready.Message), false, nil
	}
	return "", false, nil
}

func describeUnit(name string, unit systemd.Unit) string {
	text := fmt.Sprintf("%s does not run: %s (%s)", strings.TrimSuffix(name, ".service"), unit.ActiveState, unit.SubState)
	if unit.Result != "" && unit.Result != "success" {
		text += fmt.Sprintf(", %s, exit status %d", unit.Result, unit.ExitStatus)
	}
	return text
}

func waitToSee(reason string) error {
	return condition.NewWaiting("Waiting for an API server, to see whether the node works with its new release: " + reason)
}
