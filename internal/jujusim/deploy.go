package jujusim

import (
	"errors"
	"fmt"
	"maps"
	"os"
	"path/filepath"
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

// Upgrade gives an application a new revision of its charm; units get upgrade-charm and config-changed.
func (m *Model) Upgrade(app, path string) error {
	return m.change(func() error {
		target, err := m.application(app)
		if err != nil {
			return err
		}
		if target.Companion != "" {
			return fmt.Errorf("cannot upgrade %s: it is built in", app)
		}
		if err := m.storeCharm(path, app, target.Revision+1); err != nil {
			return err
		}
		target.Revision++
		target.Modified++
		read, err := m.charmOf(target)
		if err != nil {
			return err
		}
		for name := range target.Settings {
			if _, ok := read.Config().Options[name]; !ok {
				delete(target.Settings, name)
			}
		}
		return m.ensurePeers(target)
	})
}

// AttachResource uploads a file as a resource; units get upgrade-charm and config-changed.
func (m *Model) AttachResource(app, name, path string) error {
	return m.change(func() error {
		target, err := m.application(app)
		if err != nil {
			return err
		}
		return m.attach(target, name, path)
	})
}

func (m *Model) attach(app *appState, name, path string) error {
	if app.Companion != "" {
		return fmt.Errorf("cannot attach a resource to %s: it is built in", app.Name)
	}
	read, err := m.charmOf(app)
	if err != nil {
		return err
	}
	meta, ok := read.Meta().Resources[name]
	if !ok {
		return fmt.Errorf("cannot attach resource: %s has no resource %q", app.Name, name)
	}
	if want := filepath.Ext(meta.Path); want != "" && filepath.Ext(path) != want {
		return fmt.Errorf("cannot attach resource: incorrect extension on resource upload %q, expected %q", path, want)
	}
	next := resourceState{Revision: app.Resources[name].Revision + 1}
	next.File = filepath.Join("resources", app.Name, name, strconv.Itoa(next.Revision))
	target := m.store.path(next.File)
	if err := os.MkdirAll(filepath.Dir(target), 0o755); err != nil {
		return fmt.Errorf("cannot store the resource: %w", err)
	}
	if err := copyFile(path, target, 0o600); err != nil {
		return err
	}
	app.Resources[name] = next
	app.Modified++
	return nil
}

// SetConfig sets options given as text. Unknown options and values of the wrong type are refused, as Juju does.
func (m *Model) SetConfig(app string, values map[string]string) error {
	return m.change(func() error {
		target, err := m.application(app)
		if err != nil {
			return err
		}
		return m.configure(target, values)
	})
}

func (m *Model) configure(app *appState, values map[string]string) error {
	if len(values) == 0 {
		return nil
	}
	if app.Companion != "" {
		found, err := companion.Lookup(app.Companion)
		if err != nil {
			return err
		}
		for _, name := range slices.Sorted(maps.Keys(values)) {
			if _, ok := found.Options()[name]; !ok {
				return fmt.Errorf("cannot configure %s: unknown option %q", app.Name, name)
			}
			app.Settings[name] = values[name]
		}
		return nil
	}
	read, err := m.charmOf(app)
	if err != nil {
		return err
	}
	settings, err := read.Config().ParseSettingsStrings(values)
	if err != nil {
		return fmt.Errorf("cannot configure %s: %w", app.Name, err)
	}
	for name, value := range settings {
		if value == nil {
			delete(app.Settings, name)
		} else {
			app.Settings[name] = value
		}
	}
	return nil
}

// ResetConfig brings options back to their defaults.
func (m *Model) ResetConfig(app string, names ...string) error {
	return m.change(func() error {
		target, err := m.application(app)
		if err != nil {
			return err
		}
		for _, name := range names {
			delete(target.Settings, name)
		}
		return nil
	})
}

// Config returns an application's options with their defaults.
func (m *Model) Config(app string) (map[string]any, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	target, err := m.application(app)
	if err != nil {
		return nil, err
	}
	return m.settings(target)
}

// settings merges defaults and what a person set. Declared options without a value are nil. The caller holds m.mu.
func (m *Model) settings(app *appState) (map[string]any, error) {
	all := map[string]any{}
	if app.Companion != "" {
		found, err := companion.Lookup(app.Companion)
		if err != nil {
			return nil, err
		}
		for name, value := range found.Options() {
			all[name] = value
		}
		maps.Copy(all, app.Settings)
		return all, nil
	}
	read, err := m.charmOf(app)
	if err != nil {
		return nil, err
	}
	maps.Copy(all, read.Config().DefaultSettings())
	for name, value := range app.Settings {
		// JSON made every number a float; the option's type says what it was.
		if number, ok := value.(float64); ok && read.Config().Options[name].Type == "int" {
			value = int64(number)
		}
		all[name] = value
	}
	return all, nil
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
