package kubeproxy

import (
	"fmt"
	"strings"

	"kubernetes-worker/internal/arguments"
	"kubernetes-worker/internal/release"
)

// checkExtraArgs returns those of a person's arguments that the release can start with, and reports the others.
func (out *Output) checkExtraArgs(in Input) []arguments.Argument {
	var accepted []arguments.Argument
	for _, arg := range in.ExtraArgs {
		flag := release.ProxyFlag(in.Version, arg.Key)
		switch {
		case flag.Exists:
		case !flag.Known && !release.Covered(in.Version):
			out.warn("%s is not known to this charm; kube-proxy %s does not start if it does not know it either", arg.Key, in.Version)
		default:
			out.problem("%s %s and kube-proxy %s would not start with it; %s", arg.Key, flag.Absence(), in.Version, flag.Remedy(release.InsteadOfProxyFlag(arg.Key)))
			continue
		}
		if arg.Key == "feature-gates" {
			if reason := release.GatesFault("kube-proxy", in.Version, arg.Value, release.ProxyGate); reason != "" {
				out.problem("%s", reason)
				continue
			}
		}
		if arg.Key == "cluster-cidr" && strings.Contains(arg.Value, ",") && !in.dualStack() {
			out.problem("kube-proxy %s would not start with two networks in cluster-cidr unless its feature gate %s is on; give one", in.Version, release.DualStackGate)
			continue
		}
		if arg.Key == "config" {
			out.warn("config makes kube-proxy ignore most of its other arguments, the charm's too")
		}
		if flag.Deprecated {
			out.warn("%s is deprecated%s", arg.Key, release.Preferably(release.InsteadOfProxyFlag(arg.Key)))
		}
		accepted = append(accepted, arg)
	}
	return accepted
}

func (out *Output) warn(format string, args ...any) {
	out.Warnings = append(out.Warnings, optionArgs+": "+fmt.Sprintf(format, args...))
}

func (out *Output) problem(format string, args ...any) {
	out.Problems = append(out.Problems, Problem{Option: optionArgs, Reason: fmt.Sprintf(format, args...)})
}
