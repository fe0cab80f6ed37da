package reactive

import (
	"context"
	"fmt"
	"strings"
)

// MaxRounds bounds the rounds of one invocation. A healthy first install needs five.
const MaxRounds = 20

// Machine holds what is needed to run handlers to a fixed point. Rules and Handlers are used in the order given, so
// that every run is deterministic.
type Machine[F any, W Want] struct {
	Rules    []Rule[F]
	Handlers []Handler[F, W]
	// Observe reads the facts of a round.
	Observe func(ctx context.Context, round int) (F, error)
	// Realise brings the wants of one round about and returns what it changed, one line each, and what it could not do.
	Realise func(ctx context.Context, wants []W) (changes []string, findings []error)
}

// Result is what a run came to: the facts of the last round, which changed nothing, and all that was found there.
type Result[F any] struct {
	Facts    F
	Findings []error
	Trace    Trace
}

// Run repeats rounds until one changes nothing. It fails when facts cannot be read, when two handlers want different
// things under one name, and when the rounds do not come to rest.
func (m Machine[F, W]) Run(ctx context.Context) (Result[F], error) {
	var result Result[F]
	for round := 1; round <= MaxRounds; round++ {
		facts, err := m.Observe(ctx, round)
		if err != nil {
			return result, err
		}
		result.Facts = facts
		wants, traced, findings, err := m.declare(facts)
		if err != nil {
			return result, err
		}
		traced.Number = round
		changes, more := m.Realise(ctx, wants)
		traced.Changes = changes
		result.Findings = append(findings, more...)
		result.Trace = append(result.Trace, traced)
		if len(changes) == 0 || ctx.Err() != nil {
			return result, ctx.Err()
		}
	}
	last := result.Trace[len(result.Trace)-1]
	return result, fmt.Errorf("cannot come to rest in %d rounds: handlers %s keep changing %s",
		MaxRounds, strings.Join(last.ran(), ", "), strings.Join(last.Changes, "; "))
}

// Flags computes all flags from the facts.
func (m Machine[F, W]) Flags(facts F) map[Flag]bool {
	flags := make(map[Flag]bool, len(m.Rules))
	for _, r := range m.Rules {
		flags[r.Flag] = r.Holds(facts)
	}
	return flags
}

// declare runs every handler whose flags hold and unites what they want, each thing once.
func (m Machine[F, W]) declare(facts F) (wants []W, traced Round, findings []error, err error) {
	flags := m.Flags(facts)
	wantedBy := map[string]string{}
	byID := map[string]W{}
	for _, h := range m.Handlers {
		if missing := m.missing(h, flags, facts); len(missing) > 0 {
			traced.Steps = append(traced.Steps, Step{Handler: h.Name, Waits: missing})
			continue
		}
		step := Step{Handler: h.Name, Ran: true}
		declared, problem := h.Declare(facts)
		if problem != nil {
			step.Problem = problem.Error()
			findings = append(findings, problem)
		}
		for _, w := range declared {
			step.Wants = append(step.Wants, w.ID())
			first, known := byID[w.ID()]
			if known && !first.Equal(w) {
				return nil, traced, nil, fmt.Errorf("cannot want two things at once: handlers %s and %s differ on %s",
					wantedBy[w.ID()], h.Name, w.ID())
			}
			if !known {
				byID[w.ID()], wantedBy[w.ID()] = w, h.Name
				wants = append(wants, w)
			}
		}
		traced.Steps = append(traced.Steps, step)
	}
	return wants, traced, findings, nil
}

// missing names the flags that keep a handler from running, each with who owes it.
func (m Machine[F, W]) missing(h Handler[F, W], flags map[Flag]bool, facts F) []string {
	var missing []string
	for _, f := range h.When {
		if !flags[f] {
			missing = append(missing, m.explain(f, facts))
		}
	}
	for _, f := range h.Unless {
		if flags[f] {
			missing = append(missing, "not "+string(f))
		}
	}
	return missing
}

func (m Machine[F, W]) explain(f Flag, facts F) string {
	for _, r := range m.Rules {
		if r.Flag == f && r.Owes != nil {
			if owes := r.Owes(facts); owes != "" {
				return string(f) + " (" + owes + ")"
			}
		}
	}
	return string(f)
}
