package host

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path"
	"path/filepath"
	"strings"
	"syscall"
)

// maxLinks is how many links one path may lead through; the kernel's own limit is the same.
const maxLinks = 40

// location is a path with its links resolved.
type location struct {
	name string      // relative to the root, "." for the root itself; only links that os.Root follows are left in it
	info fs.FileInfo // what is there, nil if nothing is
}

// root returns the opened root directory.
func (h *Host) root() (*os.Root, error) {
	h.mu.Lock()
	defer h.mu.Unlock()
	if h.dir == nil {
		dir, err := os.OpenRoot(h.Root)
		if err != nil {
			return nil, fmt.Errorf("cannot open root directory: %w", err)
		}
		h.dir = dir
	}
	return h.dir, nil
}

// locate resolves p below the root. The links on the way are followed here, relative to the root; what is then opened
// goes through os.Root, which refuses to leave the root should a link appear in between.
// What follows a missing component is taken as it is written.
func (h *Host) locate(p string, followLast bool) (*os.Root, location, error) {
	dir, err := h.root()
	if err != nil {
		return nil, location{}, err
	}
	// Most paths have no link at the end and none before it that os.Root would not follow itself.
	if name := strings.TrimPrefix(absolute(p), "/"); name != "" && !strings.ContainsRune(p, 0) {
		info, err := dir.Lstat(name)
		switch {
		case errors.Is(err, fs.ErrNotExist):
			return dir, location{name: name}, nil
		case err == nil && (info.Mode().Type() != fs.ModeSymlink || !followLast):
			return dir, location{name: name, info: info}, nil
		}
	}
	found, err := resolve(dir, p, followLast)
	return dir, found, err
}

func resolve(dir *os.Root, p string, followLast bool) (location, error) {
	if strings.ContainsRune(p, 0) {
		return location{}, syscall.EINVAL
	}
	rest := strings.Split(strings.Trim(absolute(p), "/"), "/")
	var done []string // components that are resolved
	missing := false
	var info fs.FileInfo
	for links := 0; len(rest) > 0; {
		part := rest[0]
		rest = rest[1:]
		switch part {
		case "", ".":
			continue
		case "..": // only out of a link's target: the path itself is clean
			if len(done) > 0 {
				done = done[:len(done)-1]
			}
			info = nil
			continue
		}
		done = append(done, part)
		info = nil
		if missing {
			continue
		}
		name := path.Join(done...)
		var err error
		info, err = dir.Lstat(name)
		switch {
		case errors.Is(err, fs.ErrNotExist):
			info, missing = nil, true
			continue
		case err != nil:
			return location{}, err
		case info.Mode().Type() != fs.ModeSymlink || (len(rest) == 0 && !followLast):
			continue
		}
		if links++; links > maxLinks {
			return location{}, syscall.ELOOP
		}
		target, err := dir.Readlink(name)
		if err != nil {
			return location{}, err
		}
		done = done[:len(done)-1]
		if filepath.IsAbs(target) {
			done = nil
		}
		rest = append(strings.Split(target, "/"), rest...)
		info = nil
	}
	if len(done) == 0 {
		done = []string{"."}
	}
	found := location{name: path.Join(done...), info: info}
	if info == nil && !missing {
		// The last component was "/" or "..": it is a directory that was not looked at yet.
		var err error
		if found.info, err = dir.Lstat(found.name); err != nil {
			return location{}, err
		}
	}
	return found, nil
}

// Resolve returns the absolute path below the root that p leads to, all links followed; what does not exist is kept as
// written.
func (h *Host) Resolve(p string) (string, error) {
	dir, err := h.root()
	var found location
	if err == nil {
		found, err = resolve(dir, p, true)
	}
	if err != nil {
		return "", fmt.Errorf("cannot resolve %s: %w", h.Path(p), reason(err))
	}
	return absolute(found.name), nil
}

// reason takes the system's reason out of an error that repeats the operation and the path, which our own text names.
func reason(err error) error {
	var pathError *fs.PathError
	var linkError *os.LinkError
	switch {
	case errors.As(err, &pathError):
		return pathError.Err
	case errors.As(err, &linkError):
		return linkError.Err
	}
	return err
}
