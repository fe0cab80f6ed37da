package api

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"os"
	"strings"
	"testing"
	"time"

	"kubernetes-worker/internal/drain"
	"kubernetes-worker/internal/kube"
	"kubernetes-worker/internal/secret"
)

// drained is the node whose pods go away.
const drained = "worker-7"

func TestDrainingANodeOnARealAPIServer(t *testing.T) {
	c := start(t, 1)
	admin := c.as(t, "admin")
	ctx, cancel := context.WithTimeout(context.Background(), time.Minute)
	defer cancel()
	c.create(t, "/api/v1/nodes", map[string]any{"kind": "Node", "apiVersion": "v1", "metadata": map[string]any{"name": drained}})

	t.Run("nodes are found by their application, and deleted as they were read", func(t *testing.T) { c.nodesOfUnits(t, admin) })

	t.Run("a cordon of ours is marked and taken back", func(t *testing.T) {
		for _, want := range []drain.Outcome{drain.Changed, drain.Unchanged} {
			if got, err := drain.Cordon(ctx, admin, drained, "upgrade"); err != nil || got != want {
				t.Fatalf("%v %v, want %v", got, err, want)
			}
		}
		if got, err := drain.Uncordon(ctx, admin, drained, "pause"); err != nil || got != drain.Foreign {
			t.Errorf("another reason: %v %v", got, err)
		}
		c.wantCordon(t, true, "upgrade")
		if got, err := drain.Uncordon(ctx, admin, drained, "upgrade"); err != nil || got != drain.Changed {
			t.Errorf("%v %v", got, err)
		}
		c.wantCordon(t, false, "")
	})

	t.Run("a cordon of somebody else stays", func(t *testing.T) {
		cordon := func(value bool) {
			if status := c.ask(0, "PATCH", "/api/v1/nodes/"+drained, "admin", map[string]any{"spec": map[string]any{"unschedulable": value}}); status != http.StatusOK {
				t.Fatalf("status %d", status)
			}
		}
		cordon(true)
		defer cordon(false)
		for _, do := range []func(context.Context, drain.API, string, string) (drain.Outcome, error){drain.Cordon, drain.Uncordon} {
			if got, err := do(ctx, admin, drained, "upgrade"); err != nil || got != drain.Foreign {
				t.Errorf("%v %v", got, err)
			}
		}
		c.wantCordon(t, true, "")
	})

	t.Run("pods go, one after the other where a budget wants it, and those that stay are named", func(t *testing.T) {
		c.namespace(t, "moves")
		for i := range 3 {
			c.pod(t, "moves", fmt.Sprintf("web-%d", i), "ReplicaSet", nil)
		}
		c.pod(t, "moves", "proxy", "DaemonSet", nil)
		c.budget(t, "moves", "web", 1)
		n := c.node(t)
		n.tick = func() {
			if n.removed > 0 {
				c.allow(t, "moves", "web", 1) // as the disruption controller does when a replacement is healthy
			}
		}
		result, err := drain.Evict(ctx, admin, drained, drain.Options{IgnoreDaemonSets: true, Timeout: time.Minute, Clock: n}, nil)
		if got := fmt.Sprint(result.Evicted, result.Remaining); err != nil || got != "[moves/web-0 moves/web-1 moves/web-2] []" {
			t.Errorf("%s %v", got, err)
		}
		if len(result.Skipped) != 1 || result.Skipped[0].Name != "proxy" {
			t.Errorf("skipped %v", result.Skipped)
		}
		c.purge(t, "moves")
	})

	t.Run("a budget that never allows is named with its figures", func(t *testing.T) {
		c.namespace(t, "held")
		c.pod(t, "held", "web", "ReplicaSet", nil)
		c.budget(t, "held", "guard", 0)
		n := c.node(t)
		result, err := drain.Evict(ctx, admin, drained, drain.Options{Timeout: time.Minute, Clock: n}, nil)
		const want = "cannot drain node worker-7 in 1m0s: 1 of 1 pods remain: held/web is held by budget guard (1 of 1 needed pods are healthy, 0 may go)"
		if err == nil || err.Error() != want || !errors.Is(err, context.DeadlineExceeded) || len(result.Remaining) != 1 {
			t.Errorf("got  %v\nwant %s", err, want)
		}

		// The node itself may evict its pods and not read budgets: the server's own words remain.
		_, err = drain.Evict(ctx, c.as(t, drained), drained, drain.Options{Timeout: time.Minute, Clock: n}, nil)
		if err == nil || !strings.Contains(err.Error(), "The disruption budget guard needs 1 healthy pods and has 1 currently") {
			t.Errorf("as the node: %v", err)
		}

		c.budget(t, "held", "second", 5)
		_, err = drain.Evict(ctx, admin, drained, drain.Options{Timeout: time.Hour, Clock: n}, nil)
		if err == nil || !strings.Contains(err.Error(), "held/web is in more than one budget, so that the API does not evict it: budget guard (") || errors.Is(err, context.DeadlineExceeded) {
			t.Errorf("in two budgets: %v", err)
		}
		c.purge(t, "held")
	})

	t.Run("what the options do not allow is told before anything moves", func(t *testing.T) {
		c.namespace(t, "asks")
		c.pod(t, "asks", "lone", "", []any{map[string]any{"name": "data", "emptyDir": map[string]any{}}})
		c.pod(t, "asks", "web", "ReplicaSet", nil)
		n := c.node(t)
		plan, err := drain.Look(ctx, admin, drained, drain.Options{})
		if got := fmt.Sprint(plan.Move, plan.Held); err != nil || got != "[asks/web] [asks/lone has no controller that would make it again and keeps data in an emptyDir, which would be lost]" {
			t.Errorf("%s %v", got, err)
		}
		var held *drain.HeldError
		if _, err := drain.Evict(ctx, admin, drained, drain.Options{Timeout: time.Minute, Clock: n}, nil); !errors.As(err, &held) || n.removed != 0 {
			t.Errorf("%v, %d removed", err, n.removed)
		}
		all := drain.Options{Force: true, DeleteLocalData: true, GracePeriod: new(time.Second), Timeout: time.Minute, Clock: n}
		if result, err := drain.Evict(ctx, admin, drained, all, nil); err != nil || len(result.Evicted) != 2 {
			t.Errorf("%+v %v", result, err)
		}
	})

	t.Run("a stateful set's pod that comes back under its name is another one", func(t *testing.T) {
		c.namespace(t, "state")
		c.pod(t, "state", "db-0", "StatefulSet", nil)
		n := c.node(t)
		n.tick = func() {
			if n.removed == 1 {
				n.tick = nil
				c.pod(t, "state", "db-0", "StatefulSet", nil)
			}
		}
		result, err := drain.Evict(ctx, admin, drained, drain.Options{Timeout: time.Minute, Clock: n}, nil)
		if err != nil || fmt.Sprint(result.Evicted) != "[state/db-0]" || n.removed != 1 {
			t.Errorf("%+v %v", result, err)
		}
		c.purge(t, "state")
	})

	t.Run("a namespace that ends takes its pods along", func(t *testing.T) {
		c.namespace(t, "ending")
		c.pod(t, "ending", "web", "ReplicaSet", nil)
		if status := c.ask(0, "DELETE", "/api/v1/namespaces/ending", "admin", nil); status != http.StatusOK {
			t.Fatalf("status %d", status)
		}
		n := c.node(t)
		var events []string
		n.tick = func() {
			if len(events) > 0 { // the namespace controller's part
				c.ask(0, "DELETE", "/api/v1/namespaces/ending/pods/web", "admin", nil)
			}
		}
		result, err := drain.Evict(ctx, admin, drained, drain.Options{Timeout: time.Minute, Clock: n}, func(e drain.Event) {
			events = append(events, e.Message)
		})
		if err != nil || len(result.Evicted) != 1 || !strings.Contains(events[0], "because it is being terminated") {
			t.Errorf("%+v %v, events %q", result, err, events)
		}
	})

	t.Run("a node drains itself with its own token", func(t *testing.T) {
		self := c.as(t, drained)
		c.namespace(t, "self")
		c.pod(t, "self", "web", "ReplicaSet", nil)
		if got, err := drain.Cordon(ctx, self, drained, "upgrade"); err != nil || got != drain.Changed {
			t.Errorf("cordon: %v %v", got, err)
		}
		if result, err := drain.Evict(ctx, self, drained, drain.Options{Timeout: time.Minute, Clock: c.node(t)}, nil); err != nil || len(result.Evicted) != 1 {
			t.Errorf("%+v %v", result, err)
		}
		if got, err := drain.Uncordon(ctx, self, drained, "upgrade"); err != nil || got != drain.Changed {
			t.Errorf("uncordon: %v %v", got, err)
		}
	})
}

// as gives the charm's client with a user's token.
func (c *cluster) as(t *testing.T, user string) *kube.Client {
	t.Helper()
	ca, err := os.ReadFile(c.CACert)
	if err != nil {
		t.Fatal(err)
	}
	client, err := kube.New(kube.Config{Servers: []string{"https://" + c.Servers[0]}, CA: ca, Token: secret.New("token-of-" + user)})
	if err != nil {
		t.Fatal(err)
	}
	return client
}

// kubeletClock plays the drained node's kubelet, which has its turn whenever somebody waits: the time that was to be
// waited passes at once.
type kubeletClock struct {
	t       *testing.T
	c       *cluster
	now     time.Time
	removed int
	tick    func()
}

func (c *cluster) node(t *testing.T) *kubeletClock {
	return &kubeletClock{t: t, c: c, now: time.Now()}
}

func (k *kubeletClock) Now() time.Time { return k.now }

func (k *kubeletClock) After(d time.Duration) <-chan time.Time {
	k.now = k.now.Add(d)
	for _, pod := range k.c.podsOf(k.t, "?fieldSelector=spec.nodeName="+drained) {
		if pod.Metadata.DeletionTimestamp == "" {
			continue
		}
		path := "/api/v1/namespaces/" + pod.Metadata.Namespace + "/pods/" + pod.Metadata.Name
		if status := k.c.ask(0, "DELETE", path, drained, map[string]any{"gracePeriodSeconds": 0}); status != http.StatusOK {
			k.t.Errorf("the kubelet cannot remove %s: %d", path, status)
		}
		k.removed++
	}
	if k.tick != nil {
		k.tick()
	}
	fired := make(chan time.Time, 1)
	fired <- k.now
	return fired
}

type podObject struct {
	Metadata struct{ Namespace, Name, DeletionTimestamp string }
}

func (c *cluster) podsOf(t *testing.T, query string) []podObject {
	t.Helper()
	status, body := c.request(0, "GET", "/api/v1/pods"+query, "admin", nil)
	var list struct{ Items []podObject }
	if err := json.Unmarshal(body, &list); err != nil || status != http.StatusOK {
		t.Fatalf("GET pods: %d %s %v", status, body, err)
	}
	return list.Items
}

func (c *cluster) create(t *testing.T, path string, object map[string]any) {
	t.Helper()
	if status, answer := c.request(0, "POST", path, "admin", object); status != http.StatusCreated {
		t.Fatalf("POST %s: %d %s", path, status, answer)
	}
}

func (c *cluster) namespace(t *testing.T, name string) {
	t.Helper()
	c.create(t, "/api/v1/namespaces", map[string]any{"kind": "Namespace", "apiVersion": "v1", "metadata": map[string]any{"name": name}})
	c.create(t, "/api/v1/namespaces/"+name+"/serviceaccounts", map[string]any{"kind": "ServiceAccount", "apiVersion": "v1", "metadata": map[string]any{"name": "default"}})
}

// pod makes a pod that runs on the node and is ready.
func (c *cluster) pod(t *testing.T, namespace, name, controller string, volumes []any) {
	t.Helper()
	meta := map[string]any{"name": name, "labels": map[string]string{"app": "web"}}
	if controller != "" {
		meta["ownerReferences"] = []any{map[string]any{"apiVersion": "apps/v1", "kind": controller, "name": "owner", "uid": "0", "controller": true}}
	}
	c.create(t, "/api/v1/namespaces/"+namespace+"/pods", map[string]any{"kind": "Pod", "apiVersion": "v1", "metadata": meta, "spec": map[string]any{
		"nodeName": drained, "volumes": volumes, "containers": []any{map[string]any{"name": "app", "image": "app"}}}})
	ready := map[string]any{"status": map[string]any{"phase": "Running", "conditions": []any{map[string]any{"type": "Ready", "status": "True"}}}}
	if status, answer := c.request(0, "PATCH", "/api/v1/namespaces/"+namespace+"/pods/"+name+"/status", "admin", ready); status != http.StatusOK {
		t.Fatalf("pod status: %d %s", status, answer)
	}
}

// budget makes a disruption budget for the namespace's pods, and plays the controller that fills in its status.
func (c *cluster) budget(t *testing.T, namespace, name string, allowed int) {
	t.Helper()
	c.create(t, "/apis/policy/v1/namespaces/"+namespace+"/poddisruptionbudgets", map[string]any{
		"kind": "PodDisruptionBudget", "apiVersion": "policy/v1", "metadata": map[string]any{"name": name},
		"spec": map[string]any{"minAvailable": 1, "selector": map[string]any{"matchLabels": map[string]string{"app": "web"}}}})
	c.allow(t, namespace, name, allowed)
}

func (c *cluster) allow(t *testing.T, namespace, name string, allowed int) {
	t.Helper()
	status := map[string]any{"status": map[string]any{
		"observedGeneration": 1, "disruptionsAllowed": allowed, "currentHealthy": 1, "desiredHealthy": 1, "expectedPods": 1}}
	path := "/apis/policy/v1/namespaces/" + namespace + "/poddisruptionbudgets/" + name + "/status"
	if code, answer := c.request(0, "PATCH", path, "admin", status); code != http.StatusOK {
		t.Fatalf("budget status: %d %s", code, answer)
	}
}

// purge removes a namespace's pods, for the next test.
func (c *cluster) purge(t *testing.T, namespace string) {
	t.Helper()
	for _, pod := range c.podsOf(t, "") {
		if pod.Metadata.Namespace == namespace {
			c.ask(0, "DELETE", "/api/v1/namespaces/"+namespace+"/pods/"+pod.Metadata.Name, "admin", map[string]any{"gracePeriodSeconds": 0})
		}
	}
}

func (c *cluster) wantCordon(t *testing.T, cordoned bool, mark string) {
	t.Helper()
	status, body := c.request(0, "GET", "/api/v1/nodes/"+drained, "admin", nil)
	var node struct {
		Metadata struct{ Annotations map[string]string }
		Spec     struct{ Unschedulable bool }
	}
	if err := json.Unmarshal(body, &node); err != nil || status != http.StatusOK {
		t.Fatalf("GET node: %d %s %v", status, body, err)
	}
	if node.Spec.Unschedulable != cordoned || node.Metadata.Annotations[drain.Mark] != mark {
		t.Errorf("cordoned %v with mark %q, want %v with %q", node.Spec.Unschedulable, node.Metadata.Annotations[drain.Mark], cordoned, mark)
	}
}
