package jujusim

import (
	"fmt"
	"os"
	"path/filepath"
	"strconv"
)

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
