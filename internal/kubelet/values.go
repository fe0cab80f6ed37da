package kubelet

import (
	"fmt"

	"kubernetes-worker/internal/kubeversion"
)

// Releases in which a setting changed its meaning or its place.
const (
	endpointField  = 27 // first with containerRuntimeEndpoint in the configuration
	failCgroupV1   = 35 // first that refuses cgroup v1 hosts unless told otherwise
	onlyExternal   = 33 // first that exits on any cloud provider but external
	inTreeProvider = 31 // first without any cloud provider inside
)

// inTreeGone are the cloud providers that left the kubelet before all others did.
var inTreeGone = [...]struct {
	name string
	gone int
}{
	{"openstack", 26},
	{"aws", 27},
}

// cloudProviderFault tells why a value of cloud-provider cannot be used; empty where it can.
func cloudProviderFault(v kubeversion.Version, provider string) string {
	if provider == "" || provider == "external" {
		return ""
	}
	gone := inTreeProvider
	for _, p := range inTreeGone {
		if p.name == provider {
			gone = p.gone
		}
	}
	if !v.AtLeast(1, gone) {
		return ""
	}
	effect := "has no effect"
	if v.AtLeast(1, onlyExternal) {
		effect = "keeps the kubelet from starting"
	}
	return fmt.Sprintf("cloud-provider=%.40s is gone since Kubernetes 1.%d and %s; use external with the cloud's own controller, or remove it", provider, gone, effect)
}

// gateFault tells why a feature gate cannot be named; empty where it can.
func gateFault(v kubeversion.Version, name string) string {
	for _, g := range gates {
		if g.name == name && v.AtLeast(1, g.gone) {
			return fmt.Sprintf("the feature gate %s is gone since Kubernetes 1.%d and kubelet %s would not start with it; remove it", name, g.gone, v)
		}
	}
	return ""
}
