package api

import (
	"context"
	"encoding/json"
	"net/http"
	"reflect"
	"strings"
	"testing"
	"time"

	"kubernetes-worker/internal/kube"
)

// moveToApply merges as for an old server, lets the cluster be upgraded, and applies. The patch is what else happens to
// the objects at the upgrade.
func moveToApply(t *testing.T, c *cluster, patch string) {
	old := c.as(t, "admin").Objects(owner)
	old.Merge = true
	for _, o := range wanted(t) {
		apply(t, old, o, true)
	}
	c.edit(t, configMap, `{"metadata":{"labels":{"users":"label"}},"data":{"mine":"yes"}}`)
	c.edit(t, daemonSet, `{"spec":{"template":{"spec":{"containers":[{"name":"sidecar","image":"mine"}]}}}}`)
	if patch != "" {
		c.edit(t, configMap, patch)
		c.edit(t, daemonSet, patch)
	}
	objects := c.as(t, "admin").Objects(owner)
	settings, set := named(t, "ConfigMap"), named(t, "DaemonSet")
	settings["data"] = map[string]any{"other": "1"} // dropped just now
	spec, _ := at(set, "spec", "template", "spec").(map[string]any)
	delete(spec, "nodeSelector")
	for _, o := range []kube.Object{settings, set} {
		apply(t, objects, o, true)
		apply(t, objects, o, false)
	}
	if got := at(c.object(t, configMap), "data"); !reflect.DeepEqual(got, map[string]any{"mine": "yes", "other": "1"}) {
		t.Errorf("data %v", got)
	}
	settings["data"] = map[string]any{"third": "1"} // dropped after the move
	delete(spec, "terminationGracePeriodSeconds")
	for _, o := range []kube.Object{settings, set} {
		apply(t, objects, o, true)
		apply(t, objects, o, false)
	}
	live := c.object(t, configMap)
	if got := at(live, "data"); !reflect.DeepEqual(got, map[string]any{"mine": "yes", "third": "1"}) || live.Labels()["users"] != "label" {
		t.Errorf("data %v", got)
	}
	if live.Annotations()["kubernetes-worker/fields"] != "" {
		t.Error("the charm's own account is still there")
	}
	live = c.object(t, daemonSet)
	if at(live, "spec", "template", "spec", "nodeSelector") != nil || at(live, "spec", "template", "spec", "terminationGracePeriodSeconds") == float64(60) {
		t.Errorf("still there: %v", at(live, "spec", "template", "spec"))
	}
	if containers, _ := at(live, "spec", "template", "spec", "containers").([]any); len(containers) != 2 {
		t.Errorf("containers %v", containers)
	}
	// All others move without a change of what they say.
	for _, o := range wanted(t) {
		if o.Name() == "nginx-configuration" || o.Kind() == "DaemonSet" {
			continue
		}
		apply(t, objects, o, true)
		apply(t, objects, o, false)
	}
	// And back, as with a server on which applying was turned off.
	apply(t, old, settings, true)
	apply(t, old, settings, false)
	c.wipe(t, objects)
}

func (c *cluster) wipe(t *testing.T, objects *kube.Objects) {
	t.Helper()
	var kinds []string
	for _, o := range wanted(t) {
		kinds = append(kinds, o.Kind())
	}
	if _, err := objects.DeleteAll(context.Background(), kinds[1:]); err != nil {
		t.Error(err)
	}
	c.deleteNamespace(t)
}

// takeOver applies to objects that kubectl applied for an earlier charm.
func takeOver(t *testing.T, c *cluster) {
	ctx := context.Background()
	objects := c.as(t, "admin").Objects(owner)
	apply(t, objects, wanted(t)[0], true)
	before := named(t, "ConfigMap")
	before["data"] = map[string]any{"old": "1", "proxy-body-size": "8m"}
	text, err := json.Marshal(before)
	if err != nil {
		t.Fatal(err)
	}
	before["metadata"].(map[string]any)["annotations"] = map[string]any{"kubectl.kubernetes.io/last-applied-configuration": string(text)}
	if code := c.ask(0, "POST", "/api/v1"+inNamespace+"/configmaps?fieldManager=kubectl-client-side-apply", "admin", before); code != http.StatusCreated {
		t.Fatalf("POST answers %d", code)
	}
	c.edit(t, configMap, `{"data":{"mine":"yes"}}`)
	if _, err := objects.Apply(ctx, named(t, "ConfigMap")); kube.KindOf(err) != kube.Foreign ||
		err.Error() != "cannot apply ConfigMap ingress-nginx-a/nginx-configuration: it is there already and was not made by kubernetes-worker" {
		t.Errorf("%v", err)
	}
	objects.Adopt = func(live kube.Object) bool { return live.Name() == "nginx-configuration" }
	apply(t, objects, named(t, "ConfigMap"), true)
	objects.Adopt = nil
	apply(t, objects, named(t, "ConfigMap"), false)
	live := c.object(t, configMap)
	if got := at(live, "data"); !reflect.DeepEqual(got, map[string]any{"mine": "yes", "proxy-body-size": "1024m"}) || !owner.Owns(live) {
		t.Errorf("%v", live)
	}
	if live.Annotations()["kubectl.kubernetes.io/last-applied-configuration"] != "" {
		t.Error("kubectl's account is still there")
	}
	c.wipe(t, objects)
}

func mayNot(t *testing.T, c *cluster) {
	ctx := context.Background()
	admin, proxy := c.as(t, "admin").Objects(owner), c.as(t, "system:kube-proxy").Objects(owner)
	apply(t, admin, wanted(t)[0], true)
	for name, test := range map[string]struct {
		objects *kube.Objects
		object  kube.Object
		kind    kube.Kind
		text    string
	}{
		"user without rights": {proxy, named(t, "DaemonSet"), kube.Forbidden, `User "system:kube-proxy" cannot get resource "daemonsets"`},
		"no such namespace": {admin, kube.Object{"apiVersion": "v1", "kind": "ConfigMap", "metadata": map[string]any{"name": "a", "namespace": "nowhere"}},
			kube.NotFound, `namespaces "nowhere" not found`},
		"invalid object": {admin, kube.Object{"apiVersion": "v1", "kind": "Service", "metadata": map[string]any{"name": "a", "namespace": "ingress-nginx-a"},
			"spec": map[string]any{"ports": []any{map[string]any{"port": 70000}}}}, kube.Invalid, "spec.ports[0].port"},
		"invalid secret": {admin, kube.Object{"apiVersion": "v1", "kind": "Secret", "metadata": map[string]any{"name": "a", "namespace": "ingress-nginx-a"},
			"stringData": map[string]any{"bad key hunter2": "hunter2"}, "type": "kubernetes.io/tls"}, kube.Invalid, "cannot apply Secret ingress-nginx-a/a: Invalid: data"},
		"unknown token": {c.as(t, "nobody").Objects(owner), named(t, "ConfigMap"), kube.Unauthorized, "does not accept the token"},
	} {
		_, err := test.objects.Apply(ctx, test.object)
		if kube.KindOf(err) != test.kind || !strings.Contains(err.Error(), test.text) {
			t.Errorf("%s: %v", name, err)
		}
		if err != nil && strings.Contains(strings.ReplaceAll(err.Error(), "data[bad key hunter2]", ""), "hunter2") {
			t.Errorf("%s: the secret shows: %v", name, err)
		}
	}
	c.wipe(t, admin)
}

func oneHolder(t *testing.T, c *cluster) {
	ctx := context.Background()
	lease := func(unit string) kube.Lease {
		return kube.Lease{Namespace: "kube-system", Name: "kubernetes-worker-upgrade", Holder: unit, Duration: time.Hour}
	}
	a, b := c.as(t, "admin"), c.as(t, "admin")
	type result struct {
		held kube.Held
		err  error
	}
	results := make(chan result)
	for i, client := range []*kube.Client{a, b, c.as(t, "admin"), c.as(t, "admin")} {
		go func() {
			held, err := client.Acquire(ctx, lease("unit-"+string(rune('a'+i))))
			results <- result{held, err}
		}()
	}
	holders, mine := map[string]bool{}, 0
	for range 4 {
		r := <-results
		if r.err != nil {
			t.Fatal(r.err)
		}
		holders[r.held.By] = true
		if r.held.Mine {
			mine++
		}
	}
	if mine != 1 || len(holders) != 1 {
		t.Fatalf("%d hold it: %v", mine, holders)
	}
	var holder string
	for holder = range holders {
	}
	again, err := a.Acquire(ctx, lease(holder))
	if err != nil || !again.Mine || time.Until(again.Until) < 59*time.Minute {
		t.Errorf("%+v, %v", again, err)
	}
	if err := b.Release(ctx, lease("unit-z")); err != nil {
		t.Error(err)
	}
	if held, err := b.Acquire(ctx, lease("unit-z")); err != nil || held.Mine || held.By != holder {
		t.Errorf("somebody else's release counted: %+v, %v", held, err)
	}
	if err := a.Release(ctx, lease(holder)); err != nil {
		t.Error(err)
	}
	if held, err := b.Acquire(ctx, lease("unit-z")); err != nil || !held.Mine {
		t.Errorf("%+v, %v", held, err)
	}
}
