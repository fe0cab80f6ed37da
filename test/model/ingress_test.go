package model

import (
	"encoding/json"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

// The objects of the ingress controller, as the API server keeps them.
const (
	ingressSpace = "/namespaces/ingress-nginx-kubernetes-worker"
	controller   = "/apis/apps/v1" + ingressSpace + "/daemonsets/nginx-ingress-controller-kubernetes-worker"
	provisioner  = "/apis/apps/v1/namespaces/default/deployments/nfs-client-provisioner"
	nfsAccount   = "/api/v1/namespaces/default/serviceaccounts/nfs-client-provisioner"
	nfsClass     = "/apis/storage.k8s.io/v1/storageclasses/default"
)

func withIngress() Options { return Options{Config: map[string]string{"ingress": "true"}} }

func clusterStories() []Scenario {
	return []Scenario{
		joined("ingress", withIngress(),
			option("nginx-image", "registry.test/nginx:2"),
			option("ingress", "false"),
			option("ingress", "true")),
		joined("an NFS server", Options{},
			Step{Name: "relate it", Do: func(w *World) { w.addNFS() }},
			set("nfs", "storage-root", "/srv/other"),
			Step{Name: "remove it", Do: func(w *World) { w.must(w.Juju.RemoveRelation("kubernetes-worker:nfs", "nfs:nfs")) }},
			Step{Name: "relate it again", Do: func(w *World) { w.relateNFS() }}),
	}
}

// ports are the unit's open ports.
func (w *World) ports() string {
	w.T.Helper()
	status, err := w.Juju.UnitStatus(Unit)
	w.must(err)
	return strings.Join(status.Ports, ",")
}

const openPorts = "80/tcp,443/tcp"

// tools counts the calls of a hook tool since a hook.
func (w *World) tools(tool string, since int) int {
	w.T.Helper()
	calls := 0
	for _, h := range w.hooks(since) {
		for _, tools := range h.Tools {
			calls += tools[tool]
		}
	}
	return calls
}

// hour makes the charm believe that it has not looked at its objects for more than an hour.
func (w *World) hour() {
	w.T.Helper()
	path := filepath.Join(w.Root, charmPath, stateFile)
	text, err := os.ReadFile(path)
	w.must(err)
	var content map[string]any
	w.must(json.Unmarshal(text, &content))
	content["objects-checked"] = 1
	text, err = json.Marshal(content)
	w.must(err)
	w.must(os.WriteFile(path, text, 0o600))
}

// image is that of the first container of an object.
func (w *World) image(path string) string {
	var o struct {
		Spec struct {
			Template struct {
				Spec struct {
					Containers []struct{ Image string }
				}
			}
		}
	}
	if json.Unmarshal([]byte(w.API[0].Cluster.At(path)), &o) != nil || len(o.Spec.Template.Spec.Containers) == 0 {
		return "none"
	}
	return o.Spec.Template.Spec.Containers[0].Image
}

func (w *World) wantImage(path, want string) {
	w.T.Helper()
	if got := w.image(path); got != want {
		w.T.Errorf("image of %s is %s, want %s", path, got, want)
	}
}

func (w *World) wantPorts(want string) {
	w.T.Helper()
	if got := w.ports(); got != want {
		w.T.Errorf("open ports %q, want %q", got, want)
	}
}

func TestTheIngressControllerIsMadeOnceAndKept(t *testing.T) {
	t.Parallel()
	w := Joined(t, withIngress())
	w.wantImage(controller, "registry.test/cdk/ingress-nginx/controller:v1.13.9")
	w.wantPorts(openPorts)
	if n := w.tools("open-port", 0); n != 2 {
		t.Errorf("open-port was called %d times, want once for each port", n)
	}
	w.UpdateStatus() // looks for nodes of units that are gone, too
	w.apiRequests()
	w.UpdateStatus()
	w.API[0].Cluster.Change(controller, func(o map[string]any) {
		o["spec"].(map[string]any)["template"] = map[string]any{}
	})
	w.UpdateStatus()
	if got := w.apiRequests(); !slices.Equal(got, []string{"GET " + w.Node, "GET " + w.Node}) {
		t.Errorf("asked %q within the hour", got)
	}
	w.hour()
	w.UpdateStatus()
	w.wantImage(controller, "registry.test/cdk/ingress-nginx/controller:v1.13.9")
	if got := w.apiWrites(); len(got) != 1 {
		t.Errorf("repaired by %q, want one write", got)
	}
	w.hour()
	w.UpdateStatus()
	if got := w.apiWrites(); len(got) != 0 {
		t.Errorf("a look at what is as wanted wrote %q", got)
	}
}

func TestPortsAreOpenedWithEveryJuju(t *testing.T) {
	t.Parallel()
	for name, o := range map[string]Options{"2.9 by processes": {Juju: "2.9", Exec: true}, "4.0": {Juju: "4.0", Wire: "new"}} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			o.Config = withIngress().Config
			w := Joined(t, o)
			w.wantPorts(openPorts)
			w.Config(map[string]string{"ingress": "false"})
			w.wantPorts("")
			for range 2 {
				w.UpdateStatus()
			}
			if calls := w.lastReport().Tools; calls["opened-ports"]+calls["close-port"]+calls["open-port"] > 0 {
				t.Errorf("each hook asks or changes ports: %v", calls)
			}
		})
	}
}

func TestABadImageOfTheIngressIsNamedAndTheOldOneRuns(t *testing.T) {
	t.Parallel()
	w := Joined(t, withIngress())
	w.Config(map[string]string{"nginx-image": "registry.test/mine:1", "default-backend-image": "registry.test/backend:1"})
	const backend = "/apis/apps/v1" + ingressSpace + "/deployments/default-http-backend-kubernetes-worker"
	w.wantImage(controller, "registry.test/mine:1")
	w.wantImage(backend, "registry.test/backend:1")
	w.Config(map[string]string{"nginx-image": "Not an image; rm -rf /"})
	w.WantStatus("blocked", "nginx-image: …")
	w.wantImage(controller, "registry.test/mine:1")
	w.wantPorts(openPorts)
	w.Config(map[string]string{"nginx-image": "auto", "default-backend-image": "", "ingress-ssl-chain-completion": "true"})
	w.WantStatus("active", "Kubernetes worker running.")
	w.wantImage(controller, "registry.test/cdk/ingress-nginx/controller:v1.13.9")
	w.wantImage(backend, "none")
	if !strings.Contains(w.API[0].Cluster.At(controller), `"--enable-ssl-chain-completion=true"`) {
		t.Error("the controller does not complete chains")
	}
}

// Fault 13: the image changes while no API server answers: the ports close although the controller runs, for ever.
func TestPortsStayOpenWhileTheControllerCannotBeChanged(t *testing.T) {
	t.Parallel()
	w := Joined(t, withIngress())
	w.API[0].Fail(503)
	w.Config(map[string]string{"nginx-image": "registry.test/mine:1"})
	w.WantStatus("waiting", "Waiting for an API server to answer: …")
	w.wantPorts(openPorts)
	w.API[0].Fail(0)
	w.API[0].Refuse(func(request string) int {
		if strings.HasPrefix(request, "PATCH /apis/apps/v1/") {
			return 503
		}
		return 0
	})
	w.UpdateStatus()
	w.WantStatus("waiting", "Failed to create ingress controller. Will attempt again next update. …")
	w.wantPorts(openPorts)
	w.API[0].Refuse(nil)
	w.UpdateStatus()
	w.WantStatus("active", "Kubernetes worker running.")
	w.wantImage(controller, "registry.test/mine:1")
	w.wantPorts(openPorts)
}

// Fault 14: with ingress=false each hook deletes and closes, also what is not the charm's.
func TestTheIngressIsRemovedOnceAndNothingOfAUsers(t *testing.T) {
	t.Parallel()
	w := Joined(t, withIngress())
	cluster := w.API[0].Cluster
	const secret, service = "/api/v1" + ingressSpace + "/secrets/tls", "/api/v1/namespaces/default/services/default-http-backend"
	cluster.Put(secret, `{"kind":"Secret","apiVersion":"v1","metadata":{"name":"tls","namespace":"ingress-nginx-kubernetes-worker"}}`)
	cluster.Put(service, `{"kind":"Service","apiVersion":"v1","metadata":{"name":"default-http-backend","namespace":"default"}}`)
	since := len(w.hooks(0))
	w.API[0].Fail(503)
	w.Config(map[string]string{"ingress": "false"})
	w.wantPorts(openPorts) // it still runs
	w.API[0].Fail(0)
	w.UpdateStatus()
	w.wantPorts("")
	space := "/api/v1" + ingressSpace
	if got := cluster.Paths(); !slices.Equal(got, []string{service, space, secret}) {
		t.Errorf("left are %q", got)
	}
	w.apiWrites()
	cluster.Put("/api/v1"+ingressSpace+"/configmaps/nginx-configuration-kubernetes-worker", `{"kind":"ConfigMap","apiVersion":"v1","metadata":{"name":"nginx-configuration-kubernetes-worker"}}`)
	for range 3 {
		w.hour()
		w.UpdateStatus()
	}
	if got := w.apiWrites(); len(got) != 0 {
		t.Errorf("later hooks wrote %q", got)
	}
	if n := w.lastReport().Tools["opened-ports"]; n != 0 {
		t.Errorf("each hook asks %d times which ports are open", n)
	}
	if n := w.tools("close-port", since); n != 2 {
		t.Errorf("close-port was called %d times, want once for each port", n)
	}
}

// What an earlier charm left goes or is taken over; what only looks so is left alone.
func TestObjectsOfTheEarlierCharmAreReplaced(t *testing.T) {
	t.Parallel()
	w := New(t, withIngress())
	cluster := w.API[0].Cluster
	put := func(path, kind, apiVersion, name, more string) {
		cluster.Put(path+name, `{"kind":"`+kind+`","apiVersion":"`+apiVersion+`",`+strings.ReplaceAll(more, "NAME", name)+`}`)
	}
	const (
		kubectl  = `"metadata":{"name":"NAME","annotations":{"kubectl.kubernetes.io/last-applied-configuration":"{}"},"labels":{"cdk-kubernetes-worker-ingress":"true"}}`
		old      = `"metadata":{"name":"NAME","namespace":"default","annotations":{"kubectl.kubernetes.io/last-applied-configuration":"{}"}}`
		services = "/api/v1/namespaces/default/services/"
		accounts = "/api/v1/namespaces/default/serviceaccounts/"
		sets     = "/apis/apps/v1/namespaces/default/daemonsets/"
		roles    = "/apis/rbac.authorization.k8s.io/v1/clusterroles/"
	)
	put(sets, "DaemonSet", "apps/v1", "nginx-ingress-kubernetes-worker-controller", old)
	put(accounts, "ServiceAccount", "v1", "nginx-ingress-kubernetes-worker-serviceaccount", old)
	put(roles, "ClusterRole", "rbac.authorization.k8s.io/v1", "nginx-ingress-kubernetes-worker-clusterrole", strings.Replace(old, `"namespace":"default",`, "", 1))
	put(services, "Service", "v1", "default-http-backend", old) // without the earlier charm's label: a user's
	put(strings.TrimSuffix(controller, "nginx-ingress-controller-kubernetes-worker"), "DaemonSet", "apps/v1", "nginx-ingress-controller-kubernetes-worker",
		kubectl+`,"spec":{"selector":{"matchLabels":{"name":"other"}}}`)
	w.DeployWorker()
	w.DeployCompanions()
	w.Relate()
	w.Settle()
	w.WantStatus("active", "Kubernetes worker running.")
	for _, gone := range []string{sets + "nginx-ingress-kubernetes-worker-controller", accounts + "nginx-ingress-kubernetes-worker-serviceaccount", roles + "nginx-ingress-kubernetes-worker-clusterrole"} {
		if cluster.At(gone) != "none" {
			t.Errorf("%s is still there", gone)
		}
	}
	if cluster.At(services+"default-http-backend") == "none" {
		t.Error("a user's service went")
	}
	w.wantImage(controller, "registry.test/cdk/ingress-nginx/controller:v1.13.9")
	if live := cluster.At(controller); strings.Contains(live, `"other"`) || strings.Contains(live, "last-applied") {
		t.Errorf("the earlier charm's is still in it: %s", live)
	}
}

func TestAUsersObjectInTheWayBlocksAndIsLeftAlone(t *testing.T) {
	t.Parallel()
	w := New(t, withIngress())
	w.API[0].Cluster.Put(controller, `{"kind":"DaemonSet","apiVersion":"apps/v1","metadata":{"name":"nginx-ingress-controller-kubernetes-worker"}}`)
	// One class serves two applications, and it may be a person's.
	const class = "/apis/networking.k8s.io/v1/ingressclasses/nginx-ingress-controller"
	w.API[0].Cluster.Put(class, `{"kind":"IngressClass","apiVersion":"networking.k8s.io/v1","metadata":{"name":"nginx-ingress-controller"}}`)
	before, beside := w.API[0].Cluster.At(controller), w.API[0].Cluster.At(class)
	w.DeployWorker()
	w.DeployCompanions()
	w.Relate()
	w.Settle()
	w.WantStatus("blocked", "Failed to create ingress controller. Will attempt again next update. cannot apply DaemonSet ingress-nginx-kubernetes-worker/nginx-ingress-controller-kubernetes-worker: it is there already …")
	w.wantPorts("")
	if w.API[0].Cluster.At(controller) != before || w.API[0].Cluster.At(class) != beside {
		t.Error("it was changed")
	}
}

func TestChainsAreCompletedAsLongAsTheOptionSaysSo(t *testing.T) {
	t.Parallel()
	w := Joined(t, withIngress())
	for _, value := range []string{"false", "true", "false"} {
		since := w.starts()
		w.Config(map[string]string{"ingress-ssl-chain-completion": value})
		w.WantStatus("active", running)
		object := w.API[0].Cluster.At(controller)
		if n := strings.Count(object, "--enable-ssl-chain-completion="); n != 1 || !strings.Contains(object, `"--enable-ssl-chain-completion=`+value+`"`) {
			t.Errorf("%s: the controller has the argument %d times:\n%s", value, n, object)
		}
		w.wantPorts(openPorts)
		w.WantStarts(since, starts{})
	}
}
