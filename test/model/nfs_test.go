package model

import (
	"slices"
	"strings"
	"testing"

	"kubernetes-worker/internal/jujusim"
)

func (w *World) addNFS(pairs ...string) {
	w.T.Helper()
	config := map[string]string{}
	for i := 0; i+1 < len(pairs); i += 2 {
		config[pairs[i]] = pairs[i+1]
	}
	w.must(w.Juju.Deploy(jujusim.DeploySpec{Charm: "companion:nfs", Config: config}))
	w.relateNFS()
}

func (w *World) relateNFS() {
	w.T.Helper()
	_, err := w.Juju.Integrate("kubernetes-worker:nfs", "nfs:nfs")
	w.must(err)
}

func (w *World) removeNFS() {
	w.T.Helper()
	w.must(w.Juju.RemoveRelation("kubernetes-worker:nfs", "nfs:nfs"))
	w.Settle()
}

// Fault 25: the departure of nfs removes nothing, and joining again does nothing.
func TestTheProvisionerComesAndGoesWithTheServer(t *testing.T) {
	t.Parallel()
	w := Joined(t, Options{Juju: "4.0"}) // which puts no private-address into bags
	const volume = "/api/v1/persistentvolumes/pvc-1"
	cluster := w.API[0].Cluster
	cluster.Objects[volume] = map[string]any{"kind": "PersistentVolume"}
	there := func(want bool) {
		t.Helper()
		for _, path := range []string{provisioner, nfsAccount, nfsClass} {
			if got := cluster.At(path) != "none"; got != want {
				t.Errorf("%s is there: %v, want %v", path, got, want)
			}
		}
		if cluster.At(volume) == "none" {
			t.Error("a volume went")
		}
	}
	w.addNFS("hostname", "nfs.test")
	w.Settle()
	w.WantStatus("active", "Kubernetes worker running.")
	there(true)
	if !strings.Contains(cluster.At(provisioner), `{"path":"/srv/data/kubernetes-worker","server":"nfs.test"}`) {
		t.Error(cluster.At(provisioner))
	}
	w.wantImage(provisioner, "registry.test/cdk/sig-storage/nfs-subdir-external-provisioner:v4.0.2")
	w.Companion("nfs", map[string]string{"hostname": "10.0.0.9"})
	if !strings.Contains(cluster.At(provisioner), `"server":"10.0.0.9"`) || !strings.Contains(w.Log(), "reconfiguring nfs") {
		t.Error(cluster.At(provisioner))
	}
	w.Companion("nfs", map[string]string{"hostname": ""})
	w.WantStatus("active", running)
	units := w.Juju.Status().Units
	server := units[slices.IndexFunc(units, func(u jujusim.UnitStatus) bool { return u.Name == "nfs/0" })].Address
	if !strings.Contains(cluster.At(provisioner), `"server":"`+server+`"`) || server == "" {
		t.Errorf("the server is %s: %s", server, cluster.At(provisioner))
	}
	w.removeNFS()
	there(false)
	w.apiWrites()
	w.UpdateStatus()
	if got := w.apiWrites(); len(got) != 0 {
		t.Errorf("wrote %q once more", got)
	}
	w.relateNFS()
	w.Settle()
	there(true)
}

func TestAServerThatHasNotSaidAllIsWaitedFor(t *testing.T) {
	t.Parallel()
	w := Joined(t, Options{})
	w.addNFS("say", "half")
	w.Settle()
	w.WantStatus("waiting", "Waiting for an NFS server: nfs has not sent options")
	w.Companion("nfs", map[string]string{"say": "all", "hostname": "nfs.test"})
	w.WantStatus("active", "Kubernetes worker running.")
	for _, bad := range []map[string]string{
		{"hostname": "a b; rm"}, {"hostname": "nfs.test", "storage-root": "/srv/../etc"}, {"storage-root": "srv"},
		{"storage-root": "/srv", "fstype": "cifs"}, {"fstype": "nfs", "mount-options": "rw\nroot"},
	} {
		w.Companion("nfs", bad)
		w.WantStatus("waiting", "Waiting for an NFS server: cannot use nfs data of nfs/0, key …")
		if !strings.Contains(w.API[0].Cluster.At(provisioner), `"server":"nfs.test"`) {
			t.Errorf("%v took the provisioner away", bad)
		}
	}
	w.Companion("nfs", map[string]string{"mount-options": "rw"})
	w.WantStatus("active", "Kubernetes worker running.")
}
