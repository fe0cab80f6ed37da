package jujusim

import (
	"cmp"
	"fmt"
	"maps"
	"slices"
	"strconv"
	"strings"
)

// unitTag is the agent's name for a unit: unit-kubernetes-worker-0.
func unitTag(unit string) string { return "unit-" + strings.ReplaceAll(unit, "/", "-") }

func applicationOf(unit string) string { app, _, _ := strings.Cut(unit, "/"); return app }

func unitNumber(unit string) int {
	_, number, _ := strings.Cut(unit, "/")
	n, err := strconv.Atoi(number)
	if err != nil {
		return -1
	}
	return n
}

// compareUnits orders by application, then by number.
func compareUnits(a, b string) int {
	return cmp.Or(cmp.Compare(applicationOf(a), applicationOf(b)), cmp.Compare(unitNumber(a), unitNumber(b)))
}

func isApplicationName(name string) bool {
	if name == "" || name[0] < 'a' || name[0] > 'z' {
		return false
	}
	last := name[len(name)-1]
	return last != '-' && strings.Trim(name, "abcdefghijklmnopqrstuvwxyz0123456789-") == ""
}

func isUnitName(name string) bool {
	app, number, found := strings.Cut(name, "/")
	return found && isApplicationName(app) && number != "" && strings.Trim(number, "0123456789") == ""
}

// sortedUnits returns the model's units in order. The caller holds m.mu.
func (m *Model) sortedUnits() []*unitState {
	names := slices.SortedFunc(maps.Keys(m.state.Units), compareUnits)
	units := make([]*unitState, 0, len(names))
	for _, name := range names {
		units = append(units, m.state.Units[name])
	}
	return units
}

// unitsOf returns the units of one application in order. The caller holds m.mu.
func (m *Model) unitsOf(app string) []*unitState {
	var units []*unitState
	for _, unit := range m.sortedUnits() {
		if unit.App == app {
			units = append(units, unit)
		}
	}
	return units
}

// sortedRelations returns the relations in the order they were made. The caller holds m.mu.
func (m *Model) sortedRelations() []*relationState {
	return slices.SortedFunc(maps.Values(m.state.Relations), func(a, b *relationState) int { return cmp.Compare(a.ID, b.ID) })
}

func (m *Model) application(name string) (*appState, error) {
	if app := m.state.Apps[name]; app != nil {
		return app, nil
	}
	return nil, fmt.Errorf("cannot find application %q", name)
}

func (m *Model) unit(name string) (*unitState, error) {
	if unit := m.state.Units[name]; unit != nil {
		return unit, nil
	}
	return nil, fmt.Errorf("cannot find unit %q", name)
}
