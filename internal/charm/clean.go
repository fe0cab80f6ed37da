package charm

import (
	"context"
	"strings"

	"kubernetes-worker/internal/action"
	"kubernetes-worker/internal/state"
	"kubernetes-worker/internal/worker"
)

// engine is the container runtime that the kubelet works with.
func (r *run) engine(f worker.Facts) action.Engine {
	now := f.RuntimeNow()
	if now.Kind == state.RuntimeDocker {
		return action.Docker{Runner: r.machine.runner}
	}
	return action.Containerd{Runner: r.machine.runner, Address: strings.TrimPrefix(now.Socket, "unix://"), Now: r.clock}
}

// cleanContainers removes the containers that have ended.
func (r *run) cleanContainers(ctx context.Context) error {
	f, err := r.observe(ctx, 0)
	if err != nil {
		return err
	}
	results, failure := action.CleanContainers(ctx, r.engine(f), teller{r})
	return r.cleaned(ctx, results, failure)
}

// cleanImages removes images that no container uses. The one that holds pods together stays: a node that cannot fetch it
// again starts no pod any more.
func (r *run) cleanImages(ctx context.Context, p params) error {
	f, err := r.observe(ctx, 0)
	if err != nil {
		return err
	}
	results, failure := action.CleanImages(ctx, r.engine(f), p.is("untagged", true), []string{f.HoldingImage()}, teller{r})
	if message := results["response.msg"]; message != "" {
		results["response.msg"] = strings.ReplaceAll(message, "<unit>", f.Unit)
	}
	return r.cleaned(ctx, results, failure)
}

func (r *run) cleaned(ctx context.Context, results map[string]string, failure error) error {
	if err := r.session.ActionSet(ctx, results); err != nil {
		return err
	}
	return failure
}
