package certificates_test

import (
	"bytes"
	"crypto/tls"
	"crypto/x509"
	"reflect"
	"strings"
	"testing"
	"time"

	"kubernetes-worker/internal/relation"
	"kubernetes-worker/internal/relation/certificates"
	"kubernetes-worker/internal/relation/relationtest"
)

var request = certificates.Request{CommonName: "54.1.2.3", UnitName: "kubernetes-worker_0"}

// shown is the facts with names in the place of PEM texts.
func shown(f certificates.Facts) any {
	return struct {
		Joined                                           bool
		CA, ServerCert, ServerKey, ClientCert, ClientKey string
	}{f.Joined, named(string(f.CA)), named(string(f.ServerCert)), named(f.ServerKey.Reveal()), named(string(f.ClientCert)), named(f.ClientKey.Reveal())}
}

func TestDecodeOfRecordedBags(t *testing.T) {
	for _, c := range relationtest.Cases(t) {
		t.Run(c.Name, func(t *testing.T) {
			fill(c.Relations)
			now := issueDay.AddDate(1, 0, 0)
			if text := c.Input["now"]; text != "" {
				var err error
				if now, err = time.Parse(time.RFC3339, text); err != nil {
					t.Fatal(err)
				}
			}
			facts, problems := certificates.Decode(c.Relations, certificates.Request{CommonName: c.Input["cn"], UnitName: "kubernetes-worker/0"}, c.Own, now)
			c.Check(t, shown(facts), problems)
		})
	}
}

// keys are all those that Decode reads.
var keys = []string{
	"ca", "chain", "client.cert", "client.key", "kubernetes-worker_0.server.cert", "kubernetes-worker_0.server.key",
	"kubernetes-worker_0.processed_requests", "kubernetes-worker_0.processed_client_requests",
}

func goodBag() relation.Bag {
	bag := relation.Bag{
		"ca": "{ca}\n", "chain": "{chain}", "client.cert": "{client}", "client.key": "{client-key-pkcs8}",
		"kubernetes-worker_0.server.cert": "{server}", "kubernetes-worker_0.server.key": "{server-key}",
	}
	for key, value := range bag {
		bag[key] = filled(value)
	}
	return bag
}

// behind puts one value into a good bag that comes before another good one.
func behind(key, value string) []relation.Relation {
	spoiled := goodBag()
	spoiled[key] = value
	return []relation.Relation{{ID: "certificates:1", Endpoint: "certificates", App: "vault", Units: []relation.Unit{
		{Name: "vault/0", Data: spoiled}, {Name: "vault/1", Data: goodBag()},
	}}}
}

func TestJunkHidesNothingAndIsNotTold(t *testing.T) {
	now := issueDay.AddDate(1, 0, 0)
	want, problems := certificates.Decode(behind("x", "y"), request, nil, now)
	if len(problems) > 0 || len(want.CA) == 0 || want.ServerKey.Empty() || want.ClientKey.Empty() {
		t.Fatalf("%v: %+v", problems, shown(want))
	}
	for description, value := range relationtest.Junk() {
		for _, key := range keys {
			got, problems := certificates.Decode(behind(key, value), request, nil, now)
			if !reflect.DeepEqual(shown(got), shown(want)) {
				t.Errorf("%s in %s hides the good value: %+v", description, key, shown(got))
			}
			for _, p := range problems {
				pairKey := strings.TrimSuffix(key, ".key") + ".cert"
				if p.Key != key && p.Key != pairKey || p.Unit != "vault/0" || p.Endpoint != "certificates" || strings.Contains(p.Reason, "hunter2") {
					t.Errorf("%s in %s: %s", description, key, p)
				}
			}
			if len(problems) > 2 {
				t.Errorf("%s in %s gives %d problems", description, key, len(problems))
			}
		}
	}
}

func TestWhatIsWrongWithAPairIsSaid(t *testing.T) {
	for _, c := range []struct{ cert, key, want string }{
		{"{server}", "{other-key}", "do not belong together"},
		{"{server}", "{server}", "holds no private key"},
		{"{server}", "-----BEGIN PRIVATE KEY-----\naHVudGVyMg==\n-----END PRIVATE KEY-----\n", "private key cannot be parsed"},
		{"{server-key}", "{server-key}", "holds a private key where"},
		{"hunter2", "{server-key}", "holds no certificate"},
		{"-----BEGIN CERTIFICATE-----\naHVudGVyMg==\n-----END CERTIFICATE-----\n", "{server-key}", "cannot be parsed"},
		{"{server}", "", "certificate without its private key"},
		{" ", "{server-key}", "private key without its certificate"},
	} {
		rels := []relation.Relation{{ID: "certificates:1", Units: []relation.Unit{{Name: "easyrsa/0", Data: relation.Bag{
			"kubernetes-worker_0.server.cert": filled(c.cert), "kubernetes-worker_0.server.key": filled(c.key),
		}}}}}
		facts, problems := certificates.Decode(rels, request, nil, issueDay.AddDate(1, 0, 0))
		if facts.ServerCert != nil || !facts.ServerKey.Empty() || len(problems) != 1 || !strings.Contains(problems[0].Reason, c.want) {
			t.Errorf("%.30q with %.30q: %v, want %q", c.cert, c.key, problems, c.want)
		}
	}
}

func TestDecodeCAWantsTheCertificateOfAnAuthorityAlone(t *testing.T) {
	ca, reason := certificates.DecodeCA(filled("{ca}"))
	if reason != "" || string(ca) != filled("{ca}")+"\n" {
		t.Errorf("DecodeCA() = %q, %q", ca, reason)
	}
	for _, bad := range []string{"", "hunter2", "{ca}\n{server-key}", "{server}"} {
		if ca, reason := certificates.DecodeCA(filled(bad)); ca != nil || reason == "" {
			t.Errorf("DecodeCA(%q) = %q, %q", bad, ca, reason)
		}
	}
}

func FuzzDecode(f *testing.F) {
	for key, value := range goodBag() {
		f.Add(key, value)
	}
	f.Add("kubernetes-worker_0.processed_requests", filled(`{"54.1.2.3": {"cert": "{server}", "key": "{server-key}"}}`))
	f.Add("kubernetes-worker_0.processed_client_requests", `{"system:kubelet": {"cert": 7, "key": null}}`)
	f.Fuzz(func(t *testing.T, key, value string) {
		facts, problems := certificates.Decode(behind(key, value), request, nil, issueDay.AddDate(1, 0, 0))
		relationtest.NoLeak(t, problems, value)
		if !bytes.HasSuffix(facts.CA, []byte("\n")) || !x509.NewCertPool().AppendCertsFromPEM(facts.CA) {
			t.Errorf("CA %q", facts.CA)
		}
		if _, err := tls.X509KeyPair(facts.ServerCert, []byte(facts.ServerKey.Reveal())); err != nil {
			t.Error(err)
		}
		if _, err := tls.X509KeyPair(facts.ClientCert, []byte(facts.ClientKey.Reveal())); err != nil {
			t.Error(err)
		}
	})
}

func BenchmarkDecode(b *testing.B) {
	rels := behind("x", "y")
	for b.Loop() {
		certificates.Decode(rels, request, nil, issueDay)
	}
}
