package kubelet_test

import (
	"bytes"
	"slices"
	"strings"
	"testing"

	"gopkg.in/yaml.v3"

	"kubernetes-worker/internal/arguments"
	"kubernetes-worker/internal/kubelet"
)

func TestExtraConfigurationIsMergedLast(t *testing.T) {
	in := machine(t, "1.28.0")
	in.ExtraConfig = map[string]any{
		"maxPods":        int64(50),
		"authentication": map[string]any{"anonymous": map[string]any{"enabled": true}, "webhook": map[string]any{"cacheTTL": "1m"}},
		"clusterDNS":     []any{"1.1.1.1", "8.8.8.8"},
		"evictionHard":   map[string]any{"nodefs.available": "5%", "memory.available": "100Mi"},
		"kind":           "KubeletConfiguration",
		"resolvConf":     "",
		"featureGates":   map[string]any{"CPUManagerPolicyOptions": true, "AllAlpha": false},
		"kubeReserved":   map[string]any{"yes": "1", "1": "2"},
		"staticPodPath":  "a: b # c\nd",
	}
	out := kubelet.Render(in)
	if len(out.Problems) > 0 {
		t.Fatal(out.Problems)
	}
	golden(t, "merged.yaml", out.Config)
	for range 20 {
		if again := kubelet.Render(in); !bytes.Equal(again.Config, out.Config) {
			t.Fatal("the same input gives other bytes")
		}
	}
	var back map[string]any
	if err := yaml.Unmarshal(out.Config, &back); err != nil {
		t.Fatal(err)
	}
	if back["staticPodPath"] != "a: b # c\nd" || back["resolvConf"] != "" || back["maxPods"] != 50 {
		t.Errorf("read back: %v", back)
	}
}

func TestExtraConfigurationThatDoesNotFitBlocks(t *testing.T) {
	for name, c := range map[string]struct {
		release  string
		extra    map[string]any
		mentions []string
	}{
		"a scalar where a mapping is":           {"1.12.0", map[string]any{"authentication": "none"}, []string{"authentication: a single value"}},
		"null where a mapping is":               {"1.12.0", map[string]any{"authentication": nil}, []string{"authentication: a single value"}},
		"a mapping where a scalar is":           {"1.12.0", map[string]any{"port": map[string]any{"a": "b"}}, []string{"port: a mapping"}},
		"a number where a text is":              {"1.28.0", map[string]any{"clusterDomain": int64(5)}, []string{"clusterDomain: it has to be a text; put it in quotes"}},
		"a text where a number is":              {"1.28.0", map[string]any{"maxPods": "50"}, []string{"maxPods: it has to be a whole number"}},
		"a fraction where none is":              {"1.28.0", map[string]any{"maxPods": 1.5}, []string{"maxPods: it has to be a whole number"}},
		"a text where a truth is":               {"1.28.0", map[string]any{"failSwapOn": "no"}, []string{"failSwapOn: it has to be true or false"}},
		"a list where a scalar is":              {"1.28.0", map[string]any{"maxPods": []any{int64(1)}}, []string{"maxPods: a list is given"}},
		"a scalar where a list is":              {"1.28.0", map[string]any{"clusterDNS": "1.1.1.1"}, []string{"clusterDNS: a single value is given where the configuration has a list"}},
		"a number in a list of texts":           {"1.28.0", map[string]any{"clusterDNS": []any{"1.1.1.1", int64(1)}}, []string{"clusterDNS[1]: it has to be a text"}},
		"a number in a free mapping":            {"1.28.0", map[string]any{"kubeReserved": map[string]any{"cpu": int64(1), "memory": "1Gi"}}, []string{"kubeReserved.cpu: it has to be a text; put it in quotes"}},
		"a list in a free mapping":              {"1.28.0", map[string]any{"kubeReserved": map[string]any{"cpu": []any{}}}, []string{"kubeReserved.cpu: a list is given"}},
		"quantities of two kinds":               {"1.28.0", map[string]any{"reservedMemory": []any{map[string]any{"numaNode": int64(0), "limits": map[string]any{"memory": int64(1), "hugepages-2Mi": "1Gi"}}}}, nil},
		"a misspelt field":                      {"1.28.0", map[string]any{"maxpods": int64(5)}, []string{"maxpods is unknown to every release and kubelet 1.28.0 would ignore it; write maxPods or remove it"}},
		"a field of another world":              {"1.28.0", map[string]any{"wibbleWobble": int64(5)}, []string{"wibbleWobble is unknown to every release and kubelet 1.28.0 would ignore it; remove it"}},
		"a misspelt nested field":               {"1.28.0", map[string]any{"authentication": map[string]any{"webhook": map[string]any{"cacheTtls": "1m"}}}, []string{"authentication.webhook.cacheTtls is unknown to every release and kubelet 1.28.0 would ignore it; write authentication.webhook.cacheTTL"}},
		"a misspelt field in a list":            {"1.28.0", map[string]any{"registerWithTaints": []any{map[string]any{"keys": "a"}}}, []string{"registerWithTaints[0].keys is unknown to every release"}},
		"a field that went":                     {"1.24.0", map[string]any{"logging": map[string]any{"sanitization": true}}, []string{"logging.sanitization is gone since Kubernetes 1.24 and kubelet 1.24.0 would ignore it; remove it"}},
		"a field not yet there":                 {"1.23.0", map[string]any{"containerRuntimeEndpoint": "/x"}, []string{"containerRuntimeEndpoint exists only since Kubernetes 1.27 and kubelet 1.23.0 would ignore it; remove it"}},
		"a gate not yet there":                  {"1.12.0", map[string]any{"featureGates": map[string]any{"NodeSwap": true}}, []string{"featureGates: the feature gate NodeSwap exists only since Kubernetes 1.22"}},
		"a gate that never was":                 {"1.28.0", map[string]any{"featureGates": map[string]any{"NodeSwop": true}}, []string{"the feature gate NodeSwop is unknown to every release and kubelet 1.28.0 would not start with it; write NodeSwap or remove it"}},
		"a gate that is no truth":               {"1.28.0", map[string]any{"featureGates": map[string]any{"NodeSwap": "on"}}, []string{"featureGates.NodeSwap: it has to be true or false; give one of them, without quotes"}},
		"a field with its default":              {"1.28.0", map[string]any{"maxPods": nil, "logging": map[string]any{"verbosity": int64(2)}, "memoryThrottlingFactor": int64(1)}, nil},
		"an unknown field of a release to come": {"1.99.0", map[string]any{"wibbleWobble": int64(5), "featureGates": map[string]any{"Wibble": true}}, nil},
		"a mapping where a list is":             {"1.12.0", map[string]any{"clusterDNS": map[string]any{}}, []string{"clusterDNS: a mapping"}},
		"two deep ones": {"1.12.0", map[string]any{"authentication": map[string]any{"x509": []any{}, "anonymous": map[string]any{"enabled": map[string]any{}}}},
			[]string{"authentication.anonymous.enabled: a mapping", "authentication.x509: a single value"}},
		"another kind":    {"1.12.0", map[string]any{"kind": "Pod"}, []string{"kind can only be KubeletConfiguration"}},
		"another version": {"1.12.0", map[string]any{"apiVersion": int64(1)}, []string{"apiVersion can only be"}},
		"a gate that is locked": {"1.28.0", map[string]any{"featureGates": map[string]any{"SeccompDefault": false, "TopologyManager": nil, "CPUManager": true}},
			[]string{"featureGates: the feature gate SeccompDefault is locked to true and kubelet 1.28.0 would not start with false; remove it", "TopologyManager is locked to true"}},
		"a gate that went":  {"1.28.0", map[string]any{"featureGates": map[string]any{"DevicePlugins": true}}, []string{"feature gate DevicePlugins"}},
		"a gate not yet so": {"1.27.0", map[string]any{"featureGates": map[string]any{"DevicePlugins": true}}, nil},
	} {
		in := machine(t, c.release)
		in.ExtraConfig = c.extra
		out := kubelet.Render(in)
		if len(out.Problems) != len(c.mentions) {
			t.Errorf("%s: problems %v", name, out.Problems)
			continue
		}
		for i, p := range out.Problems {
			if p.Option != "kubelet-extra-config" || !strings.HasPrefix(p.Error(), "kubelet-extra-config: ") || !strings.Contains(p.Error(), c.mentions[i]) {
				t.Errorf("%s: %q does not say %q", name, p.Error(), c.mentions[i])
			}
		}
	}
}

func TestExtraConfigurationIsIgnoredWhereNoFileIsRead(t *testing.T) {
	in := machine(t, "1.9.0")
	in.ExtraConfig = map[string]any{"kind": "Pod"}
	out := kubelet.Render(in)
	if len(out.Problems) > 0 || out.Config != nil || len(out.Warnings) != 1 || !strings.Contains(out.Warnings[0], "kubelet-extra-config is ignored") {
		t.Errorf("%+v", out)
	}
}

func TestOldCgroupsNeedADecisionFrom135On(t *testing.T) {
	in := machine(t, "1.34.0")
	in.CgroupVersion = 1
	if out := kubelet.Render(in); len(out.Problems) > 0 {
		t.Errorf("1.34: %v", out.Problems)
	}
	in = machine(t, "1.35.0")
	in.CgroupVersion = 1
	if out := kubelet.Render(in); len(out.Problems) != 1 || !strings.Contains(out.Problems[0].Reason, "{failCgroupV1: false}") {
		t.Errorf("1.35: %v", out.Problems)
	}
	in.ExtraConfig = map[string]any{"failCgroupV1": true}
	if out := kubelet.Render(in); len(out.Problems) != 1 {
		t.Errorf("1.35 with true: %v", out.Problems)
	}
	in.ExtraConfig = map[string]any{"failCgroupV1": false}
	if out := kubelet.Render(in); len(out.Problems) > 0 || !bytes.Contains(out.Config, []byte("failCgroupV1: false\n")) {
		t.Errorf("1.35 with false: %v", out.Problems)
	}
	in.ExtraConfig, in.ExtraArgs = nil, []arguments.Argument{{Key: "fail-cgroupv1", Value: "false"}}
	if out := kubelet.Render(in); len(out.Problems) > 0 {
		t.Errorf("1.35 with the flag: %v", out.Problems)
	}
}

func TestConfigDiffNamesTheFields(t *testing.T) {
	in := machine(t, "1.28.0")
	before := kubelet.Render(in).Config
	in.ClusterDNS, in.ClusterDomain, in.ResolvConfStub = []string{"10.0.0.1"}, "other.local", false
	in.ExtraConfig = map[string]any{"maxPods": int64(1), "authentication": map[string]any{"anonymous": map[string]any{"enabled": true}}}
	after := kubelet.Render(in).Config
	want := []string{"authentication.anonymous.enabled", "clusterDNS", "clusterDomain", "maxPods", "resolvConf"}
	if got := kubelet.ConfigDiff(before, after); !slices.Equal(got, want) {
		t.Errorf("ConfigDiff = %q", got)
	}
	if got := kubelet.ConfigDiff(before, append([]byte("# a comment\n"), before...)); len(got) > 0 {
		t.Errorf("a comment makes a difference: %q", got)
	}
	for _, old := range []string{"", "- a", "a: [", "\x00"} {
		if got := kubelet.ConfigDiff([]byte(old), after); !slices.Equal(got, []string{"everything"}) {
			t.Errorf("ConfigDiff from %q = %q", old, got)
		}
	}
	if got := kubelet.ConfigDiff([]byte("a: ["), []byte("a: [")); got != nil {
		t.Errorf("equal unreadable files: %q", got)
	}
	if got := kubelet.ConfigDiff([]byte("a: {b: 1}"), []byte("a: 1")); !slices.Equal(got, []string{"a"}) {
		t.Errorf("mapping to scalar: %q", got)
	}
}

func FuzzConfigDiff(f *testing.F) {
	f.Add([]byte("a: 1"), []byte("a: {b: 1}"))
	f.Add([]byte("1: a\ntrue: b"), []byte("? [x]\n: y"))
	f.Add([]byte("a: &a [*a]"), []byte(""))
	f.Fuzz(func(t *testing.T, from, to []byte) {
		if got := kubelet.ConfigDiff(from, from); got != nil {
			t.Errorf("%q differs from itself: %q", from, got)
		}
		if there, back := kubelet.ConfigDiff(from, to), kubelet.ConfigDiff(to, from); !slices.Equal(there, back) {
			t.Errorf("there %q, back %q", there, back)
		}
	})
}
