package worker

import (
	"testing"

	"kubernetes-worker/internal/condition"
	"kubernetes-worker/internal/kubeversion"
	"kubernetes-worker/internal/options"
	"kubernetes-worker/internal/relation/mount"
	"kubernetes-worker/internal/resource"
)

// declared is what a handler wants: the number of objects, -1 for no resource at all, and the error.
func declared(t *testing.T, h Handler, f Facts) (objects int, check bool, err error) {
	t.Helper()
	wants, err := h.Declare(f)
	if len(wants) == 0 {
		return -1, false, err
	}
	o, ok := wants[0].(resource.Objects)
	if !ok || len(wants) > 1 {
		t.Fatalf("declared %v", wants)
	}
	return len(o.Want), o.Check, err
}

func TestWhetherThereIsAnIngressController(t *testing.T) {
	known := kubeversion.Version{Major: 1, Minor: 28}
	on, off := options.Defaults(), options.Defaults()
	off.Ingress = false
	unknown := options.Defaults()
	unknown.Unknown = map[options.Option]bool{options.Ingress: true}
	imageless := options.Defaults()
	imageless.Unknown = map[options.Option]bool{options.NginxImage: true}
	for _, c := range []struct {
		name    string
		facts   Facts
		objects int
		check   bool
	}{
		{"wanted", Facts{App: "w", Options: on, ClusterVersion: known, CheckObjects: true}, 11, true},
		{"not wanted, which is looked at once", Facts{App: "w", Options: off, CheckObjects: true}, 0, false},
		{"nobody knows whether it is wanted", Facts{App: "w", Options: unknown, ClusterVersion: known}, -1, false},
		{"wanted with an image that nobody knows", Facts{App: "w", Options: imageless, ClusterVersion: known}, -1, false},
	} {
		objects, check, err := declared(t, ingressController(), c.facts)
		if objects != c.objects || check != c.check || err != nil {
			t.Errorf("%s: %d objects, checked %v, %v", c.name, objects, check, err)
		}
	}
	if _, _, err := declared(t, ingressController(), Facts{Options: on}); condition.Of(err) != condition.Waiting {
		t.Errorf("a cluster of unknown release: %v", err)
	}
}

func TestPortsFollowWhatWasNoted(t *testing.T) {
	for noted, want := range map[string][2]bool{"": {false, false}, "none-1": {false, true}, "1": {true, true}} {
		_, open, known := Facts{Objects: map[string]string{"ingress": noted}}.IngressPorts()
		if open != want[0] || known != want[1] {
			t.Errorf("%q: open %v, known %v", noted, open, known)
		}
	}
}

func TestWhetherThereIsAProvisioner(t *testing.T) {
	known := kubeversion.Version{Major: 1, Minor: 28}
	whole := mount.Facts{Joined: true, Host: "nfs.test", Mountpoint: "/srv"}
	noted := map[string]string{"nfs": "1"}
	for _, c := range []struct {
		name    string
		facts   Facts
		objects int
	}{
		{"never related", Facts{ClusterVersion: known}, -1},
		{"related and silent", Facts{ClusterVersion: known, NFS: mount.Facts{Joined: true}, Objects: noted}, -1},
		{"related", Facts{ClusterVersion: known, NFS: whole}, 7},
		{"gone", Facts{Objects: noted}, 0},
		{"gone and removed", Facts{Objects: map[string]string{"nfs": "none-1"}}, 0},
	} {
		if objects, _, err := declared(t, nfsProvisioner(), c.facts); objects != c.objects || err != nil {
			t.Errorf("%s: %d objects, %v", c.name, objects, err)
		}
	}
	if _, _, err := declared(t, nfsProvisioner(), Facts{NFS: whole}); condition.Of(err) != condition.Waiting {
		t.Errorf("a cluster of unknown release: %v", err)
	}
}
