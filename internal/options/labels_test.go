package options_test

import (
	"maps"
	"slices"
	"strings"
	"testing"

	"kubernetes-worker/internal/options"
)

func TestLabelsSkipBadItemsWithAWarning(t *testing.T) {
	for name, c := range map[string]struct {
		text     string
		set      map[string]string
		remove   []string
		warnings []string
	}{
		"nothing": {"", nil, nil, nil},
		"two equals signs": {"a=b=c d=e", map[string]string{"d": "e"}, nil,
			[]string{"Skipping malformed option: a=b=c."}},
		"any white space": {"a=1\tb=2\n\nc=3", map[string]string{"a": "1", "b": "2", "c": "3"}, nil, nil},
		"no equals sign":  {"a b=1", map[string]string{"b": "1"}, nil, []string{"Skipping malformed option: a."}},
		"bad key":         {"-a=1 a/b/c=1 =1", nil, nil, []string{"Skipping malformed option: -a=1.", "Skipping malformed option: a/b/c=1.", "Skipping malformed option: =1."}},
		"bad value":       {"a=b!", nil, nil, []string{"Skipping malformed option: a=b!."}},
		"too long":        {strings.Repeat("a", 64) + "=1", nil, nil, []string{"Skipping malformed option: " + strings.Repeat("a", 64) + "=1."}},
		"prefixed key":    {"example.com/role=x", map[string]string{"example.com/role": "x"}, nil, nil},
		"removal":         {"a- b=- c=old-", nil, []string{"a", "b", "c"}, nil},
		"bad removal":     {"- =- a--", nil, nil, []string{"Skipping malformed option: -.", "Skipping malformed option: =-.", "Skipping malformed option: a--."}},
		"the last wins":   {"a=1 a=2 b=1 b- c- c=3", map[string]string{"a": "2", "c": "3"}, []string{"b"}, nil},
		"our own label":   {"juju-application=x a=1", map[string]string{"a": "1"}, nil, []string{"labels: skipping juju-application, the charm keeps this label itself"}},
	} {
		got, findings := options.Parse(map[string]any{"labels": c.text})
		var warnings []string
		for _, f := range findings {
			if f.Severity != options.Warning || f.Option != options.LabelsOption {
				t.Errorf("%s: %+v", name, f)
			}
			warnings = append(warnings, f.Message)
		}
		if !maps.Equal(got.Labels.Set, c.set) || !slices.Equal(slices.Sorted(maps.Keys(got.Labels.Remove)), c.remove) || !slices.Equal(warnings, c.warnings) {
			t.Errorf("%s: %+v, %q", name, got.Labels, warnings)
		}
		if len(got.Invalid) > 0 {
			t.Errorf("%s: invalid %v", name, got.Invalid)
		}
	}
}
