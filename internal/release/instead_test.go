package release

import (
	"slices"
	"testing"
)

func TestWhatReplacesIsSortedAndKnown(t *testing.T) {
	for name, pairs := range map[string][][2]string{"twins": twins[:], "other than kubelet flags": otherThanKubeletFlag[:], "other than kube-proxy flags": otherThanProxyFlag[:]} {
		if !slices.IsSortedFunc(pairs, func(a, b [2]string) int { return compareFirst(a, b[0]) }) {
			t.Errorf("%s: not sorted", name)
		}
	}
	for _, p := range twins {
		if !KubeletFlag(minor(Newest), p[0]).Known || !KubeletField(minor(Newest), p[1]).Known {
			t.Errorf("%v: not in the tables", p)
		}
		if second(otherThanKubeletFlag[:], p[0]) != "" {
			t.Errorf("%s is there twice", p[0])
		}
	}
	for _, p := range otherThanKubeletFlag {
		if s := KubeletFlag(minor(Newest), p[0]); s.Gone == 0 && !s.Deprecated {
			t.Errorf("%s needs no replacement", p[0])
		}
	}
	for _, p := range otherThanProxyFlag {
		if s := ProxyFlag(minor(Newest), p[0]); s.Gone == 0 && !s.Deprecated || !ProxyFlag(minor(Newest), p[1]).Exists {
			t.Errorf("%v: not in the table", p)
		}
	}
}

func TestAFieldIsOnlyNamedWhereItExists(t *testing.T) {
	if got := InsteadOfKubeletFlag(minor(12), "node-status-max-images"); got != "" {
		t.Errorf("1.12: %q", got)
	}
	if got := InsteadOfKubeletFlag(minor(19), "node-status-max-images"); got != "nodeStatusMaxImages in kubelet-extra-config" {
		t.Errorf("1.19: %q", got)
	}
	if got := InsteadOfKubeletFlag(minor(9), "max-pods"); got != "" {
		t.Errorf("1.9 reads no file: %q", got)
	}
}
