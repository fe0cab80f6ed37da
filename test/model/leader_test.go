package model

import (
	"net/http"
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
	for _, wrote := range w.apiWrites() {
		if wrote != "PATCH worker-1" {
			t.Errorf("a unit that does not lead sent %s", wrote)
		}
	}
	wantPortsOf(second)

	w.must(w.Juju.SetLeader(second.Unit))
	w.Settle()
	if image := w.image(controller); !strings.HasPrefix(image, "registry.test/cdk/ingress-nginx/controller:") {
		t.Errorf("the new leader has made %s", image)
	}
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
	if api.Cluster.At(controller) == "none" {
		t.Error("nobody has made it an hour later")
	}
}

func wantPortsOf(w *World, want ...string) {
	w.T.Helper()
	status, err := w.Juju.UnitStatus(w.Unit)
	w.must(err)
	if strings.Join(status.Ports, " ") != strings.Join(want, " ") {
		w.T.Errorf("%s has ports %q open, want %q", w.Unit, status.Ports, want)
	}
}
