package action

import (
	"bytes"
	"cmp"
	"encoding/base64"
	"encoding/json"
	"net/url"
	"regexp"
	"slices"
	"strings"
	"sync"

	"kubernetes-worker/internal/secret"
)

// redacted stands for what was taken out of a text.
const redacted = "[redacted]"

// shortest is the length from which a text that was found in a secret's place counts as that secret elsewhere, too. A
// shorter one would be a word.
const shortest = 8

// Redactor takes secrets out of texts: those that are known, in each form in which programs print them, and what looks
// like one. It rather takes out too much.
type Redactor struct{ known *strings.Replacer }

// NewRedactor makes one that knows the secrets. Of keys, which are of many lines, each line is one.
func NewRedactor(secrets []secret.Value) Redactor {
	forms := map[string]bool{}
	for _, s := range secrets {
		for line := range strings.Lines(s.Reveal()) {
			line = strings.TrimSpace(line)
			if len(line) < shortest || strings.HasPrefix(line, "-----") {
				continue
			}
			forms[line] = true
			forms[url.QueryEscape(line)], forms[url.PathEscape(line)] = true, true
			forms[base64.StdEncoding.EncodeToString([]byte(line))] = true
			if quoted, err := json.Marshal(line); err == nil {
				forms[strings.Trim(string(quoted), `"`)] = true
			}
		}
	}
	var all []string
	for form := range forms {
		all = append(all, form)
	}
	// A secret that is part of another must not leave the rest of it behind.
	slices.SortFunc(all, func(a, b string) int { return cmp.Or(cmp.Compare(len(b), len(a)), cmp.Compare(a, b)) })
	var pairs []string
	for _, form := range all {
		pairs = append(pairs, form, redacted)
	}
	return Redactor{strings.NewReplacer(pairs...)}
}

// forms tell secrets from other text.
type forms struct {
	pemKey, pemKeyEnd            *regexp.Regexp
	keyed, argued, header, inURL *regexp.Regexp
	jwt, crypt, pem64            *regexp.Regexp
}

// secretForms are compiled when they are needed: hooks do not.
var secretForms = sync.OnceValue(func() forms {
	return forms{
		pemKey:    regexp.MustCompile(`(?s)-----BEGIN [A-Z ]*PRIVATE KEY-----.*?(?:-----END [A-Z ]*PRIVATE KEY-----|\z)`),
		pemKeyEnd: regexp.MustCompile(`\A[A-Za-z0-9+/=\s]*-----END [A-Z ]*PRIVATE KEY-----`), // where the beginning was cut off
		// keyed is a name that ends like that of a secret, with its value: in JSON, YAML, variables and arguments.
		keyed: regexp.MustCompile(`(?i)((?:token|passw(?:or)?d|passphrase|secret|credentials?|key-data|private[-_]?key|(?:api|access|secret|account|shared)[-_]?key|auth|htpasswd)\\?["']?(?:[ \t]*[:=][ \t]*|[ \t]+=>[ \t]+))(\\"[^"\\]*\\"|"(?:[^"\\]|\\.)*"|'[^'\n]*'|[^\s"'\\,;&}\]]+)`),
		// argued is the same for arguments that stand behind their flags.
		argued: regexp.MustCompile(`(?i)(--?(?:token|password|passwd|secret)\s+)([^\s"']+)`),
		header: regexp.MustCompile(`(?i)((?:bearer|authorization["']?\s*[:=]\s*["']?basic)\s+)([A-Za-z0-9+/=._~-]{8,})`),
		inURL:  regexp.MustCompile(`(://)([^/\s@"']+)(@)`),
		jwt:    regexp.MustCompile(`eyJ[A-Za-z0-9_-]{8,}\.[A-Za-z0-9_-]{4,}\.[A-Za-z0-9_-]+`),
		crypt:  regexp.MustCompile(`\$(?:2[aby]|apr1|[156])\$[./A-Za-z0-9$]{12,}`),
		pem64:  regexp.MustCompile(`LS0tLS1CRUdJTi[A-Za-z0-9+/=]+`), // base64 of -----BEGIN
	}
})

// plainWord reports whether a value in the place of a secret is none.
func plainWord(value string) bool {
	switch strings.ToLower(value) {
	case "", "true", "false", "null", "none", "<none>", "{", "[", "|", "{}", "[]", redacted:
		return true
	}
	return false
}

// unquote takes the quotation marks off a value.
func unquote(value []byte) (quote, inside []byte) {
	for _, q := range []string{`\"`, `"`, `'`} {
		if len(value) >= 2*len(q) && bytes.HasPrefix(value, []byte(q)) {
			return value[:len(q)], value[len(q) : len(value)-len(q)]
		}
	}
	return nil, value
}

// Redact takes the secrets out of a text.
func (r Redactor) Redact(text []byte) []byte {
	form := secretForms()
	text = []byte(r.known.Replace(string(text)))
	for _, whole := range []*regexp.Regexp{form.pemKey, form.pemKeyEnd, form.jwt, form.crypt} {
		text = whole.ReplaceAllLiteral(text, []byte(redacted))
	}
	text = form.pem64.ReplaceAllFunc(text, func(found []byte) []byte {
		if holdsKey(found) {
			return []byte(redacted)
		}
		return found
	})
	for _, behind := range []*regexp.Regexp{form.keyed, form.argued, form.header} {
		text = behind.ReplaceAllFunc(text, func(found []byte) []byte {
			parts := behind.FindSubmatch(found)
			quote, value := unquote(parts[2])
			if plainWord(string(value)) {
				return found
			}
			return slices.Concat(parts[1], quote, []byte(redacted), quote)
		})
	}
	return form.inURL.ReplaceAll(text, []byte("${1}"+redacted+"${3}"))
}

// holdsKey decodes what is there of an encoded PEM text.
func holdsKey(encoded []byte) bool {
	trimmed := bytes.TrimRight(encoded, "=")
	plain, _ := base64.RawStdEncoding.DecodeString(string(trimmed[:len(trimmed)/4*4])) // whole groups: a cut text, too
	return bytes.Contains(plain, []byte("PRIVATE KEY"))
}

// Secrets finds what stands in the place of a secret in a text that is known to have some: a kubeconfig, an option, what
// a relation says.
func Secrets(text []byte) []secret.Value {
	form := secretForms()
	var found []secret.Value
	add := func(value []byte) {
		if len(value) >= shortest && !plainWord(string(value)) {
			found = append(found, secret.New(string(value)))
		}
	}
	for _, key := range form.pemKey.FindAll(text, -1) {
		add(bytes.ReplaceAll(key, []byte(`\n`), []byte("\n")))
	}
	for _, behind := range []*regexp.Regexp{form.keyed, form.argued, form.header} {
		for _, parts := range behind.FindAllSubmatch(text, -1) {
			_, value := unquote(parts[2])
			add(value)
			// A login in the form of base64 is user:password.
			if plain, err := base64.StdEncoding.DecodeString(string(value)); err == nil {
				if _, password, is := bytes.Cut(plain, []byte(":")); is {
					add(password)
				}
			}
		}
	}
	for _, parts := range form.inURL.FindAllSubmatch(text, -1) {
		_, password, _ := bytes.Cut(parts[2], []byte(":"))
		add(password)
		if plain, err := url.PathUnescape(string(password)); err == nil {
			add([]byte(plain))
		}
	}
	return found
}
