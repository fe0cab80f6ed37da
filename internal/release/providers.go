package release

import "kubernetes-worker/internal/kubeversion"

// CloudProvider tells how a release's kubelet stands to a value of cloud-provider. It ends where it is given a provider
// that it does not have inside.
func CloudProvider(v kubeversion.Version, name string) Standing {
	return find(providers[:], v, name)
}

// providers are the cloud providers that some release's kubelet has inside, and the word for those outside, sorted. They
// are what pkg/cloudprovider/providers of each release links.
var providers = [...]row{
	{name: "aws", gone: 27},
	{name: "azure", gone: 30},
	{name: "cloudstack", gone: 16},
	{name: "external"},
	{name: "gce", gone: 31},
	{name: "openstack", gone: 26},
	{name: "ovirt", gone: 16},
	{name: "photon", gone: 16},
	{name: "vsphere", gone: 30},
}
