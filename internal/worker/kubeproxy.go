package worker

import (
	"kubernetes-worker/internal/arguments"
	"kubernetes-worker/internal/condition"
	"kubernetes-worker/internal/kubeproxy"
	"kubernetes-worker/internal/kubeversion"
	"kubernetes-worker/internal/options"
	"kubernetes-worker/internal/resource"
)

// kubeProxyHandler configures and runs kube-proxy, independently of the kubelet.
func kubeProxyHandler() Handler {
	return Handler{
		Name: "kube-proxy",
		When: []flag{SnapsInstalled, VersionKnown, ServersKnown, CredentialsReady, DNSKnown, CertificatesReady, PodNetworkKnown, CloudSettled, NameSettled},
		Declare: func(f Facts) ([]resource.Resource, error) {
			if f.Options.AnyUnknown(options.ProxyExtraArgs) {
				return nil, nil // the finding about the option is the status
			}
			out, problem := f.kubeProxy()
			if len(out.Problems) > 0 {
				return nil, problem
			}
			kubeconfig := f.proxyKubeconfig()
			conf := snapConf("kube-proxy", out.Args, out.Form)
			conf.Earlier = f.otherForm(out.Form, func(v kubeversion.Version) arguments.Set {
				in := f.kubeProxyInput()
				in.Version = v
				return kubeproxy.Render(in).Args
			})
			service := resource.Service{
				Unit: KubeProxyUnit, UnitFiles: []string{alwaysRestart(KubeProxyUnit).Path},
				Inputs: append([]resource.Input{kubeconfig.Input(), conf.Input()}, f.bridgeInputs()...),
				Needs:  []string{kubeconfig.ID(), conf.ID()},
			}
			return []resource.Resource{alwaysRestart(KubeProxyUnit), conf, f.kubeProxyTakenOver(service, out.Args), service}, problem
		},
	}
}

func (f Facts) kubeProxy() (kubeproxy.Output, error) {
	in := f.kubeProxyInput()
	out := kubeproxy.Render(in)
	out.Problems = append(out.Problems, f.rejectedByProxy()...)
	if len(out.Problems) == 0 {
		return out, nil
	}
	problem := condition.NewBlocked(out.Problems[0].Error())
	if f.LastGood != nil && !f.LastGood.AnyUnknown(options.ProxyExtraArgs) {
		in.ExtraArgs = f.LastGood.ProxyExtraArgs
		if last := kubeproxy.Render(in); len(last.Problems) == 0 {
			return last, problem
		}
	}
	return out, problem
}

func (f Facts) kubeProxyInput() kubeproxy.Input {
	return kubeproxy.Input{
		Version: f.KubeletVersion, NodeName: f.NodeName, ClusterCIDR: f.Cluster.CIDR, Server: f.server(),
		Container: f.Container, ExtraArgs: f.Options.ProxyExtraArgs,
	}
}
