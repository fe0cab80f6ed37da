package worker

import (
	"strings"

	"kubernetes-worker/internal/condition"
	"kubernetes-worker/internal/options"
	"kubernetes-worker/internal/release"
	"kubernetes-worker/internal/resource"
	"kubernetes-worker/internal/runtime"
)

// OnDocker reports whether the installed kubelet works with docker, or docker is not there.
func (f Facts) OnDocker() bool { return f.runtime().Docker() || !f.DockerOurs }

// runtimeHandler installs the container runtime, after its configuration, so that it starts once and right; later it
// restarts when its configuration differs. One that another charm keeps is left to it.
func runtimeHandler() Handler {
	return Handler{Name: "runtime", When: []flag{VersionKnown}, Declare: func(f Facts) ([]resource.Resource, error) {
		choice := f.runtime()
		if choice.Keeper != runtime.Ours {
			return f.foreignRuntime(choice)
		}
		if f.runtimeUnknown(choice) || f.awaitsCluster(choice.Unit) {
			return nil, nil // the finding about the option, or what the relations lack, is the status
		}
		change := f.runtimeChange(choice)
		if change.source == "" {
			return change.wants, change.problem
		}
		files, err := f.runtimeFiles(choice, change.source)
		if err != nil {
			return change.wants, condition.NewBlocked(err.Error())
		}
		if _, refused := f.dockerOpts(); choice.Docker() && change.problem == nil {
			change.problem = refused
		}
		service := resource.Service{Unit: choice.Unit}
		if change.awaited {
			service.Awaits = RuntimeGroup
		}
		wants := change.wants
		for _, file := range files {
			want := resource.File{Path: file.Path, Content: file.Content, Mode: file.Mode, Absent: file.Absent, Seed: true}
			if !strings.HasPrefix(file.Path, "/etc/systemd/") {
				want.Backup = file.Path + backupSuffix // the operator's own, or the package's
			}
			wants = append(wants, want)
			if strings.HasPrefix(file.Path, "/etc/systemd/") {
				service.UnitFiles = append(service.UnitFiles, file.Path)
			}
			service.Inputs = append(service.Inputs, want.Input())
			service.Needs = append(service.Needs, want.ID())
		}
		service.Needs = append(service.Needs, change.packages...)
		if choice.Docker() {
			wants = append(wants, f.dockerTakenOver(service, f.docker(change.source)), f.bridgeReset(service.Needs))
		}
		if choice.Docker() && f.UbuntuUser != nil {
			wants = append(wants, resource.Member{User: "ubuntu", Group: "docker", Needs: change.packages})
		}
		return append(wants, service), change.problem
	}}
}

// runtimeUnknown reports whether not even an earlier value is known of an option that the runtime depends on.
func (f Facts) runtimeUnknown(choice runtime.Choice) bool {
	needed := []options.Option{options.HTTPProxy, options.HTTPSProxy, options.NoProxy, options.DockerRuntime}
	if choice.Docker() {
		needed = append(needed, options.DockerOpts)
	}
	source, _ := f.source()
	if source != options.RuntimeApt {
		needed = append(needed, options.DockerPackage, options.KeyServer)
	}
	if source == options.RuntimeNvidia {
		needed = append(needed, options.NvidiaDockerPackage, options.NvidiaRuntimePackage, options.CUDARepo)
	}
	return f.Options.AnyUnknown(needed...)
}

// docker is what docker's files depend on.
func (f Facts) docker(source options.Runtime) runtime.Docker {
	proxy, _ := f.proxy()
	out, _ := f.kubelet()
	opts, _ := f.dockerOpts()
	return runtime.Docker{
		Source: source, Daemon: f.Daemon, Opts: opts, Managed: f.managedDocker(), Proxy: proxy,
		CgroupDriver: out.CgroupDriver, CgroupVersion: f.CgroupVersion, ShareIPC: !release.Has(f.KubeletVersion, release.SharesIPC),
	}
}

func (f Facts) runtimeFiles(choice runtime.Choice, source options.Runtime) ([]runtime.File, error) {
	proxy, _ := f.proxy()
	// The kubelet's own rendering decides the driver, since its options can.
	out, _ := f.kubelet()
	if choice.Docker() {
		return runtime.DockerFiles(f.docker(source))
	}
	return runtime.ContainerdFiles(runtime.Containerd{
		SandboxImage: f.sandboxImage(), CgroupDriver: out.CgroupDriver, Container: f.Container, Proxy: proxy,
		Nvidia: source == options.RuntimeNvidia,
	})
}

// backupSuffix is what the file is called that was there before the charm's.
const backupSuffix = ".before-juju"

// alwaysRestart keeps systemd from giving up on a daemon of ours.
func alwaysRestart(unit string) resource.File {
	file := runtime.AlwaysRestart(unit)
	return resource.File{Path: file.Path, Content: file.Content, Mode: file.Mode}
}
