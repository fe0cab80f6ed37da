package jujusim

import (
	"context"
	"fmt"
	"strings"
	"sync"
	"time"
)

// FailedUnits is the error of Settle when units stay in error.
type FailedUnits struct {
	// Units maps the names of the units to their status messages, as in: hook failed: "install".
	Units map[string]string
	order []string
}

// Error lists the units and their messages.
func (e *FailedUnits) Error() string {
	parts := make([]string, 0, len(e.order))
	for _, unit := range e.order {
		parts = append(parts, unit+": "+e.Units[unit])
	}
	return "units in error: " + strings.Join(parts, "; ")
}

// maxKills bounds how often one hook is run again because something killed it.
const maxKills = 10

// Settle runs hooks until no unit has one left. Failed hooks are retried as Options say; units that stay in error are
// returned as *FailedUnits, when everything else is quiet.
func (m *Model) Settle(ctx context.Context) error {
	m.running.Lock()
	defer m.running.Unlock()
	kills := map[string]int{}
	for hooks := 0; ; {
		ran, err := m.round(ctx, &hooks, kills)
		if err != nil {
			return err
		}
		if ran {
			continue
		}
		again, err := m.retry(ctx)
		if err != nil {
			return err
		}
		if !again {
			return m.failedUnits()
		}
	}
}

// Step runs at most one hook, of the first unit that has one, and reports whether there was one.
func (m *Model) Step(ctx context.Context) (bool, error) {
	m.running.Lock()
	defer m.running.Unlock()
	if err := m.reconcile(ctx); err != nil {
		return false, err
	}
	for _, name := range m.unitNames() {
		ran, _, err := m.runNext(ctx, name)
		if ran || err != nil {
			return ran, err
		}
	}
	return false, nil
}

// round gives every unit one turn.
func (m *Model) round(ctx context.Context, hooks *int, kills map[string]int) (bool, error) {
	progressed := false
	if err := m.reconcile(ctx); err != nil {
		return false, err
	}
	for _, names := range m.turns() {
		before := *hooks
		for i, turn := range m.take(ctx, names) {
			if turn.err != nil {
				return false, turn.err
			}
			if !turn.ran {
				continue
			}
			*hooks++
			if *hooks > m.options.MaxHooks {
				return false, fmt.Errorf("cannot settle: still not quiet after %d hooks, the last one on %s", m.options.MaxHooks, names[i])
			}
			if turn.outcome == Killed {
				kills[names[i]]++
				if kills[names[i]] > maxKills {
					return false, fmt.Errorf("cannot settle: the hook of %s was killed %d times", names[i], kills[names[i]])
				}
			}
		}
		if *hooks == before {
			continue
		}
		progressed = true
		if err := m.reconcile(ctx); err != nil {
			return false, err
		}
	}
	return progressed, nil
}

// turns are the units in order, those beside each other that may run a hook at the same time: with Options.Together one
// of each machine, else one alone.
func (m *Model) turns() [][]string {
	m.mu.Lock()
	defer m.mu.Unlock()
	var turns [][]string
	of := map[string]int{} // turns that a machine has had
	for i, u := range m.sortedUnits() {
		turn := i
		if m.options.Together {
			turn = of[u.Machine]
			of[u.Machine]++
		}
		if turn == len(turns) {
			turns = append(turns, nil)
		}
		turns[turn] = append(turns[turn], u.Name)
	}
	return turns
}

// turn is what came of giving a unit its turn.
type turn struct {
	ran     bool
	outcome Outcome
	err     error
}

// take lets each of the units run its next hook, all at the same time, and waits for their end.
func (m *Model) take(ctx context.Context, names []string) []turn {
	turns := make([]turn, len(names))
	var agents sync.WaitGroup
	for i, name := range names {
		agents.Go(func() {
			turns[i].ran, turns[i].outcome, turns[i].err = m.runNext(ctx, name)
		})
	}
	agents.Wait()
	return turns
}

func (m *Model) unitNames() []string {
	m.mu.Lock()
	defer m.mu.Unlock()
	var names []string
	for _, u := range m.sortedUnits() {
		names = append(names, u.Name)
	}
	return names
}

// retry makes failed hooks that may be retried runnable again.
func (m *Model) retry(ctx context.Context) (bool, error) {
	m.mu.Lock()
	var again []*unitState
	if m.state.Config["automatically-retry-hooks"] != "false" {
		for _, u := range m.sortedUnits() {
			if u.Failed && u.Attempts <= m.options.Retries {
				again = append(again, u)
			}
		}
	}
	m.mu.Unlock()
	if len(again) == 0 {
		return false, nil
	}
	for _, u := range again {
		delay := m.options.RetryDelay(u.Attempts)
		m.progress("%s: retrying %s in %s (attempt %d)", u.Name, u.Pending.Name, delay, u.Attempts)
		if err := pause(ctx, delay); err != nil {
			return false, err
		}
	}
	return true, m.change(func() error {
		for _, u := range again {
			u.Failed = false
		}
		return nil
	})
}

func pause(ctx context.Context, delay time.Duration) error {
	if delay <= 0 {
		return ctx.Err()
	}
	timer := time.NewTimer(delay)
	defer timer.Stop()
	select {
	case <-ctx.Done():
		return ctx.Err()
	case <-timer.C:
		return nil
	}
}

func (m *Model) failedUnits() error {
	m.mu.Lock()
	defer m.mu.Unlock()
	failed := &FailedUnits{Units: map[string]string{}}
	for _, u := range m.sortedUnits() {
		if u.Failed {
			failed.Units[u.Name] = m.shownStatus(u).Message
			failed.order = append(failed.order, u.Name)
		}
	}
	if len(failed.order) == 0 {
		return nil
	}
	return failed
}
