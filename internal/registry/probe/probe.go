// Package probe asks an image registry whether it knows a login, as docker login does: version 2 of the registries'
// protocol, with the password in a request or exchanged for a token. It pulls nothing and keeps nothing.
package probe

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/url"
	"strings"
	"time"

	"golang.org/x/net/http/httpproxy"

	"kubernetes-worker/internal/registry"
)

// Way is how a registry is reached.
type Way struct {
	Roots      []byte // certificates to trust, PEM
	ClientCert []byte // PEM; shown to a registry that asks for one; empty: none
	ClientKey  []byte
	Insecure   bool // whatever certificate it shows, and by plain HTTP if it has none, as docker treats an insecure registry
	// The proxies of the container runtime, as in its environment.
	HTTPProxy, HTTPSProxy, NoProxy string
	// Address is host:port to connect to, whatever address the registry's name has; empty: what the name leads to.
	Address string
	Closed  bool // it has to want a login
	Timeout time.Duration
}

// ErrRefused says that the registry does not know the login.
var ErrRefused = errors.New("it does not accept the username and password")

// ErrPlain says that a registry which has to speak TLS does not.
var ErrPlain = errors.New("it speaks plain HTTP where TLS is wanted")

// Login asks the registry. It gives nil where the login is good, or where the registry lets anybody in; ErrRefused;
// ErrPlain; or why the registry could not be asked. No error holds the password.
func Login(ctx context.Context, login registry.Login, way Way) error {
	ctx, cancel := context.WithTimeout(ctx, way.Timeout)
	defer cancel()
	a, err := newAsker(login, way)
	if err != nil {
		return err
	}
	defer a.client.CloseIdleConnections()
	host := registry.Host(login.Server)
	err = a.ask(ctx, "https://"+host+"/v2/")
	if way.Insecure && err != nil && !errors.Is(err, ErrRefused) && ctx.Err() == nil {
		return a.ask(ctx, "http://"+host+"/v2/")
	}
	return err
}

type asker struct {
	login    registry.Login
	insecure bool
	closed   bool
	client   *http.Client
}

func newAsker(login registry.Login, way Way) (*asker, error) {
	settings := &tls.Config{RootCAs: x509.NewCertPool(), InsecureSkipVerify: way.Insecure}
	settings.RootCAs.AppendCertsFromPEM(way.Roots)
	if len(way.ClientCert) > 0 {
		pair, err := tls.X509KeyPair(way.ClientCert, way.ClientKey)
		if err != nil {
			return nil, errors.New("the client certificate and its key cannot be used")
		}
		settings.Certificates = []tls.Certificate{pair}
	}
	proxies := (&httpproxy.Config{HTTPProxy: way.HTTPProxy, HTTPSProxy: way.HTTPSProxy, NoProxy: way.NoProxy}).ProxyFunc()
	transport := &http.Transport{
		TLSClientConfig: settings, ForceAttemptHTTP2: true, DisableKeepAlives: true, MaxResponseHeaderBytes: 64 << 10,
		Proxy: func(r *http.Request) (*url.URL, error) { return proxies(r.URL) },
	}
	if way.Address != "" {
		transport.DialContext = func(ctx context.Context, network, _ string) (net.Conn, error) {
			return (&net.Dialer{}).DialContext(ctx, network, way.Address)
		}
	}
	return &asker{login: login, insecure: way.Insecure, closed: way.Closed, client: &http.Client{
		Transport:     transport,
		CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
	}}, nil
}

// ask begins without the password: nobody is told it who does not speak the protocol.
func (a *asker) ask(ctx context.Context, base string) error {
	status, challenges, err := a.get(ctx, base, false)
	switch {
	case err != nil:
		return err
	case status == http.StatusOK && a.closed:
		return errors.New("it lets anybody in")
	case status == http.StatusOK:
		return nil // it lets anybody in
	case status != http.StatusUnauthorized:
		return fmt.Errorf("it answers with HTTP status %d", status)
	}
	// A token is preferred where both are offered, as docker does.
	for _, c := range challenges {
		if c.scheme == "bearer" {
			return a.askForToken(ctx, c.parameters)
		}
	}
	for _, c := range challenges {
		if c.scheme == "basic" {
			return a.judge(a.get(ctx, base, true))
		}
	}
	return errors.New("it asks for neither a password nor a token")
}

func (a *asker) askForToken(ctx context.Context, parameters map[string]string) error {
	realm, err := url.Parse(parameters["realm"])
	if err != nil || realm.Host == "" || realm.User != nil || realm.Scheme != "https" && !(a.insecure && realm.Scheme == "http") {
		return errors.New("it names no place for tokens that can be asked")
	}
	query := realm.Query()
	if service := parameters["service"]; service != "" {
		query.Set("service", service)
	}
	query.Set("account", a.login.Username)
	realm.RawQuery = query.Encode()
	return a.judge(a.get(ctx, realm.String(), true))
}

func (a *asker) judge(status int, _ []challenge, err error) error {
	switch {
	case err != nil:
		return err
	case status == http.StatusOK:
		return nil
	case status == http.StatusUnauthorized || status == http.StatusForbidden:
		return ErrRefused
	}
	return fmt.Errorf("it answers with HTTP status %d", status)
}

func (a *asker) get(ctx context.Context, address string, withPassword bool) (status int, challenges []challenge, err error) {
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, address, nil)
	if err != nil {
		return 0, nil, errors.New("its address cannot be used")
	}
	if withPassword {
		request.SetBasicAuth(a.login.Username, a.login.Password.Reveal())
	}
	response, err := a.client.Do(request)
	if err != nil {
		return 0, nil, explain(err)
	}
	defer response.Body.Close()
	_, _ = io.CopyN(io.Discard, response.Body, 4<<10)
	return response.StatusCode, readChallenges(response.Header.Values("WWW-Authenticate")), nil
}

// explain takes the address off an error: it is known, and may have gone through a proxy with a password.
func explain(err error) error {
	var refused *url.Error
	if errors.As(err, &refused) {
		err = refused.Err
	}
	switch {
	case errors.Is(err, context.DeadlineExceeded):
		return errors.New("it does not answer in time")
	case strings.Contains(err.Error(), "server gave HTTP response to HTTPS client"):
		return ErrPlain
	}
	return err
}
