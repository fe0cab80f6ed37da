package model

import (
	"crypto/tls"
	"io"
	"log"
	"net"
	"net/http"
	"net/http/httptest"
	"sync"
	"testing"
)

// Registry is the door of an image registry: it lets in who has the password.
type Registry struct {
	Netloc string
	User   string

	mu       sync.Mutex
	password string
	asked    int // requests without a password
	tried    []string
}

// StartRegistry starts one with a certificate of an authority, or with plain HTTP if there is none.
func StartRegistry(t *testing.T, ca *Authority, password string) *Registry {
	t.Helper()
	r := &Registry{User: "me", password: password}
	server := httptest.NewUnstartedServer(r)
	server.Config.ErrorLog = log.New(io.Discard, "", 0)
	if ca != nil {
		server.TLS = &tls.Config{Certificates: []tls.Certificate{ca.Server(t, "127.0.0.1")}}
		server.StartTLS()
	} else {
		server.Start()
	}
	t.Cleanup(server.Close)
	r.Netloc = server.Listener.Addr().(*net.TCPAddr).String()
	return r
}

// ServeHTTP answers version 2 of the registries' protocol, as far as logging in goes.
func (r *Registry) ServeHTTP(w http.ResponseWriter, request *http.Request) {
	r.mu.Lock()
	defer r.mu.Unlock()
	user, password, has := request.BasicAuth()
	if !has {
		r.asked++
	} else {
		r.tried = append(r.tried, user)
	}
	if request.URL.Path != "/v2/" {
		http.NotFound(w, request)
		return
	}
	if user != r.User || password != r.password {
		w.Header().Set("WWW-Authenticate", `Basic realm="registry"`)
		w.WriteHeader(http.StatusUnauthorized)
	}
}

// Password changes what the registry accepts.
func (r *Registry) Password(password string) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.password = password
}

// Tries counts how often somebody came with a password.
func (r *Registry) Tries() int {
	r.mu.Lock()
	defer r.mu.Unlock()
	return len(r.tried)
}
