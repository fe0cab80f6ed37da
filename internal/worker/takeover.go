package worker

import (
	"cmp"

	"kubernetes-worker/internal/arguments"
	"kubernetes-worker/internal/cloudconfig"
	"kubernetes-worker/internal/kubeconfig"
	"kubernetes-worker/internal/kubelet"
	"kubernetes-worker/internal/kubeproxy"
	"kubernetes-worker/internal/options"
	"kubernetes-worker/internal/resource"
	"kubernetes-worker/internal/runtime"
)

// What the charm's forerunner has started runs on, as long as what it was started with means what this charm would give it.

// kubeletTakenOver compares the kubelet's files with what is wanted.
func (f Facts) kubeletTakenOver(service resource.Service, out kubelet.Output) resource.TakenOver {
	return f.takenOver(service, func(path string, have []byte) []string {
		switch path {
		case KubeletKubeconfig:
			return unless(kubeconfig.Same(have, f.kubeletKubeconfig().Content), path)
		case KubeletConfigFile:
			return kubelet.ConfigMeaning(have, out.Config)
		case argsFile("kubelet"):
			args, err := arguments.ParseFile(have)
			if err != nil {
				return []string{err.Error()}
			}
			return kubelet.ArgumentMeaning(f.KubeletVersion, f.Hostname, args, out.Args)
		case cloudconfig.EnvironmentFile:
			return unless(CloudVariable().In(have), path)
		}
		for _, file := range f.cloudConfig() {
			if file.Path == path {
				return unless(cloudconfig.Same(have, file.Content), path)
			}
		}
		return nil
	})
}

// kubeProxyTakenOver compares kube-proxy's.
func (f Facts) kubeProxyTakenOver(service resource.Service, args arguments.Set) resource.TakenOver {
	return f.takenOver(service, func(path string, have []byte) []string {
		switch path {
		case ProxyKubeconfig:
			return unless(kubeconfig.Same(have, f.proxyKubeconfig().Content), path)
		case argsFile("kube-proxy"):
			old, err := arguments.ParseFile(have)
			if err != nil {
				return []string{err.Error()}
			}
			return kubeproxy.ArgumentMeaning(f.KubeletVersion, f.Hostname, f.server(), old, args)
		}
		return nil
	})
}

// takenOver compares all that a daemon reads: certificates and keys by themselves, the rest by differs.
func (f Facts) takenOver(service resource.Service, differs func(path string, have []byte) []string) resource.TakenOver {
	t := resource.TakenOver{Service: service}
	certificates := map[string]resource.File{}
	for _, file := range append(f.serverFiles(), f.caFile()) {
		certificates[file.Path] = file
	}
	for _, input := range service.Inputs {
		if input.Path != "" {
			t.Reads = append(t.Reads, input.Path)
		}
	}
	t.Differs = func(have map[string][]byte) []string {
		var differences []string
		for _, input := range service.Inputs {
			content, there := have[input.Path]
			certificate, is := certificates[input.Path]
			switch {
			case input.Path == "":
				differences = append(differences, unless(f.BridgeBefore == f.bridge(), input.Name)...)
			case !there:
				differences = append(differences, input.Path)
			case is:
				differences = append(differences, unless(certificate.Same(content), input.Path)...)
			default:
				differences = append(differences, differs(input.Path, content)...)
			}
		}
		return differences
	}
	return t
}

func unless(same bool, what string) []string {
	if same {
		return nil
	}
	return []string{what}
}

// dockerTakenOver compares docker's files with those of the forerunner, so that no container ends only because this charm
// writes them in another way.
func (f Facts) dockerTakenOver(service resource.Service, docker runtime.Docker) resource.TakenOver {
	version := ""
	for _, name := range []string{runtime.DockerPackage, options.DefaultDockerPackage, "docker-engine"} {
		version = cmp.Or(version, f.Packages[name])
	}
	return resource.TakenOver{
		Service: service, Reads: runtime.ForerunnerFiles(),
		Differs: func(have map[string][]byte) []string {
			return runtime.ForerunnerDiffers(docker, f.Options.Proxy, version, have)
		},
		Adopt: func(sys *resource.System) { sys.State.Bridge = f.bridge() }, // which is in the options that are the same
	}
}
