package model

import (
	"context"
	"encoding/json"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"kubernetes-worker/internal/jujusim"
)

// later lets so much time pass that the leader asks again which units there are.
func (w *World) later() {
	w.T.Helper()
	path := filepath.Join(w.Root, charmPath, stateFile)
	var content map[string]any
	w.must(json.Unmarshal([]byte(w.Read(charmPath+"/"+stateFile)), &content))
	content["sweep"].(map[string]any)["asked"] = 1
	text, err := json.Marshal(content)
	w.must(err)
	w.must(os.WriteFile(path, text, 0o600))
}

// A machine is lost, or a unit is removed by force: nobody says goodbye to the cluster.
func TestTheLeaderRemovesNodesOfUnitsThatDied(t *testing.T) {
	t.Parallel()
	for _, juju := range generations() {
		t.Run(juju, func(t *testing.T) {
			t.Parallel()
			w := Joined(t, Options{Juju: juju})
			a, model := w.API[0], w.API[0].Annotations(w.Node)[modelMark]
			if unit := a.Annotations(w.Node)[unitMark]; unit != Unit || model == "" {
				t.Fatalf("the node names %q of %q as its unit", unit, model)
			}
			hour := time.Now().Add(-time.Hour)
			a.Neighbour("dead", "kubernetes-worker", "kubernetes-worker/7", model, hour)
			a.Neighbour("fresh", "kubernetes-worker", "kubernetes-worker/8", model, time.Now().Add(-time.Minute))
			a.Neighbour("lively", "kubernetes-worker", "kubernetes-worker/9", model, time.Time{})
			a.Neighbour("others", "other", "other/7", model, hour)
			a.Neighbour("elsewhere", "kubernetes-worker", "kubernetes-worker/7", "another model", hour)
			w.UpdateStatus()
			w.WantStatus("active", running)
			if got := a.Nodes(); !slices.Equal(got, []string{"elsewhere", "fresh", "lively", "others", w.Node}) {
				t.Errorf("left are %q", got)
			}
			for _, line := range []string{
				"dead-nodes: removed from the cluster: dead of kubernetes-worker/7, which is not in the model any more, has not been Ready since " + hour.UTC().Format(time.RFC3339),
				"node lively still reports, but its unit kubernetes-worker/9 is not in the model any more; stop the kubelet on that machine, or delete the node",
			} {
				if n := strings.Count(w.Log(), line); n != 1 {
					t.Errorf("the log has %d times %q:\n%s", n, line, w.Log())
				}
			}
			w.apiRequests()
			w.UpdateStatus()
			if got := w.apiRequests(); !slices.Equal(got, []string{"GET " + w.Node}) {
				t.Errorf("five minutes later it asked %q", got)
			}
			a.Neighbour("fresh", "kubernetes-worker", "kubernetes-worker/8", model, hour)
			a.Delete("lively")
			w.later()
			w.UpdateStatus()
			if got := a.Nodes(); !slices.Equal(got, []string{"elsewhere", "others", w.Node}) {
				t.Errorf("a quarter of an hour later left are %q", got)
			}
			w.later()
			w.apiRequests()
			w.UpdateStatus()
			if got := w.apiRequests(); !slices.Equal(got, []string{"GET " + w.Node}) {
				t.Errorf("with nothing left to do it asked %q", got)
			}
			if n := strings.Count(w.Log(), "node lively still reports"); n != 1 {
				t.Errorf("a node that is left is told of %d times", n)
			}
		})
	}
}

// sweep is the story of a leader who finds the node of a unit that died.
func sweep() Scenario {
	return joined("sweep", Options{}, Step{Name: "a unit dies", Do: func(w *World) {
		a := w.API[0]
		a.Neighbour("dead", "kubernetes-worker", "kubernetes-worker/7", a.Annotations(w.Node)[modelMark], time.Now().Add(-time.Hour))
		w.must(w.Juju.UpdateStatus(Unit))
	}})
}

func TestNobodySweepsInPlaceOfTheLeader(t *testing.T) {
	t.Parallel()
	w := Joined(t, Options{})
	a, model := w.API[0], w.API[0].Annotations(w.Node)[modelMark]
	silent := time.Now().Add(-time.Hour)
	_, err := w.Juju.AddMachine(jujusim.MachineSpec{ID: "9", Root: t.TempDir(), Address: "10.0.0.12"})
	w.must(err)
	_, err = w.Juju.AddUnit("kubernetes-worker", "9")
	w.must(err)
	a.Neighbour("first", "kubernetes-worker", "kubernetes-worker/1", model, silent)
	a.Neighbour("seventh", "kubernetes-worker", "kubernetes-worker/7", model, silent)
	hook := func() {
		t.Helper()
		w.later()
		w.must(w.Juju.UpdateStatus(Unit))
		ctx, cancel := context.WithTimeout(context.Background(), time.Minute)
		defer cancel()
		_, err := w.Juju.Step(ctx)
		w.must(err)
	}
	w.must(w.Juju.SetLeader("kubernetes-worker/1"))
	w.UpdateStatusOnly(hook)
	if got := a.Nodes(); !slices.Equal(got, []string{"first", "seventh", w.Node}) {
		t.Errorf("a unit that does not lead left %q", got)
	}
	w.must(w.Juju.SetLeader(Unit))
	w.UpdateStatusOnly(hook)
	if got := a.Nodes(); !slices.Equal(got, []string{"first", w.Node}) {
		t.Errorf("the leader left %q, want the node of the unit that is there", got)
	}
}

// UpdateStatusOnly lets the worker's own unit run its hooks until it has run update-status.
func (w *World) UpdateStatusOnly(hook func()) {
	w.T.Helper()
	for range 10 {
		before := len(w.hooks(0))
		hook()
		for _, r := range w.hooks(before) {
			if r.Unit == Unit && r.Hook == "update-status" {
				return
			}
		}
	}
	w.T.Fatal("update-status did not run")
}

func TestANodeIsNamedAfterItsUnitAsLongAsItIsItsOwn(t *testing.T) {
	t.Parallel()
	w := Joined(t, Options{})
	a := w.API[0]
	want := a.Annotations(w.Node)
	// The unit that the machine belonged to before was removed by force.
	a.Annotate(w.Node, unitMark, "kubernetes-worker/3")
	w.UpdateStatus()
	if got := a.Annotations(w.Node); !maps.Equal(got, want) {
		t.Errorf("the node has %v, want %v", got, want)
	}
	// Another machine has the same host name.
	a.Machine(w.Node, "another")
	a.Annotate(w.Node, unitMark, "kubernetes-worker/4")
	w.apiWrites()
	for range 2 {
		w.UpdateStatus()
	}
	if got := a.Annotations(w.Node)[unitMark]; got != "kubernetes-worker/4" {
		t.Errorf("the node of another machine was named after %q", got)
	}
	warning := "node worker-0 is not this unit's alone: the kubelet of another machine reports for it (kubernetes-worker/4); two machines must not have one host name"
	if n := strings.Count(w.Log(), warning); n != 1 {
		t.Errorf("the log has %d times %q", n, warning)
	}
}
