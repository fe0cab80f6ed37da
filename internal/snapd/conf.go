package snapd

import (
	"context"
	"net/http"
	"net/url"
	"slices"
	"strings"
)

// Conf returns the configuration of a snap, or of it only the named keys that are set; "system" (or "core") is snapd's own,
// of which only named keys should be asked for: all of them make the daemon start processes. Dotted keys come as nested
// maps, numbers as json.Number.
func (c *Client) Conf(ctx context.Context, name string, keys ...string) (map[string]any, error) {
	op := quoted("read the configuration of snap", name)
	if err := checkName(op, name); err != nil {
		return nil, err
	}
	// The daemon refuses the whole question for the sake of one key that is not set, and says which.
	for left := slices.Clone(keys); ; {
		path := snapPath(name) + "/conf"
		if len(keys) > 0 {
			path += "?keys=" + url.QueryEscape(strings.Join(left, ","))
		}
		conf := map[string]any{}
		err := c.get(ctx, op, path, c.settings.ReadTimeout, &conf)
		if err == nil {
			return conf, nil
		}
		before := len(left)
		left = slices.DeleteFunc(left, isBelow(missingOption(err)))
		if len(left) == before {
			return nil, err
		}
		if len(left) == 0 {
			return conf, nil
		}
	}
}

// isBelow tells which keys lack when missing does: of "proxy.http" the daemon may say that there is no "proxy".
func isBelow(missing string) func(string) bool {
	return func(key string) bool {
		return missing != "" && (key == missing || strings.HasPrefix(key, missing+"."))
	}
}

// missingOption is the key that an error says is not set.
func missingOption(err error) string {
	e, ok := asError(err)
	if !ok || e.Kind != "option-not-found" {
		return ""
	}
	return e.option
}

// SetConf changes the named keys of a snap's configuration and waits until the snap's configure hook has accepted them;
// nil deletes a key, keys that are not named keep their value. When the hook refuses, Classify(err) is HookFailed and
// nothing has changed. Services are not restarted.
func (c *Client) SetConf(ctx context.Context, name string, values map[string]any) error {
	op := quoted("configure snap", name)
	if err := checkName(op, name); err != nil {
		return err
	}
	busy := name
	if name == "system" {
		busy = "core" // the name under which the daemon lists changes of its own configuration
	}
	if _, err := c.settle(ctx, op, busy, nil); err != nil {
		return err
	}
	id, err := c.send(ctx, op, http.MethodPut, snapPath(name)+"/conf", c.settings.ReadTimeout, values)
	if err != nil {
		return err
	}
	_, err = c.wait(ctx, op, id, nil)
	return err
}
