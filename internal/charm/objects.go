package charm

import (
	"context"
	"time"

	"kubernetes-worker/internal/juju"
	"kubernetes-worker/internal/kubeversion"
	"kubernetes-worker/internal/worker"
)

// checkEvery is how often the cluster is asked which release it has and whether somebody has changed the charm's objects.
// Each unit does so, the leader or not; that is some dozen reads an hour.
const checkEvery = time.Hour

// observeObjects reads what is known of the charm's objects in the cluster. The API server is asked for its release only
// where something depends on it, and as seldom as for the objects.
func (r *run) observeObjects(ctx context.Context, f *worker.Facts) {
	f.Objects = r.state.Objects
	f.ClusterVersion, _ = kubeversion.Parse(r.state.ClusterVersion) // not known yet: zero
	f.CheckObjects = r.checksObjects()
	if r.cluster == nil || !f.Node.Exists || !f.KeepsObjects() || !f.ClusterVersion.IsZero() && !f.CheckObjects || r.releaseFailed {
		return
	}
	version, err := r.cluster.Version(ctx) // which the client keeps
	if err != nil {
		r.releaseFailed = true // one time-out is enough
		r.warn(ctx, err.Error())
		return
	}
	f.ClusterVersion = version
}

// checksObjects tells whether it is this hook's turn: one that comes of itself or, for the leader alone, the first of a new
// charm or of a new leader, whose predecessor may have left things half done. That units which do not lead check as well is
// for a leader who cannot: what they find missing an hour later, they make.
func (r *run) checksObjects() bool {
	age := r.now.Sub(time.Unix(r.state.ObjectsChecked, 0))
	due := r.state.ObjectsChecked != 0 && (age >= checkEvery || age < 0) // 0: the hour has not begun
	return r.takesOver() && r.facts.Leadership.Leads || r.event.Name == "update-status" && due
}

// takesOver reports whether the hook is one in which a leader finds out what has to be done anew.
func (r *run) takesOver() bool {
	return r.event.Name == "upgrade-charm" || r.event.Name == "leader-elected"
}

// rememberObjects keeps what was learnt of the cluster.
func (r *run) rememberObjects(f worker.Facts) {
	if !f.ClusterVersion.IsZero() {
		r.state.ClusterVersion = f.ClusterVersion.String()
	}
	if f.Node.Exists && (f.CheckObjects || r.state.ObjectsChecked == 0) {
		r.state.ObjectsChecked = r.now.Unix()
	}
}

// ports puts the ports to open or close among the writes. They are sent once: what Juju was told, but may not have taken
// because the hook was killed before its end, is read back by the next hook.
func (r *run) ports(f worker.Facts, writes *juju.Writes) (done func()) {
	ports, open, known := f.IngressPorts()
	if said := r.state.Ports; !known || said.Said && said.Open == open && said.Sure {
		return func() {}
	}
	if open {
		writes.OpenPorts = ports
	} else {
		writes.ClosePorts = ports
	}
	return func() {
		r.state.Ports.Said, r.state.Ports.Open = true, open
		r.state.Ports.Sure = r.session.Remembered().OpenedPorts != nil // they were read, and nothing had to be sent
	}
}
