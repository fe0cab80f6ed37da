// Package ingress owns the objects of the ingress controller that all workers of an application run: which there are,
// what they hold for which release of the cluster, and which of an earlier charm they take the place of (specification,
// lifecycle 9). It never asks the cluster and never decides whether there is to be a controller.
package ingress

import (
	"cmp"

	"kubernetes-worker/internal/kube"
	"kubernetes-worker/internal/kubeversion"
	"kubernetes-worker/internal/release"
)

// Component is what the objects are for, in the words of kube.Owner.
const Component = "ingress"

// Ports are where the controller listens on each machine.
func Ports() []string { return []string{"80/tcp", "443/tcp"} }

// Config is what decides about the objects.
type Config struct {
	App             string              // of Juju; part of the objects' names
	Cluster         kubeversion.Version // of the API server
	Arch            string              // of the machines, as dpkg names it
	Registry        string              // host[:port][/path] that images come from; empty: where their makers keep them
	Image           string              // of the controller; empty: the one that fits
	BackendImage    string              // of the default backend; empty: the one that fits, where one is needed
	ChainCompletion bool                // the controller completes chains of certificates
}

// Image is the controller's image.
func (c Config) image() string {
	g := release.ControllerFor(c.Cluster)
	switch {
	case c.Image != "":
		return c.Image
	case g.Quay:
		return cmp.Or(c.Registry, "quay.io") + "/kubernetes-ingress-controller/nginx-ingress-controller" + quaySuffix(c.Arch) + ":" + g.Version
	}
	return cmp.Or(c.Registry, "registry.k8s.io") + "/ingress-nginx/controller:" + g.Version
}

func quaySuffix(arch string) string {
	switch arch {
	case "arm64", "s390x":
		return "-" + arch
	case "ppc64el":
		return "-ppc64le"
	}
	return ""
}

// backendImage is the default backend's image; empty where there is none. Controllers that know classes answer by
// themselves, so that they have one only if a person names it.
func (c Config) backendImage() string {
	switch {
	case c.BackendImage != "":
		return c.BackendImage
	case release.ControllerFor(c.Cluster).Classes:
		return ""
	}
	name := "/defaultbackend-amd64:1.5"
	switch c.Arch {
	case "arm64":
		name = "/defaultbackend-arm64:1.5"
	case "s390x":
		name = "/defaultbackend-s390x:1.4" // there never was another
	case "ppc64el":
		name = "/defaultbackend-ppc64le:1.5"
	}
	return cmp.Or(c.Registry, "registry.k8s.io") + name
}

// Owner is whose the objects are.
func Owner(app string) kube.Owner { return kube.Owner{Application: app, Component: Component} }

// Objects are all objects, in the order in which they have to be made.
func (c Config) Objects() []kube.Object {
	all := []kube.Object{c.namespace()}
	for _, name := range []string{"nginx-configuration", "tcp-services", "udp-services"} {
		all = append(all, c.configMap(name))
	}
	all = append(all, c.serviceAccount())
	all = append(all, c.access()...)
	if release.ControllerFor(c.Cluster).Classes {
		all = append(all, c.class())
	}
	if c.backendImage() != "" {
		all = append(all, c.backend(), c.backendService())
	}
	return append(all, c.controller())
}

// Kinds are those that the owner may have objects of, in the order in which they are to be removed: first what runs, last
// what it needs. The namespace is not among them. Users put things into it, which would go with it.
func Kinds() []string {
	return []string{"DaemonSet", "Deployment", "Service", "IngressClass", "ClusterRoleBinding", "RoleBinding", "ClusterRole", "Role",
		"ServiceAccount", "ConfigMap"}
}

// Shared are the objects that may as well be somebody else's: with two applications in a cluster one class serves the
// controllers of both.
func Shared() []kube.Ref { return []kube.Ref{{Kind: "IngressClass", Name: className}} }
