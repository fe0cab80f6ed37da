package snapdtest

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"sync"
	"time"
)

const socketPath = "run/snapd.socket"

// DefaultStateDir is where state.json and faults.json lie below the root, unless Options say otherwise.
const DefaultStateDir = "var/lib/snapdtest"

// Services is the systemd beside the stand-in; *systemdtest.Server is one.
type Services interface {
	Reload() error
	StartUnit(name string) error
	StopUnit(name string) error
}

// Options are the choices of a stand-in.
type Options struct {
	// StateDir holds state.json and faults.json. Default: DefaultStateDir below the root.
	StateDir string
	// Services is told about the services of snaps; nil when there is no systemd.
	Services Services
	// Now is the clock. Default: time.Now.
	Now func() time.Time
	// Architecture is the dpkg name the stand-in pretends. Default: amd64.
	Architecture string
}

// Server is a running stand-in.
type Server struct {
	root, stateDir, arch string
	services             Services
	now                  func() time.Time
	http                 *http.Server

	mu       sync.Mutex // guards what follows, the state file and the effects
	requests map[string]int
	uploads  int64
	saved    []byte // what the state file holds, as far as this server has written it
}

// Start serves on <root>/run/snapd.socket until Close. The state of an earlier stand-in of that root is taken up. The root
// must be short: the path of a Unix socket has at most 107 bytes.
func Start(root string, o Options) (*Server, error) {
	s := &Server{root: root, stateDir: o.StateDir, arch: o.Architecture, services: o.Services, now: o.Now,
		requests: map[string]int{}}
	if s.stateDir == "" {
		s.stateDir = filepath.Join(root, DefaultStateDir)
	}
	if s.now == nil {
		s.now = time.Now
	}
	if s.arch == "" {
		s.arch = "amd64"
	}
	socket := filepath.Join(root, socketPath)
	for _, dir := range []string{s.stateDir, filepath.Dir(socket)} {
		if err := os.MkdirAll(dir, 0o755); err != nil {
			return nil, fmt.Errorf("cannot start the stand-in of snapd: %w", err)
		}
	}
	if err := os.Remove(socket); err != nil && !errors.Is(err, os.ErrNotExist) {
		return nil, fmt.Errorf("cannot start the stand-in of snapd: %w", err)
	}
	l, err := net.Listen("unix", socket)
	if err != nil {
		return nil, fmt.Errorf("cannot start the stand-in of snapd: %w", err)
	}
	s.http = &http.Server{Handler: s, ReadHeaderTimeout: 10 * time.Second}
	go func() { _ = s.http.Serve(l) }()
	return s, nil
}

// Close ends the stand-in: its connections break and its socket disappears. The state stays.
func (s *Server) Close() error {
	ctx, cancel := context.WithTimeout(context.Background(), time.Second)
	defer cancel()
	// Requests under way may end; what does not is cut.
	if s.http.Shutdown(ctx) == nil {
		return nil
	}
	return s.http.Close()
}

// Requests counts the requests so far by method and path, without the query: "GET /v2/snaps".
func (s *Server) Requests() map[string]int {
	s.mu.Lock()
	defer s.mu.Unlock()
	return maps.Clone(s.requests)
}

// ResetRequests makes Requests start from nothing.
func (s *Server) ResetRequests() {
	s.mu.Lock()
	defer s.mu.Unlock()
	clear(s.requests)
}

// ServeHTTP answers one request.
func (s *Server) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.requests[r.Method+" "+r.URL.Path]++
	f := s.faults()
	if f.Gone {
		panic(http.ErrAbortHandler) // cuts the connection, as a daemon that dies does
	}
	if f.Denied {
		fail(w, http.StatusUnauthorized, "login-required", "access denied", nil)
		return
	}
	st := s.load()
	s.route(w, r, &st, f)
	if err := s.save(st); err != nil {
		// A handler has answered already; the next request would show a wrong state, so make the loss loud.
		panic(fmt.Sprintf("cannot keep the state: %v", err))
	}
}

func (s *Server) route(w http.ResponseWriter, r *http.Request, st *state, f Faults) {
	mux := http.NewServeMux()
	handle := func(pattern string, h func(http.ResponseWriter, *http.Request, *state, Faults)) {
		mux.HandleFunc(pattern, func(w http.ResponseWriter, r *http.Request) { h(w, r, st, f) })
	}
	handle("GET /v2/system-info", s.systemInfo)
	handle("GET /v2/snaps", s.listSnaps)
	handle("POST /v2/snaps", s.postFile)
	handle("GET /v2/snaps/{name}", s.showSnap)
	handle("POST /v2/snaps/{name}", s.postSnap)
	handle("GET /v2/snaps/{name}/conf", s.getConf)
	handle("PUT /v2/snaps/{name}/conf", s.putConf)
	handle("GET /v2/changes", s.listChanges)
	handle("GET /v2/changes/{id}", s.showChange)
	handle("GET /v2/find", s.find)
	handle("POST /v2/assertions", s.assert)
	handle("/", func(w http.ResponseWriter, _ *http.Request, _ *state, _ Faults) {
		fail(w, http.StatusNotFound, "", "not found", nil)
	})
	mux.ServeHTTP(w, r)
}
