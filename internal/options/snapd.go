package options

import (
	"errors"
	"fmt"
	"net/url"
	"strings"
)

// RefreshMax is the value of snapd_refresh that puts refreshes off for as long as snapd allows.
const RefreshMax = "max"

// longestTimer bounds a timer in bytes; those that people write have some twenty.
const longestTimer = 200

func readSnapdRefresh(r *reader) error {
	text, ok, err := r.text()
	if err != nil || !ok {
		return err
	}
	text = strings.TrimSpace(text)
	if err := CheckTimer(text); err != nil {
		return err
	}
	r.into.SnapdRefresh = text
	return nil
}

// CheckTimer refuses what cannot be a timer of snapd. What is right, snapd alone knows.
func CheckTimer(text string) error {
	switch {
	case hasControl(text):
		return errors.New("it holds a line break or another control character; write a timer such as fri5,23:00-01:00")
	case len(text) > longestTimer:
		return fmt.Errorf("it has %d characters, more than any timer; write one such as fri5,23:00-01:00", len(text))
	}
	return nil
}

func readSnapProxy(r *reader) error { return r.proxyURL(&r.into.SnapProxy) }

func readSnapProxyURL(r *reader) error {
	text, ok, err := r.text()
	if err != nil || !ok {
		return err
	}
	text = strings.TrimSpace(text)
	const wanted = "write it as http://host or https://host:port"
	if hasControl(text) || strings.ContainsAny(text, " \u00a0") {
		return errors.New("it holds a blank, a line break or another control character; " + wanted)
	}
	u, err := url.Parse(text)
	switch {
	case text == "":
	case err != nil:
		return errors.New("it is no URL; " + wanted)
	case u.Scheme != "http" && u.Scheme != "https":
		return fmt.Errorf("a store proxy is reached by http or https, not by %q; %s", shorten(u.Scheme), wanted)
	case u.Hostname() == "":
		return errors.New("it names no host; " + wanted)
	case u.User != nil:
		return errors.New("it holds a user's name or a password, which a store proxy does not ask for; " + wanted)
	case u.RawQuery != "" || u.Fragment != "":
		return errors.New("it holds a query or a fragment; " + wanted)
	}
	r.into.SnapProxyURL = strings.TrimRight(text, "/")
	return nil
}

// ProxyOfSnapd gives the proxies that snapd is to use: snap_proxy for both kinds of addresses where it is set, else the
// model's; asked reports that it was the option.
func (o Options) ProxyOfSnapd(model Proxy) (proxy Proxy, asked bool) {
	if o.SnapProxy != "" {
		return Proxy{HTTP: withScheme(o.SnapProxy), HTTPS: withScheme(o.SnapProxy)}, true
	}
	return Proxy{HTTP: usable(model.HTTP), HTTPS: usable(model.HTTPS)}, false
}

// usable leaves a setting of the model that no daemon takes out.
func usable(text string) string {
	text = strings.TrimSpace(text)
	if checkProxyURL(text) != nil {
		return ""
	}
	return withScheme(text)
}

// withScheme completes host:port, which snapd would take for a scheme and something.
func withScheme(text string) string {
	if text == "" || strings.Contains(text, "://") {
		return text
	}
	return "http://" + text
}
