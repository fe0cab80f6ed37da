// Package arguments owns the command-line arguments of the daemons: reading them from the *-extra-args options, keeping
// them as ordered sets, and writing them in the two forms that the Kubernetes snaps take (specification, lifecycle 7).
// It knows no flag by name and talks to nobody; which flag a release accepts is decided by kubelet and kubeproxy.
package arguments

import (
	"fmt"
	"slices"
	"strings"
	"unicode"
	"unicode/utf8"
)

// Argument is one flag of a daemon without its leading dashes.
type Argument struct {
	Key   string
	Value string
}

// Problem tells why one item of an option cannot be used. It names the item by its key only, because values may be
// private.
type Problem struct {
	Option string // name of the option the item stands in
	Item   string // the item up to its first "="
	Reason string // what is wrong and what would be right
}

// Error joins the parts into one sentence.
func (p Problem) Error() string {
	return fmt.Sprintf("%s: cannot use %q: %s", p.Option, p.Item, p.Reason)
}

const keyGrammar = "a name has lower-case letters, digits and single dashes between them, and at least one letter"

// Parse reads the text of an option: items separated by white space, each "key=value" (split at the first "=") or a bare
// "key" that means "true". Leading "--" is taken off. Of items with the same key the last one counts and stands where it
// was written. Items that cannot be used are left out and reported.
func Parse(option, text string) ([]Argument, []Problem) {
	var args []Argument
	var problems []Problem
	for _, item := range strings.Fields(text) {
		arg, reason := parseItem(item)
		if reason != "" {
			problems = append(problems, Problem{Option: option, Item: shorten(arg.Key), Reason: reason})
			continue
		}
		args = slices.DeleteFunc(args, func(a Argument) bool { return a.Key == arg.Key })
		args = append(args, arg)
	}
	return args, problems
}

// longestKey is more than twice the longest name that any release has.
const longestKey = 128

func parseItem(item string) (arg Argument, reason string) {
	key, value, found := strings.Cut(item, "=")
	if !found {
		value = "true"
	}
	key = strings.TrimPrefix(key, "--")
	arg = Argument{Key: key, Value: value}
	if !ValidKey(key) {
		return arg, keyGrammar
	}
	if len(key) > longestKey {
		return arg, fmt.Sprintf("a name has at most %d characters", longestKey)
	}
	return arg, valueFault(value)
}

// valueFault tells why a value cannot be written into an arguments file; empty where it can.
func valueFault(value string) string {
	if !utf8.ValidString(value) {
		return "its value is not valid UTF-8"
	}
	if strings.ContainsFunc(value, unicode.IsControl) {
		return "its value holds a line break or another control character"
	}
	return ""
}

// shorten keeps messages readable when somebody pastes a whole file into an option.
func shorten(item string) string {
	const most = 60
	if runes := []rune(item); len(runes) > most {
		return string(runes[:most]) + "…"
	}
	return item
}

// ValidKey reports whether snapd takes the key as the name of an option: lower-case letters, digits and single dashes, a
// letter somewhere, no dash at either end. Flags of the Kubernetes daemons all follow this.
func ValidKey(key string) bool {
	letter := false
	previous := byte('-')
	for i := range len(key) {
		c := key[i]
		switch {
		case 'a' <= c && c <= 'z':
			letter = true
		case '0' <= c && c <= '9':
		case c == '-' && previous != '-':
		default:
			return false
		}
		previous = c
	}
	return letter && previous != '-'
}
