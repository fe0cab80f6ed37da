package versions

import (
	"maps"
	"slices"
	"strings"
	"testing"

	"kubernetes-worker/internal/arguments"
	"kubernetes-worker/internal/kubelet"
	table "kubernetes-worker/internal/release"
)

// choice is one way to set one thing.
type choice[Input any] struct {
	name string
	set  func(*Input)
}

// worker is an ordinary machine.
func worker(r release) kubelet.Input {
	return kubelet.Input{
		Version: r.Version, NodeName: "juju-1-kubernetes", NodeIP: "10.5.0.7", ClusterDomain: "cluster.local",
		ClusterDNS: []string{"10.152.183.10"}, AllowPrivileged: "auto", CgroupVersion: 2, RuntimeEndpoint: "/run/containerd/containerd.sock",
	}
}

// kubeletFactors are the things that change what the charm renders, each with what it can be in a release.
func kubeletFactors(r release) [][]choice[kubelet.Input] {
	type in = kubelet.Input
	factors := [][]choice[in]{
		{{"cgroup v2", func(in *in) {}}, {"cgroup v1", func(in *in) { in.CgroupVersion = 1 }}},
		{{"DNS", func(in *in) {}}, {"no DNS", func(in *in) { in.ClusterDNS, in.ClusterDomain = nil, "" }},
			{"DNS of both families", func(in *in) { in.ClusterDNS = []string{"10.152.183.10", "fd98::10"} }}},
		{{"no GPU", func(in *in) {}}, {"GPU", func(in *in) { in.GPU = true }}},
		{{"resolv.conf", func(in *in) {}}, {"stub", func(in *in) { in.ResolvConfStub = true }}},
		{{"sandbox by default", func(in *in) {}}, {"own sandbox", func(in *in) { in.SandboxImage = "registry.example:5000/cdk/pause:3.9" }}},
		{{"privileged auto", func(in *in) {}}, {"privileged", func(in *in) { in.AllowPrivileged = "true" }}, {"unprivileged", func(in *in) { in.AllowPrivileged = "false" }}},
		{{"plain", func(in *in) {}}, {"extra args", func(in *in) { in.ExtraArgs = kubeletArgs(in.ExtraArgs) }}},
		{{"plain", func(in *in) {}}, {"extra config", func(in *in) { in.ExtraConfig = kubeletConfig() }}},
		{{"containerd", func(in *in) {}}},
		{{"one address", func(in *in) {}}, {"address by kubelet", func(in *in) { in.NodeIP = "" }}},
		{{"no cloud", func(in *in) {}}},
	}
	if table.Has(r.Version, table.Dockershim) {
		runtime := &factors[len(factors)-3]
		*runtime = append(*runtime, choice[in]{"docker", func(in *in) { in.Docker = true }},
			choice[in]{"docker elsewhere", func(in *in) { in.Docker, in.DockerEndpoint = true, "unix:///run/other/docker.sock" }})
	}
	if table.Has(r.Version, table.DualStackNodeIP) {
		address := &factors[len(factors)-2]
		*address = append(*address, choice[in]{"address of each family", func(in *in) { in.NodeIP = "10.5.0.7,fd00::7" }})
	}
	for _, name := range clouds(r) {
		cloud := &factors[len(factors)-1]
		*cloud = append(*cloud, choice[in]{name, func(in *in) {
			in.CloudProvider, in.CloudConfig, in.ProviderID = name, "/root/cdk/cloud.conf", name+"://zone/i-0123"
		}})
	}
	return factors
}

// providers are all that some release's kubelet has inside, and the word for those outside.
var providers = []string{"aws", "azure", "cloudstack", "external", "gce", "openstack", "ovirt", "photon", "vsphere"}

// clouds are the cloud providers that a release's kubelet takes.
func clouds(r release) []string {
	return slices.DeleteFunc(slices.Clone(providers), func(name string) bool { return !table.CloudProvider(r.Version, name).Exists })
}

func kubeletArgs(more []arguments.Argument) []arguments.Argument {
	args, _ := arguments.Parse("kubelet-extra-args", "v=4 max-pods=50 node-labels=example.com/a=b,c=d eviction-hard=memory.available<100Mi,nodefs.available<10% "+
		"--root-dir=/srv/$HOME/\"`id`\" fail-swap-on feature-gates=RotateKubeletServerCertificate=true")
	return append(args, more...)
}

// kubeletConfig is what kubelet-extra-config can hold in all releases.
func kubeletConfig() map[string]any {
	return map[string]any{
		"maxPods": 60, "kubeReserved": map[string]any{"cpu": "100m", "memory": "1Gi"}, "evictionHard": map[string]any{"memory.available": "5%"},
		"authentication": map[string]any{"webhook": map[string]any{"cacheTTL": "3m0s"}}, "enforceNodeAllocatable": []any{"pods"},
		"protectKernelDefaults": true, "streamingConnectionIdleTimeout": "5m", "eventRecordQPS": 0,
		"featureGates": map[string]any{"RotateKubeletServerCertificate": true},
	}
}

// settle adds what a person has to set for a machine, as the charm or the release's notes say.
func settle(r release, in *kubelet.Input) {
	needed := map[string]any{}
	if in.CgroupVersion == 1 && !table.RunsOn(r.Version, 1) {
		needed["failCgroupV1"] = false
	}
	if strings.Contains(in.NodeIP, ",") && r.Minor == 20 {
		gates, _ := in.ExtraConfig["featureGates"].(map[string]any)
		needed["featureGates"] = with(gates, map[string]any{"IPv6DualStack": true}) // alpha; from 1.21 on by default
	}
	in.ExtraConfig = with(in.ExtraConfig, needed)
}

// with gives a mapping of both, of which the second wins.
func with(a, b map[string]any) map[string]any {
	all := maps.Clone(b)
	for name, value := range a {
		if _, given := all[name]; !given {
			all[name] = value
		}
	}
	return all
}

// together reports whether a release takes the settings together at all.
func together(r release, in kubelet.Input) bool {
	dual := strings.Contains(in.NodeIP, ",")
	return !dual || in.CloudProvider == "" || in.CloudProvider == "external" && r.AtLeast(1, 29)
}

// judge renders the input and lets the release's kubelet judge it.
func judge(t *testing.T, r release, in kubelet.Input) (out kubelet.Output, answer string) {
	t.Helper()
	out = kubelet.Render(in)
	if len(out.Problems) > 0 {
		t.Fatalf("not rendered: %v", out.Problems)
	}
	return out, r.ask(t, "kubelet", out.Form, out.Args, out.Config, cgroup(in))
}

func cgroup(in kubelet.Input) string {
	if in.CgroupVersion == 1 {
		return "CGROUP=1"
	}
	return "CGROUP=2"
}

func TestEachKubeletTakesWhatIsRenderedForIt(t *testing.T) {
	forEach(t, func(t *testing.T, r release) {
		for _, c := range combinations(kubeletFactors(r), func() kubelet.Input { return worker(r) },
			func(in kubelet.Input) bool { return together(r, in) }) {
			t.Run(c.name, func(t *testing.T) {
				t.Parallel()
				settle(r, &c.in)
				if out, answer := judge(t, r, c.in); answer != "" {
					t.Errorf("kubelet %s refuses %s\n%s: %s", r, out.Args, out.Config, answer)
				}
			})
		}
	})
}

type combination[Input any] struct {
	name string
	in   Input
}

// combinations makes inputs in which all pairs of choices meet.
func combinations[Input any](factors [][]choice[Input], base func() Input, allowed func(Input) bool) []combination[Input] {
	var counts []int
	for _, f := range factors {
		counts = append(counts, len(f))
	}
	make := func(picked []int) combination[Input] {
		c := combination[Input]{in: base()}
		var names []string
		for f, i := range picked {
			factors[f][i].set(&c.in)
			if i > 0 {
				names = append(names, factors[f][i].name)
			}
		}
		c.name = strings.Join(append(names, "and nothing else")[:max(1, len(names))], ", ")
		return c
	}
	var all []combination[Input]
	for _, picked := range pairs(counts, func(picked []int) bool { return allowed(make(picked).in) }) {
		all = append(all, make(picked))
	}
	return all
}
