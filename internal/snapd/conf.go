package snapd

import (
	"context"
	"net/http"
)

// Conf returns the whole configuration of a snap; "system" (or "core") is snapd's own. Dotted keys come as nested maps,
// numbers as json.Number.
func (c *Client) Conf(ctx context.Context, name string) (map[string]any, error) {
	op := quoted("read the configuration of snap", name)
	if err := checkName(op, name); err != nil {
		return nil, err
	}
	conf := map[string]any{}
	if err := c.get(ctx, op, snapPath(name)+"/conf", c.settings.ReadTimeout, &conf); err != nil {
		return nil, err
	}
	return conf, nil
}

// SetConf changes the named keys of a snap's configuration and waits until the snap's configure hook has accepted them;
// nil deletes a key, keys that are not named keep their value. When the hook refuses, Classify(err) is HookFailed and
// nothing has changed. Services are not restarted.
func (c *Client) SetConf(ctx context.Context, name string, values map[string]any) error {
	op := quoted("configure snap", name)
	if err := checkName(op, name); err != nil {
		return err
	}
	if _, err := c.settle(ctx, op, name, nil); err != nil {
		return err
	}
	id, err := c.send(ctx, op, http.MethodPut, snapPath(name)+"/conf", c.settings.ReadTimeout, values)
	if err != nil {
		return err
	}
	_, err = c.wait(ctx, op, id, nil)
	return err
}
