package snapd

import (
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strings"
	"unicode"
)

// messageLimit bounds a text of the daemon, in bytes, where it becomes part of an error.
const messageLimit = 2000

// Release is a channel on which a snap can be had, for one architecture (its dpkg name).
type Release struct {
	Architecture string `json:"architecture"`
	Channel      string `json:"channel"`
}

// Error is anything that went wrong between us and the daemon, or that the daemon reports.
type Error struct {
	// Op is what was attempted: `install snap "kubelet"`.
	Op string
	// Kind is snapd's own word for the error, often absent.
	Kind string
	// Message is snapd's text, or ours, without control characters and of bounded length.
	Message string
	// Status is the HTTP status, 0 when there was no answer or a change failed.
	Status int
	// Change is the identity of the change that failed or is still running.
	Change string
	// Releases are the channels that can be had instead, when Classify says ChannelUnavailable.
	Releases []Release
	// ConflictKind is the kind of the change that is in the way, when Classify says Busy and snapd told.
	ConflictKind string
	// Hook is the name of the snap's hook that failed, and HookOutput what it printed, when Classify says HookFailed.
	Hook, HookOutput string
	// Err is the cause below, if there is one.
	Err error

	class  Class
	option string // the configuration key that is not set
}

// Error tells what was attempted and why it failed.
func (e *Error) Error() string {
	text := e.Message
	if text == "" && e.Err != nil {
		text = e.Err.Error()
	}
	if len(e.Releases) > 0 {
		text += " (available: " + strings.Join(e.Channels(), ", ") + ")"
	}
	if e.Op == "" {
		return text
	}
	return "cannot " + e.Op + ": " + text
}

// Unwrap gives the cause below.
func (e *Error) Unwrap() error { return e.Err }

// Channels are the names in Releases, sorted, each once.
func (e *Error) Channels() []string {
	var names []string
	for _, r := range e.Releases {
		names = append(names, clean(r.Channel, 80))
	}
	slices.Sort(names)
	return slices.Compact(names)
}

// readValue takes what is useful from the free-form value of an error answer and ignores any other form of it.
func (e *Error) readValue(text json.RawMessage) {
	var value struct {
		Releases   []Release `json:"releases"`
		ChangeKind string    `json:"change-kind"`
		Key        string    `json:"Key"`
	}
	if json.Unmarshal(text, &value) != nil {
		return
	}
	e.Releases, e.ConflictKind, e.option = value.Releases, clean(value.ChangeKind, 60), value.Key
}

// IsNotInstalled reports whether err says that the snap is not installed.
func IsNotInstalled(err error) bool { return Classify(err) == NotInstalled }

// newError makes an error of ours.
func newError(class Class, op, format string, args ...any) *Error {
	return &Error{Op: op, Message: fmt.Sprintf(format, args...), class: class}
}

func asError(err error) (*Error, bool) {
	var e *Error
	ok := errors.As(err, &e)
	return e, ok
}

// clean makes a foreign text fit for one: control characters become spaces, runs of white space one space, and what is
// longer than limit bytes is cut in its middle, as the cause tends to stand at the end.
func clean(text string, limit int) string {
	if len(text) > 16*limit {
		text = text[:8*limit] + text[len(text)-8*limit:]
	}
	text = strings.Map(func(r rune) rune {
		if unicode.IsControl(r) || unicode.Is(unicode.Cf, r) {
			return ' '
		}
		return r
	}, strings.ToValidUTF8(text, "?"))
	text = strings.Join(strings.Fields(text), " ")
	if len(text) <= limit {
		return text
	}
	half := (limit - len(" … ")) / 2
	return strings.ToValidUTF8(text[:half], "") + " … " + strings.ToValidUTF8(text[len(text)-half:], "")
}

// withoutQueries cuts the queries of quoted URLs, with which the store's addresses fill a line.
func withoutQueries(text string) string {
	var b strings.Builder
	for {
		start := strings.Index(text, `"http`)
		if start < 0 {
			break
		}
		length := strings.IndexByte(text[start+1:], '"')
		if length < 0 {
			break
		}
		end := start + 1 + length
		address, _, _ := strings.Cut(text[start:end], "?")
		b.WriteString(text[:start])
		b.WriteString(address)
		b.WriteByte('"')
		text = text[end+1:]
	}
	return b.String() + text
}
