package probe_test

import (
	"context"
	"encoding/pem"
	"errors"
	"io"
	"log"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"kubernetes-worker/internal/registry"
	"kubernetes-worker/internal/registry/probe"
	"kubernetes-worker/internal/secret"
)

const password = "hunter2hunter2"

func serve(t *testing.T, withTLS bool, handler http.HandlerFunc) (*httptest.Server, registry.Login, probe.Way) {
	t.Helper()
	server := httptest.NewUnstartedServer(handler)
	server.Config.ErrorLog = log.New(io.Discard, "", 0)
	way := probe.Way{Timeout: 5 * time.Second}
	if withTLS {
		server.StartTLS()
		way.Roots = pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: server.Certificate().Raw})
	} else {
		server.Start()
	}
	t.Cleanup(server.Close)
	return server, registry.Login{Server: server.Listener.Addr().String(), Username: "me", Password: secret.New(password)}, way
}

// basic is a registry that wants a password with each request.
func basic(user, password string) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		if u, p, _ := r.BasicAuth(); r.URL.Path != "/v2/" || u != user || p != password {
			w.Header().Set("WWW-Authenticate", `Basic realm="Registry Realm"`)
			w.WriteHeader(http.StatusUnauthorized)
		}
	}
}

// token is a registry that sends to another place for a token, where the password is wanted.
func token(realm func(r *http.Request) string, password string) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		u, p, _ := r.BasicAuth()
		switch {
		case r.URL.Path == "/v2/" && u != "":
			w.WriteHeader(http.StatusTeapot) // the password is not for here
		case r.URL.Path == "/v2/":
			w.Header().Add("WWW-Authenticate", `Basic realm="x"`)
			w.Header().Add("WWW-Authenticate", `Bearer realm="`+realm(r)+`",service="a \"b\""`)
			w.WriteHeader(http.StatusUnauthorized)
		case r.URL.Path != "/token" || r.URL.Query().Get("service") != `a "b"` || r.URL.Query().Get("account") != "me" || r.URL.Query().Get("x") != "y":
			w.WriteHeader(http.StatusNotFound)
		case u != "me" || p != password:
			w.WriteHeader(http.StatusUnauthorized)
		}
	}
}

func here(r *http.Request) string { return "https://" + r.Host + "/token?x=y" }

func TestARegistryIsAskedAsDockerDoes(t *testing.T) {
	for name, c := range map[string]struct {
		handler http.HandlerFunc
		want    error
	}{
		"a password":                {basic("me", password), nil},
		"another password":          {basic("me", "other"), probe.ErrRefused},
		"another user":              {basic("you", password), probe.ErrRefused},
		"a token":                   {token(here, password), nil},
		"no token for the password": {token(here, "other"), probe.ErrRefused},
		"anybody":                   {func(http.ResponseWriter, *http.Request) {}, nil},
	} {
		t.Run(name, func(t *testing.T) {
			_, login, way := serve(t, true, c.handler)
			if err := probe.Login(context.Background(), login, way); !errors.Is(err, c.want) || (err == nil) != (c.want == nil) {
				t.Errorf("%v, want %v", err, c.want)
			}
		})
	}
}

func TestWhatIsNoRegistryIsToldWithoutThePassword(t *testing.T) {
	answer := func(status int, challenge string) http.HandlerFunc {
		return func(w http.ResponseWriter, r *http.Request) {
			if _, p, has := r.BasicAuth(); has {
				t.Errorf("it was told the password %q", p)
			}
			w.Header().Set("WWW-Authenticate", challenge)
			w.Header().Set("Location", "https://"+r.Host+"/elsewhere")
			w.WriteHeader(status)
		}
	}
	for name, c := range map[string]struct {
		handler http.HandlerFunc
		want    string
	}{
		"not found":            {answer(404, ""), "it answers with HTTP status 404"},
		"broken":               {answer(500, ""), "it answers with HTTP status 500"},
		"elsewhere":            {answer(302, ""), "it answers with HTTP status 302"},
		"no challenge":         {answer(401, ""), "it asks for neither a password nor a token"},
		"another challenge":    {answer(401, "Negotiate"), "it asks for neither a password nor a token"},
		"no realm":             {answer(401, "Bearer"), "it names no place for tokens that can be asked"},
		"a realm without TLS":  {answer(401, `Bearer realm="http://auth.test/token"`), "it names no place for tokens that can be asked"},
		"a realm that is none": {answer(401, `Bearer realm="::x"`), "it names no place for tokens that can be asked"},
	} {
		t.Run(name, func(t *testing.T) {
			_, login, way := serve(t, true, c.handler)
			if err := probe.Login(context.Background(), login, way); err == nil || err.Error() != c.want {
				t.Errorf("%v, want %s", err, c.want)
			}
		})
	}
}

func TestTLSIsWantedUnlessTheRegistryIsInsecure(t *testing.T) {
	_, login, way := serve(t, false, basic("me", password))
	if err := probe.Login(context.Background(), login, way); !errors.Is(err, probe.ErrPlain) {
		t.Errorf("plain HTTP: %v", err)
	}
	way.Insecure = true
	if err := probe.Login(context.Background(), login, way); err != nil {
		t.Errorf("plain HTTP of an insecure registry: %v", err)
	}
	_, login, way = serve(t, true, basic("me", password))
	way.Roots = nil
	if err := probe.Login(context.Background(), login, way); err == nil || errors.Is(err, probe.ErrRefused) || !strings.Contains(err.Error(), "certificate") {
		t.Errorf("an unknown authority: %v", err)
	}
	way.Insecure = true
	if err := probe.Login(context.Background(), login, way); err != nil {
		t.Errorf("an unknown authority of an insecure registry: %v", err)
	}
}

func TestARegistryThatDoesNotAnswerIsNotWaitedFor(t *testing.T) {
	release := make(chan struct{})
	defer close(release)
	_, login, way := serve(t, true, func(_ http.ResponseWriter, r *http.Request) {
		select {
		case <-release:
		case <-r.Context().Done():
		}
	})
	way.Timeout = 50 * time.Millisecond
	if err := probe.Login(context.Background(), login, way); err == nil || err.Error() != "it does not answer in time" {
		t.Error(err)
	}
}

func TestTheProxiesOfTheRuntimeAreUsed(t *testing.T) {
	asked := make(chan string, 9)
	proxy, _, _ := serve(t, false, func(w http.ResponseWriter, r *http.Request) {
		asked <- r.Method + " " + r.Host
		w.WriteHeader(http.StatusBadGateway)
	})
	login := registry.Login{Server: "registry.test:5000", Username: "me", Password: secret.New(password)}
	way := probe.Way{Timeout: 5 * time.Second, HTTPSProxy: "http://user:" + password + "@" + proxy.Listener.Addr().String(), NoProxy: ".direct.test"}
	err := probe.Login(context.Background(), login, way)
	if err == nil || strings.Contains(err.Error(), password) {
		t.Errorf("%v", err)
	}
	if got := <-asked; got != "CONNECT registry.test:5000" {
		t.Errorf("the proxy was asked %s", got)
	}
	login.Server = "registry.direct.test:1"
	if err := probe.Login(context.Background(), login, way); err == nil || len(asked) > 0 {
		t.Errorf("%v; the proxy was asked %d times for what is direct", err, len(asked))
	}
}

func FuzzChallenge(f *testing.F) {
	f.Add(`Bearer realm="https://auth.test/token",service="registry",scope="a,b"`)
	f.Add(`Basic realm=x`)
	f.Add(`Bearer ="\`)
	f.Fuzz(func(t *testing.T, header string) {
		for _, scheme := range probe.Schemes([]string{header}) {
			if scheme == "" || scheme != strings.ToLower(scheme) {
				t.Errorf("%q has the scheme %q", header, scheme)
			}
		}
	})
}

func TestARegistryIsAskedWhereItsNameDoesNotLeadYet(t *testing.T) {
	server, login, way := serve(t, true, basic("me", password))
	way.Address, way.Closed = login.Server, true
	login.Server = "example.com" // which the server's certificate is for
	if err := probe.Login(context.Background(), login, way); err != nil {
		t.Errorf("by its name: %v", err)
	}
	login.Server = "other.test"
	if err := probe.Login(context.Background(), login, way); err == nil || !strings.Contains(err.Error(), "not other.test") {
		t.Errorf("by another name: %v", err)
	}
	login.Server = "example.com"
	server.Config.Handler = http.HandlerFunc(func(http.ResponseWriter, *http.Request) {})
	if err := probe.Login(context.Background(), login, way); err == nil || err.Error() != "it lets anybody in" {
		t.Errorf("one that wants no login: %v", err)
	}
}
