package resource

import (
	"context"
	"strings"
	"testing"
	"unicode/utf8"

	"kubernetes-worker/internal/kube"
	"kubernetes-worker/internal/state"
)

func TestANoteIsReadAsItWasWritten(t *testing.T) {
	for name, c := range map[string]struct{ reason, want string }{
		"a sentence":     {"node n is not Ready", "node n is not Ready"},
		"several lines":  {"error:\n\tcannot  mount\r\n", "error: cannot mount"},
		"quotes":         {`cannot refresh snap "kubelet": no`, `cannot refresh snap "kubelet": no`},
		"a long one":     {strings.Repeat("ä", 500), strings.Repeat("ä", longestReason-1) + "…"},
		"not UTF-8":      {"bad \xff byte", "bad � byte"},
		"markup":         {"a<b>&c", "a<b>&c"},
		"a longest note": {strings.Repeat("<", 500), strings.Repeat("<", longestReason-1) + "…"},
	} {
		note := noteOf(state.FailedUpgrade{Wanted: "print", Reason: c.reason}, "kubernetes-worker/3")
		if got, err := parseFailure(note); err != nil || got != (failure{"print", "kubernetes-worker/3", c.want}) {
			t.Errorf("%s: %q gives %+v, %v", name, note, got, err)
		}
	}
	if note := noteOf(state.FailedUpgrade{}, "kubernetes-worker/3"); note != "" {
		t.Errorf("no failure gives the note %q", note)
	}
}

func TestANoteThatIsNoneStopsNobody(t *testing.T) {
	for name, note := range map[string]string{
		"no JSON":     "print kubernetes-worker/3 reason",
		"a list":      "[]",
		"a number":    `{"wanted":7,"unit":"kubernetes-worker/3","reason":"r"}`,
		"no wish":     `{"unit":"kubernetes-worker/3","reason":"r"}`,
		"no unit":     `{"wanted":"print","reason":"r"}`,
		"no reason":   `{"wanted":"print","unit":"kubernetes-worker/3","reason":" \n"}`,
		"odd unit":    `{"wanted":"print","unit":"see https://example.test","reason":"r"}`,
		"a large one": `{"wanted":"print","unit":"kubernetes-worker/3","reason":"` + strings.Repeat("r", longestNote) + `"}`,
	} {
		var logged []string
		sys := logging(t, &logged)
		turn := UpgradeTurn{Turn: Turn{Name: "upgrade-of-w", Holder: "kubernetes-worker/0"}, Wanted: "print"}
		if failed, heeded := turn.heeds(t.Context(), sys, note); heeded || len(logged) != 1 ||
			!strings.HasPrefix(logged[0], "annotation kubernetes-worker/failed-upgrade of Lease kube-system/upgrade-of-w is ignored: ") {
			t.Errorf("%s: heeded %v as %+v, logged %q", name, heeded, failed, logged)
		}
	}
}

func TestANoteStopsOthersFromTheSame(t *testing.T) {
	note := noteOf(state.FailedUpgrade{Wanted: "print", Reason: "r"}, "kubernetes-worker/3")
	for _, c := range []struct {
		wanted, unit string
		want         bool
	}{
		{"print", "kubernetes-worker/0", true},
		{"other", "kubernetes-worker/0", false},
		{"print", "kubernetes-worker/3", false},
	} {
		var logged []string
		turn := UpgradeTurn{Turn: Turn{Holder: c.unit}, Wanted: c.wanted}
		if _, heeded := turn.heeds(t.Context(), logging(t, &logged), note); heeded != c.want || len(logged) > 0 {
			t.Errorf("%+v: heeded %v, logged %q", c, heeded, logged)
		}
	}
}

// A unit that was killed before it could read the note of another still has the turn, and gives it back.
func TestAUnitThatIsStoppedKeepsNoTurn(t *testing.T) {
	for by, keeps := range map[string]bool{"": false, "kubernetes-worker/0": true} {
		sys := logging(t, nil)
		sys.Control = control{held: kube.Held{By: by, Noted: true}}
		if err := take(t.Context(), sys, kube.Lease{Holder: "kubernetes-worker/0"}); err != nil || sys.State.Turn != keeps {
			t.Errorf("held by %q: %v, turn %v", by, err, sys.State.Turn)
		}
	}
}

func logging(t *testing.T, into *[]string) *System {
	sys, _, _ := newSystem(t)
	sys.Log = func(_ context.Context, line string) { *into = append(*into, line) }
	return sys
}

func FuzzFailedNote(f *testing.F) {
	f.Add(`{"wanted":"print","unit":"kubernetes-worker/3","reason":"r"}`)
	f.Add(`{"wanted":"p","unit":"a/0","reason":"a\nb"}`)
	f.Fuzz(func(t *testing.T, note string) {
		got, err := parseFailure(note)
		if err != nil {
			return
		}
		if got.Wanted == "" || got.Unit == "" || got.Reason == "" || strings.ContainsAny(got.Reason, "\n\r\t\x00") ||
			utf8.RuneCountInString(got.Reason) > longestReason || !utf8.ValidString(got.Reason) {
			t.Errorf("%q gives %+v", note, got)
		}
		again, err := parseFailure(noteOf(state.FailedUpgrade{Wanted: got.Wanted, Reason: got.Reason}, got.Unit))
		if err == nil && again != got {
			t.Errorf("%+v is written as %+v", got, again)
		}
	})
}
