package worker

import (
	"reflect"

	"kubernetes-worker/internal/condition"
	"kubernetes-worker/internal/kubeproxy"
	"kubernetes-worker/internal/options"
)

// Judged are the options that in the end only a daemon itself can judge, by its unit: it knows rules that no table has. One
// that ends at once with their present values, and has lived with the values before, gets those back.
func Judged() map[string][]options.Option {
	return map[string][]options.Option{
		KubeletUnit:   {options.KubeletExtraArgs, options.KubeletExtraConfig},
		KubeProxyUnit: {options.ProxyExtraArgs},
		DockerUnit:    {options.DockerOpts},
	}
}

// ends says that a daemon ends with the present values; empty where it does not, or where there are none to go back to.
func (f Facts) ends(unit, name string) string {
	if f.Rejected[unit] == "" || f.LastGood == nil {
		return ""
	}
	return name + " ends with this value, and runs with the one before: " + f.Rejected[unit] + "; correct it"
}

// rejectedByProxy is the same of kube-proxy.
func (f Facts) rejectedByProxy() []kubeproxy.Problem {
	reason := f.ends(KubeProxyUnit, "kube-proxy")
	if reason == "" || reflect.DeepEqual(f.Options.ProxyExtraArgs, f.LastGood.ProxyExtraArgs) {
		return nil
	}
	return []kubeproxy.Problem{{Option: string(options.ProxyExtraArgs), Reason: reason}}
}

// dockerOpts are the options that docker is given, and why they are not those that a person has set.
func (f Facts) dockerOpts() (string, error) {
	reason := f.ends(DockerUnit, "docker")
	if reason == "" || f.LastGood.AnyUnknown(options.DockerOpts) || f.Options.DockerOpts == f.LastGood.DockerOpts {
		return f.Options.DockerOpts, nil
	}
	return f.LastGood.DockerOpts, condition.NewBlocked(string(options.DockerOpts) + ": " + reason)
}
