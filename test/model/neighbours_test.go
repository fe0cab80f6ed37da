package model

import (
	"maps"
	"slices"
	"strings"
	"testing"

	"kubernetes-worker/internal/jujusim"
)

// add deploys a companion beside or behind the worker and relates it; options as name, value, name, value.
func (w *World) add(kind, endpoint, theirs string, pairs ...string) {
	w.T.Helper()
	config := map[string]string{}
	for i := 0; i+1 < len(pairs); i += 2 {
		config[pairs[i]] = pairs[i+1]
	}
	w.must(w.Juju.Deploy(jujusim.DeploySpec{Charm: "companion:" + kind, Config: config}))
	_, err := w.Juju.Integrate("kubernetes-worker:"+endpoint, kind+":"+theirs)
	w.must(err)
}

// companions deploys some, with their options.
func (w *World) companions(all map[string]map[string]string) {
	w.T.Helper()
	for kind, options := range all {
		w.must(w.Juju.Deploy(jujusim.DeploySpec{Charm: "companion:" + kind, Config: options}))
	}
}

func (w *World) drop(kind, endpoint, theirs string) {
	w.T.Helper()
	w.must(w.Juju.RemoveRelation("kubernetes-worker:"+endpoint, kind+":"+theirs))
}

// said is the worker's own bag towards an application.
func (w *World) said(endpoint, kind, theirs string) map[string]string {
	w.T.Helper()
	id, err := w.Juju.FindRelation("kubernetes-worker:"+endpoint, kind+":"+theirs)
	w.must(err)
	bag, err := w.Juju.Bag(id, Unit)
	w.must(err)
	return bag
}

// bridge gives the machine the bridge that docker makes.
func (w *World) bridge() { w.write("/sys/class/net/docker0/address", "02:42:00:00:00:00\n") }

func (w *World) bridged() bool { return w.Exists("/sys/class/net/docker0") }

func neighbourStories() []Scenario {
	return []Scenario{
		joined("watched by nagios", Options{}, addAgent(),
			option("nagios_context", "site", "nagios_servicegroups", "a,b"),
			Step{Name: "remove nrpe", Do: func(w *World) { w.drop("nrpe", "nrpe-external-master", "nrpe-external-master") }}),
		joined("a pod network from before CNI", Options{Config: map[string]string{"channel": DockerChannel}},
			Step{Name: "relate it", Do: func(w *World) {
				w.bridge()
				w.add("flannel-sdn", "sdn-plugin", "host")
			}},
			set("flannel-sdn", "say", "half").ends("waiting", "Waiting for the pod network's bridge: flannel-sdn has not sent subnet"),
			Step{Name: "remove it", Do: func(w *World) {
				w.bridge()
				w.drop("flannel-sdn", "sdn-plugin", "host")
			}}),
		joined("memory accounting", Options{}, option("enable-cgroups", "true"), option("enable-cgroups", "false")),
	}
}

func TestDocker0IsMadeAnewForAPodNetworkFromBeforeCNI(t *testing.T) {
	t.Parallel()
	w := begin(t, Options{Config: map[string]string{"channel": DockerChannel}}, join())
	defaults := w.Read("/etc/default/docker")
	count := func() starts { return starts{w.Restarts(Kubelet), w.Restarts(Proxy), w.Restarts(Docker)} }
	want := func(when string, since starts, n int) {
		t.Helper()
		now := count()
		if got := (starts{now.kubelet - since.kubelet, now.proxy - since.proxy, now.runtime - since.runtime}); got != (starts{n, n, n}) {
			t.Errorf("%s: started %+v, want %d each", when, got, n)
		}
	}
	since := count()
	w.bridge()
	w.add("flannel-sdn", "sdn-plugin", "host", "say", "half")
	w.Settle()
	w.WantStatus("waiting", "Waiting for the pod network's bridge: flannel-sdn has not sent subnet")
	want("half of it", since, 0)
	w.Companion("flannel-sdn", map[string]string{"say": "all"})
	w.WantStatus("active", running)
	want("all of it", since, 1)
	if got := w.Read("/etc/default/docker"); !strings.Contains(got, " --bip=10.1.15.1/24 --mtu=1450 ") {
		t.Errorf("docker's options: %s", got)
	}
	if w.bridged() {
		t.Error("the bridge is still the old one")
	}
	for _, text := range []string{"Configuring container runtime with SDN.", "Reconfiguring container runtime network bridge."} {
		if shown := strings.Join(w.Shown(), "\n"); !strings.Contains(shown, "maintenance: "+text) {
			t.Errorf("%q was not shown", text)
		}
	}
	w.Companion("flannel-sdn", map[string]string{"subnet": "$(reboot)"})
	w.WantStatus("waiting", "Waiting for the pod network's bridge: cannot use sdn-plugin data of flannel-sdn/0, key \"subnet\": …")
	want("junk", since, 1)
	w.bridge()
	w.drop("flannel-sdn", "sdn-plugin", "host")
	w.Settle()
	w.WantStatus("active", running)
	want("gone", since, 2)
	if got := w.Read("/etc/default/docker"); got != defaults || w.bridged() {
		t.Errorf("docker's options: %s", got)
	}
}

func TestAPodNetworkFromBeforeCNIHasNothingToSayToContainerd(t *testing.T) {
	t.Parallel()
	w := begin(t, Options{}, join())
	w.UpdateStatus()
	before := w.Traces()
	w.bridge()
	w.add("flannel-sdn", "sdn-plugin", "host")
	w.Settle()
	w.WantStatus("active", running)
	after := w.Traces()
	delete(after, "/sys/class/net/docker0/address")
	if !maps.Equal(before, after) {
		t.Error("the machine was touched")
	}
	if w.Warned("relation sdn-plugin: flannel-sdn is about docker's bridge, and kubelet 1.28.1 does not work with a docker of this charm") != 1 {
		t.Error("nothing is told")
	}
}

func TestSmallRelationsAreToldWhatTheyWantToKnow(t *testing.T) {
	t.Parallel()
	for _, version := range generations() {
		t.Run(version, func(t *testing.T) {
			t.Parallel()
			w := begin(t, Options{Juju: version, Config: map[string]string{"channel": DockerChannel}}, join())
			w.add("haproxy", "ingress-proxy", "reverseproxy")
			w.add("dockerhost-user", "dockerhost", "docker-host")
			for _, endpoint := range []string{"tokens", "kube-dns"} {
				_, err := w.Juju.Integrate("kubernetes-worker:"+endpoint, "kubernetes-master:"+endpoint)
				w.must(err)
			}
			w.Settle()
			w.WantStatus("active", running)
			for _, c := range []struct {
				endpoint, kind, theirs string
				want                   map[string]string
			}{
				{"tokens", "kubernetes-master", "tokens", map[string]string{"requests": `{"system:cos:worker-0": "system:cos"}`}},
				{"ingress-proxy", "haproxy", "reverseproxy", map[string]string{"hostname": "10.0.0.11", "port": "80", "private-address": "10.0.0.11"}},
				{"dockerhost", "dockerhost-user", "docker-host", map[string]string{"url": "unix:///var/run/docker.sock"}},
				{"kube-dns", "kubernetes-master", "kube-dns", map[string]string{}},
			} {
				got := w.said(c.endpoint, c.kind, c.theirs)
				for _, key := range []string{"ingress-address", "egress-subnets"} {
					delete(got, key)
				}
				if c.endpoint != "ingress-proxy" {
					delete(got, "private-address")
				}
				if !maps.Equal(got, c.want) {
					t.Errorf("%s: published %v, want %v", c.endpoint, got, c.want)
				}
			}
			for _, r := range [][3]string{
				{"tokens", "kubernetes-master", "tokens"}, {"kube-dns", "kubernetes-master", "kube-dns"},
				{"ingress-proxy", "haproxy", "reverseproxy"}, {"dockerhost", "dockerhost-user", "docker-host"},
			} {
				w.drop(r[1], r[0], r[2])
			}
			w.Settle()
			w.WantStatus("active", running)
		})
	}
}

func TestNodesSayWhichCharmKeepsThemAndWhereTheyAre(t *testing.T) {
	t.Parallel()
	w := New(t, Options{Zone: "az-1"})
	join().Run(w)
	labels := w.API[0].Labels(w.Node)
	for key, want := range map[string]string{"juju-charm": "kubernetes-worker", "juju-application": "kubernetes-worker", "topology.kubernetes.io/zone": "az-1"} {
		if labels[key] != want {
			t.Errorf("label %s is %q, want %q", key, labels[key], want)
		}
	}
	w.Config(map[string]string{"labels": "topology.kubernetes.io/zone=mine juju-charm-"})
	labels = w.API[0].Labels(w.Node)
	if labels["topology.kubernetes.io/zone"] != "mine" || labels["juju-charm"] != "" {
		t.Errorf("labels %v", labels)
	}
	w.Config(map[string]string{"labels": ""})
	if labels = w.API[0].Labels(w.Node); labels["topology.kubernetes.io/zone"] != "az-1" || labels["juju-charm"] == "" {
		t.Errorf("labels %v", labels)
	}
}

func TestUnitsCoordinateNothingWithEachOther(t *testing.T) {
	t.Parallel()
	for _, version := range []string{"2.9", "4.0"} {
		t.Run(version, func(t *testing.T) {
			t.Parallel()
			w := Joined(t, Options{Juju: version})
			since := len(w.hooks(0))
			w.Beside(1)
			w.Settle()
			ran := 0
			for _, r := range w.hooks(since) {
				if strings.HasPrefix(r.Name(), "coordinator-relation-") {
					ran++
				}
			}
			if ran < 4 {
				t.Fatalf("%d hooks of the relation ran, want joined and changed of both units", ran)
			}
			w.wantAllWell("another unit", since)
			for _, r := range w.Juju.Status().Relations {
				if !slices.Equal(r.Endpoints, []string{"kubernetes-worker:coordinator"}) {
					continue
				}
				for _, unit := range r.Units {
					bag, err := w.Juju.Bag(r.ID, unit)
					w.must(err)
					for _, key := range []string{"private-address", "ingress-address", "egress-subnets"} {
						delete(bag, key)
					}
					if len(bag) > 0 {
						t.Errorf("%s says %v", unit, bag)
					}
				}
				return
			}
			t.Error("there is no relation of the units")
		})
	}
}
