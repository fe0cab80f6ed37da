package kube_test

import (
	"context"
	"encoding/json"
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"kubernetes-worker/internal/kube"
)

var update = flag.Bool("update", false, "write golden files")

// The golden file shows what each release gives for each kind, to be read by people too.
func TestEachReleaseKeepsEachKindWhereItsListsSay(t *testing.T) {
	var b strings.Builder
	for _, release := range releases {
		s := serveRelease(t, release)
		c := s.client(t)
		version, err := c.Version(context.Background())
		if err != nil || "v"+version.String() != release {
			t.Errorf("%s: version %v, %v", release, version, err)
		}
		fmt.Fprintln(&b, release)
		for _, kind := range append(kube.KindNames(), "Eviction") {
			r, err := c.Resolve(context.Background(), kind)
			switch {
			case kube.KindOf(err) == kube.Unserved:
				fmt.Fprintf(&b, "  %-22s not served\n", kind)
			case err != nil:
				t.Errorf("%s: %v", release, err)
			default:
				fmt.Fprintf(&b, "  %-22s %-33s %s\n", kind, r.APIVersion, r.Path("NAMESPACE", "NAME"))
			}
		}
	}
	golden(t, "resolved.txt", b.String())
}

func golden(t *testing.T, name, got string) {
	t.Helper()
	file := filepath.Join("testdata", name)
	if *update {
		if err := os.WriteFile(file, []byte(got), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(file)
	if err != nil || string(want) != got {
		t.Errorf("%s differs (%v); got:\n%s", file, err, got)
	}
}

func TestDiscoveryIsAskedOnceAndOnlyForWhatIsNeeded(t *testing.T) {
	for release, want := range map[string][]string{
		"v1.12.10": {"GET /apis", "GET /apis/extensions/v1beta1", "GET /apis/networking.k8s.io/v1", "GET /apis/apps/v1"},
		"v1.28.15": {"GET /apis"},
	} {
		s := serveRelease(t, release)
		c := s.client(t)
		for range 2 {
			for _, kind := range []string{"Ingress", "IngressClass", "DaemonSet", "Deployment"} {
				if _, err := c.Resolve(context.Background(), kind); err != nil && kube.KindOf(err) != kube.Unserved {
					t.Error(err)
				}
			}
		}
		got := s.requests()
		slices.Sort(got)
		slices.Sort(want)
		if !slices.Equal(got, want) {
			t.Errorf("%s was asked %q, want %q", release, got, want)
		}
	}
}

func TestServerThatRefusesToBeAskedForTheNewFormIsAskedForTheOldOne(t *testing.T) {
	s := serveRelease(t, "v1.16.15")
	s.NotAcceptable = true
	if r, err := s.client(t).Resolve(context.Background(), "Ingress"); err != nil || r.APIVersion != "networking.k8s.io/v1beta1" {
		t.Errorf("%+v, %v", r, err)
	}
}

// Groups of other servers, such as the metrics', may be away.
func TestBrokenGroupMattersOnlyToItsOwnKinds(t *testing.T) {
	ctx := context.Background()
	for _, release := range []string{"v1.20.15", "v1.28.15"} {
		s := serveRelease(t, release)
		s.Documents["/apis"] = json.RawMessage(strings.Replace(string(s.Documents["/apis"]), `"groups":[`,
			`"groups":[{"name":"metrics.k8s.io","versions":[{"groupVersion":"metrics.k8s.io/v1beta1","version":"v1beta1"}]},`, 1))
		if document, ok := s.Aggregated["/apis"]; ok {
			s.Aggregated["/apis"] = json.RawMessage(strings.Replace(string(document), `"items":[`,
				`"items":[{"metadata":{"name":"metrics.k8s.io"},"versions":[{"version":"v1beta1","freshness":"Stale"}]},`, 1))
		}
		s.Broken["/apis/metrics.k8s.io/v1beta1"] = 503
		for _, kind := range kube.KindNames() {
			if _, err := s.client(t).Resolve(ctx, kind); err != nil {
				t.Errorf("%s: %v", release, err)
			}
		}
	}

	s := serveRelease(t, "v1.20.15")
	s.Broken["/apis/networking.k8s.io/v1"] = 503
	c := s.client(t)
	if r, err := c.Resolve(ctx, "DaemonSet"); err != nil || r.APIVersion != "apps/v1" {
		t.Errorf("%+v, %v", r, err)
	}
	// The next form will do.
	if r, err := c.Resolve(ctx, "Ingress"); err != nil || r.APIVersion != "networking.k8s.io/v1beta1" {
		t.Errorf("%+v, %v", r, err)
	}
	s.Broken["/apis/networking.k8s.io/v1beta1"], s.Broken["/apis/extensions/v1beta1"] = 503, 503
	_, err := s.client(t).Resolve(ctx, "Ingress")
	if kube.KindOf(err) != kube.Unreachable || !strings.HasPrefix(err.Error(), "cannot get list of resources of extensions/v1beta1: no API server answers: ") {
		t.Errorf("a kind whose lists are away is not a kind that is not there: %v", err)
	}
}

func TestStaleGroupIsAskedForByItself(t *testing.T) {
	s := serveRelease(t, "v1.28.15")
	s.Aggregated["/apis"] = json.RawMessage(`{"kind":"APIGroupDiscoveryList","items":[{"metadata":{"name":"apps"},"versions":[{"version":"v1","freshness":"Stale"}]}]}`)
	if r, err := s.client(t).Resolve(context.Background(), "Deployment"); err != nil || r.Plural != "deployments" {
		t.Errorf("%+v, %v", r, err)
	}
}

func TestKindThatTheCharmDoesNotListIsAMistake(t *testing.T) {
	s := serveRelease(t, "v1.28.15")
	if _, err := s.client(t).Resolve(context.Background(), "Job"); err == nil || err.Error() != `cannot resolve kind "Job": the charm does not list it` {
		t.Error(err)
	}
}

func TestAnswersThatAreNoListsAreRefused(t *testing.T) {
	for name, body := range map[string]string{
		"other object": `{"kind":"Status"}`,
		"wrong types":  `{"kind":"APIGroupList","groups":[{"name":1}]}`,
		"no object":    `{"kind":"APIGroupList"`,
	} {
		if _, err := kube.DecodeGroups([]byte(body)); err == nil {
			t.Errorf("%s: groups accepted", name)
		}
		body = strings.NewReplacer("APIGroupList", "APIResourceList", "groups", "resources").Replace(body)
		if _, err := kube.DecodeResources([]byte(body)); err == nil {
			t.Errorf("%s: resources accepted", name)
		}
	}
	s := serve(t, answer(200, "application/json", `{"gitVersion":"new"}`))
	if v, err := newClient(t, 0, caOf(s), s.URL).Version(context.Background()); err == nil || !v.IsZero() {
		t.Errorf("%v, %v", v, err)
	}
}

func FuzzDiscovery(f *testing.F) {
	for _, release := range []string{"v1.12.10", "v1.28.15"} {
		text, err := os.ReadFile(filepath.Join("testdata/discovery", release+".json"))
		if err != nil {
			f.Fatal(err)
		}
		var recording struct{ Documents, Aggregated map[string]json.RawMessage }
		if err := json.Unmarshal(text, &recording); err != nil {
			f.Fatal(err)
		}
		f.Add([]byte(recording.Documents["/apis"]))
		f.Add([]byte(recording.Documents["/apis/apps/v1"]))
		f.Add([]byte(recording.Aggregated["/apis"]))
	}
	f.Add([]byte(`{"kind":"APIGroupDiscoveryList","items":[{"versions":[{}]}]}`))
	f.Fuzz(func(t *testing.T, body []byte) {
		groups, err := kube.DecodeGroups(body)
		for _, name := range groups {
			if group, version, found := strings.Cut(name, "/"); err != nil || !found || group == "" || version == "" {
				t.Errorf("apiVersion %q, %v", name, err)
			}
		}
		if names, err := kube.DecodeResources(body); err != nil && len(names) > 0 {
			t.Errorf("%q with %v", names, err)
		}
	})
}
