package jujusim

import (
	"fmt"
	"maps"
	"slices"
	"strconv"
	"time"
)

// UnitStatus is what juju status shows of a unit.
type UnitStatus struct {
	Name         string    `json:"name"`
	Status       string    `json:"status"` // the workload's; error while a hook has failed
	Message      string    `json:"message"`
	Since        time.Time `json:"since"`
	Agent        string    `json:"agent"` // allocating, executing, idle or error
	Leader       bool      `json:"leader"`
	Machine      string    `json:"machine"`
	Address      string    `json:"address"`
	Ports        []string  `json:"ports,omitempty"`
	Version      string    `json:"workload_version,omitempty"`
	Principal    string    `json:"principal,omitempty"`
	FailedHook   string    `json:"failed_hook,omitempty"`
	CharmOnDisk  int       `json:"charm_revision"`
	BuiltInOther bool      `json:"companion,omitempty"`
}

// RelationStatus is one relation and who is in it.
type RelationStatus struct {
	ID        int      `json:"id"`
	Interface string   `json:"interface"`
	Endpoints []string `json:"endpoints"`
	Units     []string `json:"units"`
	Dying     bool     `json:"dying,omitempty"`
}

// Status is the model as juju status shows it.
type Status struct {
	Model     string           `json:"model"`
	Juju      string           `json:"juju"`
	Machines  []MachineSpec    `json:"machines"`
	Units     []UnitStatus     `json:"units"`
	Relations []RelationStatus `json:"relations"`
}

// UnitStatus returns one unit's status.
func (m *Model) UnitStatus(unit string) (UnitStatus, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	u, err := m.unit(unit)
	if err != nil {
		return UnitStatus{}, err
	}
	return m.shown(u), nil
}

// Status returns the whole model's status, everything in order.
func (m *Model) Status() Status {
	m.mu.Lock()
	defer m.mu.Unlock()
	s := Status{Model: m.state.Name, Juju: m.generation.Version}
	for _, id := range slices.Sorted(maps.Keys(m.state.Machines)) {
		s.Machines = append(s.Machines, m.state.Machines[id].Spec)
	}
	for _, u := range m.sortedUnits() {
		s.Units = append(s.Units, m.shown(u))
	}
	for _, relation := range m.sortedRelations() {
		r := RelationStatus{ID: relation.ID, Interface: relation.Interface, Dying: relation.Dying}
		for _, end := range relation.Ends {
			r.Endpoints = append(r.Endpoints, end.App+":"+end.Endpoint)
		}
		r.Units = slices.SortedFunc(maps.Keys(relation.InScope), compareUnits)
		s.Relations = append(s.Relations, r)
	}
	return s
}

func (m *Model) shown(u *unitState) UnitStatus {
	app := m.state.Apps[u.App]
	status := m.shownStatus(u)
	s := UnitStatus{
		Name: u.Name, Status: status.State, Message: status.Message, Since: status.Since, Agent: "idle",
		Leader: app.Leader == u.Name, Machine: u.Machine, Address: m.state.Machines[u.Machine].Spec.Address,
		Version: u.Version, Principal: u.Principal, CharmOnDisk: u.Revision, BuiltInOther: app.Companion != "",
	}
	for _, port := range u.Ports {
		s.Ports = append(s.Ports, port.String())
	}
	switch {
	case u.Failed:
		s.Agent, s.FailedHook = "error", u.Pending.Name
	case u.Pending != nil:
		s.Agent = "executing"
	case !u.Installed:
		s.Agent = "allocating"
	}
	return s
}

// shownStatus is the workload status, behind which a failed hook hides the charm's own.
func (m *Model) shownStatus(u *unitState) statusState {
	app := m.state.Apps[u.App]
	if app.Companion != "" {
		return app.Status
	}
	if !u.Failed {
		return u.Status
	}
	message := fmt.Sprintf("hook failed: %q", u.Pending.Name)
	if relation := m.state.Relations[strconv.Itoa(u.Pending.RelationID)]; u.Pending.InRelation && relation != nil {
		end, _ := relation.end(relation.remoteApp(u.App))
		message += " for " + end.App + ":" + end.Endpoint
	}
	return statusState{State: "error", Message: message, Since: u.Status.Since}
}
