package worker

import (
	"testing"

	"kubernetes-worker/internal/kubelet"
	"kubernetes-worker/internal/kubeversion"
	"kubernetes-worker/internal/relation/cloud"
	"kubernetes-worker/internal/release"
)

// Each release from the last that has a provider inside on, named after the kubelet's word for it.
func TestTheProviderOutsideTakesOverWhereTheOneInsideEnds(t *testing.T) {
	for name, c := range map[string]struct {
		inside string
		last   int
	}{
		cloud.OpenStack: {"openstack", 25}, cloud.AWS: {"aws", 26}, cloud.GCP: {"gce", 28}, cloud.Azure: {"azure", 28}, cloud.VSphere: {"vsphere", 28},
	} {
		for minor := release.Oldest; minor <= release.Newest; minor++ {
			for _, outside := range []bool{false, true} {
				f := Facts{KubeletVersion: kubeversion.Version{Major: 1, Minor: minor}}
				f.Cloud.Name, f.Cloud.Ready, f.Cluster.XCP = name, true, outside
				want := ""
				switch {
				case minor <= c.last:
					want = c.inside
				case outside:
					want = "external"
				}
				var in kubelet.Input
				if f.cloudArguments(&in); in.CloudProvider != want {
					t.Errorf("%s with Kubernetes 1.%d, a provider outside: %t: %q, want %q", name, minor, outside, in.CloudProvider, want)
				}
				if files := f.cloudConfig(); minor > c.last && (len(files) > 0 || in.CloudConfig != "") {
					t.Errorf("%s with Kubernetes 1.%d: there are files that nothing reads", name, minor)
				}
			}
		}
	}
}
