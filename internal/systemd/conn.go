package systemd

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"net"
	"os"
	"path/filepath"
	"strconv"
	"time"

	sddbus "github.com/coreos/go-systemd/v22/dbus"
	"github.com/godbus/dbus/v5"
)

// Where systemd can be reached, below the root of the host: its own socket, which only root may use and which needs no
// bus daemon, and the system bus.
const (
	privateSocket = "run/systemd/private"
	systemBus     = "run/dbus/system_bus_socket"
)

// ErrUnavailable is the cause of errors that say that systemd cannot be reached at all.
var ErrUnavailable = errors.New("systemd is not there")

// Settings are the limits of a connection. The zero value of each field takes the default named beside it.
type Settings struct {
	// DialTimeout bounds connecting, with its authentication. Default 5 s.
	DialTimeout time.Duration
	// ReadTimeout bounds a question. Default 10 s.
	ReadTimeout time.Duration
	// JobTimeout bounds a job; stopping a stubborn service takes systemd 90 s. Default 3 min.
	JobTimeout time.Duration
	// ReloadTimeout bounds daemon-reload and changes of unit files. Default 90 s.
	ReloadTimeout time.Duration
}

// Conn is a connection that is made when it is first needed. It may be used by one goroutine at a time.
type Conn struct {
	root     string
	settings Settings
	bus      *dbus.Conn   // for questions; nil until needed
	manager  *sddbus.Conn // for jobs and unit files, on bus and on signals; nil until needed
	signals  *dbus.Conn
	dials    int
}

// New prepares a connection to the systemd of the host below root. Nothing is dialled before the first call.
func New(root string, settings Settings) *Conn {
	for _, limit := range []struct {
		field *time.Duration
		value time.Duration
	}{
		{&settings.DialTimeout, 5 * time.Second},
		{&settings.ReadTimeout, 10 * time.Second},
		{&settings.JobTimeout, 3 * time.Minute},
		{&settings.ReloadTimeout, 90 * time.Second},
	} {
		if *limit.field <= 0 {
			*limit.field = limit.value
		}
	}
	return &Conn{root: root, settings: settings}
}

// Close gives up the connection; the next call would make a new one.
func (c *Conn) Close() {
	if c.signals != nil {
		_ = c.signals.Close()
	}
	if c.bus != nil {
		_ = c.bus.Close()
	}
	c.bus, c.signals, c.manager = nil, nil, nil
}

// Dials is the number of connections made so far.
func (c *Conn) Dials() int { return c.dials }

// connection returns the connection for questions.
func (c *Conn) connection(ctx context.Context) (*dbus.Conn, error) {
	if c.bus != nil && c.bus.Connected() {
		return c.bus, nil
	}
	c.Close()
	bus, err := c.dial(ctx)
	if err != nil {
		return nil, err
	}
	c.bus = bus
	return bus, nil
}

// jobs returns the connection for jobs. It shares the one for questions and adds one that receives the signals.
func (c *Conn) jobs(ctx context.Context) (*sddbus.Conn, error) {
	if c.manager != nil && c.bus.Connected() && c.signals.Connected() {
		return c.manager, nil
	}
	bus, err := c.connection(ctx)
	if err != nil {
		return nil, err
	}
	if c.signals != nil {
		_ = c.signals.Close()
	}
	signals, err := c.dial(ctx)
	if err != nil {
		return nil, err
	}
	ready := []*dbus.Conn{bus, signals}
	manager, err := sddbus.NewConnection(func() (*dbus.Conn, error) {
		next := ready[0]
		ready = ready[1:]
		return next, nil
	})
	if err != nil {
		return nil, fmt.Errorf("cannot prepare jobs: %w", err)
	}
	c.signals, c.manager = signals, manager
	return manager, nil
}

// dial connects to the first socket that answers. The deadline covers the authentication, which the D-Bus library would
// wait for without end.
func (c *Conn) dial(ctx context.Context) (*dbus.Conn, error) {
	private, err := c.dialSocket(ctx, privateSocket, false)
	if err == nil {
		return private, nil
	}
	bus, busErr := c.dialSocket(ctx, systemBus, true)
	if busErr == nil {
		return bus, nil
	}
	return nil, fmt.Errorf("cannot connect to systemd: %w (%v; %v)", ErrUnavailable, err, busErr)
}

// buffered saves system calls: the D-Bus library reads a message in a dozen small pieces.
type buffered struct {
	net.Conn
	in *bufio.Reader
}

// Read reads through the buffer.
func (b buffered) Read(p []byte) (int, error) { return b.in.Read(p) }

func (c *Conn) dialSocket(ctx context.Context, path string, hello bool) (*dbus.Conn, error) {
	ctx, cancel := context.WithTimeout(ctx, c.settings.DialTimeout)
	defer cancel()
	var d net.Dialer
	socket, err := d.DialContext(ctx, "unix", filepath.Join(c.root, path))
	if err != nil {
		return nil, err
	}
	c.dials++
	deadline, _ := ctx.Deadline()
	if err := socket.SetDeadline(deadline); err != nil {
		_ = socket.Close()
		return nil, err
	}
	conn, err := dbus.NewConn(buffered{socket, bufio.NewReaderSize(socket, 16<<10)})
	if err != nil {
		_ = socket.Close()
		return nil, err
	}
	if err := conn.Auth([]dbus.Auth{dbus.AuthExternal(strconv.Itoa(os.Geteuid()))}); err != nil {
		_ = conn.Close()
		return nil, fmt.Errorf("%s: %w", path, err)
	}
	if hello {
		if err := conn.Hello(); err != nil {
			_ = conn.Close()
			return nil, fmt.Errorf("%s: %w", path, err)
		}
	}
	if err := socket.SetDeadline(time.Time{}); err != nil {
		_ = conn.Close()
		return nil, err
	}
	return conn, nil
}
