package api

import (
	"strings"
	"testing"

	"kubernetes-worker/test/model"
)

// joined gives a world that has joined the cluster.
func (c *cluster) joined(t *testing.T, node string, o model.Options) *model.World {
	t.Helper()
	o.Node, o.Real = node, &c.Real
	w := model.New(t, o)
	c.kubelet(t, w)
	w.DeployWorker()
	w.DeployCompanions()
	w.Relate()
	w.Settle()
	w.WantStatus("active", "Kubernetes worker running.")
	return w
}

func TestAWorkerOnARealAPIServer(t *testing.T) {
	c := start(t, 1)
	t.Run("joins with the tokens and certificates it was given, and labels its node", func(t *testing.T) {
		w := c.joined(t, "worker-0", model.Options{Config: map[string]string{"labels": "zone=a example.test/rack=r1"}})
		labels := c.labels(t, 0, w.Node)
		for key, want := range map[string]string{"juju-application": "kubernetes-worker", "zone": "a", "example.test/rack": "r1"} {
			if labels[key] != want {
				t.Errorf("label %s is %q, want %q; all: %v", key, labels[key], want, labels)
			}
		}
		w.Config(map[string]string{"labels": "example.test/rack=r2"})
		labels = c.labels(t, 0, w.Node)
		if _, still := labels["zone"]; still || labels["example.test/rack"] != "r2" || labels["kubernetes.io/hostname"] != w.Node {
			t.Errorf("labels after the change: %v", labels)
		}
	})
	t.Run("comes back when its node was deleted", func(t *testing.T) {
		w := c.joined(t, "worker-1", model.Options{})
		before := w.Restarts(model.Kubelet)
		if status := c.ask(0, "DELETE", "/api/v1/nodes/"+w.Node, "admin", nil); status != 200 {
			t.Fatalf("DELETE answers %d", status)
		}
		w.UpdateStatus()
		w.WantStatus("active", "Kubernetes worker running.")
		if n := w.Restarts(model.Kubelet) - before; n != 1 {
			t.Errorf("kubelet was restarted %d times, want 1", n)
		}
		if labels := c.labels(t, 0, w.Node); labels["juju-application"] != "kubernetes-worker" {
			t.Errorf("labels %v", labels)
		}
	})
	t.Run("leaves the cluster when the unit goes", func(t *testing.T) {
		w := c.joined(t, "worker-2", model.Options{})
		if err := w.Juju.RemoveUnit(model.Unit); err != nil {
			t.Fatal(err)
		}
		w.Settle()
		if labels := c.labels(t, 0, w.Node); labels != nil {
			t.Errorf("the node is still there: %v", labels)
		}
		if w.Exists("root/cdk/kubeconfig") || w.Exists("root/.kube/config") {
			t.Error("credentials were left behind")
		}
	})
	t.Run("says so when its token is refused, and recovers", func(t *testing.T) {
		w := c.joined(t, "worker-3", model.Options{})
		// The companion makes a token for a user whom the API server does not know.
		w.Companion("kubernetes-master", map[string]string{"admin-user": "nobody"})
		w.WantStatus("waiting", "Waiting for credentials that the API server accepts: cannot get node worker-3: https://"+c.Servers[0]+" does not accept the token")
		w.Companion("kubernetes-master", map[string]string{"admin-user": "admin"})
		w.WantStatus("active", "Kubernetes worker running.")
	})
}

func TestAWorkerWithTwoAPIServers(t *testing.T) {
	c := start(t, 2)
	w := c.joined(t, "worker-4", model.Options{})
	before := [2]int{w.Restarts(model.Kubelet), w.Restarts(model.Proxy)}
	kubeconfig := w.Read("root/cdk/kubeconfig")
	own := 0
	if strings.Contains(kubeconfig, c.Servers[1]) {
		own = 1
	}
	stop(c.servers[own])
	w.Config(map[string]string{"labels": "seen=yes"})
	w.WantStatus("active", "Kubernetes worker running.")
	if labels := c.labels(t, 1-own, w.Node); labels["seen"] != "yes" {
		t.Errorf("the other server has labels %v", labels)
	}
	if w.Read("root/cdk/kubeconfig") != kubeconfig {
		t.Error("a server that is down for a moment moved the node to another")
	}
	if after := [2]int{w.Restarts(model.Kubelet), w.Restarts(model.Proxy)}; after != before {
		t.Errorf("restarts went from %v to %v", before, after)
	}
}
