package worker

import (
	"errors"
	"fmt"
	"strings"
	"syscall"

	"kubernetes-worker/internal/apt"
	"kubernetes-worker/internal/condition"
	"kubernetes-worker/internal/snapd"
)

// snapCondition says of a failed snap operation who has to act: nobody (it passes by itself), or a person, and how.
func snapCondition(name string, f Facts) func(error) error {
	return func(err error) error {
		channel := f.Options.Channel.String()
		switch snapd.Classify(err) {
		case snapd.StoreUnreachable:
			return condition.NewWaiting(fmt.Sprintf("Waiting for the snap store, to install %s: %v", name, err))
		case snapd.Busy, snapd.Unfinished:
			return condition.NewWaiting(fmt.Sprintf("Waiting for snapd, busy with another change of %s: %v", name, err))
		case snapd.NoDaemon:
			return condition.NewWaiting(fmt.Sprintf("Waiting for snapd to answer: %v", err))
		case snapd.ChannelUnavailable, snapd.SnapNotFound, snapd.BadChannel:
			return condition.NewBlocked(fmt.Sprintf("cannot install snap %s from channel %s: %v; set option channel to one that has it%s", name, channel, err, offered(err)))
		case snapd.BadSnap, snapd.NoSignatures, snapd.NeedsClassic:
			return condition.NewBlocked(fmt.Sprintf("cannot install resource %s: %v; attach a snap of %s", name, err, name))
		case snapd.HookFailed:
			return condition.NewBlocked(fmt.Sprintf("snap %s refused its configuration: %v; correct the option it names", name, err))
		case snapd.DiskFull:
			return condition.NewBlocked(fmt.Sprintf("cannot install snap %s: the disk is full; free some space", name))
		}
		return diskCondition(err)
	}
}

// offered lists channels that the store named as having the snap.
func offered(err error) string {
	var e *snapd.Error
	if !errors.As(err, &e) || len(e.Channels()) == 0 {
		return ""
	}
	channels := e.Channels()
	if len(channels) > 6 {
		channels = append(channels[:6:6], "…")
	}
	return " (" + strings.Join(channels, ", ") + ")"
}

// packageCondition does the same for Debian packages.
func packageCondition(what string) func(error) error {
	return func(err error) error {
		var e *apt.Error
		if errors.As(err, &e) {
			switch {
			case e.Transient(), e.Kind == apt.Stale:
				return condition.NewWaiting(fmt.Sprintf("Waiting for apt, to install %s: %v", what, err))
			case e.Kind == apt.UnknownPackage:
				return condition.NewBlocked(fmt.Sprintf("cannot install %s: %v; check the machine's package sources", what, err))
			case e.Kind == apt.DiskFull:
				return condition.NewBlocked(fmt.Sprintf("cannot install %s: the disk is full; free some space", what))
			case e.Kind == apt.Broken, e.Kind == apt.Interrupted:
				return condition.NewBlocked(fmt.Sprintf("cannot install %s: %v; mend it with: dpkg --configure -a && apt-get -f install", what, err))
			}
		}
		return diskCondition(err)
	}
}

// diskCondition turns a full disk, which a person has to empty, into a blocked condition; other errors stay faults.
func diskCondition(err error) error {
	if errors.Is(err, syscall.ENOSPC) || errors.Is(err, syscall.EDQUOT) {
		return condition.NewBlocked(err.Error())
	}
	return err
}
