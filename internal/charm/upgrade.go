package charm

import (
	"context"
	"fmt"

	"kubernetes-worker/internal/condition"
	"kubernetes-worker/internal/state"
	"kubernetes-worker/internal/worker"
)

// upgrade is the operator's word that snaps may be refreshed to what channel and resources want.
func (r *run) upgrade(ctx context.Context, p params) error {
	approval := approvalOf(p)
	r.facts.Approval, r.state.FailedUpgrade = approval, state.Failure{}
	result, err := r.pass(ctx)
	if err != nil {
		return err
	}
	status := worker.StatusOf(result.Facts, result.Findings)
	if status.Message == "Upgrade pending" || len(result.Findings) > 0 {
		return fmt.Errorf("the upgrade is not finished: %s", status.Message)
	}
	return r.session.ActionSet(ctx, map[string]string{
		"result": "Successfully upgraded Kubernetes snaps to the " + result.Facts.Options.Channel.String() + ".",
	})
}

// approvalOf understands the parameters of the upgrade action.
func approvalOf(p params) worker.Approval {
	return worker.Approval{
		Given: true, SkipDrain: !p.is("drain", true), DeleteLocalData: p.is("delete-local-data", false),
		Force: p.is("force", false), AllowDowngrade: p.is("allow-downgrade", false),
	}
}

// upgradeFailure notices that this invocation has drained the node and then not got the kubelet that it wanted, so that the
// node takes pods again. If the try cost it pods it is not made again until something else is wanted or the operator says
// so. What passes by itself is waited for: the next hook goes on with the node that is drained already.
func (r *run) upgradeFailure(f *worker.Facts) {
	wanted := state.Fingerprint(fmt.Appendf(nil, "%s %s", f.Options.Channel, f.Resources["kubelet"].Fingerprint))
	if !f.KubeletOutdated() || r.state.FailedUpgrade.Wanted != wanted {
		r.state.FailedUpgrade = state.Failure{}
	}
	f.UpgradeFailed = r.state.FailedUpgrade.Reason
	failure := r.system.DrainFailure
	if r.system.Drained {
		failure = r.system.Failure(worker.SnapIDs()...)
	}
	if failure == nil || !f.KubeletOutdated() || condition.Of(failure) == condition.Waiting {
		return
	}
	f.UpgradeFault = failure
	if r.system.PodsMoved > 0 {
		f.UpgradeFailed = failure.Error()
		r.state.FailedUpgrade = state.Failure{Wanted: wanted, Reason: f.UpgradeFailed}
	}
}
