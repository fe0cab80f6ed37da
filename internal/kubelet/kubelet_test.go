package kubelet_test

import (
	"bytes"
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"kubernetes-worker/internal/arguments"
	"kubernetes-worker/internal/kubelet"
	"kubernetes-worker/internal/kubeversion"
	"kubernetes-worker/internal/release"
)

var update = flag.Bool("update", false, "write the golden files")

func version(t *testing.T, text string) kubeversion.Version {
	t.Helper()
	v, err := kubeversion.Parse(text)
	if err != nil {
		t.Fatal(err)
	}
	return v
}

// machine is an ordinary worker with everything known.
func machine(t *testing.T, text string) kubelet.Input {
	v := version(t, text)
	in := kubelet.Input{
		Version: v, NodeName: "juju-1", NodeIP: "10.5.0.7", ClusterDomain: "cluster.local", ClusterDNS: []string{"10.152.183.10"},
		AllowPrivileged: "true", ResolvConfStub: true, CgroupVersion: 1, Docker: true, RuntimeEndpoint: "/run/containerd/containerd.sock",
	}
	if !release.Has(v, release.Dockershim) {
		in.Docker, in.CgroupVersion, in.SandboxImage = false, 2, "registry.k8s.io/pause:3.9"
	}
	return in
}

func golden(t *testing.T, name string, got []byte) {
	t.Helper()
	path := filepath.Join("testdata", name)
	if *update {
		if err := os.WriteFile(path, got, 0o644); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	if !bytes.Equal(got, want) {
		t.Errorf("%s differs; got:\n%s", path, got)
	}
}

func TestEachReleaseGetsWhatItAccepts(t *testing.T) {
	for _, release := range []string{"1.9.11", "1.10.13", "1.12.1", "1.15.12", "1.20.15", "1.23.17", "1.24.17", "1.26.15", "1.28.15", "1.31.14", "1.36.3"} {
		out := kubelet.Render(machine(t, release))
		if len(out.Problems) > 0 || len(out.Warnings) > 0 {
			t.Errorf("%s: problems %v, warnings %q", release, out.Problems, out.Warnings)
		}
		var text bytes.Buffer
		fmt.Fprintf(&text, "form: %s\ncgroup driver: %s\n", out.Form, out.CgroupDriver)
		for _, a := range out.Args.All() {
			fmt.Fprintf(&text, "--%s=%s\n", a.Key, a.Value)
		}
		fmt.Fprintf(&text, "----\n%s", out.Config)
		golden(t, release+".txt", text.Bytes())
	}
}

// goneFlags is the table of the specification (lifecycle 18.1), written down a second time.
var goneFlags = map[int][]string{
	10: {"require-kubeconfig"},
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

func TestNoReleaseGetsAFlagThatIsGone(t *testing.T) {
	for minor := 8; minor <= 40; minor++ {
		for _, docker := range []bool{true, false} {
			in := machine(t, fmt.Sprintf("1.%d.0", minor))
			in.Docker, in.GPU, in.CgroupVersion = docker, true, 2
			in.CloudProvider, in.CloudConfig, in.ProviderID, in.SandboxImage = "external", "/x", "y", "z"
			out := kubelet.Render(in)
			for gone, names := range goneFlags {
				for _, name := range names {
					if value, passed := out.Args.Get(name); passed && minor >= gone {
						t.Errorf("1.%d gets %s=%s, gone since 1.%d", minor, name, value, gone)
					}
				}
			}
			if _, passed := out.Args.Get("dynamic-config-dir"); passed && (minor < 11 || minor >= 22) {
				t.Errorf("1.%d gets dynamic-config-dir", minor)
			}
			if value, _ := out.Args.Get("hostname-override"); value != "juju-1" {
				t.Errorf("1.%d: hostname-override = %q", minor, value)
			}
			if (out.Config != nil) != (minor >= 10) {
				t.Errorf("1.%d: configuration file: %t", minor, out.Config != nil)
			}
			_, flagged := out.Args.Get("container-runtime-endpoint")
			if inFile := bytes.Contains(out.Config, []byte("containerRuntimeEndpoint: unix:///run/containerd/containerd.sock\n")); (flagged || inFile) == docker || flagged && inFile {
				t.Errorf("1.%d, docker %t: endpoint as flag %t, in the file %t", minor, docker, flagged, inFile)
			}
			if bytes.Contains(out.Config, []byte("DevicePlugins")) {
				t.Errorf("1.%d: the file names the gate DevicePlugins", minor)
			}
		}
	}
}

func TestAnExtraArgumentThatIsGoneBlocksAndNamesReleaseAndRemedy(t *testing.T) {
	for gone, names := range goneFlags {
		for _, name := range names {
			in := machine(t, fmt.Sprintf("1.%d.0", gone))
			in.ExtraArgs = []arguments.Argument{{Key: name, Value: "x"}, {Key: "node-labels", Value: "a=b"}}
			out := kubelet.Render(in)
			if len(out.Problems) != 1 || out.Problems[0].Option != "kubelet-extra-args" {
				t.Errorf("%s at 1.%d: problems %v", name, gone, out.Problems)
				continue
			}
			message := out.Problems[0].Error()
			for _, part := range []string{name, fmt.Sprintf("Kubernetes 1.%d", gone), "instead", "kubelet-extra-args: "} {
				if !strings.Contains(message, part) && (part != "instead" || !strings.Contains(message, "remove it")) {
					t.Errorf("%s at 1.%d: %q does not say %q", name, gone, message, part)
				}
			}
			if _, passed := out.Args.Get(name); passed {
				t.Errorf("%s at 1.%d is passed", name, gone)
			}
			before := machine(t, fmt.Sprintf("1.%d.0", gone-1))
			before.ExtraArgs = in.ExtraArgs
			if out := kubelet.Render(before); len(out.Problems) > 0 {
				t.Errorf("%s at 1.%d: problems %v", name, gone-1, out.Problems)
			}
		}
	}
}

func TestADeprecatedExtraArgumentOnlyWarns(t *testing.T) {
	in := machine(t, "1.28.0")
	in.ExtraArgs = []arguments.Argument{{Key: "max-pods", Value: "50"}, {Key: "node-labels", Value: "a=b"}, {Key: "v", Value: "4"}}
	out := kubelet.Render(in)
	if len(out.Problems) > 0 || !slices.Equal(out.Warnings, []string{"kubelet-extra-args: max-pods is deprecated; use maxPods in kubelet-extra-config instead"}) {
		t.Errorf("problems %v, warnings %q", out.Problems, out.Warnings)
	}
	for key, want := range map[string]string{"max-pods": "50", "node-labels": "a=b", "v": "4"} {
		if got, _ := out.Args.Get(key); got != want {
			t.Errorf("%s = %q", key, got)
		}
	}
}

func TestOtherExtraArgumentsThatCannotWork(t *testing.T) {
	for _, c := range []struct {
		release, key, value, problem, warning string
	}{
		{"1.12.0", "reserved-cpus", "0", "exists only since Kubernetes 1.17", ""},
		{"1.20.0", "quux", "1", "quux is unknown to every release and kubelet 1.20.0 would not start with it; remove it", ""},
		{"1.20.0", "max-podz", "1", "max-podz is unknown to every release and kubelet 1.20.0 would not start with it; write max-pods or remove it", ""},
		{"1.99.0", "quux", "1", "", "not known to this charm"},
		{"1.19.0", "node-ip", "10.0.0.1,fd00::1", "node-ip takes one address before Kubernetes 1.20", ""},
		{"1.20.0", "node-ip", "10.0.0.1,fd00::1", "kubelet 1.20.0 would not start with two addresses in node-ip unless its feature gate IPv6DualStack is on", ""},
		{"1.21.0", "node-ip", "10.0.0.1,fd00::1", "", ""},
		{"1.18.0", "cloud-provider", "openstack", "", ""},
		{"1.25.0", "cloud-provider", "openstack", "", "deprecated"},
		{"1.26.0", "cloud-provider", "openstack", "gone since Kubernetes 1.26", "deprecated"},
		{"1.27.0", "cloud-provider", "aws", "gone since Kubernetes 1.27", "deprecated"},
		{"1.29.0", "cloud-provider", "vsphere", "", ""},
		{"1.30.0", "cloud-provider", "vsphere", "cloud-provider=vsphere is gone since Kubernetes 1.30 and kubelet 1.30.0 would not start with it; use external with the cloud's own controller, or remove it", ""},
		{"1.30.0", "cloud-provider", "gce", "", ""},
		{"1.33.0", "cloud-provider", "gce", "gone since Kubernetes 1.31", ""},
		{"1.18.0", "cloud-provider", "nimbus", "cloud-provider=nimbus is unknown to every release", ""},
		{"1.18.0", "cloud-provider", "", "", ""},
		{"1.36.0", "cloud-provider", "external", "", ""},
		{"1.27.0", "feature-gates", "NodeSwap=true,DevicePlugins=true", "", "deprecated"},
		{"1.28.0", "feature-gates", "NodeSwap=perhaps", "the feature gate NodeSwap is neither true nor false", "deprecated"},
		{"1.28.0", "feature-gates", "NodeSwap", "the feature gate NodeSwap is neither true nor false", "deprecated"},
		{"1.28.0", "feature-gates", "NodeSwap=true,DevicePlugins=true", "feature gate DevicePlugins is gone since Kubernetes 1.28", "deprecated"},
		{"1.26.0", "feature-gates", "SeccompDefault=false", "", "deprecated"},
		{"1.28.0", "feature-gates", "SeccompDefault=true", "", "deprecated"},
		{"1.28.0", "feature-gates", "SeccompDefault=false", "the feature gate SeccompDefault is locked to true and kubelet 1.28.0 would not start with false; remove it", "deprecated"},
		{"1.28.0", "feature-gates", "ExperimentalHostUserNamespaceDefaulting=1", "is locked to false and kubelet 1.28.0 would not start with true", "deprecated"},
	} {
		in := machine(t, c.release)
		in.ExtraArgs = []arguments.Argument{{Key: c.key, Value: c.value}}
		out := kubelet.Render(in)
		var problem string
		if len(out.Problems) > 0 {
			problem = out.Problems[0].Error()
		}
		warning := strings.Join(out.Warnings, "; ")
		if (c.problem == "") != (problem == "") || !strings.Contains(problem, c.problem) {
			t.Errorf("%s %s=%s: problem %q, want %q", c.release, c.key, c.value, problem, c.problem)
		}
		if (c.warning == "") != (warning == "") || !strings.Contains(warning, c.warning) {
			t.Errorf("%s %s=%s: warning %q, want %q", c.release, c.key, c.value, warning, c.warning)
		}
	}
}

func TestAllowPrivilegedFollowsReleaseAndGPU(t *testing.T) {
	for _, c := range []struct {
		release, value string
		gpu            bool
		want           string // empty: not passed
		warned         bool
	}{
		{"1.8.0", "auto", true, "true", false}, {"1.8.0", "auto", false, "false", false}, {"1.9.0", "auto", true, "false", false},
		{"1.12.0", "true", false, "true", false}, {"1.12.0", "false", true, "false", false},
		{"1.15.0", "true", false, "", false}, {"1.15.0", "false", false, "", true}, {"1.36.0", "auto", false, "", true},
	} {
		in := machine(t, c.release)
		in.AllowPrivileged, in.GPU = c.value, c.gpu
		out := kubelet.Render(in)
		if got, _ := out.Args.Get("allow-privileged"); got != c.want || (len(out.Warnings) > 0) != c.warned && release.Has(in.Version, release.ConfigFile) {
			t.Errorf("%+v: %q, warnings %q", c, got, out.Warnings)
		}
	}
}

func TestTheCgroupDriverInForceIsTold(t *testing.T) {
	for _, c := range []struct {
		release string
		cgroup  int
		config  map[string]any
		args    []arguments.Argument
		want    string
	}{
		{"1.21.0", 2, nil, nil, "cgroupfs"},
		{"1.22.0", 2, nil, nil, "systemd"},
		{"1.34.0", 1, nil, nil, "cgroupfs"},
		{"1.34.0", 0, nil, nil, "cgroupfs"},
		{"1.28.0", 2, map[string]any{"cgroupDriver": "cgroupfs"}, nil, "cgroupfs"},
		{"1.28.0", 2, map[string]any{"cgroupDriver": "cgroupfs"}, []arguments.Argument{{Key: "cgroup-driver", Value: "systemd"}}, "systemd"},
		{"1.9.0", 1, nil, []arguments.Argument{{Key: "cgroup-driver", Value: "systemd"}}, "systemd"},
	} {
		in := machine(t, c.release)
		in.CgroupVersion, in.ExtraConfig, in.ExtraArgs = c.cgroup, c.config, c.args
		if out := kubelet.Render(in); out.CgroupDriver != c.want {
			t.Errorf("%+v: %s", c, out.CgroupDriver)
		}
	}
}

func TestDockerAtAnotherSocketIsNamedAsLongAsTheKubeletSpeaksToIt(t *testing.T) {
	in := machine(t, "1.23.17")
	in.DockerEndpoint = "unix:///run/elsewhere/docker.sock"
	if value, _ := kubelet.Render(in).Args.Get("docker-endpoint"); value != in.DockerEndpoint {
		t.Errorf("docker-endpoint = %q", value)
	}
	in.Docker = false
	if value, passed := kubelet.Render(in).Args.Get("docker-endpoint"); passed {
		t.Errorf("a kubelet with containerd gets docker-endpoint = %q", value)
	}
}

func TestTwoAddressesNeedTheirGateAt120(t *testing.T) {
	pair := arguments.Argument{Key: "node-ip", Value: "10.0.0.1,fd00::1"}
	for name, c := range map[string]struct {
		args   []arguments.Argument
		config map[string]any
		taken  bool
	}{
		"no gate":              {[]arguments.Argument{pair}, nil, false},
		"in an argument":       {[]arguments.Argument{pair, {Key: "feature-gates", Value: "NodeDisruptionExclusion=true,IPv6DualStack=true"}}, nil, true},
		"off in an argument":   {[]arguments.Argument{pair, {Key: "feature-gates", Value: "IPv6DualStack=false"}}, map[string]any{"featureGates": map[string]any{"IPv6DualStack": true}}, false},
		"in the file":          {[]arguments.Argument{pair}, map[string]any{"featureGates": map[string]any{"IPv6DualStack": true}}, true},
		"another in arguments": {[]arguments.Argument{pair, {Key: "feature-gates", Value: "NodeDisruptionExclusion=true"}}, map[string]any{"featureGates": map[string]any{"IPv6DualStack": true}}, true},
	} {
		in := machine(t, "1.20.0")
		in.ExtraArgs, in.ExtraConfig = c.args, c.config
		if out := kubelet.Render(in); (len(out.Problems) == 0) != c.taken {
			t.Errorf("%s: problems %v", name, out.Problems)
		}
	}
}
