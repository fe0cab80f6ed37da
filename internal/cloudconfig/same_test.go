package cloudconfig_test

import (
	"testing"

	"kubernetes-worker/internal/cloudconfig"
)

func TestFilesThatAProviderReadsAlikeAreTheSame(t *testing.T) {
	for _, c := range []struct {
		have, want string
		same       bool
	}{
		{"[Global]\ntoken-url = nil\nmultizone = true", "[Global]\ntoken-url = nil\nmultizone = true\n", true},
		{"[Global]\n\n  auth-url =  x\n", "[Global]\nauth-url = x\n", true},
		{"[Global]\npassword = a;b\n", "[Global]\npassword = \"a;b\"\n", false}, // the first is cut off at the semicolon
		{`{"a": 1, "b": true}`, "{\n \"b\": true, \"a\": 1}\n", true},
		{`{"a": 1}`, `{"a": 2}`, false},
		{"", "[Global]\n", false},
	} {
		if got := cloudconfig.Same([]byte(c.have), []byte(c.want)); got != c.same {
			t.Errorf("%q and %q: %t", c.have, c.want, got)
		}
	}
}
