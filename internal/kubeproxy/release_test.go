package kubeproxy_test

import (
	"slices"
	"testing"

	"kubernetes-worker/internal/arguments"
	"kubernetes-worker/internal/kubeproxy"
	"kubernetes-worker/internal/release"
)

func TestEveryReleaseGetsOnlyFlagsThatItKnows(t *testing.T) {
	for minor := release.Oldest; minor <= release.Newest; minor++ {
		flags := release.KubeProxyFlags(minor)
		in := machine(minor)
		in.Container = true
		for _, a := range kubeproxy.Render(in).Args.All() {
			if !slices.Contains(flags, a.Key) {
				t.Errorf("1.%d gets --%s, which it does not know", minor, a.Key)
			}
		}
	}
}

func TestExtraArgumentsPassExactlyWhereTheReleaseKnowsThem(t *testing.T) {
	known := map[string]bool{}
	for minor := release.Oldest; minor <= release.Newest; minor++ {
		for _, name := range release.KubeProxyFlags(minor) {
			known[name] = true
		}
	}
	delete(known, "feature-gates") // its value is checked too
	for minor := release.Oldest; minor <= release.Newest; minor++ {
		flags := release.KubeProxyFlags(minor)
		for name := range known {
			in := machine(minor)
			in.ExtraArgs = []arguments.Argument{{Key: name, Value: "5"}}
			out := kubeproxy.Render(in)
			if exists := slices.Contains(flags, name); exists != (len(out.Problems) == 0) {
				t.Errorf("1.%d: %s: exists %t, problems %v", minor, name, exists, out.Problems)
			}
		}
	}
}

func TestExtraArgumentsThatCannotWork(t *testing.T) {
	for _, c := range []struct {
		minor               int
		key, value, problem string
	}{
		{20, "quux", "1", "quux is unknown to every release and kube-proxy 1.20.0 would not start with it; remove it"},
		{20, "proxy-mod", "ipvs", "proxy-mod is unknown to every release and kube-proxy 1.20.0 would not start with it; write proxy-mode or remove it"},
		{20, "cleanup-iptables", "true", "cleanup-iptables is gone since Kubernetes 1.15 and kube-proxy 1.20.0 would not start with it; use cleanup instead"},
		{17, "detect-local-mode", "ClusterCIDR", "detect-local-mode exists only since Kubernetes 1.18 and kube-proxy 1.17.0 would not start with it; remove it"},
		{28, "feature-gates", "NFTablesProxyMode=true", "the feature gate NFTablesProxyMode exists only since Kubernetes 1.29 and kube-proxy 1.28.0 would not start with it; remove it"},
		{28, "feature-gates", "Wibble=true", "the feature gate Wibble is unknown to every release and kube-proxy 1.28.0 would not start with it; remove it"},
		{29, "feature-gates", "NFTablesProxyMode=true", ""},
		{28, "feature-gates", "IPTablesOwnershipCleanup=false", "the feature gate IPTablesOwnershipCleanup is locked to true and kube-proxy 1.28.0 would not start with false; remove it"},
		{26, "feature-gates", "ContextualLogging=true", "the feature gate ContextualLogging exists only since Kubernetes 1.27 and kube-proxy 1.26.0 would not start with it; remove it"},
		{20, "cluster-cidr", "10.1.0.0/16,fd00::/108", "kube-proxy 1.20.0 would not start with two networks in cluster-cidr unless its feature gate IPv6DualStack is on; give one"},
		{21, "cluster-cidr", "10.1.0.0/16,fd00::/108", ""},
		{29, "feature-gates", "NFTablesProxyMode=soon", "the feature gate NFTablesProxyMode is neither true nor false; write NFTablesProxyMode=true or NFTablesProxyMode=false"},
		{99, "quux", "1", ""},
	} {
		in := machine(c.minor)
		in.ExtraArgs = []arguments.Argument{{Key: c.key, Value: c.value}}
		out := kubeproxy.Render(in)
		problem := ""
		if len(out.Problems) > 0 {
			problem = out.Problems[0].Reason
		}
		if problem != c.problem {
			t.Errorf("1.%d %s=%s: %q, want %q", c.minor, c.key, c.value, problem, c.problem)
		}
	}
}
