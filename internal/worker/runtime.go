package worker

import (
	"fmt"
	"strings"

	"kubernetes-worker/internal/condition"
	"kubernetes-worker/internal/options"
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
		if f.Options.AnyUnknown(options.HTTPProxy, options.HTTPSProxy, options.NoProxy) ||
			choice.Docker() && f.Options.AnyUnknown(options.DockerRuntime, options.DockerOpts) {
			return nil, nil // the finding about the option is the status
		}
		if len(choice.Packages) == 0 && !f.Units[choice.Unit].Exists {
			return nil, condition.NewBlocked(fmt.Sprintf(
				"docker_runtime: this revision of the charm cannot install docker from %q; set it to apt or auto", f.Options.DockerRuntime))
		}
		files, err := f.runtimeFiles(choice)
		if err != nil {
			return nil, condition.NewBlocked(err.Error())
		}
		service := resource.Service{Unit: choice.Unit}
		var wants []resource.Resource
		for _, file := range files {
			want := resource.File{Path: file.Path, Content: file.Content, Mode: file.Mode, Absent: file.Absent, Seed: true}
			if !strings.HasPrefix(file.Path, "/etc/systemd/") {
				want.Backup = file.Path + ".before-juju" // the operator's own, or the package's
			}
			wants = append(wants, want)
			if strings.HasPrefix(file.Path, "/etc/systemd/") {
				service.UnitFiles = append(service.UnitFiles, file.Path)
			}
			service.Inputs = append(service.Inputs, want.Input())
			service.Needs = append(service.Needs, want.ID())
		}
		if len(choice.Packages) > 0 && !(choice.Unit == ContainerdUnit && f.DockerIO) {
			packages := resource.DebianPackages{
				Group: "runtime", Names: choice.Packages, What: "the container runtime", Status: "Installing " + choice.Packages[0] + ".",
			}
			if choice.Docker() {
				packages.Status = "Installing docker.io from universe."
			}
			wants = append(wants, packages)
			service.Needs = append(service.Needs, packages.ID())
		}
		return append(wants, service), nil
	}}
}

func (f Facts) runtimeFiles(choice runtime.Choice) ([]runtime.File, error) {
	proxy, _, _ := f.Options.EffectiveProxy(f.ModelProxy)
	// The kubelet's own rendering decides the driver, since its options can.
	out, _ := f.kubelet()
	if choice.Docker() {
		return runtime.DockerFiles(runtime.Docker{
			Source: f.dockerSource(), Opts: f.Options.DockerOpts, Managed: f.managedDocker(), Proxy: proxy,
			CgroupDriver: out.CgroupDriver, CgroupVersion: f.CgroupVersion,
		})
	}
	return runtime.ContainerdFiles(runtime.Containerd{
		SandboxImage: f.sandboxImage(), CgroupDriver: out.CgroupDriver, Container: f.Container, Proxy: proxy,
	})
}

// dockerSource is where docker comes from: "auto" is a wish, not a place.
func (f Facts) dockerSource() options.Runtime {
	if f.Options.DockerRuntime == options.RuntimeAuto {
		return options.RuntimeApt
	}
	return f.Options.DockerRuntime
}

// alwaysRestart keeps systemd from giving up on a daemon of ours.
func alwaysRestart(unit string) resource.File {
	file := runtime.AlwaysRestart(unit)
	return resource.File{Path: file.Path, Content: file.Content, Mode: file.Mode}
}
