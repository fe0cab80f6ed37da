package kubelet_test

import (
	"bytes"
	"fmt"
	"slices"
	"strings"
	"testing"

	"gopkg.in/yaml.v3"

	"kubernetes-worker/internal/arguments"
	"kubernetes-worker/internal/kubelet"
	"kubernetes-worker/internal/release"
)

// inputs are machines of all sorts for one release.
func inputs(t *testing.T, minor int) []kubelet.Input {
	var all []kubelet.Input
	for bits := range 1 << 5 {
		set := func(bit int) bool { return bits&(1<<bit) != 0 }
		in := machine(t, fmt.Sprintf("1.%d.0", minor))
		in.Docker, in.GPU, in.ResolvConfStub = set(0), set(1), set(2)
		in.CgroupVersion = 2
		if set(3) {
			in.CgroupVersion, in.ClusterDNS, in.ClusterDomain, in.NodeIP = 0, nil, "", ""
		}
		if set(4) {
			in.CloudProvider, in.CloudConfig, in.ProviderID, in.SandboxImage, in.AllowPrivileged = "external", "/x", "y", "z", "auto"
			in.ExtraArgs = []arguments.Argument{{Key: "max-pods", Value: "50"}, {Key: "node-labels", Value: "a=b"}}
			in.ExtraConfig = map[string]any{"evictionHard": map[string]any{"memory.available": "1Gi"}, "authentication": map[string]any{"webhook": map[string]any{"cacheTTL": "1m"}}}
		}
		all = append(all, in)
	}
	return all
}

func TestEveryReleaseGetsOnlyNamesThatItKnows(t *testing.T) {
	for minor := release.Oldest; minor <= release.Newest; minor++ {
		flags, fields := release.KubeletFlags(minor), release.KubeletFields(minor)
		for _, in := range inputs(t, minor) {
			out := kubelet.Render(in)
			if len(out.Problems) > 0 {
				t.Fatalf("1.%d: %v", minor, out.Problems)
			}
			for _, a := range out.Args.All() {
				if !slices.Contains(flags, a.Key) {
					t.Errorf("1.%d gets --%s, which it does not know", minor, a.Key)
				}
				if a.Key == "dynamic-config-dir" && !release.Has(in.Version, release.DynamicConfig) {
					t.Errorf("1.%d gets --%s, with which it does not start", minor, a.Key)
				}
			}
			var config map[string]any
			if err := yaml.Unmarshal(out.Config, &config); err != nil {
				t.Fatal(err)
			}
			for _, path := range paths(config, "") {
				// what is below a mapping with free keys is no field
				if !slices.Contains(fields, path) && !strings.HasPrefix(path, "evictionHard.") {
					t.Errorf("1.%d gets the field %s, which it does not know", minor, path)
				}
			}
		}
	}
}

func paths(mapping map[string]any, prefix string) []string {
	var all []string
	for name, value := range mapping {
		all = append(all, prefix+name)
		if nested, ok := value.(map[string]any); ok {
			all = append(all, paths(nested, prefix+name+".")...)
		}
	}
	return all
}

// Each name of the table passes as extra argument or field where it exists, and blocks in all other releases.
func TestExtraSettingsPassExactlyWhereTheReleaseKnowsThem(t *testing.T) {
	known := map[string]bool{}
	for minor := release.Oldest; minor <= release.Newest; minor++ {
		for _, name := range release.KubeletFlags(minor) {
			known[name] = true
		}
	}
	delete(known, "cloud-provider") // its value is checked too
	delete(known, "feature-gates")
	for minor := release.Oldest; minor <= release.Newest; minor++ {
		flags := release.KubeletFlags(minor)
		for name := range known {
			in := machine(t, fmt.Sprintf("1.%d.0", minor))
			in.CgroupVersion = 0
			in.ExtraArgs = []arguments.Argument{{Key: name, Value: "5"}}
			out := kubelet.Render(in)
			if exists := slices.Contains(flags, name); exists != (len(out.Problems) == 0) {
				t.Errorf("1.%d: %s: exists %t, problems %v", minor, name, exists, out.Problems)
			}
		}
	}
}

func FuzzExtraConfig(f *testing.F) {
	f.Add([]byte("maxPods: 5"), 28)
	f.Add([]byte("authentication: {x509: 5, webhook: {cacheTTL: 1m}}"), 12)
	f.Add([]byte("registerWithTaints: [{key: a}, 5, null]"), 24)
	f.Add([]byte("featureGates: {A: [true]}"), 40)
	f.Fuzz(func(t *testing.T, text []byte, minor int) {
		var extra map[string]any
		if yaml.Unmarshal(text, &extra) != nil {
			return
		}
		in := kubelet.Input{NodeName: "n", ExtraConfig: extra}
		in.Version.Major, in.Version.Minor = 1, minor
		out := kubelet.Render(in)
		if len(out.Problems) > 0 || out.Config == nil || !release.Covered(in.Version) {
			return
		}
		var back map[string]any
		if err := yaml.Unmarshal(out.Config, &back); err != nil {
			t.Fatalf("%v:\n%s", err, bytes.TrimSpace(out.Config))
		}
		for name := range extra {
			if _, there := back[name]; !there {
				t.Errorf("%s is neither reported nor written", name)
			}
		}
	})
}
