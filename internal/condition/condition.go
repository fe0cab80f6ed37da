// Package condition tells apart, by type, the three ways in which something can be not done: it waits for somebody
// else, a person must act, or the machine or the program failed. The words shown to the user travel with the type.
package condition

import "errors"

// Kind orders conditions by how much they ask of the user.
type Kind int

const (
	// Fault: the machine or the program failed; the hook exits 1 and Juju retries it.
	Fault Kind = iota
	// Blocked: a person must act; the message says what to do.
	Blocked
	// Waiting: somebody or something else must act first; a later hook goes on.
	Waiting
)

type waiting struct{ message string }

func (w waiting) Error() string { return w.message }

type blocked struct{ message string }

func (b blocked) Error() string { return b.message }

// NewWaiting makes a waiting condition with a status message.
func NewWaiting(message string) error { return waiting{message} }

// NewBlocked makes a blocked condition with a status message that says what to do.
func NewBlocked(message string) error { return blocked{message} }

// Of tells the kind of an error by its type, however deeply it is wrapped.
func Of(err error) Kind {
	var w waiting
	if errors.As(err, &w) {
		return Waiting
	}
	var b blocked
	if errors.As(err, &b) {
		return Blocked
	}
	return Fault
}
