package api

import (
	"bytes"
	"context"
	"encoding/json"
	"net/http"
	"slices"
	"strings"
	"testing"

	"kubernetes-worker/internal/ingress"
	"kubernetes-worker/internal/jujusim"
	"kubernetes-worker/internal/kube"
	"kubernetes-worker/internal/nfs"
	"kubernetes-worker/internal/relation/mount"
	"kubernetes-worker/test/model"
)

// asked is something that a program asks of the API server.
type asked struct{ verbs, group, resource, namespace, name string }

// controllerAsks is what the ingress controller of 1.4 and later asks for: the informers of its store, the objects that it
// names, its status and its events, and the election of a leader.
func controllerAsks(namespace string) []asked {
	return []asked{
		{"get list watch", "networking.k8s.io", "ingresses", "", ""},
		{"get list watch", "networking.k8s.io", "ingressclasses", "", ""},
		{"update", "networking.k8s.io", "ingresses/status", "any", "x"},
		{"list watch", "discovery.k8s.io", "endpointslices", "", ""},
		{"get list watch", "", "services", "", ""},
		{"list watch", "", "secrets", "", ""},
		{"list watch", "", "configmaps", "", ""},
		{"list watch", "", "namespaces", "", ""},
		{"list watch", "", "endpoints", "", ""},
		{"get", "", "nodes", "", "worker-0"},
		{"list watch", "", "pods", "", ""},
		{"get list watch", "", "pods", namespace, ""},
		{"get", "", "configmaps", namespace, "nginx-configuration-a"},
		{"get", "", "secrets", namespace, "x"},
		{"get", "", "namespaces", namespace, namespace},
		{"create patch", "", "events", "any", ""},
		{"create", "coordination.k8s.io", "leases", namespace, ""},
		{"get update", "coordination.k8s.io", "leases", namespace, "ingress-controller-leader"},
		{"list watch", "coordination.k8s.io", "leases", "", ""},
	}
}

// provisionerAsks is what the NFS provisioner asks for.
func provisionerAsks() []asked {
	return []asked{
		{"list watch get create delete", "", "persistentvolumes", "", ""},
		{"list watch get update", "", "persistentvolumeclaims", "any", ""},
		{"list watch get", "storage.k8s.io", "storageclasses", "", ""},
		{"get list watch", "", "nodes", "", ""},
		{"create update patch", "", "events", "any", ""},
		{"get create update", "coordination.k8s.io", "leases", "default", ""},
		{"get list watch create update patch", "", "endpoints", "default", ""},
	}
}

// may asks the API server what a service account is allowed to do.
func (c *cluster) may(t *testing.T, account, verb string, a asked) bool {
	t.Helper()
	resource, sub, _ := strings.Cut(a.resource, "/")
	code, body := c.request(0, "POST", "/apis/authorization.k8s.io/v1/subjectaccessreviews", "admin", map[string]any{
		"apiVersion": "authorization.k8s.io/v1", "kind": "SubjectAccessReview",
		"spec": map[string]any{"user": account, "groups": []string{"system:serviceaccounts", "system:authenticated"}, "resourceAttributes": map[string]any{
			"verb": verb, "group": a.group, "resource": resource, "subresource": sub, "namespace": a.namespace, "name": a.name}},
	})
	var review struct{ Status struct{ Allowed bool } }
	if err := json.Unmarshal(body, &review); err != nil || code != http.StatusCreated {
		t.Fatalf("review answers %d %s", code, body)
	}
	return review.Status.Allowed
}

// impersonated sends a request as a service account.
func (c *cluster) impersonated(t *testing.T, account, method, path, body string) int {
	t.Helper()
	request, err := http.NewRequest(method, "https://"+c.Servers[0]+path, bytes.NewReader([]byte(body)))
	if err != nil {
		t.Fatal(err)
	}
	request.Header.Set("Authorization", "Bearer token-of-admin")
	request.Header.Set("Impersonate-User", account)
	request.Header.Set("Content-Type", "application/json")
	response, err := c.client.Do(request)
	if err != nil {
		t.Fatal(err)
	}
	response.Body.Close()
	return response.StatusCode
}

// acceptedOnce applies objects twice.
func (c *cluster) acceptedOnce(t *testing.T, objects *kube.Objects, all []kube.Object) {
	t.Helper()
	for _, changed := range []bool{true, false} {
		for _, o := range all {
			apply(t, objects, o, changed)
		}
	}
}

func TestTheIngressControllersObjectsOnARealAPIServer(t *testing.T) {
	c := start(t, 1)
	ctx := context.Background()
	client := c.as(t, "admin")
	version, err := client.Version(ctx)
	if err != nil {
		t.Fatal(err)
	}
	config := ingress.Config{App: "a", Cluster: version, Arch: "amd64", BackendImage: "registry.test/backend:1"}
	for _, merge := range []bool{false, true} {
		objects := client.Objects(ingress.Owner("a"))
		objects.Merge = merge
		c.acceptedOnce(t, objects, config.Objects())
		if !merge {
			c.controllerMay(t, "ingress-nginx-a", "system:serviceaccount:ingress-nginx-a:nginx-ingress-serviceaccount-a")
		}
		// Another application has its own beside them, but for the class.
		second := config
		second.App = "b"
		other := client.Objects(ingress.Owner("b"))
		other.Merge = merge
		for _, o := range second.Objects() {
			if _, err := other.Apply(ctx, o); err != nil && !(kube.KindOf(err) == kube.Foreign && slices.Contains(ingress.Shared(), o.Ref())) {
				t.Error(err)
			}
		}
		if _, err := objects.DeleteAll(ctx, ingress.Kinds()); err != nil {
			t.Error(err)
		}
		if c.object(t, "/apis/apps/v1/namespaces/ingress-nginx-b/daemonsets/nginx-ingress-controller-b") == nil {
			t.Error("another application's went, too")
		}
		if _, err := other.DeleteAll(ctx, ingress.Kinds()); err != nil {
			t.Error(err)
		}
		for _, kind := range ingress.Kinds() {
			if left, err := objects.List(ctx, kind); err != nil || len(left) > 0 {
				t.Errorf("left are %v, %v", left, err)
			}
		}
		for _, name := range []string{"a", "b"} { // the other way to write them begins anew
			c.edit(t, "/api/v1/namespaces/ingress-nginx-"+name, `{"metadata":{"labels":null,"annotations":null}}`)
			c.end(t, "ingress-nginx-"+name)
		}
	}
}

// end removes a namespace as its controller would.
func (c *cluster) end(t *testing.T, namespace string) {
	t.Helper()
	path := "/api/v1/namespaces/" + namespace
	c.ask(0, "DELETE", path, "admin", nil)
	if o := c.object(t, path); o != nil {
		o["spec"] = map[string]any{"finalizers": []any{}}
		if code := c.ask(0, "PUT", path+"/finalize", "admin", o); code != http.StatusOK {
			t.Fatalf("finalize answers %d", code)
		}
	}
}

// granted proves each thing that is asked, and that some others are refused.
func (c *cluster) granted(t *testing.T, account string, all, refused []asked) {
	t.Helper()
	for _, a := range all {
		for verb := range strings.FieldsSeq(a.verbs) {
			if !c.may(t, account, verb, a) {
				t.Errorf("%s may not %s %s of %q in %q", account, verb, a.resource, a.group, a.namespace)
			}
		}
	}
	for _, a := range refused {
		for verb := range strings.FieldsSeq(a.verbs) {
			if c.may(t, account, verb, a) {
				t.Errorf("%s may %s %s in %q", account, verb, a.resource, a.namespace)
			}
		}
	}
}

func (c *cluster) controllerMay(t *testing.T, namespace, account string) {
	t.Helper()
	c.granted(t, account, controllerAsks(namespace), []asked{
		{"create update patch delete", "", "secrets", namespace, "x"}, {"get", "", "secrets", "kube-system", "x"},
		{"create delete", "", "pods", namespace, "x"}, {"update patch", "", "nodes", "", "worker-0"},
		{"update delete", "networking.k8s.io", "ingresses", "any", "x"}, {"update", "coordination.k8s.io", "leases", namespace, "another"},
		{"create", "coordination.k8s.io", "leases", "kube-system", ""}, {"create", "rbac.authorization.k8s.io", "clusterroles", "", ""},
	})
	// The same with requests, not only with words.
	leases := "/apis/coordination.k8s.io/v1/namespaces/" + namespace + "/leases"
	for _, r := range []struct {
		method, path, body string
		want               int
	}{
		{"GET", "/apis/networking.k8s.io/v1/ingresses", "", 200},
		{"GET", "/apis/networking.k8s.io/v1/ingressclasses/nginx-ingress-controller", "", 200},
		{"GET", "/apis/discovery.k8s.io/v1/endpointslices", "", 200},
		{"GET", "/api/v1/secrets", "", 200},
		{"GET", "/api/v1/namespaces/" + namespace + "/configmaps/tcp-services-a", "", 200},
		{"POST", leases, `{"apiVersion":"coordination.k8s.io/v1","kind":"Lease","metadata":{"name":"ingress-controller-leader"}}`, 201},
		{"GET", leases + "/ingress-controller-leader", "", 200},
		{"DELETE", leases + "/ingress-controller-leader", "", 403},
		{"GET", "/api/v1/namespaces/kube-system/configmaps/x", "", 403},
	} {
		if code := c.impersonated(t, account, r.method, r.path, r.body); code != r.want {
			t.Errorf("%s %s as %s answers %d, want %d", r.method, r.path, account, code, r.want)
		}
	}
}

func TestTheNFSProvisionersObjectsOnARealAPIServer(t *testing.T) {
	c := start(t, 1)
	ctx := context.Background()
	client := c.as(t, "admin")
	version, err := client.Version(ctx)
	if err != nil {
		t.Fatal(err)
	}
	config := nfs.Config{Cluster: version, Mount: mount.Facts{Host: "nfs.test", Mountpoint: "/srv/a"}}
	objects := client.Objects(nfs.Owner("a"))
	c.acceptedOnce(t, objects, config.Objects())
	c.granted(t, "system:serviceaccount:default:nfs-client-provisioner", provisionerAsks(),
		[]asked{{"get list", "", "secrets", "default", "x"}, {"create delete", "", "pods", "default", "x"}})
	const deployment = "/apis/apps/v1/namespaces/default/deployments/nfs-client-provisioner"
	config.Mount.Host = "2001:db8::1"
	for _, o := range config.Objects() {
		apply(t, objects, o, o.Kind() == "Deployment")
	}
	if got := at(c.object(t, deployment), "spec", "template", "spec", "volumes", 0, "nfs", "server"); got != "2001:db8::1" {
		t.Errorf("server %v", got)
	}
	if removed, err := objects.DeleteAll(ctx, nfs.Kinds()); err != nil || len(removed) != len(config.Objects()) {
		t.Errorf("removed %v, %v", removed, err)
	}

	// The earlier charm's class and provisioner are taken over; a field that cannot change has the object made anew.
	const class = "/apis/storage.k8s.io/v1/storageclasses"
	for path, text := range map[string]string{
		class: `{"apiVersion":"storage.k8s.io/v1","kind":"StorageClass","metadata":{"name":"default","annotations":{"kubectl.kubernetes.io/last-applied-configuration":"{}"}},
"provisioner":"fuseim.pri/ifs","parameters":{"archiveOnDelete":"true"}}`,
		strings.TrimSuffix(deployment, "/nfs-client-provisioner"): `{"apiVersion":"apps/v1","kind":"Deployment","metadata":{"name":"nfs-client-provisioner","labels":{"app":"nfs-client-provisioner"},
"annotations":{"kubectl.kubernetes.io/last-applied-configuration":"{}"}},"spec":{"selector":{"matchLabels":{"old":"1"}},
"template":{"metadata":{"labels":{"old":"1"}},"spec":{"containers":[{"name":"x","image":"x"}]}}}}`,
	} {
		if code, body := c.request(0, "POST", path, "admin", json.RawMessage(text)); code != http.StatusCreated {
			t.Fatalf("POST %s answers %d %s", path, code, body)
		}
	}
	for _, merge := range []bool{false, true} {
		objects.Adopt, objects.Merge = nfs.Adopt, merge
		for _, o := range config.Objects() {
			if _, err := objects.Apply(ctx, o); err != nil {
				t.Error(err)
			}
			apply(t, objects, o, false)
		}
	}
	if at(c.object(t, class+"/default"), "parameters") != nil || at(c.object(t, deployment), "spec", "selector", "matchLabels", "old") != nil {
		t.Error("what the earlier charm wanted is still there")
	}
}

func TestAWorkerKeepsItsObjectsOnARealAPIServer(t *testing.T) {
	c := start(t, 1)
	w := c.joined(t, "worker-0", model.Options{Config: map[string]string{"ingress": "true"}})
	const (
		space = "/namespaces/ingress-nginx-kubernetes-worker"
		set   = "/apis/apps/v1" + space + "/daemonsets/nginx-ingress-controller-kubernetes-worker"
		own   = "/api/v1" + space + "/secrets"
	)
	if c.object(t, set) == nil {
		t.Fatal("there is no controller")
	}
	if code := c.ask(0, "POST", own, "admin", map[string]any{"apiVersion": "v1", "kind": "Secret", "metadata": map[string]any{"name": "users-own"}}); code != http.StatusCreated {
		t.Fatalf("POST answers %d", code)
	}
	must := func(err error) {
		t.Helper()
		if err != nil {
			t.Fatal(err)
		}
	}
	must(w.Juju.Deploy(jujusim.DeploySpec{Charm: "companion:nfs"}))
	_, err := w.Juju.Integrate("kubernetes-worker:nfs", "nfs:nfs")
	must(err)
	w.Settle()
	w.WantStatus("active", "Kubernetes worker running.")
	const provisioner = "/apis/apps/v1/namespaces/default/deployments/nfs-client-provisioner"
	if c.object(t, provisioner) == nil {
		t.Error("there is no provisioner")
	}
	must(w.Juju.RemoveRelation("kubernetes-worker:nfs", "nfs:nfs"))
	w.Config(map[string]string{"ingress": "false"})
	w.WantStatus("active", "Kubernetes worker running.")
	if c.object(t, set) != nil || c.object(t, provisioner) != nil {
		t.Error("the controller or the provisioner is still there")
	}
	if c.object(t, own+"/users-own") == nil {
		t.Error("a user's secret went")
	}
	w.Config(map[string]string{"ingress": "true"})
	w.WantStatus("active", "Kubernetes worker running.")
	if c.object(t, set) == nil {
		t.Error("the controller did not come back")
	}
}
