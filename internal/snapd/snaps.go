package snapd

import (
	"context"
	"net/url"
	"slices"
	"strings"
	"time"
)

// Snap is an installed snap.
type Snap struct {
	Name    string
	Version string
	// Revision is a number given by the store, or x1, x2, … for a snap from a file.
	Revision string
	// Channel is the channel that the snap follows; empty for a snap from a file that never followed one.
	Channel string
	// Status is "active" or "installed" (there but disabled).
	Status      string
	Confinement string
	Type        string
	Base        string
	CohortKey   string
	// Held: the daemon does not refresh the snap by itself, because somebody asked for that.
	Held bool
	Apps []App
}

// App is one program of a snap. Daemon is empty for what is no service.
type App struct {
	Name    string `json:"name"`
	Daemon  string `json:"daemon"`
	Enabled bool   `json:"enabled"`
	Active  bool   `json:"active"`
}

// Local reports whether the snap came from a file.
func (s Snap) Local() bool { return strings.HasPrefix(s.Revision, "x") }

type wireSnap struct {
	Name        string `json:"name"`
	Version     string `json:"version"`
	Revision    string `json:"revision"`
	Channel     string `json:"channel"`
	Tracking    string `json:"tracking-channel"`
	Status      string `json:"status"`
	Confinement string `json:"confinement"`
	Type        string `json:"type"`
	Base        string `json:"base"`
	CohortKey   string `json:"cohort-key"`
	Hold        string `json:"hold"` // RFC 3339; since 2.58
	Apps        []App  `json:"apps"`
}

func (w wireSnap) snap(now time.Time) Snap {
	s := Snap{Name: w.Name, Version: w.Version, Revision: w.Revision, Channel: w.Tracking, Status: w.Status,
		Confinement: w.Confinement, Type: w.Type, Base: w.Base, CohortKey: w.CohortKey, Held: holds(w.Hold, now), Apps: w.Apps}
	if s.Channel == "" {
		s.Channel = w.Channel
	}
	return s
}

// holds reports whether a hold is still in force. One for ever ends centuries from now.
func holds(until string, now time.Time) bool {
	end, err := time.Parse(time.RFC3339, until)
	return until != "" && (err != nil || end.After(now))
}

// Snap returns one installed snap; IsNotInstalled(err) when it is not there.
func (c *Client) Snap(ctx context.Context, name string) (Snap, error) {
	op := quoted("look at snap", name)
	if err := checkName(op, name); err != nil {
		return Snap{}, err
	}
	var w wireSnap
	if err := c.get(ctx, op, snapPath(name), c.settings.ReadTimeout, &w); err != nil {
		return Snap{}, err
	}
	if w.Name != name {
		return Snap{}, &Error{Op: op, Message: "snapd's answer is about another snap"}
	}
	return w.snap(c.settings.Now()), nil
}

// Snaps returns those of the named snaps that are installed, by name, in one request; without names all.
func (c *Client) Snaps(ctx context.Context, names ...string) (map[string]Snap, error) {
	const op = "list snaps"
	path := "/v2/snaps"
	if len(names) > 0 {
		for _, name := range names {
			if err := checkName(op, name); err != nil {
				return nil, err
			}
		}
		path += "?snaps=" + url.QueryEscape(strings.Join(names, ","))
	}
	var list []wireSnap
	if err := c.get(ctx, op, path, c.settings.ReadTimeout, &list); err != nil {
		return nil, err
	}
	snaps := make(map[string]Snap, len(list))
	for _, w := range list {
		if len(names) == 0 || slices.Contains(names, w.Name) {
			snaps[w.Name] = w.snap(c.settings.Now())
		}
	}
	return snaps, nil
}

// SystemInfo is what the daemon says about itself.
type SystemInfo struct {
	Version      string
	Architecture string
	Series       string
	// Confinement is "strict" where AppArmor is complete, else "partial" or "none".
	Confinement string
	// RefreshTimer, RefreshHold and RefreshNext describe the automatic refreshes; the latter two are RFC 3339 times or
	// empty.
	RefreshTimer, RefreshHold, RefreshNext string
}

// SystemInfo asks the daemon about itself. Any caller may ask, root or not.
func (c *Client) SystemInfo(ctx context.Context) (SystemInfo, error) {
	var w struct {
		Version      string `json:"version"`
		Architecture string `json:"architecture"`
		Series       string `json:"series"`
		Confinement  string `json:"confinement"`
		Refresh      struct {
			Timer string `json:"timer"`
			Hold  string `json:"hold"`
			Next  string `json:"next"`
		} `json:"refresh"`
	}
	if err := c.get(ctx, "ask snapd about itself", "/v2/system-info", c.settings.ReadTimeout, &w); err != nil {
		return SystemInfo{}, err
	}
	return SystemInfo{Version: w.Version, Architecture: w.Architecture, Series: w.Series, Confinement: w.Confinement,
		RefreshTimer: w.Refresh.Timer, RefreshHold: w.Refresh.Hold, RefreshNext: w.Refresh.Next}, nil
}

// StoreSnap is a snap that the store has for this architecture.
type StoreSnap struct {
	Name     string
	Channels map[string]StoreChannel
}

// StoreChannel is what one channel of the store holds. Size is in bytes.
type StoreChannel struct {
	Revision    string `json:"revision"`
	Version     string `json:"version"`
	Confinement string `json:"confinement"`
	Size        int64  `json:"size"`
}

// Find asks the store which channels a snap has. Classify(err) is SnapNotFound when the store has no such snap.
func (c *Client) Find(ctx context.Context, name string) (StoreSnap, error) {
	op := quoted("look in the store for snap", name)
	if err := checkName(op, name); err != nil {
		return StoreSnap{}, err
	}
	var list []struct {
		Name     string                  `json:"name"`
		Channels map[string]StoreChannel `json:"channels"`
	}
	path := "/v2/find?name=" + url.QueryEscape(name)
	if err := c.get(ctx, op, path, c.settings.StoreTimeout, &list); err != nil {
		return StoreSnap{}, err
	}
	for _, w := range list {
		if w.Name == name {
			return StoreSnap{Name: w.Name, Channels: w.Channels}, nil
		}
	}
	return StoreSnap{}, newError(SnapNotFound, op, "snap not found")
}

// Released asks the store what a snap has on a channel. Where a channel's own risk has nothing the store gives what a safer
// one of its track has, and so does this. Classify(err) is ChannelUnavailable when there is nothing at all.
func (c *Client) Released(ctx context.Context, name, channel string) (StoreChannel, error) {
	found, err := c.Find(ctx, name)
	if err != nil {
		return StoreChannel{}, err
	}
	if offer, ok := found.on(channel); ok {
		return offer, nil
	}
	e := newError(ChannelUnavailable, quoted("look in the store for snap", name), "no snap revision on specified channel")
	for other := range found.Channels {
		e.Releases = append(e.Releases, Release{Channel: other})
	}
	return StoreChannel{}, e
}

// on looks for a channel, and for the safer ones of its track from the nearest on.
func (s StoreSnap) on(channel string) (StoreChannel, bool) {
	released := map[string]StoreChannel{}
	for name, offer := range s.Channels {
		released[fullChannel(name)] = offer
	}
	wanted := fullChannel(channel)
	if offer, ok := released[wanted]; ok {
		return offer, true
	}
	parts := strings.Split(wanted, "/")
	if len(parts) < 2 {
		return StoreChannel{}, false
	}
	for at := slices.Index(risks[:], parts[1]); at >= 0; at-- {
		if offer, ok := released[parts[0]+"/"+risks[at]]; ok {
			return offer, true
		}
	}
	return StoreChannel{}, false
}

func snapPath(name string) string { return "/v2/snaps/" + url.PathEscape(name) }

func quoted(verb, name string) string { return verb + ` "` + clean(name, 80) + `"` }

// checkName keeps a name from becoming another request: snapd's names are lower-case letters, digits and dashes.
func checkName(op, name string) error {
	for _, r := range name {
		if (r < 'a' || r > 'z') && (r < '0' || r > '9') && r != '-' && r != '_' {
			return newError(Other, op, "%q is no name of a snap", clean(name, 80))
		}
	}
	if name == "" || len(name) > 51 {
		return newError(Other, op, "%q is no name of a snap", clean(name, 80))
	}
	return nil
}
