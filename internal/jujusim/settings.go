package jujusim

import (
	"fmt"
	"maps"
	"slices"

	"kubernetes-worker/internal/jujusim/companion"
)

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
