package options

import (
	"errors"
	"fmt"
	"net/url"
	"slices"
	"strings"
)

// MaxNoProxy is the most bytes that no_proxy may have: the daemon's unit has one line for it, and older releases of
// systemd read no line of more than 2048 bytes.
const MaxNoProxy = 2024

// Proxy is a set of proxy settings. Empty fields are not set. The URLs may hold a password: print them nowhere.
type Proxy struct {
	HTTP    string // URL, or host:port
	HTTPS   string // URL, or host:port
	NoProxy string // comma-separated hosts, domains and networks that are reached directly
}

// Active reports whether there is a proxy at all; without one NoProxy has no meaning.
func (p Proxy) Active() bool { return p.HTTP != "" || p.HTTPS != "" }

// confidential reports whether an option's value can hold a password: a proxy's URL with something before its host, or a
// login.
func confidential(option Option, value any) bool {
	if option == DockerLogins {
		return holdsLogin(value)
	}
	text, _ := value.(string)
	return (option == HTTPProxy || option == HTTPSProxy || option == SnapProxy) && strings.Contains(text, "@")
}

func readHTTPProxy(r *reader) error { return r.proxyURL(&r.into.Proxy.HTTP) }

func readHTTPSProxy(r *reader) error { return r.proxyURL(&r.into.Proxy.HTTPS) }

func (r *reader) proxyURL(into *string) error {
	text, ok, err := r.text()
	if err != nil || !ok {
		return err
	}
	text = strings.TrimSpace(text)
	if err := checkProxyURL(text); err != nil {
		return err
	}
	*into = text
	return nil
}

// checkProxyURL takes what the daemons take: empty, scheme://[user:password@]host[:port][/], or host:port. Its errors do
// not hold the text, for there may be a password in it.
func checkProxyURL(text string) error {
	const wanted = "write it as http://host:port"
	if text == "" {
		return nil
	}
	if hasControl(text) || strings.ContainsAny(text, " \u00a0") {
		return errors.New("it holds a blank, a line break or another control character; " + wanted)
	}
	if !strings.Contains(text, "://") {
		text = "http://" + text
	}
	u, err := url.Parse(text)
	if err != nil {
		return errors.New("it is no URL; " + wanted)
	}
	if !slices.Contains([]string{"http", "https", "socks5", "socks5h"}, strings.ToLower(u.Scheme)) {
		return fmt.Errorf("a proxy is reached by http, https or socks5, not by %q; %s", shorten(u.Scheme), wanted)
	}
	if u.Hostname() == "" {
		return errors.New("it names no host; " + wanted)
	}
	return nil
}

func readNoProxy(r *reader) error {
	text, ok, err := r.text()
	if err != nil || !ok {
		return err
	}
	text = strings.TrimSpace(text)
	if err := checkNoProxy(text); err != nil {
		return err
	}
	r.into.Proxy.NoProxy = text
	return nil
}

func checkNoProxy(text string) error {
	if len(text) > MaxNoProxy {
		return fmt.Errorf("no_proxy longer than %d chars. It has %d; name whole domains and networks instead of single hosts", MaxNoProxy, len(text))
	}
	if hasControl(text) {
		return errors.New("it holds a line break or another control character; write all entries in one line, separated by commas")
	}
	return nil
}

// Origins of an effective proxy setting, as explain prints them.
const (
	FromOption = "option of the charm"
	FromModel  = "proxy settings of the Juju model"
	FromNobody = "not set"
)

// EffectiveProxy tells which proxy settings to use: each the charm's own option where it is set, else the model's
// (juju-http-proxy and so on, which Juju hands to the charm in its environment). The origins are those above. A model
// setting that cannot be used is left out and reported.
func (o Options) EffectiveProxy(model Proxy) (proxy Proxy, origin map[Option]string, findings []Finding) {
	origin = map[Option]string{}
	choose := func(option Option, own, fallback string, check func(string) error) string {
		fallback = strings.TrimSpace(fallback)
		if own != "" {
			origin[option] = FromOption
			return own
		}
		if err := check(fallback); err != nil {
			message := fmt.Sprintf("%s: the value of the Juju model is ignored: %v", option, err)
			findings = append(findings, Finding{Option: option, Severity: Warning, Message: message})
			fallback = ""
		}
		if fallback == "" {
			origin[option] = FromNobody
			return ""
		}
		origin[option] = FromModel
		return fallback
	}
	proxy.HTTP = choose(HTTPProxy, o.Proxy.HTTP, model.HTTP, checkProxyURL)
	proxy.HTTPS = choose(HTTPSProxy, o.Proxy.HTTPS, model.HTTPS, checkProxyURL)
	proxy.NoProxy = choose(NoProxy, o.Proxy.NoProxy, model.NoProxy, checkNoProxy)
	return proxy, origin, findings
}

// WithoutProxyFor returns the settings with the addresses of the cluster added to NoProxy, in the order given, without
// those already there. An address that would make the list longer than MaxNoProxy is left out and returned.
func (p Proxy) WithoutProxyFor(addresses ...string) (_ Proxy, left []string) {
	entries := strings.FieldsFunc(p.NoProxy, func(c rune) bool { return c == ',' || c == ' ' })
	for _, address := range addresses {
		if address == "" || slices.Contains(entries, address) {
			continue
		}
		longer := address
		if p.NoProxy != "" {
			longer = strings.TrimRight(p.NoProxy, ", ") + "," + address
		}
		if checkNoProxy(longer) != nil {
			left = append(left, address)
			continue
		}
		p.NoProxy, entries = longer, append(entries, address)
	}
	return p, left
}
