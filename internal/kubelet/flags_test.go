package kubelet

import (
	"slices"
	"strings"
	"testing"

	"kubernetes-worker/internal/arguments"
)

func TestTheTableOfFlagsIsSortedAndSound(t *testing.T) {
	if !slices.IsSortedFunc(flags[:], func(a, b flag) int { return strings.Compare(a.name, b.name) }) {
		t.Error("not sorted by name, lookup would miss flags")
	}
	for i, f := range flags {
		if !arguments.ValidKey(f.name) {
			t.Errorf("%q is no flag", f.name)
		}
		if i > 0 && flags[i-1].name == f.name {
			t.Errorf("%s is there twice", f.name)
		}
		if f.gone != 0 && (f.gone <= f.since || f.gone <= f.deprecated || f.gone <= f.avoid) {
			t.Errorf("%s: impossible order of releases: %+v", f.name, f)
		}
		if got, ok := lookup(f.name); !ok || got != f {
			t.Errorf("%s is not found", f.name)
		}
	}
}
