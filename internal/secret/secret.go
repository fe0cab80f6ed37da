// Package secret owns the one type that carries tokens, passwords and private keys through the program.
// A Value cannot be printed, logged or serialised by accident: only Reveal gives the text.
package secret

import "fmt"

const redacted = "[redacted]"

// Value is a secret text. Its zero value is the empty secret.
type Value struct{ text string }

// New wraps a secret text.
func New(text string) Value { return Value{text: text} }

// Reveal returns the text. Call it only where the secret goes to its destination: a file of mode 0600 or stricter, or
// an authorization header.
func (v Value) Reveal() string { return v.text }

// Empty reports whether there is no secret.
func (v Value) Empty() bool { return v.text == "" }

// String hides the text.
func (v Value) String() string { return redacted }

// GoString hides the text from %#v.
func (v Value) GoString() string { return redacted }

// Format hides the text from every verb of package fmt, including those that print fields.
func (v Value) Format(s fmt.State, _ rune) { fmt.Fprint(s, redacted) }

// MarshalJSON hides the text from JSON, and so from state files and reports.
func (v Value) MarshalJSON() ([]byte, error) { return []byte(`"` + redacted + `"`), nil }

// MarshalText hides the text from every text encoder.
func (v Value) MarshalText() ([]byte, error) { return []byte(redacted), nil }

// MarshalYAML hides the text from YAML.
func (v Value) MarshalYAML() (any, error) { return redacted, nil }
