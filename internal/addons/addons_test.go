package addons_test

import (
	"context"
	"encoding/json"
	"flag"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"kubernetes-worker/internal/addons"
	"kubernetes-worker/internal/kube"
	"kubernetes-worker/internal/kube/kubetest"
	"kubernetes-worker/internal/secret"
)

var update = flag.Bool("update", false, "write the golden files anew")

// fixed is a registry that is the same each time.
func fixed(ingress bool) addons.Registry {
	return addons.Registry{
		Parameters: addons.Parameters{Domain: domain, Certificate: []byte("PEM of it"), Key: secret.New("PEM of the key"), User: user, Password: secret.New(password),
			Htpasswd: secret.New("demo:HASH\n"), Ingress: ingress},
		Node: "worker-0.example.test", Hostname: "worker-0", Arch: "amd64", Class: "nginx-ingress-controller",
	}
}

func microbot() addons.Microbot {
	return addons.Microbot{Replicas: 3, Arch: "arm64", Images: "r.test/cdk", Address: addons.MicrobotAddress("192.0.2.7")}
}

func TestObjectsAreAsBefore(t *testing.T) {
	for name, objects := range map[string][]kube.Object{"registry": fixed(true).Objects(), "microbot": microbot().Objects()} {
		text, err := json.MarshalIndent(objects, "", "  ")
		if err != nil {
			t.Fatal(err)
		}
		path := filepath.Join("testdata", name+".golden")
		if *update {
			if err := os.WriteFile(path, append(text, '\n'), 0o644); err != nil {
				t.Fatal(err)
			}
		}
		want, err := os.ReadFile(path)
		if err != nil || string(want) != string(text)+"\n" {
			t.Errorf("%s is not as in %s (%v)", name, path, err)
		}
	}
}

func TestWhatTheRegistryReadsAtItsStartMakesAnotherPod(t *testing.T) {
	template := func(r addons.Registry) string {
		for _, o := range r.Objects() {
			if o.Ref() == addons.RegistryDeployment() {
				text, err := json.Marshal(o["spec"])
				if err != nil {
					t.Fatal(err)
				}
				return string(text)
			}
		}
		return "none"
	}
	before := template(fixed(true))
	for name, c := range map[string]struct {
		change func(*addons.Registry)
		same   bool
	}{
		"certificate": {func(r *addons.Registry) { r.Certificate = []byte("OTHER") }, false},
		"key":         {func(r *addons.Registry) { r.Key = secret.New("OTHER") }, false},
		"users":       {func(r *addons.Registry) { r.Htpasswd = secret.New("OTHER") }, false},
		"password":    {func(r *addons.Registry) { r.Password = secret.New("OTHER") }, true},
		"Ingress":     {func(r *addons.Registry) { r.Ingress = false }, true},
	} {
		r := fixed(true)
		c.change(&r)
		if after := template(r); (after == before) != c.same {
			t.Errorf("another %s: the pod is the same: %v", name, after == before)
		}
	}
	for _, text := range []string{"PEM of it", "PEM of the key", "HASH", password} {
		if strings.Contains(before, text) {
			t.Errorf("the deployment shows %s", text)
		}
	}
}

// server plays the API server of a release.
func server(t *testing.T, release string) (*kube.Client, *kubetest.Store) {
	t.Helper()
	store, err := kubetest.Load("../kube/testdata/discovery/" + release + ".json")
	if err != nil {
		t.Fatal(err)
	}
	return store.Serve(t), store
}

// On servers of all generations every object is accepted in the form that the server has, and once made needs nothing.
func TestServersOfAllReleasesTakeTheObjectsOnce(t *testing.T) {
	ctx := context.Background()
	for _, release := range []string{"v1.12.10", "v1.16.15", "v1.18.19", "v1.20.15", "v1.22.17", "v1.25.16"} {
		client, store := server(t, release)
		for _, c := range []struct {
			owner   kube.Owner
			objects []kube.Object
		}{{addons.RegistryOwner("w"), fixed(true).Objects()}, {addons.MicrobotOwner("w"), microbot().Objects()}} {
			keeper := client.Objects(c.owner)
			for _, changed := range []bool{true, false} {
				for _, o := range c.objects {
					if applied, err := keeper.Apply(ctx, o); err != nil || applied.Changed != changed {
						t.Errorf("%s: %s changed %v, %v", release, o, applied.Changed, err)
					}
				}
			}
		}
		for owner, kinds := range map[kube.Owner][]string{addons.RegistryOwner("w"): addons.RegistryKinds(), addons.MicrobotOwner("w"): {"Deployment", "Service", "Ingress"}} {
			if _, err := client.Objects(owner).DeleteAll(ctx, kinds); err != nil {
				t.Errorf("%s: %v", release, err)
			}
		}
		if left := store.Paths(); len(left) > 0 {
			t.Errorf("%s: left are %q", release, left)
		}
	}
}

// What the earlier charm made is taken over by content; nothing else is.
func TestOnlyTheEarlierCharmsObjectsAreTaken(t *testing.T) {
	ingress := func(name, backend string) string {
		return `{"kind":"Ingress","metadata":{"name":"` + name + `","namespace":"default"},"spec":{"rules":[{"http":{"paths":[{"backend":` + backend + `}]}}]}}`
	}
	for _, c := range []struct {
		name  string
		adopt func(kube.Object) bool
		text  string
		want  bool
	}{
		{"the replication controller", addons.AdoptRegistry, `{"kind":"ReplicationController","metadata":{"name":"kube-registry-v0","namespace":"default"},"spec":{"selector":{"k8s-app":"kube-registry","version":"v0"}}}`, true},
		{"one of another namespace", addons.AdoptRegistry, `{"kind":"ReplicationController","metadata":{"name":"kube-registry-v0","namespace":"kube-system"},"spec":{"selector":{"k8s-app":"kube-registry"}}}`, false},
		{"one with other pods", addons.AdoptRegistry, `{"kind":"ReplicationController","metadata":{"name":"kube-registry-v0","namespace":"default"},"spec":{"selector":{"app":"mine"}}}`, false},
		{"the service", addons.AdoptRegistry, `{"kind":"Service","metadata":{"name":"kube-registry","namespace":"default","labels":{"kubernetes.io/name":"KubeRegistry"}}}`, true},
		{"a user's service", addons.AdoptRegistry, `{"kind":"Service","metadata":{"name":"kube-registry","namespace":"default"}}`, false},
		{"the Ingress, old form", addons.AdoptRegistry, ingress("registry-ing", `{"serviceName":"kube-registry","servicePort":5000}`), true},
		{"the Ingress, new form", addons.AdoptRegistry, ingress("registry-ing", `{"service":{"name":"kube-registry"}}`), true},
		{"a user's Ingress", addons.AdoptRegistry, ingress("registry-ing", `{"service":{"name":"mine"}}`), false},
		{"TLS", addons.AdoptRegistry, `{"kind":"Secret","type":"Opaque","metadata":{"name":"registry-tls-data","namespace":"default"},"data":{"tls.crt":"","tls.key":""}}`, true},
		{"a user's TLS", addons.AdoptRegistry, `{"kind":"Secret","type":"kubernetes.io/tls","metadata":{"name":"registry-tls-data","namespace":"default"},"data":{"tls.crt":"","tls.key":""}}`, false},
		{"users", addons.AdoptRegistry, `{"kind":"Secret","type":"Opaque","metadata":{"name":"registry-auth-data","namespace":"default"},"data":{"htpasswd":""}}`, true},
		{"a user's Secret", addons.AdoptRegistry, `{"kind":"Secret","type":"Opaque","metadata":{"name":"registry-auth-data","namespace":"default"},"data":{"htpasswd":"","more":""}}`, false},
		{"the pull secret", addons.AdoptRegistry, `{"kind":"Secret","type":"kubernetes.io/dockercfg","metadata":{"name":"registry-access","namespace":"default"},"data":{".dockercfg":""}}`, true},
		{"a user's pull secret", addons.AdoptRegistry, `{"kind":"Secret","type":"kubernetes.io/dockerconfigjson","metadata":{"name":"registry-access","namespace":"default"},"data":{".dockerconfigjson":""}}`, false},
		{"a user's deployment", addons.AdoptRegistry, `{"kind":"Deployment","metadata":{"name":"kube-registry","namespace":"default"}}`, false},
		{"microbot", addons.AdoptMicrobot, `{"kind":"Deployment","metadata":{"name":"microbot","namespace":"default"},"spec":{"selector":{"matchLabels":{"app":"microbot"}},"template":{"spec":{"containers":[{"image":"cdkbot/microbot-amd64:latest"}]}}}}`, true},
		{"another microbot", addons.AdoptMicrobot, `{"kind":"Deployment","metadata":{"name":"microbot","namespace":"default"},"spec":{"selector":{"matchLabels":{"app":"microbot"}},"template":{"spec":{"containers":[{"image":"mine/robot:1"}]}}}}`, false},
		{"its service", addons.AdoptMicrobot, `{"kind":"Service","metadata":{"name":"microbot","namespace":"default","labels":{"app":"microbot"}},"spec":{"selector":{"app":"microbot"}}}`, true},
		{"another service", addons.AdoptMicrobot, `{"kind":"Service","metadata":{"name":"microbot","namespace":"default"},"spec":{"selector":{"app":"microbot"}}}`, false},
		{"its Ingress", addons.AdoptMicrobot, ingress("microbot-ingress", `{"serviceName":"microbot","servicePort":80}`), true},
		{"another Ingress", addons.AdoptMicrobot, ingress("microbot-ingress", `{"serviceName":"mine","servicePort":80}`), false},
		{"a broken Ingress", addons.AdoptMicrobot, `{"kind":"Ingress","metadata":{"name":"microbot-ingress","namespace":"default"},"spec":{"rules":[]}}`, false},
	} {
		var o kube.Object
		if err := json.Unmarshal([]byte(c.text), &o); err != nil {
			t.Fatal(err)
		}
		if got := c.adopt(o); got != c.want {
			t.Errorf("%s: %v", c.name, got)
		}
	}
}

func TestImagesFollowArchitectureAndRegistry(t *testing.T) {
	image := func(objects []kube.Object) string {
		i := slices.IndexFunc(objects, func(o kube.Object) bool { return o.Kind() == "Deployment" })
		text, _ := json.Marshal(objects[i])
		_, rest, _ := strings.Cut(string(text), `"image":"`)
		name, _, _ := strings.Cut(rest, `"`)
		return name
	}
	for _, c := range []struct{ arch, images, registry, microbot string }{
		{"amd64", "", "cdkbot/registry-amd64:2.6", "cdkbot/microbot-amd64:latest"},
		{"ppc64el", "", "cdkbot/registry-ppc64el:2.6", "cdkbot/microbot-ppc64el:latest"},
		{"s390x", "r.test:5000/cdk", "r.test:5000/cdk/cdkbot/registry-s390x:2.6", "r.test:5000/cdk/cdkbot/microbot-s390x:latest"},
	} {
		r, m := fixed(false), microbot()
		r.Arch, r.Images, m.Arch, m.Images = c.arch, c.images, c.arch, c.images
		if got := image(r.Objects()); got != c.registry {
			t.Errorf("registry on %s from %q: %s", c.arch, c.images, got)
		}
		if got := image(m.Objects()); got != c.microbot {
			t.Errorf("microbot on %s from %q: %s", c.arch, c.images, got)
		}
	}
}
