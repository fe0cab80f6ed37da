// Package release owns what each minor release of Kubernetes accepts and how a worker of that release is run: the flags
// of kubelet and kube-proxy, the fields of the kubelet's configuration, the feature gates, and the milestones at which
// the charm's own behaviour changes (specification, lifecycle 18). It is the only place that compares versions. It
// decides nothing about a machine and renders nothing.
package release

import "kubernetes-worker/internal/kubeversion"

// The table covers the minor releases from Oldest to Newest of Kubernetes 1. Later ones are treated as the newest, and
// earlier ones, which no channel of the snaps offers any more, as the oldest, but for the milestones that lie before it.
const (
	Oldest = 12
	Newest = 36
)

// Covered reports whether the table knows the release: then a name that is not in it is a mistake.
func Covered(v kubeversion.Version) bool {
	return v.Major == 1 && v.Minor >= Oldest && v.Minor <= Newest
}

// column is the minor release in the table that v is treated as.
func column(v kubeversion.Version) int {
	switch {
	case v.Major < 1:
		return Oldest
	case v.Major > 1:
		return Newest
	default:
		return min(max(v.Minor, Oldest), Newest)
	}
}
