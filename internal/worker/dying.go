package worker

import (
	"kubernetes-worker/internal/nfs"
	"kubernetes-worker/internal/resource"
)

// AsksDying reports whether it matters that the unit is on its way out: all its relations end one by one before it stops, and
// each looks as if somebody had removed it.
func (f Facts) AsksDying() bool { return f.relatedRuntimeGone() || f.relatedNFSGone() }

// relatedRuntimeGone reports whether another charm has kept the runtime of the kubelet and does not any more.
func (f Facts) relatedRuntimeGone() bool {
	return f.RuntimeBefore.Socket != "" && !f.related(runtimeRelation)
}

// relatedNFSGone reports whether there are objects for an NFS server and the server is gone.
func (f Facts) relatedNFSGone() bool {
	return !f.NFS.Joined && resource.ObjectsThere(f.Objects[nfs.Component])
}
