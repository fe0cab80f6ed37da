// Package kubeproxy owns what kube-proxy is started with (specification, lifecycle 6.4). All of it goes by flags: with a
// configuration file kube-proxy would ignore most of proxy-extra-args. What a release knows says package release.
package kubeproxy

import (
	"kubernetes-worker/internal/arguments"
	"kubernetes-worker/internal/kubeversion"
	"kubernetes-worker/internal/release"
)

// KubeconfigFile is where kube-proxy's kubeconfig is.
const KubeconfigFile = "/root/cdk/kubeproxyconfig"

const optionArgs = "proxy-extra-args"

// Input is everything the rendering depends on.
type Input struct {
	Version     kubeversion.Version // of the installed kube-proxy
	NodeName    string
	ClusterCIDR string // the pods' network; empty where not known
	Server      string // URL of the chosen API server, the same as in the kubeconfig
	Container   bool   // the machine is a container, where the size of the connection table cannot be changed
	ExtraArgs   []arguments.Argument
}

// Output is what to give to the snap. It must not be applied if there are problems.
type Output struct {
	Args     arguments.Set
	Form     arguments.Form
	Warnings []string
	Problems []Problem
}

// Problem is a setting with which this release of kube-proxy would not start.
type Problem struct {
	Option string
	Reason string // what is wrong and what to do
}

// Error joins the parts.
func (p Problem) Error() string { return p.Option + ": " + p.Reason }

// Render computes the arguments. The same input always gives the same set.
func Render(in Input) Output {
	out := Output{Form: arguments.FormFor(in.Version)}
	own := []arguments.Argument{}
	add := func(key, value string) {
		if value != "" && release.ProxyFlag(in.Version, key).Exists {
			own = append(own, arguments.Argument{Key: key, Value: value})
		}
	}
	add("cluster-cidr", in.ClusterCIDR)
	add("hostname-override", in.NodeName)
	add("kubeconfig", KubeconfigFile)
	add("logtostderr", "true")
	add("master", in.Server)
	add("v", "0")
	if in.Container {
		// Zero leaves the table as the host has it; kube-proxy then looks at no other limit, conntrack-min included.
		add("conntrack-max-per-core", "0")
	}
	out.Args = arguments.NewSet(own...).With(out.checkExtraArgs(in)...)
	return out
}
