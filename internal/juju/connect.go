package juju

import (
	"context"
	"errors"
	"time"
)

// Connection is the transport of a real invocation: the agent's socket as long as it behaves as expected, the tools on
// PATH for the rest of the process after its first surprise.
type Connection struct {
	socket *Socket // nil when out of use
	tools  *Exec
	reason error
}

// Connect returns the transport for env. Nothing is dialled yet: the first call is the probe.
func Connect(env Environment) *Connection {
	c := &Connection{tools: NewExec(env.Path, env.CharmDir, nil)}
	switch {
	case env.SocketOff:
		c.reason = errors.New("turned off by " + SocketSwitch)
	case env.SocketNetwork != "unix" || env.SocketAddress == "":
		c.reason = errors.New("the environment names no unix socket")
	default:
		c.socket = NewSocket(env)
	}
	return c
}

// Call runs the tool over the socket, or by a process. A call that the socket failed is repeated by a process, however
// far it got: every tool the charm calls reads, or sets something to a value, or is buffered in the agent until the hook
// ends; at worst a line is logged twice. So that time is left for the repetition, the socket gets half of it.
func (c *Connection) Call(ctx context.Context, tool string, args []string, stdin []byte) (Result, error) {
	if c.socket != nil {
		result, err := c.trySocket(ctx, tool, args, stdin)
		if err == nil || errors.Is(err, ErrNoTool) || ctx.Err() != nil {
			return result, err
		}
		c.reason = errors.Join(err, c.Close())
	}
	return c.tools.Call(ctx, tool, args, stdin)
}

func (c *Connection) trySocket(ctx context.Context, tool string, args []string, stdin []byte) (Result, error) {
	if deadline, ok := ctx.Deadline(); ok {
		var cancel context.CancelFunc
		ctx, cancel = context.WithTimeout(ctx, time.Until(deadline)/2)
		defer cancel()
	}
	return c.socket.Call(ctx, tool, args, stdin)
}

// Name says how the next call will travel.
func (c *Connection) Name() string {
	if c.socket != nil {
		return SocketName
	}
	return ExecName
}

// Fallback is why the socket is not in use; nil while it is.
func (c *Connection) Fallback() error { return c.reason }

// Processes is the number of tools started as processes.
func (c *Connection) Processes() int { return c.tools.Processes() }

// Close gives the socket up; later calls go by processes.
func (c *Connection) Close() error {
	if c.socket == nil {
		return nil
	}
	err := c.socket.Close()
	c.socket = nil
	return err
}
