package model

import (
	"maps"
	"slices"
	"testing"
)

// relateEverything joins every other endpoint of metadata.yaml to a worker that has joined a cluster: each to what can be
// at its other end. Endpoints of clouds are left out but for one, and the runtime's if the worker has one of its own.
func (w *World) relateEverything(cloud string, foreignRuntime bool) {
	w.T.Helper()
	registry := StartRegistry(w.T, w.CA, "one")
	w.addRegistry("netloc", registry.Netloc, "tls-ca", w.CA.CertFile, "user", "me", "password", "one")
	w.runAgent()
	w.add("nrpe", "nrpe-external-master", "nrpe-external-master")
	w.addNFS()
	w.addCloud(cloud)
	if foreignRuntime {
		w.addRuntime("containerd")
	}
	w.bridge()
	w.add("flannel-sdn", "sdn-plugin", "host")
	w.add("haproxy", "ingress-proxy", "reverseproxy")
	w.add("dockerhost-user", "dockerhost", "docker-host")
	for _, endpoint := range []string{"tokens", "kube-dns"} {
		_, err := w.Juju.Integrate("kubernetes-worker:"+endpoint, "kubernetes-master:"+endpoint)
		w.must(err)
	}
	w.Settle()
	w.WantStatus("active", running)
}

// unrelated are the endpoints of metadata.yaml to which nothing is related.
func (w *World) unrelated() []string {
	w.T.Helper()
	meta := metadata(w.T)
	left := meta.CombinedRelations()
	for _, r := range w.Juju.Status().Relations {
		for name := range meta.CombinedRelations() {
			if slices.ContainsFunc(r.Endpoints, func(e string) bool { return e == "kubernetes-worker:"+name }) {
				delete(left, name)
			}
		}
	}
	return slices.Sorted(maps.Keys(left))
}

// A machine is in one cloud, and a runtime comes from another charm or from this one; everything else can be related at
// once. The peers are one unit each: a second one whose data may be secret costs one more call.
func TestAnUpdateStatusWithNothingToDoCostsLittleWithEveryRelation(t *testing.T) {
	t.Parallel()
	clouds := []string{"azure", "gcp", "openstack", "vsphere"}
	for _, c := range []struct {
		name    string
		o       Options
		foreign bool // another charm's runtime
		left    []string
		cost
	}{
		{"another charm's containerd, over the agent's socket", Options{}, true, clouds, cost{"socket", 64, 0}},
		{"another charm's containerd, with tools as processes", Options{Exec: true}, true, clouds, cost{"exec", 10, 10}},
		{"docker, over the agent's socket", Options{Config: map[string]string{"channel": DockerChannel}}, false,
			append([]string{"container-runtime"}, clouds...), cost{"socket", 61, 0}},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			config := map[string]string{"ingress": "true"}
			maps.Copy(config, c.o.Config)
			c.o.Config = config
			w := begin(t, c.o, join())
			w.relateEverything("aws", c.foreign)
			slices.Sort(c.left)
			if left := w.unrelated(); !slices.Equal(left, c.left) {
				t.Errorf("nothing is related to %q, want %q", left, c.left)
			}
			w.wantNoop(c.cost)
		})
	}
}
