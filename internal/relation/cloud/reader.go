package cloud

import (
	"crypto/x509"
	"encoding/base64"
	"encoding/json"
	"encoding/pem"
	"strings"
	"unicode/utf8"

	"kubernetes-worker/internal/relation"
	"kubernetes-worker/internal/secret"
)

// longest is how long a single value can be, and longestDocument a document or certificate.
const (
	longest         = 4096
	longestDocument = 256 << 10
)

// reader reads single keys of the relation that counts.
type reader struct {
	rels     []relation.Relation
	problems *relation.Problems
}

// text reads a text that ends up in a configuration file. null and nothing are the same. Line ends are texts, too: it is the
// file's writer who quotes them. Other control characters have no way of being written.
func (r reader) text(key string) string {
	value, _ := relation.First(relation.InPlainOrder(r.rels), key, r.problems, decodeText)
	return value
}

func decodeText(text string) (value string, ok bool, reason string) {
	if _, given := relation.DecodeJSON(text); !given {
		return "", false, ""
	}
	value, ok = relation.DecodeString(text)
	switch {
	case !ok:
		return "", false, "is not a text"
	case len(value) > longest:
		return "", false, "is too long"
	case !utf8.ValidString(value) || strings.ContainsFunc(value, unwritable):
		return "", false, "has characters that no configuration file can hold"
	}
	return value, value != "", ""
}

func unwritable(c rune) bool {
	return c < ' ' && c != '\n' && c != '\t' || c >= 0x7f && c <= 0x9f || c == '\ufeff' || c == '\u2028' || c == '\u2029'
}

func (r reader) secret(key string) secret.Value { return secret.New(r.text(key)) }

// truth reads a truth value; nil is none.
func (r reader) truth(key string) *bool {
	value, ok := relation.First(relation.InPlainOrder(r.rels), key, r.problems, func(text string) (value, ok bool, reason string) {
		if _, given := relation.DecodeJSON(text); !given {
			return false, false, ""
		}
		if value, ok = relation.DecodeBool(text); !ok {
			reason = "is neither true nor false"
		}
		return value, ok, reason
	})
	if !ok {
		return nil
	}
	return &value
}

func (r reader) isTrue(key string) bool {
	value := r.truth(key)
	return value != nil && *value
}

// object reads an object of texts; entries that are none are left out.
func (r reader) object(key string) map[string]string {
	value, _ := relation.First(relation.InPlainOrder(r.rels), key, r.problems, func(text string) (map[string]string, bool, string) {
		decoded, given := relation.DecodeJSON(text)
		if !given {
			return nil, false, ""
		}
		object, ok := decoded.(map[string]any)
		if !ok {
			return nil, false, "is not a JSON object"
		}
		texts := map[string]string{}
		for name, value := range object {
			if text, ok := value.(string); ok {
				texts[name] = text
			}
		}
		return texts, true, ""
	})
	return value
}

// document reads a JSON document inside a text.
func (r reader) document(key string) secret.Value {
	value, _ := relation.First(relation.InPlainOrder(r.rels), key, r.problems, func(text string) (secret.Value, bool, string) {
		decoded, given := relation.DecodeJSON(text)
		if !given {
			return secret.Value{}, false, ""
		}
		document, isText := decoded.(string)
		if !isText {
			document = text // not wrapped
		}
		var object map[string]json.RawMessage
		switch {
		case len(document) > longestDocument:
			return secret.Value{}, false, "is too long"
		case json.Unmarshal([]byte(document), &object) != nil || object == nil:
			return secret.Value{}, false, "is not a JSON document"
		}
		return secret.New(document), true, ""
	})
	return value
}

// authority reads certificates in PEM form, wrapped in base64.
func (r reader) authority(key string) string {
	value, _ := relation.First(relation.InPlainOrder(r.rels), key, r.problems, func(text string) (string, bool, string) {
		if _, given := relation.DecodeJSON(text); !given {
			return "", false, ""
		}
		wrapped, isText := relation.DecodeString(text)
		if !isText {
			return "", false, "is not a text"
		}
		if strings.TrimSpace(wrapped) == "" {
			return "", false, ""
		}
		if len(wrapped) > longestDocument {
			return "", false, "is too long"
		}
		content, err := base64.StdEncoding.DecodeString(strings.Join(strings.Fields(wrapped), ""))
		if err != nil {
			return "", false, "is not base64"
		}
		if reason := certificatesFault(content); reason != "" {
			return "", false, reason
		}
		return string(content), true, ""
	})
	return value
}

func certificatesFault(content []byte) string {
	found := false
	for rest := content; ; found = true {
		var block *pem.Block
		if block, rest = pem.Decode(rest); block == nil {
			break
		}
		if block.Type != "CERTIFICATE" {
			return "holds something else than certificates"
		}
		if _, err := x509.ParseCertificate(block.Bytes); err != nil {
			return "holds a certificate that cannot be parsed"
		}
	}
	if !found {
		return "holds no certificate in PEM form"
	}
	return ""
}
