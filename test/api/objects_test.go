package api

import (
	"context"
	"encoding/json"
	"net/http"
	"os"
	"reflect"
	"slices"
	"strings"
	"testing"

	"kubernetes-worker/internal/kube"
	"kubernetes-worker/internal/release"
)

var owner = kube.Owner{Application: "kubernetes-worker", Component: "ingress"}

// wanted are objects of each kind that the charm makes.
func wanted(t *testing.T) []kube.Object {
	t.Helper()
	text, err := os.ReadFile("../../internal/kube/testdata/objects.json")
	if err != nil {
		t.Fatal(err)
	}
	var objects []kube.Object
	if err := json.Unmarshal(text, &objects); err != nil {
		t.Fatal(err)
	}
	return objects
}

// edit changes an object as a user does with kubectl edit or patch.
func (c *cluster) edit(t *testing.T, path, patch string) {
	t.Helper()
	request, err := http.NewRequest("PATCH", "https://"+c.Servers[0]+path, strings.NewReader(patch))
	if err != nil {
		t.Fatal(err)
	}
	request.Header.Set("Authorization", "Bearer token-of-admin")
	request.Header.Set("Content-Type", "application/strategic-merge-patch+json")
	request.Header.Set("User-Agent", "kubectl-edit/v1")
	response, err := c.client.Do(request)
	if err != nil {
		t.Fatal(err)
	}
	defer response.Body.Close()
	if response.StatusCode != http.StatusOK {
		t.Fatalf("PATCH %s answers %d", path, response.StatusCode)
	}
}

// object reads an object as the server has it.
func (c *cluster) object(t *testing.T, path string) kube.Object {
	t.Helper()
	code, body := c.request(0, "GET", path, "admin", nil)
	if code == http.StatusNotFound {
		return nil
	}
	var o kube.Object
	if err := json.Unmarshal(body, &o); err != nil || code != http.StatusOK {
		t.Fatalf("GET %s answers %d %s", path, code, body)
	}
	return o
}

// at digs into an object: maps by key, lists by position.
func at(o kube.Object, path ...any) any {
	var value any = map[string]any(o)
	for _, step := range path {
		switch s := step.(type) {
		case string:
			m, _ := value.(map[string]any)
			value = m[s]
		case int:
			l, _ := value.([]any)
			if s >= len(l) {
				return nil
			}
			value = l[s]
		}
	}
	return value
}

// variables are the names in the environment of the first container, sorted.
func variables(o kube.Object) []string {
	list, _ := at(o, "spec", "template", "spec", "containers", 0, "env").([]any)
	var names []string
	for i := range list {
		name, _ := at(kube.Object{"env": list}, "env", i, "name").(string)
		names = append(names, name)
	}
	slices.Sort(names)
	return names
}

func apply(t *testing.T, objects *kube.Objects, o kube.Object, changed bool) kube.Applied {
	t.Helper()
	difference, err := objects.Compare(context.Background(), o)
	if err != nil || (difference == kube.Same) == changed {
		t.Errorf("%s compares as %v, %v", o, difference, err)
	}
	applied, err := objects.Apply(context.Background(), o)
	if err != nil {
		t.Fatal(err)
	}
	if applied.Changed != changed {
		t.Errorf("%s changed: %v, want %v", o, applied.Changed, changed)
	}
	return applied
}

func named(t *testing.T, kind string) kube.Object {
	t.Helper()
	for _, o := range wanted(t) {
		if o.Kind() == kind {
			return o
		}
	}
	t.Fatalf("no %s", kind)
	return nil
}

const (
	inNamespace  = "/namespaces/ingress-nginx-a"
	daemonSet    = "/apis/apps/v1/namespaces/ingress-nginx-a/daemonsets/nginx-ingress-controller"
	configMap    = "/api/v1/namespaces/ingress-nginx-a/configmaps/nginx-configuration"
	clusterRole  = "/apis/rbac.authorization.k8s.io/v1/clusterroles/nginx-a"
	service      = "/api/v1/namespaces/ingress-nginx-a/services/default-http-backend"
	registryAuth = "/api/v1/namespaces/ingress-nginx-a/secrets/registry-access"
)

func TestObjectsOnARealAPIServer(t *testing.T) {
	c := start(t, 1)
	version, err := c.as(t, "admin").Version(context.Background())
	if err != nil {
		t.Fatal(err)
	}
	for _, mode := range []struct {
		name  string
		merge bool
	}{{"the server applies", false}, {"the charm merges", true}} {
		t.Run(mode.name, func(t *testing.T) { objectsAreKept(t, c, mode.merge) })
	}
	if release.Has(version, release.ServerSideApply) {
		t.Run("what was merged is applied once the server can", func(t *testing.T) { moveToApply(t, c, "") })
		t.Run("what was merged before the server kept account is applied once it can", func(t *testing.T) { moveToApply(t, c, `{"metadata":{"managedFields":[{}]}}`) })
	}
	t.Run("the objects of an earlier charm are taken over", func(t *testing.T) { takeOver(t, c) })
	if release.Has(version, release.ServerSideApply) {
		t.Run("and a takeover that was ended is brought to its end", func(t *testing.T) { takeOverEnded(t, c) })
	}
	t.Run("what may not be done is told", func(t *testing.T) { mayNot(t, c) })
	t.Run("a lease has one holder", func(t *testing.T) { oneHolder(t, c) })
	t.Run("the recording of the release is true", func(t *testing.T) { recordingIsTrue(t, c, version) })
}

func objectsAreKept(t *testing.T, c *cluster, merge bool) {
	ctx := context.Background()
	client := c.as(t, "admin")
	objects := client.Objects(owner)
	objects.Merge = merge
	for _, o := range wanted(t) {
		if applied := apply(t, objects, o, true); !applied.Created {
			t.Errorf("%s was there", o)
		}
	}
	for _, o := range wanted(t) {
		apply(t, objects, o, false)
	}
	// Nothing but reads: each object once, and what discovery needs.
	again := c.as(t, "admin")
	second := again.Objects(owner)
	second.Merge = merge
	for _, o := range wanted(t) {
		if applied, err := second.Apply(ctx, o); err != nil || applied.Changed {
			t.Errorf("%s: %v, %v", o, applied.Changed, err)
		}
	}
	if got, most := again.Requests(), len(wanted(t))+3+groups(t, c); got > most {
		t.Errorf("%d requests for %d objects that are as they should be, want at most %d", got, len(wanted(t)), most)
	}

	// Others add fields, which stay, and change the charm's, which are put right.
	c.edit(t, daemonSet, `{"metadata":{"annotations":{"user":"1"}},"spec":{"template":{"spec":{"priorityClassName":"system-node-critical",
"containers":[{"name":"nginx","image":"evil","env":[{"name":"USER_ADDED","value":"x"}]},{"name":"sidecar","image":"mine"}]}}}}`)
	c.edit(t, configMap, `{"data":{"mine":"yes","proxy-body-size":"1m"}}`)
	c.edit(t, clusterRole, `{"rules":[{"apiGroups":["*"],"resources":["*"],"verbs":["*"]}]}`)
	c.edit(t, registryAuth, `{"data":{"password":"eA=="}}`)
	changed := map[string]bool{"DaemonSet ingress-nginx-a/nginx-ingress-controller": true, "ConfigMap ingress-nginx-a/nginx-configuration": true,
		"ClusterRole nginx-a": true, "Secret ingress-nginx-a/registry-access": true}
	for _, o := range wanted(t) {
		apply(t, objects, o, changed[o.Ref().String()])
		apply(t, objects, o, false)
	}
	set := c.object(t, daemonSet)
	pod := []any{"spec", "template", "spec"}
	if got := at(set, append(pod, "containers", 0, "image")...); got != "registry.k8s.io/ingress-nginx/controller:v1.11.5" {
		t.Errorf("image %v", got)
	}
	if at(set, append(pod, "containers", 1, "name")...) != "sidecar" || set.Annotations()["user"] != "1" ||
		at(set, append(pod, "priorityClassName")...) != "system-node-critical" || !slices.Equal(variables(set), []string{"POD_NAME", "POD_NAMESPACE", "USER_ADDED"}) {
		t.Errorf("what users added is gone: %v", at(set, pod...))
	}
	if got := at(c.object(t, configMap), "data"); !reflect.DeepEqual(got, map[string]any{"mine": "yes", "proxy-body-size": "1024m"}) {
		t.Errorf("data %v", got)
	}
	if rules, _ := at(c.object(t, clusterRole), "rules").([]any); len(rules) != 2 {
		t.Errorf("rules %v", rules)
	}
	if got := at(c.object(t, registryAuth), "data", "password"); got != "aHVudGVyMg==" {
		t.Errorf("password %v", got)
	}

	// What the charm does not want any more goes, and nothing else.
	next := named(t, "DaemonSet")
	spec, _ := at(next, pod...).(map[string]any)
	delete(spec, "nodeSelector")
	container, _ := at(next, append(pod, "containers", 0)...).(map[string]any)
	container["env"] = container["env"].([]any)[:1]
	spec["volumes"], container["volumeMounts"] = spec["volumes"].([]any)[:1], container["volumeMounts"].([]any)[:1]
	apply(t, objects, next, true)
	apply(t, objects, next, false)
	set = c.object(t, daemonSet)
	if at(set, append(pod, "nodeSelector")...) != nil || at(set, append(pod, "volumes", 1)...) != nil {
		t.Errorf("still there: %v", at(set, pod...))
	}
	if !slices.Equal(variables(set), []string{"POD_NAME", "USER_ADDED"}) || at(set, append(pod, "containers", 1, "name")...) != "sidecar" {
		t.Errorf("the user's went too: %v", at(set, append(pod, "containers")...))
	}
	settings := named(t, "ConfigMap")
	settings["data"] = map[string]any{"other": "1"}
	apply(t, objects, settings, true)
	if got := at(c.object(t, configMap), "data"); !reflect.DeepEqual(got, map[string]any{"mine": "yes", "other": "1"}) {
		t.Errorf("data %v", got)
	}
	password := named(t, "Secret")
	password["stringData"] = map[string]any{"password": "hunter3"}
	apply(t, objects, password, true)
	apply(t, objects, password, false)

	deleteOurs(ctx, t, c, objects)
}

// deleteOurs removes all that objectsAreKept made, beside objects of others that look alike.
func deleteOurs(ctx context.Context, t *testing.T, c *cluster, objects *kube.Objects) {
	t.Helper()
	mine := named(t, "ConfigMap")
	mine["metadata"] = map[string]any{"name": "users-own"}
	copied := c.object(t, configMap)
	copied["metadata"] = map[string]any{"name": "copy", "labels": copied.Labels(), "annotations": copied.Annotations()}
	for _, o := range []kube.Object{mine, copied} {
		if code := c.ask(0, "POST", "/api/v1"+inNamespace+"/configmaps", "admin", o); code != http.StatusCreated {
			t.Fatalf("POST answers %d", code)
		}
	}
	other := c.as(t, "admin").Objects(kube.Owner{Application: "another-worker", Component: "ingress"})
	foreign := named(t, "ConfigMap")
	foreign["metadata"] = map[string]any{"name": "of-another", "namespace": "ingress-nginx-a"}
	apply(t, other, foreign, true)
	if _, err := other.Apply(ctx, named(t, "ConfigMap")); kube.KindOf(err) != kube.Foreign {
		t.Errorf("another application's object was taken: %v", err)
	}
	if _, err := objects.Delete(ctx, foreign.Ref()); kube.KindOf(err) != kube.Foreign {
		t.Errorf("another application's object was deleted: %v", err)
	}

	var kinds []string
	for _, o := range wanted(t) {
		if !slices.Contains(kinds, o.Kind()) && o.Kind() != "Namespace" {
			kinds = append(kinds, o.Kind())
		}
	}
	keep := kube.Ref{Kind: "ConfigMap", Namespace: "ingress-nginx-a", Name: "empty"}
	removed, err := objects.DeleteAll(ctx, kinds, keep)
	if err != nil || len(removed) != len(wanted(t))-2 {
		t.Errorf("removed %v, %v", removed, err)
	}
	if gone, err := objects.Delete(ctx, keep); err != nil || !gone {
		t.Errorf("%v, %v", gone, err)
	}
	if gone, err := objects.Delete(ctx, keep); err != nil || gone {
		t.Errorf("a second time: %v, %v", gone, err)
	}
	for _, name := range []string{"users-own", "copy", "of-another"} {
		path := "/api/v1" + inNamespace + "/configmaps/" + name
		if c.object(t, path) == nil {
			t.Errorf("%s went too", name)
		}
		c.ask(0, "DELETE", path, "admin", nil)
	}
	// Without its controller a namespace never ends: its marks are taken off, and it stays for the next.
	c.edit(t, "/api/v1"+inNamespace, `{"metadata":{"labels":null,"annotations":null}}`)
	if _, err := objects.Apply(ctx, wanted(t)[0]); kube.KindOf(err) != kube.Foreign {
		t.Errorf("a namespace of others was taken: %v", err)
	}
	c.deleteNamespace(t)
}

// deleteNamespace does at once what a controller would do.
func (c *cluster) deleteNamespace(t *testing.T) {
	t.Helper()
	c.ask(0, "DELETE", "/api/v1"+inNamespace, "admin", nil)
	o := c.object(t, "/api/v1"+inNamespace)
	if o == nil {
		return
	}
	o["spec"] = map[string]any{"finalizers": []any{}}
	if code := c.ask(0, "PUT", "/api/v1"+inNamespace+"/finalize", "admin", o); code != http.StatusOK {
		t.Fatalf("finalize answers %d", code)
	}
}
