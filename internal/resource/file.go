package resource

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io/fs"
	"path"
	"slices"

	"kubernetes-worker/internal/host"
	"kubernetes-worker/internal/state"
)

// File is a file with exactly this content, mode and owner, or, with Absent, no file at all.
type File struct {
	Path    string
	Content []byte
	Mode    fs.FileMode // permission bits; 0 means 0644
	UID     int         // 0: root
	GID     int
	DirMode fs.FileMode // of directories that are missing; 0 means 0755
	OwnDir  bool        // the directory belongs to the file's owner, too
	Absent  bool
	At      Stage // 0: FileStage, unless Seed is set
	Seed    bool
	// Backup is where somebody else's file of that name is kept before it is replaced, once. A file is ours if it holds
	// OurMark.
	Backup string
	Needs  []string // IDs of resources without which it stays as it is
	// Same says of another content that it means the same, so that it stays; nil: only the same bytes do.
	Same func(have []byte) bool
	// Describe says what differs between two contents, for the cause of a restart; nil: just that it changed.
	Describe func(old, new []byte) []string
}

// ID is file:PATH.
func (f File) ID() string { return "file:" + f.Path }

// Stage is FileStage unless the file says otherwise.
func (f File) Stage() Stage {
	switch {
	case f.Seed:
		return Seeds
	case f.At != 0:
		return f.At
	}
	return FileStage
}

// Requires names the resources that must be in place.
func (f File) Requires() []string { return f.Needs }

// Equal compares everything but how differences are described.
func (f File) Equal(other any) bool {
	o, ok := other.(File)
	return ok && o.Path == f.Path && bytes.Equal(o.Content, f.Content) && o.Mode == f.Mode && o.UID == f.UID && o.GID == f.GID &&
		o.Absent == f.Absent && o.Stage() == f.Stage() && slices.Equal(o.Needs, f.Needs)
}

// Input is the file as something a service reads.
func (f File) Input() Input {
	return Input{Name: f.Path, Path: f.Path, Fingerprint: state.Fingerprint(f.Content)}
}

func (f File) mode() fs.FileMode {
	if f.Mode == 0 {
		return 0o644
	}
	return f.Mode
}

// Plan compares the file on the disk with the wanted one.
func (f File) Plan(_ context.Context, sys *System) (*Change, error) {
	have, err := readFile(sys.Host, f.Path)
	if err != nil {
		return nil, err
	}
	cause := f.differs(have, sys.Root)
	if cause == "" {
		return nil, nil
	}
	return &Change{Cause: cause, Apply: func(context.Context) error {
		if !f.Absent && have.regular && f.fits(have.content) { // whose it is is nothing that a daemon reads
			return errors.Join(sys.Host.Chmod(f.Path, f.mode()), sys.Host.Chown(f.Path, f.UID, f.GID))
		}
		sys.noteChange(f.Path, cause)
		if f.Absent {
			return sys.Host.Remove(f.Path)
		}
		if err := f.backUp(sys.Host, have); err != nil {
			return err
		}
		return f.write(sys.Host)
	}}, nil
}

// OurMark stands in every file that the charm writes over one that others may have written.
const OurMark = "the kubernetes-worker charm"

func (f File) backUp(h Host, have fileOnDisk) error {
	if f.Backup == "" || !have.exists || bytes.Contains(have.content, []byte(OurMark)) {
		return nil
	}
	if _, err := h.Lstat(f.Backup); err == nil {
		return nil
	}
	return h.WriteFile(f.Backup, have.content, host.FileMeta{Mode: have.mode, UID: have.uid, GID: have.gid})
}

func (f File) write(h Host) error {
	dir, mode := path.Dir(f.Path), f.DirMode
	if mode == 0 {
		mode = 0o755
	}
	if _, err := h.Stat(dir); errors.Is(err, fs.ErrNotExist) {
		if err := h.MkdirAll(dir, mode); err != nil {
			return err
		}
	}
	if f.OwnDir {
		if err := h.Chown(dir, f.UID, f.GID); err != nil {
			return err
		}
	}
	return h.WriteFile(f.Path, f.Content, host.FileMeta{Mode: f.mode(), UID: f.UID, GID: f.GID})
}

type fileOnDisk struct {
	exists   bool
	regular  bool // and no link
	content  []byte
	mode     fs.FileMode
	uid, gid int
}

func readFile(h Host, path string) (fileOnDisk, error) {
	info, err := h.Lstat(path)
	if errors.Is(err, fs.ErrNotExist) {
		return fileOnDisk{}, nil
	}
	if err != nil {
		return fileOnDisk{}, err
	}
	content, err := h.ReadFile(path)
	if err != nil {
		return fileOnDisk{}, err
	}
	have := fileOnDisk{exists: true, regular: info.Mode().IsRegular(), content: content, mode: info.Mode().Perm()}
	have.uid, have.gid = host.Owner(info)
	return have, nil
}

// fits reports whether a content can stay.
func (f File) fits(have []byte) bool {
	return bytes.Equal(have, f.Content) || f.Same != nil && f.Same(have)
}

// differs says why the file has to be touched; empty: it has not. Only root can give files away, so owners count only
// for root.
func (f File) differs(have fileOnDisk, root bool) string {
	switch {
	case f.Absent && have.exists:
		return "not wanted any more"
	case f.Absent:
		return ""
	case !have.exists:
		return "new"
	case !f.fits(have.content):
		if f.Describe != nil {
			if fields := f.Describe(have.content, f.Content); len(fields) > 0 {
				return "changed: " + sentence(fields)
			}
		}
		return "changed"
	case have.mode != f.mode():
		return fmt.Sprintf("mode %04o, wanted %04o", have.mode, f.mode())
	case root && (have.uid != f.UID || have.gid != f.GID):
		return fmt.Sprintf("owner %d:%d, wanted %d:%d", have.uid, have.gid, f.UID, f.GID)
	}
	return ""
}

func wrap(what string, err error) error {
	if err == nil {
		return nil
	}
	return fmt.Errorf("cannot %s: %w", what, err)
}
