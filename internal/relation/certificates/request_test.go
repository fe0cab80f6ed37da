package certificates_test

import (
	"encoding/json"
	"net/netip"
	"reflect"
	"slices"
	"testing"

	"kubernetes-worker/internal/relation"
	"kubernetes-worker/internal/relation/certificates"
)

func TestEncodeChangesNoMoreThanTheRequestDid(t *testing.T) {
	const client = `{"system:kubelet": {"sans": null}}`
	r := certificates.Request{CommonName: "54.1.2.3", SANs: []string{"worker", "10.0.0.5", "worker"}, UnitName: "kubernetes-worker/0"}
	for sentence, c := range map[string]struct {
		request   certificates.Request
		own, want relation.Bag
	}{
		"the first request": {r, nil, relation.Bag{
			"common_name": "54.1.2.3", "sans": `["10.0.0.5", "worker"]`, "certificate_name": "kubernetes-worker_0",
		}},
		"other names replace those published": {r, relation.Bag{"common_name": "54.1.2.3", "sans": `["10.0.0.6"]`, "certificate_name": "9f3c"}, relation.Bag{
			"common_name": "54.1.2.3", "sans": `["10.0.0.5", "worker"]`, "certificate_name": "9f3c",
		}},
		"the same names in another order stay": {r, relation.Bag{"common_name": "54.1.2.3", "sans": `["worker","10.0.0.5"]`}, relation.Bag{
			"common_name": "54.1.2.3", "sans": `["worker","10.0.0.5"]`, "certificate_name": "kubernetes-worker_0",
		}},
		"names that are no list are replaced": {r, relation.Bag{"common_name": "54.1.2.3", "sans": `["worker", 7]`}, relation.Bag{
			"common_name": "54.1.2.3", "sans": `["10.0.0.5", "worker"]`, "certificate_name": "kubernetes-worker_0",
		}},
		"another address leaves the first request alone": {r, relation.Bag{"common_name": "54.9.9.9", "sans": `["x"]`, "certificate_name": "9f3c"}, relation.Bag{
			"cert_requests": `{"54.1.2.3": {"sans": ["10.0.0.5", "worker"]}}`,
		}},
		"a third address joins the second": {r, relation.Bag{"common_name": "54.9.9.9", "cert_requests": `{"54.8.8.8": {"sans": ["b", "a"]}}`}, relation.Bag{
			"cert_requests": `{"54.1.2.3": {"sans": ["10.0.0.5", "worker"]}, "54.8.8.8": {"sans": ["b", "a"]}}`,
		}},
		"a further request with the same names stays": {r, relation.Bag{"common_name": "54.9.9.9", "cert_requests": `{"54.1.2.3": {"sans": ["worker", "10.0.0.5"]}}`}, relation.Bag{
			"cert_requests": `{"54.1.2.3": {"sans": ["worker", "10.0.0.5"]}}`,
		}},
		"further requests that are no object are replaced": {r, relation.Bag{"common_name": "54.9.9.9", "cert_requests": `[1]`}, relation.Bag{
			"cert_requests": `{"54.1.2.3": {"sans": ["10.0.0.5", "worker"]}}`,
		}},
		"without an address there is no server request":           {certificates.Request{UnitName: "kubernetes-worker_0"}, relation.Bag{"common_name": "x"}, relation.Bag{}},
		"without names the list is empty":                         {certificates.Request{CommonName: "x", UnitName: "kubernetes-worker_0"}, nil, relation.Bag{"common_name": "x", "sans": "[]", "certificate_name": "kubernetes-worker_0"}},
		"without names an empty list is not the same as no entry": {certificates.Request{CommonName: "x", UnitName: "kubernetes-worker_0"}, relation.Bag{"common_name": "y"}, relation.Bag{"cert_requests": `{"x": {"sans": []}}`}},
	} {
		c.want["unit_name"], c.want["client_cert_requests"] = "kubernetes-worker_0", client
		got := c.request.Encode(c.own)
		if !reflect.DeepEqual(got, c.want) {
			t.Errorf("%s: Encode() = %v, want %v", sentence, got, c.want)
		}
		published := relation.Bag{}
		for _, bag := range []relation.Bag{c.own, got} {
			for key, value := range bag {
				published[key] = value
			}
		}
		if again := c.request.Encode(published); !reflect.DeepEqual(again, got) {
			t.Errorf("%s: a second time Encode() = %v, want %v", sentence, again, got)
		}
	}
}

func TestEncodeLeavesTheRequestAsItIs(t *testing.T) {
	sans := []string{"b", "a"}
	certificates.Request{CommonName: "x", SANs: sans}.Encode(nil)
	if !slices.Equal(sans, []string{"b", "a"}) {
		t.Errorf("SANs became %q", sans)
	}
}

func TestSANsAreValidSortedAndUnique(t *testing.T) {
	got := certificates.SANs("54.1.2.3", []string{"10.0.0.5", "54.1.2.3", "", "FD00::5", "x y"}, "juju-1a2b3c-4", "Juju-1a2b3c-4.lxd.")
	want := []string{"10.0.0.5", "127.0.0.1", "54.1.2.3", "fd00::5", "juju-1a2b3c-4", "juju-1a2b3c-4.lxd"}
	if !slices.Equal(got, want) {
		t.Errorf("SANs() = %q, want %q", got, want)
	}
	if got := certificates.SANs("", nil, "", ""); !slices.Equal(got, []string{"127.0.0.1"}) {
		t.Errorf("SANs() of nothing = %q", got)
	}
}

func FuzzEncode(f *testing.F) {
	f.Add("54.1.2.3", "54.9.9.9", `["a"]`, `{"54.1.2.3": {"sans": ["a"]}}`, "a")
	f.Add("", "x", `[`, `{"54.1.2.3": 7}`, "\xff")
	f.Fuzz(func(t *testing.T, cn, published, sans, requests, name string) {
		r := certificates.Request{CommonName: cn, SANs: []string{name, "127.0.0.1"}, UnitName: "kubernetes-worker_0"}
		bag := r.Encode(relation.Bag{"common_name": published, "sans": sans, "cert_requests": requests})
		_, top := bag["common_name"]
		if top != (cn != "" && (published == "" || published == cn)) {
			t.Errorf("top-level request %t for %q with %q published", top, cn, published)
		}
		for _, key := range []string{"sans", "cert_requests", "client_cert_requests"} {
			if text, ok := bag[key]; ok && !json.Valid([]byte(text)) {
				t.Errorf("%s is %q", key, text)
			}
		}
		for _, san := range certificates.SANs(cn, []string{published}, name, "") {
			if _, err := netip.ParseAddr(san); err != nil && !relation.Only(san, ".-_") {
				t.Errorf("%q is let through", san)
			}
		}
	})
}
