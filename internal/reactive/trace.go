package reactive

import (
	"fmt"
	"strings"
)

// Trace is the story of a run, round by round.
type Trace []Round

// Round is one pass over the handlers and what it changed.
type Round struct {
	Number  int
	Steps   []Step
	Changes []string
}

// Step says of one handler what it did or what it waits for.
type Step struct {
	Handler string
	Ran     bool
	Wants   []string // names of what it declared
	Waits   []string // flags that did not hold, with who owes them
	Problem string
}

// String prints the trace for people: one line a handler, indented changes.
func (t Trace) String() string {
	var b strings.Builder
	for _, r := range t {
		fmt.Fprintf(&b, "round %d\n", r.Number)
		for _, s := range r.Steps {
			switch {
			case !s.Ran:
				fmt.Fprintf(&b, "  %-20s waits for %s\n", s.Handler, strings.Join(s.Waits, ", "))
			case s.Problem != "":
				fmt.Fprintf(&b, "  %-20s %s\n", s.Handler, s.Problem)
			default:
				fmt.Fprintf(&b, "  %-20s wants %s\n", s.Handler, strings.Join(s.Wants, ", "))
			}
		}
		for _, c := range r.Changes {
			fmt.Fprintf(&b, "  changed: %s\n", c)
		}
	}
	return b.String()
}

func (r Round) ran() []string {
	var names []string
	for _, s := range r.Steps {
		if s.Ran {
			names = append(names, s.Handler)
		}
	}
	return names
}
