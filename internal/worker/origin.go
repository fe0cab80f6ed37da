package worker

import (
	"fmt"
	"slices"
	"strings"

	"kubernetes-worker/internal/condition"
	"kubernetes-worker/internal/options"
	"kubernetes-worker/internal/resource"
	"kubernetes-worker/internal/runtime"
)

// RuntimeGroup names the packages of the container runtime.
const RuntimeGroup = "runtime"

// source is where the runtime shall come from, and for "auto" why.
//
// A node that has got the NVIDIA runtime by "auto" keeps it when its GPU is gone, which is more often a fault of the GPU
// than a wish; a restart of all containers would not help.
func (f Facts) source() (options.Runtime, string) {
	wanted := f.Options.DockerRuntime
	if wanted != options.RuntimeAuto {
		return wanted, "docker_runtime is " + string(wanted)
	}
	const auto = "docker_runtime is auto, and "
	switch {
	case f.Place.Arch != "amd64":
		return options.RuntimeApt, auto + f.Place.Arch + " has no nvidia runtime"
	case f.Place.Container:
		return options.RuntimeApt, auto + "in a container GPUs are not looked for"
	case f.GPUAddress != "":
		return options.RuntimeNvidia, auto + "PCI device " + f.GPUAddress + " is a GPU of NVIDIA's"
	case f.nvidiaOurs() && f.Packages.HasToolkit(f.Options.Packages):
		return options.RuntimeNvidia, auto + "the nvidia runtime was installed for a GPU that is not seen now"
	}
	return options.RuntimeApt, auto + "no PCI device is a GPU of NVIDIA's"
}

// nvidiaOurs reports whether this charm, or its forerunner, has brought NVIDIA's tools to the machine, and may take them away again.
func (f Facts) nvidiaOurs() bool {
	return slices.Contains(f.OwnLists, runtime.ToolkitList) || f.ForerunnersNvidia
}

// sourceInForce is where the installed runtime came from; empty where there is none.
func (f Facts) sourceInForce(docker bool) options.Runtime {
	return f.Packages.Source(docker, f.nvidiaOurs(), f.Options.Packages)
}

// change is what a round does about the packages of the runtime.
type change struct {
	source   options.Runtime // to configure the runtime for; empty: there is none to configure yet
	wants    []resource.Resource
	packages []string // IDs of what the runtime's files and service need
	awaited  bool     // whether the packages are about to be replaced, which restarts the runtime
	problem  error
}

// runtimeChange plans the way of the packages to where they are wanted from. What is installed, and its configuration,
// stay in force until all that takes their place is on the machine: first the repositories and a download, then, in the
// next round, files and packages. So a repository that is away costs nothing that runs.
func (f Facts) runtimeChange(choice runtime.Choice) change {
	wanted, why := f.source()
	now := f.sourceInForce(choice.Docker())
	origin, err := runtime.OriginOf(wanted, choice.Docker(), f.Options.Packages, f.Place)
	if err != nil {
		err = condition.NewBlocked(fmt.Sprintf("docker_runtime: %v; set it to apt", err))
		return change{source: now, wants: f.held(now, choice), problem: err}
	}
	inTheWay := f.Packages.InTheWay(origin, f.nvidiaOurs(), f.Options.Packages)
	there := f.Packages.Has(origin)
	packages := resource.RuntimePackages{
		Names: missingNames(origin, there), Remove: inTheWay, Hold: origin.Hold, Recommends: origin.Recommends,
		What: "the container runtime", Why: why,
	}
	switch { // the words that users know, of the charm's first days
	case !choice.Docker():
		packages.Status = "Installing " + strings.Join(origin.Packages, ", ") + "."
	case wanted == options.RuntimeUpstream:
		packages.Status = "Installing docker-ce from upstream PPA."
	case wanted == options.RuntimeNvidia:
		packages.Status = "Installing docker-engine from Nvidia PPA."
	default:
		packages.Status = "Installing docker.io from universe."
	}
	plain := len(origin.Repositories) == 0
	switch {
	case there && len(inTheWay) == 0, now == "" && plain && len(inTheWay) == 0, f.RuntimeReady:
		wants := []resource.Resource{packages}
		if there && len(inTheWay) == 0 {
			wants = append(wants, f.leftRepositories(origin)...)
		}
		return change{source: wanted, wants: wants, packages: []string{packages.ID()}}
	case !f.mayReplace(choice):
		return change{source: now, wants: f.held(now, choice)}
	}
	if !plain && !f.AptHTTPS {
		https := resource.DebianPackages{Group: "https", Names: []string{runtime.HTTPSPackage}, What: "HTTPS for apt", Status: "Installing " + runtime.HTTPSPackage + "."}
		return change{source: now, wants: append(f.held(now, choice), https)}
	}
	prepare := resource.PackagesAvailable{
		Group: RuntimeGroup, Names: origin.Packages, Remove: inTheWay, Recommends: origin.Recommends,
		What: packages.What, Why: "runtime to install " + string(wanted) + ": " + why,
	}
	var wants []resource.Resource
	for _, r := range origin.Repositories {
		source := resource.AptSource{Name: r.Name, List: r.List, Line: r.Line, Keyring: r.Keyring, Fingerprint: r.Fingerprint, KeyURLs: r.KeyURLs}
		wants, prepare.Needs = append(wants, source), append(prepare.Needs, source.ID())
	}
	return change{source: now, wants: append(append(wants, prepare), f.held(now, choice)...), awaited: true}
}

// mayReplace reports whether packages may go now. On the way from docker to containerd, docker is a package that would
// go, and it has containers: those of pods for a moment, and perhaps some of the machine's owner.
func (f Facts) mayReplace(choice runtime.Choice) bool {
	return choice.Docker() || !f.Units[DockerUnit].Running
}

// held keeps what is installed at its version.
func (f Facts) held(now options.Runtime, choice runtime.Choice) []resource.Resource {
	origin, err := runtime.OriginOf(now, choice.Docker(), f.Options.Packages, f.Place)
	if now == "" || err != nil {
		return nil
	}
	return []resource.Resource{resource.RuntimePackages{Hold: origin.Hold, What: "the container runtime"}}
}

// leftRepositories are those of ours that nothing comes from any more.
func (f Facts) leftRepositories(origin runtime.Origin) []resource.Resource {
	var wants []resource.Resource
	for _, list := range f.OwnLists {
		if !slices.ContainsFunc(origin.Repositories, func(r runtime.Repository) bool { return r.List == list }) {
			wants = append(wants, resource.AptSource{Name: list, List: list, Keyring: runtime.KeyringOf(list), Absent: true})
		}
	}
	return wants
}

// missingNames are the packages to look for one by one, unless others stand in for them.
func missingNames(origin runtime.Origin, there bool) []string {
	if there {
		return nil
	}
	return origin.Packages
}

// originWarnings tell what is asked for in vain.
func (f Facts) originWarnings() []string {
	choice := f.runtime()
	if choice.Keeper != runtime.Ours {
		return nil
	}
	var warnings []string
	wanted, _ := f.source()
	now := f.sourceInForce(choice.Docker())
	if now != "" && now != wanted && !f.mayReplace(choice) {
		warnings = append(warnings, fmt.Sprintf("docker_runtime: containerd stays from %s, because docker still runs containers beside it", now))
	}
	if now == options.RuntimeNvidia && choice.Docker() && !f.Daemon.Usable() {
		warnings = append(warnings, runtime.DockerConfigFile+" lists runtimes and nvidia is not among them, so containers get no GPU; add it there, or take the list out")
	}
	for _, pin := range []struct {
		option options.Option
		value  string
	}{
		{options.DockerPackage, f.Options.Packages.Docker}, {options.NvidiaDockerPackage, f.Options.Packages.NvidiaDocker},
		{options.NvidiaRuntimePackage, f.Options.Packages.NvidiaRuntime},
	} {
		name, version, pinned := strings.Cut(pin.value, "=")
		has := f.Packages[name]
		if pinned && has != "" && has != version && !(strings.HasSuffix(version, "*") && strings.HasPrefix(has, strings.TrimSuffix(version, "*"))) {
			warnings = append(warnings, fmt.Sprintf("%s: %s is installed in version %s, which a change of this option does not replace", pin.option, name, has))
		}
	}
	return warnings
}
