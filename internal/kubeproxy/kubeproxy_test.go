package kubeproxy_test

import (
	"fmt"
	"strings"
	"testing"

	"kubernetes-worker/internal/arguments"
	"kubernetes-worker/internal/kubeproxy"
	"kubernetes-worker/internal/kubeversion"
)

func machine(minor int) kubeproxy.Input {
	return kubeproxy.Input{Version: kubeversion.Version{Major: 1, Minor: minor}, NodeName: "juju-1", ClusterCIDR: "10.1.0.0/16", Server: "https://10.0.0.1:6443"}
}

func TestEachReleaseGetsItsFlags(t *testing.T) {
	const common = "--cluster-cidr=10.1.0.0/16 --hostname-override=juju-1 --kubeconfig=/root/cdk/kubeproxyconfig "
	for _, c := range []struct {
		minor int
		form  arguments.Form
		want  string
	}{
		{9, arguments.FormPerKey, common + "--logtostderr=true --master=https://10.0.0.1:6443 --v=0"},
		{12, arguments.FormPerKey, common + "--logtostderr=true --master=https://10.0.0.1:6443 --v=0"},
		{15, arguments.FormRaw, common + "--logtostderr=true --master=https://10.0.0.1:6443 --v=0"},
		{25, arguments.FormRaw, common + "--logtostderr=true --master=https://10.0.0.1:6443 --v=0"},
		{26, arguments.FormRaw, common + "--master=https://10.0.0.1:6443 --v=0"},
		{36, arguments.FormRaw, common + "--master=https://10.0.0.1:6443 --v=0"},
	} {
		out := kubeproxy.Render(machine(c.minor))
		if out.Args.String() != c.want || out.Form != c.form || len(out.Warnings)+len(out.Problems) > 0 {
			t.Errorf("1.%d: %s form, %s; %v %v", c.minor, out.Form, out.Args, out.Warnings, out.Problems)
		}
	}
}

func TestContainersKeepTheirConnectionTable(t *testing.T) {
	in := machine(28)
	in.Container = true
	if got, _ := kubeproxy.Render(in).Args.Get("conntrack-max-per-core"); got != "0" {
		t.Errorf("conntrack-max-per-core = %q", got)
	}
}

func TestAnUnknownPodNetworkIsLeftOut(t *testing.T) {
	in := machine(28)
	in.ClusterCIDR = ""
	if value, ok := kubeproxy.Render(in).Args.Get("cluster-cidr"); ok {
		t.Errorf("cluster-cidr = %q", value)
	}
}

func TestASecondPodNetworkIsGivenWhereTheReleaseTakesTwo(t *testing.T) {
	const pair = "10.1.0.0/16,fd00::/108"
	for _, c := range []struct {
		minor       int
		gates, want string
		warned      bool
	}{
		{12, "", "10.1.0.0/16", true},
		{16, "AllAlpha=false", "10.1.0.0/16", true},
		{16, "AllAlpha=false,IPv6DualStack=true", pair, false},
		{20, "", "10.1.0.0/16", true},
		{20, "IPv6DualStack=false", "10.1.0.0/16", true},
		{21, "", pair, false},
		{36, "", pair, false},
	} {
		in := machine(c.minor)
		in.ClusterCIDR = pair
		if c.gates != "" {
			in.ExtraArgs = []arguments.Argument{{Key: "feature-gates", Value: c.gates}}
		}
		out := kubeproxy.Render(in)
		if got, _ := out.Args.Get("cluster-cidr"); got != c.want || (len(out.Warnings) > 0) != c.warned || len(out.Problems) > 0 {
			t.Errorf("1.%d with gates %q: cluster-cidr=%s, warnings %q, problems %v", c.minor, c.gates, got, out.Warnings, out.Problems)
		}
	}
}

func TestExtraArgumentsWin(t *testing.T) {
	in := machine(28)
	in.ExtraArgs = []arguments.Argument{{Key: "proxy-mode", Value: "ipvs"}, {Key: "v", Value: "4"}}
	out := kubeproxy.Render(in)
	if mode, _ := out.Args.Get("proxy-mode"); mode != "ipvs" {
		t.Errorf("proxy-mode = %q", mode)
	}
	if v, _ := out.Args.Get("v"); v != "4" || len(out.Warnings)+len(out.Problems) > 0 {
		t.Errorf("v = %q; %v %v", v, out.Warnings, out.Problems)
	}
}

func TestAnExtraArgumentThatIsGoneBlocks(t *testing.T) {
	for minor, blocked := range map[int]bool{25: false, 26: true, 36: true} {
		in := machine(minor)
		in.ExtraArgs = []arguments.Argument{{Key: "logtostderr", Value: "false"}}
		out := kubeproxy.Render(in)
		if (len(out.Problems) == 1) != blocked {
			t.Errorf("1.%d: %v", minor, out.Problems)
			continue
		}
		if blocked {
			message := out.Problems[0].Error()
			if message != fmt.Sprintf("proxy-extra-args: logtostderr is gone since Kubernetes 1.26 and kube-proxy 1.%d.0 would not start with it; remove it", minor) {
				t.Errorf("1.%d: %s", minor, message)
			}
			if _, passed := out.Args.Get("logtostderr"); passed {
				t.Errorf("1.%d: logtostderr is passed", minor)
			}
		}
	}
}

func TestDeprecatedAndOverridingArgumentsOnlyWarn(t *testing.T) {
	in := machine(28)
	in.ExtraArgs = []arguments.Argument{{Key: "healthz-port", Value: "1"}, {Key: "config", Value: "/x"}}
	out := kubeproxy.Render(in)
	if got := strings.Join(out.Warnings, "; "); len(out.Problems) > 0 || !strings.HasPrefix(got, "proxy-extra-args: healthz-port is deprecated; use healthz-bind-address instead; proxy-extra-args: config makes kube-proxy ignore") {
		t.Errorf("%q, %v", got, out.Problems)
	}
}
