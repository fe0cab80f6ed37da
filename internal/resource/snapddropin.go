package resource

import (
	"context"
	"errors"
	"io/fs"
)

// SnapdDropIn is the file by which the original charm gave proxies to snapd. It goes; snapd is restarted for that, as it
// has read the file at its start, but not as long as it works on something.
type SnapdDropIn struct {
	Path string
}

// ID is the file's.
func (d SnapdDropIn) ID() string { return "snapd-drop-in:" + d.Path }

// Stage is SnapStage, after the settings that take the file's place.
func (SnapdDropIn) Stage() Stage { return SnapStage }

// Equal compares the paths.
func (d SnapdDropIn) Equal(other any) bool { return other == any(d) }

// Plan looks for the file, and for a restart that was not made.
func (d SnapdDropIn) Plan(ctx context.Context, sys *System) (*Change, error) {
	_, err := sys.Host.Lstat(d.Path)
	if err != nil && !sys.State.Snapd.Restart {
		return nil, nil
	}
	if idle, err := sys.Snaps.Idle(ctx); err != nil || !idle {
		return nil, snapdCondition(err) // a later hook does it
	}
	return &Change{Cause: "removed; snapd has settings for proxies", Apply: func(ctx context.Context) error {
		sys.State.Snapd.Restart = true
		if err := sys.State.Save(); err != nil {
			return err
		}
		if err := sys.Host.Remove(d.Path); err != nil && !errors.Is(err, fs.ErrNotExist) {
			return err
		}
		if err := errors.Join(sys.Services.DaemonReload(ctx), sys.Services.Restart(ctx, "snapd.service")); err != nil {
			return wrap("restart snapd without "+d.Path, err)
		}
		sys.State.Snapd.Restart = false
		return sys.State.Save()
	}}, nil
}
