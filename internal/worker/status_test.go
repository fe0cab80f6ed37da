package worker_test

import (
	"errors"
	"testing"

	"kubernetes-worker/internal/condition"
	"kubernetes-worker/internal/kubeversion"
	"kubernetes-worker/internal/options"
	"kubernetes-worker/internal/relation"
	"kubernetes-worker/internal/relation/certificates"
	"kubernetes-worker/internal/secret"
	"kubernetes-worker/internal/state"
	"kubernetes-worker/internal/worker"
)

// joined is a node that has joined and runs; each test breaks one thing of it.
func joined() worker.Facts {
	related := func(endpoint, app string) []relation.Relation {
		return []relation.Relation{{ID: endpoint + ":1", Endpoint: endpoint, App: app, Units: []relation.Unit{{Name: app + "/0"}}, Own: relation.Bag{}}}
	}
	o, _ := options.Parse(map[string]any{"channel": "1.28/stable"})
	snap := worker.SnapFact{Version: "1.28.1", Revision: "1", Channel: "1.28/stable"}
	key := secret.New("key")
	return worker.Facts{
		Unit: "kubernetes-worker/0", App: "kubernetes-worker", Options: o, NodeName: "juju-1", Hostname: "juju-1", Arch: "amd64",
		PublicAddress: "10.0.0.5", IngressAddresses: []string{"10.0.0.5"},
		Relations: map[string][]relation.Relation{
			"kube-control": related("kube-control", "kubernetes-master"), "kube-api-endpoint": related("kube-api-endpoint", "kubernetes-master"),
			"certificates": related("certificates", "easyrsa"), "cni": related("cni", "flannel"),
		},
		Leaving:        map[string]bool{},
		Cluster:        state.Cluster{Servers: []string{"https://10.0.0.1:6443"}, DNSKnown: true, Domain: "cluster.local", CIDR: "10.1.0.0/16"},
		Creds:          worker.Credentials{Kubelet: secret.New("k"), Proxy: secret.New("p"), Client: secret.New("c")},
		Certs:          certificates.Facts{CA: []byte("ca"), ServerCert: []byte("cert"), ServerKey: key, ClientCert: []byte("cert"), ClientKey: key},
		Snaps:          map[string]worker.SnapFact{"kubelet": snap, "kubectl": snap, "kube-proxy": snap},
		KubeletVersion: kubeversion.Version{Major: 1, Minor: 28, Patch: 1}, CgroupVersion: 1, SnapdPackage: true,
		Units: map[string]worker.UnitFact{
			worker.KubeletUnit: {Exists: true, Running: true}, worker.KubeProxyUnit: {Exists: true, Running: true},
			worker.ContainerdUnit: {Exists: true, Running: true},
		},
		Node: worker.NodeFact{Asked: true, Exists: true, Ready: true},
	}
}

func TestStatusFollowsThePrecedence(t *testing.T) {
	noControl := func(f *worker.Facts) { delete(f.Relations, "kube-control") }
	noDNS := func(f *worker.Facts) { f.Cluster.DNSKnown = false }
	outdated := func(f *worker.Facts) { f.Options.Channel.Track = "1.29" }
	paused := func(f *worker.Facts) { f.PausedBefore = true }
	down := func(f *worker.Facts) { f.Units[worker.KubeletUnit] = worker.UnitFact{Exists: true} }
	for name, c := range map[string]struct {
		breaks   []func(*worker.Facts)
		findings []error
		want     worker.Status
	}{
		"all is well": {want: worker.Status{State: "active", Message: "Kubernetes worker running."}},
		"a bad option comes before all": {
			[]func(*worker.Facts){noControl, func(f *worker.Facts) {
				f.Options, f.Findings = options.Parse(map[string]any{"docker_runtime": "podman"})
			}}, []error{condition.NewBlocked("something else")},
			worker.Status{State: "blocked", Message: "docker_runtime: "},
		},
		"what a person must do comes before a missing control plane": {
			[]func(*worker.Facts){noControl}, []error{condition.NewWaiting("w"), condition.NewBlocked("Missing cni resource.")},
			worker.Status{State: "blocked", Message: "Missing cni resource."},
		},
		"nobody related the control plane": {
			[]func(*worker.Facts){noControl, noDNS}, nil,
			worker.Status{State: "blocked", Message: "Relate kubernetes-worker:kube-control kubernetes-master:kube-control"},
		},
		"the control plane is on its way": {
			[]func(*worker.Facts){noControl, noDNS, func(f *worker.Facts) { f.ControlExpected = true }}, nil,
			worker.Status{State: "waiting", Message: "Waiting for kubernetes-master to become ready"},
		},
		"a store that is away comes before what relations lack": {
			[]func(*worker.Facts){noDNS}, []error{condition.NewWaiting("Waiting for the snap store")},
			worker.Status{State: "waiting", Message: "Waiting for the snap store"},
		},
		"a cloud that is not ready comes before DNS": {
			[]func(*worker.Facts){noDNS, outdated, down, func(f *worker.Facts) { f.Cloud.Name, f.Cloud.Owes = "openstack", "x has not sent password" }}, nil,
			worker.Status{State: "waiting", Message: "Waiting for cloud integration: x has not sent password"},
		},
		"a node whose new name has no credentials": {
			[]func(*worker.Facts){func(f *worker.Facts) { f.WantedName = "juju-1.test" }}, nil,
			worker.Status{State: "waiting", Message: "Waiting for credentials: kubernetes-master has not sent tokens for system:node:juju-1.test"},
		},
		"no DNS yet": {[]func(*worker.Facts){noDNS, outdated, down}, nil, worker.Status{State: "waiting", Message: "Waiting for cluster DNS."}},
		"an upgrade waits for the operator": {
			[]func(*worker.Facts){outdated, down}, nil,
			worker.Status{State: "blocked", Message: "Needs manual upgrade, run the upgrade action"},
		},
		"an upgrade waits for its turn": {
			[]func(*worker.Facts){outdated, func(f *worker.Facts) { f.Options.RequireManualUpgrade = false }}, nil,
			worker.Status{State: "waiting", Message: "Upgrade pending"},
		},
		"a paused unit is what it is called": {
			[]func(*worker.Facts){paused, func(f *worker.Facts) { f.Node.Ready = false }}, nil,
			worker.Status{State: "waiting", Message: "Kubernetes unit paused"},
		},
		"the mark on the node tells it, too": {
			[]func(*worker.Facts){func(f *worker.Facts) { f.Node.Cordoned, f.Node.Mark = true, "pause" }}, nil,
			worker.Status{State: "waiting", Message: "Kubernetes unit paused"},
		},
		"a daemon that does not run comes before": {
			[]func(*worker.Facts){paused, down}, nil,
			worker.Status{State: "waiting", Message: "Waiting for kubelet to start."},
		},
		"and what a person must do": {
			[]func(*worker.Facts){paused}, []error{condition.NewBlocked("do it")},
			worker.Status{State: "blocked", Message: "do it"},
		},
		"certificates are not related any more": {
			[]func(*worker.Facts){func(f *worker.Facts) { delete(f.Relations, "certificates") }}, nil,
			worker.Status{State: "waiting", Message: "Missing relation certificates: relate kubernetes-worker:certificates to easyrsa or vault; the node keeps running on its last configuration"},
		},
		"the pod network is not related": {
			[]func(*worker.Facts){func(f *worker.Facts) { delete(f.Relations, "cni"); f.Node.Exists = false }}, nil,
			worker.Status{State: "waiting", Message: "Missing relation cni: relate kubernetes-worker:cni to flannel, calico or another pod network"},
		},
		"the authority has not answered": {
			[]func(*worker.Facts){func(f *worker.Facts) { f.Certs.ServerCert = nil }}, nil,
			worker.Status{State: "waiting", Message: "Waiting for certificates: easyrsa has not sent CA, server and client certificate"},
		},
		"the authority sent junk": {
			[]func(*worker.Facts){func(f *worker.Facts) {
				f.Certs.ServerCert = nil
				f.Problems = []relation.Problem{{Endpoint: "certificates", Unit: "easyrsa/0", Key: "ca", Reason: "is no PEM"}}
			}}, nil,
			worker.Status{State: "waiting", Message: `Waiting for certificates: cannot use certificates data of easyrsa/0, key "ca": is no PEM`},
		},
		"both services are down": {
			[]func(*worker.Facts){down, func(f *worker.Facts) { delete(f.Units, worker.KubeProxyUnit) }}, nil,
			worker.Status{State: "waiting", Message: "Waiting for kubelet,kube-proxy to start."},
		},
		"no API server answers": {
			[]func(*worker.Facts){func(f *worker.Facts) { f.Node = worker.NodeFact{Asked: true, Failure: errors.New("refused")} }}, nil,
			worker.Status{State: "waiting", Message: "Waiting for an API server to answer: refused"},
		},
		"the node has not registered": {
			[]func(*worker.Facts){func(f *worker.Facts) { f.Node = worker.NodeFact{Asked: true} }}, nil,
			worker.Status{State: "waiting", Message: "Waiting for node juju-1 to register"},
		},
		"the node is not Ready": {
			[]func(*worker.Facts){func(f *worker.Facts) { f.Node.Ready, f.Node.Reason = false, "no pod network" }}, nil,
			worker.Status{State: "waiting", Message: "Waiting for node juju-1 to be Ready: no pod network"},
		},
	} {
		f := joined()
		for _, b := range c.breaks {
			b(&f)
		}
		got := worker.StatusOf(f, c.findings)
		if name == "a bad option comes before all" && len(got.Message) > len(c.want.Message) {
			got.Message = got.Message[:len(c.want.Message)]
		}
		if got != c.want {
			t.Errorf("%s:\n got %s: %s\nwant %s: %s", name, got.State, got.Message, c.want.State, c.want.Message)
		}
	}
}
