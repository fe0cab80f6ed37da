package ingress_test

import (
	"context"
	"encoding/json"
	"flag"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"kubernetes-worker/internal/ingress"
	"kubernetes-worker/internal/kube"
	"kubernetes-worker/internal/kube/kubetest"
	"kubernetes-worker/internal/kubeversion"
)

var update = flag.Bool("update", false, "write the golden files anew")

func version(t *testing.T, text string) kubeversion.Version {
	t.Helper()
	v, err := kubeversion.Parse(text)
	if err != nil {
		t.Fatal(err)
	}
	return v
}

func TestObjectsOfEachGeneration(t *testing.T) {
	for name, config := range map[string]ingress.Config{
		"1.12": {App: "kubernetes-worker", Cluster: version(t, "1.12.10"), Arch: "amd64"},
		"1.18": {App: "kubernetes-worker", Cluster: version(t, "1.18.19"), Arch: "amd64", ChainCompletion: true},
		"1.36": {App: "kubernetes-worker", Cluster: version(t, "1.36.3"), Arch: "amd64"},
	} {
		text, err := json.MarshalIndent(config.Objects(), "", "  ")
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

// images are those of the workloads.
func images(objects []kube.Object) string {
	var all []string
	for _, o := range objects {
		var workload struct {
			Spec struct {
				Template struct {
					Spec struct{ Containers []struct{ Image string } }
				}
			}
		}
		text, _ := json.Marshal(map[string]any(o))
		if json.Unmarshal(text, &workload) == nil {
			for _, c := range workload.Spec.Template.Spec.Containers {
				all = append(all, c.Image)
			}
		}
	}
	return strings.Join(all, " ")
}

func TestImagesFollowReleaseArchitectureAndRegistry(t *testing.T) {
	for _, c := range []struct {
		release, arch, registry, image, backend string
		want                                    string
	}{
		{"1.12.0", "amd64", "", "", "", "registry.k8s.io/defaultbackend-amd64:1.5 quay.io/kubernetes-ingress-controller/nginx-ingress-controller:0.21.0"},
		{"1.13.9", "arm64", "", "", "", "registry.k8s.io/defaultbackend-arm64:1.5 quay.io/kubernetes-ingress-controller/nginx-ingress-controller-arm64:0.21.0"},
		{"1.13.9", "s390x", "r.test/cdk", "", "", "r.test/cdk/defaultbackend-s390x:1.4 r.test/cdk/kubernetes-ingress-controller/nginx-ingress-controller-s390x:0.21.0"},
		{"1.12.0", "ppc64el", "", "", "", "registry.k8s.io/defaultbackend-ppc64le:1.5 quay.io/kubernetes-ingress-controller/nginx-ingress-controller-ppc64le:0.21.0"},
		{"1.14.0", "amd64", "", "", "", "registry.k8s.io/defaultbackend-amd64:1.5 registry.k8s.io/ingress-nginx/controller:v0.41.2"},
		{"1.18.20", "arm64", "", "", "", "registry.k8s.io/defaultbackend-arm64:1.5 registry.k8s.io/ingress-nginx/controller:v0.41.2"},
		{"1.19.0", "amd64", "", "", "", "registry.k8s.io/ingress-nginx/controller:v1.2.1"},
		{"1.21.9", "amd64", "", "", "", "registry.k8s.io/ingress-nginx/controller:v1.3.1"},
		{"1.22.0", "amd64", "", "", "", "registry.k8s.io/ingress-nginx/controller:v1.4.0"},
		{"1.27.0", "amd64", "", "", "", "registry.k8s.io/ingress-nginx/controller:v1.11.8"},
		{"1.36.0", "amd64", "r.test:5000", "", "", "r.test:5000/ingress-nginx/controller:v1.15.1"},
		{"1.40.0", "amd64", "", "", "", "registry.k8s.io/ingress-nginx/controller:v1.15.1"},
		{"1.12.0", "amd64", "r.test", "mine:1", "its:2", "its:2 mine:1"},
		{"1.36.0", "amd64", "r.test", "mine:1", "its:2", "its:2 mine:1"},
	} {
		got := images(ingress.Config{App: "w", Cluster: version(t, c.release), Arch: c.arch, Registry: c.registry, Image: c.image, BackendImage: c.backend}.Objects())
		if got != c.want {
			t.Errorf("%s on %s: %s\nwant %s", c.release, c.arch, got, c.want)
		}
	}
}

// On servers of all generations every object is accepted in the form that the server has, and once made needs nothing.
func TestOldServersTakeTheObjectsOnce(t *testing.T) {
	for _, release := range []string{"v1.12.10", "v1.16.15", "v1.18.19", "v1.20.15", "v1.22.17", "v1.25.16"} {
		store, err := kubetest.Load("../kube/testdata/discovery/" + release + ".json")
		if err != nil {
			t.Fatal(err)
		}
		client := store.Serve(t)
		ctx := context.Background()
		found, err := client.Version(ctx)
		if err != nil {
			t.Fatal(err)
		}
		objects := client.Objects(ingress.Owner("w"))
		all := ingress.Config{App: "w", Cluster: found, Arch: "amd64"}.Objects()
		for _, changed := range []bool{true, false} {
			for _, o := range all {
				applied, err := objects.Apply(ctx, o)
				if err != nil || applied.Changed != changed {
					t.Errorf("%s: %s changed %v, %v", release, o, applied.Changed, err)
				}
			}
		}
		for _, kind := range ingress.Kinds() {
			if _, err := objects.DeleteAll(ctx, []string{kind}); err != nil {
				t.Errorf("%s: %v", release, err)
			}
		}
		if left := store.Paths(); !slices.Equal(left, []string{"/api/v1/namespaces/ingress-nginx-w"}) {
			t.Errorf("%s: left are %q", release, left)
		}
	}
}

func TestOnlyTheEarlierCharmsObjectsAreTaken(t *testing.T) {
	adopt := ingress.Adopt("w")
	const by = `"annotations":{"kubectl.kubernetes.io/last-applied-configuration":"{}"}`
	for _, c := range []struct {
		name, text string
		want       bool
	}{
		{"one with its label", `{"kind":"ConfigMap","metadata":{"name":"tcp-services-w","labels":{"cdk-w-ingress":"true"},` + by + `}}`, true},
		{"one with its label that kubectl did not apply", `{"kind":"ConfigMap","metadata":{"name":"tcp-services-w","labels":{"cdk-w-ingress":"true"}}}`, false},
		{"another application's", `{"kind":"ConfigMap","metadata":{"name":"tcp-services-w","labels":{"cdk-v-ingress":"true"},` + by + `}}`, false},
		{"an old name", `{"kind":"Role","metadata":{"name":"nginx-ingress-w-role","namespace":"default",` + by + `}}`, true},
		{"an old name elsewhere", `{"kind":"Role","metadata":{"name":"nginx-ingress-w-role","namespace":"mine",` + by + `}}`, false},
		{"the old backend", `{"kind":"ReplicationController","metadata":{"name":"default-http-backend","namespace":"default",` + by + `},"spec":{"selector":{"app":"default-http-backend"}}}`, true},
		{"its service", `{"kind":"Service","metadata":{"name":"default-http-backend","namespace":"default","labels":{"k8s-app":"default-http-backend"},` + by + `},"spec":{"selector":{"app":"default-http-backend"}}}`, true},
		{"a user's service of that name", `{"kind":"Service","metadata":{"name":"default-http-backend","namespace":"default",` + by + `},"spec":{"selector":{"app":"mine"}}}`, false},
		{"a controller of a user", `{"kind":"ReplicationController","metadata":{"name":"nginx-ingress-controller","namespace":"default",` + by + `},"spec":{"selector":{"mine":"1"}}}`, false},
	} {
		var o kube.Object
		if err := json.Unmarshal([]byte(c.text), &o); err != nil {
			t.Fatal(err)
		}
		if got := adopt(o); got != c.want {
			t.Errorf("%s: %v", c.name, got)
		}
	}
}
