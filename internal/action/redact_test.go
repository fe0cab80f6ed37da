package action

import (
	"bytes"
	"encoding/base64"
	"strings"
	"testing"

	"kubernetes-worker/internal/secret"
)

const key = "-----BEGIN RSA PRIVATE KEY-----\nMIIEpAIBAAKCAQEA1234567890abcdefghijklmnopqrstuvwxyzABCDEFGHIJKL\n-----END RSA PRIVATE KEY-----\n"

func TestWhatLooksLikeASecretIsTakenOut(t *testing.T) {
	r := NewRedactor(nil)
	for name, c := range map[string]struct{ text, want string }{
		"a token in YAML":            {"user:\n  token: abc/def+1\n", "user:\n  token: [redacted]\n"},
		"a password in JSON":         {`{"password":"x y","next":1}`, `{"password":"[redacted]","next":1}`},
		"escaped JSON":               {`"{\"kubelet_token\": \"abc\", \"a\": 1}"`, `"{\"kubelet_token\": \"[redacted]\", \"a\": 1}"`},
		"an argument":                {"kubelet --token=abc --v=2", "kubelet --token=[redacted] --v=2"},
		"an argument and its value":  {"login --password abc -u me", "login --password [redacted] -u me"},
		"a variable":                 {"AWS_SECRET_ACCESS_KEY=abc\n", "AWS_SECRET_ACCESS_KEY=[redacted]\n"},
		"a header":                   {"Authorization: Bearer abcdefgh123", "Authorization: Bearer [redacted]"},
		"a header with a login":      {"authorization: Basic bWU6cHcK", "authorization: Basic [redacted]"},
		"the word basic stays":       {"basic utilities, for all", "basic utilities, for all"},
		"a URL":                      {"proxy http://me:pw@proxy.test:3128 is", "proxy http://[redacted]@proxy.test:3128 is"},
		"a login of docker":          {`{"auths":{"r":{"auth": "bWU6cHc="}}}`, `{"auths":{"r":{"auth": "[redacted]"}}}`},
		"a key":                      {"a\n" + key + "b", "a\n[redacted]\nb"},
		"a key without its end":      {"a\n" + key[:60], "a\n[redacted]"},
		"a key without its head":     {key[40:], "[redacted]\n"},
		"a key in base64":            {"x-data: " + base64.StdEncoding.EncodeToString([]byte(key)), "x-data: [redacted]"},
		"a certificate stays":        {"-----BEGIN CERTIFICATE-----\nMIIB\n-----END CERTIFICATE-----", "-----BEGIN CERTIFICATE-----\nMIIB\n-----END CERTIFICATE-----"},
		"a token of a service":       {"got eyJhbGciOiJSUzI1NiJ9.eyJpc3MiOiJrOHMifQ.c2ln-_1 here", "got [redacted] here"},
		"a password of htpasswd":     {"me:$2y$05$abcdefghijklmnopqrstuv", "me:[redacted]"},
		"switches stay":              {"automountServiceAccountToken: true\nsecretName: web-tls\n", "automountServiceAccountToken: true\nsecretName: web-tls\n"},
		"words about secrets stay":   {"the token was refused", "the token was refused"},
		"an empty secret takes none": {"token:\nnext: 1\n", "token:\nnext: 1\n"},
	} {
		t.Run(name, func(t *testing.T) {
			if got := string(r.Redact([]byte(c.text))); got != c.want {
				t.Errorf("got  %q\nwant %q", got, c.want)
			}
		})
	}
}

func TestWhatIsKnownIsTakenOutInEachForm(t *testing.T) {
	const password = `p"w/ü secret1`
	r := NewRedactor([]secret.Value{secret.New(password), secret.New(key), secret.New("short"), secret.New("")})
	encoded := base64.StdEncoding.EncodeToString([]byte(password))
	for _, text := range []string{password, `p\"w/ü secret1`, "p%22w%2F%C3%BC%20secret1", encoded, strings.Split(key, "\n")[1]} {
		if got := string(r.Redact([]byte("said " + text + " there"))); got != "said [redacted] there" {
			t.Errorf("%q became %q", text, got)
		}
	}
	if got := string(r.Redact([]byte("a short word"))); got != "a short word" {
		t.Errorf("%q", got)
	}
}

func TestSecretsAreFoundInTheirPlaces(t *testing.T) {
	text := "token: token-of-kubelet\nauth: " + base64.StdEncoding.EncodeToString([]byte("me:password-of-me")) +
		"\nproxy: http://u:in-the%2Furl@p.test\n" + key + "password: true\n"
	r := NewRedactor(Secrets([]byte(text)))
	for _, s := range []string{"token-of-kubelet", "password-of-me", "in-the%2Furl", "in-the/url", strings.Split(key, "\n")[1]} {
		if got := string(r.Redact([]byte("x " + s + " y"))); got != "x [redacted] y" {
			t.Errorf("%q became %q", s, got)
		}
	}
}

func TestTheEndOfALongOutputIsKeptFromALineOn(t *testing.T) {
	var e ending
	line := strings.Repeat("x", 1023) + "\n"
	for range 3 * largest / 1024 {
		_, _ = e.Write([]byte(line))
	}
	_, _ = e.Write([]byte("last\n"))
	got := e.bytes()
	if !bytes.HasPrefix(got, []byte("[16778240 bytes before this were left out]\nxxx")) || !bytes.HasSuffix(got, []byte("x\nlast\n")) || len(got) > largest+100 {
		t.Errorf("%d bytes: %.80q…", len(got), got)
	}
}

// Whatever the text, a known secret in it is not in what comes out.
func FuzzRedact(f *testing.F) {
	f.Add("token: ", " x")
	f.Add(key, "\n")
	f.Add("http://u:", "@h")
	r := NewRedactor([]secret.Value{secret.New("canary-of-the-mine")})
	f.Fuzz(func(t *testing.T, before, after string) {
		if got := r.Redact([]byte(before + "canary-of-the-mine" + after)); bytes.Contains(got, []byte("canary-of-the-mine")) {
			t.Errorf("%q", got)
		}
	})
}
