package model

import (
	"net/http"
	"slices"
	"strings"
	"testing"
)

// What units share is made by the one that leads. One that dies at it leaves the rest to its successor.
func TestANewLeaderFinishesWhatTheOneBeforeBegan(t *testing.T) {
	t.Parallel()
	w := New(t, withIngress())
	w.DeployWorker()
	second := w.Beside(1)
	api := w.API[0]
	written := 0
	api.Refuse(func(request string) int {
		if strings.HasPrefix(request, "PATCH /") { // not of a node
			written++
		}
		if written > 4 {
			return http.StatusServiceUnavailable
		}
		return 0
	})
	w.DeployCompanions()
	w.Relate()
	w.Settle()
	w.WantStatus("waiting", "Waiting for an API server to answer…")
	if written <= 4 || api.Cluster.At(controller) != "none" {
		t.Fatalf("%d objects were written: %s", written, api.Cluster.At(controller))
	}
	api.Refuse(nil)
	w.apiWrites()
	second.UpdateStatus()
	second.WantStatus("active", running)
	if wrote := w.apiWrites(); !slices.Equal(wrote, []string{"PATCH worker-1"}) {
		t.Errorf("a unit that does not lead wrote %q, want its node's labels", wrote)
	}
	wantPortsOf(second)

	w.must(w.Juju.SetLeader(second.Unit))
	w.Settle()
	second.wantImage(controller, "registry.test/cdk/ingress-nginx/controller:v1.12.8")
	wantPortsOf(second, "80/tcp", "443/tcp")
	w.apiWrites()
	w.UpdateStatus()
	w.WantStatus("active", running)
	if wrote := w.apiWrites(); len(wrote) > 0 {
		t.Errorf("the unit that led wrote %q", wrote)
	}
	wantPortsOf(w, "80/tcp", "443/tcp")

	// Nor is anything left undone by a leader that never comes to it: an hour later another one does it.
	delete(api.Cluster.Objects, controller)
	w.UpdateStatus()
	if api.Cluster.At(controller) != "none" {
		t.Error("the unit that led looked at once")
	}
	w.hour()
	w.UpdateStatus()
	w.wantImage(controller, "registry.test/cdk/ingress-nginx/controller:v1.12.8")
}

func wantPortsOf(w *World, want ...string) {
	w.T.Helper()
	status, err := w.Juju.UnitStatus(w.Unit)
	w.must(err)
	if strings.Join(status.Ports, " ") != strings.Join(want, " ") {
		w.T.Errorf("%s has ports %q open, want %q", w.Unit, status.Ports, want)
	}
}
