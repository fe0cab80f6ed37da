package kubelet

import (
	"fmt"
	"strings"

	"kubernetes-worker/internal/arguments"
	"kubernetes-worker/internal/kubeversion"
	"kubernetes-worker/internal/release"
)

// valueFault tells why an argument's value cannot be used; empty where it can, or where only the kubelet can tell.
func valueFault(in Input, arg arguments.Argument) string {
	switch arg.Key {
	case "cloud-provider":
		return cloudProviderFault(in.Version, arg.Value)
	case "feature-gates":
		return release.GatesFault("kubelet", in.Version, arg.Value, release.KubeletGate)
	case "node-ip":
		switch pair := strings.Contains(arg.Value, ","); {
		case pair && !release.Has(in.Version, release.DualStackNodeIP):
			return fmt.Sprintf("node-ip takes one address before Kubernetes 1.%d and kubelet %s would ignore two; give one",
				release.Began(release.DualStackNodeIP), in.Version)
		case pair && !release.Has(in.Version, release.DualStack) && !gateOn(in, release.DualStackGate):
			return fmt.Sprintf("kubelet %s would not start with two addresses in node-ip unless its feature gate %s is on; turn it on, or give one address",
				in.Version, release.DualStackGate)
		}
	}
	return ""
}

// gateOn reports whether a person has turned on a feature gate of the kubelet. Its argument goes before its file.
func gateOn(in Input, name string) bool {
	args := arguments.NewSet(in.ExtraArgs...)
	if list, ok := args.Get("feature-gates"); ok && strings.Contains(list, name) {
		return release.GateOn(list, name)
	}
	gates, _ := in.ExtraConfig["featureGates"].(map[string]any)
	return gates[name] == true
}

// cloudProviderFault tells why a value of cloud-provider cannot be used; empty where it can.
func cloudProviderFault(v kubeversion.Version, provider string) string {
	standing := release.CloudProvider(v, provider)
	if provider == "" || standing.Exists || !standing.Known && !release.Covered(v) {
		return ""
	}
	return fmt.Sprintf("cloud-provider=%.40s %s and kubelet %s would not start with it; use external with the cloud's own controller, or remove it",
		provider, standing.Absence(), v)
}

// checkOldCgroups reports a machine that the release refuses unless it is told to take it.
func (out *Output) checkOldCgroups(in Input) {
	argument, _ := out.Args.Get("fail-cgroupv1")
	if release.RunsOn(in.Version, in.CgroupVersion) || in.CgroupVersion != 1 || in.ExtraConfig["failCgroupV1"] == false || argument == "false" {
		return
	}
	out.problem(optionConfig, "kubelet %s does not start on a machine with cgroup v1; boot the machine with cgroup v2, or allow it with {failCgroupV1: false}", in.Version)
}
