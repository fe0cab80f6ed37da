package kubelet

import (
	"strings"

	"kubernetes-worker/internal/arguments"
	"kubernetes-worker/internal/release"
)

// ownArguments are the charm's own, without those the release does not take.
func ownArguments(in Input) arguments.Set {
	var set []arguments.Argument
	add := func(key, value string) {
		if value != "" && release.KubeletFlag(in.Version, key).Exists {
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
	if release.Has(in.Version, release.DynamicConfig) {
		add("dynamic-config-dir", DynamicConfigDir)
	}
	if !in.Docker {
		add("container-runtime", "remote")
		if release.Has(in.Version, release.EndpointFlag) {
			add("container-runtime-endpoint", endpoint(in.RuntimeEndpoint))
		}
	} else {
		add("docker-endpoint", in.DockerEndpoint)
	}
	if release.Has(in.Version, release.ConfigFile) {
		add("config", ConfigFile)
	} else {
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
	if in.GPU && !release.Has(in.Version, release.GPUWithoutPrivilege) {
		return "true"
	}
	return "false"
}

// checkExtraArgs returns those of a person's arguments that the release can start with, and reports the others.
func (out *Output) checkExtraArgs(in Input) []arguments.Argument {
	var accepted []arguments.Argument
	for _, arg := range in.ExtraArgs {
		flag := release.KubeletFlag(in.Version, arg.Key)
		switch {
		case flag.Exists:
		case !flag.Known && !release.Covered(in.Version):
			out.warn("%s: %s is not known to this charm; kubelet %s does not start if it does not know it either", optionArgs, arg.Key, in.Version)
		default:
			out.problem(optionArgs, "%s %s and kubelet %s would not start with it; %s", arg.Key, flag.Absence(), in.Version,
				flag.Remedy(release.InsteadOfKubeletFlag(in.Version, arg.Key)))
			continue
		}
		if flag.Deprecated {
			out.warn("%s: %s is deprecated%s", optionArgs, arg.Key, release.Preferably(release.InsteadOfKubeletFlag(in.Version, arg.Key)))
		}
		if reason := valueFault(in, arg); reason != "" {
			out.problem(optionArgs, "%s", reason)
			continue
		}
		accepted = append(accepted, arg)
	}
	return accepted
}
