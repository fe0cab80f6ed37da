package charm

import (
	"context"
	"fmt"
	"time"

	"kubernetes-worker/internal/action"
	"kubernetes-worker/internal/drain"
	"kubernetes-worker/internal/juju"
	"kubernetes-worker/internal/worker"
)

// pauseTime is what pods get to leave where the operator does not say it.
const pauseTime = 10 * time.Minute

// pause takes the unit out of service, until somebody resumes it.
func (r *run) pause(ctx context.Context, p params) error {
	f, err := r.reachNode(ctx)
	if err != nil {
		return err
	}
	pause := action.Pause{
		Node: f.NodeName, Keep: p.is("keep-cordoned", false), Already: f.Paused(),
		Options: drain.Options{
			DeleteLocalData: p.is("delete-local-data", false), Force: p.is("force", false),
			IgnoreDaemonSets: p.is("ignore-daemonsets", true), Timeout: p.seconds("timeout", pauseTime),
		},
	}
	if grace := p.seconds("grace-period", -time.Second); grace >= 0 {
		pause.Options.GracePeriod = &grace
	}
	done, failure := pause.Run(ctx, r.system.Cluster, teller{r})
	if err := r.session.ActionSet(ctx, done.Results()); err != nil {
		return err
	}
	if !done.Touched {
		return failure
	}
	r.state.Paused = done.Paused
	return r.afterwards(ctx, failure, func(f worker.Facts) string {
		text := fmt.Sprintf("node %s is out of service: %d pods moved, %d stay", f.NodeName, len(done.Evicted), len(done.Skipped))
		if f.Node.Cordoned && f.Node.Mark == "" {
			text += "; somebody else has cordoned it, which resume will not take back"
		}
		return text
	})
}

// resume puts a paused unit back into service.
func (r *run) resume(ctx context.Context) error {
	f, err := r.reachNode(ctx)
	if err != nil {
		return err
	}
	was := f.Paused()
	if err := action.Resume(ctx, r.system.Cluster, f.NodeName, teller{r}); err != nil {
		if was { // whatever the API server has still done of it
			return fmt.Errorf("%w; the unit stays paused, run resume again", err)
		}
		return err
	}
	r.state.Paused, r.resumed = false, was
	return r.afterwards(ctx, nil, func(f worker.Facts) string {
		switch {
		case f.Node.Cordoned && f.Node.Mark == "":
			return fmt.Sprintf("node %s stays cordoned: that was not done by the pause action; kubectl uncordon %s ends it", f.NodeName, f.NodeName)
		case f.Node.Cordoned:
			return fmt.Sprintf("node %s stays cordoned until its %s is finished", f.NodeName, f.Node.Mark)
		case !was:
			return fmt.Sprintf("node %s was not paused", f.NodeName)
		}
		return fmt.Sprintf("node %s is back in service", f.NodeName)
	})
}

// reachNode makes sure that there is a node and an API server that knows it, and reads the facts.
func (r *run) reachNode(ctx context.Context) (worker.Facts, error) {
	f, err := r.observe(ctx, 0)
	switch {
	case err != nil:
		return f, fmt.Errorf("%w; nothing was changed", err)
	case r.system.Cluster == nil:
		return f, fmt.Errorf("cannot ask about node %s: no API server is known, or the credentials for it are not there yet; nothing was changed", f.NodeName)
	case f.Node.Failure != nil:
		return f, fmt.Errorf("%w; nothing was changed", f.Node.Failure)
	case !f.Node.Exists:
		return f, fmt.Errorf("there is no node %s in the cluster; nothing was changed", f.NodeName)
	}
	return f, nil
}

// afterwards remembers at once what an action has decided, does what a hook would do, so that the status is computed anew,
// and gives the action its result or its failure.
func (r *run) afterwards(ctx context.Context, failure error, result func(worker.Facts) string) error {
	r.system.NodeChanges++
	if err := r.state.Save(); err != nil {
		return err
	}
	after, err := r.pass(ctx)
	switch {
	case failure != nil:
		return failure
	case err != nil:
		return fmt.Errorf("%s; but what a hook does besides failed: %w", result(after.Facts), err)
	}
	return r.session.ActionSet(ctx, map[string]string{"result": result(after.Facts)})
}

// showResumed shows that a pause has ended, if the unit is active again: its status in words of its own follows.
func (r *run) showResumed(ctx context.Context, status worker.Status) {
	if r.resumed && status.IsActive() {
		resumed := worker.Resumed()
		_ = r.session.Progress(ctx, juju.State(resumed.State), resumed.Message)
	}
}
