// Package runtime owns the container runtime: which one a Kubernetes release works with, where it comes from, and the
// files that configure it and the services around it. It installs nothing, writes nothing and starts nothing.
package runtime

import (
	"kubernetes-worker/internal/kubeversion"
	"kubernetes-worker/internal/options"
)

// Names of the runtimes.
const (
	DockerUnit     = "docker.service"
	ContainerdUnit = "containerd.service"

	DockerPackage     = "docker.io"
	ContainerdPackage = "containerd"
)

// Choice is the runtime to use.
type Choice struct {
	Unit     string   // its systemd unit
	Packages []string // what apt has to provide; empty where it comes from somewhere else
}

// Docker reports whether it is docker, which the kubelet speaks to by itself; else it is containerd.
func (c Choice) Docker() bool { return c.Unit == DockerUnit }

// Choose picks the runtime for a Kubernetes release: docker up to 1.23, where the kubelet still speaks to it, containerd
// after that. Containerd is the package of the distribution, which docker.io brings along where it is installed already.
// Docker that shall come from another place than the distribution (upstream, nvidia) is left to who knows that place.
func Choose(v kubeversion.Version, source options.Runtime) Choice {
	if v.AtLeast(1, 24) {
		return Choice{Unit: ContainerdUnit, Packages: []string{ContainerdPackage}}
	}
	if source == options.RuntimeUpstream || source == options.RuntimeNvidia {
		return Choice{Unit: DockerUnit}
	}
	return Choice{Unit: DockerUnit, Packages: []string{DockerPackage}}
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
