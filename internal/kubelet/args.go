package kubelet

import (
	"strings"

	"kubernetes-worker/internal/arguments"
)

// ownArguments are the charm's own, without those the release does not take.
func ownArguments(in Input) arguments.Set {
	var set []arguments.Argument
	add := func(key, value string) {
		f, known := lookup(key)
		if known && f.usable(in.Version) && value != "" {
			set = append(set, arguments.Argument{Key: key, Value: value})
		}
	}
	add("require-kubeconfig", "true")
	add("kubeconfig", KubeconfigFile)
	add("network-plugin", "cni")
	add("v", "0")
	add("logtostderr", "true")
	add("node-ip", in.NodeIP)
	add("hostname-override", in.NodeName)
	add("allow-privileged", privileged(in))
	add("cloud-provider", in.CloudProvider)
	add("cloud-config", in.CloudConfig)
	add("provider-id", in.ProviderID)
	add("pod-infra-container-image", in.SandboxImage)
	add("config", ConfigFile)
	add("dynamic-config-dir", DynamicConfigDir)
	if !in.Docker {
		add("container-runtime", "remote")
		if !in.Version.AtLeast(1, endpointField) {
			add("container-runtime-endpoint", endpoint(in.RuntimeEndpoint))
		}
	} else {
		add("docker-endpoint", in.DockerEndpoint)
	}
	if !readsConfig(in.Version) {
		add("address", "0.0.0.0")
		add("anonymous-auth", "false")
		add("client-ca-file", CAFile)
		add("cluster-domain", in.ClusterDomain)
		add("cluster-dns", strings.Join(in.ClusterDNS, ","))
		add("fail-swap-on", "false")
		add("port", "10250")
		add("tls-cert-file", ServerCertFile)
		add("tls-private-key-file", ServerKeyFile)
		if in.GPU {
			add("feature-gates", "DevicePlugins=true")
		}
		if in.ResolvConfStub {
			add("resolv-conf", ResolvedConf)
		}
	}
	return arguments.NewSet(set...)
}

// privileged turns allow-privileged into the flag's value. Before 1.9 a GPU needs privileged containers.
func privileged(in Input) string {
	if in.AllowPrivileged != "auto" {
		return in.AllowPrivileged
	}
	if in.GPU && !in.Version.AtLeast(1, 9) {
		return "true"
	}
	return "false"
}

// checkExtraArgs returns those of a person's arguments that the release can start with, and reports the others.
func (out *Output) checkExtraArgs(in Input) []arguments.Argument {
	var accepted []arguments.Argument
	for _, arg := range in.ExtraArgs {
		f, known := lookup(arg.Key)
		switch {
		case !known:
			out.warn("%s: %s is not known to this charm; kubelet %s does not start if it does not know it either", optionArgs, arg.Key, in.Version)
		case reached(in.Version, f.gone):
			out.problem(optionArgs, "%s is gone since Kubernetes 1.%d and kubelet %s would not start with it; %s", arg.Key, f.gone, in.Version, f.remedy())
			continue
		case !f.exists(in.Version):
			out.problem(optionArgs, "%s exists only since Kubernetes 1.%d and kubelet %s would not start with it; remove it", arg.Key, f.since, in.Version)
			continue
		case reached(in.Version, f.deprecated):
			out.warn("%s: %s is deprecated", optionArgs, arg.Key)
		}
		if reason := out.valueProblem(in, arg); reason != "" {
			out.problem(optionArgs, "%s", reason)
			continue
		}
		accepted = append(accepted, arg)
	}
	return accepted
}

func (out *Output) valueProblem(in Input, arg arguments.Argument) string {
	switch arg.Key {
	case "cloud-provider":
		return cloudProviderFault(in.Version, arg.Value)
	case "feature-gates":
		for gate := range strings.SplitSeq(arg.Value, ",") {
			name, _, _ := strings.Cut(gate, "=")
			if reason := gateFault(in.Version, strings.TrimSpace(name)); reason != "" {
				return reason
			}
		}
	}
	return ""
}
