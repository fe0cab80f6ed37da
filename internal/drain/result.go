package drain

import (
	"context"
	"fmt"
	"strings"
	"time"
)

// maxNamed is how many pods an error names; a node has room for hundreds.
const maxNamed = 10

// Result is what Evict has done, its lists sorted by namespace and name.
type Result struct {
	Evicted   []Pod     // were to go and are gone
	Skipped   []Staying // stay and are no obstacle
	Remaining []Remaining
}

// Remaining is a pod that should have gone and has not.
type Remaining struct {
	Pod
	Ending     bool     // it is on its way: the server let it go, or somebody else deleted it
	Finalizers []string // for one that is ending: who wants to have a last word
	Message    string   // for one that is not: what the server said to the last request; "" if none was made
	Budgets    []Budget // the disruption budgets that it is in, where they could be read
}

func (r Remaining) String() string {
	var budgets []string
	for _, budget := range r.Budgets {
		budgets = append(budgets, budget.String())
	}
	switch {
	case r.Ending && len(r.Finalizers) > 0:
		return r.Pod.String() + " is ending and waits for finalizers " + strings.Join(r.Finalizers, ", ")
	case r.Ending:
		return r.Pod.String() + " is ending"
	case len(budgets) > 1:
		return r.Pod.String() + " is in more than one budget, so that the API does not evict it: " + strings.Join(budgets, ", ")
	case len(budgets) == 1 && r.Budgets[0].Allowed <= 0:
		return r.Pod.String() + " is held by " + budgets[0]
	case r.Message != "":
		return r.Pod.String() + ": " + r.Message
	}
	return r.Pod.String() + " was not asked to go"
}

// StuckError says which pods did not go, and why Evict gave up.
type StuckError struct {
	Node      string
	Remaining []Remaining   // those of the Result; none if the pods were never seen
	Total     int           // pods that were to go
	After     time.Duration // how long it was tried
	// Cause has context.DeadlineExceeded or Canceled in its chain when the time was up, and what the API said last if that
	// was no list of pods. It is nil if waiting longer would be of no use.
	Cause error
}

func (e *StuckError) Error() string {
	text := fmt.Sprintf("cannot drain node %s in %v", e.Node, e.After.Round(time.Second))
	if len(e.Remaining) > 0 {
		text += fmt.Sprintf(": %d of %d pods remain: %s", len(e.Remaining), e.Total, naming(e.Remaining))
	}
	if e.Cause != nil && e.Cause != context.DeadlineExceeded {
		text += ": " + e.Cause.Error()
	}
	return text
}

// Unwrap gives the cause.
func (e *StuckError) Unwrap() error { return e.Cause }

// late is the end of the time while the API was in trouble.
type late struct{ end, trouble error }

func (l late) Error() string   { return l.trouble.Error() }
func (l late) Unwrap() []error { return []error{l.end, l.trouble} }

// HeldError says which pods the options do not let go. Nothing was moved.
type HeldError struct {
	Node string
	Held []Staying
}

func (e *HeldError) Error() string {
	return fmt.Sprintf("cannot drain node %s: these pods must not be moved: %s", e.Node, naming(e.Held))
}

// naming lists the first ones.
func naming[T fmt.Stringer](list []T) string {
	var words []string
	for _, one := range list[:min(len(list), maxNamed)] {
		words = append(words, one.String())
	}
	if more := len(list) - maxNamed; more > 0 {
		words = append(words, fmt.Sprintf("and %d more", more))
	}
	return strings.Join(words, "; ")
}

// What is the kind of an Event.
type What int

// The kinds.
const (
	Asked   What = iota + 1 // the server lets the pod go
	Refused                 // the server does not let it go for now, or at all, as Message says
	Gone                    // the pod is no more
	Away                    // no server tells how the pods are, as Message says; Pod is empty
)

// Event is a step that Evict has come forward, or not. The same trouble is told once until it changes.
type Event struct {
	What    What
	Pod     Pod
	Message string
}
