package resource

import (
	"errors"
	"fmt"
	"strings"

	"kubernetes-worker/internal/apt"
	"kubernetes-worker/internal/archive"
	"kubernetes-worker/internal/condition"
	"kubernetes-worker/internal/snapd"
)

// snapCondition says of a failed snap operation who has to act: nobody (it passes by itself), or a person, and how.
func snapCondition(name, channel string, err error) error {
	why := snapReason(err)
	switch snapd.Classify(err) {
	case snapd.StoreUnreachable:
		return condition.NewWaiting(fmt.Sprintf("Waiting for the snap store, to install %s: %s", name, why))
	case snapd.Busy, snapd.Unfinished:
		return condition.NewWaiting(fmt.Sprintf("Waiting for snapd, busy with another change of %s: %s", name, why))
	case snapd.NoDaemon:
		return condition.NewWaiting(fmt.Sprintf("Waiting for snapd to answer: %s", why))
	case snapd.ChannelUnavailable, snapd.SnapNotFound, snapd.BadChannel:
		return condition.NewBlocked(fmt.Sprintf("cannot install snap %s from channel %s: %s; set option channel to one that has it%s", name, channel, why, offered(err)))
	case snapd.BadSnap, snapd.NoSignatures, snapd.NeedsClassic:
		return condition.NewBlocked(fmt.Sprintf("cannot install resource %s: %s; attach a snap of %s", name, why, name))
	case snapd.HookFailed:
		return condition.NewBlocked(fmt.Sprintf("snap %s refused its configuration: %s; correct the option it names", name, why))
	case snapd.DiskFull:
		return condition.NewBlocked(fmt.Sprintf("cannot install snap %s: the disk is full; free some space", name))
	}
	return err
}

// snapReason is why a snap operation failed, without what was attempted, which the condition says itself.
func snapReason(err error) string {
	var e *snapd.Error
	if errors.As(err, &e) && e.Message != "" {
		return e.Message
	}
	return err.Error()
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
func packageCondition(what string, err error) error {
	var e *apt.Error
	if errors.As(err, &e) {
		switch {
		case e.Transient(), e.Kind == apt.Stale:
			return condition.NewWaiting(fmt.Sprintf("Waiting for apt, to install %s: %v", what, err))
		case e.Kind == apt.UnknownPackage:
			return condition.NewBlocked(fmt.Sprintf("cannot install %s: %v; check the machine's package sources", what, err))
		case e.Kind == apt.Source:
			return condition.NewBlocked(fmt.Sprintf("cannot install %s: %v; mend the machine's package sources", what, err))
		case e.Kind == apt.DiskFull:
			return condition.NewBlocked(fmt.Sprintf("cannot install %s: the disk is full; free some space", what))
		case e.Kind == apt.Broken, e.Kind == apt.Interrupted:
			return condition.NewBlocked(fmt.Sprintf("cannot install %s: %v; mend it with: dpkg --configure -a && apt-get -f install", what, err))
		}
	}
	return err
}

// archiveCondition tells an archive that is no good, which a person has to replace, from everything else.
func archiveCondition(name string, err error) error {
	var bad *archive.Error
	if errors.As(err, &bad) {
		return condition.NewBlocked(fmt.Sprintf("cannot unpack resource %s: %v; attach another", name, err))
	}
	return fmt.Errorf("cannot unpack resource %s: %w", name, err)
}
