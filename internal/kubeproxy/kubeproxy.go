// Package kubeproxy owns what kube-proxy is started with (specification, lifecycle 6.4 and 18.3). All of it goes by flags:
// with a configuration file kube-proxy would ignore most of proxy-extra-args.
package kubeproxy

import (
	"fmt"

	"kubernetes-worker/internal/arguments"
	"kubernetes-worker/internal/kubeversion"
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
		if value != "" && goneSince(in.Version, key) == 0 {
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

// removed are the flags that a minor release of Kubernetes 1.x dropped; kube-proxy exits where it meets one of them.
var removed = [...]struct {
	name string
	gone int
}{
	{"add-dir-header", 26},
	{"alsologtostderr", 26},
	{"log-backtrace-at", 26},
	{"log-dir", 26},
	{"log-file", 26},
	{"log-file-max-size", 26},
	{"logtostderr", 26},
	{"one-output", 26},
	{"skip-headers", 26},
	{"skip-log-headers", 26},
	{"stderrthreshold", 26},
}

// goneSince gives the minor release that dropped the flag where v is that or a later one; 0 where v may have it.
func goneSince(v kubeversion.Version, name string) int {
	for _, f := range removed {
		if f.name == name && v.AtLeast(1, f.gone) {
			return f.gone
		}
	}
	return 0
}

func (out *Output) checkExtraArgs(in Input) []arguments.Argument {
	var accepted []arguments.Argument
	for _, arg := range in.ExtraArgs {
		if gone := goneSince(in.Version, arg.Key); gone != 0 {
			reason := fmt.Sprintf("%s is gone since Kubernetes 1.%d and kube-proxy %s would not start with it; remove it", arg.Key, gone, in.Version)
			out.Problems = append(out.Problems, Problem{Option: optionArgs, Reason: reason})
			continue
		}
		switch arg.Key {
		case "config":
			out.Warnings = append(out.Warnings, optionArgs+": config makes kube-proxy ignore most of its other arguments, the charm's too")
		case "healthz-port", "metrics-port":
			if in.Version.AtLeast(1, 17) {
				out.Warnings = append(out.Warnings, optionArgs+": "+arg.Key+" is deprecated")
			}
		}
		accepted = append(accepted, arg)
	}
	return accepted
}
