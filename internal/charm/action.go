package charm

import (
	"context"
	"fmt"

	"kubernetes-worker/internal/juju"
	"kubernetes-worker/internal/worker"
)

// Action runs one action. It exits 0 also where the action failed: any other status would replace its message.
func Action(ctx context.Context, in Invocation, event juju.Event) int {
	r, err := open(ctx, in, event)
	if err != nil {
		fmt.Fprintln(in.Stderr, err)
		return 1
	}
	defer r.close()
	if event.Name != "upgrade" {
		err = fmt.Errorf("this revision of the charm has no action %s yet; nothing was done", event.Name)
	} else {
		err = r.upgrade(ctx)
	}
	if err != nil {
		if err := r.session.ActionFail(ctx, err.Error()); err != nil {
			fmt.Fprintln(in.Stderr, err)
			return 1
		}
	}
	return 0
}

// upgrade is the operator's word that snaps may be refreshed to what channel and resources want.
func (r *run) upgrade(ctx context.Context) error {
	r.approved = true
	r.facts.UpgradeApproved = true
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
