// Package charmpack writes a .charm file: the zip archive that "juju deploy" takes, for one architecture. It packs what
// the charm needs to run and nothing of its sources, keeps links as links, and writes the same bytes for the same input,
// whenever and wherever it runs. It builds nothing and never calls git: the program and its version are given to it.
package charmpack

import (
	"archive/zip"
	"bytes"
	"compress/flate"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path"
	"path/filepath"
	"sort"
	"strings"

	"kubernetes-worker/internal/contract"
)

// Charm says what to pack.
type Charm struct {
	Dir          string // charm directory: YAML files, hooks/, actions/, dispatch
	Program      string // path of the program, built for Architecture
	Architecture string // Debian's name: amd64, arm64, ppc64el, s390x
	Version      string // shown by "juju status" as the charm's version; no version file if empty
}

// Architectures returns the architectures that charms are packed for, by Debian's names, sorted.
func Architectures() []string { return []string{"amd64", "arm64", "ppc64el", "s390x"} }

// packed lists the files that are copied as they are.
func packed() []string {
	return []string{"LICENSE", "README.md", "actions.yaml", "config.yaml", "icon.svg", "metadata.yaml"}
}

// dosEpoch is 1 January 1980 in the date format of zip archives, the earliest day that it can express.
const dosEpoch = 1<<5 | 1

// maxVersion is how much of a version file Juju reads.
const maxVersion = 100

type entry struct {
	name    string
	mode    fs.FileMode
	content []byte
}

// Pack writes the archive to w. It fails on a program for another architecture, on a program that needs a dynamic
// linker, and on a link that is absolute, leaves the charm or leads nowhere; Juju would find these out on the machine.
func (c Charm) Pack(w io.Writer) error {
	entries, err := c.entries()
	if err != nil {
		return err
	}
	if err := checkLinks(entries); err != nil {
		return err
	}
	sort.Slice(entries, func(i, j int) bool { return entries[i].name < entries[j].name })

	archive := zip.NewWriter(w)
	archive.RegisterCompressor(zip.Deflate, func(out io.Writer) (io.WriteCloser, error) {
		return flate.NewWriter(out, flate.BestCompression)
	})
	for _, e := range entries {
		if err := add(archive, e); err != nil {
			return fmt.Errorf("cannot pack %s: %w", e.name, err)
		}
	}
	if err := archive.Close(); err != nil {
		return fmt.Errorf("cannot finish archive: %w", err)
	}
	return nil
}

func (c Charm) entries() ([]entry, error) {
	program, err := os.ReadFile(c.Program)
	if err != nil {
		return nil, fmt.Errorf("cannot read program: %w", err)
	}
	if err := checkProgram(program, c.Architecture); err != nil {
		return nil, fmt.Errorf("cannot pack program %s: %w", c.Program, err)
	}
	manifest, err := narrowManifest(filepath.Join(c.Dir, "manifest.yaml"), c.Architecture)
	if err != nil {
		return nil, err
	}
	entries := []entry{
		{contract.Program, 0o755, program},
		{"manifest.yaml", 0o644, manifest},
	}
	if c.Version != "" {
		if len(c.Version) > maxVersion || strings.ContainsAny(c.Version, "\r\n") {
			return nil, fmt.Errorf("cannot pack version %q: must be one line of at most %d bytes", c.Version, maxVersion)
		}
		entries = append(entries, entry{"version", 0o644, []byte(c.Version + "\n")})
	}
	for _, name := range packed() {
		content, err := os.ReadFile(filepath.Join(c.Dir, name))
		if err != nil {
			return nil, fmt.Errorf("cannot read charm file: %w", err)
		}
		entries = append(entries, entry{name, 0o644, content})
	}
	links, err := readLinks(c.Dir)
	if err != nil {
		return nil, err
	}
	return append(entries, links...), nil
}

// readLinks reads dispatch, hooks/ and actions/, which hold links only.
func readLinks(dir string) ([]entry, error) {
	names := []string{"dispatch"}
	for _, sub := range contract.LinkDirs() {
		found, err := os.ReadDir(filepath.Join(dir, sub))
		if err != nil {
			return nil, fmt.Errorf("cannot list %s: %w", sub, err)
		}
		for _, f := range found {
			names = append(names, path.Join(sub, f.Name()))
		}
	}
	var entries []entry
	for _, name := range names {
		target, err := os.Readlink(filepath.Join(dir, filepath.FromSlash(name)))
		if err != nil {
			return nil, fmt.Errorf("cannot pack %s as a link: %w", name, err)
		}
		entries = append(entries, entry{name, fs.ModeSymlink | 0o777, []byte(target)})
	}
	return entries, nil
}

// checkLinks sees that every link ends at a file of the archive.
func checkLinks(entries []entry) error {
	files := map[string]bool{}
	for _, e := range entries {
		files[e.name] = e.mode.IsRegular()
	}
	var problems []error
	for _, e := range entries {
		if e.mode.IsRegular() {
			continue
		}
		target := string(e.content)
		if path.IsAbs(target) || !files[path.Join(path.Dir(e.name), target)] {
			problems = append(problems, fmt.Errorf("cannot pack link %s: its target %q is no file of the charm", e.name, target))
		}
	}
	return errors.Join(problems...)
}

func add(archive *zip.Writer, e entry) error {
	header := &zip.FileHeader{Name: e.name, Method: zip.Deflate}
	if !e.mode.IsRegular() {
		header.Method = zip.Store
	}
	header.SetMode(e.mode)
	//lint:ignore SA1019 the field that replaces this one also adds an extra field with a time stamp to every entry
	header.ModifiedDate = dosEpoch
	w, err := archive.CreateHeader(header)
	if err != nil {
		return err
	}
	_, err = io.Copy(w, bytes.NewReader(e.content))
	return err
}
