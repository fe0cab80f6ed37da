package charm

import (
	"context"
	"fmt"

	"kubernetes-worker/internal/juju"
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
