package resource

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io/fs"
	"path"
	"slices"
	"strings"

	"kubernetes-worker/internal/host"
)

// UnitFilesGone is that files from which systemd reads units are not there, programs of such units among them, and that
// systemd knows. It is told once for all of them.
type UnitFilesGone struct {
	Paths []string // in the order of removal
	Units []string // that read some of them
}

// ID is unit-files-gone.
func (UnitFilesGone) ID() string { return "unit-files-gone" }

// Stage is CleanupStage.
func (UnitFilesGone) Stage() Stage { return CleanupStage }

// Equal compares paths and units.
func (u UnitFilesGone) Equal(other any) bool {
	o, ok := other.(UnitFilesGone)
	return ok && slices.Equal(o.Paths, u.Paths) && slices.Equal(o.Units, u.Units)
}

// Plan looks for the files, and for units of which systemd knows that their files changed: a kill may have come in between.
func (u UnitFilesGone) Plan(ctx context.Context, sys *System) (*Change, error) {
	var there []string
	for _, p := range u.Paths {
		if _, err := sys.Host.Lstat(p); err == nil {
			there = append(there, p)
		}
	}
	if len(there) == 0 {
		units, err := sys.Services.Units(ctx, u.Units...)
		stale := slices.ContainsFunc(u.Units, func(name string) bool { return units[name].NeedDaemonReload })
		if err != nil || !stale || sys.once[u.ID()] {
			return nil, nil
		}
	}
	return &Change{Cause: fmt.Sprintf("%d files removed", len(there)), Apply: func(ctx context.Context) error {
		sys.once[u.ID()] = true
		var problems []error
		for _, p := range there {
			remove := sys.Host.Remove
			if strings.HasSuffix(path.Dir(p), ".d") { // a directory of drop-ins
				remove = func(p string) error { return removeWithDir(sys.Host, p) }
			}
			problems = append(problems, remove(p))
		}
		return errors.Join(append(problems, wrap("tell systemd that units have changed", sys.Services.DaemonReload(ctx)))...)
	}}, nil
}

// Restored is that a file of settings is as it was before the charm wrote its own: somebody else's is back in its place, or
// there is none. A file that is not the charm's is left alone.
type Restored struct {
	Path    string
	Backups []string // where it may be, the best place first; see File.Backup
}

// ID is restored:PATH.
func (r Restored) ID() string { return "restored:" + r.Path }

// Stage is CleanupStage.
func (Restored) Stage() Stage { return CleanupStage }

// Equal compares the paths.
func (r Restored) Equal(other any) bool {
	o, ok := other.(Restored)
	return ok && o.Path == r.Path && slices.Equal(o.Backups, r.Backups)
}

// Plan looks whose the file is.
func (r Restored) Plan(_ context.Context, sys *System) (*Change, error) {
	have, err := readFile(sys.Host, r.Path)
	if err != nil || !have.exists || !bytes.Contains(have.content, []byte(OurMark)) {
		return nil, err
	}
	for _, backup := range r.Backups {
		before, err := readFile(sys.Host, backup)
		if err != nil {
			return nil, err
		}
		if !before.exists {
			continue
		}
		return &Change{Cause: "what was there before the charm is back", Apply: func(context.Context) error {
			meta := host.FileMeta{Mode: before.mode, UID: before.uid, GID: before.gid}
			if err := sys.Host.WriteFile(r.Path, before.content, meta); err != nil {
				return err
			}
			return sys.Host.Remove(backup)
		}}, nil
	}
	return &Change{Cause: "not wanted any more", Apply: func(context.Context) error { return sys.Host.Remove(r.Path) }}, nil
}

// LinksGone is that symbolic links of a directory whose names match are not there. Files of such names are somebody else's.
type LinksGone struct{ Dir, Pattern string }

// ID is links-gone:DIR/PATTERN.
func (l LinksGone) ID() string { return "links-gone:" + l.Dir + "/" + l.Pattern }

// Stage is CleanupStage.
func (LinksGone) Stage() Stage { return CleanupStage }

// Equal compares all fields.
func (l LinksGone) Equal(other any) bool { return l == other }

// Plan looks for such links.
func (l LinksGone) Plan(_ context.Context, sys *System) (*Change, error) {
	names, err := matching(sys.Host, l.Dir, l.Pattern)
	if err != nil {
		return nil, err
	}
	names = slices.DeleteFunc(names, func(name string) bool {
		info, err := sys.Host.Lstat(l.Dir + "/" + name)
		return err != nil || info.Mode()&fs.ModeSymlink == 0
	})
	if len(names) == 0 {
		return nil, nil
	}
	return &Change{Cause: "not wanted any more", Apply: func(context.Context) error {
		var problems []error
		for _, name := range names {
			problems = append(problems, sys.Host.Remove(l.Dir+"/"+name))
		}
		return errors.Join(problems...)
	}}, nil
}

// EmptyDirsGone is that directories which the charm has made are not there, unless somebody keeps something in them.
type EmptyDirsGone struct{ Paths []string } // the inner ones first

// ID is empty-dirs-gone.
func (EmptyDirsGone) ID() string { return "empty-dirs-gone" }

// Stage is CleanupStage.
func (EmptyDirsGone) Stage() Stage { return CleanupStage }

// Equal compares the paths.
func (e EmptyDirsGone) Equal(other any) bool {
	o, ok := other.(EmptyDirsGone)
	return ok && slices.Equal(o.Paths, e.Paths)
}

// Plan looks into the directories. An outer one is empty when the inner ones are gone, in the next round.
func (e EmptyDirsGone) Plan(_ context.Context, sys *System) (*Change, error) {
	var empty []string
	for _, p := range e.Paths {
		if entries, err := sys.Host.ReadDir(p); err == nil && len(entries) == 0 {
			empty = append(empty, p)
		}
	}
	if len(empty) == 0 {
		return nil, nil
	}
	return &Change{Cause: sentence(empty), Apply: func(context.Context) error {
		var problems []error
		for _, p := range empty {
			problems = append(problems, sys.Host.Remove(p))
		}
		return errors.Join(problems...)
	}}, nil
}

// PackagesLoose is that packages may be upgraded again, which the charm had held at their version.
type PackagesLoose struct{ Names []string }

// ID is packages-loose.
func (PackagesLoose) ID() string { return "packages-loose" }

// Stage is CleanupStage.
func (PackagesLoose) Stage() Stage { return CleanupStage }

// Equal compares the names.
func (p PackagesLoose) Equal(other any) bool {
	o, ok := other.(PackagesLoose)
	return ok && slices.Equal(o.Names, p.Names)
}

// Plan looks which of them are held.
func (p PackagesLoose) Plan(_ context.Context, sys *System) (*Change, error) {
	installed, err := sys.Packages.Installed(p.Names)
	if err != nil {
		return nil, err
	}
	loose, err := sys.Packages.Loose(p.Names)
	if err != nil {
		return nil, err
	}
	var held []string
	for _, name := range p.Names {
		if _, there := installed[name]; there && !slices.Contains(loose, name) {
			held = append(held, name)
		}
	}
	if len(held) == 0 || sys.tried[p.ID()] {
		return nil, nil
	}
	return &Change{Cause: sentence(held), Apply: func(ctx context.Context) error {
		sys.tried[p.ID()] = true
		return sys.Packages.Unhold(ctx, held)
	}}, nil
}
