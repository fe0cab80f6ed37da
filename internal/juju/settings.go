package juju

import (
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"
	"unicode/utf8"
)

var (
	errNotText = errors.New("it is not UTF-8 text")
	errBadKey  = errors.New("not a key of a relation")
)

// settingsFile renders the map of strings that relation-set reads from a file. The text is at once YAML, which the agent
// parses, and JSON: keys and values are quoted, so that none is taken for a number, and what YAML forbids in its text
// (control characters, DEL, U+FEFF) or JSON's encoders split in two (characters above U+FFFF) is spelt so that both
// agree. Values are in no error, for they may be secret.
func settingsFile(values map[string]string) ([]byte, error) {
	var b strings.Builder
	b.WriteByte('{')
	for i, key := range slices.Sorted(maps.Keys(values)) {
		if key == "" || strings.ContainsAny(key, "=\n") || !utf8.ValidString(key) {
			return nil, fmt.Errorf("cannot send key %q: %w", key, errBadKey)
		}
		if !utf8.ValidString(values[key]) {
			return nil, fmt.Errorf("cannot send the value of key %q: %w", key, errNotText)
		}
		if i > 0 {
			b.WriteString(",\n ")
		}
		quote(&b, key)
		b.WriteString(": ")
		quote(&b, values[key])
	}
	b.WriteString("}\n")
	return []byte(b.String()), nil
}

func quote(b *strings.Builder, text string) {
	b.WriteByte('"')
	for _, r := range text {
		switch {
		case r == '"' || r == '\\':
			b.WriteByte('\\')
			b.WriteRune(r)
		case r == '\n':
			b.WriteString(`\n`)
		case r >= 0x20 && r <= 0x7e || r > 0xffff:
			b.WriteRune(r)
		default:
			fmt.Fprintf(b, `\u%04x`, r)
		}
	}
	b.WriteByte('"')
}
