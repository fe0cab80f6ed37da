package companion

import "testing"

func TestAnNFSServerSaysWhereItsExportIs(t *testing.T) {
	for _, test := range []struct {
		name          string
		options, want map[string]string
	}{
		{"all", map[string]string{"mount-options": "rw"}, map[string]string{"mountpoint": "/srv/data/worker", "fstype": "nfs", "options": "rw"}},
		{"a name", map[string]string{"hostname": "nfs.test", "mount-options": "rw"},
			map[string]string{"mountpoint": "/srv/data/worker", "fstype": "nfs", "options": "rw", "hostname": "nfs.test"}},
		{"half", map[string]string{"say": "half"}, map[string]string{"mountpoint": "/srv/data/worker", "fstype": "nfs"}},
		{"nothing", map[string]string{"say": "nothing"}, map[string]string{}},
	} {
		t.Run(test.name, func(t *testing.T) {
			w := world(t, "nfs", "nfs", 1, test.options, Peer{Name: "worker/0"})
			wantBag(t, reconcile(t, "nfs", w).Bags[3]["it/0"], test.want)
		})
	}
}
