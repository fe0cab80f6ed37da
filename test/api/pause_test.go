package api

import (
	"context"
	"fmt"
	"net/http"
	"strings"
	"testing"
	"time"

	"kubernetes-worker/internal/jujusim"
	"kubernetes-worker/test/model"
)

// leaving plays the kubelet of the drained node until the test ends: pods that were let go are gone a moment later.
func (c *cluster) leaving(t *testing.T) {
	t.Helper()
	ctx, cancel := context.WithCancel(context.Background())
	done := make(chan struct{})
	t.Cleanup(func() { cancel(); <-done })
	go func() {
		defer close(done)
		tick := time.NewTicker(200 * time.Millisecond)
		defer tick.Stop()
		kubelet := c.node(t)
		for {
			select {
			case <-ctx.Done():
				return
			case <-tick.C:
				<-kubelet.After(0)
			}
		}
	}()
}

func TestPausingAWorkerOnARealAPIServer(t *testing.T) {
	c := start(t, 1)
	w := c.joined(t, drained, model.Options{})
	c.leaving(t)
	act := func(name string, params map[string]any) jujusim.ActionResult {
		t.Helper()
		ctx, cancel := context.WithTimeout(context.Background(), time.Minute)
		defer cancel()
		result, err := w.Juju.RunAction(ctx, model.Unit, name, params)
		if err != nil {
			t.Fatal(err)
		}
		w.Settle()
		return result
	}
	c.namespace(t, "busy")
	for i := range 3 {
		c.pod(t, "busy", fmt.Sprintf("web-%d", i), "ReplicaSet", nil)
	}
	c.pod(t, "busy", "agent", "DaemonSet", nil)
	c.budget(t, "busy", "guard", 0)

	result := act("pause", map[string]any{"timeout": 2})
	if result.Status != "failed" || !strings.Contains(result.Message, "busy/web-0 is held by budget guard (1 of 1 needed pods are healthy, 0 may go)") ||
		!strings.HasSuffix(result.Message, "; the node takes pods again, the unit is not paused") {
		t.Errorf("pause: %+v", result)
	}
	c.wantCordon(t, false, "")
	w.WantStatus("active", "Kubernetes worker running.")

	c.allow(t, "busy", "guard", 3)
	result = act("pause", map[string]any{"timeout": 30, "grace-period": 1})
	evicted, _ := result.Results["evicted"].(map[string]any)
	if result.Status != "completed" || evicted["pods"] != "busy/web-0, busy/web-1, busy/web-2" {
		t.Errorf("pause: %+v", result)
	}
	c.wantCordon(t, true, "pause")
	w.WantStatus("waiting", "Kubernetes unit paused")

	// A deleted node that registers anew is cordoned again.
	if status := c.ask(0, "DELETE", "/api/v1/nodes/"+w.Node, "admin", nil); status != http.StatusOK {
		t.Fatalf("DELETE answers %d", status)
	}
	w.UpdateStatus()
	c.wantCordon(t, true, "pause")
	w.WantStatus("waiting", "Kubernetes unit paused")

	if result = act("resume", nil); result.Status != "completed" {
		t.Errorf("resume: %+v", result)
	}
	c.wantCordon(t, false, "")
	w.WantStatus("active", "Kubernetes worker running.")
	c.purge(t, "busy")
}
