package systemdtest

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/godbus/dbus/v5"
)

// unitDirs is a function returning the directories of unit files below the root, the strongest first.
func unitDirs() []string {
	return []string{"etc/systemd/system", "run/systemd/system", "usr/lib/systemd/system", "lib/systemd/system"}
}

// unitFile returns the path of a unit's own file below the root ("" when there is none).
func (s *Server) unitFile(name string) string {
	for _, dir := range unitDirs() {
		path := filepath.Join(s.root, dir, name)
		if _, err := os.Lstat(path); err == nil {
			return path
		}
	}
	return ""
}

// read loads a unit from its files.
func (s *Server) read(u *unit) {
	u.Print = s.fingerprint(u.Name)
	path := s.unitFile(u.Name)
	if path == "" {
		u.LoadState, u.FileState = "not-found", ""
		return
	}
	if target, err := os.Readlink(path); err == nil && target == "/dev/null" {
		u.LoadState, u.FileState = "masked", "masked"
		return
	}
	text, err := os.ReadFile(path)
	if err != nil {
		u.LoadState = "error"
		return
	}
	u.LoadState = "loaded"
	u.CanReload = setting(string(text), "ExecReload") != ""
	u.Oneshot = setting(string(text), "Type") == "oneshot"
	u.Remains = setting(string(text), "RemainAfterExit") == "yes" || setting(string(text), "RemainAfterExit") == "true"
	switch {
	case len(s.links(u.Name)) > 0:
		u.FileState = "enabled"
	case setting(string(text), "WantedBy") == "":
		u.FileState = "static"
	default:
		u.FileState = "disabled"
	}
}

// fingerprint names the files of a unit with their times, so that any difference shows.
func (s *Server) fingerprint(name string) string {
	var parts []string
	add := func(path string) {
		if info, err := os.Stat(path); err == nil {
			parts = append(parts, fmt.Sprintf("%s %d %d", path, info.ModTime().UnixNano(), info.Size()))
		}
	}
	add(s.unitFile(name))
	for _, dir := range unitDirs() {
		dropIns, _ := filepath.Glob(filepath.Join(s.root, dir, name+".d", "*.conf"))
		for _, path := range dropIns {
			add(path)
		}
	}
	return strings.Join(parts, "\n")
}

func (u *unit) needsReload(s *Server) bool {
	return u.LoadState == "loaded" && u.Print != s.fingerprint(u.Name)
}

// setting returns the last value of a key, whatever its section.
func setting(text, key string) string {
	value := ""
	for line := range strings.Lines(text) {
		if k, v, ok := strings.Cut(strings.TrimSpace(line), "="); ok && strings.TrimSpace(k) == key {
			value = strings.TrimSpace(v)
		}
	}
	return value
}

// links are those that make a unit start at boot.
func (s *Server) links(name string) []string {
	found, _ := filepath.Glob(filepath.Join(s.root, "etc/systemd/system", "*.wants", name))
	return found
}

func (s *Server) enable(names []string) (install bool, changes []enableChange, err error) {
	changes = []enableChange{}
	for _, name := range names {
		path := s.unitFile(name)
		if path == "" {
			return false, nil, noFile(name)
		}
		text, err := os.ReadFile(path)
		if err != nil {
			return false, nil, dbus.MakeFailedError(err)
		}
		for _, target := range strings.Fields(setting(string(text), "WantedBy")) {
			install = true
			link := filepath.Join(s.root, "etc/systemd/system", target+".wants", name)
			if _, err := os.Lstat(link); err == nil {
				continue
			}
			inside := strings.TrimPrefix(path, filepath.Clean(s.root))
			if err := errors.Join(os.MkdirAll(filepath.Dir(link), 0o755), os.Symlink(inside, link)); err != nil {
				return false, nil, dbus.MakeFailedError(err)
			}
			changes = append(changes, enableChange{Type: "symlink", Filename: link, Destination: inside})
		}
	}
	return install, changes, nil
}

func (s *Server) disable(names []string) ([]enableChange, error) {
	changes := []enableChange{}
	for _, name := range names {
		links := s.links(name)
		if s.unitFile(name) == "" && len(links) == 0 {
			return nil, noFile(name)
		}
		slices.Sort(links)
		for _, link := range links {
			if err := os.Remove(link); err != nil {
				return nil, dbus.MakeFailedError(err)
			}
			changes = append(changes, enableChange{Type: "unlink", Filename: link})
		}
	}
	return changes, nil
}

func noFile(name string) error {
	return dbus.NewError("org.freedesktop.DBus.Error.FileNotFound", []any{"Unit file " + name + " does not exist."})
}
