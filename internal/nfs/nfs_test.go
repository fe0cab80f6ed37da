package nfs_test

import (
	"context"
	"encoding/json"
	"strings"
	"testing"

	"kubernetes-worker/internal/kube"
	"kubernetes-worker/internal/kube/kubetest"
	"kubernetes-worker/internal/kubeversion"
	"kubernetes-worker/internal/nfs"
	"kubernetes-worker/internal/relation/mount"
)

func config(minor int, registry, path string) nfs.Config {
	return nfs.Config{Cluster: kubeversion.Version{Major: 1, Minor: minor}, Registry: registry, Mount: mount.Facts{Host: "nfs.test", Mountpoint: path}}
}

func TestTheImageFollowsTheRelease(t *testing.T) {
	for _, c := range []struct {
		minor          int
		registry, want string
	}{
		{12, "", "quay.io/external_storage/nfs-client-provisioner:v3.1.0-k8s1.11"},
		{19, "r.test", "r.test/external_storage/nfs-client-provisioner:v3.1.0-k8s1.11"},
		{20, "", "registry.k8s.io/sig-storage/nfs-subdir-external-provisioner:v4.0.2"},
		{36, "r.test/cdk", "r.test/cdk/sig-storage/nfs-subdir-external-provisioner:v4.0.2"},
	} {
		text, err := json.Marshal(config(c.minor, c.registry, "/srv").Objects())
		if err != nil || !strings.Contains(string(text), `"image":"`+c.want+`"`) {
			t.Errorf("1.%d with %q: %s, %v", c.minor, c.registry, text, err)
		}
	}
}

// The kubelet fills in $(NAME) in the environment of a container, and nowhere in a volume.
func TestAPathIsTakenAsItIs(t *testing.T) {
	text, err := json.Marshal(config(36, "", "/srv/$(HOME)").Objects())
	if err != nil || !strings.Contains(string(text), `"value":"/srv/$$(HOME)"`) || !strings.Contains(string(text), `"path":"/srv/$(HOME)"`) {
		t.Errorf("%s, %v", text, err)
	}
}

func TestOldServersTakeTheObjectsOnce(t *testing.T) {
	for _, release := range []string{"v1.12.10", "v1.16.15", "v1.18.19", "v1.20.15", "v1.22.17"} {
		store, err := kubetest.Load("../kube/testdata/discovery/" + release + ".json")
		if err != nil {
			t.Fatal(err)
		}
		client := store.Serve(t)
		ctx := context.Background()
		found, err := client.Version(ctx)
		if err != nil {
			t.Fatal(err)
		}
		objects := client.Objects(nfs.Owner("w"))
		for _, changed := range []bool{true, false} {
			for _, o := range config(found.Minor, "", "/srv").Objects() {
				if applied, err := objects.Apply(ctx, o); err != nil || applied.Changed != changed {
					t.Errorf("%s: %s changed %v, %v", release, o, applied.Changed, err)
				}
			}
		}
		if _, err := objects.DeleteAll(ctx, nfs.Kinds()); err != nil || len(store.Paths()) > 0 {
			t.Errorf("%s: %v, left are %q", release, err, store.Paths())
		}
	}
}

func TestOnlyTheEarlierCharmsObjectsAreTaken(t *testing.T) {
	const by = `"annotations":{"kubectl.kubernetes.io/last-applied-configuration":"{}"}`
	for text, want := range map[string]bool{
		`{"kind":"StorageClass","metadata":{"name":"default",` + by + `},"provisioner":"fuseim.pri/ifs"}`:                         true,
		`{"kind":"StorageClass","metadata":{"name":"default",` + by + `},"provisioner":"kubernetes.io/aws-ebs"}`:                  false,
		`{"kind":"StorageClass","metadata":{"name":"default"},"provisioner":"fuseim.pri/ifs"}`:                                    false,
		`{"kind":"Deployment","metadata":{"name":"nfs-client-provisioner","labels":{"app":"nfs-client-provisioner"},` + by + `}}`: true,
		`{"kind":"Deployment","metadata":{"name":"nfs-client-provisioner",` + by + `}}`:                                           false,
		`{"kind":"ServiceAccount","metadata":{"name":"nfs-client-provisioner",` + by + `}}`:                                       false,
	} {
		var o kube.Object
		if err := json.Unmarshal([]byte(text), &o); err != nil {
			t.Fatal(err)
		}
		if got := nfs.Adopt(o); got != want {
			t.Errorf("%s: %v", text, got)
		}
	}
}
