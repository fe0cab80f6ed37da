package charm

import (
	"context"
	"fmt"

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

// upgradeFailure notices that this invocation has taken the node's pods away and then not got the kubelet that it wanted,
// and stays aware of it until something else is wanted or the operator says so: a try costs the pods of the node, so it is
// not repeated in each hook.
func (r *run) upgradeFailure(f *worker.Facts) {
	wanted := state.Fingerprint(fmt.Appendf(nil, "%s %s", f.Options.Channel, f.Resources["kubelet"].Fingerprint))
	failure := r.system.DrainFailure
	if r.system.Drained {
		failure = r.system.Failure(worker.SnapIDs()...)
	}
	switch {
	case !f.KubeletOutdated():
		r.state.FailedUpgrade = state.Failure{}
	case failure != nil:
		r.state.FailedUpgrade = state.Failure{Wanted: wanted, Reason: failure.Error()}
	case r.state.FailedUpgrade.Wanted != wanted:
		r.state.FailedUpgrade = state.Failure{}
	}
	f.UpgradeFailed = r.state.FailedUpgrade.Reason
}
