package model

import (
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/juju/charm/v12"
)

// comer is an endpoint of ours and one of a companion's that is deployed.
type comer struct{ ours, theirs string }

// broughtByOthers are files that packages of other charms leave or that those charms write.
var broughtByOthers = []string{"/etc/passwd", "/usr/local/lib/nagios/plugins/check_systemd.py", "/etc/cni/net.d/10-flannel.conflist"}

// relationsOutcome is what relations come to: the machine's files, and what the unit says.
func (w *World) relationsOutcome() map[string]string {
	w.T.Helper()
	all := map[string]string{}
	for what, description := range w.ending() {
		file, isFile := strings.CutPrefix(what, "file ")
		switch {
		case strings.HasPrefix(description, "d"), strings.HasPrefix(file, charmPath), strings.HasPrefix(file, "/sys/"), slices.Contains(broughtByOthers, file):
		case isFile, strings.Contains(what, " of "+Unit+": "):
			all[what] = description
		}
	}
	return all
}

func (w *World) wantOutcome(when string, want map[string]string) {
	w.T.Helper()
	if all := differences(want, w.relationsOutcome()); len(all) > 0 {
		w.T.Errorf("%s: otherwise than before:\n%s", when, strings.Join(all, "\n"))
	}
}

// meet relates endpoints, all at once.
func (w *World) meet(all ...comer) {
	w.T.Helper()
	for _, c := range all {
		_, err := w.Juju.Integrate("kubernetes-worker:"+c.ours, c.theirs)
		w.must(err)
	}
	w.Settle()
	w.WantStatus("active", running)
}

// part removes the relations.
func (w *World) part(all ...comer) {
	w.T.Helper()
	for _, c := range all {
		w.must(w.Juju.RemoveRelation("kubernetes-worker:"+c.ours, c.theirs))
	}
	w.Settle()
}

// What a relation has brought goes with it, and comes again with it, to the byte.
func TestEveryRelationGoesWithoutATraceAndComesBackAsItWas(t *testing.T) {
	t.Parallel()
	cluster := []comer{{"kube-control", "kubernetes-master:kube-control"}, {"kube-api-endpoint", "kubernetes-master:kube-api-endpoint"}, {"certificates", "easyrsa:client"}, {"cni", "flannel:cni"}}
	neighbours := []comer{{"nrpe-external-master", "nrpe:nrpe-external-master"}, {"docker-registry", "docker-registry:docker-registry"}, {"sdn-plugin", "flannel-sdn:host"}, {"nfs", "nfs:nfs"},
		{"tokens", "kubernetes-master:tokens"}, {"ingress-proxy", "haproxy:reverseproxy"}, {"kube-dns", "kubernetes-master:kube-dns"}, {"dockerhost", "dockerhost-user:docker-host"}}
	runtime := comer{"container-runtime", "containerd:containerd"}
	var clouds []comer
	for _, cloud := range []string{"aws", "gcp", "openstack", "vsphere", "azure"} {
		app, endpoint := integrator(cloud)
		clouds = append(clouds, comer{cloud, app + ":" + endpoint})
	}
	docker := map[string]string{"channel": DockerChannel}

	t.Run("cluster", func(t *testing.T) {
		t.Parallel()
		w := Joined(t, Options{})
		with := w.relationsOutcome()
		for _, c := range cluster { // the node keeps what it heard
			w.part(c)
			w.meet(c)
			w.wantOutcome(c.ours+" again", with)
		}
	})
	t.Run("neighbours", func(t *testing.T) {
		t.Parallel()
		w := begin(t, Options{Config: docker}, join())
		w.bridge()
		w.runAgent()
		without := w.relationsOutcome()
		ca := NewAuthority(t, t.TempDir())
		door := StartRegistry(t, ca, registryPassword)
		w.companions(map[string]map[string]string{
			"nrpe": {}, "flannel-sdn": {}, "nfs": {}, "haproxy": {}, "dockerhost-user": {},
			"docker-registry": {"netloc": door.Netloc, "tls-ca": ca.CertFile, "user": "me", "password": registryPassword},
		})
		w.meet(neighbours...)
		with := w.relationsOutcome()
		w.bridge()
		w.part(neighbours...)
		w.WantStatus("active", running)
		w.wantOutcome("all gone", without)
		w.bridge()
		w.meet(neighbours...)
		w.wantOutcome("all again", with)
	})
	t.Run("runtime", func(t *testing.T) {
		t.Parallel()
		w := begin(t, Options{}, joinWithRuntime("containerd"))
		w.part(runtime) // which leaves the machine a containerd of its own
		w.meet(runtime)
		with := w.relationsOutcome()
		w.part(runtime)
		w.WantStatus("active", running)
		w.meet(runtime)
		w.wantOutcome("again", with)
	})
	t.Run("clouds", func(t *testing.T) {
		t.Parallel()
		w := begin(t, Options{Config: docker}, join())
		without := w.relationsOutcome()
		for _, c := range clouds {
			w.addCloud(c.ours)
			w.Settle()
			w.WantStatus("active", running)
			with := w.relationsOutcome()
			w.part(c)
			w.WantStatus("active", running)
			w.wantOutcome(c.ours+" gone", without)
			w.meet(c)
			w.wantOutcome(c.ours+" again", with)
			w.part(c)
		}
	})

	meta := metadata(t)
	tried := map[string]bool{runtime.ours: true}
	for _, group := range [][]comer{cluster, neighbours, clouds} {
		for _, c := range group {
			tried[c.ours] = true
		}
	}
	for name, declared := range meta.CombinedRelations() {
		if declared.Role != charm.RolePeer && !tried[name] {
			t.Errorf("endpoint %s is not tried", name)
		}
	}
}

// metadata is what the charm tells Juju of itself.
func metadata(t *testing.T) *charm.Meta {
	t.Helper()
	file, err := os.Open(filepath.Join(repository(), "metadata.yaml"))
	if err != nil {
		t.Fatal(err)
	}
	defer file.Close()
	meta, err := charm.ReadMeta(file)
	if err != nil {
		t.Fatal(err)
	}
	return meta
}
