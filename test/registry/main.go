// registry is an image registry of the test bed: one store of images behind several doors, with TLS and a password, with TLS
// alone, or with nothing. It makes its own authority.
//
//	registry DIR ADDRESS DOOR... -- TAR NAME...
//
// A door is PORT:KIND, KIND being "closed" (TLS and the password in DIR/password of the user demo), "open" (TLS) or "plain".
// DIR/ca.crt is the authority, DIR/ready tells that all images are there.
package main

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/subtle"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/pem"
	"errors"
	"fmt"
	"io"
	"log"
	"math/big"
	"net"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"github.com/google/go-containerregistry/pkg/name"
	"github.com/google/go-containerregistry/pkg/registry"
	"github.com/google/go-containerregistry/pkg/v1/remote"
	"github.com/google/go-containerregistry/pkg/v1/tarball"
)

const user = "demo"

func main() {
	if err := run(os.Args[1:]); err != nil {
		fmt.Fprintln(os.Stderr, "registry:", err)
		os.Exit(1)
	}
}

func run(args []string) error {
	split := slices.Index(args, "--")
	if split < 3 || (len(args)-split)%2 != 1 {
		return errors.New("usage: registry DIR ADDRESS PORT:closed|open|plain... -- TAR NAME...")
	}
	dir, address, doors, images := args[0], args[1], args[2:split], args[split+1:]
	password, err := os.ReadFile(filepath.Join(dir, "password"))
	if err != nil {
		return err
	}
	store := registry.New(registry.Logger(log.New(io.Discard, "", 0)))
	if err := fill(store, images); err != nil {
		return err
	}
	certificate, err := authority(filepath.Join(dir, "ca.crt"), address)
	if err != nil {
		return err
	}
	failed := make(chan error)
	for _, door := range doors {
		port, kind, _ := strings.Cut(door, ":")
		listener, err := net.Listen("tcp", net.JoinHostPort(address, port))
		if err != nil {
			return err
		}
		handler := http.Handler(noted{store, port})
		switch kind {
		case "closed":
			handler = noted{closed{store, strings.TrimSpace(string(password))}, port}
			fallthrough
		case "open":
			listener = tls.NewListener(listener, &tls.Config{Certificates: []tls.Certificate{certificate}})
		case "plain":
		default:
			return fmt.Errorf("door %s is neither closed, open nor plain", door)
		}
		go func() { failed <- http.Serve(listener, handler) }()
	}
	if err := os.WriteFile(filepath.Join(dir, "ready"), nil, 0o644); err != nil {
		return err
	}
	return <-failed
}

// fill puts images from files of docker's form into the store, through its own front.
func fill(store http.Handler, images []string) error {
	inside := httptest.NewServer(store)
	defer inside.Close()
	for i := 0; i < len(images); i += 2 {
		image, err := tarball.ImageFromPath(images[i], nil)
		if err != nil {
			return err
		}
		to, err := name.ParseReference(strings.TrimPrefix(inside.URL, "http://")+"/"+images[i+1], name.Insecure)
		if err != nil {
			return err
		}
		if err := remote.Write(to, image); err != nil {
			return err
		}
	}
	return nil
}

// closed lets in who has the password.
type closed struct {
	inside   http.Handler
	password string
}

func (c closed) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	name, password, _ := r.BasicAuth()
	if subtle.ConstantTimeCompare([]byte(name+":"+password), []byte(user+":"+c.password)) == 1 {
		c.inside.ServeHTTP(w, r)
		return
	}
	w.Header().Set("WWW-Authenticate", `Basic realm="bed"`)
	http.Error(w, `{"errors":[{"code":"UNAUTHORIZED"}]}`, http.StatusUnauthorized)
}

// noted writes a line for each request, with who came and what became of it.
type noted struct {
	inside http.Handler
	port   string
}

func (n noted) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	who, _, _ := r.BasicAuth()
	answer := &status{ResponseWriter: w, code: http.StatusOK}
	n.inside.ServeHTTP(answer, r)
	fmt.Printf("%s port %s: %s %s of %q: %d\n", time.Now().Format("15:04:05.000"), n.port, r.Method, r.URL.Path, who, answer.code)
}

type status struct {
	http.ResponseWriter
	code int
}

func (s *status) WriteHeader(code int) {
	s.code = code
	s.ResponseWriter.WriteHeader(code)
}

// authority makes an authority, writes it to a file, and gives a certificate that it has signed.
func authority(file, address string) (tls.Certificate, error) {
	caKey, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		return tls.Certificate{}, err
	}
	ca := &x509.Certificate{
		SerialNumber: big.NewInt(1), Subject: pkix.Name{CommonName: "authority of the registry"}, IsCA: true, BasicConstraintsValid: true,
		NotBefore: time.Now().Add(-time.Hour), NotAfter: time.Now().AddDate(1, 0, 0), KeyUsage: x509.KeyUsageCertSign,
	}
	der, err := x509.CreateCertificate(rand.Reader, ca, ca, caKey.Public(), caKey)
	if err != nil {
		return tls.Certificate{}, err
	}
	if err := os.WriteFile(file, pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: der}), 0o644); err != nil {
		return tls.Certificate{}, err
	}
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		return tls.Certificate{}, err
	}
	leaf := &x509.Certificate{
		SerialNumber: big.NewInt(2), Subject: pkix.Name{CommonName: "registry"}, IPAddresses: []net.IP{net.ParseIP(address)},
		NotBefore: ca.NotBefore, NotAfter: ca.NotAfter, ExtKeyUsage: []x509.ExtKeyUsage{x509.ExtKeyUsageServerAuth},
	}
	der, err = x509.CreateCertificate(rand.Reader, leaf, ca, key.Public(), caKey)
	return tls.Certificate{Certificate: [][]byte{der}, PrivateKey: key}, err
}
