package addons_test

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/base64"
	"encoding/pem"
	"fmt"
	"maps"
	"math/big"
	"slices"
	"strings"
	"testing"
	"time"

	"golang.org/x/crypto/bcrypt"

	"kubernetes-worker/internal/addons"
	"kubernetes-worker/internal/secret"
)

const (
	domain   = "registry.example.test"
	user     = "demo"
	password = "S3cret:with:colons"
)

var now = time.Date(2026, 5, 1, 12, 0, 0, 0, time.UTC)

// pair makes a certificate and its key.
func pair(t testing.TB, names []string, from, until time.Time) (certificate, key string) {
	t.Helper()
	private, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	template := &x509.Certificate{SerialNumber: big.NewInt(1), Subject: pkix.Name{CommonName: domain}, DNSNames: names, NotBefore: from, NotAfter: until}
	der, err := x509.CreateCertificate(rand.Reader, template, template, private.Public(), private)
	if err != nil {
		t.Fatal(err)
	}
	keyDER, err := x509.MarshalPKCS8PrivateKey(private)
	if err != nil {
		t.Fatal(err)
	}
	return string(pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: der})), string(pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: keyDER}))
}

func hashed(t testing.TB, user, password string) string {
	t.Helper()
	hash, err := bcrypt.GenerateFromPassword([]byte(password), bcrypt.MinCost)
	if err != nil {
		t.Fatal(err)
	}
	return user + ":" + string(hash)
}

func encoded(text string) string { return base64.StdEncoding.EncodeToString([]byte(text)) }

// wrapped is base64 as tools print it by themselves.
func wrapped(text string) string {
	plain, lines := encoded(text), ""
	for len(plain) > 0 {
		n := min(76, len(plain))
		lines += plain[:n] + "\n"
		plain = plain[n:]
	}
	return lines
}

func TestParametersThatCanBeUsed(t *testing.T) {
	certificate, key := pair(t, []string{domain}, now.AddDate(0, -1, 0), now.AddDate(1, 0, 0))
	authority, _ := pair(t, []string{"authority.test"}, now, now.AddDate(1, 0, 0))
	good := map[string]string{
		"domain": domain, "tlscert": encoded(certificate), "tlskey": encoded(key),
		"htpasswd-plain": encoded(user + ":" + password), "htpasswd": encoded(hashed(t, user, password)),
	}
	for name, change := range map[string]map[string]string{
		"as they are":                      {},
		"without htpasswd":                 {"htpasswd": ""},
		"base64 in lines":                  {"tlscert": wrapped(certificate), "tlskey": wrapped(key)},
		"base64 without padding":           {"htpasswd-plain": strings.TrimRight(good["htpasswd-plain"], "=")},
		"a line break behind the user":     {"htpasswd-plain": encoded(user + ":" + password + "\n")},
		"Windows' line ends":               {"htpasswd": encoded("# users\r\n" + hashed(t, user, password) + "\r\n")},
		"more users":                       {"htpasswd": encoded(hashed(t, "other", "x") + "\n\n" + hashed(t, user, password) + "\n")},
		"as htpasswd writes it":            {"htpasswd": encoded(strings.Replace(hashed(t, user, password), "$2a$", "$2y$", 1))},
		"a chain":                          {"tlscert": encoded(certificate + authority)},
		"a key behind its parameters":      {"tlskey": encoded("-----BEGIN EC PARAMETERS-----\nBggqhkjOPQMBBw==\n-----END EC PARAMETERS-----\n" + key)},
		"a name with spaces around it":     {"domain": " " + domain + "\n"},
		"a certificate with text about it": {"tlscert": encoded("subject=CN = x\n" + certificate)},
	} {
		given := maps.Clone(good)
		maps.Copy(given, change)
		p, problems := addons.ReadParameters(given, true, now)
		if len(problems) > 0 {
			t.Errorf("%s: %v", name, problems)
			continue
		}
		if p.Domain != domain || p.User != user || p.Password.Reveal() != password || !strings.HasPrefix(string(p.Certificate), "-----BEGIN CERTIFICATE") ||
			!strings.HasPrefix(p.Key.Reveal(), "-----BEGIN PRIVATE KEY") || !p.Expires.Equal(now.AddDate(1, 0, 0)) || !p.Ingress {
			t.Errorf("%s: %+v", name, p)
		}
		if p.Htpasswd.Empty() != (given["htpasswd"] == "") || strings.Contains(p.Htpasswd.Reveal(), "\r") {
			t.Errorf("%s: htpasswd %q", name, p.Htpasswd.Reveal())
		}
	}
}

func TestEachParameterThatCannotBeUsedIsNamed(t *testing.T) {
	certificate, key := pair(t, []string{domain}, now.AddDate(0, -1, 0), now.AddDate(1, 0, 0))
	unnamed, unnamedKey := pair(t, nil, now.AddDate(0, -1, 0), now.AddDate(1, 0, 0))
	future, futureKey := pair(t, []string{domain}, now.AddDate(0, 1, 0), now.AddDate(1, 0, 0))
	line := hashed(t, user, password)
	good := map[string]string{
		"domain": domain, "tlscert": encoded(certificate), "tlskey": encoded(key),
		"htpasswd-plain": encoded(user + ":" + password), "htpasswd": encoded(line),
	}
	for _, c := range []struct {
		name   string
		change map[string]string
		want   []string
	}{
		{"nothing at all", map[string]string{"domain": "", "tlscert": "", "tlskey": "", "htpasswd-plain": "", "htpasswd": ""},
			[]string{"parameter htpasswd-plain is required", "parameter tlscert is required", "parameter tlskey is required", "parameter domain is required"}},
		{"no base64", map[string]string{"tlscert": "%", "tlskey": "a*b", "htpasswd": "=", "htpasswd-plain": user + ":" + password},
			[]string{"parameter htpasswd is empty", "parameter htpasswd-plain is not base64", "parameter tlscert is not base64", "parameter tlskey is not base64"}},
		{"blanks", map[string]string{"tlscert": encoded(" \n"), "htpasswd-plain": encoded("\n")},
			[]string{"parameter htpasswd-plain is empty", "parameter tlscert is empty"}},
		{"no PEM", map[string]string{"tlscert": encoded("no"), "tlskey": encoded("no")},
			[]string{"parameter tlscert holds no certificate in PEM form", "parameter tlskey holds no private key in PEM form"}},
		{"the two exchanged", map[string]string{"tlscert": encoded(key), "tlskey": encoded(certificate)},
			[]string{"parameter tlscert holds a private key where only certificates belong", "parameter tlskey holds no private key in PEM form"}},
		{"a broken certificate", map[string]string{"tlscert": encoded("-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n")},
			[]string{"parameter tlscert holds a certificate that cannot be parsed"}},
		{"a broken key", map[string]string{"tlskey": encoded("-----BEGIN PRIVATE KEY-----\nAAAA\n-----END PRIVATE KEY-----\n")},
			[]string{"parameter tlskey holds a key that cannot be parsed"}},
		{"an encrypted key", map[string]string{"tlskey": encoded("-----BEGIN ENCRYPTED PRIVATE KEY-----\nAAAA\n-----END ENCRYPTED PRIVATE KEY-----\n")},
			[]string{"parameter tlskey is encrypted; the registry cannot ask for its password"}},
		{"a key encrypted in the old way", map[string]string{"tlskey": encoded("-----BEGIN RSA PRIVATE KEY-----\nProc-Type: 4,ENCRYPTED\nDEK-Info: AES-128-CBC,00\n\nAAAA\n-----END RSA PRIVATE KEY-----\n")},
			[]string{"parameter tlskey is encrypted; the registry cannot ask for its password"}},
		{"another's key", map[string]string{"tlskey": encoded(unnamedKey)}, []string{"parameter tlskey is not the key of tlscert"}},
		{"another domain", map[string]string{"domain": "other.test"},
			[]string{"parameter tlscert is not for the domain other.test, which its subject alternative names do not cover"}},
		{"a common name alone", map[string]string{"tlscert": encoded(unnamed), "tlskey": encoded(unnamedKey)},
			[]string{"parameter tlscert has no subject alternative name; clients do not look at the common name any more"}},
		{"not yet valid", map[string]string{"tlscert": encoded(future), "tlskey": encoded(futureKey)},
			[]string{"parameter tlscert is not valid before 2026-06-01T12:00:00Z"}},
		{"a domain with a port", map[string]string{"domain": domain + ":5000"},
			[]string{"parameter domain is not a host name: small letters, digits, dots and hyphens, without scheme and port"}},
		{"a domain that ends an option", map[string]string{"domain": "-x"},
			[]string{"parameter domain is not a host name: small letters, digits, dots and hyphens, without scheme and port"}},
		{"an address", map[string]string{"domain": "10.0.0.1"},
			[]string{"parameter domain is an address, and an Ingress is for names only"}},
		{"no colon", map[string]string{"htpasswd-plain": encoded(user)}, []string{"parameter htpasswd-plain is not of the form user:password"}},
		{"no user", map[string]string{"htpasswd-plain": encoded(":" + password)}, []string{"parameter htpasswd-plain has a user's name that is empty"}},
		{"no password", map[string]string{"htpasswd-plain": encoded(user + ":")}, []string{"parameter htpasswd-plain has a password that is empty"}},
		{"two lines", map[string]string{"htpasswd-plain": encoded("a:b\nc:d")},
			[]string{"parameter htpasswd-plain has a password that holds a line break or another control character"}},
		{"a wrong password", map[string]string{"htpasswd-plain": encoded(user + ":x")}, []string{"parameter htpasswd-plain has a user and password that are not in htpasswd"}},
		{"an unknown user", map[string]string{"htpasswd-plain": encoded("x:" + password)}, []string{"parameter htpasswd-plain has a user and password that are not in htpasswd"}},
		{"a password too long to hash", map[string]string{"htpasswd": "", "htpasswd-plain": encoded("x:" + strings.Repeat("p", 73))},
			[]string{"parameter htpasswd-plain has a password of more than 72 bytes, of which the registry would look at the first 72 only"}},
		{"a user that is a comment", map[string]string{"htpasswd": "", "htpasswd-plain": encoded("#x:y")},
			[]string{"parameter htpasswd-plain has a user's name that begins with #, which makes its line a comment"}},
		{"users of all wrong kinds", map[string]string{"htpasswd": encoded("x\n:" + line[5:] + "\nmd5:$apr1$abcdefgh$0123456789012345678901\n" + line + "\n" + line + "\ncost:$2y$20$" + line[len(line)-53:])},
			[]string{"parameter htpasswd line 1 is not of the form user:hash", "parameter htpasswd line 2 has a user's name that is empty",
				"parameter htpasswd line 3 has no bcrypt hash, the only one that the registry takes (htpasswd -B makes them)",
				"parameter htpasswd line 5 has a user that is in a line above it, too",
				"parameter htpasswd line 6 has a hash of cost 20; it must be from 4 to 14"}},
		{"comments only", map[string]string{"htpasswd": encoded("# nobody")}, []string{"parameter htpasswd has no users"}},
		{"too much", map[string]string{"tlscert": strings.Repeat("A", 300<<10)}, []string{"parameter tlscert is too long"}},
	} {
		given := maps.Clone(good)
		maps.Copy(given, c.change)
		_, problems := addons.ReadParameters(given, true, now)
		if got := words(problems); !slices.Equal(got, c.want) {
			t.Errorf("%s: %q\nwant %q", c.name, got, c.want)
		}
	}
	if _, problems := addons.ReadParameters(good, true, now.AddDate(2, 0, 0)); !slices.Equal(words(problems), []string{"parameter tlscert has expired at 2027-05-01T12:00:00Z"}) {
		t.Errorf("two years later: %v", problems)
	}
	given := maps.Clone(good)
	given["domain"] = "10.0.0.1"
	if _, problems := addons.ReadParameters(given, false, now); !slices.Equal(words(problems), []string{"parameter tlscert is not for the domain 10.0.0.1, which its subject alternative names do not cover"}) {
		t.Errorf("an address without Ingress: %v", problems)
	}
}

func words(problems []addons.Problem) []string {
	var all []string
	for _, p := range problems {
		all = append(all, p.String())
	}
	return all
}

func TestALineForOneUserIsMadeAndKnownAgain(t *testing.T) {
	made, err := addons.MakeHtpasswd(user, secret.New(password))
	if err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct {
		user, password string
		want           bool
	}{{user, password, true}, {user, "x", false}, {"x", password, false}} {
		if got := addons.OnlyUser(made, c.user, secret.New(c.password)); got != c.want {
			t.Errorf("%s with %s: %v", c.user, c.password, got)
		}
	}
	two := secret.New(made.Reveal() + hashed(t, "other", "x"))
	if addons.OnlyUser(two, user, secret.New(password)) || !addons.Accepts(two, user, secret.New(password)) {
		t.Error("a file of two users is not told from one of one")
	}
	if addons.OnlyUser(secret.New("no file"), user, secret.New(password)) {
		t.Error("a broken file lets in")
	}
}

// Whatever is given, it is refused or it is something that the registry and the API take; nothing is quoted.
func FuzzParameters(f *testing.F) {
	certificate, key := pair(f, []string{domain}, now.AddDate(0, -1, 0), now.AddDate(1, 0, 0))
	f.Add(domain, certificate, key, user+":"+password, hashed(f, user, password))
	f.Add(domain, certificate+certificate, "-----BEGIN PRIVATE KEY-----\n-----END PRIVATE KEY-----\n", "CANARY:x", "CANARY:$2y$10$CANARY\n:\n#")
	f.Add("", "", "", "", "")
	f.Fuzz(func(t *testing.T, domain, certificate, key, plain, htpasswd string) {
		given := map[string]string{"domain": domain, "tlscert": encoded(certificate), "tlskey": encoded(key), "htpasswd-plain": encoded(plain), "htpasswd": encoded(htpasswd)}
		p, problems := addons.ReadParameters(given, true, now)
		for _, text := range words(problems) {
			if strings.ContainsAny(text, "\n\r") || len(text) > 400 || strings.Contains(text, "CANARY") && !strings.Contains(domain, "CANARY") {
				t.Errorf("it says %q", text)
			}
		}
		if len(problems) > 0 {
			return
		}
		if p.Domain == "" || len(p.Certificate) == 0 || p.Key.Empty() || p.User == "" || p.Password.Empty() || strings.ContainsAny(p.User+p.Password.Reveal(), "\n\x00") {
			t.Errorf("taken: %q", fmt.Sprint(given))
		}
		for line := range strings.Lines(p.Htpasswd.Reveal()) {
			if _, hash, _ := strings.Cut(strings.TrimSpace(line), ":"); len(hash) != 60 {
				t.Errorf("a line for the registry is %q", line)
			}
		}
	})
}
