package drain

import (
	"fmt"
	"strings"
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
	Ending     bool     // it was asked and is on its way
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
	Remaining []Remaining // those of the Result
	Total     int         // pods that were to go
	Cause     error       // context.DeadlineExceeded or Canceled, a refusal of the API, or nil if waiting longer is of no use
}

func (e *StuckError) Error() string {
	text := fmt.Sprintf("cannot drain node %s: %d of %d pods remain: %s", e.Node, len(e.Remaining), e.Total, naming(e.Remaining))
	if e.Cause != nil {
		text += ": " + e.Cause.Error()
	}
	return text
}

// Unwrap gives the cause.
func (e *StuckError) Unwrap() error { return e.Cause }

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
