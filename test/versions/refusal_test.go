package versions

import (
	"bytes"
	"fmt"
	"strings"
	"testing"

	"kubernetes-worker/internal/arguments"
	"kubernetes-worker/internal/kubelet"
	"kubernetes-worker/internal/kubeproxy"
	"kubernetes-worker/internal/kubeversion"
	table "kubernetes-worker/internal/release"
)

// removed are flags that are gone: the last one that went at or before each release.
var removed = map[string]map[int]string{
	"kubelet": {12: "require-kubeconfig", 16: "allow-privileged", 20: "bootstrap-checkpoint-path", 24: "network-plugin", 28: "container-runtime",
		34: "cloud-config", 35: "pod-infra-container-image", 36: "pod-infra-container-image"},
	"kube-proxy": {12: "cleanup-and-exit", 16: "resource-container", 20: "resource-container", 24: "cleanup-ipvs", 28: "logtostderr", 34: "logtostderr",
		35: "logtostderr", 36: "logtostderr"},
}

// A fault is put into what is otherwise taken; the program's answer must name it.
type fault struct {
	name string
	args string // added to the arguments
	from string // replaced in the configuration file by
	to   string
	want []string // parts of the answer
}

func TestEachKubeletRefusesWhatIsWrong(t *testing.T) {
	forEach(t, func(t *testing.T, r release) {
		faults := []fault{
			{name: "an unknown flag", args: "no-such-flag=1", want: []string{"unknown flag: --no-such-flag"}},
			{name: "a flag that is gone", args: removed["kubelet"][r.Minor] + "=x", want: []string{"unknown flag: --" + removed["kubelet"][r.Minor]}},
			{name: "a value of another type", args: "max-pods=many", want: []string{"invalid argument", "max-pods"}},
			{name: "a value out of range", args: "image-gc-high-threshold=101", want: []string{"validation: ", "101"}},
			{name: "a word that is not one of those it knows", args: "hairpin-mode=loud", want: []string{"validation: ", "loud"}},
			{name: "an unknown gate in a flag", args: "feature-gates=NoSuchGate=true", want: []string{"gates: ", "NoSuchGate"}},
			{name: "an unknown gate in the file", from: "port:", to: "featureGates: {NoSuchGate: true}\nport:", want: []string{"NoSuchGate"}},
			{name: "a field nobody knows", from: "port:", to: "noSuchField: 1\nport:", want: []string{"file: strict: ", "noSuchField"}},
			{name: "a field in other letters", from: "clusterDomain:", to: "clusterdomain:", want: []string{"file: strict: ", "clusterdomain"}},
			{name: "a nested field nobody knows", from: "    clientCAFile:", to: "    clientCA: x\n    clientCAFile:", want: []string{"file: strict: ", "clientCA"}},
			{name: "a field twice", from: "port:", to: "port: 10251\nport:", want: []string{"port", "already set"}},
			{name: "a file's value of another type", from: "port: 10250", to: "port: ten", want: []string{"file: ", "port"}},
			{name: "a file's value out of range", from: "port: 10250", to: "port: 102500", want: []string{"validation: ", "102500"}},
			{name: "another kind of file", from: "kind: KubeletConfiguration", to: "kind: KubeletKonfiguration", want: []string{"file: ", "KubeletKonfiguration"}},
			{name: "a cloud that it does not have", args: "cloud-provider=nimbus", want: []string{"nimbus"}},
			{name: "two addresses of one family", args: "node-ip=10.0.0.1,10.0.0.2", want: []string{"node-ip"}},
		}
		if r.AtLeast(1, 16) { // before, there is only a warning
			faults = append(faults, fault{name: "a label of the cluster's own", args: "node-labels=node-role.kubernetes.io/worker=", want: []string{"node-labels"}})
		}
		for _, f := range faults {
			t.Run(f.name, func(t *testing.T) {
				t.Parallel()
				out := kubelet.Render(worker(r))
				config := bytes.Replace(out.Config, []byte(f.from), []byte(f.to), 1)
				if f.from != "" && bytes.Equal(config, out.Config) {
					t.Fatalf("the file has no %q", f.from)
				}
				wrong, problems := arguments.Parse("kubelet-extra-args", f.args)
				if len(problems) > 0 {
					t.Fatal(problems)
				}
				names(t, r.ask(t, "kubelet", out.Form, out.Args.With(wrong...), config, cgroup(worker(r))), f.want)
			})
		}
	})
}

// names checks an answer; where nothing is wanted in it, there must be none.
func names(t *testing.T, answer string, wanted []string) {
	t.Helper()
	if (answer == "") != (len(wanted) == 0) {
		t.Errorf("the answer is %q", answer)
	}
	for _, part := range wanted {
		if !strings.Contains(answer, part) {
			t.Errorf("the answer %q does not name %q", answer, part)
		}
	}
}

func TestAKubeletTakesTheCloudProvidersThatTheTableSaysItHas(t *testing.T) {
	forEach(t, func(t *testing.T, r release) {
		for _, name := range providers {
			out := kubelet.Render(worker(r))
			answer := r.ask(t, "kubelet", out.Form, out.Args.With(arguments.Argument{Key: "cloud-provider", Value: name}), out.Config, cgroup(worker(r)))
			if has := table.CloudProvider(r.Version, name).Exists; (answer == "") != has {
				t.Errorf("%s is taken: %t: %s", name, answer == "", answer)
			}
		}
	})
}

func TestAKubeletRefusesCgroupV1FromTheReleaseOnThatTheTableSays(t *testing.T) {
	forEach(t, func(t *testing.T, r release) {
		in := worker(r)
		in.CgroupVersion = 1
		out := kubelet.Render(in)
		answer := r.ask(t, "kubelet", out.Form, out.Args, out.Config, cgroup(in))
		if want := table.RunsOn(r.Version, 1); (answer == "") != want || !want && !strings.Contains(answer, "cgroup v1") {
			t.Errorf("answer on cgroup v1: %q", answer)
		}
	})
}

func TestEachKubeProxyRefusesWhatIsWrong(t *testing.T) {
	forEach(t, func(t *testing.T, r release) {
		for _, f := range []fault{
			{name: "an unknown flag", args: "no-such-flag=1", want: []string{"unknown flag: --no-such-flag"}},
			{name: "a flag that is gone", args: removed["kube-proxy"][r.Minor] + "=x", want: []string{"unknown flag: --" + removed["kube-proxy"][r.Minor]}},
			{name: "a value of another type", args: "conntrack-max-per-core=few", want: []string{"invalid argument", "conntrack-max-per-core"}},
			{name: "a value out of range", args: "cluster-cidr=10.0.0.0/99", want: []string{"validation: ", "10.0.0.0/99"}},
			{name: "an unknown mode", args: "proxy-mode=magic", want: []string{"magic"}},
			{name: "an unknown gate", args: "feature-gates=NoSuchGate=true", want: []string{"NoSuchGate"}},
		} {
			t.Run(f.name, func(t *testing.T) {
				t.Parallel()
				out := kubeproxy.Render(proxied(r))
				wrong, _ := arguments.Parse("proxy-extra-args", f.args)
				names(t, r.ask(t, "kube-proxy", out.Form, out.Args.With(wrong...), nil), f.want)
			})
		}
	})
}

func TestEachKubeProxyJudgesAConfigurationFile(t *testing.T) {
	const file = "apiVersion: kubeproxy.config.k8s.io/v1alpha1\nkind: KubeProxyConfiguration\nclusterCIDR: 10.1.0.0/16\nconntrack:\n  maxPerCore: 0\n"
	forEach(t, func(t *testing.T, r release) {
		for _, f := range []fault{
			{name: "good"},
			{name: "a field nobody knows", from: "clusterCIDR:", to: "noSuchField: 1\nclusterCIDR:", want: []string{"strict: ", "noSuchField"}},
			{name: "a nested field nobody knows", from: "  maxPerCore:", to: "  maxPerHeart:", want: []string{"strict: ", "maxPerHeart"}},
			{name: "a field twice", from: "clusterCIDR:", to: "clusterCIDR: 10.2.0.0/16\nclusterCIDR:", want: []string{"clusterCIDR", "already set"}},
			{name: "an unknown gate", from: "clusterCIDR:", to: "featureGates: {NoSuchGate: true}\nclusterCIDR:", want: []string{"NoSuchGate"}},
			{name: "a value out of range", from: "10.1.0.0/16", to: "10.1.0.0/99", want: []string{"validation: ", "10.1.0.0/99"}},
		} {
			t.Run(f.name, func(t *testing.T) {
				t.Parallel()
				args := arguments.NewSet(arguments.Argument{Key: "config", Value: kubelet.ConfigFile})
				names(t, r.ask(t, "kube-proxy", arguments.FormFor(r.Version), args, []byte(strings.Replace(file, f.from, f.to, 1))), f.want)
			})
		}
	})
}

func TestGatesAreLockedWhereTheTableSaysSo(t *testing.T) {
	forEach(t, func(t *testing.T, r release) {
		for daemon, c := range map[string]struct {
			names  []string
			stands func(kubeversion.Version, string) table.Standing
		}{
			"kubelet": {table.KubeletGates(r.Minor), table.KubeletGate}, "kube-proxy": {table.KubeProxyGates(r.Minor), table.ProxyGate},
		} {
			ask := func(settings []string) string {
				gates := arguments.Argument{Key: "feature-gates", Value: strings.Join(settings, ",")}
				if daemon == "kubelet" {
					out := kubelet.Render(worker(r))
					return r.ask(t, daemon, out.Form, out.Args.With(gates), out.Config, cgroup(worker(r)))
				}
				out := kubeproxy.Render(proxied(r))
				return r.ask(t, daemon, out.Form, out.Args.With(gates), nil)
			}
			var on, off, locked []string
			for _, name := range c.names {
				switch kind := c.stands(r.Version, name).Kind; kind {
				case table.OnlyTrue, table.OnlyFalse:
					locked = append(locked, fmt.Sprintf("%s=%t", name, kind == table.OnlyFalse)) // the other way
				default:
					on, off = append(on, name+"=true"), append(off, name+"=false")
				}
			}
			for _, settings := range [][]string{on, off} { // what is together impossible, it may refuse for that
				if answer := ask(settings); strings.Contains(answer, "is locked to") {
					t.Errorf("%s: more is locked than the table has: %s", daemon, answer)
				}
			}
			for i := 0; i < len(locked); i += max(1, len(locked)/3) {
				if answer := ask(locked[i : i+1]); !strings.Contains(answer, "is locked to") {
					t.Errorf("%s takes %s: %s", daemon, locked[i], answer)
				}
			}
		}
	})
}
