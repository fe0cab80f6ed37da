package api

import (
	"encoding/json"
	"strings"
	"testing"
	"time"

	"kubernetes-worker/internal/snapd/snapdtest"
	"kubernetes-worker/test/model"
)

// Two units that both want to upgrade at the same time never have their nodes out of service together.
func TestTwoUnitsUpgradeOneAfterTheOther(t *testing.T) {
	c := start(t, 1)
	first := model.New(t, model.Options{Real: &c.Real, Together: true, Config: map[string]string{"require-manual-upgrade": "false"}})
	first.DeployWorker()
	worlds := []*model.World{first, first.Beside(1)}
	for _, w := range worlds {
		c.kubelet(t, w)
	}
	first.DeployCompanions()
	first.Relate()
	first.Settle()
	for _, w := range worlds {
		w.WantStatus("active", "Kubernetes worker running.")
	}

	firstFailureStops(t, first, worlds)

	stop, seen := make(chan struct{}), make(chan map[int]bool)
	go func() {
		counts := map[int]bool{} // how many nodes were out of service at a time
		tick := time.NewTicker(20 * time.Millisecond)
		defer tick.Stop()
		for {
			select {
			case <-stop:
				seen <- counts
				return
			case <-tick.C:
				counts[c.cordoned()] = true
			}
		}
	}()
	first.Config(map[string]string{"channel": "1.29/stable"})
	upgraded := 0
	for _, w := range worlds {
		if kubelet, _ := w.Snapd.Snap("kubelet"); kubelet.Version == "1.29.0" {
			upgraded++
		}
	}
	if upgraded != 1 {
		t.Errorf("%d units have upgraded in the first go, want 1", upgraded)
	}
	for _, w := range worlds {
		if err := w.Juju.UpdateStatus(w.Unit); err != nil {
			t.Fatal(err)
		}
	}
	first.Settle()
	close(stop)
	counts := <-seen
	if !counts[1] || counts[2] || c.cordoned() != 0 {
		t.Errorf("nodes that were out of service at a time: %v, now %d; want one and never two", counts, c.cordoned())
	}
	for _, w := range worlds {
		w.WantStatus("active", "Kubernetes worker running.")
		if kubelet, _ := w.Snapd.Snap("kubelet"); kubelet.Version != "1.29.0" {
			t.Errorf("%s has kubelet %s", w.Unit, kubelet.Version)
		}
	}
	var leases struct {
		Items []struct {
			Spec struct{ HolderIdentity string }
		}
	}
	_, answer := c.request(0, "GET", "/apis/coordination.k8s.io/v1/namespaces/kube-system/leases?labelSelector=app.kubernetes.io/managed-by=kubernetes-worker", "admin", nil)
	if err := json.Unmarshal(answer, &leases); err != nil || len(leases.Items) != 1 || leases.Items[0].Spec.HolderIdentity != "" {
		t.Errorf("the turn: %+v, %v", leases, err)
	}
}

// firstFailureStops lets a release that no machine takes fail on one of two units, and looks at the other. Then something else is
// wanted again.
func firstFailureStops(t *testing.T, first *model.World, worlds []*model.World) {
	t.Helper()
	fault := func(faults snapdtest.Faults) {
		t.Helper()
		for _, w := range worlds {
			if err := w.Snapd.SetFaults(faults); err != nil {
				t.Fatal(err)
			}
		}
	}
	fault(snapdtest.Faults{ChangeError: map[string]string{"kube-proxy": "cannot mount"}})
	first.Config(map[string]string{"channel": "1.29/stable"})
	for _, w := range worlds { // who waited for the other finds out why it stops
		if err := w.Juju.UpdateStatus(w.Unit); err != nil {
			t.Fatal(err)
		}
	}
	first.Settle()
	failed, stopped := 0, 0
	for i, w := range worlds {
		status, err := w.Juju.UnitStatus(w.Unit)
		if err != nil {
			t.Fatal(err)
		}
		switch {
		case strings.HasPrefix(status.Message, "the upgrade to 1.29/stable failed and was reverted: "):
			failed++
		case strings.HasPrefix(status.Message, "the upgrade to 1.29/stable failed on "+worlds[1-i].Unit+": "):
			stopped++
		default:
			t.Errorf("%s is %s: %s", w.Unit, status.Status, status.Message)
		}
		if kubelet, _ := w.Snapd.Snap("kubelet"); kubelet.Version != "1.28.1" {
			t.Errorf("%s has kubelet %s", w.Unit, kubelet.Version)
		}
	}
	if failed != 1 || stopped != 1 {
		t.Errorf("%d units have failed and %d were stopped, want one of each", failed, stopped)
	}
	fault(snapdtest.Faults{})
	first.Config(map[string]string{"channel": model.Channel})
	for _, w := range worlds {
		w.WantStatus("active", "Kubernetes worker running.")
	}
}

// cordoned counts nodes that take no pods.
func (c *cluster) cordoned() int {
	var nodes struct {
		Items []struct{ Spec struct{ Unschedulable bool } }
	}
	_, answer := c.request(0, "GET", "/api/v1/nodes", "admin", nil)
	if json.Unmarshal(answer, &nodes) != nil {
		return 0
	}
	n := 0
	for _, node := range nodes.Items {
		if node.Spec.Unschedulable {
			n++
		}
	}
	return n
}
