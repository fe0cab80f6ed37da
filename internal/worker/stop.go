package worker

import (
	"context"

	"kubernetes-worker/internal/cloudconfig"
	"kubernetes-worker/internal/resource"
)

// StopHandlers is what a unit that goes away does, in an order that leaves nothing behind: the daemons stop and do not
// come back at boot, the node leaves the cluster, credentials and what we installed for ourselves go. What the user may
// want to keep stays: images, volumes, the container runtime, snaps. Nothing here waits for an API server that is gone.
func StopHandlers(warn func(context.Context, string)) []Handler {
	return []Handler{
		{Name: "stop-services", Declare: func(f Facts) ([]resource.Resource, error) {
			var wants []resource.Resource
			for _, unit := range []string{KubeletUnit, KubeProxyUnit} {
				if f.Units[unit].Exists {
					wants = append(wants, resource.Service{Unit: unit, Stopped: true})
				}
			}
			return wants, nil
		}},
		{Name: "leave-cluster", Declare: func(f Facts) ([]resource.Resource, error) {
			return []resource.Resource{resource.NodeAbsent{Node: f.NodeName, Warn: warn}}, nil
		}},
		{Name: "forget-snapd", Declare: forgetSnapd},
		{Name: "forget-credentials", Declare: func(f Facts) ([]resource.Resource, error) {
			gone := []string{RootKubeconfig, KubeletKubeconfig, ProxyKubeconfig, ServerKeyFile, ServerCertFile, ClientKeyFile, ClientCertFile}
			if f.UbuntuUser != nil {
				gone = append(gone, f.UbuntuUser.Home+"/.kube/config")
			}
			gone = append(gone, alwaysRestart(KubeletUnit).Path, alwaysRestart(KubeProxyUnit).Path)
			gone = append(gone, cloudconfig.Paths()...)
			variable := CloudVariable()
			variable.Absent = true
			wants := []resource.Resource{variable, resource.TrustedCA{Name: f.App, Absent: true}}
			for _, path := range gone {
				wants = append(wants, resource.File{Path: path, Absent: true, At: resource.CleanupStage})
			}
			return wants, nil
		}},
		forgetLogins(),
		forgetChecks(),
	}
}
