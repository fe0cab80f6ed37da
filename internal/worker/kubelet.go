package worker

import (
	"reflect"
	"slices"

	"kubernetes-worker/internal/arguments"
	"kubernetes-worker/internal/condition"
	"kubernetes-worker/internal/kubelet"
	"kubernetes-worker/internal/kubeversion"
	"kubernetes-worker/internal/options"
	"kubernetes-worker/internal/release"
	"kubernetes-worker/internal/resource"
	"kubernetes-worker/internal/runtime"
)

// kubeletHandler configures and runs the kubelet. It restarts when something it reads differs, and for nothing else.
func kubeletHandler() Handler {
	return Handler{
		Name: "kubelet",
		When: []flag{SnapsInstalled, VersionKnown, RuntimeRunning, DockerLeft, ServersKnown, CredentialsReady, DNSKnown, DomainKnown, CertificatesReady, PodNetworkKnown, CloudSettled, NameSettled},
		Declare: func(f Facts) ([]resource.Resource, error) {
			if f.Options.AnyUnknown(options.KubeletExtraArgs, options.KubeletExtraConfig, options.AllowPrivileged) {
				return nil, nil // the finding about the option is the status
			}
			if fault := f.hostFault(f.KubeletVersion); fault != nil && f.CgroupVersion == 2 {
				return nil, fault // on cgroup v1 it is the configuration that decides
			}
			out, problem := f.kubelet()
			if len(out.Problems) > 0 {
				return nil, problem // nothing was ever good: the kubelet stays as it is
			}
			kubeconfig, ca, server := f.kubeletKubeconfig(), f.caFile(), f.serverFiles()
			conf := snapConf("kubelet", out.Args, out.Form)
			conf.Earlier = f.otherForm(out.Form, func(v kubeversion.Version) arguments.Set {
				in := f.kubeletInput()
				in.Version = v
				return kubelet.Render(in).Args
			})
			service := resource.Service{
				Unit: KubeletUnit, UnitFiles: []string{alwaysRestart(KubeletUnit).Path},
				Inputs: []resource.Input{kubeconfig.Input(), ca.Input(), server[0].Input(), server[1].Input(), conf.Input()},
				Needs:  []string{kubeconfig.ID(), ca.ID(), server[0].ID(), server[1].ID(), conf.ID()},
			}
			service.Inputs = append(service.Inputs, f.bridgeInputs()...)
			inputs, needs := f.cloudInputs()
			service.Inputs, service.Needs = append(service.Inputs, inputs...), append(service.Needs, needs...)
			if f.Node.Lost {
				// A kubelet registers only when it starts.
				service.Again = "node " + f.NodeName + " was deleted from the cluster"
			}
			wants := []resource.Resource{alwaysRestart(KubeletUnit), conf}
			if out.Config != nil {
				config := resource.File{Path: KubeletConfigFile, Content: out.Config, Mode: 0o644, Describe: kubelet.ConfigDiff}
				service.Inputs = append(service.Inputs, config.Input())
				service.Needs = append(service.Needs, config.ID())
				wants = append(wants, config)
			}
			written := slices.Clone(service.Needs)
			for _, c := range out.Checkpoints {
				checkpoint := resource.Checkpoint{Path: c.Path, Policy: c.Policy, Needs: written}
				wants, service.Needs = append(wants, checkpoint), append(service.Needs, checkpoint.ID())
			}
			return append(wants, f.kubeletTakenOver(service, out), service), problem
		},
	}
}

// kubelet renders with the options as they are. Where the installed release does not take one, the last value that it took
// stays in force, and the problem says which option is to blame.
func (f Facts) kubelet() (kubelet.Output, error) {
	in := f.kubeletInput()
	out := kubelet.Render(in)
	out.Problems = append(out.Problems, f.rejected()...)
	if len(out.Problems) == 0 {
		return out, nil
	}
	problem := condition.NewBlocked(out.Problems[0].Error())
	if f.LastGood == nil {
		return out, problem
	}
	for _, p := range out.Problems {
		switch option := options.Option(p.Option); {
		case f.LastGood.AnyUnknown(option):
			return out, problem
		case option == options.KubeletExtraArgs:
			in.ExtraArgs = f.LastGood.KubeletExtraArgs
		case option == options.KubeletExtraConfig:
			in.ExtraConfig = f.LastGood.KubeletExtraConfig
		}
	}
	if last := kubelet.Render(in); len(last.Problems) == 0 {
		return last, problem
	}
	return out, problem
}

// rejected are the options with whose present values the kubelet ends.
func (f Facts) rejected() []kubelet.Problem {
	reason := f.ends(KubeletUnit, "the kubelet")
	if reason == "" {
		return nil
	}
	var problems []kubelet.Problem
	if !reflect.DeepEqual(f.Options.KubeletExtraConfig, f.LastGood.KubeletExtraConfig) {
		problems = append(problems, kubelet.Problem{Option: string(options.KubeletExtraConfig), Reason: reason})
	}
	if !reflect.DeepEqual(f.Options.KubeletExtraArgs, f.LastGood.KubeletExtraArgs) {
		problems = append(problems, kubelet.Problem{Option: string(options.KubeletExtraArgs), Reason: reason})
	}
	return problems
}

func (f Facts) kubeletInput() kubelet.Input {
	in := kubelet.Input{
		Version: f.KubeletVersion, NodeName: f.NodeName, NodeIP: f.ingressAddress(),
		ClusterDomain: f.Cluster.Domain, AllowPrivileged: string(f.Options.AllowPrivileged),
		ResolvConfStub: f.ResolvConfStub, CgroupVersion: f.CgroupVersion,
		GPU: f.GPU, Docker: f.runtime().Docker(), RuntimeEndpoint: ContainerdEndpoint, SandboxImage: f.sandboxImage(),
		ExtraArgs: f.Options.KubeletExtraArgs, ExtraConfig: f.Options.KubeletExtraConfig,
	}
	switch socket := f.runtime().Socket; {
	case in.Docker && socket != runtime.DockerEndpoint:
		in.DockerEndpoint = socket
	case !in.Docker && socket != "":
		in.RuntimeEndpoint = socket
	}
	f.cloudArguments(&in)
	if f.Cluster.DNSEnabled {
		in.ClusterDNS = f.Cluster.DNS
	}
	return in
}

func (f Facts) sandboxImage() string { return runtime.SandboxImage(f.Cluster.Registry) }

// otherForm is what the snap would be given by a release that takes its arguments in the other form.
func (f Facts) otherForm(form arguments.Form, render func(kubeversion.Version) arguments.Set) []string {
	if form == arguments.FormPerKey {
		return []string{arguments.RawKey}
	}
	var keys []string
	for _, a := range render(release.Last(release.PerKeyArguments)).All() {
		keys = append(keys, a.Key)
	}
	return keys
}

// argsFile is what a snap's configure hook makes of its configuration, for the daemon to read.
func argsFile(snap string) string { return "/var/snap/" + snap + "/current/args" }

// snapConf is the configuration of a daemon's snap from its arguments, in the form that its release takes.
func snapConf(snap string, args arguments.Set, form arguments.Form) resource.SnapConf {
	conf := resource.SnapConf{
		Snap: snap, ArgsFile: argsFile(snap),
	}
	if form == arguments.FormPerKey {
		values, err := arguments.PerKey(args)
		if err != nil {
			panic(err) // as below
		}
		conf.Values = values
		return conf
	}
	raw, err := arguments.Raw(args)
	if err != nil {
		// Arguments come from checked options and our own tables; what cannot be written is a fault of this program.
		panic(err)
	}
	conf.Values = map[string]string{arguments.RawKey: raw}
	conf.Describe = func(_, from, to string) []string {
		was, err := arguments.ParseRaw(from)
		if err != nil {
			return nil
		}
		is, err := arguments.ParseRaw(to)
		if err != nil {
			return nil
		}
		return arguments.Diff(was, is)
	}
	return conf
}
