package jujusim

import (
	"fmt"
	"slices"
	"strings"
)

// toolError is what a tool prints after "ERROR " and its exit status: 2 for a wrong call, 1 for a failure while running.
type toolError struct {
	code int
	text string
}

// Error is the text without the word ERROR.
func (e *toolError) Error() string { return e.text }

func usage(format string, args ...any) error { return &toolError{2, fmt.Sprintf(format, args...)} }

func failed(format string, args ...any) error { return &toolError{1, fmt.Sprintf(format, args...)} }

// flagSpec declares a tool's flags: the spellings of each one, the first being the name under which it is kept.
type flagSpec struct {
	values   [][]string
	switches [][]string
}

type flags struct {
	values   map[string]string
	switches map[string]bool
	args     []string
}

func (f flags) value(name, fallback string) string {
	if value, ok := f.values[name]; ok {
		return value
	}
	return fallback
}

func find(list [][]string, spelling string) (string, bool) {
	for _, names := range list {
		if slices.Contains(names, spelling) {
			return names[0], true
		}
	}
	return "", false
}

// parseFlags reads flags and arguments in any order, as Juju's parser does; "--" ends the flags and "-" is an argument.
func (s flagSpec) parseFlags(words []string) (flags, error) {
	f := flags{values: map[string]string{}, switches: map[string]bool{}}
	for i := 0; i < len(words); i++ {
		word := words[i]
		if word == "--" {
			f.args = append(f.args, words[i+1:]...)
			break
		}
		if word == "-" || !strings.HasPrefix(word, "-") {
			f.args = append(f.args, word)
			continue
		}
		spelling, value, given := strings.Cut(word, "=")
		if name, ok := find(s.switches, spelling); ok {
			if given && value != "true" && value != "false" {
				return f, usage("invalid value %q for option %s", value, spelling)
			}
			f.switches[name] = value != "false"
			continue
		}
		name, ok := find(s.values, spelling)
		if !ok {
			return f, usage("option provided but not defined: %s", spelling)
		}
		if !given {
			if i++; i >= len(words) {
				return f, usage("option needs an argument: %s", spelling)
			}
			value = words[i]
		}
		f.values[name] = value
	}
	return f, nil
}

// pairs splits key=value words at the first equals sign.
func pairs(words []string) (map[string]string, error) {
	out := map[string]string{}
	for _, word := range words {
		key, value, found := strings.Cut(word, "=")
		if !found || key == "" {
			return nil, usage(`expected "key=value", got %q`, word)
		}
		out[key] = value
	}
	return out, nil
}
