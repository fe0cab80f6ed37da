package resource

import (
	"context"
	"errors"
	"io/fs"
	"path"
	"slices"
	"strings"
)

// Link is a symbolic link. Stale is a name pattern of links beside it that must go, "01-default.*".
type Link struct {
	Path   string
	Target string
	Stale  string
}

// ID is link:PATH.
func (l Link) ID() string { return "link:" + l.Path }

// Stage is FileStage.
func (l Link) Stage() Stage { return FileStage }

// Equal compares all fields.
func (l Link) Equal(other any) bool { return l == other }

// Plan compares the link with the wanted one and looks for stale ones.
func (l Link) Plan(_ context.Context, sys *System) (*Change, error) {
	stale, err := l.stale(sys.Host)
	if err != nil {
		return nil, err
	}
	target, err := sys.Host.Readlink(l.Path)
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		target = "" // something that is no link is in the way: it is replaced
	}
	if target == l.Target && len(stale) == 0 {
		return nil, nil
	}
	cause := "points to " + l.Target
	if len(stale) > 0 {
		cause += ", instead of " + strings.Join(stale, ", ")
	}
	return &Change{Cause: cause, Apply: func(context.Context) error {
		if err := sys.Host.MkdirAll(path.Dir(l.Path), 0o700); err != nil {
			return err
		}
		for _, name := range stale {
			if err := sys.Host.Remove(path.Join(path.Dir(l.Path), name)); err != nil {
				return err
			}
		}
		return sys.Host.Symlink(l.Target, l.Path)
	}}, nil
}

func (l Link) stale(h Host) ([]string, error) {
	if l.Stale == "" {
		return nil, nil
	}
	names, err := matching(h, path.Dir(l.Path), l.Stale)
	return slices.DeleteFunc(names, func(name string) bool { return name == path.Base(l.Path) }), err
}

// matching are the names in a directory that a pattern fits; none where there is no directory.
func matching(h Host, dir, pattern string) ([]string, error) {
	entries, err := h.ReadDir(dir)
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return nil, err
	}
	var names []string
	for _, e := range entries {
		if match, _ := path.Match(pattern, e.Name()); match {
			names = append(names, e.Name())
		}
	}
	return names, nil
}
