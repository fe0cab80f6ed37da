package resource

import (
	"context"
	"fmt"

	"kubernetes-worker/internal/condition"
	"kubernetes-worker/internal/snapd"
	"kubernetes-worker/internal/state"
)

// StoreProxy is the snap store proxy that snapd takes snaps from; without a URL none of the charm's.
type StoreProxy struct {
	URL string
}

// ID is snapd:snap_proxy_url.
func (StoreProxy) ID() string { return "snapd:snap_proxy_url" }

// Stage is SnapStage: what comes after is fetched there.
func (StoreProxy) Stage() Stage { return SnapStage }

// Outside marks it as one that asks outside.
func (StoreProxy) Outside() {}

// Equal compares the URLs.
func (p StoreProxy) Equal(other any) bool { return other == any(p) }

// Plan compares the store that snapd uses with the one that was set for the URL. The proxy is asked only for a difference.
func (p StoreProxy) Plan(ctx context.Context, sys *System) (*Change, error) {
	noted := sys.State.Snapd.Store
	if p.URL == "" {
		return p.withdraw(ctx, sys)
	}
	have, err := sys.snapdConf(ctx, []string{ProxyStore})
	if err != nil {
		return nil, snapdCondition(err)
	}
	if noted.URL == p.URL && noted.ID != "" && have[ProxyStore] == noted.ID {
		return nil, nil
	}
	if err := sys.refused[p.ID()]; err != nil {
		return nil, err
	}
	return &Change{Cause: "the store of " + p.URL, Apply: func(ctx context.Context) error {
		err := p.use(ctx, sys)
		if condition.Of(err) == condition.Blocked {
			sys.refused[p.ID()] = err // this invocation does not ask again
		}
		return err
	}}, nil
}

// withdraw goes back to the store of before.
func (p StoreProxy) withdraw(ctx context.Context, sys *System) (*Change, error) {
	setting := SnapdSetting{Option: "snap_proxy_url", Values: map[string]string{ProxyStore: ""}, Restore: true}
	change, err := setting.Plan(ctx, sys)
	if err != nil || sys.State.Snapd.Store == (state.StoreProxy{}) {
		return change, err
	}
	if change == nil {
		change = &Change{Silent: true, Apply: func(context.Context) error { return nil }}
	}
	apply := change.Apply
	change.Apply = func(ctx context.Context) error {
		if err := apply(ctx); err != nil {
			return err
		}
		sys.State.Snapd.Store = state.StoreProxy{}
		return sys.State.Save()
	}
	return change, nil
}

// use asks the proxy who it is, lets snapd check that, and sets it.
func (p StoreProxy) use(ctx context.Context, sys *System) error {
	found, err := sys.AskStoreProxy(ctx, p.URL)
	switch {
	case snapd.Classify(err) == snapd.StoreUnreachable:
		return condition.NewWaiting(fmt.Sprintf("Waiting for the snap store proxy at %s: %s", p.URL, snapReason(err)))
	case err != nil:
		return condition.NewBlocked(fmt.Sprintf("snap_proxy_url: %s is no snap store proxy: %s", p.URL, snapReason(err)))
	}
	asserted, err := snapd.StoreOf(found.Assertions)
	if err != nil || asserted != found.ID {
		return condition.NewBlocked(fmt.Sprintf("snap_proxy_url: Proxy ID from header did not match store assertion: %s", mismatch(found.ID, asserted, err)))
	}
	if err := sys.Snaps.Acknowledge(ctx, found.Assertions); err != nil {
		if snapd.Transient(err) {
			return snapdCondition(err)
		}
		return condition.NewBlocked(fmt.Sprintf("snap_proxy_url: snapd could not ack the proxy assertion: %s", snapReason(err)))
	}
	setting := SnapdSetting{Option: "snap_proxy_url", Values: map[string]string{ProxyStore: found.ID}, Restore: true}
	delete(sys.State.Snapd.Refused, setting.Option) // another assertion may have come for the same store
	change, err := setting.Plan(ctx, sys)
	if err == nil && change != nil {
		err = change.Apply(ctx)
	}
	if err != nil {
		return err
	}
	sys.State.Snapd.Store = state.StoreProxy{URL: p.URL, ID: found.ID}
	return sys.State.Save()
}

func mismatch(header, asserted string, err error) string {
	if err != nil {
		return err.Error()
	}
	return fmt.Sprintf("%q, %q", header, asserted)
}

// snapdCondition says of a request to snapd about itself who has to act.
func snapdCondition(err error) error {
	switch snapd.Classify(err) {
	case snapd.Busy, snapd.Unfinished:
		return condition.NewWaiting(fmt.Sprintf("Waiting for snapd, busy with another change of %s: %s", "its configuration", snapReason(err)))
	case snapd.NoDaemon:
		return condition.NewWaiting(fmt.Sprintf("Waiting for snapd to answer: %s", snapReason(err)))
	case snapd.DiskFull:
		return condition.NewBlocked("cannot change snapd's settings: the disk is full; free some space")
	}
	return err
}
