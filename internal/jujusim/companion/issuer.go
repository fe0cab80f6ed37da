package companion

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/json"
	"encoding/pem"
	"errors"
	"fmt"
	"io/fs"
	"math/big"
	"net"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"
)

// issuer signs certificates and remembers them, so that the same request gets the same answer.
type issuer struct {
	ca       certAuthority
	path     string
	readable bool
	epoch    string // changes when everything is to be issued anew
	issued   map[string]certificate
	dirty    bool
}

type certAuthority struct {
	cert    *x509.Certificate
	key     any
	certPEM string
}

type certificate struct {
	Cert string `json:"cert"`
	Key  string `json:"key"`
}

type request struct {
	Kind string   `json:"kind"` // server (also good as a client) or client
	Name string   `json:"name"` // common name
	SANs []string `json:"sans"`
	File string   `json:"file,omitempty"`
}

const (
	caLifetime   = 10 * 365 * 24 * time.Hour
	leafLifetime = 2 * 365 * 24 * time.Hour
)

func openIssuer(w World) (*issuer, error) {
	if err := os.MkdirAll(w.StateDir, 0o700); err != nil {
		return nil, fmt.Errorf("cannot keep the authority: %w", err)
	}
	certPath, keyPath := w.Options["ca-cert"], w.Options["ca-key"]
	if certPath == "" {
		base := filepath.Join(w.StateDir, "ca-"+filepath.Base(w.Options["new-ca"]))
		certPath, keyPath = base+".crt", base+".key"
		if _, err := os.Stat(certPath); errors.Is(err, fs.ErrNotExist) {
			if err := makeAuthority(w.App, certPath, keyPath); err != nil {
				return nil, err
			}
		}
	}
	ca, err := readAuthority(certPath, keyPath)
	if err != nil {
		return nil, err
	}
	i := &issuer{
		ca: ca, path: filepath.Join(w.StateDir, "issued.json"), readable: w.Options["readable"] == "true",
		epoch: w.Options["renew"] + "/" + ca.cert.SerialNumber.String(), issued: map[string]certificate{},
	}
	text, err := os.ReadFile(i.path)
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return nil, fmt.Errorf("cannot read the issued certificates: %w", err)
	}
	if err == nil {
		if err := json.Unmarshal(text, &i.issued); err != nil {
			return nil, fmt.Errorf("cannot parse the issued certificates: %w", err)
		}
	}
	return i, nil
}

func (i *issuer) save() error {
	if !i.dirty {
		return nil
	}
	text, err := json.Marshal(i.issued)
	if err != nil {
		return fmt.Errorf("cannot encode the issued certificates: %w", err)
	}
	return replaceFile(i.path, text, 0o600)
}

// issue answers a request. The set of names counts, not their order.
func (i *issuer) issue(r request) (certificate, error) {
	r.SANs = slices.Compact(slices.Sorted(slices.Values(r.SANs)))
	label, err := json.Marshal(r)
	if err != nil {
		return certificate{}, fmt.Errorf("cannot name a certificate: %w", err)
	}
	key := i.epoch + " " + string(label)
	if known, ok := i.issued[key]; ok {
		return known, nil
	}
	made, err := i.sign(r)
	if err != nil {
		return certificate{}, fmt.Errorf("cannot issue a certificate: %w", err)
	}
	i.issued[key] = made
	i.dirty = true
	return made, nil
}

func (i *issuer) sign(r request) (certificate, error) {
	serial, err := newSerial()
	if err != nil {
		return certificate{}, err
	}
	template := &x509.Certificate{
		SerialNumber: serial,
		Subject:      pkix.Name{CommonName: r.Name},
		NotBefore:    time.Now().Add(-time.Hour),
		NotAfter:     time.Now().Add(leafLifetime),
		KeyUsage:     x509.KeyUsageDigitalSignature | x509.KeyUsageKeyEncipherment,
		ExtKeyUsage:  []x509.ExtKeyUsage{x509.ExtKeyUsageClientAuth},
	}
	names := r.SANs
	if r.Kind == "server" {
		template.ExtKeyUsage = append(template.ExtKeyUsage, x509.ExtKeyUsageServerAuth)
		names = append([]string{r.Name}, names...)
	}
	for _, name := range names {
		if !printable(name) {
			continue
		}
		if ip := net.ParseIP(name); ip != nil {
			template.IPAddresses = append(template.IPAddresses, ip)
		} else {
			template.DNSNames = append(template.DNSNames, name)
		}
	}
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		return certificate{}, err
	}
	der, err := x509.CreateCertificate(rand.Reader, template, i.ca.cert, &key.PublicKey, i.ca.key)
	if err != nil {
		return certificate{}, err
	}
	keyPEM, err := encodeKey(key)
	if err != nil {
		return certificate{}, err
	}
	cert := string(pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: der}))
	if i.readable {
		cert = summary(template, i.ca.cert) + cert
	}
	return certificate{Cert: cert, Key: keyPEM}, nil
}

// printable tells what can stand in a certificate as a DNS name; the rest of a junk request is left out.
func printable(name string) bool {
	return name != "" && strings.IndexFunc(name, func(r rune) bool { return r <= ' ' || r > '~' }) < 0
}

// summary is the readable text that easyrsa leaves before the PEM block.
func summary(c, ca *x509.Certificate) string {
	return fmt.Sprintf("Certificate:\n    Data:\n        Version: 3 (0x2)\n        Serial Number: %s\n        Issuer: CN=%s\n"+
		"        Validity\n            Not Before: %s\n            Not After : %s\n        Subject: CN=%s\n",
		c.SerialNumber, ca.Subject.CommonName, c.NotBefore.UTC().Format(time.ANSIC), c.NotAfter.UTC().Format(time.ANSIC), c.Subject.CommonName)
}

func newSerial() (*big.Int, error) {
	return rand.Int(rand.Reader, new(big.Int).Lsh(big.NewInt(1), 120))
}

func encodeKey(key *ecdsa.PrivateKey) (string, error) {
	der, err := x509.MarshalPKCS8PrivateKey(key)
	if err != nil {
		return "", err
	}
	return string(pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: der})), nil
}

func makeAuthority(name, certPath, keyPath string) error {
	serial, err := newSerial()
	if err != nil {
		return fmt.Errorf("cannot make an authority: %w", err)
	}
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		return fmt.Errorf("cannot make an authority: %w", err)
	}
	template := &x509.Certificate{
		SerialNumber: serial, Subject: pkix.Name{CommonName: name + " " + serial.Text(16)[:8]},
		NotBefore: time.Now().Add(-time.Hour), NotAfter: time.Now().Add(caLifetime),
		IsCA: true, BasicConstraintsValid: true, KeyUsage: x509.KeyUsageCertSign | x509.KeyUsageCRLSign | x509.KeyUsageDigitalSignature,
	}
	der, err := x509.CreateCertificate(rand.Reader, template, template, &key.PublicKey, key)
	if err != nil {
		return fmt.Errorf("cannot make an authority: %w", err)
	}
	keyPEM, err := encodeKey(key)
	if err != nil {
		return fmt.Errorf("cannot make an authority: %w", err)
	}
	if err := replaceFile(keyPath, []byte(keyPEM), 0o600); err != nil {
		return err
	}
	return replaceFile(certPath, pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: der}), 0o644)
}

func readAuthority(certPath, keyPath string) (certAuthority, error) {
	certText, err := os.ReadFile(certPath)
	if err != nil {
		return certAuthority{}, fmt.Errorf("cannot read the authority: %w", err)
	}
	keyText, err := os.ReadFile(keyPath)
	if err != nil {
		return certAuthority{}, fmt.Errorf("cannot read the authority's key: %w", err)
	}
	block, _ := pem.Decode(certText)
	if block == nil {
		return certAuthority{}, fmt.Errorf("cannot read the authority: %s holds no PEM", certPath)
	}
	cert, err := x509.ParseCertificate(block.Bytes)
	if err != nil {
		return certAuthority{}, fmt.Errorf("cannot read the authority: %w", err)
	}
	key, err := parseKey(keyText)
	if err != nil {
		return certAuthority{}, fmt.Errorf("cannot read the authority's key %s: %w", keyPath, err)
	}
	return certAuthority{cert: cert, key: key, certPEM: strings.TrimSpace(string(certText)) + "\n"}, nil
}

// parseKey takes the forms that openssl and Go write: PKCS 8, SEC 1 and PKCS 1.
func parseKey(text []byte) (any, error) {
	block, _ := pem.Decode(text)
	if block == nil {
		return nil, errors.New("no PEM")
	}
	if key, err := x509.ParsePKCS8PrivateKey(block.Bytes); err == nil {
		return key, nil
	}
	if key, err := x509.ParseECPrivateKey(block.Bytes); err == nil {
		return key, nil
	}
	if key, err := x509.ParsePKCS1PrivateKey(block.Bytes); err == nil {
		return key, nil
	}
	return nil, errors.New("unknown form of private key")
}
