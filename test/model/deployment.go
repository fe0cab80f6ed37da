package model

import (
	"strings"
	"testing"

	"kubernetes-worker/internal/jujusim"
)

// DeployWorker deploys the charm alone.
func (w *World) DeployWorker() {
	w.T.Helper()
	// The objects of the ingress controller are a story of their own, and would make each other one slower.
	config := map[string]string{"channel": Channel, "ingress": "false"}
	for k, v := range w.options.Config {
		config[k] = v
	}
	w.must(w.Juju.Deploy(jujusim.DeploySpec{Charm: w.CharmDir, To: []string{"0"}, Config: config,
		Resources: map[string]string{"cni-amd64": w.CNIArchive()}}))
}

// DeployCompanions deploys the other ends of the relations, without relating them.
func (w *World) DeployCompanions() {
	w.T.Helper()
	wire := w.options.Wire
	if wire == "" {
		wire = "both"
	}
	master := map[string]string{"wire": wire, "registry-location": "registry.test/cdk"}
	authority := map[string]string{"wire": wire, "ca-cert": w.CA.CertFile, "ca-key": w.CA.KeyFile}
	servers := w.servers()
	if real := w.options.Real; real != nil {
		servers = real.Servers
		master["tokens-file"] = real.Tokens
		authority["ca-cert"], authority["ca-key"] = real.CACert, real.CAKey
	}
	master["api-servers"] = strings.Join(servers, ",")
	w.must(w.Juju.Deploy(jujusim.DeploySpec{Charm: "companion:kubernetes-master", Units: len(servers), Config: master}))
	w.must(w.Juju.Deploy(jujusim.DeploySpec{Charm: "companion:easyrsa", Config: authority}))
	w.must(w.Juju.Deploy(jujusim.DeploySpec{Charm: "companion:flannel", Config: map[string]string{"wire": wire}}))
}

func (w *World) servers() []string {
	var all []string
	for _, a := range w.API {
		all = append(all, a.HostPort())
	}
	return all
}

// The relations a worker needs.
func relations() [][2]string {
	return [][2]string{
		{"kubernetes-worker:kube-control", "kubernetes-master:kube-control"},
		{"kubernetes-worker:kube-api-endpoint", "kubernetes-master:kube-api-endpoint"},
		{"kubernetes-worker:certificates", "easyrsa:client"},
		{"kubernetes-worker:cni", "flannel:cni"},
	}
}

// Relate makes all relations.
func (w *World) Relate() {
	w.T.Helper()
	for _, r := range relations() {
		_, err := w.Juju.Integrate(r[0], r[1])
		w.must(err)
	}
}

// Joined gives a world whose worker has joined and is active.
func Joined(t *testing.T, o Options) *World {
	t.Helper()
	w := New(t, o)
	w.DeployWorker()
	w.DeployCompanions()
	w.Relate()
	w.Settle()
	w.WantStatus("active", "Kubernetes worker running.")
	return w
}
