package relation

import (
	"bytes"
	"encoding/json"
	"fmt"
	"sort"
	"strconv"
	"strings"
	"unicode/utf16"
)

// EncodeJSON writes v in the form that the companion charms write and hash: object keys sorted, ", " and ": " as
// separators, everything outside printable ASCII as \uXXXX, and <, >, & and / left as they are. It takes what
// encoding/json takes apart from floats, whose spelling would have to follow Python's.
func EncodeJSON(v any) (string, error) {
	plain, err := json.Marshal(v)
	if err != nil {
		return "", fmt.Errorf("cannot encode value: %w", err)
	}
	d := json.NewDecoder(bytes.NewReader(plain))
	d.UseNumber()
	var generic any
	if err := d.Decode(&generic); err != nil {
		return "", fmt.Errorf("cannot encode value: %w", err)
	}
	var b strings.Builder
	writeJSON(&b, generic)
	return b.String(), nil
}

func writeJSON(b *strings.Builder, v any) {
	switch v := v.(type) {
	case nil:
		b.WriteString("null")
	case bool:
		b.WriteString(strconv.FormatBool(v))
	case json.Number:
		b.WriteString(v.String())
	case string:
		writeJSONString(b, v)
	case []any:
		b.WriteByte('[')
		for i, item := range v {
			if i > 0 {
				b.WriteString(", ")
			}
			writeJSON(b, item)
		}
		b.WriteByte(']')
	case map[string]any:
		keys := make([]string, 0, len(v))
		for k := range v {
			keys = append(keys, k)
		}
		sort.Strings(keys)
		b.WriteByte('{')
		for i, k := range keys {
			if i > 0 {
				b.WriteString(", ")
			}
			writeJSONString(b, k)
			b.WriteString(": ")
			writeJSON(b, v[k])
		}
		b.WriteByte('}')
	}
}

var shortEscapes = map[rune]string{'\n': `\n`, '\r': `\r`, '\t': `\t`, '\b': `\b`, '\f': `\f`, '"': `\"`, '\\': `\\`}

func writeJSONString(b *strings.Builder, s string) {
	b.WriteByte('"')
	for _, r := range s {
		switch short, ok := shortEscapes[r]; {
		case ok:
			b.WriteString(short)
		case r >= 0x20 && r <= 0x7e:
			b.WriteRune(r)
		case r > 0xffff:
			hi, lo := utf16.EncodeRune(r)
			fmt.Fprintf(b, `\u%04x\u%04x`, hi, lo)
		default:
			fmt.Fprintf(b, `\u%04x`, r)
		}
	}
	b.WriteByte('"')
}

// DecodeJSON reads a value in the json encoding. Absent, empty and null mean "no value" and give ok false; a text that
// is not JSON stands for itself, as older peers wrote plain strings.
func DecodeJSON(text string) (v any, ok bool) {
	if strings.TrimSpace(text) == "" {
		return nil, false
	}
	d := json.NewDecoder(strings.NewReader(text))
	d.UseNumber()
	if err := d.Decode(&v); err != nil || d.InputOffset() != int64(len(strings.TrimRight(text, " \t\r\n"))) {
		return text, true
	}
	return v, v != nil
}

// DecodeString reads a json-encoded string; plain text stands for itself. Other types give ok false.
func DecodeString(text string) (string, bool) {
	v, ok := DecodeJSON(text)
	if !ok {
		return "", false
	}
	s, isString := v.(string)
	if !isString {
		// 10.1.0.0 or 53 without quotes parse as numbers in part only; a bare number was meant as text.
		if n, isNumber := v.(json.Number); isNumber {
			return n.String(), true
		}
		return "", false
	}
	return s, true
}

// DecodeBool reads True, False, true, false in either encoding; anything else gives ok false.
func DecodeBool(text string) (value, ok bool) {
	switch strings.ToLower(strings.Trim(strings.TrimSpace(text), `"`)) {
	case "true":
		return true, true
	case "false":
		return false, true
	}
	return false, false
}
