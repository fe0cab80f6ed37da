// Package inotify takes the place of a package that no module has any more: kubelets up to 1.12 are linked with it to watch
// cgroups, which the programs here never do.
package inotify

import "errors"

// What can be watched.
const (
	IN_ATTRIB uint32 = 1 << iota
	IN_CREATE
	IN_DELETE
	IN_DELETE_SELF
	IN_ISDIR
	IN_MODIFY
	IN_MOVE
	IN_MOVED_FROM
	IN_MOVED_TO
)

// Event is never sent.
type Event struct {
	Mask   uint32
	Cookie uint32
	Name   string
}

// Watcher cannot be had.
type Watcher struct {
	Event chan *Event
	Error chan error
}

// NewWatcher fails.
func NewWatcher() (*Watcher, error) { return nil, errors.New("built without inotify") }

// AddWatch does nothing.
func (*Watcher) AddWatch(string, uint32) error { return nil }

// RemoveWatch does nothing.
func (*Watcher) RemoveWatch(string) error { return nil }

// Watch does nothing.
func (*Watcher) Watch(string) error { return nil }

// Close does nothing.
func (*Watcher) Close() error { return nil }
