package systemdtest

import (
	"errors"
	"fmt"
	"maps"
	"net"
	"os"
	"path/filepath"
	"slices"
	"sync"
	"time"

	"github.com/godbus/dbus/v5"
)

const socketPath = "run/systemd/private"

// DefaultStateDir is where state.json and faults.json lie below the root, unless Options say otherwise.
const DefaultStateDir = "var/lib/systemdtest"

// Options are the choices of a stand-in.
type Options struct {
	// StateDir holds state.json and faults.json. Default: DefaultStateDir below the root.
	StateDir string
	// Now is the clock. Default: time.Now.
	Now func() time.Time
	// JobTime is how long a job takes that starts something. Real ones take tens of milliseconds, and the charm, which tells
	// by the times of files what a daemon has read, cannot tell times apart that are closer than a file's time is exact.
	JobTime time.Duration
}

// Server is a running stand-in.
type Server struct {
	root, stateDir string
	now            func() time.Time
	jobTime        time.Duration
	listener       net.Listener

	mu    sync.Mutex // guards what follows and the state file
	conns map[*dbus.Conn]bool
	raw   map[net.Conn]bool
	calls map[string]int
	gone  bool

	serving sync.WaitGroup
}

// Start serves on <root>/run/systemd/private until Close. The state of an earlier stand-in of that root is taken up. The
// root must be short: the path of a Unix socket has at most 107 bytes.
func Start(root string, o Options) (*Server, error) {
	s := &Server{root: root, stateDir: o.StateDir, now: o.Now, jobTime: o.JobTime,
		conns: map[*dbus.Conn]bool{}, raw: map[net.Conn]bool{}, calls: map[string]int{}}
	if s.stateDir == "" {
		s.stateDir = filepath.Join(root, DefaultStateDir)
	}
	if s.now == nil {
		s.now = time.Now
	}
	socket := filepath.Join(root, socketPath)
	for _, dir := range []string{s.stateDir, filepath.Dir(socket)} {
		if err := os.MkdirAll(dir, 0o755); err != nil {
			return nil, fmt.Errorf("cannot start the stand-in of systemd: %w", err)
		}
	}
	if err := os.Remove(socket); err != nil && !errors.Is(err, os.ErrNotExist) {
		return nil, fmt.Errorf("cannot start the stand-in of systemd: %w", err)
	}
	l, err := net.Listen("unix", socket)
	if err != nil {
		return nil, fmt.Errorf("cannot start the stand-in of systemd: %w", err)
	}
	s.listener = l
	s.serving.Add(1)
	go s.serve()
	return s, nil
}

// Close ends the stand-in: its connections break and its socket disappears. The state stays.
func (s *Server) Close() error {
	s.mu.Lock()
	s.gone = true
	for raw := range s.raw {
		_ = raw.Close()
	}
	s.mu.Unlock()
	err := s.listener.Close()
	s.serving.Wait()
	if err := os.Remove(filepath.Join(s.root, socketPath)); err != nil && !errors.Is(err, os.ErrNotExist) {
		return err
	}
	return err
}

// DropConnections breaks the connections that are open, as a restart of systemd does.
func (s *Server) DropConnections() {
	s.mu.Lock()
	defer s.mu.Unlock()
	for raw := range s.raw {
		_ = raw.Close()
	}
}

// Calls counts the D-Bus methods called so far, by member: "Get", "StartUnit", "Reload".
func (s *Server) Calls() map[string]int {
	s.mu.Lock()
	defer s.mu.Unlock()
	return maps.Clone(s.calls)
}

// ResetCalls makes Calls start from nothing.
func (s *Server) ResetCalls() {
	s.mu.Lock()
	defer s.mu.Unlock()
	clear(s.calls)
}

func (s *Server) serve() {
	defer s.serving.Done()
	for {
		raw, err := s.listener.Accept()
		if err != nil {
			return
		}
		s.mu.Lock()
		faults, gone := s.faults(), s.gone
		if !gone {
			s.raw[raw] = true
		}
		s.mu.Unlock()
		if gone || faults.Down {
			s.forget(raw)
			continue
		}
		if faults.Mute {
			continue
		}
		s.serving.Add(1)
		go func() {
			defer s.serving.Done()
			s.converse(raw)
		}()
	}
}

func (s *Server) forget(raw net.Conn) {
	_ = raw.Close()
	s.mu.Lock()
	defer s.mu.Unlock()
	delete(s.raw, raw)
}

// converse authenticates one client and answers it until it leaves.
func (s *Server) converse(raw net.Conn) {
	defer s.forget(raw)
	in, err := authenticate(raw)
	if err != nil {
		return
	}
	conn, err := dbus.NewConn(&authenticated{Conn: raw, in: in}, dbus.WithHandler(objects{s}))
	if err != nil {
		return
	}
	defer conn.Close()
	// Registered before the first message is read, so that no client misses the signal of its own job.
	s.mu.Lock()
	s.conns[conn] = true
	s.mu.Unlock()
	defer func() {
		s.mu.Lock()
		defer s.mu.Unlock()
		delete(s.conns, conn)
	}()
	if conn.Auth([]dbus.Auth{alreadyDone{}}) != nil {
		return
	}
	<-conn.Context().Done()
}

// emit sends a signal of the manager to every client.
func (s *Server) emit(member string, values ...any) {
	s.mu.Lock()
	conns := slices.Collect(maps.Keys(s.conns))
	s.mu.Unlock()
	for _, conn := range conns {
		// A client that has just left misses nothing.
		_ = conn.Emit(managerPath, managerInterface+"."+member, values...)
	}
}
