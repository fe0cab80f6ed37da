package jujusim

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"time"

	"kubernetes-worker/internal/jujusim/launch"
)

// runNext runs a unit's next hook, if it has one.
func (m *Model) runNext(ctx context.Context, unit string) (bool, Outcome, error) {
	m.mu.Lock()
	u := m.state.Units[unit]
	if u == nil {
		m.mu.Unlock()
		return false, "", nil
	}
	if u.Dying && !u.Installed && m.state.Apps[u.App].Companion == "" {
		m.dropUnit(u)
		err := m.save()
		m.mu.Unlock()
		return true, Skipped, err
	}
	next, err := m.nextHook(u)
	spec := m.state.Machines[u.Machine].Spec
	m.mu.Unlock()
	if err != nil || next == nil {
		return false, "", err
	}
	p, err := m.place(ctx, spec)
	if err != nil {
		return false, "", err
	}
	outcome, err := m.runHook(ctx, p, u, *next)
	return true, outcome, err
}

func (m *Model) runHook(ctx context.Context, p place, u *unitState, h hook) (Outcome, error) {
	m.mu.Lock()
	c, t, err := m.prepareHook(p, u, h)
	m.mu.Unlock()
	if err != nil {
		return "", err
	}
	record := HookRecord{Unit: u.Name, Hook: h.Name, RemoteUnit: h.RemoteUnit, Time: m.options.Now().UTC()}
	if h.InRelation {
		record.Relation = strings.TrimSuffix(h.Name, "-"+h.Kind) + fmt.Sprintf(":%d", h.RelationID)
	}
	argv0, found := c.executable()
	var end ending
	if found {
		if end, err = m.execute(ctx, c, argv0); err != nil {
			return "", err
		}
	}
	m.mu.Lock()
	m.finishHook(c, t, found, end, &record)
	err = m.finishRecord(c, end.report, &record)
	m.mu.Unlock()
	if err != nil {
		return "", err
	}
	m.progress("%s", describe(record))
	if c.rebootNow || c.reboot && record.Outcome == Succeeded {
		return record.Outcome, m.reboot(ctx, u.Machine)
	}
	return record.Outcome, nil
}

// prepareHook does what the agent does before a hook. The hook is recorded as pending, so that it runs again if this
// process dies. The caller holds m.mu.
func (m *Model) prepareHook(p place, u *unitState, h hook) (*hookContext, told, error) {
	app := m.state.Apps[u.App]
	switch h.Kind {
	case "install":
		m.setStatus(u, "maintenance", "installing charm software")
	case "stop":
		m.setStatus(u, "maintenance", "stopping charm software")
	case "remove":
		m.setStatus(u, "maintenance", "cleaning up prior to charm deletion")
	}
	if h.Kind == "install" || h.Kind == "upgrade-charm" {
		files, err := m.unpack(p, u.Name, app, u.Files)
		if err != nil {
			return nil, told{}, err
		}
		u.Files, u.Revision = files, app.Revision
	}
	if err := m.installTools(p, u.Name); err != nil {
		return nil, told{}, err
	}
	t, err := m.tell(u, &h)
	if err != nil {
		return nil, told{}, err
	}
	u.Pending, u.Failed = &h, false
	return m.newContext(p, u, h, nil), t, m.save()
}

func (m *Model) finishHook(c *hookContext, t told, found bool, end ending, record *HookRecord) {
	u, h := c.unit, c.hook
	how := "via hook dispatching script: dispatch"
	if !isDispatch(c) {
		how = "via explicit, bespoke hook script"
	}
	const operation = "juju.worker.uniter.operation"
	switch {
	case !found:
		record.Outcome = Skipped
		m.log.add(u.Name, "INFO", operation, fmt.Sprintf("skipped %q hook (missing)", h.Name))
		u.Pending = nil
		m.done(u, &h, t)
	case c.rebootNow:
		record.Outcome = Interrupted
	case end.killed:
		record.Outcome = Killed
		m.log.add(u.Name, "INFO", operation, fmt.Sprintf("hook %q was killed, it will run again", h.Name))
	case end.report.Exit == 0:
		record.Outcome = Succeeded
		m.log.add(u.Name, "INFO", operation, fmt.Sprintf("ran %q hook (%s)", h.Name, how))
		c.flush()
		u.Pending, u.Attempts = nil, 0
		m.done(u, &h, t)
		if h.Kind == "remove" {
			m.clean(c.place, u.Name)
		}
	default:
		record.Outcome = HookFailed
		m.log.add(u.Name, "ERROR", operation, fmt.Sprintf("hook %q (%s) failed: %s", h.Name, how, failure(end.report)))
		u.Failed = true
		u.Attempts++
	}
}

func isDispatch(c *hookContext) bool {
	path, _ := c.executable()
	return strings.HasSuffix(path, "/dispatch")
}

// failure is how the agent words a process that did not succeed.
func failure(report launch.Report) string {
	switch {
	case report.StartFail != "":
		return report.StartFail
	case report.Signal != 0:
		return fmt.Sprintf("signal: %d", report.Signal)
	default:
		return fmt.Sprintf("exit status %d", report.Exit)
	}
}

func (m *Model) finishRecord(c *hookContext, report launch.Report, record *HookRecord) error {
	record.Exit, record.Signal = report.Exit, report.Signal
	record.Wall, record.CPU = report.Wall, report.CPU
	record.PeakKB, record.TreePeakKB = report.PeakKB, report.TreePeak
	record.Tools, record.Flushed = c.calls, c.flushed
	m.state.NextHook++
	record.Number = m.state.NextHook
	return errors.Join(m.addRecord(*record), m.save())
}

func describe(r HookRecord) string {
	text := fmt.Sprintf("%s: %s", r.Unit, r.Name())
	if r.RemoteUnit != "" {
		text += " (" + r.RemoteUnit + ")"
	}
	if r.Outcome == Skipped {
		return text + " skipped, the charm has none"
	}
	text += fmt.Sprintf(" %s in %s, CPU %s, %d MB", r.Outcome, r.Wall.Round(time.Millisecond), r.CPU.Round(time.Millisecond), r.PeakKB/1024)
	return text + fmt.Sprintf(", tools %d socket %d exec", r.Calls("socket"), r.Calls("exec"))
}
