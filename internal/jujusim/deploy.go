package jujusim

import (
	"errors"
	"fmt"
	"maps"
	"slices"
	"strconv"
	"strings"
	"time"

	charm "github.com/juju/charm/v12"

	"kubernetes-worker/internal/jujusim/companion"
)

// CompanionPrefix in front of a charm's name deploys one of the built-in other ends of relations.
const CompanionPrefix = "companion:"

// DeploySpec is an application to deploy.
type DeploySpec struct {
	// Charm is a charm directory, a .charm file or "companion:KIND".
	Charm string
	// App is the application's name; the charm's (or the kind) when empty.
	App string
	// Units is the number of units; 1 when zero. Subordinates have none of their own.
	Units int
	// To names the machine of each unit; a new machine is added where it names none.
	To []string
	// Config are options as text, as on the command line.
	Config map[string]string
	// Resources maps resource names to files.
	Resources map[string]string
}

// Deploy adds an application and its units. No hook runs before Settle.
func (m *Model) Deploy(spec DeploySpec) error {
	var needMachine int
	err := m.change(func() error {
		app, err := m.newApplication(spec)
		if err != nil {
			return err
		}
		m.state.Apps[app.Name] = app
		if err := m.configure(app, spec.Config); err != nil {
			delete(m.state.Apps, app.Name)
			return err
		}
		for _, name := range slices.Sorted(maps.Keys(spec.Resources)) {
			if err := m.attach(app, name, spec.Resources[name]); err != nil {
				delete(m.state.Apps, app.Name)
				return err
			}
		}
		app.Modified = 0
		spec.App = app.Name
		if err := m.ensurePeers(app); err != nil {
			return err
		}
		if !app.Subordinate {
			needMachine = max(spec.Units, 1)
		}
		return nil
	})
	if err != nil {
		return err
	}
	for i := range needMachine {
		machine := ""
		if i < len(spec.To) {
			machine = spec.To[i]
		}
		if _, err := m.AddUnit(spec.App, machine); err != nil {
			return err
		}
	}
	m.progress("deployed %s", spec.App)
	return nil
}

func (m *Model) newApplication(spec DeploySpec) (*appState, error) {
	app := &appState{
		Name: spec.App, Settings: map[string]any{}, LeaderSettings: map[string]string{},
		Resources: map[string]resourceState{}, Status: statusState{State: "unknown", Since: m.options.Now()},
	}
	if kind, ok := strings.CutPrefix(spec.Charm, CompanionPrefix); ok {
		found, err := companion.Lookup(kind)
		if err != nil {
			return nil, err
		}
		app.Companion = kind
		app.Subordinate = found.Subordinate()
		if app.Name == "" {
			app.Name = kind
		}
		return app, m.checkFree(app.Name)
	}
	if app.Name == "" {
		read, err := readCharm(spec.Charm)
		if err != nil {
			return nil, err
		}
		app.Name = read.Meta().Name
	}
	if err := m.checkFree(app.Name); err != nil {
		return nil, err
	}
	if err := m.storeCharm(spec.Charm, app.Name, 0); err != nil {
		return nil, err
	}
	read, err := m.charmOf(app)
	if err != nil {
		return nil, err
	}
	app.Subordinate = read.Meta().Subordinate
	return app, nil
}

func readCharm(path string) (charm.Charm, error) {
	read, err := charm.ReadCharm(path)
	if err != nil {
		return nil, fmt.Errorf("cannot read charm %s: %w", path, err)
	}
	return read, nil
}

func (m *Model) checkFree(name string) error {
	if !isApplicationName(name) {
		return fmt.Errorf("cannot deploy %q: not an application name", name)
	}
	if m.state.Apps[name] != nil {
		return fmt.Errorf("cannot deploy %s: application exists", name)
	}
	return nil
}

// AddUnit adds a unit, on a new machine when none is named, and returns its name.
func (m *Model) AddUnit(app, machine string) (string, error) {
	if machine == "" {
		id, err := m.AddMachine(MachineSpec{})
		if err != nil {
			return "", err
		}
		machine = id
	}
	var name string
	err := m.change(func() error {
		target, err := m.application(app)
		if err != nil {
			return err
		}
		if target.Subordinate {
			return fmt.Errorf("cannot add a unit of %s: it is a subordinate", app)
		}
		if m.state.Machines[machine] == nil {
			return fmt.Errorf("cannot add a unit of %s: no machine %s", app, machine)
		}
		name = m.newUnit(target, machine, "").Name
		return nil
	})
	return name, err
}

func (m *Model) newUnit(app *appState, machine, principal string) *unitState {
	u := &unitState{
		Name: app.Name + "/" + strconv.Itoa(app.NextUnit), App: app.Name, Number: app.NextUnit, Machine: machine,
		Principal: principal, LeaderSeen: -1, Relations: map[string]*relationLocal{}, Secrets: map[string]*secretLocal{},
		KeyValues: map[string]string{}, BootSeen: m.state.Machines[machine].Boot,
		Status: statusState{State: "waiting", Message: "waiting for machine", Since: m.options.Now()},
	}
	app.NextUnit++
	m.state.Units[u.Name] = u
	if app.Leader == "" {
		app.Leader = u.Name
	}
	if app.Companion != "" {
		u.Installed, u.Started = true, true
		m.companionEnters(u)
	}
	return u
}

// RemoveUnit marks a unit as dying; Settle runs its last hooks. A companion's unit goes at once.
func (m *Model) RemoveUnit(unit string) error {
	return m.change(func() error {
		u, err := m.unit(unit)
		if err != nil {
			return err
		}
		u.Dying = true
		for _, other := range m.sortedUnits() {
			if other.Principal == unit {
				other.Dying = true
			}
		}
		return nil
	})
}

// dropUnit forgets a unit that has run its last hook. The caller holds m.mu.
func (m *Model) dropUnit(u *unitState) {
	for _, relation := range m.sortedRelations() {
		delete(relation.InScope, u.Name)
	}
	delete(m.state.Units, u.Name)
	app := m.state.Apps[u.App]
	if app != nil && app.Leader == u.Name {
		app.Leader = ""
		for _, next := range m.unitsOf(app.Name) {
			if !next.Dying {
				app.Leader = next.Name
				break
			}
		}
	}
	for _, relation := range m.sortedRelations() {
		m.collectRelation(relation)
	}
}

// SetLeader moves an application's leadership to a unit.
func (m *Model) SetLeader(unit string) error {
	return m.change(func() error {
		u, err := m.unit(unit)
		if err != nil {
			return err
		}
		if u.Dying {
			return errors.New("cannot lead: the unit is dying")
		}
		m.state.Apps[u.App].Leader = unit
		return nil
	})
}

func (m *Model) setStatus(u *unitState, state, message string) {
	u.Status = statusState{State: state, Message: message, Since: m.options.Now().UTC().Truncate(time.Second)}
}
