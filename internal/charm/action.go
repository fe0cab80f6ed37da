package charm

import (
	"context"
	"fmt"
	"time"

	"kubernetes-worker/internal/juju"
	"kubernetes-worker/internal/resource"
)

// Action runs one action. It exits 0 also where the action failed: any other status would replace its message.
func Action(ctx context.Context, in Invocation, event juju.Event) int {
	r, err := open(ctx, in, event)
	if err != nil {
		fmt.Fprintln(in.Stderr, err)
		return 1
	}
	defer r.close()
	if err := r.action(ctx); err != nil {
		if err := r.session.ActionFail(ctx, err.Error()); err != nil {
			fmt.Fprintln(in.Stderr, err)
			return 1
		}
	}
	return 0
}

func (r *run) action(ctx context.Context) error {
	params, err := r.session.ActionParams(ctx)
	if err != nil {
		return err
	}
	switch r.event.Name {
	case "upgrade":
		return r.upgrade(ctx, params)
	case "pause":
		return r.pause(ctx, params)
	case "resume":
		return r.resume(ctx)
	case "debug":
		return r.debug(ctx)
	case "clean-containers":
		return r.cleanContainers(ctx)
	case "clean-images":
		return r.cleanImages(ctx, params)
	case "microbot":
		return r.microbot(ctx, params)
	case "registry":
		return r.registry(ctx, params)
	}
	return fmt.Errorf("this revision of the charm has no action %s; nothing was done", r.event.Name)
}

// params are the parameters of an action. Juju has checked them against their types.
type params map[string]any

func (p params) is(name string, otherwise bool) bool {
	if value, ok := p[name].(bool); ok {
		return value
	}
	return otherwise
}

// seconds is a parameter that counts them.
func (p params) seconds(name string, otherwise time.Duration) time.Duration {
	if value, ok := p[name].(int64); ok {
		return time.Duration(value) * time.Second
	}
	return otherwise
}

// teller lets an action speak to Juju. That somebody does not hear it ends no action.
type teller struct{ *run }

func (t teller) Log(ctx context.Context, line string) { _ = t.session.ActionLog(ctx, line) }

func (t teller) Status(ctx context.Context, message string) {
	_ = t.session.Progress(ctx, juju.Maintenance, message)
}

func (t teller) Step(ctx context.Context, name string, do func(context.Context) error) error {
	observer := t.invocation.Observer
	if observer == nil {
		return do(ctx)
	}
	id := "action:" + name
	observer.Before(id, resource.Change{})
	err := do(ctx)
	observer.After(id, resource.Change{}, err)
	return err
}
