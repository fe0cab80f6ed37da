package apt

import (
	"errors"
	"strings"

	"kubernetes-worker/internal/host"
)

// Kind tells the failures of apt-get apart.
type Kind int

// The kinds of failure.
const (
	Other          Kind = iota // none of those below
	Locked                     // another program is installing packages: passes by itself
	Network                    // a package server cannot be reached or is in trouble: passes by itself
	Stale                      // the package lists name a file that the server has no more: update them
	UnknownPackage             // no repository has the package: perhaps the lists are old
	DiskFull                   // no space left
	Interrupted                // an earlier installation was cut off: `dpkg --configure -a` mends it
	Source                     // a repository is not signed as it should be, has nothing for this release, or is named in two ways
	Broken                     // packages contradict each other, or a package's own script failed
)

// Error is a failed change of packages.
type Error struct {
	Kind    Kind
	Names   []string // the packages asked for; nil for the lists and for mending
	Message string   // what was tried and what apt-get said, as one line
	Err     error    // the *host.CommandError, if a command failed
}

func (e *Error) Error() string { return e.Message }

// Unwrap gives the command's error.
func (e *Error) Unwrap() error { return e.Err }

// Transient reports whether the same may succeed later without anybody doing something.
func (e *Error) Transient() bool { return e.Kind == Locked || e.Kind == Network }

// KindOf returns the kind of an Error, Other for any other error.
func KindOf(err error) Kind {
	var e *Error
	if errors.As(err, &e) {
		return e.Kind
	}
	return Other
}

// signs are texts of apt and dpkg in the C locale, in the order in which they count: a full disk also leaves an
// interrupted dpkg behind, and a failed fetch mentions both its cause and that it failed.
var signs = []struct {
	kind Kind
	text string
}{
	{DiskFull, "No space left on device"},
	{DiskFull, "You don't have enough free space in"},
	{DiskFull, "Disk quota exceeded"},
	{Interrupted, "dpkg was interrupted, you must manually run"},
	{Other, "are you root?"},
	{Locked, "Could not get lock"},
	{Locked, "Unable to acquire the dpkg frontend lock"},
	{Locked, "Unable to lock"},
	{Locked, "locked by another process"},
	{Locked, "status database area is locked"},
	{Source, "Conflicting values set for option"},
	{Source, "list of sources could not be read"},
	{Source, "NO_PUBKEY"},
	{Source, "EXPKEYSIG"},
	{Source, "BADSIG"},
	{Source, "is not signed."},
	{Source, "is no longer signed."},
	{Source, "does not have a Release file"},
	{Stale, "  404  Not Found"},
	{Network, "Temporary failure resolving"},
	{Network, "Could not resolve"},
	{Network, "Something wicked happened resolving"},
	{Network, "Could not connect"},
	{Network, "Cannot initiate the connection"},
	{Network, "Unable to connect to"},
	{Network, "Connection failed"},
	{Network, "Connection timed out"},
	{Network, "connection timed out"},
	{Network, "Connection refused"},
	{Network, "Network is unreachable"},
	{Network, "Error reading from server"},
	{Network, "Hash Sum mismatch"},
	{Network, "File has unexpected size"},
	{Network, "  500  "},
	{Network, "  502  "},
	{Network, "  503  "},
	{Network, "  504  "},
	{Network, "  429  "},
	{UnknownPackage, "Unable to locate package"},
	{UnknownPackage, "has no installation candidate"},
	{UnknownPackage, "Couldn't find any package by"},
	{UnknownPackage, "was not found"}, // Version '1' for 'x' was not found; Release 'x' for 'y' was not found
	{Broken, "unmet dependencies"},
	{Broken, "held broken packages"},
	{Broken, "Unmet dependencies"},
	{Broken, "returned an error code"},
	{Broken, "Errors were encountered while processing"},
}

// classify tells why a run of apt-get or dpkg failed from what it wrote.
func classify(output host.Output) Kind {
	text := string(output.Stderr) + "\n" + string(output.Stdout)
	for _, sign := range signs {
		if strings.Contains(text, sign.text) {
			return sign.kind
		}
	}
	return Other
}
