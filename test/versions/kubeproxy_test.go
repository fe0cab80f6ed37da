package versions

import (
	"testing"

	"kubernetes-worker/internal/arguments"
	"kubernetes-worker/internal/kubeproxy"
)

func proxied(r release) kubeproxy.Input {
	return kubeproxy.Input{Version: r.Version, NodeName: "juju-1-kubernetes", ClusterCIDR: "10.1.0.0/16", Server: "https://10.5.0.3:6443"}
}

// proxyFactors are the things that change what the charm renders for kube-proxy.
func proxyFactors() [][]choice[kubeproxy.Input] {
	type in = kubeproxy.Input
	return [][]choice[in]{
		{{"machine", func(in *in) {}}, {"container", func(in *in) { in.Container = true }}},
		{{"server", func(in *in) {}}, {"no server yet", func(in *in) { in.Server = "" }}},
		{{"plain", func(in *in) {}}, {"extra args", func(in *in) {
			in.ExtraArgs, _ = arguments.Parse("proxy-extra-args", "v=4 proxy-mode=ipvs ipvs-scheduler=rr healthz-bind-address=127.0.0.1 masquerade-all")
		}}},
		{{"network", func(in *in) {}}, {"no network yet", func(in *in) { in.ClusterCIDR = "" }}, {"network of version 6", func(in *in) { in.ClusterCIDR = "fd01::/108" }},
			{"network of each family", func(in *in) { in.ClusterCIDR = "10.1.0.0/16,fd01::/108" }}},
	}
}

func TestEachKubeProxyTakesWhatIsRenderedForIt(t *testing.T) {
	forEach(t, func(t *testing.T, r release) {
		for _, c := range combinations(proxyFactors(), func() kubeproxy.Input { return proxied(r) }, func(kubeproxy.Input) bool { return true }) {
			t.Run(c.name, func(t *testing.T) {
				t.Parallel()
				out := kubeproxy.Render(c.in)
				if len(out.Problems) > 0 {
					t.Fatalf("not rendered: %v", out.Problems)
				}
				if answer := r.ask(t, "kube-proxy", out.Form, out.Args, nil); answer != "" {
					t.Errorf("kube-proxy %s refuses %s: %s", r, out.Args, answer)
				}
			})
		}
	})
}

func TestAKubeProxyTakesTwoNetworksWhereItsGateIsOn(t *testing.T) {
	forEach(t, func(t *testing.T, r release) {
		if !r.AtLeast(1, 16) || r.AtLeast(1, 25) {
			return // the gate is not there
		}
		in := proxied(r)
		in.ClusterCIDR, in.ExtraArgs = "10.1.0.0/16,fd01::/108", []arguments.Argument{{Key: "feature-gates", Value: "IPv6DualStack=true"}}
		out := kubeproxy.Render(in)
		if cidr, _ := out.Args.Get("cluster-cidr"); cidr != in.ClusterCIDR {
			t.Errorf("cluster-cidr=%s", cidr)
		}
		if answer := r.ask(t, "kube-proxy", out.Form, out.Args, nil); answer != "" {
			t.Errorf("kube-proxy %s refuses %s: %s", r, out.Args, answer)
		}
	})
}
