//go:build kube1.28 && !kube1.34

package main

// inside are the cloud providers that pkg/cloudprovider/providers of the release links.
var inside = []string{"azure", "gce", "vsphere"}
