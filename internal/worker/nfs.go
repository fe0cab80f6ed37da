package worker

import (
	"kubernetes-worker/internal/condition"
	"kubernetes-worker/internal/nfs"
	"kubernetes-worker/internal/relation/mount"
	"kubernetes-worker/internal/resource"
)

const nfsRelation = "nfs"

// nfsProvisioner keeps the objects of the provisioner as long as an NFS server is related. When that goes they are
// removed; volumes that were provisioned stay. As long as a related server has not said all, they stay as they were.
func nfsProvisioner() Handler {
	return Handler{Name: nfsRelation, When: []flag{NodeRegistered}, Declare: func(f Facts) ([]resource.Resource, error) {
		noted := f.Objects[nfs.Component]
		objects := resource.Objects{Owner: nfs.Owner(f.App), Kinds: nfs.Kinds(), Adopt: nfs.Adopt}
		objects.Check = f.CheckObjects && (f.NFS.Joined || resource.ObjectsThere(noted))
		switch {
		case f.nfsAwaited(), !f.NFS.Joined && noted == "":
			return nil, nil
		case f.Dying:
			return nil, nil // the other units keep it
		case !f.NFS.Joined:
			return []resource.Resource{objects}, nil
		case f.ClusterVersion.IsZero():
			return nil, condition.NewWaiting("Waiting for an API server to say which release it is")
		}
		objects.Want = nfs.Config{Cluster: f.ClusterVersion, Registry: f.Cluster.Registry, Mount: f.NFS}.Objects()
		if resource.ObjectsThere(noted) {
			objects.Making = append(objects.Making, "reconfiguring nfs")
		}
		objects.Making = append(objects.Making, "Creating the nfs provisioner.")
		objects.What = "nfs provisioner"
		return []resource.Resource{objects}, nil
	}}
}

// nfsAwaited reports whether a server is related and has not said all of what is needed in a usable form.
func (f Facts) nfsAwaited() bool { return f.NFS.Joined && !f.NFS.Available() }

// nfsStatus is what a node that runs still waits for.
func (f Facts) nfsStatus() (Status, bool) {
	return Status{waiting, "Waiting for an NFS server: " + f.owesNFS()}, f.nfsAwaited()
}

func (f Facts) owesNFS() string {
	if problem := f.problem(nfsRelation); problem != "" {
		return problem
	}
	return f.remoteApp(nfsRelation, "the related server") + " has not sent " + mount.Missing(f.Relations[nfsRelation])
}
