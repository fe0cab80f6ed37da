package action_test

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"testing"
	"time"

	"kubernetes-worker/internal/action"
	"kubernetes-worker/internal/addons"
	"kubernetes-worker/internal/kube/kubetest"
	"kubernetes-worker/internal/registry"
	"kubernetes-worker/internal/registry/probe"
	"kubernetes-worker/internal/secret"
)

// Where things are in the API.
const (
	inDefault    = "/api/v1/namespaces/default/"
	accountPath  = inDefault + "serviceaccounts/default"
	registryPath = "/apis/apps/v1/namespaces/default/deployments/kube-registry"
	servicePath  = inDefault + "services/kube-registry"
	ingressPath  = "/apis/networking.k8s.io/v1/namespaces/default/ingresses/registry-ing"
	oldPath      = inDefault + "replicationcontrollers/kube-registry-v0"
	limitPath    = "/api/v1/namespaces/ingress-nginx-w/configmaps/nginx-configuration-w"
	password     = "S3cretPassw0rd"
)

// listener hears what an action tells.
type listener struct{ lines []string }

func (l *listener) Log(_ context.Context, line string)       { l.lines = append(l.lines, line) }
func (l *listener) Status(_ context.Context, message string) {}
func (l *listener) Step(ctx context.Context, _ string, do func(context.Context) error) error {
	return do(ctx)
}

// bed is an API server with a registry to come.
type bed struct {
	*kubetest.Store
	registry action.Registry
	heard    *listener
	asked    []string // where the registry was asked, and by whom
	refuses  error    // what it says
	ready    bool     // pods run
}

func newBed(t *testing.T) *bed {
	t.Helper()
	store, err := kubetest.Load("../kube/testdata/discovery/v1.28.15.json")
	if err != nil {
		t.Fatal(err)
	}
	b := &bed{Store: store, heard: &listener{}, ready: true}
	store.Applies = true
	store.Controllers = func(path string, o kubetest.Object) {
		spec, _ := o["spec"].(map[string]any)
		switch o["kind"] {
		case "Service":
			spec["clusterIP"] = "10.152.183.9"
		case "Deployment":
			if n := spec["replicas"]; b.ready {
				o["status"] = map[string]any{"replicas": n, "updatedReplicas": n, "availableReplicas": n}
			}
		}
	}
	b.registry = action.Registry{
		Addon: action.Addon{Cluster: store.Serve(t), App: "w", Tell: b.heard, Timeout: 100 * time.Millisecond, Every: time.Millisecond},
		Node:  "worker-0", Arch: "amd64", Class: "nginx-ingress-controller",
		CheckLogin: func(_ context.Context, login registry.Login, way probe.Way) error {
			b.asked = append(b.asked, fmt.Sprintf("%s at %s for %s, %s", login.Username, way.Address, login.Server, way.Roots))
			return b.refuses
		},
	}
	b.node("worker-0")
	b.Put(accountPath, `{"kind":"ServiceAccount","apiVersion":"v1","metadata":{"name":"default","namespace":"default"},"imagePullSecrets":[{"name":"mine"}],"secrets":[{"name":"token"}]}`)
	return b
}

func (b *bed) node(name string) {
	b.Put("/api/v1/nodes/"+name, `{"kind":"Node","apiVersion":"v1","metadata":{"name":"`+name+`","labels":{"kubernetes.io/hostname":"host-of-`+name+`","kubernetes.io/arch":"ppc64le"}}}`)
}

func wanted(ingress bool) addons.Parameters {
	return addons.Parameters{Domain: "r.test", Certificate: []byte("PEM"), Key: secret.New("KEY"), User: "demo", Password: secret.New(password), Ingress: ingress}
}

func (b *bed) create(t *testing.T, p addons.Parameters) map[string]string {
	t.Helper()
	results, err := b.registry.CreateRegistry(context.Background(), p)
	if err != nil {
		t.Fatalf("%v\n%s", err, strings.Join(b.heard.lines, "\n"))
	}
	return results
}

// value finds something in an object by its path, as JSON.
func (b *bed) value(t *testing.T, path string, keys ...string) string {
	t.Helper()
	if b.At(path) == "none" {
		return "none"
	}
	var o any
	if err := json.Unmarshal([]byte(b.At(path)), &o); err != nil {
		t.Fatal(err)
	}
	for _, key := range keys {
		m, _ := o.(map[string]any)
		o = m[key]
	}
	text, err := json.Marshal(o)
	if err != nil {
		t.Fatal(err)
	}
	return string(text)
}

func TestARegistryIsMadeOnceAndTakenBackWhole(t *testing.T) {
	t.Parallel()
	b := newBed(t)
	b.Put(limitPath, `{"kind":"ConfigMap","apiVersion":"v1","metadata":{"name":"nginx-configuration-w","namespace":"ingress-nginx-w"}}`)
	before := b.Paths()
	results := b.create(t, wanted(true))
	want := map[string]string{"registry-create": "success", "configmap-patch": "success", "serviceaccount-patch": "success",
		"result": "the registry at r.test lets demo in; its images are in /srv/registry on node worker-0 alone, so that it is away while that node is, and lost with it"}
	if fmt.Sprint(results) != fmt.Sprint(want) {
		t.Errorf("results %v\nwant %v", results, want)
	}
	if got := b.asked; !slices.Equal(got, []string{"demo at 10.152.183.9:5000 for r.test, PEM"}) {
		t.Errorf("asked %q", got)
	}
	for _, c := range []struct {
		path string
		keys []string
		want string
	}{
		{accountPath, []string{"imagePullSecrets"}, `[{"name":"mine"},{"name":"registry-access"}]`},
		{accountPath, []string{"secrets"}, `[{"name":"token"}]`},
		{limitPath, []string{"data"}, `{"proxy-body-size":"1024m"}`},
		{registryPath, []string{"spec", "template", "spec", "nodeSelector"}, `{"kubernetes.io/hostname":"host-of-worker-0"}`},
		{ingressPath, []string{"spec", "ingressClassName"}, `"nginx-ingress-controller"`},
	} {
		if got := b.value(t, c.path, c.keys...); got != c.want {
			t.Errorf("%s %v: %s, want %s", c.path, c.keys, got, c.want)
		}
	}
	if !strings.Contains(b.At(registryPath), `"cdkbot/registry-ppc64el:2.6"`) {
		t.Error("the image is not for the node that it is to run on")
	}

	// Again is nothing new: not even a line for the user.
	b.Written()
	b.create(t, wanted(true))
	if writes := b.Written(); len(writes) > 0 {
		t.Errorf("again: %q", writes)
	}
	// Other values are an update, and another pod.
	pod := b.value(t, registryPath, "spec", "template")
	other := wanted(false)
	other.Password = secret.New("another")
	results = b.create(t, other)
	if b.value(t, registryPath, "spec", "template") == pod || b.At(ingressPath) != "none" || !strings.HasPrefix(results["result"], "the registry at r.test:5000 ") || results["configmap-patch"] != "" {
		t.Errorf("not as wanted now: %v", results)
	}
	b.create(t, wanted(true))

	for again := range 2 {
		results, err := b.registry.DeleteRegistry(context.Background())
		text := "the registry is removed; its images stay in /srv/registry on node worker-0"
		if again == 1 {
			text = "there was no registry; images of an earlier one, if there was one, are in /srv/registry on the node that it ran on"
		}
		if err != nil || results["registry-delete"] != "success" || results["result"] != text {
			t.Errorf("delete: %v, %v", results, err)
		}
		if left := b.Paths(); !slices.Equal(left, before) || b.value(t, accountPath, "imagePullSecrets") != `[{"name":"mine"}]` || b.value(t, limitPath, "data") != `{}` {
			t.Errorf("left are %q, %s, %s", left, b.At(accountPath), b.At(limitPath))
		}
	}
	for _, line := range b.heard.lines {
		if strings.Contains(line, password) || strings.Contains(line, "KEY") {
			t.Errorf("it tells a secret: %s", line)
		}
	}
}

func TestTheRegistryStaysWhereItsImagesAre(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		before func(b *bed)
		want   string
	}{
		"one of this charm": {func(b *bed) { b.registry.Node = "worker-1"; b.create(t, wanted(false)); b.registry.Node = "worker-0" }, "worker-1"},
		"one of the earlier charm": {func(b *bed) {
			b.Put(inDefault+"pods/kube-registry-v0-x", `{"kind":"Pod","metadata":{"name":"kube-registry-v0-x","namespace":"default","labels":{"k8s-app":"kube-registry"}},"spec":{"nodeName":"worker-1"}}`)
		}, "worker-1"},
		"one whose node is gone": {func(b *bed) {
			b.registry.Node = "worker-1"
			b.create(t, wanted(false))
			b.registry.Node = "worker-0"
			delete(b.Objects, "/api/v1/nodes/worker-1")
		}, "worker-0"},
	} {
		b := newBed(t)
		b.node("worker-1")
		c.before(b)
		b.create(t, wanted(false))
		if got := b.value(t, registryPath, "spec", "template", "spec", "nodeSelector", "kubernetes.io/hostname"); got != `"host-of-`+c.want+`"` {
			t.Errorf("%s: it is on %s", name, got)
		}
	}
}

func TestTheEarlierCharmsRegistryIsTakenOver(t *testing.T) {
	t.Parallel()
	b := newBed(t)
	b.Put(oldPath, `{"kind":"ReplicationController","apiVersion":"v1","metadata":{"name":"kube-registry-v0","namespace":"default"},"spec":{"selector":{"k8s-app":"kube-registry","version":"v0"}}}`)
	b.Put(servicePath, `{"kind":"Service","apiVersion":"v1","metadata":{"name":"kube-registry","namespace":"default","labels":{"kubernetes.io/name":"KubeRegistry"}},"spec":{"type":"LoadBalancer"}}`)
	b.Put(inDefault+"secrets/registry-access", `{"kind":"Secret","apiVersion":"v1","type":"kubernetes.io/dockercfg","metadata":{"name":"registry-access","namespace":"default"},"data":{".dockercfg":"e30="}}`)
	b.create(t, wanted(false))
	if b.At(oldPath) != "none" {
		t.Error("the replication controller is left behind")
	}
	// Also without ever having been taken over it can be removed.
	b = newBed(t)
	b.Put(oldPath, `{"kind":"ReplicationController","apiVersion":"v1","metadata":{"name":"kube-registry-v0","namespace":"default"},"spec":{"selector":{"k8s-app":"kube-registry","version":"v0"}}}`)
	b.Put(inDefault+"secrets/registry-auth-data", `{"kind":"Secret","apiVersion":"v1","type":"Opaque","metadata":{"name":"registry-auth-data","namespace":"default"},"data":{"htpasswd":"eA=="}}`)
	if _, err := b.registry.DeleteRegistry(context.Background()); err != nil || b.At(oldPath) != "none" || b.At(inDefault+"secrets/registry-auth-data") != "none" {
		t.Errorf("left are %q, %v", b.Paths(), err)
	}
}

func TestARegistryThatDoesNotWorkIsAFailureThatSaysWhatIsLeft(t *testing.T) {
	t.Parallel()
	const stays = "; what was made until then stays: mend that and run registry again, or remove it with delete=true"
	for name, c := range map[string]struct {
		spoil   func(b *bed)
		message string
		nothing bool // was changed
	}{
		"a user's objects in the way": {func(b *bed) {
			b.Put(registryPath, `{"kind":"Deployment","apiVersion":"apps/v1","metadata":{"name":"kube-registry","namespace":"default"}}`)
			b.Put(inDefault+"secrets/registry-tls-data", `{"kind":"Secret","apiVersion":"v1","type":"kubernetes.io/tls","metadata":{"name":"registry-tls-data","namespace":"default"}}`)
		}, "cannot apply Secret default/registry-tls-data: it is there already and was not made by w; rename or remove it; " +
			"cannot apply Deployment default/kube-registry: it is there already and was not made by w; rename or remove it; nothing was changed", true},
		"a node without a name": {func(b *bed) { b.Put("/api/v1/nodes/worker-0", `{"kind":"Node","metadata":{"name":"worker-0"}}`) },
			"cannot place the registry: node worker-0 has no label kubernetes.io/hostname; nothing was changed", true},
		"no node":       {func(b *bed) { b.registry.Node = "other" }, "cannot get node other: not found; nothing was changed", true},
		"no API server": {func(b *bed) { b.Broken[registryPath] = 503 }, "answers 503: the server is currently unable to handle the request; nothing was changed", true},
		"an API server that goes": {func(b *bed) {
			b.Before = func(r *http.Request, s *kubetest.Store) {
				if strings.HasSuffix(r.URL.Path, "registry-auth-data") {
					s.Broken[servicePath] = 503
				}
			}
		}, "unable to handle the request" + stays, false},
		"pods that do not start": {func(b *bed) {
			b.ready = false
			b.Put(inDefault+"pods/kube-registry-1", `{"kind":"Pod","metadata":{"name":"kube-registry-1","namespace":"default","labels":{"k8s-app":"kube-registry"}},
"status":{"containerStatuses":[{"state":{"waiting":{"reason":"ImagePullBackOff","message":"no such image"}}}]}}`)
		}, "the registry does not run: 0 of 1 pod of Deployment default/kube-registry can be used: ImagePullBackOff: no such image after 100ms" + stays, false},
		"a deployment that goes": {func(b *bed) {
			b.Before = func(r *http.Request, s *kubetest.Store) {
				if r.URL.Path == ingressPath {
					delete(s.Objects, registryPath)
				}
			}
		}, "the registry does not run: Deployment default/kube-registry is gone, somebody has removed it" + stays, false},
		"a registry that lets nobody in": {func(b *bed) { b.refuses = probe.ErrRefused },
			"the registry runs, but at 10.152.183.9:5000 it does not accept the username and password" + stays, false},
		"no service account":                    {func(b *bed) { b.Broken[accountPath] = 404 }, "the registry works, but: cannot get ServiceAccount default/default: not found; run registry again", false},
		"a service account that may not change": {func(b *bed) { b.Broken[accountPath] = 403 }, "the registry works, but: cannot get ServiceAccount default/default: the server is currently unable to handle the request; run registry again", false},
		"a limit that may not change":           {func(b *bed) { b.Broken[limitPath] = 500 }, "the registry works, but: cannot get ConfigMap ingress-nginx-w/nginx-configuration-w: ", false},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			b := newBed(t)
			c.spoil(b)
			b.Written()
			results, err := b.registry.CreateRegistry(context.Background(), wanted(true))
			if err == nil || !strings.Contains(err.Error(), c.message) {
				t.Errorf("%v\nwant %s", err, c.message)
			}
			works := strings.Contains(c.message, "the registry works")
			if (results["registry-create"] == "success") != works || !works && results["serviceaccount-patch"] != "" {
				t.Errorf("results %v", results)
			}
			if writes := b.Written(); c.nothing && len(writes) > 0 {
				t.Errorf("changed by %q", writes)
			}
		})
	}
}

func TestARegistryThatCannotBeRemovedIsToldWithAllThatIsLeft(t *testing.T) {
	t.Parallel()
	b := newBed(t)
	b.create(t, wanted(true))
	b.Broken[servicePath], b.Broken[accountPath] = 403, 403
	results, err := b.registry.DeleteRegistry(context.Background())
	if err == nil || results["registry-delete"] != "failure" || !strings.Contains(err.Error(), "ServiceAccount default/default") || !strings.Contains(err.Error(), "delete Service default/kube-registry") {
		t.Errorf("%v, %v", results, err)
	}
	if b.At(registryPath) != "none" || b.At(ingressPath) != "none" {
		t.Error("it did not go on with the others")
	}
	clear(b.Broken)
	if results, err := b.registry.DeleteRegistry(context.Background()); err != nil || results["registry-delete"] != "success" || b.At(servicePath) != "none" {
		t.Errorf("again: %v, %v", results, err)
	}
}

func TestALimitThatSomebodyHasSetStays(t *testing.T) {
	t.Parallel()
	b := newBed(t)
	b.Put(limitPath, `{"kind":"ConfigMap","apiVersion":"v1","metadata":{"name":"nginx-configuration-w","namespace":"ingress-nginx-w"},"data":{"proxy-body-size":"5g"}}`)
	b.create(t, wanted(true))
	_, err := b.registry.DeleteRegistry(context.Background())
	if got := b.value(t, limitPath, "data"); err != nil || got != `{"proxy-body-size":"5g"}` {
		t.Errorf("%s, %v", got, err)
	}
}

func TestParametersThatCannotBeUsedAreResults(t *testing.T) {
	results, err := action.RefuseRegistry([]addons.Problem{
		{Parameter: "tlskey", Reason: addons.Required}, {Parameter: "htpasswd", Reason: "line 1 x"}, {Parameter: "htpasswd", Reason: "line 2 y"}})
	want := map[string]string{"registry-create-parameter-tlskey": "failure, parameter tlskey is required",
		"registry-create-parameter-htpasswd": "failure, parameter htpasswd line 1 x, and line 2 y"}
	if fmt.Sprint(results) != fmt.Sprint(want) || err.Error() != "parameter tlskey is required; parameter htpasswd line 1 x; parameter htpasswd line 2 y; nothing was changed" {
		t.Errorf("%v, %v", results, err)
	}
}

func TestMicrobotIsMadeAnswersAndGoesPieceByPiece(t *testing.T) {
	t.Parallel()
	b := newBed(t)
	status := http.StatusOK
	web := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(status) }))
	t.Cleanup(web.Close)
	host, port, _ := strings.Cut(strings.TrimPrefix(web.URL, "http://"), ":")
	controllers := b.Controllers
	b.Controllers = func(path string, o kubetest.Object) {
		controllers(path, o)
		if o["kind"] == "Service" {
			spec := o["spec"].(map[string]any)
			spec["clusterIP"], spec["ports"] = host, []any{map[string]any{"port": json.Number(port)}}
		}
	}
	m := action.Microbot{Addon: b.registry.Addon}
	want := addons.Microbot{Replicas: 2, Arch: "amd64", Address: addons.MicrobotAddress("192.0.2.1")}
	results, err := m.CreateMicrobot(context.Background(), want)
	if err != nil || fmt.Sprint(results) != "map[address:microbot.192.0.2.1.nip.io]" {
		t.Fatalf("%v, %v", results, err)
	}
	b.Written()
	if _, err := m.CreateMicrobot(context.Background(), want); err != nil || len(b.Written()) > 0 {
		t.Errorf("again: %v", err)
	}
	status = http.StatusBadGateway
	results, err = m.CreateMicrobot(context.Background(), want)
	if err == nil || !strings.HasPrefix(err.Error(), "microbot answers with HTTP status 502; what was made until then stays") || results["microbot-create"] != "Failed microbot creation." {
		t.Errorf("%v, %v", results, err)
	}

	const service = inDefault + "services/microbot"
	b.Broken[service] = 403
	results, err = m.DeleteMicrobot(context.Background())
	if err == nil || !strings.HasPrefix(err.Error(), "1 of 3 objects of microbot are not removed: ") || fmt.Sprint(results) != "map[microbot-service:Failed removal of microbot service resource.]" {
		t.Errorf("%v, %v", results, err)
	}
	if left := b.Paths(); !slices.Equal(left, []string{"/api/v1/namespaces/default/serviceaccounts/default", service, "/api/v1/nodes/worker-0"}) {
		t.Errorf("left are %q", left)
	}
	clear(b.Broken)
	for range 2 {
		if results, err := m.DeleteMicrobot(context.Background()); err != nil || results["result"] != "microbot is removed" {
			t.Errorf("%v, %v", results, err)
		}
	}
	b.Put(service, `{"kind":"Service","apiVersion":"v1","metadata":{"name":"microbot","namespace":"default"},"spec":{}}`)
	results, err = m.CreateMicrobot(context.Background(), want)
	if err == nil || !strings.HasSuffix(err.Error(), "it is there already and was not made by w; rename or remove it; nothing was changed") || results["microbot-create"] == "" {
		t.Errorf("%v, %v", results, err)
	}
	if _, err := m.DeleteMicrobot(context.Background()); err != nil || b.At(service) == "none" {
		t.Errorf("a user's service went: %v", err)
	}
}

func TestTheEndOfTimeEndsTheWaiting(t *testing.T) {
	t.Parallel()
	b := newBed(t)
	b.ready = false
	ctx, cancel := context.WithCancel(context.Background())
	cancel()
	if _, err := b.registry.CreateRegistry(ctx, wanted(false)); err == nil || errors.Is(err, context.DeadlineExceeded) {
		t.Errorf("it ended with %v", err)
	}
}
