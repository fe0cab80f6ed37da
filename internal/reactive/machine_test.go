package reactive_test

import (
	"context"
	"errors"
	"strings"
	"testing"

	"kubernetes-worker/internal/reactive"
)

type facts struct{ done map[string]string }

type want struct{ id, content string }

func (w want) ID() string           { return w.id }
func (w want) Equal(other any) bool { return w == other }

// world realises wants in memory, as the machine under the charm does for real.
type world struct {
	done   map[string]string
	broken map[string]error
}

func (w *world) machine(rules []reactive.Rule[facts], handlers ...reactive.Handler[facts, want]) reactive.Machine[facts, want] {
	return reactive.Machine[facts, want]{
		Rules: rules, Handlers: handlers,
		Observe: func(context.Context, int) (facts, error) { return facts{w.done}, nil },
		Realise: func(_ context.Context, wants []want) (changes []string, findings []error) {
			for _, x := range wants {
				if err := w.broken[x.id]; err != nil {
					findings = append(findings, err)
				} else if w.done[x.id] != x.content {
					w.done[x.id] = x.content
					changes = append(changes, x.id)
				}
			}
			return changes, findings
		},
	}
}

func has(id string) reactive.Rule[facts] {
	return reactive.Rule[facts]{Flag: reactive.Flag(id), Holds: func(f facts) bool { return f.done[id] != "" },
		Owes: func(facts) string { return id + " is not there yet" }}
}

func wants(name, id, content string, when ...reactive.Flag) reactive.Handler[facts, want] {
	return reactive.Handler[facts, want]{Name: name, When: when,
		Declare: func(facts) ([]want, error) { return []want{{id, content}}, nil }}
}

func TestNewFactsOpenFurtherHandlersUntilNothingChanges(t *testing.T) {
	w := &world{done: map[string]string{}}
	m := w.machine([]reactive.Rule[facts]{has("a"), has("b")}, wants("third", "c", "1", "b"), wants("second", "b", "1", "a"), wants("first", "a", "1"))
	result, err := m.Run(context.Background())
	if err != nil {
		t.Fatal(err)
	}
	if len(result.Trace) != 4 || w.done["c"] != "1" {
		t.Errorf("came to %v after\n%s", w.done, result.Trace)
	}
	again, err := m.Run(context.Background())
	if err != nil || len(again.Trace) != 1 || len(again.Trace[0].Changes) != 0 {
		t.Errorf("a second run is not quiet: %v\n%s", err, again.Trace)
	}
}

func TestTheTraceSaysWhoOwesWhatIsMissing(t *testing.T) {
	w := &world{done: map[string]string{}}
	m := w.machine([]reactive.Rule[facts]{has("a")}, wants("second", "b", "1", "a"))
	result, err := m.Run(context.Background())
	if err != nil {
		t.Fatal(err)
	}
	if got := result.Trace.String(); !strings.Contains(got, "second               waits for a (a is not there yet)") {
		t.Errorf("trace:\n%s", got)
	}
}

func TestUnlessKeepsAHandlerFromRunning(t *testing.T) {
	w := &world{done: map[string]string{"a": "1"}}
	h := wants("h", "b", "1")
	h.Unless = []reactive.Flag{"a"}
	result, err := w.machine([]reactive.Rule[facts]{has("a")}, h).Run(context.Background())
	if err != nil || w.done["b"] != "" || !strings.Contains(result.Trace.String(), "not a") {
		t.Errorf("%v %v\n%s", err, w.done, result.Trace)
	}
}

func TestTwoHandlersThatWantDifferentThingsAreAnError(t *testing.T) {
	w := &world{done: map[string]string{}}
	_, err := w.machine(nil, wants("one", "a", "1"), wants("two", "a", "2")).Run(context.Background())
	if err == nil || !strings.Contains(err.Error(), "handlers one and two differ on a") {
		t.Errorf("error %v", err)
	}
	if _, err := w.machine(nil, wants("one", "a", "1"), wants("two", "a", "1")).Run(context.Background()); err != nil {
		t.Errorf("the same thing wanted twice: %v", err)
	}
}

func TestOtherHandlersGoOnAfterOneFailsAndAllIsReported(t *testing.T) {
	broken, refused := errors.New("broken"), errors.New("refused")
	w := &world{done: map[string]string{}, broken: map[string]error{"b": broken}}
	bad := reactive.Handler[facts, want]{Name: "bad", Declare: func(facts) ([]want, error) { return nil, refused }}
	result, err := w.machine(nil, bad, wants("b", "b", "1"), wants("c", "c", "1")).Run(context.Background())
	if err != nil || w.done["c"] != "1" {
		t.Fatalf("%v, %v", err, w.done)
	}
	if len(result.Findings) != 2 || result.Findings[0] != refused || result.Findings[1] != broken {
		t.Errorf("findings %v", result.Findings)
	}
}

func TestAnEndlessLoopIsAnErrorThatNamesTheHandlers(t *testing.T) {
	w := &world{done: map[string]string{}}
	flip := reactive.Handler[facts, want]{Name: "flip", Declare: func(f facts) ([]want, error) {
		return []want{{"a", f.done["a"] + "x"}}, nil
	}}
	_, err := w.machine(nil, flip).Run(context.Background())
	if err == nil || !strings.Contains(err.Error(), "handlers flip keep changing a") {
		t.Errorf("error %v", err)
	}
}
