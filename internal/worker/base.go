package worker

import "kubernetes-worker/internal/resource"

// BasePackages are the names of those packages.
func BasePackages() []string { return []string{"cifs-utils", "ceph-common", "nfs-common", "socat"} }

// basePackages are what pods' volumes and port forwarding need on the host.
func basePackages() Handler {
	return Handler{Name: "base-packages", Declare: func(Facts) ([]resource.Resource, error) {
		return []resource.Resource{resource.DebianPackages{
			Group: "base", Names: BasePackages(),
			What: "base packages", Status: "Installing base packages.",
		}}, nil
	}}
}

// snapdPackage brings the snap daemon to machines that came without.
func snapdPackage() Handler {
	return Handler{Name: "snapd", Unless: []flag{SnapdReady}, Declare: func(Facts) ([]resource.Resource, error) {
		return []resource.Resource{resource.DebianPackages{
			Group: "snapd", Names: []string{"snapd"}, What: "snapd", Status: "Installing snapd.",
		}}, nil
	}}
}
