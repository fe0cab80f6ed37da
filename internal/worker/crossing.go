package worker

import (
	"kubernetes-worker/internal/resource"
	"kubernetes-worker/internal/runtime"
	"kubernetes-worker/internal/state"
)

// leaveDocker takes the node from docker to containerd, which a kubelet from 1.24 on works with alone. The kubelet is
// configured for containerd only afterwards: the containers of pods that docker still runs would hold their ports. What the
// charm did to docker is undone last, so that a hook that is killed in between begins again.
//
// A kubelet that runs well with docker, because nothing but the runtime has been changed, gives its pods away first; the
// upgrade has done that otherwise.
func leaveDocker() Handler {
	return Handler{Name: "leave-docker", When: []flag{RuntimeRunning}, Unless: []flag{DockerLeft}, Declare: func(f Facts) ([]resource.Resource, error) {
		if f.Docker != state.DockerLeft {
			return f.leavingDocker(), nil
		}
		var wants []resource.Resource
		var stopped []string
		for _, unit := range []string{DockerSocket, DockerUnit} { // the socket first: it would start the service again
			service := resource.Service{Unit: unit, Stopped: true}
			wants, stopped = append(wants, service), append(stopped, service.ID())
		}
		for _, path := range []string{runtime.DockerDefaultsFile, runtime.DockerDropIn} {
			wants = append(wants, resource.File{Path: path, Absent: true, At: resource.CleanupStage, Needs: stopped})
		}
		return wants, nil
	}}
}

func (f Facts) leavingDocker() []resource.Resource {
	left := resource.DockerLeft{Socket: f.RelatedSocket()}
	if f.Approval.SkipDrain || !f.Node.Ready || f.Node.KubeletVersion != f.KubeletVersion || !f.Units[KubeletUnit].Running {
		return []resource.Resource{left}
	}
	drained := f.drained("the container runtime changes from docker to containerd")
	left.Needs = []string{drained.ID()}
	return []resource.Resource{drained, left}
}
