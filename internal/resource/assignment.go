package resource

import (
	"bytes"
	"context"
	"errors"
	"io/fs"
	"strings"

	"kubernetes-worker/internal/host"
	"kubernetes-worker/internal/state"
)

// Assignment is a line NAME=VALUE in a file of such lines that others write, too: what a snap exports to its daemon. Where the
// name is there with another value that is somebody's wish, and it stays. With Absent our line goes, the others stay.
type Assignment struct {
	Path, Name, Value string
	Absent            bool
}

// ID is assignment:PATH:NAME.
func (a Assignment) ID() string { return "assignment:" + a.Path + ":" + a.Name }

// Stage is FileStage.
func (a Assignment) Stage() Stage { return FileStage }

// Equal compares all fields.
func (a Assignment) Equal(other any) bool { return a == other }

// Input is the line as something a service reads.
func (a Assignment) Input() Input {
	return Input{Name: a.Path + " " + a.Name, Path: a.Path, Fingerprint: state.Fingerprint([]byte(a.line()))}
}

func (a Assignment) line() string { return a.Name + "=" + a.Value }

// In reports whether the line is in the content of the file.
func (a Assignment) In(content []byte) bool {
	for line := range bytes.Lines(content) {
		if strings.TrimSpace(string(line)) == a.line() {
			return true
		}
	}
	return false
}

// Plan looks for the name in the file.
func (a Assignment) Plan(_ context.Context, sys *System) (*Change, error) {
	meta := host.FileMeta{Mode: 0o644}
	content, err := sys.Host.ReadFile(a.Path)
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return nil, err
	}
	if err == nil {
		info, err := sys.Host.Stat(a.Path)
		if err != nil {
			return nil, err
		}
		meta.Mode = info.Mode().Perm()
		meta.UID, meta.GID = host.Owner(info)
	}
	if a.Absent {
		if !a.In(content) {
			return nil, nil
		}
		return &Change{Cause: "not wanted any more", Apply: func(context.Context) error {
			sys.noteChange(a.Input().Name, "not wanted any more")
			rest := a.without(content)
			if len(rest) == 0 {
				return sys.Host.Remove(a.Path)
			}
			return sys.Host.WriteFile(a.Path, rest, meta)
		}}, nil
	}
	if a.named(content) {
		return nil, nil
	}
	return &Change{Cause: "new", Apply: func(context.Context) error {
		sys.noteChange(a.Input().Name, "new")
		if len(content) > 0 && content[len(content)-1] != '\n' {
			content = append(content, '\n')
		}
		file := File{Path: a.Path, Content: append(content, a.line()+"\n"...), Mode: meta.Mode, UID: meta.UID, GID: meta.GID}
		return file.write(sys.Host)
	}}, nil
}

// named reports whether the name occurs, with whichever value.
func (a Assignment) named(content []byte) bool { return bytes.Contains(content, []byte(a.Name)) }

func (a Assignment) without(content []byte) []byte {
	var rest []byte
	for line := range bytes.Lines(content) {
		if strings.TrimSpace(string(line)) != a.line() {
			rest = append(rest, line...)
		}
	}
	return rest
}
