package host

import (
	"bytes"
	"fmt"
	"io/fs"
	"os"
	"path"
	"path/filepath"
	"slices"
	"sync"
	"syscall"
)

// Host is the machine's files below Root. It is safe for use by several goroutines, but two writers of one path must
// not run at the same time.
type Host struct {
	// Root is the directory that stands for "/". It is "/" on a real machine.
	Root string

	ownership bool // whether to change owners: only root may

	mu      sync.Mutex
	dir     *os.Root // opened at first use
	changes []Change

	// fault stands for a failing disk in this package's tests: it is asked before each step of a write.
	fault func(step string) error
}

// New returns the host below root. Nothing is read until the first use; a root that does not exist is an error then.
func New(root string) *Host {
	return &Host{Root: filepath.Clean(root), ownership: os.Geteuid() == 0}
}

// Path returns where p lies for a process outside the root: the root and p joined by text, no link is followed.
// It is meant for addresses of sockets and for messages; use the methods to touch files.
func (h *Host) Path(p string) string { return filepath.Join(h.Root, absolute(p)) }

// ReadFile returns the content of the regular file p, following links. A directory, socket, pipe or device is an error,
// so that reading never blocks. A missing file gives fs.ErrNotExist.
func (h *Host) ReadFile(p string) ([]byte, error) {
	file, err := h.Open(p)
	if err != nil {
		return nil, err
	}
	defer file.Close()
	// Room for the end to be seen without another growth; files of /proc say 0.
	var content bytes.Buffer
	if info, err := file.Stat(); err == nil {
		content.Grow(int(info.Size()) + bytes.MinRead)
	}
	if _, err := content.ReadFrom(file); err != nil {
		return nil, fmt.Errorf("cannot read %s: %w", h.Path(p), reason(err))
	}
	return content.Bytes(), nil
}

// Open opens the regular file p for reading, under the rules of ReadFile. The caller closes it.
func (h *Host) Open(p string) (*os.File, error) {
	file, err := h.open(p)
	if err != nil {
		return nil, fmt.Errorf("cannot read %s: %w", h.Path(p), reason(err))
	}
	return file, nil
}

func (h *Host) open(p string) (*os.File, error) {
	dir, found, err := h.locate(p, true)
	if err != nil {
		return nil, err
	}
	if found.info == nil {
		return nil, fs.ErrNotExist
	}
	if mode := found.info.Mode(); mode.IsDir() {
		return nil, syscall.EISDIR
	} else if !mode.IsRegular() {
		return nil, fmt.Errorf("is no regular file (%s)", mode.Type())
	}
	return dir.OpenFile(found.name, os.O_RDONLY|syscall.O_NONBLOCK, 0)
}

// Stat describes p, following links. A missing file gives fs.ErrNotExist.
func (h *Host) Stat(p string) (fs.FileInfo, error) { return h.stat(p, true) }

// Lstat describes p itself, also when it is a link.
func (h *Host) Lstat(p string) (fs.FileInfo, error) { return h.stat(p, false) }

func (h *Host) stat(p string, follow bool) (fs.FileInfo, error) {
	_, found, err := h.locate(p, follow)
	if err == nil && found.info == nil {
		err = fs.ErrNotExist
	}
	if err != nil {
		return nil, fmt.Errorf("cannot stat %s: %w", h.Path(p), reason(err))
	}
	return found.info, nil
}

// Owner returns the numeric owner and group in info, as given by Stat and Lstat.
func Owner(info fs.FileInfo) (uid, gid int) {
	if sys, ok := info.Sys().(*syscall.Stat_t); ok {
		return int(sys.Uid), int(sys.Gid)
	}
	return 0, 0
}

// ReadDir returns the entries of the directory p sorted by name. A missing directory gives fs.ErrNotExist.
func (h *Host) ReadDir(p string) ([]fs.DirEntry, error) {
	entries, err := h.readDir(p)
	if err != nil {
		return nil, fmt.Errorf("cannot list %s: %w", h.Path(p), reason(err))
	}
	return entries, nil
}

func (h *Host) readDir(p string) ([]fs.DirEntry, error) {
	dir, found, err := h.locate(p, true)
	if err != nil {
		return nil, err
	}
	if found.info != nil && !found.info.IsDir() {
		return nil, syscall.ENOTDIR
	}
	file, err := dir.Open(found.name)
	if err != nil {
		return nil, err
	}
	defer file.Close()
	entries, err := file.ReadDir(-1)
	slices.SortFunc(entries, func(a, b fs.DirEntry) int {
		if a.Name() < b.Name() {
			return -1
		}
		return 1
	})
	return entries, err
}

// Readlink returns the target of the link p as it is written in it.
func (h *Host) Readlink(p string) (string, error) {
	target, err := func() (string, error) {
		dir, found, err := h.locate(p, false)
		if err != nil {
			return "", err
		}
		return dir.Readlink(found.name)
	}()
	if err != nil {
		return "", fmt.Errorf("cannot read link %s: %w", h.Path(p), reason(err))
	}
	return target, nil
}

// absolute makes p a clean absolute path; ".." stops at "/".
func absolute(p string) string { return path.Clean("/" + p) }
