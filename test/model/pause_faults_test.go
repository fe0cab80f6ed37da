package model

import (
	"context"
	"net/http"
	"slices"
	"strings"
	"testing"
	"time"

	"kubernetes-worker/internal/jujusim"
)

// The ends of what pause and resume say when they fail, and whether the unit is paused then.
var sayings = map[string][]struct {
	end    string
	paused bool
}{
	"pause": {
		{"nothing was changed", false},
		{"the node takes pods again, the unit is not paused", false},
		{"the node was deleted from the cluster meanwhile, the unit is not paused", false},
		{"the node may still be cordoned, which the next hook takes back", false},
		{"the unit is paused, run pause again to go on or resume to end it", true},
	},
	"resume": {
		{"nothing was changed", true},
		{"the unit stays paused, run resume again", true},
	},
}

// afterFault is what became of a pause or resume: whether the unit is paused, by its status and the node's cordon alike, once
// a hook has run.
func (w *World) afterFault() bool {
	w.T.Helper()
	w.API[0].Refuse(nil)
	w.UpdateStatus()
	state, message := w.Status()
	isPaused := message == paused
	cordoned, mark := w.API[0].Cordoned(w.Node)
	if isPaused != cordoned || isPaused != (mark == "pause") || !isPaused && state != "active" {
		w.T.Errorf("%s: %s, cordoned %v %q", state, message, cordoned, mark)
	}
	return isPaused
}

// wantHonest holds what an action said to what it has come to.
func (w *World) wantHonest(name string, result jujusim.ActionResult) {
	w.T.Helper()
	want, known := name == "pause", true
	if result.Status != "completed" {
		known = false
		for _, saying := range sayings[name] {
			if strings.Contains(result.Message, saying.end) {
				want, known = saying.paused, true
			}
		}
	}
	if got := w.afterFault(); got != want || !known {
		w.T.Errorf("paused %v, and it says %s: %s %v", got, result.Status, result.Message, result.Results)
	}
}

// Whatever befalls pause and resume at whichever request to the API server, the action tells how far it has come, and the
// hook that follows comes to what it told.
func TestPauseAndResumeLiveThroughFaultsAtAnyRequest(t *testing.T) {
	t.Parallel()
	for name, fault := range map[string]func(w *World, kill func()) int{ // gives the status of that request; 0: it is served
		"the API server fails once":          func(*World, func()) int { return http.StatusInternalServerError },
		"the API server goes away":           nil, // and stays so
		"somebody deletes the node":          func(w *World, _ func()) int { w.API[0].remove(w.Node); return 0 },
		"somebody ends the action's process": func(_ *World, kill func()) int { kill(); return 0 },
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			w := Joined(t, Options{})
			busy(w)
			for _, name := range []string{"pause", "resume"} {
				befalls(w, name, fault)
			}
		})
	}
}

// befalls runs an action as often as it sends requests, with the fault at each, and leaves the world as without.
func befalls(w *World, name string, fault func(w *World, kill func()) int) {
	w.T.Helper()
	params := map[string]map[string]any{"pause": {"timeout": 1}}[name]
	before := w.Save()
	var all []string
	w.API[0].Refuse(func(request string) int { all = append(all, request); return 0 })
	w.completes(name, params)
	w.API[0].Refuse(nil)
	after := w.Save()
	if !slices.Contains(all, "PATCH "+w.Node) || len(all) < 4 {
		w.T.Fatalf("%s asked %q", name, all)
	}
	for at, request := range all {
		w.T.Logf("%s, request %d: %s", name, at+1, request)
		w.Restore(before)
		ctx, kill := context.WithTimeout(context.Background(), time.Minute)
		n := 0
		w.API[0].Refuse(func(string) int {
			n++
			switch {
			case fault == nil && n > at:
				return http.StatusServiceUnavailable
			case fault != nil && n == at+1:
				return fault(w, kill)
			}
			return 0
		})
		result, err := w.Juju.RunAction(ctx, Unit, name, params)
		kill()
		if err == nil {
			w.wantHonest(name, result)
		} else {
			w.afterFault() // it was ended, and said nothing
		}
	}
	w.Restore(after)
	w.API[0].Refuse(nil)
}
