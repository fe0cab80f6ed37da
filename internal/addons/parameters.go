package addons

import (
	"bytes"
	"crypto/tls"
	"crypto/x509"
	"encoding/base64"
	"encoding/pem"
	"fmt"
	"net/netip"
	"strings"
	"time"

	"k8s.io/apimachinery/pkg/util/validation"

	"kubernetes-worker/internal/registry"
	"kubernetes-worker/internal/secret"
)

// Parameters are what the registry is made from, checked.
type Parameters struct {
	Domain      string       // host name, without port
	Certificate []byte       // PEM, the registry's own first
	Key         secret.Value // of the certificate, PEM
	Expires     time.Time    // the certificate
	User        string       // that pods pull as
	Password    secret.Value
	Htpasswd    secret.Value // users that may log in, as lines; empty: the one above, whose line is to be made
	Ingress     bool
}

// Problem says why a parameter cannot be used. It never quotes a value.
type Problem struct{ Parameter, Reason string }

func (p Problem) String() string { return "parameter " + p.Parameter + " " + p.Reason }

// The parameters' names.
const (
	paramHtpasswd = "htpasswd"
	paramPlain    = "htpasswd-plain"
	paramCert     = "tlscert"
	paramKey      = "tlskey"
	paramDomain   = "domain"
)

// Required says of a parameter that it is not there, in the earlier charm's word.
const Required = "is required"

// longest bounds a parameter, in bytes; a Secret has room for a megabyte in all.
const longest = 256 << 10

// ReadParameters checks all parameters and names all that is wrong with them. One that is missing or empty is wrong, but for
// htpasswd, which can be made.
func ReadParameters(given map[string]string, ingress bool, now time.Time) (Parameters, []Problem) {
	r := reader{given: given}
	p := Parameters{Ingress: ingress}
	p.Htpasswd = r.htpasswd()
	p.User, p.Password = r.plain(p.Htpasswd)
	certificate, key := r.decoded(paramCert), r.decoded(paramKey)
	p.Domain = r.domain(ingress)
	if certificate != nil {
		p.Certificate, p.Expires = r.certificate(certificate, p.Domain, now)
	}
	if key != nil {
		p.Key = r.key(key, p.Certificate)
	}
	return p, r.problems
}

type reader struct {
	given    map[string]string
	problems []Problem
}

func (r *reader) wrong(parameter, reason string, args ...any) {
	r.problems = append(r.problems, Problem{parameter, fmt.Sprintf(reason, args...)})
}

// decoded is the text behind base64, without space around it; nil if there is none. Line breaks, which people's tools put
// into base64, do not matter.
func (r *reader) decoded(parameter string) []byte {
	text := strings.Join(strings.Fields(r.given[parameter]), "")
	switch {
	case text == "":
		r.wrong(parameter, Required)
		return nil
	case len(text) > longest:
		r.wrong(parameter, "is too long")
		return nil
	}
	content, err := base64.RawStdEncoding.DecodeString(strings.TrimRight(text, "="))
	if err != nil {
		r.wrong(parameter, "is not base64")
		return nil
	}
	if content = bytes.TrimSpace(content); len(content) == 0 {
		r.wrong(parameter, "is empty")
		return nil
	}
	return content
}

func (r *reader) htpasswd() secret.Value {
	if strings.TrimSpace(r.given[paramHtpasswd]) == "" {
		return secret.Value{}
	}
	content := r.decoded(paramHtpasswd)
	if content == nil {
		return secret.Value{}
	}
	entries, reasons := readHtpasswd(string(content))
	for _, reason := range reasons {
		r.wrong(paramHtpasswd, "%s", reason)
	}
	if len(reasons) > 0 {
		return secret.Value{}
	}
	return secret.New(writeHtpasswd(entries))
}

func (r *reader) plain(htpasswd secret.Value) (string, secret.Value) {
	content := r.decoded(paramPlain)
	if content == nil {
		return "", secret.Value{}
	}
	user, password, found := strings.Cut(string(content), ":")
	if !found {
		r.wrong(paramPlain, "is not of the form user:password")
		return "", secret.Value{}
	}
	reasons := map[string]string{"user's name": registry.CheckUsername(user), "password": registry.CheckPassword(password)}
	for _, part := range []string{"user's name", "password"} {
		if reason := reasons[part]; reason != "" {
			r.wrong(paramPlain, "has a %s that %s", part, reason)
			return "", secret.Value{}
		}
	}
	given := strings.TrimSpace(r.given[paramHtpasswd]) != ""
	switch {
	case !given && strings.HasPrefix(user, "#"):
		r.wrong(paramPlain, "has a user's name that begins with #, which makes its line a comment")
	case !given && len(password) > maxPassword:
		r.wrong(paramPlain, "has a password of more than %d bytes, of which the registry would look at the first %d only", maxPassword, maxPassword)
	case given && !htpasswd.Empty() && !Accepts(htpasswd, user, secret.New(password)):
		r.wrong(paramPlain, "has a user and password that are not in htpasswd")
	}
	return user, secret.New(password)
}

func (r *reader) domain(ingress bool) string {
	domain := strings.TrimSpace(r.given[paramDomain])
	_, notAddress := netip.ParseAddr(domain)
	switch {
	case domain == "":
		r.wrong(paramDomain, Required)
	case len(validation.IsDNS1123Subdomain(domain)) > 0: // what the API takes as a host
		r.wrong(paramDomain, "is not a host name: small letters, digits, dots and hyphens, without scheme and port")
	case ingress && notAddress == nil:
		r.wrong(paramDomain, "is an address, and an Ingress is for names only")
	default:
		return domain
	}
	return ""
}

// certificate reads the registry's certificate and those that lead to its authority.
func (r *reader) certificate(content []byte, domain string, now time.Time) (clean []byte, expires time.Time) {
	clean, reason := registry.Certificates(string(content))
	if reason != "" {
		r.wrong(paramCert, "%s", reason)
		return nil, expires
	}
	block, _ := pem.Decode(clean)
	leaf, err := x509.ParseCertificate(block.Bytes)
	if err != nil {
		r.wrong(paramCert, "holds a certificate that cannot be parsed")
		return nil, expires
	}
	named := len(leaf.DNSNames)+len(leaf.IPAddresses) > 0
	switch {
	case domain == "":
	case !named:
		r.wrong(paramCert, "has no subject alternative name; clients do not look at the common name any more")
	case leaf.VerifyHostname(domain) != nil:
		r.wrong(paramCert, "is not for the domain %s, which its subject alternative names do not cover", domain)
	}
	if now.After(leaf.NotAfter) {
		r.wrong(paramCert, "has expired at %s", leaf.NotAfter.UTC().Format(time.RFC3339))
	}
	if now.Before(leaf.NotBefore) {
		r.wrong(paramCert, "is not valid before %s", leaf.NotBefore.UTC().Format(time.RFC3339))
	}
	return clean, leaf.NotAfter
}

// key reads a private key. With a certificate it has to be the one of it.
func (r *reader) key(content, certificate []byte) secret.Value {
	var block *pem.Block
	for rest := content; ; {
		if block, rest = pem.Decode(rest); block == nil {
			r.wrong(paramKey, "holds no private key in PEM form")
			return secret.Value{}
		}
		if strings.HasSuffix(block.Type, "PRIVATE KEY") {
			break
		}
	}
	if strings.HasPrefix(block.Type, "ENCRYPTED") || block.Headers["DEK-Info"] != "" {
		r.wrong(paramKey, "is encrypted; the registry cannot ask for its password")
		return secret.Value{}
	}
	block.Headers = nil
	clean := pem.EncodeToMemory(block)
	if len(certificate) > 0 {
		if _, err := tls.X509KeyPair(certificate, clean); err != nil {
			if strings.Contains(err.Error(), "match") {
				r.wrong(paramKey, "is not the key of tlscert")
			} else {
				r.wrong(paramKey, "holds a key that cannot be parsed")
			}
			return secret.Value{}
		}
	}
	return secret.New(string(clean))
}
