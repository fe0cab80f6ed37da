package systemd

import (
	"context"
	"errors"
	"fmt"

	"github.com/coreos/go-systemd/v22/dbus"
	godbus "github.com/godbus/dbus/v5"
)

// JobError is a job that systemd took and that did not succeed.
type JobError struct {
	// Verb is what was asked: "start", "stop", "restart", "reload".
	Verb, Unit string
	// Result is systemd's word: "failed", "timeout", "canceled", "dependency" or "skipped".
	Result string
}

// Error tells what was asked and how it ended.
func (e *JobError) Error() string {
	return fmt.Sprintf("cannot %s %s: systemd's job ended as %q", e.Verb, e.Unit, e.Result)
}

// startJob is the form of go-systemd's methods that begin a job.
type startJob func(ctx context.Context, name, mode string, ch chan<- string) (int, error)

// Start starts a unit and waits for the job.
func (c *Conn) Start(ctx context.Context, name string) error {
	return c.job(ctx, "start", name, func(m *dbus.Conn) startJob { return m.StartUnitContext })
}

// Stop stops a unit and waits for the job.
func (c *Conn) Stop(ctx context.Context, name string) error {
	return c.job(ctx, "stop", name, func(m *dbus.Conn) startJob { return m.StopUnitContext })
}

// Restart stops and starts a unit, or starts it if it does not run, and waits for the job. The job is done when the
// service counts as started; a service that exits right afterwards is seen by Units.
func (c *Conn) Restart(ctx context.Context, name string) error {
	return c.job(ctx, "restart", name, func(m *dbus.Conn) startJob { return m.RestartUnitContext })
}

// ReloadOrRestart makes a service read its configuration again, by a restart if it cannot do so otherwise.
func (c *Conn) ReloadOrRestart(ctx context.Context, name string) error {
	return c.job(ctx, "reload", name, func(m *dbus.Conn) startJob { return m.ReloadOrRestartUnitContext })
}

// job begins a job and waits until systemd has removed it. A request is never sent twice: whether a lost one was carried
// out is not known.
func (c *Conn) job(ctx context.Context, verb, name string, method func(*dbus.Conn) startJob) error {
	ctx, cancel := context.WithTimeout(ctx, c.settings.JobTimeout)
	defer cancel()
	unit := fullName(name)
	manager, err := c.jobs(ctx)
	if err != nil {
		return fmt.Errorf("cannot %s %s: %w", verb, unit, err)
	}
	result := make(chan string, 1)
	if _, err := method(manager)(ctx, unit, "replace", result); err != nil {
		return fmt.Errorf("cannot %s %s: %w", verb, unit, err)
	}
	select {
	case r := <-result:
		if r != "done" {
			return &JobError{Verb: verb, Unit: unit, Result: r}
		}
		return nil
	case <-c.signals.Context().Done():
		return fmt.Errorf("cannot learn how to %s %s ended: systemd closed the connection", verb, unit)
	case <-ctx.Done():
		return fmt.Errorf("cannot wait until the %s of %s is done: %w", verb, unit, ctx.Err())
	}
}

// ResetFailed forgets that a unit failed, so that systemd's limit on starts does not refuse the next one.
func (c *Conn) ResetFailed(ctx context.Context, name string) error {
	return c.manage(ctx, "reset the failure of "+fullName(name), func(ctx context.Context, m *dbus.Conn) error {
		return m.ResetFailedUnitContext(ctx, fullName(name))
	})
}

// Enable makes a unit start at boot, and systemd read its configuration again if that changed anything.
func (c *Conn) Enable(ctx context.Context, name string) error {
	return c.manage(ctx, "enable "+fullName(name), func(ctx context.Context, m *dbus.Conn) error {
		_, changes, err := m.EnableUnitFilesContext(ctx, []string{fullName(name)}, false, true)
		if err != nil || len(changes) == 0 {
			return err
		}
		return m.ReloadContext(ctx)
	})
}

// Disable makes a unit not start at boot, and systemd read its configuration again if that changed anything.
func (c *Conn) Disable(ctx context.Context, name string) error {
	return c.manage(ctx, "disable "+fullName(name), func(ctx context.Context, m *dbus.Conn) error {
		changes, err := m.DisableUnitFilesContext(ctx, []string{fullName(name)}, false)
		if err != nil || len(changes) == 0 {
			return err
		}
		return m.ReloadContext(ctx)
	})
}

// DaemonReload makes systemd read all unit files again.
func (c *Conn) DaemonReload(ctx context.Context) error {
	return c.manage(ctx, "reload systemd's configuration", func(ctx context.Context, m *dbus.Conn) error {
		return m.ReloadContext(ctx)
	})
}

func (c *Conn) manage(ctx context.Context, op string, do func(context.Context, *dbus.Conn) error) error {
	ctx, cancel := context.WithTimeout(ctx, c.settings.ReloadTimeout)
	defer cancel()
	manager, err := c.jobs(ctx)
	if err == nil {
		err = do(ctx, manager)
	}
	if err != nil {
		return fmt.Errorf("cannot %s: %w", op, err)
	}
	return nil
}

// IsNotFound reports whether systemd refused because it has no such unit or unit file.
func IsNotFound(err error) bool {
	var e godbus.Error
	if !errors.As(err, &e) {
		return false
	}
	switch e.Name {
	case "org.freedesktop.systemd1.NoSuchUnit", "org.freedesktop.systemd1.LoadFailed",
		"org.freedesktop.DBus.Error.FileNotFound", "System.Error.ENOENT":
		return true
	}
	return false
}
