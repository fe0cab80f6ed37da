package snapd

import (
	"context"
	"net/http"
	"strconv"
	"strings"
)

// HasHolds reports whether a daemon of a version has holds of single snaps, which came with 2.58. A version that cannot
// be read is taken for a new one.
func HasHolds(version string) bool {
	major, rest, _ := strings.Cut(version, ".")
	minor, _, _ := strings.Cut(rest, ".")
	minor, _, _ = strings.Cut(minor, "~")
	n, err := strconv.Atoi(minor)
	return major != "2" || err != nil || n >= 58
}

// Hold keeps the daemon's own refreshes, and refreshes of all snaps at once, away from a snap until Unhold. A Refresh of
// the snap by its name is not kept away. Classify(err) is Unsupported where the daemon has no holds, which it has from
// 2.58 on.
func (c *Client) Hold(ctx context.Context, name string) error {
	return c.adjust(ctx, quoted("hold snap", name), name, action{Action: "hold", Time: "forever", HoldLevel: "general"})
}

// Unhold ends a Hold.
func (c *Client) Unhold(ctx context.Context, name string) error {
	return c.adjust(ctx, quoted("end the hold of snap", name), name, action{Action: "unhold"})
}

// SetCohort lets a snap from the store follow a cohort from its next refresh on, or with an empty key none. The snap is
// not refreshed, and the store is not asked.
func (c *Client) SetCohort(ctx context.Context, name, key string) error {
	return c.adjust(ctx, quoted("change the cohort of snap", name), name, action{Action: "switch", CohortKey: key, LeaveCohort: key == ""})
}

// SetChannel lets a snap from the store follow a channel from its next refresh on. The snap is not refreshed, and the store
// is not asked.
func (c *Client) SetChannel(ctx context.Context, name, channel string) error {
	return c.adjust(ctx, quoted("change the channel of snap", name), name, action{Action: "switch", Channel: channel})
}

// adjust changes how a snap is treated, not the snap.
func (c *Client) adjust(ctx context.Context, op, name string, a action) error {
	if err := checkName(op, name); err != nil {
		return err
	}
	if _, err := c.settle(ctx, op, name, nil); err != nil {
		return err
	}
	id, err := c.send(ctx, op, http.MethodPost, snapPath(name), c.settings.ReadTimeout, a)
	if err != nil {
		return err
	}
	_, err = c.wait(ctx, op, id, nil)
	return err
}

// Idle reports whether the daemon has no change in progress. Restarting it in the middle of one delays what others wait
// for.
func (c *Client) Idle(ctx context.Context) (bool, error) {
	var list []change
	err := c.get(ctx, "look for changes in progress", "/v2/changes?select=in-progress", c.settings.ReadTimeout, &list)
	return len(list) == 0, err
}
