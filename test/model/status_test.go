package model

import (
	"slices"
	"strings"
	"testing"

	"kubernetes-worker/internal/jujusim"
)

const (
	running = "Kubernetes worker running."
	keeps   = "; the node keeps running on its last configuration"
)

// unrelate removes a relation and runs the hooks that follow.
func (w *World) unrelate(endpoint string) {
	w.T.Helper()
	w.cut(endpoint)
	w.Settle()
}

func (w *World) cut(endpoint string) {
	w.T.Helper()
	for _, r := range relations() {
		if r[0] == "kubernetes-worker:"+endpoint {
			w.must(w.Juju.RemoveRelation(r[0], r[1]))
		}
	}
}

// relate makes a relation again and runs the hooks that follow.
func (w *World) relate(endpoint string) {
	w.T.Helper()
	for _, r := range relations() {
		if r[0] == "kubernetes-worker:"+endpoint {
			_, err := w.Juju.Integrate(r[0], r[1])
			w.must(err)
		}
	}
	w.Settle()
}

// Fault 19: "Relate …" is overwritten in the same hook by "Waiting for cluster DNS.".
func TestAMissingControlPlaneIsAskedForUntilItIsThere(t *testing.T) {
	t.Parallel()
	for _, juju := range generations() {
		w := New(t, Options{Juju: juju})
		w.DeployWorker()
		w.Settle()
		const ask = "Relate kubernetes-worker:kube-control kubernetes-master:kube-control"
		w.WantStatus("blocked", ask)
		w.UpdateStatus()
		w.WantStatus("blocked", ask)
		w.DeployCompanions()
		w.relate("certificates")
		w.relate("cni")
		w.relate("kube-api-endpoint")
		w.WantStatus("blocked", ask)
		if slices.Contains(w.Shown(), "waiting: Waiting for cluster DNS.") {
			t.Errorf("Juju %s: it was overwritten: %q", juju, w.Shown())
		}
		w.relate("kube-control")
		w.WantStatus("active", running)
	}
}

// Fault 19: a control plane that is related and whose units are not up yet is waited for, not asked for.
func TestAControlPlaneOnItsWayIsWaitedFor(t *testing.T) {
	t.Parallel()
	w := New(t, Options{})
	w.DeployWorker()
	w.must(w.Juju.Deploy(jujusim.DeploySpec{Charm: "companion:stand-in", App: "kubernetes-master", Config: map[string]string{
		"endpoints": "kube-control:kube-control:provider"}}))
	w.must(w.Juju.RemoveUnit("kubernetes-master/0"))
	_, err := w.Juju.Integrate("kubernetes-worker:kube-control", "kubernetes-master:kube-control")
	w.must(err)
	w.Settle()
	w.WantStatus("waiting", "Waiting for kubernetes-master to become ready")
	_, err = w.Juju.AddUnit("kubernetes-master", "")
	w.must(err)
	w.Settle()
	// It is up and has said nothing: what the unit waits for is the next thing, in the original's words.
	w.WantStatus("waiting", "Waiting for cluster DNS.")
}

// Fault 20: a removed relation leaves the status active; a second departure of kube-control goes unnoticed.
func TestARemovedRelationIsNamedAndTheNodeKeepsRunning(t *testing.T) {
	t.Parallel()
	for endpoint, status := range map[string][2]string{
		"kube-control":      {"blocked", "Relate kubernetes-worker:kube-control kubernetes-master:kube-control"},
		"kube-api-endpoint": {"waiting", "Missing relation kube-api-endpoint: relate kubernetes-worker:kube-api-endpoint to kubernetes-master" + keeps},
		"certificates":      {"waiting", "Missing relation certificates: relate kubernetes-worker:certificates to easyrsa or vault" + keeps},
		"cni":               {"waiting", "Missing relation cni: relate kubernetes-worker:cni to flannel, calico or another pod network" + keeps},
	} {
		for _, wire := range []string{"old", "new"} {
			t.Run(endpoint+" "+wire, func(t *testing.T) {
				t.Parallel()
				status := status
				if endpoint == "kube-api-endpoint" && wire == "new" {
					// Today's control planes name their servers over kube-control; that relation is not needed then.
					status = [2]string{"active", running}
				}
				w := Joined(t, Options{Wire: wire})
				since := w.starts()
				before := w.daemonsFiles()
				for range 2 {
					w.unrelate(endpoint)
					w.WantStatus(status[0], status[1])
					w.UpdateStatus()
					w.WantStatus(status[0], status[1])
					// upgrade-charm without the relation must not forget that the services are configured.
					w.must(w.Juju.Upgrade("kubernetes-worker", w.CharmDir))
					w.Settle()
					w.WantStatus(status[0], status[1])
					w.WantStarts(since, starts{})
					w.wantSame(before)
					w.relate(endpoint)
					w.WantStatus("active", running)
					w.WantStarts(since, starts{})
					w.wantSame(before)
				}
				// Options still act while the relation is away, and cost what they always cost.
				w.unrelate(endpoint)
				w.Config(map[string]string{"kubelet-extra-args": "max-pods=50", "labels": "zone=a"})
				w.WantStarts(since, starts{kubelet: 1})
				if w.API[0].Labels(w.Node)["zone"] != "a" {
					t.Error("the label is not there")
				}
			})
		}
	}
}

// daemonsFiles are the traces without what belongs to the pod network's subordinate, which goes and comes with its
// relation, and without the client certificate, which no daemon reads: until an authority has answered a unit that comes
// back, the one that it gives to all units is used.
func (w *World) daemonsFiles() traces {
	f := w.Traces()
	for name := range f {
		if strings.HasPrefix(name, "/etc/cni/net.d/") || strings.HasPrefix(name, "/root/cdk/client.") {
			delete(f, name)
		}
	}
	return f
}

func (w *World) wantSame(before traces) {
	w.T.Helper()
	after := w.daemonsFiles()
	for name := range after {
		if before[name] != after[name] {
			w.dump()
			w.T.Fatalf("%s was touched: %q, before %q", name, after[name], before[name])
		}
	}
	for name := range before {
		if _, still := after[name]; !still {
			w.T.Fatalf("%s is gone", name)
		}
	}
}

// A unit of the provider that departs leaves the relation in place, with nobody in it.
func TestADepartedProviderLeavesTheNodeRunning(t *testing.T) {
	t.Parallel()
	for _, c := range []struct{ app, state, message string }{
		{"kubernetes-master", "waiting", "Waiting for kubernetes-master to become ready"},
		{"easyrsa", "active", running},
	} {
		w := Joined(t, Options{})
		before := w.Traces()
		w.must(w.Juju.RemoveUnit(c.app + "/0"))
		w.Settle()
		w.WantStatus(c.state, c.message)
		w.UpdateStatus()
		w.WantStatus(c.state, c.message)
		w.WantUntouched(before)
		_, err := w.Juju.AddUnit(c.app, "")
		w.must(err)
		w.Settle()
		w.WantStatus("active", running)
	}
}

// Half of what a peer has to say comes in the first hook, the rest in a later one.
func TestHalfWrittenRelationsAreWaitedForAndTheNodeStartsOnce(t *testing.T) {
	t.Parallel()
	w := New(t, Options{Wire: "old"})
	w.DeployWorker()
	w.DeployCompanions()
	w.Relate()
	hidden := map[string]map[string]string{
		"kube-control":      {"creds": "", "enable-kube-dns": "", "sdn-ip": "", "domain": ""},
		"kube-api-endpoint": {"port": ""},
		"certificates":      {unitKey + ".server.cert": "", unitKey + ".server.key": ""},
	}
	for endpoint, keys := range hidden {
		w.must(w.Juju.SetBag(w.relation(endpoint), remoteUnit(endpoint), keys))
	}
	w.Settle()
	w.WantStatus("waiting", "Waiting for cluster DNS.")
	for _, step := range []struct {
		endpoint string
		hidden   map[string]string
		want     string
	}{
		{"kube-control", map[string]string{"creds": "", "domain": ""}, "Waiting for API servers: no API server is known: kubernetes-master has sent none"},
		{"kube-api-endpoint", nil, "Waiting for credentials: kubernetes-master has not sent tokens for system:node:worker-0"},
		{"kube-control", map[string]string{"domain": ""}, "Waiting for the cluster's domain: kubernetes-master has not sent it"},
		{"kube-control", nil, "Waiting for certificates: easyrsa has not sent CA, server and client certificate"},
	} {
		id := w.relation(step.endpoint)
		w.must(w.Juju.ClearBag(id, remoteUnit(step.endpoint)))
		if step.hidden != nil {
			w.must(w.Juju.SetBag(id, remoteUnit(step.endpoint), step.hidden))
		}
		w.Settle()
		w.WantStatus("waiting", step.want)
		if n := w.Restarts(Kubelet); n != 0 {
			t.Fatalf("kubelet was started %d times", n)
		}
	}
	w.must(w.Juju.ClearBag(w.relation("certificates"), "easyrsa/0"))
	w.Settle()
	w.WantStatus("active", running)
	if got := w.starts(); got.kubelet != 1 || got.proxy != 1 {
		t.Errorf("started %+v, want each once", got)
	}
}

// Fault 22: the status flips to active in the middle of install.
func TestTheStatusIsNeverActiveBeforeTheNodeIs(t *testing.T) {
	t.Parallel()
	w := New(t, Options{})
	w.API[0].NotReady(true)
	w.DeployWorker()
	w.DeployCompanions()
	w.Relate()
	w.Settle()
	w.WantStatus("waiting", "Waiting for node worker-0 to be Ready: container runtime network not ready")
	for _, status := range w.Shown() {
		if strings.HasPrefix(status, "active") {
			t.Errorf("the status was %s", status)
		}
	}
	w.API[0].NotReady(false)
	w.UpdateStatus()
	w.WantStatus("active", running)
	shown := w.Shown()
	first := slices.Index(shown, "active: "+running)
	if first != len(shown)-1 {
		t.Errorf("active came before the end: %q", shown)
	}
}
