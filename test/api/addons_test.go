package api

import (
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"slices"
	"strings"
	"testing"
	"time"

	"kubernetes-worker/internal/action"
	"kubernetes-worker/internal/addons"
	"kubernetes-worker/internal/ingress"
	"kubernetes-worker/internal/kube"
	"kubernetes-worker/internal/registry"
	"kubernetes-worker/internal/registry/probe"
	"kubernetes-worker/internal/secret"
)

const (
	inDefault  = "/api/v1/namespaces/default/"
	account    = inDefault + "serviceaccounts/default"
	deployment = "/apis/apps/v1/namespaces/default/deployments/kube-registry"
)

// controllers plays those of deployments whenever an action begins to wait for one.
type controllers struct {
	*cluster
	t      *testing.T
	before map[string]func() // what somebody else does when a step begins
}

func (c controllers) Log(_ context.Context, line string) { c.t.Log(line) }
func (c controllers) Status(context.Context, string)     {}
func (c controllers) Step(ctx context.Context, name string, do func(context.Context) error) error {
	if during := c.before[name]; during != nil {
		during()
	}
	if name == "rollout" {
		live := c.object(c.t, deployment)
		c.edit(c.t, deployment+"/status", fmt.Sprintf(`{"status":{"observedGeneration":%v,"replicas":1,"updatedReplicas":1,"readyReplicas":1,"availableReplicas":1}}`,
			at(live, "metadata", "generation")))
	}
	return do(ctx)
}

// registryAs is the action as somebody runs it.
func (c *cluster) registryAs(t *testing.T, user string) action.Registry {
	return action.Registry{
		Addon: action.Addon{Cluster: c.as(t, user), App: "a", Tell: controllers{cluster: c, t: t}, Timeout: 10 * time.Second, Every: 50 * time.Millisecond},
		Node:  "worker-0", Arch: "amd64", Class: "nginx-ingress-controller",
		CheckLogin: func(context.Context, registry.Login, probe.Way) error { return nil },
	}
}

func parameters() addons.Parameters {
	return addons.Parameters{Domain: "r.test", Certificate: []byte("PEM"), Key: secret.New("KEY"), User: "demo", Password: secret.New("x"), Ingress: true}
}

// post makes an object as kubectl create does.
func (c *cluster) post(t *testing.T, path, text string) {
	t.Helper()
	if code, body := c.request(0, "POST", path, "admin", json.RawMessage(text)); code != http.StatusCreated {
		t.Fatalf("POST %s answers %d %s", path, code, body)
	}
}

func TestTheRegistryAndMicrobotOnARealAPIServer(t *testing.T) {
	c := start(t, 1)
	ctx := context.Background()
	c.post(t, "/api/v1/nodes", `{"apiVersion":"v1","kind":"Node","metadata":{"name":"worker-0","labels":{"kubernetes.io/hostname":"worker-0"}}}`)
	c.post(t, inDefault+"serviceaccounts", `{"apiVersion":"v1","kind":"ServiceAccount","metadata":{"name":"default"},"imagePullSecrets":[{"name":"mine"}]}`)

	// A node's own rights do not suffice, and nothing is begun with them.
	if _, err := c.registryAs(t, "worker-0").CreateRegistry(ctx, parameters()); err == nil || !strings.HasSuffix(err.Error(), "; nothing was changed") || !strings.Contains(err.Error(), "forbidden") {
		t.Errorf("as a node: %v", err)
	}

	// What the earlier charm has left is taken over.
	c.post(t, inDefault+"replicationcontrollers", `{"apiVersion":"v1","kind":"ReplicationController","metadata":{"name":"kube-registry-v0"},"spec":{"replicas":1,"selector":{"k8s-app":"kube-registry","version":"v0"},
"template":{"metadata":{"labels":{"k8s-app":"kube-registry","version":"v0"}},"spec":{"containers":[{"name":"registry","image":"cdkbot/registry-amd64:2.6"}]}}}}`)
	c.post(t, inDefault+"services", `{"apiVersion":"v1","kind":"Service","metadata":{"name":"kube-registry","labels":{"k8s-app":"kube-registry","kubernetes.io/name":"KubeRegistry"}},
"spec":{"type":"LoadBalancer","ports":[{"name":"registry","port":5000}],"selector":{"k8s-app":"kube-registry"}}}`)
	c.post(t, inDefault+"secrets", `{"apiVersion":"v1","kind":"Secret","type":"kubernetes.io/dockercfg","metadata":{"name":"registry-access"},"data":{".dockercfg":"e30="}}`)
	address := at(c.object(t, inDefault+"services/kube-registry"), "spec", "clusterIP")

	// Beside it there is the ingress controller's configuration, which is the charm's.
	own := ingress.Config{App: "a"}
	version, err := c.as(t, "admin").Version(ctx)
	if err != nil {
		t.Fatal(err)
	}
	own.Cluster = version
	controller := c.as(t, "admin").Objects(ingress.Owner("a"))
	configuration := own.Objects()[1]
	for _, o := range own.Objects()[:2] {
		apply(t, controller, o, true)
	}
	limits := "/api/v1/namespaces/" + configuration.Namespace() + "/configmaps/" + configuration.Name()

	r := c.registryAs(t, "admin")
	others := 0
	r.Tell = controllers{cluster: c, t: t, before: map[string]func(){"edit ServiceAccount default/default": func() {
		others++
		c.edit(t, account, fmt.Sprintf(`{"metadata":{"labels":{"others":"%d"}}}`, others))
	}}}
	for range 2 {
		results, err := r.CreateRegistry(ctx, parameters())
		if err != nil || results["registry-create"] != "success" || results["configmap-patch"] != "success" || results["serviceaccount-patch"] != "success" {
			t.Fatalf("%v, %v", results, err)
		}
	}
	if c.object(t, inDefault+"replicationcontrollers/kube-registry-v0") != nil {
		t.Error("the replication controller is left behind")
	}
	if got := at(c.object(t, inDefault+"services/kube-registry"), "spec", "clusterIP"); got != address {
		t.Errorf("the service has moved from %v to %v", address, got)
	}
	live := c.object(t, account)
	if got := fmt.Sprint(live["imagePullSecrets"]); got != "[map[name:mine] map[name:registry-access]]" || live.Labels()["others"] == "" {
		t.Errorf("pull secrets %s, labels %v", got, live.Labels())
	}
	if got := at(c.object(t, limits), "data", "proxy-body-size"); got != "1024m" {
		t.Errorf("the limit is %v", got)
	}
	apply(t, controller, configuration, false) // it is as the charm wants it
	generation := at(c.object(t, deployment), "metadata", "generation")
	p := parameters()
	p.Key, p.Ingress = secret.New("OTHER"), false
	if _, err := r.CreateRegistry(ctx, p); err != nil || at(c.object(t, deployment), "metadata", "generation") == generation {
		t.Errorf("another key makes no other pod: %v", err)
	}

	for range 2 {
		if results, err := r.DeleteRegistry(ctx); err != nil || results["registry-delete"] != "success" {
			t.Errorf("%v, %v", results, err)
		}
	}
	if got := fmt.Sprint(c.object(t, account)["imagePullSecrets"]); got != "[map[name:mine]]" {
		t.Errorf("pull secrets %s", got)
	}
	if c.object(t, limits)["data"] != nil {
		t.Errorf("the limit stays")
	}
	apply(t, controller, configuration, false)

	// In both ways to write them, on a server of any release, the objects are accepted and need nothing more.
	for _, merge := range []bool{false, true} {
		for owner, objects := range map[kube.Owner][]kube.Object{
			addons.RegistryOwner("a"): addons.Registry{Parameters: parameters(), Node: "worker-0", Hostname: "worker-0", Arch: "amd64"}.Objects(),
			addons.MicrobotOwner("a"): addons.Microbot{Replicas: 3, Arch: "amd64", Address: addons.MicrobotAddress("192.0.2.1")}.Objects(),
		} {
			keeper := c.as(t, "admin").Objects(owner)
			keeper.Merge = merge
			c.acceptedOnce(t, keeper, objects)
			removed, err := keeper.DeleteAll(ctx, []string{"Ingress", "Service", "Deployment", "Secret"})
			if err != nil || len(removed) != len(objects) {
				t.Errorf("removed %v, %v", removed, err)
			}
		}
	}
	left := []string{}
	for _, kind := range []string{"Deployment", "Service", "Ingress", "Secret"} {
		for _, owner := range []kube.Owner{addons.RegistryOwner("a"), addons.MicrobotOwner("a")} {
			objects, err := c.as(t, "admin").Objects(owner).List(ctx, kind)
			if err != nil {
				t.Error(err)
			}
			for _, o := range objects {
				left = append(left, o.String())
			}
		}
	}
	if slices.Sort(left); len(left) > 0 {
		t.Errorf("left are %q", left)
	}
}
