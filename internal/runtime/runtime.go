// Package runtime owns the container runtime: which one a Kubernetes release works with, where it comes from, and the
// files that configure it and the services around it. It installs nothing, writes nothing and starts nothing.
package runtime

import (
	"kubernetes-worker/internal/kubeversion"
	"kubernetes-worker/internal/release"
)

// Names of the runtimes.
const (
	DockerUnit     = "docker.service"
	ContainerdUnit = "containerd.service"

	DockerPackage     = "docker.io"
	ContainerdPackage = "containerd"
)

// Where kubelets find the runtimes unless they are told otherwise.
const (
	DockerEndpoint     = "unix:///run/docker.sock"
	ContainerdEndpoint = "unix:///run/containerd/containerd.sock"
)

// Choice is the runtime to use, and who installs and configures it.
type Choice struct {
	Unit   string // its systemd unit; empty where it is not known
	Keeper Keeper
	Socket string // of a runtime that another charm keeps; empty: the usual one
}

// Keeper says who looks after the runtime: installs, configures and restarts it.
type Keeper int

const (
	// Ours: this charm does.
	Ours Keeper = iota
	// Theirs: the charm at the other end of the container-runtime relation does, and Choice says what to work with.
	Theirs
	// Awaited: it does, and has not said enough yet; there is nothing to work with.
	Awaited
	// Refused: it does, and this release of Kubernetes does not work with what it brings.
	Refused
)

// Docker reports whether it is docker, which the kubelet speaks to by itself; else it is containerd, or unknown.
func (c Choice) Docker() bool { return c.Unit == DockerUnit }

// Related is what the container-runtime relation says.
type Related struct {
	Present bool   // there is such a relation, or is going to be
	Socket  string // empty: not said yet
	Docker  bool
}

// Known is what a node remembers of the runtime that its kubelet was configured for. It is zero on a node without one.
type Known struct {
	Configured bool   // there is one
	Remote     bool   // it is behind the CRI, as containerd is, else docker
	Socket     string // of a runtime that another charm keeps; empty: one of ours
}

// Need is all that decides on the runtime.
type Need struct {
	Version kubeversion.Version // of the kubelet
	Related Related
	Known   Known
}

// Choose picks the runtime. Where one is related, nobody but its charm touches it:
//
//   - containerd is used by a kubelet from 1.20 on; an older one gets docker of ours beside it
//   - docker is used up to the release in which the kubelet stopped speaking to it
//   - until it has said what it is, a node that works goes on as it does, hands off, and a fresh one waits
//
// When the relation ends its runtime goes with it, and containerd of ours takes its place, in the same place on the disk
// and behind the same socket: a node does not go back to docker by itself. It takes over at once rather than when the
// socket is gone: containers outlive a restart of containerd, and a daemon that nobody keeps would stay as it is for ever.
func Choose(n Need) Choice {
	related := n.Related
	if related.Present && related.Socket == "" && n.Known.Socket != "" {
		related.Socket, related.Docker = n.Known.Socket, !n.Known.Remote // what was heard last
	}
	switch {
	case !related.Present:
		return own(n)
	case related.Socket == "" && n.Known.Configured:
		return Choice{Unit: own(n).Unit, Keeper: Theirs}
	case related.Socket == "":
		return Choice{Keeper: Awaited}
	case related.Docker && release.Has(n.Version, release.Dockershim):
		return Choice{Unit: DockerUnit, Keeper: Theirs, Socket: related.Socket}
	case related.Docker:
		return Choice{Keeper: Refused}
	case release.Has(n.Version, release.RelatedRuntime):
		return Choice{Unit: unitBehind(related.Socket), Keeper: Theirs, Socket: related.Socket}
	}
	return own(n)
}

// own is a runtime that this charm keeps: docker as long as the kubelet speaks to it, containerd after that. OriginOf says
// where it comes from.
func own(n Need) Choice {
	remembered := n.Known.Remote && release.Has(n.Version, release.RelatedRuntime)
	if remembered || !release.Has(n.Version, release.Dockershim) {
		return Choice{Unit: ContainerdUnit}
	}
	return Choice{Unit: DockerUnit}
}

// unitBehind is the unit that opens a socket, where it is the usual one of containerd; any other can be anybody's.
func unitBehind(socket string) string {
	if socket == ContainerdEndpoint {
		return ContainerdUnit
	}
	return ""
}

// pauseTag is an image that exists for all four architectures and that every release since 1.9 works with.
const pauseTag = "pause:3.9"

// SandboxImage names the image of the container that holds a pod together: from the registry that the control plane
// names, else from the one of the Kubernetes project.
func SandboxImage(registry string) string {
	if registry == "" {
		registry = "registry.k8s.io"
	}
	return registry + "/" + pauseTag
}
