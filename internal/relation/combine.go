package relation

import (
	"cmp"
	"slices"
	"strings"
)

// Problems gathers what is wrong, each once and in the order found, so that a hostile list of thousands of bad entries
// makes one line. Its zero value is empty.
type Problems struct{ list []Problem }

// Add takes note of p.
func (ps *Problems) Add(p Problem) {
	if !slices.Contains(ps.list, p) {
		ps.list = append(ps.list, p)
	}
}

// All returns the problems in the order found; nil when there are none.
func (ps *Problems) All() []Problem { return ps.list }

// Value is one non-empty value of one remote unit, with its place.
type Value struct {
	Endpoint string
	Unit     string
	Key      string
	Text     string
}

// Problem says that the value cannot be used, without telling the value.
func (v Value) Problem(reason string) Problem {
	return Problem{Endpoint: v.Endpoint, Unit: v.Unit, Key: v.Key, Reason: reason}
}

// Values lists what all remote units say for a key, relation by relation and in the order of relation-list. Empty values
// are left out: Juju does not tell them from deleted keys.
func Values(rels []Relation, key string) []Value {
	var values []Value
	for _, rel := range rels {
		for _, unit := range rel.Units {
			if text := unit.Data[key]; strings.TrimSpace(text) != "" {
				values = append(values, Value{Endpoint: rel.Endpoint, Unit: unit.Name, Key: key, Text: text})
			}
		}
	}
	return values
}

// First decodes a key of all remote units and returns the first usable value. The decoder answers ok for a usable value,
// a reason for an unusable one, and neither for one that means "no value". Every unusable value is reported, and none
// hides a usable one behind it.
func First[T any](rels []Relation, key string, problems *Problems, decode func(text string) (value T, ok bool, reason string)) (T, bool) {
	var first T
	found := false
	for _, v := range Values(rels, key) {
		value, ok, reason := decode(v.Text)
		switch {
		case reason != "":
			problems.Add(v.Problem(reason))
		case ok && !found:
			first, found = value, true
		}
	}
	return first, found
}

// Joined reports whether any remote unit is there.
func Joined(rels []Relation) bool {
	return slices.ContainsFunc(rels, func(r Relation) bool { return len(r.Units) > 0 })
}

// InPlainOrder returns the relations ordered by id and their units by name, both as plain strings (x/10 before x/2): the
// order in which the newer protocols let the first of several values win. The argument is left as it is.
func InPlainOrder(rels []Relation) []Relation {
	sorted := slices.Clone(rels)
	for i := range sorted {
		sorted[i].Units = slices.Clone(sorted[i].Units)
		slices.SortStableFunc(sorted[i].Units, func(a, b Unit) int { return cmp.Compare(a.Name, b.Name) })
	}
	slices.SortStableFunc(sorted, func(a, b Relation) int { return cmp.Compare(a.ID, b.ID) })
	return sorted
}
