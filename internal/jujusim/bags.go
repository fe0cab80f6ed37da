package jujusim

import (
	"fmt"
	"maps"
	"slices"
	"strconv"
)

// members are the units at the other end that a unit can see now, in order. The caller holds m.mu.
func (m *Model) members(relation *relationState, u *unitState) []string {
	if relation.Dying || u.Dying {
		return nil
	}
	var names []string
	for name := range relation.InScope {
		other := m.state.Units[name]
		if other == nil || name == u.Name || other.App != relation.remoteApp(u.App) {
			continue
		}
		if relation.Container && other.Principal != u.Name && u.Principal != name {
			continue
		}
		names = append(names, name)
	}
	slices.SortFunc(names, compareUnits)
	return names
}

// enterScope makes a unit visible to the other end. A principal's entering a container relation makes its subordinate.
// The caller holds m.mu.
func (m *Model) enterScope(relation *relationState, u *unitState) {
	if relation.InScope[u.Name] {
		return
	}
	if relation.Bags[u.Name] == nil {
		relation.Bags[u.Name] = &bag{Data: map[string]string{}}
	}
	relation.Bags[u.Name].write(m.addressKeys(u))
	relation.InScope[u.Name] = true
	if !relation.Container {
		return
	}
	sub := m.state.Apps[relation.remoteApp(u.App)]
	if !sub.Subordinate || u.Principal != "" {
		return
	}
	for _, other := range m.unitsOf(sub.Name) {
		if other.Principal == u.Name {
			return
		}
	}
	m.newUnit(sub, u.Machine, u.Name)
}

// addressKeys are the keys that Juju itself keeps in a unit's bag.
func (m *Model) addressKeys(u *unitState) map[string]string {
	address := m.state.Machines[u.Machine].Spec.Address
	keys := map[string]string{"ingress-address": address, "egress-subnets": address + "/32"}
	if m.generation.PrivateAddress {
		keys["private-address"] = address
	}
	return keys
}

// takesPart reports whether a unit belongs in a relation: a container relation needs its own principal at the other
// end, or to be a principal itself.
func (m *Model) takesPart(relation *relationState, u *unitState) bool {
	if !relation.has(u.App) {
		return false
	}
	return !relation.Container || u.Principal == "" || applicationOf(u.Principal) == relation.remoteApp(u.App)
}

// Bag returns a copy of one unit's data in a relation, found by its number.
func (m *Model) Bag(relation int, unit string) (map[string]string, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	r := m.state.Relations[strconv.Itoa(relation)]
	if r == nil {
		return nil, fmt.Errorf("cannot find relation %d", relation)
	}
	b := r.Bags[unit]
	if b == nil {
		return nil, fmt.Errorf("cannot find a bag of %s in relation %d", unit, relation)
	}
	return maps.Clone(b.Data), nil
}

// SetBag writes into a unit's bag, whoever it belongs to, so that the other end sees a change. In a companion's bag the
// values stay until ClearBag, whatever the companion says; an empty value hides the key.
func (m *Model) SetBag(relation int, unit string, values map[string]string) error {
	return m.change(func() error {
		r := m.state.Relations[strconv.Itoa(relation)]
		if r == nil || r.Bags[unit] == nil {
			return fmt.Errorf("cannot find a bag of %q in relation %d", unit, relation)
		}
		if m.state.Apps[applicationOf(unit)].Companion == "" {
			r.Bags[unit].write(values)
			return nil
		}
		if r.Overrides == nil {
			r.Overrides = map[string]map[string]string{}
		}
		if r.Overrides[unit] == nil {
			r.Overrides[unit] = map[string]string{}
		}
		maps.Copy(r.Overrides[unit], values)
		r.Bags[unit].write(values)
		return nil
	})
}

// ClearBag takes back what SetBag put into a companion's bag.
func (m *Model) ClearBag(relation int, unit string) error {
	return m.change(func() error {
		r := m.state.Relations[strconv.Itoa(relation)]
		if r == nil {
			return fmt.Errorf("cannot find relation %d", relation)
		}
		delete(r.Overrides, unit)
		return nil
	})
}
