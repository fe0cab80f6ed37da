package host

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path"
	"slices"
	"strings"
)

// Change is one alteration of the machine's files that was carried out.
type Change struct {
	Op   string // write, remove, directory, mode, owner or link
	Path string // below the root
}

// Changes returns what was altered through this Host, in order. What was found as wanted is not in it.
func (h *Host) Changes() []Change {
	h.mu.Lock()
	defer h.mu.Unlock()
	return slices.Clone(h.changes)
}

// Writes returns how many files were written through this Host.
func (h *Host) Writes() int {
	count := 0
	for _, change := range h.Changes() {
		if change.Op == "write" {
			count++
		}
	}
	return count
}

func (h *Host) record(op, p string) {
	h.mu.Lock()
	defer h.mu.Unlock()
	h.changes = append(h.changes, Change{Op: op, Path: absolute(p)})
}

// MkdirAll makes the directory p and those above it that are missing, each with the given permission bits, whatever
// the umask. Directories that are there are left alone; a link to a directory counts as one.
func (h *Host) MkdirAll(p string, mode fs.FileMode) error {
	if err := h.mkdirAll(p, mode); err != nil {
		return fmt.Errorf("cannot make directory %s: %w", h.Path(p), reason(err))
	}
	return nil
}

func (h *Host) mkdirAll(p string, mode fs.FileMode) error {
	dir, found, err := h.locate(p, true)
	if err != nil {
		return err
	}
	if found.info != nil {
		if !found.info.IsDir() {
			return fs.ErrExist
		}
		return nil
	}
	parts := strings.Split(found.name, "/")
	for i := range parts {
		name := path.Join(parts[:i+1]...)
		switch err := dir.Mkdir(name, 0o700); {
		case errors.Is(err, fs.ErrExist):
			continue
		case err != nil:
			return err
		}
		if err := dir.Chmod(name, mode.Perm()); err != nil {
			return err
		}
		h.record("directory", name)
	}
	return nil
}

// Chmod sets the permission bits of p, following links.
func (h *Host) Chmod(p string, mode fs.FileMode) error {
	return h.alter("mode", "change mode of", p, true, func(dir *os.Root, name string) error {
		return dir.Chmod(name, mode.Perm())
	})
}

// Chown sets the owner and group of p, following links. It does nothing when the process is not root's.
func (h *Host) Chown(p string, uid, gid int) error {
	if !h.ownership {
		return nil
	}
	return h.alter("owner", "change owner of", p, true, func(dir *os.Root, name string) error {
		return dir.Chown(name, uid, gid)
	})
}

// Remove removes the file, link or empty directory p. That nothing is there gives fs.ErrNotExist.
func (h *Host) Remove(p string) error {
	return h.alter("remove", "remove", p, false, (*os.Root).Remove)
}

// RemoveAll removes p and what is below it, without following links. That nothing is there is no error.
// The root itself is refused.
func (h *Host) RemoveAll(p string) error {
	if _, err := h.Lstat(p); errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	return h.alter("remove", "remove", p, false, (*os.Root).RemoveAll)
}

// Rename moves the file, link or directory from to p in one step, over the file that is there.
func (h *Host) Rename(from, p string) error {
	return h.alter("write", "move "+h.Path(from)+" to", p, false, func(dir *os.Root, name string) error {
		source, err := resolve(dir, from, false)
		if err != nil {
			return err
		}
		return dir.Rename(source.name, name)
	})
}

func (h *Host) alter(op, verb, p string, follow bool, do func(*os.Root, string) error) error {
	dir, found, err := h.locate(p, follow)
	if err == nil && found.name == "." {
		err = fs.ErrInvalid
	}
	if err == nil {
		err = do(dir, found.name)
	}
	if err != nil {
		return fmt.Errorf("cannot %s %s: %w", verb, h.Path(p), reason(err))
	}
	h.record(op, p)
	return nil
}
