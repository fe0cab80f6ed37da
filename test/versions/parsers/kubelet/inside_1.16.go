//go:build kube1.16 && !kube1.28

package main

// inside are the cloud providers that pkg/cloudprovider/providers of the release links.
var inside = []string{"aws", "azure", "gce", "openstack", "vsphere"}
