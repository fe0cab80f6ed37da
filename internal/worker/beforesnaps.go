package worker

import (
	"strings"

	"kubernetes-worker/internal/resource"
)

// BeforeSnapsFiles are what the charm installed in 2016 and 2017 in the place of today's snaps, the units first. What was in
// /etc/kubernetes and /srv/kubernetes may be people's own.
func BeforeSnapsFiles() []string {
	return []string{
		unitsBeforeSnaps + "kubelet.service", unitsBeforeSnaps + "kube-proxy.service",
		"/etc/default/kube-default", "/etc/default/kubelet", "/etc/default/kube-proxy",
		"/usr/local/bin/kubectl", "/usr/local/bin/kubelet", "/usr/local/bin/kube-proxy",
	}
}

const unitsBeforeSnaps = "/lib/systemd/system/"

// beforeSnaps stops the daemons of a charm from before there were snaps, which would hold the ports of today's, and removes
// what they were installed as.
func beforeSnaps() Handler {
	return Handler{Name: "before-snaps", Declare: func(f Facts) ([]resource.Resource, error) {
		var wants []resource.Resource
		var stopped []string
		for _, path := range f.BeforeSnaps {
			if unit, ok := strings.CutPrefix(path, unitsBeforeSnaps); ok {
				service := resource.Service{Unit: unit, Stopped: true}
				wants, stopped = append(wants, service), append(stopped, service.ID())
			}
		}
		for _, path := range f.BeforeSnaps {
			wants = append(wants, resource.File{Path: path, Absent: true, At: resource.CleanupStage, Needs: stopped})
		}
		return wants, nil
	}}
}
