package release

import (
	"slices"
	"strings"
	"testing"

	"kubernetes-worker/internal/kubeversion"
)

func minor(n int) kubeversion.Version { return kubeversion.Version{Major: 1, Minor: n} }

var tables = map[string][]row{
	"flags of the kubelet": kubeletFlags[:], "fields of the kubelet": kubeletFields[:], "gates": gates[:],
	"flags of kube-proxy": proxyFlags[:], "gates of kube-proxy alone": proxyGates[:], "cloud providers": providers[:],
}

func TestTheTablesAreSortedAndSound(t *testing.T) {
	for name, table := range tables {
		if len(table) < 3 {
			t.Errorf("%s: only %d rows", name, len(table))
		}
		for i, r := range table {
			if r.since != 0 && (r.since <= Oldest || r.since > Newest) || r.gone != 0 && (r.gone <= Oldest || r.gone > Newest) {
				t.Errorf("%s: %+v is outside the table", name, r)
			}
			if r.gone != 0 && (r.gone <= r.since || r.gone <= r.deprecated) || r.deprecated != 0 && r.deprecated < r.since {
				t.Errorf("%s: impossible order of releases: %+v", name, r)
			}
			if i == 0 {
				continue
			}
			before := table[i-1]
			if before.name > r.name || before.name == r.name && (before.gone == 0 || before.gone > r.since) {
				t.Errorf("%s: %+v does not follow %+v", name, r, before)
			}
		}
	}
	if len(sources) != Newest-Oldest+1 {
		t.Fatalf("%d sources", len(sources))
	}
	for n := Oldest; n <= Newest; n++ {
		if v, err := kubeversion.Parse(Source(n)); err != nil || !v.SameMinor(minor(n)) {
			t.Errorf("1.%d was read from %s: %v", n, Source(n), err)
		}
	}
}

// goneFlags is the table of the specification (lifecycle 18.1), written down a second time.
var goneFlags = map[int][]string{
	15: {"allow-privileged"},
	24: {"network-plugin", "cni-bin-dir", "cni-conf-dir", "cni-cache-dir", "docker-endpoint", "network-plugin-mtu", "non-masquerade-cidr",
		"image-pull-progress-deadline", "dynamic-config-dir"},
	25: {"experimental-kernel-memcg-notification"},
	26: {"logtostderr", "alsologtostderr", "log-dir", "log-file", "stderrthreshold"},
	27: {"container-runtime", "master-service-namespace"},
	31: {"keep-terminated-pod-volumes"},
	34: {"cloud-config", "register-schedulable"},
	35: {"pod-infra-container-image"},
}

func TestTheTableSaysWhatTheSpecificationSays(t *testing.T) {
	for gone, names := range goneFlags {
		for _, name := range names {
			if s := KubeletFlag(minor(gone-1), name); !s.Exists {
				t.Errorf("%s at 1.%d: %+v", name, gone-1, s)
			}
			for n := gone; n <= Newest+5; n++ {
				if s := KubeletFlag(minor(n), name); s.Exists || s.Gone != gone {
					t.Errorf("%s at 1.%d: %+v", name, n, s)
				}
			}
		}
	}
	for n := Oldest; n <= Newest; n++ {
		for _, name := range []string{"kubeconfig", "config", "v", "node-ip", "provider-id", "hostname-override", "cert-dir", "root-dir", "register-with-taints",
			"node-labels", "address", "port", "cluster-dns", "tls-cert-file", "max-pods", "feature-gates", "cloud-provider"} {
			if !KubeletFlag(minor(n), name).Exists {
				t.Errorf("1.%d has no kubelet flag %s", n, name)
			}
		}
		for _, name := range []string{"cluster-cidr", "kubeconfig", "master", "hostname-override", "conntrack-max-per-core", "v", "config"} {
			if !ProxyFlag(minor(n), name).Exists {
				t.Errorf("1.%d has no kube-proxy flag %s", n, name)
			}
		}
	}
	if s := KubeletFlag(minor(12), "require-kubeconfig"); s.Exists || s.Gone != 10 {
		t.Errorf("require-kubeconfig: %+v", s)
	}
	if s := KubeletFlag(minor(23), "logtostderr"); !s.Exists || !s.Deprecated {
		t.Errorf("logtostderr at 1.23: %+v", s)
	}
}

func TestMilestonesAgreeWithTheTable(t *testing.T) {
	for n := Oldest; n <= Newest; n++ {
		v := minor(n)
		for _, c := range []struct {
			what          string
			feature, fact bool
		}{
			{"allow-privileged", Has(v, AllowPrivileged), KubeletFlag(v, "allow-privileged").Exists},
			{"dockershim", Has(v, Dockershim), KubeletFlag(v, "docker-endpoint").Exists},
			{"the endpoint's field", !Has(v, EndpointFlag), KubeletField(v, "containerRuntimeEndpoint").Exists},
			{"the configuration file", Has(v, ConfigFile), KubeletFlag(v, "config").Exists},
		} {
			if c.feature != c.fact {
				t.Errorf("1.%d: %s: milestone %t, table %t", n, c.what, c.feature, c.fact)
			}
		}
		if Has(v, DynamicConfig) && !KubeletFlag(v, "dynamic-config-dir").Exists {
			t.Errorf("1.%d: dynamic-config-dir would be passed and is not there", n)
		}
		if !Has(v, CgroupV1) && !KubeletField(v, "failCgroupV1").Exists {
			t.Errorf("1.%d refuses cgroup v1 and has no field to allow it", n)
		}
	}
}

func TestANameThatWentAndCameBackIsToldForBothTimes(t *testing.T) {
	table := []row{{name: "a", gone: 15}, {name: "a", since: 18, deprecated: 19}, {name: "b", since: 14}}
	for n, want := range map[int]Standing{
		12: {Known: true, Exists: true}, 14: {Known: true, Exists: true}, 15: {Known: true, Since: 18}, 17: {Known: true, Since: 18},
		18: {Known: true, Exists: true}, 19: {Known: true, Exists: true, Deprecated: true}, 40: {Known: true, Exists: true, Deprecated: true},
	} {
		if got := find(table, minor(n), "a"); got != want {
			t.Errorf("1.%d: %+v, want %+v", n, got, want)
		}
	}
}

func TestReleasesBeyondTheTableAreLikeTheNewest(t *testing.T) {
	for _, v := range []kubeversion.Version{minor(Newest + 1), minor(99), {Major: 2}} {
		if Covered(v) {
			t.Errorf("%s is covered", v)
		}
		if s := KubeletFlag(v, "kubeconfig"); !s.Exists {
			t.Errorf("%s: %+v", v, s)
		}
		if s := KubeletFlag(v, "network-plugin"); s.Gone != 24 {
			t.Errorf("%s: %+v", v, s)
		}
	}
	if Covered(minor(Oldest-1)) || !Covered(minor(Oldest)) || !Covered(minor(Newest)) {
		t.Error("the table's ends are not told")
	}
	if s := KubeletFlag(minor(9), "node-status-max-images"); !s.Exists {
		t.Errorf("a release before the table: %+v", s)
	}
}

func TestListsAreSortedAndHoldWhatExists(t *testing.T) {
	for n := Oldest; n <= Newest; n++ {
		for name, c := range map[string]struct {
			list   []string
			stands func(kubeversion.Version, string) Standing
		}{
			"kubelet flags": {KubeletFlags(n), KubeletFlag}, "kubelet fields": {KubeletFields(n), KubeletField}, "kubelet gates": {KubeletGates(n), KubeletGate},
			"kube-proxy flags": {KubeProxyFlags(n), ProxyFlag}, "kube-proxy gates": {KubeProxyGates(n), ProxyGate},
		} {
			if !slices.IsSorted(c.list) || len(slices.Compact(slices.Clone(c.list))) != len(c.list) || len(c.list) < 40 {
				t.Errorf("1.%d: the %d %s are not a sorted set", n, len(c.list), name)
			}
			for _, word := range c.list {
				if !c.stands(minor(n), word).Exists || strings.ContainsAny(word, "[]{}") {
					t.Errorf("1.%d: %s is not among the %s", n, word, name)
				}
			}
		}
		for _, flag := range DeprecatedKubeletFlags(n) {
			if s := KubeletFlag(minor(n), flag); !s.Deprecated {
				t.Errorf("1.%d: %s: %+v", n, flag, s)
			}
		}
		for _, flag := range DeprecatedKubeProxyFlags(n) {
			if s := ProxyFlag(minor(n), flag); !s.Deprecated {
				t.Errorf("1.%d: %s: %+v", n, flag, s)
			}
		}
	}
	if !slices.Contains(DeprecatedKubeletFlags(28), "max-pods") || slices.Contains(DeprecatedKubeletFlags(28), "kubeconfig") {
		t.Error("the deprecated flags of 1.28 are others")
	}
}

func TestTheNearestNameIsSuggested(t *testing.T) {
	for wrong, want := range map[string]string{
		"max-podz": "max-pods", "maxpods": "max-pods", "kubconfig": "kubeconfig", "container-runtime": "", "quux": "", "x": "", "V": "v",
		"Node-Labels": "node-labels", "tls-chiper-suites": "tls-cipher-suites",
	} {
		if got := KubeletFlag(minor(28), wrong).Nearest; got != want {
			t.Errorf("%s: %q, want %q", wrong, got, want)
		}
	}
}

func FuzzNearest(f *testing.F) {
	f.Add("max-podz")
	f.Add("\xff")
	f.Fuzz(func(t *testing.T, name string) {
		s := KubeletFlag(minor(28), name)
		if s.Nearest != "" && (s.Known || !KubeletFlag(minor(28), s.Nearest).Exists) {
			t.Errorf("%q: %+v", name, s)
		}
	})
}
