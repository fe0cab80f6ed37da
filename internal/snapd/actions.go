package snapd

import (
	"context"
	"net/http"
)

// Options are the choices of an install or a refresh from the store.
type Options struct {
	// Channel to take the snap from and to follow; empty for the one followed already, or the store's default.
	Channel string
	// Classic permits a snap without confinement.
	Classic bool
	// CohortKey keeps several machines on one revision.
	CohortKey string
	// Amend lets a refresh replace a snap that came from a file by the store's.
	Amend bool
	// IgnoreRunning lets a refresh replace a snap whose programs (not services) run.
	IgnoreRunning bool
}

type action struct {
	Action        string `json:"action"`
	Channel       string `json:"channel,omitempty"`
	CohortKey     string `json:"cohort-key,omitempty"`
	Classic       bool   `json:"classic,omitempty"`
	Amend         bool   `json:"amend,omitempty"`
	IgnoreRunning bool   `json:"ignore-running,omitempty"`
	LeaveCohort   bool   `json:"leave-cohort,omitempty"`
	Time          string `json:"time,omitempty"`
	HoldLevel     string `json:"hold-level,omitempty"`
	Revision      string `json:"revision,omitempty"`
}

// Install installs a snap from the store and waits until that is done. A change of the snap that is in progress is
// waited for first; when that one brought what is wanted, nothing more is done.
func (c *Client) Install(ctx context.Context, name string, o Options, progress Progress) error {
	op := quoted("install snap", name)
	if err := checkName(op, name); err != nil {
		return err
	}
	waited, err := c.settle(ctx, op, name, progress)
	if err != nil {
		return err
	}
	if waited {
		snap, err := c.Snap(ctx, name)
		if err == nil && !snap.Local() && (o.Channel == "" || SameChannel(snap.Channel, o.Channel)) {
			return nil
		}
		if err != nil && !IsNotInstalled(err) {
			return err
		}
	}
	return c.act(ctx, op, name, progress, action{Action: "install", Channel: o.Channel, CohortKey: o.CohortKey, Classic: o.Classic})
}

// Refresh brings a snap to the newest revision of a channel and follows that channel from then on. Nothing to do is an
// error of class NoUpdate; a snap from a file is one of class Local unless Amend is set.
func (c *Client) Refresh(ctx context.Context, name string, o Options, progress Progress) error {
	op := quoted("refresh snap", name)
	if err := checkName(op, name); err != nil {
		return err
	}
	if _, err := c.settle(ctx, op, name, progress); err != nil {
		return err
	}
	return c.act(ctx, op, name, progress, action{Action: "refresh", Channel: o.Channel, CohortKey: o.CohortKey,
		Classic: o.Classic, Amend: o.Amend, IgnoreRunning: o.IgnoreRunning})
}

// Revert makes a revision current again that the snap had before and that is still on the machine. The snap goes on to
// follow its channel, and the daemon does not bring what it went back from by itself. Where it has the revision already
// nothing is done.
func (c *Client) Revert(ctx context.Context, name, revision string, progress Progress) error {
	op := quoted("revert snap", name)
	if err := checkName(op, name); err != nil {
		return err
	}
	waited, err := c.settle(ctx, op, name, progress)
	if err != nil {
		return err
	}
	if waited {
		if snap, err := c.Snap(ctx, name); err == nil && snap.Revision == revision {
			return nil
		}
	}
	return c.act(ctx, op, name, progress, action{Action: "revert", Revision: revision})
}

func (c *Client) act(ctx context.Context, op, name string, progress Progress, a action) error {
	id, err := c.send(ctx, op, http.MethodPost, snapPath(name), c.settings.StoreTimeout, a)
	if err != nil {
		return err
	}
	_, err = c.wait(ctx, op, id, progress)
	return err
}
