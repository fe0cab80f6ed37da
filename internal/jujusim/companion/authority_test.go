package companion

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"encoding/pem"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"kubernetes-worker/internal/relation"
)

func asking(more ...string) Peer {
	p := Peer{Name: "worker/0", Data: map[string]string{
		"common_name": "54.1.2.3", "sans": `["54.1.2.3", "10.0.0.5", "node-1"]`, "certificate_name": "worker_0",
	}}
	for i := 0; i+1 < len(more); i += 2 {
		p.Data[more[i]] = more[i+1]
	}
	return p
}

// verify checks that a certificate is the key's, of that authority, and good for the use and the name.
func verify(t *testing.T, ca, cert, key string, use x509.ExtKeyUsage, name string) *x509.Certificate {
	t.Helper()
	pair, err := tls.X509KeyPair([]byte(cert), []byte(key))
	if err != nil {
		t.Fatal("certificate and key:", err)
	}
	leaf, err := x509.ParseCertificate(pair.Certificate[0])
	if err != nil {
		t.Fatal(err)
	}
	roots := x509.NewCertPool()
	if !roots.AppendCertsFromPEM([]byte(ca)) {
		t.Fatal("the authority is no certificate")
	}
	if _, err := leaf.Verify(x509.VerifyOptions{Roots: roots, KeyUsages: []x509.ExtKeyUsage{use}, DNSName: name}); err != nil {
		t.Fatal(err)
	}
	return leaf
}

func TestTheAuthoritySignsWhatIsAskedFor(t *testing.T) {
	w := world(t, "easyrsa", "client", 1, nil, asking(
		"unit_name", "other_0", "client_cert_requests", `{"system:kubelet": {"sans": null}}`, "cert_requests", `{"10.9.9.9": {"sans": ["10.9.9.9"]}}`))
	bag := reconcile(t, "easyrsa", w).Bags[3]["it/0"]
	leaf := verify(t, bag["ca"], bag["other_0.server.cert"], bag["other_0.server.key"], x509.ExtKeyUsageServerAuth, "node-1")
	if err := leaf.VerifyHostname("10.0.0.5"); err != nil {
		t.Error(err)
	}
	if !strings.HasPrefix(bag["other_0.server.cert"], "Certificate:\n") {
		t.Error("the readable part is missing")
	}
	verify(t, bag["ca"], bag["client.cert"], bag["client.key"], x509.ExtKeyUsageClientAuth, "")
	for key, name := range map[string]string{"other_0.processed_client_requests": "system:kubelet", "other_0.processed_requests": "10.9.9.9"} {
		value, ok := relation.DecodeJSON(bag[key])
		answers, isMap := value.(map[string]any)
		if !ok || !isMap {
			t.Fatalf("%s is %q", key, bag[key])
		}
		answer := answers[name].(map[string]any)
		if leaf := verify(t, bag["ca"], answer["cert"].(string), answer["key"].(string), x509.ExtKeyUsageClientAuth, ""); leaf.Subject.CommonName != name {
			t.Errorf("%s is for %q", key, leaf.Subject.CommonName)
		}
	}
}

func TestTheOldWireKnowsOnlyWhatEasyrsaKnewThen(t *testing.T) {
	w := world(t, "easyrsa", "client", 1, map[string]string{"wire": "old"}, asking("unit_name", "other_0", "client_cert_requests", `{"x": {"sans": null}}`))
	bag := reconcile(t, "easyrsa", w).Bags[3]["it/0"]
	if bag["worker_0.server.cert"] == "" {
		t.Error("the answer is not under the unit's name")
	}
	for key := range bag {
		if strings.Contains(key, "client_requests") || strings.HasPrefix(key, "other_0") {
			t.Errorf("the old wire holds %s", key)
		}
	}
}

func TestAnswersStayTheSameUntilRenewed(t *testing.T) {
	w := world(t, "easyrsa", "client", 1, nil, asking())
	first := reconcile(t, "easyrsa", w).Bags[3]["it/0"]
	wantBag(t, reconcile(t, "easyrsa", w).Bags[3]["it/0"], first)

	w.Relations[0].Peers["it/0"][0].Data["sans"] = `["node-1", "54.1.2.3", "10.0.0.5"]`
	wantBag(t, reconcile(t, "easyrsa", w).Bags[3]["it/0"], first)

	w.Options["renew"] = "1"
	renewed := reconcile(t, "easyrsa", w).Bags[3]["it/0"]
	if renewed["ca"] != first["ca"] || renewed["worker_0.server.cert"] == first["worker_0.server.cert"] || renewed["client.cert"] == first["client.cert"] {
		t.Error("renewing did not change the certificates only")
	}
	w.Options["new-ca"] = "1"
	other := reconcile(t, "easyrsa", w).Bags[3]["it/0"]
	if other["ca"] == first["ca"] {
		t.Error("the authority is still the same")
	}
	verify(t, other["ca"], other["worker_0.server.cert"], other["worker_0.server.key"], x509.ExtKeyUsageServerAuth, "node-1")
}

func TestAnExistingAuthorityIsUsed(t *testing.T) {
	dir := t.TempDir()
	cert, key := filepath.Join(dir, "ca.crt"), filepath.Join(dir, "ca.key")
	if err := makeAuthority("theirs", cert, key); err != nil {
		t.Fatal(err)
	}
	w := world(t, "easyrsa", "client", 1, map[string]string{"ca-cert": cert, "ca-key": key}, asking())
	bag := reconcile(t, "easyrsa", w).Bags[3]["it/0"]
	text, err := os.ReadFile(cert)
	if err != nil {
		t.Fatal(err)
	}
	verify(t, string(text), bag["worker_0.server.cert"], bag["worker_0.server.key"], x509.ExtKeyUsageServerAuth, "node-1")
}

func TestJunkRequestsLeaveTheRestInPlace(t *testing.T) {
	w := world(t, "easyrsa", "client", 1, nil, asking("sans", "{junk", "cert_requests", "[1, 2]", "client_cert_requests", `{"ok": 5, "na\u00efve": {"sans": ["\u00ef"]}}`))
	bag := reconcile(t, "easyrsa", w).Bags[3]["it/0"]
	verify(t, bag["ca"], bag["worker_0.server.cert"], bag["worker_0.server.key"], x509.ExtKeyUsageServerAuth, "")
	if _, ok := bag["worker_0.processed_requests"]; ok {
		t.Error("junk was answered")
	}
}

func FuzzParseKey(f *testing.F) {
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		f.Fatal(err)
	}
	der, err := x509.MarshalECPrivateKey(key)
	if err != nil {
		f.Fatal(err)
	}
	f.Add(pem.EncodeToMemory(&pem.Block{Type: "EC PRIVATE KEY", Bytes: der}))
	f.Add([]byte("-----BEGIN X-----\nAA==\n-----END X-----\n"))
	f.Fuzz(func(t *testing.T, text []byte) {
		if key, err := parseKey(text); err == nil && key == nil {
			t.Fatal("no key and no error")
		}
	})
}
