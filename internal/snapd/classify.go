package snapd

import (
	"context"
	"errors"
	"strings"
)

// Class is what an error means for the one who asked.
type Class string

// The classes. Where a person or a later try can help, the comment says which.
const (
	// None is the class of no error.
	None Class = ""
	// NotInstalled: the snap is not on this machine.
	NotInstalled Class = "not installed"
	// AlreadyInstalled: an install of what is there; a refresh is meant.
	AlreadyInstalled Class = "already installed"
	// NoUpdate: a refresh that has nothing to do.
	NoUpdate Class = "no update"
	// ChannelUnavailable: the store has the snap, not on this channel (or revision, or architecture).
	ChannelUnavailable Class = "channel unavailable"
	// BadChannel: the text is no channel at all; a person must correct it.
	BadChannel Class = "bad channel"
	// SnapNotFound: the store knows no such snap.
	SnapNotFound Class = "snap not found"
	// NeedsClassic: the snap must be installed with Classic.
	NeedsClassic Class = "needs classic"
	// Local: the installed snap came from a file; a refresh from the store needs Amend.
	Local Class = "local"
	// Busy: another change of the snap is running; passes by itself.
	Busy Class = "busy"
	// Unfinished: our change still runs at the end of the time we had; the next call waits for it.
	Unfinished Class = "unfinished"
	// StoreUnreachable: the store or the way to it is away; passes by itself or needs the proxy settings corrected.
	StoreUnreachable Class = "store unreachable"
	// NoSignatures: a file without assertions, installed without Dangerous.
	NoSignatures Class = "no signatures"
	// BadSnap: the file is no snap, is cut short, or is another snap than it should be.
	BadSnap Class = "bad snap"
	// HookFailed: a hook of the snap itself failed; Error.HookOutput is what it printed.
	HookFailed Class = "hook failed"
	// DiskFull: a person must make room.
	DiskFull Class = "disk full"
	// NoDaemon: snapd is not installed, not running or restarting.
	NoDaemon Class = "no daemon"
	// Denied: we are not root.
	Denied Class = "denied"
	// Unsupported: this daemon is too old for what was asked.
	Unsupported Class = "unsupported"
	// Other is everything else.
	Other Class = "other"
)

// Classify tells what an error of this package means.
func Classify(err error) Class {
	if err == nil {
		return None
	}
	e, ok := asError(err)
	if !ok {
		return Other
	}
	if e.class != None {
		return e.class
	}
	if class, ok := classifyKind(e); ok {
		return class
	}
	if e.Status == 401 || e.Status == 403 {
		return Denied
	}
	if e.Status == 0 {
		return Other
	}
	return classifyText(e.Message)
}

// Transient reports whether the same call may succeed later without anybody doing something about it here.
func Transient(err error) bool {
	switch Classify(err) {
	case Busy, Unfinished, StoreUnreachable, NoDaemon:
		return true
	default:
		return errors.Is(err, context.DeadlineExceeded)
	}
}

// classifyKind uses snapd's own error kinds (its documentation, "Error kinds").
func classifyKind(e *Error) (Class, bool) {
	switch e.Kind {
	case "snap-not-installed":
		return NotInstalled, true
	case "snap-not-found":
		// The same kind says "not on this machine" and "not in the store".
		if strings.Contains(e.Message, "not installed") {
			return NotInstalled, true
		}
		return SnapNotFound, true
	case "snap-already-installed":
		return AlreadyInstalled, true
	case "snap-no-update-available":
		return NoUpdate, true
	case "snap-channel-not-available", "snap-architecture-not-available", "snap-revision-not-available":
		return ChannelUnavailable, true
	case "snap-needs-classic":
		return NeedsClassic, true
	case "snap-local":
		return Local, true
	case "snap-change-conflict":
		return Busy, true
	case "network-timeout", "dns-failure":
		return StoreUnreachable, true
	case "snap-not-a-snap":
		return BadSnap, true
	case "insufficient-disk-space":
		return DiskFull, true
	case "daemon-restart", "system-restart":
		return NoDaemon, true
	case "login-required", "auth-cancelled":
		return Denied, true
	}
	return None, false
}

// classifyText is for the answers to which snapd gives no kind, and for the tasks of a change, which never have one.
func classifyText(message string) Class {
	text := strings.ToLower(message)
	switch {
	case strings.Contains(text, "no space left on device"), strings.Contains(text, "insufficient space"):
		return DiskFull
	case strings.HasPrefix(text, "unknown action "):
		return Unsupported
	case containsAny(text, "change in progress", "changes in progress", "has running apps", "has running hooks"):
		return Busy
	case strings.Contains(text, "cannot find signatures with metadata"):
		return NoSignatures
	case containsAny(text, "channel name has too many components", "invalid risk in channel", "invalid branch in channel",
		"invalid track in channel", "channel name cannot be empty", "invalid channel"):
		return BadChannel
	case strings.Contains(text, "is not available on"), strings.Contains(text, "no snap revision"):
		return ChannelUnavailable
	case strings.Contains(text, "requires classic confinement"):
		return NeedsClassic
	case strings.Contains(text, "is already installed"):
		return AlreadyInstalled
	case strings.Contains(text, "has no updates available"):
		return NoUpdate
	case containsAny(text, "cannot open snap", "cannot read info for", "cannot process snap-or-snapdir",
		"not a snap", "does not look like a snap", "can't find a squashfs superblock", "cannot read snap file"):
		return BadSnap
	case isStoreText(text):
		return StoreUnreachable
	case strings.Contains(text, "is not installed"):
		return NotInstalled
	}
	return Other
}

// isStoreText recognises the texts of Go's network stack and of snapd's store client, lower case.
func isStoreText(text string) bool {
	return containsAny(text,
		"dial tcp", "no such host", "connection refused", "connection reset by peer", "i/o timeout",
		"tls handshake timeout", "tls: ", "x509: ", "network is unreachable", "no route to host", "proxyconnect tcp",
		"temporary failure in name resolution", "server misbehaving", "client.timeout exceeded",
		"context deadline exceeded", "timeout exceeded while awaiting headers", "net/http: request canceled",
		`": unexpected eof`, `": eof`, "http status code 5", "http status code 408", "http status code 429",
		"http error 5", "503 service unavailable", "502 bad gateway", "504 gateway", "too many requests",
		"persistent network error", "unable to contact snap store", "the download has stalled", "download too slow")
}

func containsAny(text string, parts ...string) bool {
	for _, part := range parts {
		if strings.Contains(text, part) {
			return true
		}
	}
	return false
}
