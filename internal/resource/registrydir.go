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

	"kubernetes-worker/internal/condition"
)

// RegistryDir is what a container runtime finds about a registry in a directory of its own below Base: one directory for
// each registry, of which one at most is ours. What we wrote for another registry before is found and taken away; what
// others wrote stays.
type RegistryDir struct {
	Base    string
	Netloc  string         // name of the directory; empty: none of ours is wanted
	Files   []RegistryFile // in the order of writing
	Names   []string       // all names that files of ours have there, in the order of removing
	OwnName string         // the one of them that nobody else uses; the others are ours if they hold OurMark
	LinkDir string         // our links lead there
}

// RegistryFile is a file, or with a target a link.
type RegistryFile struct {
	Name    string
	Content []byte
	Target  string
}

// ID is registry:BASE.
func (r RegistryDir) ID() string { return "registry:" + r.Base }

// Stage is FileStage.
func (r RegistryDir) Stage() Stage { return FileStage }

// Equal compares all fields.
func (r RegistryDir) Equal(other any) bool {
	o, ok := other.(RegistryDir)
	return ok && o.Base == r.Base && o.Netloc == r.Netloc && o.LinkDir == r.LinkDir && o.OwnName == r.OwnName && slices.Equal(o.Names, r.Names) &&
		slices.EqualFunc(o.Files, r.Files, func(a, b RegistryFile) bool {
			return a.Name == b.Name && a.Target == b.Target && bytes.Equal(a.Content, b.Content)
		})
}

// Plan looks through the directories for what is ours and not wanted, and compares what is wanted.
func (r RegistryDir) Plan(_ context.Context, sys *System) (*Change, error) {
	stale, err := r.stale(sys.Host)
	if err != nil {
		return nil, err
	}
	var write []RegistryFile
	for _, file := range r.Files {
		differs, err := r.differs(sys.Host, file)
		if err != nil {
			return nil, err
		}
		if differs {
			write = append(write, file)
		}
	}
	if len(stale) == 0 && len(write) == 0 {
		return nil, nil
	}
	var causes []string
	for _, file := range write {
		causes = append(causes, r.Netloc+"/"+file.Name+" written")
	}
	for _, file := range stale {
		causes = append(causes, strings.TrimPrefix(file, r.Base+"/")+" not wanted any more")
	}
	return &Change{Cause: sentence(causes), Apply: func(context.Context) error {
		for _, file := range stale {
			if err := removeWithDir(sys.Host, file); err != nil {
				return err
			}
		}
		for _, file := range write {
			if err := r.write(sys.Host, file); err != nil {
				return err
			}
		}
		return nil
	}}, nil
}

// stale lists our files that are not wanted, the descriptions before what they name.
func (r RegistryDir) stale(h Host) ([]string, error) {
	registries, err := h.ReadDir(r.Base)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, nil
	}
	if err != nil {
		return nil, err
	}
	var stale []string
	for _, registry := range registries {
		if !registry.IsDir() {
			continue
		}
		dir := path.Join(r.Base, registry.Name())
		for _, name := range r.Names {
			if registry.Name() == r.Netloc && slices.ContainsFunc(r.Files, func(f RegistryFile) bool { return f.Name == name }) {
				continue
			}
			ours, err := r.ours(h, path.Join(dir, name))
			if err != nil {
				return nil, err
			}
			if ours {
				stale = append(stale, path.Join(dir, name))
			}
		}
	}
	return stale, nil
}

// ours tells our files by their name, by the mark in them, or by where they lead.
func (r RegistryDir) ours(h Host, file string) (bool, error) {
	info, err := h.Lstat(file)
	if errors.Is(err, fs.ErrNotExist) {
		return false, nil
	}
	if err != nil {
		return false, err
	}
	switch {
	case path.Base(file) == r.OwnName:
		return true, nil
	case info.Mode()&fs.ModeSymlink != 0:
		target, err := h.Readlink(file)
		return err == nil && path.Dir(target) == r.LinkDir, err
	case !info.Mode().IsRegular():
		return false, nil
	}
	content, err := h.ReadFile(file)
	return err == nil && bytes.Contains(content, []byte(OurMark)), err
}

func (r RegistryDir) path(file RegistryFile) string {
	return path.Join(r.Base, r.Netloc, file.Name)
}

// differs reports whether a file has to be written. Where somebody has put another of that name, a link is left out, for
// docker works without it; a description is not, for it would be without effect.
func (r RegistryDir) differs(h Host, file RegistryFile) (bool, error) {
	name := r.path(file)
	_, err := h.Lstat(name)
	if errors.Is(err, fs.ErrNotExist) {
		return true, nil
	}
	if err != nil {
		return false, err
	}
	ours, err := r.ours(h, name)
	switch {
	case err != nil:
		return false, err
	case !ours && file.Target != "":
		return false, nil
	case !ours:
		return false, condition.NewBlocked(fmt.Sprintf("relation docker-registry: %s is somebody else's; move it away, or remove the relation", name))
	case file.Target != "":
		target, err := h.Readlink(name)
		return target != file.Target, err
	}
	have, err := readFile(h, name)
	return !bytes.Equal(have.content, file.Content) || have.mode != 0o644, err
}

func (r RegistryDir) write(h Host, file RegistryFile) error {
	if file.Target == "" {
		return (File{Path: r.path(file), Content: file.Content}).write(h)
	}
	if err := h.MkdirAll(path.Dir(r.path(file)), 0o755); err != nil {
		return err
	}
	return h.Symlink(file.Target, r.path(file))
}

// removeWithDir removes a file, and its directory if nothing else is in it.
func removeWithDir(h Host, file string) error {
	if err := h.Remove(file); err != nil {
		return err
	}
	rest, err := h.ReadDir(path.Dir(file))
	if err != nil || len(rest) > 0 {
		return err
	}
	return h.Remove(path.Dir(file))
}
