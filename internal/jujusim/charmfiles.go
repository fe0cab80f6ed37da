package jujusim

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"

	charm "github.com/juju/charm/v12"
)

// storeCharm copies a charm directory, or expands a .charm archive, into the model and checks it with Juju's readers.
func (m *Model) storeCharm(source, app string, revision int) error {
	target := m.store.path("charms", app, strconv.Itoa(revision))
	if err := os.RemoveAll(target); err != nil {
		return fmt.Errorf("cannot clear %s: %w", target, err)
	}
	if err := os.MkdirAll(target, 0o755); err != nil {
		return fmt.Errorf("cannot store the charm: %w", err)
	}
	info, err := os.Stat(source)
	if err != nil {
		return fmt.Errorf("cannot read the charm: %w", err)
	}
	if info.IsDir() {
		if _, err := copyTree(source, target, skipAsJuju); err != nil {
			return err
		}
	} else {
		archive, err := charm.ReadCharmArchive(source)
		if err != nil {
			return fmt.Errorf("cannot read charm archive %s: %w", source, err)
		}
		if err := archive.ExpandTo(target); err != nil {
			return fmt.Errorf("cannot expand charm archive %s: %w", source, err)
		}
	}
	read, err := charm.ReadCharmDir(target)
	if err != nil {
		return fmt.Errorf("cannot read charm %s: %w", source, err)
	}
	m.charms[app+"/"+strconv.Itoa(revision)] = read
	return nil
}

// skipAsJuju leaves out what Juju's own client leaves out of a charm directory.
func skipAsJuju(relative string) bool {
	return strings.HasPrefix(filepath.Base(relative), ".") || relative == "build" || relative == "revision"
}

// charmOf returns the metadata of an application's current charm. The caller holds m.mu.
func (m *Model) charmOf(app *appState) (charm.Charm, error) {
	key := app.Name + "/" + strconv.Itoa(app.Revision)
	if known := m.charms[key]; known != nil {
		return known, nil
	}
	read, err := charm.ReadCharmDir(m.store.path("charms", app.Name, strconv.Itoa(app.Revision)))
	if err != nil {
		return nil, fmt.Errorf("cannot read the charm of %s: %w", app.Name, err)
	}
	m.charms[key] = read
	return read, nil
}

// unpack brings a unit's charm directory to a revision as the agent does: files of the old revision that the new one
// lacks go, files of the new one replace what is there, and what the charm itself made stays.
func (m *Model) unpack(p place, unit string, app *appState, old []string) ([]string, error) {
	source := m.store.path("charms", app.Name, strconv.Itoa(app.Revision))
	target := p.seen(p.charmDir(unit))
	if err := os.MkdirAll(target, 0o755); err != nil {
		return nil, fmt.Errorf("cannot make the charm directory: %w", err)
	}
	files, err := copyTree(source, target, func(string) bool { return false })
	if err != nil {
		return nil, err
	}
	for _, name := range slices.Backward(old) {
		if slices.Contains(files, name) {
			continue
		}
		err := os.Remove(filepath.Join(target, name))
		// A directory in which the charm keeps something of its own stays.
		if err != nil && !errors.Is(err, fs.ErrNotExist) && !isDirectory(filepath.Join(target, name)) {
			return nil, fmt.Errorf("cannot remove an old charm file: %w", err)
		}
	}
	return files, nil
}

func isDirectory(path string) bool {
	info, err := os.Lstat(path)
	return err == nil && info.IsDir()
}

// copyTree copies a tree, links as links, and returns the sorted names of what it copied.
func copyTree(source, target string, skip func(relative string) bool) ([]string, error) {
	var names []string
	err := filepath.WalkDir(source, func(path string, entry fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		relative, err := filepath.Rel(source, path)
		if err != nil || relative == "." {
			return err
		}
		if skip(relative) {
			if entry.IsDir() {
				return filepath.SkipDir
			}
			return nil
		}
		names = append(names, relative)
		return copyEntry(path, filepath.Join(target, relative), entry)
	})
	if err != nil {
		return nil, fmt.Errorf("cannot copy %s: %w", source, err)
	}
	slices.Sort(names)
	return names, nil
}

func copyEntry(from, to string, entry fs.DirEntry) error {
	info, err := entry.Info()
	if err != nil {
		return err
	}
	switch {
	case info.IsDir():
		if !isDirectory(to) {
			if err := os.Remove(to); err != nil && !errors.Is(err, fs.ErrNotExist) {
				return err
			}
		}
		return os.MkdirAll(to, info.Mode().Perm()|0o700)
	case info.Mode()&fs.ModeSymlink != 0:
		target, err := os.Readlink(from)
		if err != nil {
			return err
		}
		return link(target, to)
	case info.Mode().IsRegular():
		return copyFile(from, to, info.Mode().Perm())
	default:
		return fmt.Errorf("cannot copy %s: neither a file, nor a directory, nor a link", from)
	}
}
