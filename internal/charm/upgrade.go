package charm

import (
	"context"
	"errors"
	"fmt"
	"time"

	"kubernetes-worker/internal/condition"
	"kubernetes-worker/internal/state"
	"kubernetes-worker/internal/worker"
)

// readyTime is how long a node gets to be Ready after an upgrade, when all else is done.
const readyTime = 5 * time.Minute

// upgrade is the operator's word that snaps may be refreshed to what channel and resources want.
func (r *run) upgrade(ctx context.Context, p params) error {
	r.facts.Approval, r.state.FailedUpgrade = approvalOf(p), state.FailedUpgrade{}
	log := r.system.Log
	r.system.Log = func(ctx context.Context, line string) {
		log(ctx, line)
		teller{r}.Log(ctx, line)
	}
	result, err := r.pass(ctx)
	if err != nil {
		return err
	}
	status := worker.StatusOf(result.Facts, result.Findings)
	switch failed, is := result.Facts.FailedUpgrade(); {
	case is:
		return errors.New(failed)
	case status.Message == "Upgrade pending" || len(result.Findings) > 0 || r.state.Upgrade.Wanted != "":
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
		DrainSeconds: int64(p.seconds("timeout", 0) / time.Second),
	}
}

// observeUpgrade tells how far an upgrade has come. One that failed is not tried again until something else is wanted or the
// operator says so. A drain that ended for want of an API server has not failed: the next hook goes on with it. The word with
// which an upgrade began holds until its end, also where the action was killed.
func (r *run) observeUpgrade(f *worker.Facts) {
	f.Upgrade, f.Turn, f.UpgradeStopped = r.state.Upgrade, r.state.Turn, r.system.UpgradeStopped
	wanted := f.WantedUpgrade()
	if failure := r.system.DrainFailure; failure != nil && f.MayUpgrade() && f.UpgradePending() && condition.Of(failure) != condition.Waiting {
		r.state.FailedUpgrade = state.FailedUpgrade{Wanted: wanted, Reason: failure.Error(), Reverted: f.Upgrade.Wanted != ""}
		r.failedNow = true
	}
	failed := r.state.FailedUpgrade
	if failed.Wanted != wanted || !f.UpgradePending() && f.Upgrade.Wanted == "" && !r.failedNow {
		failed = state.FailedUpgrade{}
	}
	r.failedNow = r.failedNow || f.Upgrade.Wanted != "" && failed.Reason != ""
	r.state.FailedUpgrade, f.UpgradeFailed = failed, failed
	if f.Upgrade.Wanted == wanted && !f.Upgrade.Verified && failed.Reason == "" && !f.Approval.Given {
		f.Approval = f.Upgrade.Approval
	}
}
