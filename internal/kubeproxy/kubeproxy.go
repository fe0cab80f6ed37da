// Package kubeproxy owns what kube-proxy is started with (specification, lifecycle 6.4). All of it goes by flags: with a
// configuration file kube-proxy would ignore most of proxy-extra-args. What a release knows says package release.
package kubeproxy

import (
	"fmt"
	"strings"

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

// clusterCIDR is the pods' network, or the first of two where the release takes one.
func (out *Output) clusterCIDR(in Input) string {
	first, _, pair := strings.Cut(in.ClusterCIDR, ",")
	if !pair || in.dualStack() {
		return in.ClusterCIDR
	}
	out.Warnings = append(out.Warnings, fmt.Sprintf("kube-proxy %s is told of the pods' network %s alone, not of %s: it takes two only with the feature gate %s",
		in.Version, first, in.ClusterCIDR, release.DualStackGate))
	return first
}

// dualStack reports whether a network of each address family can be given.
func (in Input) dualStack() bool {
	list, _ := arguments.NewSet(in.ExtraArgs...).Get("feature-gates")
	return release.Has(in.Version, release.DualStack) || release.ProxyGate(in.Version, release.DualStackGate).Exists && release.GateOn(list, release.DualStackGate)
}

// Render computes the arguments. The same input always gives the same set.
func Render(in Input) Output {
	out := Output{Form: arguments.FormFor(in.Version)}
	own := []arguments.Argument{}
	add := func(key, value string) {
		if value != "" && release.ProxyFlag(in.Version, key).Exists {
			own = append(own, arguments.Argument{Key: key, Value: value})
		}
	}
	add("cluster-cidr", out.clusterCIDR(in))
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
