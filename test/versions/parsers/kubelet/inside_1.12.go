//go:build kube1.12 && !kube1.16

package main

// inside are the cloud providers that pkg/cloudprovider/providers of the release links.
var inside = []string{"aws", "azure", "cloudstack", "gce", "openstack", "ovirt", "photon", "vsphere"}
