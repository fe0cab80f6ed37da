package worker

import (
	"fmt"
	"slices"
	"strings"

	"kubernetes-worker/internal/condition"
	"kubernetes-worker/internal/resource"
	"kubernetes-worker/internal/state"
)

// WantedUpgrade tells one wish for snaps from another.
func (f Facts) WantedUpgrade() string {
	text := f.Options.Channel.String()
	for _, name := range snapNames {
		text += " " + f.Resources[name].Fingerprint
	}
	return state.Fingerprint([]byte(text))
}

// turn is the application's turn to upgrade, as this unit asks for it. Applications of the same name in several models may
// have nodes in one cluster.
func (f Facts) turn() resource.Turn {
	model, _, _ := strings.Cut(f.ModelUUID, "-")
	return resource.Turn{Name: strings.TrimSuffix("upgrade-of-"+f.App+"-"+model, "-"), Holder: f.Unit}
}

// inService reports whether the node is one of the cluster, as far as can be told: its pods matter, and other nodes.
func (f Facts) inService() bool { return f.Node.Exists || f.Node.Failure != nil }

// beforeUpgrade are the steps before snaps of a node in service are changed, each of which needs those before it. They do
// nothing where no snap would be changed. Pods outlive the restart of a kubelet of the same minor release.
func (f Facts) beforeUpgrade(snaps []resource.Snap, needs []string) []resource.Resource {
	if !f.MayUpgrade() || !f.Approval.Given && !f.UpgradePending() || !f.inService() {
		return nil
	}
	needs = slices.Clone(needs)
	fit := resource.VersionsFit{Snaps: snaps, Needs: needs}
	needs = append(needs, fit.ID())
	turn := resource.UpgradeTurn{Turn: f.turn(), Snaps: snaps, Alone: f.Approval.Given, Needs: needs}
	if !f.Approval.Given && f.Upgrade.Wanted != f.WantedUpgrade() { // one that has begun comes to its own end
		turn.Wanted, turn.Channel = f.WantedUpgrade(), f.Options.Channel.String()
	}
	needs = append(needs, turn.ID())
	steps := []resource.Resource{fit, turn}
	kubelet := slices.IndexFunc(snaps, func(s resource.Snap) bool { return s.Name == "kubelet" })
	if kubelet >= 0 && !f.Approval.SkipDrain {
		drained := f.drained("before the upgrade")
		drained.Kubelet, drained.Needs = &snaps[kubelet], needs
		steps, needs = append(steps, drained), append(slices.Clone(needs), drained.ID())
	}
	noted := resource.UpgradeNoted{
		Turn: f.turn(), Wanted: f.WantedUpgrade(), Snaps: snaps, Ready: f.Node.Ready, Approval: f.Approval, Needs: needs,
	}
	for _, unit := range []string{KubeletUnit, KubeProxyUnit} {
		if f.Units[unit].Running {
			noted.Units = append(noted.Units, unit)
		}
	}
	return append(steps, noted)
}

// goesBack reports whether an upgrade has failed and what it changed is not yet, or not yet surely, what it was. One that
// nobody wants any more, and in whose place no other may begin, is not left halfway either.
func (f Facts) goesBack() bool {
	if f.Upgrade.Wanted == "" || f.UpgradeFailed.Reverted {
		return f.Upgrade.Wanted != ""
	}
	return f.Upgrade.Wanted != f.WantedUpgrade() && f.UpgradePending() && (!f.MayUpgrade() || f.upgradeFault() != nil)
}

// reverted are the snaps as they were before the upgrade that failed.
func (f Facts) reverted() []resource.Resource {
	var wants []resource.Resource
	for _, name := range slices.Backward(snapNames[:]) { // the kubelet first: pods wait for it
		if before, known := f.Upgrade.Before[name]; known {
			wants = append(wants, resource.SnapReverted{Name: name, Before: before})
		}
	}
	return wants
}

// isBack reports whether the snaps are what they were before the upgrade.
func (f Facts) isBack() bool {
	for name, before := range f.Upgrade.Before {
		if f.Snaps[name].Revision != before.Revision {
			return false
		}
	}
	return true
}

// failedUpgrade says what became of an upgrade that did not succeed. It is not tried again by itself: each try would cost
// the pods of the node.
func (f Facts) failedUpgrade() error {
	switch {
	case f.UpgradeStopped != nil:
		return f.UpgradeStopped
	case f.UpgradeFailed.Reason == "" || f.goesBack() && !f.isBack(): // what keeps it from that is told
		return nil
	case f.UpgradeFailed.Reverted:
		return condition.NewBlocked(fmt.Sprintf("the upgrade to %s failed and was reverted: %s; the node runs on %s, run the upgrade action to try again",
			f.Options.Channel, f.UpgradeFailed.Reason, f.KubeletVersion))
	}
	return condition.NewBlocked(fmt.Sprintf("the upgrade to %s failed: %s; the node runs on %s, run the upgrade action to try again",
		f.Options.Channel, f.UpgradeFailed.Reason, f.KubeletVersion))
}

// FailedUpgrade is what became of an upgrade that did not succeed, for who asked for it.
func (f Facts) FailedUpgrade() (message string, failed bool) {
	if err := f.failedUpgrade(); err != nil {
		return err.Error(), true
	}
	return "", false
}

// upgradeEnded passes the turn on, with what the next unit has to know.
func (f Facts) upgradeEnded() resource.UpgradeEnded {
	return resource.UpgradeEnded{Turn: f.turn(), Failed: f.UpgradeFailed,
		Succeeded: f.Upgrade.Verified && f.Upgrade.Wanted == f.WantedUpgrade() && f.UpgradeFailed.Reason == "" && !f.UpgradePending()}
}

// upgradeOutcome sees an upgrade to its end, whichever that is.
func upgradeOutcome() Handler {
	return Handler{Name: "upgrade", When: []flag{SnapsInstalled}, Declare: func(f Facts) ([]resource.Resource, error) {
		back, begins := f.goesBack(), len(f.beforeUpgrade(nil, nil)) > 0
		switch {
		case f.Upgrade.Verified || f.Upgrade.Wanted == "" && f.Turn && !begins:
			ended := f.upgradeEnded()
			if f.backInService() {
				ended.Needs = []string{resource.NodeSchedulable{Node: f.NodeName}.ID()}
			}
			return []resource.Resource{ended}, nil
		case f.Upgrade.Wanted == "" && !begins:
			return nil, nil
		}
		outcome := resource.UpgradeOutcome{
			Turn: f.turn(), Node: f.NodeName, Wanted: f.Upgrade.Wanted, Version: f.KubeletVersion, Kubelet: KubeletUnit, Back: back,
		}
		if _, problem := f.kubelet(); problem != nil {
			outcome.Problem = problem.Error()
		} else if _, problem := f.kubeProxy(); problem != nil {
			outcome.Problem = problem.Error()
		}
		if f.Upgrade.Wanted == "" {
			outcome.Wanted = f.WantedUpgrade() // it is noted in this round
		}
		for _, name := range snapNames {
			if outcome.Snaps = append(outcome.Snaps, resource.Snap{Name: name}.ID()); back {
				outcome.Snaps[len(outcome.Snaps)-1] = resource.SnapReverted{Name: name}.ID()
			}
		}
		outcome.Pending = !back && f.UpgradePending()
		return []resource.Resource{outcome}, nil
	}}
}

// schedulable lets pods onto the node again that an upgrade has taken out of service, as soon as the cluster sees the
// kubelet that is installed. A cordon of somebody else is left alone, and so is a paused unit.
func schedulable() Handler {
	return Handler{Name: "schedulable", When: []flag{NodeRegistered}, Unless: []flag{UnitPaused}, Declare: func(f Facts) ([]resource.Resource, error) {
		if !f.backInService() {
			return nil, nil
		}
		return []resource.Resource{resource.NodeSchedulable{Node: f.NodeName, Reason: resource.UpgradeCordon}}, nil
	}}
}

// backInService reports whether the cordon of an upgrade, or of a change of the runtime, has to go.
func (f Facts) backInService() bool {
	upgrading := f.UpgradePending() && f.MayUpgrade() || f.Upgrade.Wanted != "" && !f.Upgrade.Verified
	return f.Node.Mark == resource.UpgradeCordon && !upgrading && f.Node.Ready && f.Node.KubeletVersion == f.KubeletVersion &&
		len(f.downServices()) == 0 && !f.Paused()
}
