package systemd

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/coreos/go-systemd/v22/dbus"
	godbus "github.com/godbus/dbus/v5"
)

// Names of the D-Bus side (org.freedesktop.systemd1(5)).
const (
	destination      = "org.freedesktop.systemd1"
	unitInterface    = "org.freedesktop.systemd1.Unit"
	serviceInterface = "org.freedesktop.systemd1.Service"
	getProperty      = "org.freedesktop.DBus.Properties.Get"
	unitPathPrefix   = "/org/freedesktop/systemd1/unit/"
)

// Unit is the state of one unit.
type Unit struct {
	Name string
	// LoadState is "loaded", "not-found", "masked", "bad-setting", …; the other fields mean little unless "loaded".
	LoadState string
	// ActiveState is "active", "activating", "reloading", "deactivating", "inactive" or "failed".
	ActiveState string
	// SubState is finer: "running", "auto-restart", "dead", ….
	SubState string
	// UnitFileState is "enabled", "disabled", "static", "masked", … or empty.
	UnitFileState string
	// NeedDaemonReload says that unit files on the disk are newer than what systemd has read.
	NeedDaemonReload bool
	// StartedAt is when the unit last became active; zero if never.
	StartedAt time.Time
	// Result is why a service ended: "success", "exit-code", "signal", "start-limit-hit", ….
	Result string
	// MainPID is the process of a running service, else 0.
	MainPID uint32
	// ExitCode tells how the last main process ended (1 exited, 2 killed, 3 dumped core, 0 not yet), ExitStatus its exit
	// status or signal.
	ExitCode, ExitStatus int
	// NRestarts counts the restarts that systemd made by itself since the service was last started by someone.
	NRestarts uint32
}

// Found reports whether systemd has a unit of that name.
func (u Unit) Found() bool { return u.LoadState != "not-found" && u.LoadState != "" }

// Running reports whether the unit is active, or reloading, which it does while active.
func (u Unit) Running() bool { return u.ActiveState == "active" || u.ActiveState == "reloading" }

// Crashing reports whether the service ended by itself badly and is failed or about to be started again.
func (u Unit) Crashing() bool {
	if u.ActiveState == "failed" {
		return true
	}
	return u.SubState == "auto-restart" && u.Result != "success" && u.Result != ""
}

// property is one of the questions asked about each unit, and where its answer goes.
type property struct {
	iface, name string
	store       func(u *Unit, v godbus.Variant) error
}

// properties is a function so that nothing is built in a process that never asks.
func properties() []property {
	return []property{
		{unitInterface, "LoadState", into(func(u *Unit) *string { return &u.LoadState })},
		{unitInterface, "ActiveState", into(func(u *Unit) *string { return &u.ActiveState })},
		{unitInterface, "SubState", into(func(u *Unit) *string { return &u.SubState })},
		{unitInterface, "UnitFileState", into(func(u *Unit) *string { return &u.UnitFileState })},
		{unitInterface, "NeedDaemonReload", into(func(u *Unit) *bool { return &u.NeedDaemonReload })},
		{unitInterface, "ActiveEnterTimestamp", func(u *Unit, v godbus.Variant) error {
			var micros uint64
			if err := v.Store(&micros); err != nil {
				return err
			}
			if micros != 0 {
				u.StartedAt = time.UnixMicro(int64(micros))
			}
			return nil
		}},
		{serviceInterface, "Result", into(func(u *Unit) *string { return &u.Result })},
		{serviceInterface, "MainPID", into(func(u *Unit) *uint32 { return &u.MainPID })},
		{serviceInterface, "ExecMainCode", into(func(u *Unit) *int { return &u.ExitCode })},
		{serviceInterface, "ExecMainStatus", into(func(u *Unit) *int { return &u.ExitStatus })},
		{serviceInterface, "NRestarts", into(func(u *Unit) *uint32 { return &u.NRestarts })},
	}
}

func into[T any](field func(*Unit) *T) func(*Unit, godbus.Variant) error {
	return func(u *Unit, v godbus.Variant) error { return v.Store(field(u)) }
}

// Units returns the state of the named units, by the names as given; a name without a unit suffix means a service. A unit
// that does not exist has the LoadState "not-found". All questions are sent before the first answer is waited for, so the
// cost is that of one round trip. A connection that was dropped is made again once.
func (c *Conn) Units(ctx context.Context, names ...string) (map[string]Unit, error) {
	if len(names) == 0 {
		return map[string]Unit{}, nil
	}
	ctx, cancel := context.WithTimeout(ctx, c.settings.ReadTimeout)
	defer cancel()
	fresh := c.bus == nil
	units, err := c.ask(ctx, names)
	if err != nil && !fresh && ctx.Err() == nil && isDropped(err) {
		c.Close()
		units, err = c.ask(ctx, names)
	}
	if err != nil {
		return nil, fmt.Errorf("cannot ask systemd about %s: %w", strings.Join(names, ", "), err)
	}
	return units, nil
}

func (c *Conn) ask(ctx context.Context, names []string) (map[string]Unit, error) {
	bus, err := c.connection(ctx)
	if err != nil {
		return nil, err
	}
	questions := properties()
	calls := make([][]*godbus.Call, len(names))
	done := make(chan *godbus.Call, len(names)*len(questions))
	sent := 0
	for i, name := range names {
		object := bus.Object(destination, unitPath(name))
		calls[i] = make([]*godbus.Call, len(questions))
		for j, q := range questions {
			if q.iface == serviceInterface && !isService(name) {
				continue
			}
			calls[i][j] = object.GoWithContext(ctx, getProperty, 0, done, q.iface, q.name)
			sent++
		}
	}
	for range sent {
		select {
		case <-done:
		case <-ctx.Done():
			return nil, ctx.Err()
		}
	}
	units := make(map[string]Unit, len(names))
	for i, name := range names {
		u := Unit{Name: fullName(name)}
		for j, call := range calls[i] {
			if err := questions[j].answer(&u, call); err != nil {
				return nil, fmt.Errorf("%s of %s: %w", questions[j].name, u.Name, err)
			}
		}
		units[name] = u
	}
	return units, nil
}

// answer takes over what came back for one question; call is nil where the question was not asked.
func (q property) answer(u *Unit, call *godbus.Call) error {
	if call == nil {
		return nil
	}
	var value godbus.Variant
	err := call.Store(&value)
	if err == nil {
		return q.store(u, value)
	}
	if q.iface == serviceInterface && isUnknown(err) {
		return nil
	}
	return err
}

// isUnknown reports whether systemd lacks the property or the interface: old releases have no NRestarts, and a unit that
// could not be loaded may not be a service to it.
func isUnknown(err error) bool {
	var e godbus.Error
	if !errors.As(err, &e) {
		return false
	}
	return e.Name == "org.freedesktop.DBus.Error.UnknownProperty" || e.Name == "org.freedesktop.DBus.Error.UnknownInterface"
}

func isDropped(err error) bool {
	var e godbus.Error
	return !errors.As(err, &e) && !errors.Is(err, ErrUnavailable)
}

func unitPath(name string) godbus.ObjectPath {
	return godbus.ObjectPath(unitPathPrefix + dbus.PathBusEscape(fullName(name)))
}

// fullName adds the suffix of a service to a name that has none of systemd's.
func fullName(name string) string {
	switch name[strings.LastIndexByte(name, '.')+1:] {
	case "service", "socket", "target", "timer", "mount", "automount", "path", "slice", "scope", "swap", "device":
		return name
	}
	return name + ".service"
}

func isService(name string) bool { return strings.HasSuffix(fullName(name), ".service") }
