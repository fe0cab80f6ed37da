package juju_test

import (
	"context"
	"errors"
	"io"
	"net"
	"net/rpc"
	"path/filepath"
	"sync/atomic"
	"testing"
	"time"

	"kubernetes-worker/internal/juju"
	"kubernetes-worker/internal/juju/jujutest"
)

// connection is Connect for an agent whose tools work and whose advertised socket is another one.
func connection(t *testing.T, agent *jujutest.Agent, socket string) (*juju.Connection, juju.Environment) {
	t.Helper()
	env := environment(t, agent, socket)
	// Connect's tools inherit the variables of the process.
	t.Setenv("JUJU_CONTEXT_ID", jujutest.ContextID)
	t.Setenv("JUJU_AGENT_SOCKET_NETWORK", "unix")
	t.Setenv("JUJU_AGENT_SOCKET_ADDRESS", jujutest.Serve(t, agent))
	return juju.Connect(env), env
}

// brief is enough for a call of a tool twice over, and short enough for a test that runs into half of it.
const brief = 3 * time.Second

func leads(t *testing.T, c *juju.Connection) error {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), brief)
	defer cancel()
	result, err := c.Call(ctx, "is-leader", []string{"--format=json"}, nil)
	if err == nil && string(result.Stdout) != "false\n" {
		t.Errorf("got %q", result.Stdout)
	}
	return err
}

func TestAnySurpriseOnTheSocketFallsBackToTheTools(t *testing.T) {
	for name, socket := range map[string]func(t *testing.T) string{
		"nothing there": func(t *testing.T) string { return filepath.Join(t.TempDir(), "none") },
		"nobody listens": func(t *testing.T) string {
			path := filepath.Join(t.TempDir(), "s")
			listener, err := net.ListenUnix("unix", &net.UnixAddr{Name: path, Net: "unix"})
			if err != nil {
				t.Fatal(err)
			}
			listener.SetUnlinkOnClose(false)
			if err := listener.Close(); err != nil {
				t.Fatal(err)
			}
			return path
		},
		"closes at once": func(t *testing.T) string { return jujutest.Listen(t, func(c net.Conn) { _ = c.Close() }) },
		"answers garbage": func(t *testing.T) string {
			return jujutest.Listen(t, func(c net.Conn) {
				_, _ = c.Write([]byte("HTTP/1.1 400 Bad Request\r\n\r\n"))
				_, _ = io.Copy(io.Discard, c)
			})
		},
		"answers zeros": func(t *testing.T) string {
			return jujutest.Listen(t, func(c net.Conn) {
				_, _ = c.Write(make([]byte, 64))
				_, _ = io.Copy(io.Discard, c)
			})
		},
		"announces a huge message": func(t *testing.T) string {
			return jujutest.Listen(t, func(c net.Conn) {
				_, _ = c.Write([]byte{0xf8, 0x7f, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff})
				_, _ = io.Copy(io.Discard, c)
			})
		},
		"never answers": func(t *testing.T) string {
			return jujutest.Listen(t, func(c net.Conn) { _, _ = io.Copy(io.Discard, c) })
		},
		"has no such service": func(t *testing.T) string {
			return jujutest.Listen(t, func(c net.Conn) { rpc.NewServer().ServeConn(c) })
		},
	} {
		t.Run(name, func(t *testing.T) {
			agent := jujutest.New(unit)
			c, _ := connection(t, agent, socket(t))
			if c.Name() != juju.SocketName || c.Fallback() != nil {
				t.Errorf("before the first call: %s, %v", c.Name(), c.Fallback())
			}
			for range 2 {
				if err := leads(t, c); err != nil {
					t.Fatal(err)
				}
			}
			if c.Name() != juju.ExecName || c.Fallback() == nil || c.Processes() != 2 {
				t.Errorf("afterwards: %s, %v, %d processes", c.Name(), c.Fallback(), c.Processes())
			}
		})
	}
}

func TestWrongContextIDOnTheSocketFallsBack(t *testing.T) {
	agent := jujutest.New(unit)
	_, env := connection(t, agent, jujutest.Serve(t, agent))
	env.ContextID = "stale"
	c := juju.Connect(env)
	if leads(t, c) != nil || c.Name() != juju.ExecName {
		t.Errorf("transport %s, reason %v", c.Name(), c.Fallback())
	}
}

func TestSocketIsNotTriedWhereItIsOffOrUnknown(t *testing.T) {
	agent := jujutest.New(unit)
	var dialled atomic.Int32
	socket := jujutest.Listen(t, func(c net.Conn) {
		dialled.Add(1)
		_ = c.Close()
	})
	_, env := connection(t, agent, socket)
	for name, change := range map[string]func(*juju.Environment){
		"off": func(e *juju.Environment) { e.SocketOff = true },
		"tcp": func(e *juju.Environment) { e.SocketNetwork = "tcp" },
		"old": func(e *juju.Environment) { e.SocketNetwork, e.SocketAddress = "", "" },
	} {
		changed := env
		change(&changed)
		c := juju.Connect(changed)
		if c.Name() != juju.ExecName || c.Fallback() == nil {
			t.Errorf("%s: %s, %v", name, c.Name(), c.Fallback())
		}
		if err := leads(t, c); err != nil {
			t.Errorf("%s: %v", name, err)
		}
	}
	if n := dialled.Load(); n != 0 {
		t.Errorf("the socket was dialled %d times", n)
	}
}

func TestWorkingSocketStartsNoProcess(t *testing.T) {
	agent := jujutest.New(unit)
	agent.Absent["leader-get"] = true
	c, _ := connection(t, agent, jujutest.Serve(t, agent))
	if _, err := c.Call(t.Context(), "leader-get", nil, nil); !errors.Is(err, juju.ErrNoTool) {
		t.Errorf("leader-get: %v", err)
	}
	if err := leads(t, c); err != nil || c.Processes() != 0 || c.Name() != juju.SocketName {
		t.Errorf("%v, %d processes, %s", err, c.Processes(), c.Name())
	}
	if err := c.Close(); err != nil || c.Name() != juju.ExecName {
		t.Errorf("after Close: %v, %s", err, c.Name())
	}
}

// cutting lets a number of answers through and closes the connection in the middle of the next.
type cutting struct {
	net.Conn
	whole int
}

func (c *cutting) Write(p []byte) (int, error) {
	if c.whole--; c.whole >= 0 {
		return c.Conn.Write(p)
	}
	_, _ = c.Conn.Write(p[:len(p)/2])
	return 0, c.Close()
}

func TestCallCutMidwayIsRepeatedByTheTool(t *testing.T) {
	agent := related()
	socket := jujutest.Serve(t, agent)
	cut := jujutest.Listen(t, func(front net.Conn) {
		back, err := net.Dial("unix", socket)
		if err != nil {
			_ = front.Close()
			return
		}
		limited := &cutting{Conn: front, whole: 2}
		go func() { _, _ = io.Copy(back, front); _ = back.Close() }()
		buffer := make([]byte, 64<<10)
		for {
			n, err := back.Read(buffer)
			if err != nil {
				return
			}
			if _, err := limited.Write(buffer[:n]); err != nil {
				return
			}
		}
	})
	c, env := connection(t, agent, cut)
	s, err := juju.Open(t.Context(), env, hook("config-changed"), c, juju.Options{Endpoints: endpoints})
	if err != nil {
		t.Fatal(err)
	}
	if len(s.Snapshot().Relations) != 4 || s.TransportName() != juju.ExecName || c.Fallback() == nil {
		t.Errorf("%d relations, %s, %v", len(s.Snapshot().Relations), s.TransportName(), c.Fallback())
	}
	// The agent had run the tool whose answer was cut: it saw one call more than were made.
	made := 0
	for _, n := range s.Counts() {
		made += n
	}
	if seen := len(agent.Calls("")); seen != made+1 {
		t.Errorf("the agent saw %d calls of %d", seen, made)
	}
}

func TestCallsEndAtTheirDeadline(t *testing.T) {
	silent := jujutest.Listen(t, func(c net.Conn) { _, _ = io.Copy(io.Discard, c) })
	agent := jujutest.New(unit)
	socket := juju.NewSocket(environment(t, agent, silent))
	tools := juju.NewExec(environment(t, agent, silent).Path, t.TempDir(), toolEnviron(silent))
	for name, transport := range map[string]juju.Transport{"socket": socket, "tools": tools} {
		ctx, cancel := context.WithTimeout(t.Context(), 50*time.Millisecond)
		if _, err := transport.Call(ctx, "is-leader", nil, nil); !errors.Is(err, context.DeadlineExceeded) {
			t.Errorf("%s: %v", name, err)
		}
		cancel()
	}
	agent.Hang["config-get"] = true
	if _, err := juju.Open(t.Context(), juju.Environment{UnitName: unit}, hook("start"), agent, juju.Options{Timeout: time.Millisecond}); !errors.Is(err, context.DeadlineExceeded) {
		t.Errorf("session: %v", err)
	}
}

func TestCancelledHookDoesNotTryTheToolsAsWell(t *testing.T) {
	agent := jujutest.New(unit)
	ctx, cancel := context.WithCancel(t.Context())
	c, _ := connection(t, agent, jujutest.Listen(t, func(conn net.Conn) {
		_, _ = conn.Read(make([]byte, 1))
		cancel()
	}))
	if _, err := c.Call(ctx, "is-leader", nil, nil); !errors.Is(err, context.Canceled) || c.Processes() != 0 {
		t.Errorf("%v, %d processes", err, c.Processes())
	}
}
