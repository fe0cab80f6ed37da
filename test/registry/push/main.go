// push puts an image from a file of docker's form into a registry, over TLS, as the user that LOGIN, a file with user:password,
// names. The registry's authority is in a file.
//
//	push TAR NAME AUTHORITY LOGIN
package main

import (
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"net/http"
	"os"
	"strings"

	"github.com/google/go-containerregistry/pkg/authn"
	"github.com/google/go-containerregistry/pkg/name"
	"github.com/google/go-containerregistry/pkg/v1/remote"
	"github.com/google/go-containerregistry/pkg/v1/tarball"
)

func main() {
	if err := run(os.Args[1:]); err != nil {
		fmt.Fprintln(os.Stderr, "push:", err)
		os.Exit(1)
	}
}

func run(args []string) error {
	if len(args) != 4 {
		return errors.New("usage: push TAR NAME AUTHORITY LOGIN")
	}
	image, err := tarball.ImageFromPath(args[0], nil)
	if err != nil {
		return err
	}
	to, err := name.ParseReference(args[1])
	if err != nil {
		return err
	}
	authority, err := os.ReadFile(args[2])
	if err != nil {
		return err
	}
	login, err := os.ReadFile(args[3])
	if err != nil {
		return err
	}
	user, password, _ := strings.Cut(strings.TrimSpace(string(login)), ":")
	transport := http.DefaultTransport.(*http.Transport).Clone()
	transport.Proxy = nil
	transport.TLSClientConfig = &tls.Config{RootCAs: x509.NewCertPool()}
	transport.TLSClientConfig.RootCAs.AppendCertsFromPEM(authority)
	return remote.Write(to, image, remote.WithTransport(transport), remote.WithAuth(&authn.Basic{Username: user, Password: password}))
}
