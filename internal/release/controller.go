package release

import "kubernetes-worker/internal/kubeversion"

// Controller is a range of releases of the ingress controller with one way of being run.
type Controller struct {
	since     int    // minor release of Kubernetes from which on it is used
	Version   string // its own
	User      int    // that the image is made for
	Quay      bool   // the image of each architecture has a name of its own, on quay.io
	Classes   bool   // it works with networking.k8s.io/v1 and knows its own by IngressClass
	ConfigMap bool   // it elects its leader by a ConfigMap
	Lease     bool   // it elects its leader by a Lease
}

// controllers say which controller goes with which release of Kubernetes, the newest first: the newest release that its
// makers have tested with it. There are tests with 1.20 and later; for 1.14 and 1.19 the notes of 0.41 and 1.0 name them
// as the oldest to work with. Later releases than the tests know get the newest controller.
func controllers() []Controller {
	return []Controller{
		{since: 31, Version: "v1.15.1", User: 101, Classes: true, Lease: true},
		{since: 30, Version: "v1.14.5", User: 101, Classes: true, Lease: true},
		{since: 29, Version: "v1.13.9", User: 101, Classes: true, Lease: true},
		{since: 28, Version: "v1.12.8", User: 101, Classes: true, Lease: true},
		{since: 26, Version: "v1.11.8", User: 101, Classes: true, Lease: true},
		{since: 25, Version: "v1.9.6", User: 101, Classes: true, Lease: true},
		{since: 24, Version: "v1.8.4", User: 101, Classes: true, Lease: true},
		{since: 23, Version: "v1.6.4", User: 101, Classes: true, Lease: true},
		{since: 22, Version: "v1.4.0", User: 101, Classes: true, Lease: true},
		{since: 20, Version: "v1.3.1", User: 101, Classes: true, ConfigMap: true, Lease: true},
		{since: 19, Version: "v1.2.1", User: 101, Classes: true, ConfigMap: true},
		{since: 14, Version: "v0.41.2", User: 101, ConfigMap: true},
		{since: 0, Version: "0.21.0", User: 33, Quay: true, ConfigMap: true},
	}
}

// ControllerFor is the controller that goes with a cluster of that release.
func ControllerFor(cluster kubeversion.Version) Controller {
	all := controllers()
	for _, g := range all {
		if cluster.AtLeast(1, g.since) {
			return g
		}
	}
	return all[len(all)-1]
}
