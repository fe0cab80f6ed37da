package release

import "kubernetes-worker/internal/kubeversion"

// widerSkew is the first release whose kubelet and kube-proxy work with API servers three minor releases newer; earlier
// ones do with two. From Kubernetes' version skew policy.
const widerSkew = 25

// OldestWith is the oldest minor release whose kubelet and kube-proxy Kubernetes supports with an API server of a release.
// The newest is that of the server itself.
func OldestWith(server kubeversion.Version) kubeversion.Version {
	oldest := server.Minor - 3
	if oldest < widerSkew {
		oldest = server.Minor - 2
	}
	return kubeversion.Version{Major: server.Major, Minor: max(oldest, 0)}
}
