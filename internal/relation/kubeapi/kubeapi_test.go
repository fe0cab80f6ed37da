package kubeapi_test

import (
	"net/url"
	"reflect"
	"slices"
	"strings"
	"testing"

	"kubernetes-worker/internal/relation"
	"kubernetes-worker/internal/relation/kubeapi"
	"kubernetes-worker/internal/relation/relationtest"
)

func TestDecodeOfRecordedBags(t *testing.T) {
	for _, c := range relationtest.Cases(t) {
		t.Run(c.Name, func(t *testing.T) {
			urls, problems := kubeapi.Decode(c.Relations)
			c.Check(t, urls, problems)
		})
	}
}

const good = "https://10.0.0.8:6443"

// behind puts one value into a unit that comes before a good one.
func behind(key, value string) []relation.Relation {
	return []relation.Relation{{ID: "kube-api-endpoint:1", Endpoint: "kube-api-endpoint", App: "cp", Units: []relation.Unit{
		{Name: "cp/0", Data: relation.Bag{"port": "6443", key: value}},
		{Name: "cp/1", Data: relation.Bag{"hostname": "10.0.0.8", "port": "6443"}},
	}}}
}

func TestJunkHidesNothingAndIsNotTold(t *testing.T) {
	for description, value := range relationtest.Junk() {
		for _, key := range []string{"hostname", "private-address", "ingress-address", "port", "extended_data"} {
			urls, problems := kubeapi.Decode(behind(key, value))
			if !reflect.DeepEqual(urls, []string{good}) {
				t.Errorf("%s in %s gives %.100q", description, key, urls)
			}
			for _, p := range problems {
				if p.Key != key || p.Unit != "cp/0" || p.Endpoint != "kube-api-endpoint" || strings.Contains(p.Reason, "hunter2") {
					t.Errorf("%s in %s: %s", description, key, p)
				}
			}
			if strings.TrimSpace(value) != "" && (len(problems) == 0 || len(problems) > 3) {
				t.Errorf("%s in %s gives %d problems", description, key, len(problems))
			}
		}
	}
}

func FuzzDecode(f *testing.F) {
	f.Add("hostname", "fd00::1")
	f.Add("port", "443")
	f.Add("private-address", "[::1]:6443")
	f.Add("extended_data", `[{"hostname": "10.0.0.100", "private-address": "10.0.0.7", "port": 6443}]`)
	f.Fuzz(func(t *testing.T, key, value string) {
		urls, problems := kubeapi.Decode(behind(key, value))
		relationtest.NoLeak(t, problems, value)
		if !slices.Contains(urls, good) || !slices.IsSorted(urls) || len(slices.Compact(slices.Clone(urls))) != len(urls) {
			t.Errorf("URLs %q", urls)
		}
		for _, text := range urls {
			u, err := url.Parse(text)
			if err != nil || u.Scheme != "https" || u.User != nil || u.Path != "" || u.Hostname() == "" || u.Port() == "" || u.String() != text {
				t.Errorf("%q is let through", text)
			}
		}
	})
}
