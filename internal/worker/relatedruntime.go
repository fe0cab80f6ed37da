package worker

import (
	"fmt"
	"strings"

	"kubernetes-worker/internal/condition"
	"kubernetes-worker/internal/kubeversion"
	"kubernetes-worker/internal/options"
	"kubernetes-worker/internal/relation"
	"kubernetes-worker/internal/relation/containerruntime"
	"kubernetes-worker/internal/resource"
	"kubernetes-worker/internal/runtime"
	"kubernetes-worker/internal/state"
)

const runtimeRelation = "container-runtime"

// runtime is the container runtime that the installed kubelet works with, and who keeps it.
func (f Facts) runtime() runtime.Choice { return f.runtimeOf(f.KubeletVersion) }

// runtimeOf is the same for a kubelet of another release.
func (f Facts) runtimeOf(v kubeversion.Version) runtime.Choice {
	return runtime.Choose(runtime.Need{
		Version: v,
		Related: runtime.Related{Present: f.related(runtimeRelation) || f.RuntimeExpected || f.Dying && f.relatedRuntimeGone(), Socket: f.Runtime.Socket, Docker: f.Runtime.Docker},
		Known: runtime.Known{
			Configured: f.RuntimeBefore.Kind != "", Remote: f.RuntimeBefore.Kind == state.RuntimeRemote, Socket: f.RuntimeBefore.Socket,
		},
	})
}

// RelatedSocket is where the socket of a runtime that another charm keeps has to be; empty where that is not known or the
// runtime is ours.
func (f Facts) RelatedSocket() string {
	return strings.TrimPrefix(f.runtime().Socket, "unix://")
}

// runtimeRuns reports whether the kubelet has a runtime to work with. Of one that another charm keeps the socket counts,
// and its unit as well, where it is a known one: a daemon that was killed leaves its socket behind.
func (f Facts) runtimeRuns() bool {
	choice := f.runtime()
	unit := f.Units[choice.Unit]
	if choice.Socket != "" {
		return f.RuntimeSocket && (unit.Running || !unit.Exists)
	}
	return unit.Running
}

// RuntimeNow is what the kubelet has been configured to work with, for the hooks to come: what it was before, as long as
// there is nothing else to work with.
func (f Facts) RuntimeNow() state.Runtime {
	choice := f.runtime()
	switch {
	case !f.runtimeRuns():
		return f.RuntimeBefore
	case choice.Docker():
		return state.Runtime{Kind: state.RuntimeDocker, Socket: choice.Socket}
	}
	return state.Runtime{Kind: state.RuntimeRemote, Socket: choice.Socket}
}

// foreignRuntime takes our hands off a runtime that another charm keeps: two charms that write one configuration would undo
// each other's work for ever. What we have noted of the daemon is forgotten, so that it gets a restart with our
// configuration should it become ours again, and our drop-in with the proxies goes as soon as that charm is done.
func (f Facts) foreignRuntime(choice runtime.Choice) ([]resource.Resource, error) {
	switch {
	case choice.Keeper == runtime.Refused:
		return nil, f.dockerRefused(f.KubeletVersion.String())
	case choice.Socket == "" || !f.runtimeRuns():
		return nil, nil
	}
	unit, dropIn := ContainerdUnit, runtime.ContainerdDropIn
	if choice.Docker() {
		unit, dropIn = DockerUnit, runtime.DockerDropIn
	}
	return []resource.Resource{
		resource.File{Path: dropIn, Absent: true},
		resource.Service{Unit: unit, UnitFiles: []string{dropIn}, Foreign: true},
	}, nil
}

// dockerRefused says why a release of the kubelet cannot be had with the related runtime.
func (f Facts) dockerRefused(release string) error {
	return condition.NewBlocked(fmt.Sprintf(
		"relation container-runtime: %s is docker, which kubelet %s does not work with; remove the relation and relate %s:container-runtime to containerd",
		f.remoteApp(runtimeRelation, "the related runtime"), release, f.App))
}

// runtimeAnswer tells the related runtime which image holds pods together. It is told once the control plane has spoken,
// which names the registry: the runtime restarts for another image.
func runtimeAnswer() Handler {
	return Handler{Name: runtimeRelation, When: []flag{RuntimeJoined, DNSKnown}, Declare: func(f Facts) ([]resource.Resource, error) {
		bag := containerruntime.Encode(f.sandboxImage())
		return f.publish(runtimeRelation, func(relation.Relation) relation.Bag { return bag }), nil
	}}
}

func owesRuntime(f Facts) string {
	choice, app := f.runtime(), f.remoteApp(runtimeRelation, "the related container runtime")
	unit := f.Units[choice.Unit]
	switch {
	case choice.Keeper == runtime.Refused:
		return app + " is docker, which kubelet " + f.KubeletVersion.String() + " does not work with"
	case choice.Socket != "" && !f.RuntimeSocket:
		return app + " has not opened its socket " + f.RelatedSocket()
	case choice.Socket != "":
		return choice.Unit + " of " + app + " does not run: " + unit.Detail
	case choice.Keeper != runtime.Ours:
		if problem := f.problem(runtimeRelation); problem != "" {
			return problem
		}
		return app + " has not sent socket and runtime"
	}
	return "the container runtime does not run yet"
}

// runtimeWarnings are settings and relations without effect on the runtime in force.
func (f Facts) runtimeWarnings() []string {
	choice := f.runtime()
	var warnings []string
	if f.Runtime.Socket != "" && choice.Keeper == runtime.Ours {
		warnings = append(warnings, fmt.Sprintf("relation container-runtime: kubelet %s does not work with the runtime of %s, so docker is installed beside it",
			f.KubeletVersion, f.Runtime.App))
	}
	if choice.Keeper == runtime.Ours {
		if !choice.Docker() && f.Options.DockerOpts != "" {
			warnings = append(warnings, "docker-opts is ignored: kubelet "+f.KubeletVersion.String()+" works with containerd")
		}
		return warnings
	}
	o := f.Options
	for _, setting := range []struct {
		option options.Option
		is     bool
	}{
		{options.DockerOpts, o.DockerOpts != ""}, {options.DockerRuntime, o.DockerRuntime != options.RuntimeAuto},
		{options.HTTPProxy, o.Proxy.HTTP != ""}, {options.HTTPSProxy, o.Proxy.HTTPS != ""}, {options.NoProxy, o.Proxy.NoProxy != ""},
	} {
		if setting.is {
			warnings = append(warnings, fmt.Sprintf("%s is ignored: %s keeps the container runtime and has options of its own",
				setting.option, f.remoteApp(runtimeRelation, "the related charm")))
		}
	}
	return warnings
}
