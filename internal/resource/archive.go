package resource

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"io"
	"io/fs"
	"os"
	"path"

	"kubernetes-worker/internal/archive"
	"kubernetes-worker/internal/host"
)

// Archive is a .tgz unpacked into a directory. It is read as a whole before the first file is written, and each file is
// replaced by itself, atomically, and only if it differs, because programs of it may be running. Files that others put
// into the directory, or put over ours, are left alone until the archive itself changes.
type Archive struct {
	Name   string
	File   string // the archive, as Juju names it: outside the host's root
	Print  string // its fingerprint
	Target string // directory
	Status string
}

// ID is archive:NAME.
func (a Archive) ID() string { return "archive:" + a.Name }

// Stage is FileStage.
func (a Archive) Stage() Stage { return FileStage }

// Equal compares source and target.
func (a Archive) Equal(other any) bool {
	o, ok := other.(Archive)
	return ok && o.Name == a.Name && o.File == a.File && o.Print == a.Print && o.Target == a.Target
}

// Plan compares the archive that was unpacked last with the wanted one.
func (a Archive) Plan(_ context.Context, sys *System) (*Change, error) {
	if sys.State.Archives[a.Name] == a.Print {
		if _, err := sys.Host.Stat(a.Target); err == nil {
			return nil, nil
		}
	}
	return &Change{Cause: "unpacked into " + a.Target, Status: a.Status, Apply: func(context.Context) error {
		if err := a.unpack(sys); err != nil {
			return archiveCondition(a.Name, err)
		}
		sys.State.Archives[a.Name] = a.Print
		return sys.State.Save()
	}}, nil
}

func (a Archive) unpack(sys *System) error {
	entries, err := a.read()
	if err != nil {
		return err
	}
	differs := map[string]bool{}
	for _, e := range entries {
		if e.Mode.IsDir() {
			continue
		}
		sum, err := sha256Of(sys.Host, path.Join(a.Target, e.Name))
		if err != nil {
			return err
		}
		differs[e.Name] = sum != e.SHA256
	}
	if err := sys.Host.MkdirAll(a.Target, 0o755); err != nil {
		return err
	}
	file, err := os.Open(a.File)
	if err != nil {
		return err
	}
	defer file.Close()
	_, err = archive.Extract(file, archive.DefaultLimits(), func(e archive.Entry, r io.Reader) error {
		if e.Mode.IsDir() {
			return sys.Host.MkdirAll(path.Join(a.Target, e.Name), 0o755)
		}
		if !differs[e.Name] {
			return nil
		}
		return sys.Host.WriteFrom(path.Join(a.Target, e.Name), r, host.FileMeta{Mode: e.Mode.Perm()})
	})
	return err
}

// read checks the whole archive before anything of it is used.
func (a Archive) read() ([]archive.Entry, error) {
	file, err := os.Open(a.File)
	if err != nil {
		return nil, err
	}
	defer file.Close()
	return archive.Read(file, archive.DefaultLimits())
}

func sha256Of(h Host, p string) (string, error) {
	file, err := h.Open(p)
	if errors.Is(err, fs.ErrNotExist) {
		return "", nil
	}
	if err != nil {
		return "", err
	}
	defer file.Close()
	sum := sha256.New()
	if _, err := io.Copy(sum, file); err != nil {
		return "", err
	}
	return hex.EncodeToString(sum.Sum(nil)), nil
}
