package kubecontrol_test

import (
	"encoding/json"
	"fmt"
	"reflect"
	"slices"
	"strings"
	"testing"

	"kubernetes-worker/internal/relation"
	"kubernetes-worker/internal/relation/kubecontrol"
	"kubernetes-worker/internal/relation/relationtest"
)

const user = "system:node:juju-1a2b3c-4"

func TestEncodeServesBothGenerations(t *testing.T) {
	r := kubecontrol.Request{User: user, Group: "system:nodes", Schemas: []int{0, 1}}
	want := relation.Bag{"kubelet_user": user, "auth_group": "system:nodes", "gpu": "False", "schema_vers": "[0, 1]"}
	if got := r.Encode(); !reflect.DeepEqual(got, want) {
		t.Errorf("Encode() = %v, want %v", got, want)
	}
	r.GPU, r.Schemas = true, nil
	want = relation.Bag{"kubelet_user": user, "auth_group": "system:nodes", "gpu": "True"}
	if got := r.Encode(); !reflect.DeepEqual(got, want) {
		t.Errorf("Encode() = %v, want %v", got, want)
	}
}

// shown is the facts with the tokens of the test readable.
func shown(f kubecontrol.Facts) any {
	c := f.Credentials
	return struct {
		kubecontrol.Facts
		Tokens [3]string
	}{f, [3]string{c.KubeletToken.Reveal(), c.ProxyToken.Reveal(), c.ClientToken.Reveal()}}
}

func TestDecodeOfRecordedBags(t *testing.T) {
	for _, c := range relationtest.Cases(t) {
		t.Run(c.Name, func(t *testing.T) {
			facts, problems := kubecontrol.Decode(c.Relations, c.Input["user"])
			c.Check(t, shown(facts), problems)
		})
	}
}

// keys are all those that Decode reads.
var keys = []string{"enable-kube-dns", "sdn-ip", "domain", "creds", "cluster-tag", "api-endpoints", "default-cni", "registry-location", "has-xcp", "cohort-keys", "ca-certificate-secret-id"}

func goodBag() relation.Bag {
	return relation.Bag{
		"enable-kube-dns": "True", "sdn-ip": "10.152.183.88", "domain": "cluster.local", "cluster-tag": "kubernetes-good",
		"creds":         `{"` + user + `": {"client_token": "aa11", "kubelet_token": "bb22", "proxy_token": "cc33"}}`,
		"api-endpoints": `["https://10.0.0.8:6443"]`, "default-cni": `"calico"`, "registry-location": "rocks.canonical.com/cdk",
		"has-xcp": "true", "cohort-keys": `{"kubelet": "good"}`, "ca-certificate-secret-id": "secret:cgp2k1fmp25c77q8g1cg",
	}
}

// behind puts one value into a unit that comes before a good one.
func behind(key, value string) []relation.Relation {
	return []relation.Relation{{ID: "kube-control:1", Endpoint: "kube-control", App: "cp", Units: []relation.Unit{
		{Name: "cp/0", Data: relation.Bag{key: value}}, {Name: "cp/1", Data: goodBag()},
	}}}
}

func TestJunkHidesNothingAndIsNotTold(t *testing.T) {
	want, problems := kubecontrol.Decode(behind("x", "y"), user)
	if len(problems) > 0 {
		t.Fatal(problems)
	}
	for description, value := range relationtest.Junk() {
		for _, key := range keys {
			if key == "registry-location" && !strings.Contains(value, "hunter2") {
				continue // numbers and addresses are names of registries or of their parts
			}
			got, problems := kubecontrol.Decode(behind(key, value), user)
			if !reflect.DeepEqual(shown(got), shown(want)) {
				t.Errorf("%s in %s hides the good value: %+v", description, key, shown(got))
			}
			for _, p := range problems {
				if p.Key != key || p.Unit != "cp/0" || p.Endpoint != "kube-control" || strings.Contains(p.Reason, "hunter2") {
					t.Errorf("%s in %s: %s", description, key, p)
				}
			}
			if len(problems) > 5 {
				t.Errorf("%s in %s gives %d problems", description, key, len(problems))
			}
			if strings.Contains(value, "hunter2 ") && key != "creds" && len(problems) == 0 {
				t.Errorf("%s in %s goes unnoticed", description, key)
			}
		}
	}
}

func TestTokensThatEndALineOrAHeaderAreRefused(t *testing.T) {
	for _, bad := range []string{"a\nb", "a\r", "a b", "a\x00", "a\x7f", "é", "\u2028", strings.Repeat("a", 1<<20)} {
		entry := map[string]string{"kubelet_token": bad, "proxy_token": "cc33", "client_token": "aa11"}
		creds, err := json.Marshal(map[string]any{user: entry})
		if err != nil {
			t.Fatal(err)
		}
		rels := []relation.Relation{{ID: "kube-control:1", Endpoint: "kube-control", Units: []relation.Unit{{Name: "cp/0", Data: relation.Bag{"creds": string(creds)}}}}}
		facts, problems := kubecontrol.Decode(rels, user)
		c := facts.Credentials
		if !c.Found || c.Complete() || !c.KubeletToken.Empty() || c.ProxyToken.Reveal() != "cc33" || len(problems) != 2 {
			t.Errorf("%.10q: token %t, complete %t, problems %v", bad, !c.KubeletToken.Empty(), c.Complete(), problems)
		}
		relationtest.NoLeak(t, problems, bad)
	}
}

func TestDecodeSecretTakesTheThreeTokens(t *testing.T) {
	c, problems := kubecontrol.DecodeSecret(map[string]string{"client-token": "aa11", "kubelet-token": "bb22", "proxy-token": "cc33", "endpoint": "kube-control"})
	if !c.Found || !c.Complete() || c.KubeletToken.Reveal() != "bb22" || c.ProxyToken.Reveal() != "cc33" || c.ClientToken.Reveal() != "aa11" || problems != nil {
		t.Errorf("complete %t, problems %v", c.Complete(), problems)
	}
	c, problems = kubecontrol.DecodeSecret(map[string]string{"kubelet-token": "bb22", "proxy-token": "hunter2\nhunter2"})
	if !c.Found || c.Complete() || c.KubeletToken.Reveal() != "bb22" || len(problems) != 2 || strings.Contains(fmt.Sprint(problems), "hunter2") {
		t.Errorf("complete %t, problems %v", c.Complete(), problems)
	}
	if c, problems = kubecontrol.DecodeSecret(nil); c.Found || len(problems) != 3 {
		t.Errorf("found %t, problems %v", c.Found, problems)
	}
}

func TestSecretNamesAreThoseOfJuju(t *testing.T) {
	for text, want := range map[string]bool{
		"secret:cgp2k1fmp25c77q8g1cg": true, "cgp2k1fmp25c77q8g1cg": true, "secret://0b8b6e3c-0c39-4c3e-8f0f-8a3f0f6f2a11/cgp2k1fmp25c77q8g1cg": true,
		"//model/cgp2k1fmp25c77q8g1cg": false, "secret:": false, "secret://cgp2k1fmp25c77q8g1cg": false, "--refresh=cgp2k1fmp25c77q8g1cg": false,
		"secret:cgp2k1fmp25c77q8g1cg --peek": false, "secret:../cgp2k1fmp25c77q8g1cg": false, "secret:///cgp2k1fmp25c77q8g1cg": false,
	} {
		rels := []relation.Relation{{Units: []relation.Unit{{Name: "cp/0", Data: relation.Bag{"ca-certificate-secret-id": text}}}}}
		facts, problems := kubecontrol.Decode(rels, user)
		if (facts.CASecretID == text) != want || (len(problems) == 0) != want {
			t.Errorf("%q: CASecretID %q, problems %v", text, facts.CASecretID, problems)
		}
	}
}

func TestRegistryLocationsArePrefixesOfImageNames(t *testing.T) {
	for text, want := range map[string]string{
		"rocks.canonical.com:443/cdk": "rocks.canonical.com:443/cdk", "registry.k8s.io/": "registry.k8s.io", "cdk": "cdk",
		"10.0.0.9:5000": "10.0.0.9:5000", "[fd00::5]:5000/a/b": "[fd00::5]:5000/a/b", " localhost:32000 ": "localhost:32000",
		"https://x/cdk": "", "a b": "", "a//b": "", "/a": "", "host:0/x": "", "host:/x": "", "a/b:5000": "", "a/.b": "", "a/B": "", "fd00::5/x": "", "u@h/x": "", "a\nb": "",
	} {
		rels := []relation.Relation{{Units: []relation.Unit{{Name: "cp/0", Data: relation.Bag{"registry-location": text}}}}}
		facts, problems := kubecontrol.Decode(rels, user)
		if facts.RegistryLocation != want || (len(problems) == 0) != (want != "") {
			t.Errorf("%q: RegistryLocation %q, problems %v", text, facts.RegistryLocation, problems)
		}
	}
}

func FuzzDecode(f *testing.F) {
	for key, value := range goodBag() {
		f.Add(key, value)
	}
	f.Add("creds", `{"`+user+`": {"secret-id": "secret:cgp2k1fmp25c77q8g1cg", "kubelet_token": "\n"}}`)
	f.Add("api-endpoints", `["https://[::1]:6443", "https://a:b@c"]`)
	f.Fuzz(func(t *testing.T, key, value string) {
		facts, problems := kubecontrol.Decode(behind(key, value), user)
		relationtest.NoLeak(t, problems, value)
		c := facts.Credentials
		if !facts.Connected || !facts.DNSKnown || facts.Domain == "" || !c.Complete() && c.SecretID == "" {
			t.Errorf("good values are lost: %+v", facts)
		}
		if !slices.Contains(facts.APIEndpoints, "https://10.0.0.8:6443") || !slices.IsSorted(facts.APIEndpoints) {
			t.Errorf("API endpoints %q", facts.APIEndpoints)
		}
		texts := append([]string{facts.Domain, facts.ClusterTag, facts.DefaultCNI, facts.RegistryLocation, facts.CASecretID, c.Scope, c.SecretID,
			c.KubeletToken.Reveal(), c.ProxyToken.Reveal(), c.ClientToken.Reveal()}, append(facts.DNSAddress, facts.APIEndpoints...)...)
		for name, cohort := range facts.CohortKeys {
			texts = append(texts, name, cohort)
		}
		for _, text := range texts {
			if strings.HasPrefix(text, "--") || strings.ContainsFunc(text, func(r rune) bool { return r <= ' ' || r > '~' }) {
				t.Errorf("%q is let through", text)
			}
		}
	})
}
