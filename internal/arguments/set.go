package arguments

import (
	"maps"
	"slices"
	"strings"
)

// Set is the arguments of one daemon, at most one for each key, always listed sorted by key. A Set is not changed after
// it was made. The zero value is empty.
type Set struct{ values map[string]string }

// NewSet makes a set. Of arguments with the same key the last one counts.
func NewSet(args ...Argument) Set { return Set{}.With(args...) }

// With returns the set with further arguments, which win over those there.
func (s Set) With(args ...Argument) Set {
	values := make(map[string]string, len(s.values)+len(args))
	maps.Copy(values, s.values)
	for _, a := range args {
		values[a.Key] = a.Value
	}
	return Set{values}
}

// Get returns the value of a key.
func (s Set) Get(key string) (value string, ok bool) {
	value, ok = s.values[key]
	return value, ok
}

// Len counts the arguments.
func (s Set) Len() int { return len(s.values) }

// Keys lists the keys, sorted.
func (s Set) Keys() []string { return slices.Sorted(maps.Keys(s.values)) }

// All lists the arguments sorted by key.
func (s Set) All() []Argument {
	all := make([]Argument, 0, len(s.values))
	for _, key := range s.Keys() {
		all = append(all, Argument{Key: key, Value: s.values[key]})
	}
	return all
}

// Equal reports whether both sets hold the same arguments.
func (s Set) Equal(o Set) bool { return maps.Equal(s.values, o.values) }

// String writes the set for people: --key=value, sorted. Use Raw for the snap.
func (s Set) String() string {
	words := make([]string, 0, s.Len())
	for _, a := range s.All() {
		words = append(words, "--"+a.Key+"="+a.Value)
	}
	return strings.Join(words, " ")
}

// Diff lists what turns one set into the other, one phrase a key, sorted by key: "max-pods: 110 → 50",
// "v: added (2)", "network-plugin: removed (cni)". It is the cause that is printed for a restart.
func Diff(from, to Set) []string {
	keys := slices.Compact(slices.Sorted(slices.Values(append(from.Keys(), to.Keys()...))))
	var changes []string
	for _, key := range keys {
		before, had := from.Get(key)
		after, has := to.Get(key)
		switch {
		case !had:
			changes = append(changes, key+": added ("+after+")")
		case !has:
			changes = append(changes, key+": removed ("+before+")")
		case before != after:
			changes = append(changes, key+": "+before+" → "+after)
		}
	}
	return changes
}
