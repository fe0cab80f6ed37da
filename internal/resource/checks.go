package resource

import (
	"context"
	"errors"
	"io/fs"
	"maps"
	"path"
	"slices"
)

// Checks are the files by which a monitoring agent on the machine watches services. What the charm has written is noted,
// so that it goes when it is not wanted any more; files of others stay. The agent reads the commands at its start, and is
// restarted once for all that differs.
type Checks struct {
	Commands []File // that the agent reads
	Others   []File // that it does not
	// Older are names of files, with * for what varies, that an earlier charm has written in place of Others.
	Older []string
	Unit  string // the agent
	Needs []string
}

// ID is checks.
func (Checks) ID() string { return "checks" }

// Stage is ServiceStage.
func (Checks) Stage() Stage { return ServiceStage }

// Requires names the resources that must be in place.
func (c Checks) Requires() []string { return c.Needs }

// Equal compares the wanted files.
func (c Checks) Equal(other any) bool {
	o, ok := other.(Checks)
	same := func(a, b File) bool { return a.Equal(b) }
	return ok && slices.EqualFunc(c.Commands, o.Commands, same) && slices.EqualFunc(c.Others, o.Others, same) &&
		slices.Equal(c.Older, o.Older) && c.Unit == o.Unit && slices.Equal(c.Needs, o.Needs)
}

// Plan compares the files. That a restart is due is noted before the first is touched.
func (c Checks) Plan(_ context.Context, sys *System) (*Change, error) {
	noted := sys.State.Checks
	var causes []string
	wanted := map[string]bool{}
	var write []File
	restart := noted.Restart
	for _, f := range slices.Concat(c.Commands, c.Others) {
		wanted[f.Path] = true
		have, err := readFile(sys.Host, f.Path)
		if err != nil {
			return nil, err
		}
		if cause := f.differs(have, sys.Root); cause != "" {
			write = append(write, f)
			causes = append(causes, f.Path+" "+cause)
			restart = restart || c.isCommand(f.Path)
		}
	}
	stale, err := c.stale(sys.Host, noted.Files, wanted)
	if err != nil {
		return nil, err
	}
	for _, p := range stale {
		causes = append(causes, p+" not wanted any more")
		restart = restart || c.isCommand(p)
	}
	files := slices.Sorted(maps.Keys(wanted))
	if len(causes) == 0 && !restart {
		if slices.Equal(files, noted.Files) {
			return nil, nil
		}
		return &Change{Silent: true, Apply: func(context.Context) error { return c.note(sys, files, false) }}, nil
	}
	if len(causes) == 0 {
		causes = []string{"its files changed"}
	}
	return &Change{Cause: sentence(causes), Apply: func(ctx context.Context) error {
		touched := slices.Compact(slices.Sorted(slices.Values(slices.Concat(files, stale))))
		if err := c.note(sys, touched, restart); err != nil {
			return err
		}
		for _, f := range write {
			if err := f.write(sys.Host); err != nil {
				return err
			}
		}
		for _, p := range stale {
			if err := sys.Host.Remove(p); err != nil && !errors.Is(err, fs.ErrNotExist) {
				return err
			}
		}
		if restart {
			if err := c.restart(ctx, sys); err != nil {
				return err
			}
		}
		return c.note(sys, files, false)
	}}, nil
}

// isCommand reports whether the agent reads a file: those that it reads lie in one directory.
func (c Checks) isCommand(p string) bool { return path.Dir(p) == commandDir }

const commandDir = "/etc/nagios/nrpe.d"

func (c Checks) note(sys *System, files []string, restart bool) error {
	sys.State.Checks.Files, sys.State.Checks.Restart = files, restart
	return sys.State.Save()
}

// stale are the files to remove: those that were written and are not wanted, and those of older names.
func (c Checks) stale(h Host, noted []string, wanted map[string]bool) ([]string, error) {
	var all []string
	for _, p := range noted {
		if _, err := h.Lstat(p); !wanted[p] && err == nil {
			all = append(all, p)
		}
	}
	for _, pattern := range c.Older {
		entries, err := h.ReadDir(path.Dir(pattern))
		if err != nil {
			continue // nobody collects descriptions here
		}
		for _, e := range entries {
			p := path.Join(path.Dir(pattern), e.Name())
			if match, err := path.Match(path.Base(pattern), e.Name()); err == nil && match && !wanted[p] && !slices.Contains(all, p) && e.Type().IsRegular() {
				all = append(all, p)
			}
		}
	}
	slices.Sort(all)
	return all, nil
}

// restart lets the agent read its files. One that does not run reads them when it starts. It is another charm's: that it
// does not come up again is told and fails nothing.
func (c Checks) restart(ctx context.Context, sys *System) error {
	unit, err := sys.unit(ctx, c.Unit)
	if err != nil || !unit.Found() || !unit.Running() {
		return err
	}
	if err := sys.Services.Restart(ctx, c.Unit); err != nil {
		sys.Log(ctx, wrap("restart "+c.Unit, err).Error())
		return nil
	}
	sys.Restarts[c.Unit]++
	return nil
}

// Directory is a directory that is there. One that is stays as it is.
type Directory struct {
	Path     string
	Mode     fs.FileMode
	UID, GID int
}

// ID is directory:PATH.
func (d Directory) ID() string { return "directory:" + d.Path }

// Stage is FileStage.
func (Directory) Stage() Stage { return FileStage }

// Equal compares all fields.
func (d Directory) Equal(other any) bool { return other == any(d) }

// Plan looks whether it is there.
func (d Directory) Plan(_ context.Context, sys *System) (*Change, error) {
	if _, err := sys.Host.Lstat(d.Path); err == nil {
		return nil, nil
	}
	return &Change{Cause: "new", Apply: func(context.Context) error {
		if err := sys.Host.MkdirAll(d.Path, d.Mode); err != nil {
			return err
		}
		return sys.Host.Chown(d.Path, d.UID, d.GID)
	}}, nil
}
