package certificates_test

import (
	"crypto"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/rsa"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/json"
	"encoding/pem"
	"math/big"
	"strings"
	"sync"
	"testing"
	"time"

	"kubernetes-worker/internal/relation"
)

// issueDay is when all certificates of the tests begin; they last ten years.
var issueDay = time.Date(2020, 1, 1, 0, 0, 0, 0, time.UTC)

// texts are PEM texts by the name under which the recorded bags hold them.
var texts = sync.OnceValue(func() map[string]string {
	must := func(err error) {
		if err != nil {
			panic(err)
		}
	}
	block := func(kind string, der []byte, err error) string {
		must(err)
		return string(pem.EncodeToMemory(&pem.Block{Type: kind, Bytes: der}))
	}
	caKey, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	must(err)
	template := func(name string) *x509.Certificate {
		return &x509.Certificate{SerialNumber: big.NewInt(7), Subject: pkix.Name{CommonName: name}, NotBefore: issueDay, NotAfter: issueDay.AddDate(10, 0, 0)}
	}
	ca := template("ca")
	ca.IsCA, ca.BasicConstraintsValid, ca.KeyUsage = true, true, x509.KeyUsageCertSign
	issue := func(name string, key crypto.Signer) string {
		der, err := x509.CreateCertificate(rand.Reader, template(name), ca, key.Public(), caKey)
		return block("CERTIFICATE", der, err)
	}
	caDER, err := x509.CreateCertificate(rand.Reader, ca, ca, caKey.Public(), caKey)
	serverKey, keyErr := rsa.GenerateKey(rand.Reader, 2048)
	must(keyErr)
	clientKey, keyErr := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	must(keyErr)
	otherKey, keyErr := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	must(keyErr)
	clientDER, clientErr := x509.MarshalPKCS8PrivateKey(clientKey)
	otherDER, otherErr := x509.MarshalECPrivateKey(otherKey)
	otherCA, otherCAErr := x509.CreateCertificate(rand.Reader, ca, ca, otherKey.Public(), otherKey)
	return map[string]string{
		"{ca}":     strings.TrimSpace(block("CERTIFICATE", caDER, err)),
		"{chain}":  issue("intermediate", otherKey),
		"{server}": issue("54.1.2.3", serverKey), "{server-key}": block("RSA PRIVATE KEY", x509.MarshalPKCS1PrivateKey(serverKey), nil),
		"{client}": issue("system:kubelet", clientKey), "{client-key-pkcs8}": block("PRIVATE KEY", clientDER, clientErr),
		"{other}":     issue("other", otherKey),
		"{other-ca}":  strings.TrimSpace(block("CERTIFICATE", otherCA, otherCAErr)),
		"{other-key}": block("EC PARAMETERS", []byte{6, 8, 42, 134, 72, 206, 61, 3, 1, 7}, nil) + block("EC PRIVATE KEY", otherDER, otherErr),
		"{dump}":      "Certificate:\n    Data:\n        Version: 3 (0x2)\n        Issuer: CN=54.1.2.3, O=caf\u00e9\n",
	}
})

// filled puts the PEM texts into a recorded value, escaped where it is JSON.
func filled(value string) string {
	for name, text := range texts() {
		if strings.HasPrefix(value, `{"`) {
			quoted, err := json.Marshal(text)
			if err != nil {
				panic(err)
			}
			text = strings.Trim(string(quoted), `"`)
		}
		value = strings.ReplaceAll(value, name, text)
	}
	return value
}

// named puts the names of the PEM texts back.
func named(text string) string {
	for name, pem := range texts() {
		text = strings.ReplaceAll(text, pem, name)
	}
	return text
}

func fill(rels []relation.Relation) {
	for _, rel := range rels {
		for _, unit := range rel.Units {
			for key, value := range unit.Data {
				unit.Data[key] = filled(value)
			}
		}
	}
}

func TestFilledValuesComeBackAsNames(t *testing.T) {
	for name := range texts() {
		if got := named(filled(name)); got != name {
			t.Errorf("%s comes back as %q", name, got)
		}
	}
}
