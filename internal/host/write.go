package host

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path"
	"syscall"
)

// FileMeta is what a file has besides its content.
type FileMeta struct {
	Mode fs.FileMode // permission bits; umask does not act on them
	UID  int         // owner, 0 is root
	GID  int         // group, 0 is root

	// FollowLink writes the file that a link at the path leads to. Without it the link itself is replaced by the file.
	FollowLink bool
}

// DiskFullError says that a file could not be written for want of space. The file at Path is as it was before.
type DiskFullError struct {
	Path string // outside the root
	Err  error  // syscall.ENOSPC or syscall.EDQUOT
}

func (e *DiskFullError) Error() string {
	return fmt.Sprintf("cannot write %s: %v: free some space on the disk that holds it", e.Path, e.Err)
}

// Unwrap gives the system's error.
func (e *DiskFullError) Unwrap() error { return e.Err }

// WriteFile puts content at p in one step: whoever opens p sees the old file or the whole new one, also after a crash
// of the machine. The directory must exist. Owner and group are left to the system when the process is not root's.
// On an error the old file is untouched and nothing is left beside it; want of space is a *DiskFullError.
func (h *Host) WriteFile(p string, content []byte, meta FileMeta) error {
	return h.WriteFrom(p, bytes.NewReader(content), meta)
}

// WriteFrom is WriteFile for content that is not held in memory. An error of content leaves the old file as it was.
func (h *Host) WriteFrom(p string, content io.Reader, meta FileMeta) error {
	err := h.writeFrom(p, content, meta)
	switch {
	case errors.Is(err, syscall.ENOSPC) || errors.Is(err, syscall.EDQUOT):
		return &DiskFullError{Path: h.Path(p), Err: reason(err)}
	case err != nil:
		return fmt.Errorf("cannot write %s: %w", h.Path(p), reason(err))
	}
	h.record("write", p)
	return nil
}

func (h *Host) writeFrom(p string, content io.Reader, meta FileMeta) (err error) {
	dir, found, err := h.locate(p, meta.FollowLink)
	if err != nil {
		return err
	}
	if found.name == "." || (found.info != nil && found.info.IsDir()) {
		return syscall.EISDIR
	}
	temporary := TemporaryName(found.name)
	if err := removeStale(dir, temporary); err != nil {
		return err
	}
	// The file is nobody else's to read until its owner and mode are set.
	file, err := dir.OpenFile(temporary, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o600)
	if err != nil {
		return err
	}
	defer func() {
		if err != nil {
			file.Close()
			dir.Remove(temporary)
		}
	}()
	if err = h.step("write"); err == nil {
		_, err = io.Copy(file, content)
	}
	if err != nil {
		return err
	}
	if h.ownership {
		if err = file.Chown(meta.UID, meta.GID); err != nil {
			return err
		}
	}
	// After the owner: changing it clears bits of the mode.
	if err = file.Chmod(meta.Mode.Perm()); err != nil {
		return err
	}
	if err = h.step("sync"); err == nil {
		err = file.Sync()
	}
	if err != nil {
		return err
	}
	if err = file.Close(); err != nil {
		return err
	}
	if err = h.step("rename"); err == nil {
		err = dir.Rename(temporary, found.name)
	}
	if err != nil {
		return err
	}
	return syncDirectory(dir, path.Dir(found.name))
}

// Symlink makes p a link with the given target, in one step, in the place of the file or link that was there.
// A link that has the target already is left alone. A directory at p is an error.
func (h *Host) Symlink(target, p string) error {
	changed, err := h.symlink(target, p)
	if err != nil {
		return fmt.Errorf("cannot link %s to %s: %w", h.Path(p), target, reason(err))
	}
	if changed {
		h.record("link", p)
	}
	return nil
}

func (h *Host) symlink(target, p string) (changed bool, err error) {
	dir, found, err := h.locate(p, false)
	if err != nil {
		return false, err
	}
	if found.info != nil && found.info.Mode().Type() == fs.ModeSymlink {
		if has, err := dir.Readlink(found.name); err == nil && has == target {
			return false, nil
		}
	}
	temporary := TemporaryName(found.name)
	if err := removeStale(dir, temporary); err != nil {
		return false, err
	}
	if err := dir.Symlink(target, temporary); err != nil {
		return false, err
	}
	if err := dir.Rename(temporary, found.name); err != nil {
		dir.Remove(temporary)
		return false, err
	}
	return true, syncDirectory(dir, path.Dir(found.name))
}

// TemporaryName is the name under which the new content of a file is written. It is fixed, so that the leftover of a
// killed process is found and removed by the next write, and it has neither an ending nor a beginning that any
// directory of configuration snippets takes for its own.
func TemporaryName(name string) string {
	return path.Join(path.Dir(name), "."+path.Base(name)+".kubernetes-worker-new")
}

func removeStale(dir *os.Root, temporary string) error {
	if err := dir.Remove(temporary); err != nil && !errors.Is(err, fs.ErrNotExist) {
		return err
	}
	return nil
}

// syncDirectory makes a rename in the directory outlast a crash of the machine. File systems that cannot sync a
// directory say EINVAL; they have no better to give.
func syncDirectory(dir *os.Root, name string) error {
	file, err := dir.Open(name)
	if err != nil {
		return err
	}
	defer file.Close()
	if err := file.Sync(); err != nil && !errors.Is(err, syscall.EINVAL) {
		return err
	}
	return nil
}

func (h *Host) step(name string) error {
	if h.fault == nil {
		return nil
	}
	return h.fault(name)
}
