package jujusim

import (
	"fmt"
)

// Resolve ends a unit's error state: the hook runs again, or is taken as done without having succeeded.
func (m *Model) Resolve(unit string, retry bool) error {
	return m.change(func() error {
		u, err := m.unit(unit)
		if err != nil {
			return err
		}
		if !u.Failed {
			return fmt.Errorf("cannot resolve %s: it is not in error", unit)
		}
		u.Failed, u.Attempts = false, 0
		if retry {
			return nil
		}
		t, err := m.tell(u, u.Pending)
		if err != nil {
			return err
		}
		skipped := *u.Pending
		u.Pending = nil
		m.done(u, &skipped, t)
		return nil
	})
}

// Ask queues a hook that only time or a person brings: update-status, collect-metrics, meter-status-changed.
func (m *Model) Ask(unit, hookName string) error {
	switch hookName {
	case "update-status", "collect-metrics", "meter-status-changed", "config-changed":
	default:
		return fmt.Errorf("cannot ask for hook %q: the model itself decides when it runs", hookName)
	}
	return m.change(func() error {
		u, err := m.unit(unit)
		if err != nil {
			return err
		}
		u.Asked = append(u.Asked, hookName)
		return nil
	})
}

// UpdateStatus queues update-status for a unit.
func (m *Model) UpdateStatus(unit string) error { return m.Ask(unit, "update-status") }
