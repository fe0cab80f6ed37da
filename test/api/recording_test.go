package api

import (
	"context"
	"encoding/json"
	"os"
	"reflect"
	"strings"
	"testing"

	"kubernetes-worker/internal/kube"
	"kubernetes-worker/internal/kubeversion"
)

// recordingIsTrue holds the recording, with which the unit tests work, to what the real server says.
func recordingIsTrue(t *testing.T, c *cluster, version kubeversion.Version) {
	text, err := os.ReadFile("../../internal/kube/testdata/discovery/v" + version.String() + ".json")
	if err != nil {
		t.Fatal(err)
	}
	var recording struct{ Documents, Aggregated map[string]json.RawMessage }
	if err := json.Unmarshal(text, &recording); err != nil {
		t.Fatal(err)
	}
	for path, recorded := range recording.Documents {
		if path == "/apis" || path == "/version" {
			continue
		}
		_, real := c.request(0, "GET", path, "admin", nil)
		if got, want := resources(t, real), resources(t, recorded); !reflect.DeepEqual(got, want) {
			t.Errorf("%s: the server says\n%v, recorded\n%v", path, got, want)
		}
	}
	if recording.Aggregated == nil {
		return
	}
	body, err := c.as(t, "admin").Send(context.Background(), kube.Request{Verb: "GET", Path: "/apis",
		Accept: "application/json;g=apidiscovery.k8s.io;v=v2;as=APIGroupDiscoveryList"})
	if err != nil {
		t.Fatal(err)
	}
	real := aggregated(t, body)
	for group, want := range aggregated(t, recording.Aggregated["/apis"]) {
		if !reflect.DeepEqual(real[group], want) {
			t.Errorf("%s: the server says\n%v, recorded\n%v", group, real[group], want)
		}
	}
}

// groups is how many lists a server is asked for that does not tell all at once: one for each group of what is wanted.
func groups(t *testing.T, c *cluster) int {
	t.Helper()
	body, err := c.as(t, "admin").Send(context.Background(), kube.Request{Verb: "GET", Path: "/apis",
		Accept: "application/json;g=apidiscovery.k8s.io;v=v2;as=APIGroupDiscoveryList,application/json"})
	if err != nil {
		t.Fatal(err)
	}
	if strings.Contains(string(body), "APIGroupDiscoveryList") {
		return 0
	}
	return 6 // apps, rbac, networking, storage, and of policy two versions
}

type recordedResource struct {
	Name, Kind, Group, Version string
	Namespaced                 bool
	Verbs                      []string
}

func resources(t *testing.T, text []byte) []recordedResource {
	t.Helper()
	var list struct{ Resources []recordedResource }
	if err := json.Unmarshal(text, &list); err != nil || len(list.Resources) == 0 {
		t.Fatalf("%.100s: %v", text, err)
	}
	return list.Resources
}

// aggregated gives the versions of each group with the resources that can be created.
func aggregated(t *testing.T, text []byte) map[string][]string {
	t.Helper()
	var list struct {
		Kind  string
		Items []struct {
			Metadata struct{ Name string }
			Versions []struct {
				Version, Freshness string
				Resources          []struct {
					Resource, Scope string
					ResponseKind    struct{ Kind string }
					Verbs           []string
				}
			}
		}
	}
	if err := json.Unmarshal(text, &list); err != nil || list.Kind != "APIGroupDiscoveryList" {
		t.Fatalf("%.100s: %v", text, err)
	}
	groups := map[string][]string{}
	for _, item := range list.Items {
		for _, v := range item.Versions {
			for _, r := range v.Resources {
				groups[item.Metadata.Name] = append(groups[item.Metadata.Name], strings.Join([]string{v.Version, v.Freshness, r.Resource, r.Scope, r.ResponseKind.Kind, strings.Join(r.Verbs, ",")}, " "))
			}
		}
	}
	return groups
}
