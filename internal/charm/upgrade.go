package charm

import (
	"context"
	"fmt"

	"kubernetes-worker/internal/state"
	"kubernetes-worker/internal/worker"
)

// upgrade is the operator's word that snaps may be refreshed to what channel and resources want.
func (r *run) upgrade(ctx context.Context) error {
	approval, err := r.approval(ctx)
	if err != nil {
		return err
	}
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

// approval reads the parameters of the upgrade action. Juju has checked them against their types.
func (r *run) approval(ctx context.Context) (worker.Approval, error) {
	params, err := r.session.ActionParams(ctx)
	if err != nil {
		return worker.Approval{}, err
	}
	is := func(name string, otherwise bool) bool {
		if value, ok := params[name].(bool); ok {
			return value
		}
		return otherwise
	}
	return worker.Approval{
		Given: true, SkipDrain: !is("drain", true), DeleteLocalData: is("delete-local-data", false),
		Force: is("force", false), AllowDowngrade: is("allow-downgrade", false),
	}, nil
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
