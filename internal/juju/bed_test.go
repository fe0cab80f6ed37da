package juju_test

import (
	"os"
	"testing"

	"kubernetes-worker/internal/juju"
	"kubernetes-worker/internal/juju/jujutest"
	"kubernetes-worker/internal/relation"
)

const unit = "kubernetes-worker/0"

// bed is an agent and the ways to it.
type bed struct {
	agent     *jujutest.Agent
	env       juju.Environment
	transport juju.Transport
}

// environment serves the agent and returns what a hook's variables say of it; with tools, PATH holds them.
func environment(t testing.TB, agent *jujutest.Agent, socket string) juju.Environment {
	t.Helper()
	env, err := juju.ReadEnvironment(lookup(jujutest.Environment(unit, socket, jujutest.InstallTools(t, agent), t.TempDir())))
	if err != nil {
		t.Fatal(err)
	}
	return env
}

// toolEnviron is what the tools as processes need to find the agent.
func toolEnviron(socket string) []string {
	return append(os.Environ(), "JUJU_CONTEXT_ID="+jujutest.ContextID, "JUJU_AGENT_SOCKET_NETWORK=unix", "JUJU_AGENT_SOCKET_ADDRESS="+socket)
}

// onEveryTransport runs a test against the agent in memory, over its socket and by its tools.
func onEveryTransport(t *testing.T, test func(t *testing.T, newBed func(*jujutest.Agent) bed)) {
	for name, connect := range map[string]func(t *testing.T, agent *jujutest.Agent) bed{
		"memory": func(t *testing.T, agent *jujutest.Agent) bed {
			return bed{agent: agent, env: juju.Environment{UnitName: unit, Version: "3.6.1"}, transport: agent}
		},
		"socket": func(t *testing.T, agent *jujutest.Agent) bed {
			env := environment(t, agent, jujutest.Serve(t, agent))
			socket := juju.NewSocket(env)
			t.Cleanup(func() {
				if err := socket.Close(); err != nil {
					t.Error(err)
				}
			})
			return bed{agent: agent, env: env, transport: socket}
		},
		"tools": func(t *testing.T, agent *jujutest.Agent) bed {
			socket := jujutest.Serve(t, agent)
			env := environment(t, agent, socket)
			return bed{agent: agent, env: env, transport: juju.NewExec(env.Path, env.CharmDir, toolEnviron(socket))}
		},
	} {
		t.Run(name, func(t *testing.T) {
			test(t, func(agent *jujutest.Agent) bed { return connect(t, agent) })
		})
	}
}

func (b bed) open(t testing.TB, event juju.Event, options juju.Options) *juju.Session {
	t.Helper()
	s, err := juju.Open(t.Context(), b.env, event, b.transport, options)
	if err != nil {
		t.Fatal(err)
	}
	return s
}

func hook(name string) juju.Event { return juju.Event{Kind: juju.Hook, Name: name} }

var endpoints = []string{"kube-control", "kube-api-endpoint", "certificates", "cni"}

// related returns an agent with one remote unit at each of the four endpoints that a node needs.
func related() *jujutest.Agent {
	a := jujutest.New(unit)
	a.Config = map[string]any{"channel": "1.12/stable", "ingress": true, "port": 10, "ratio": 0.5, "html": "<&>", "unset": nil}
	a.PublicAddress, a.PrivateAddress = "203.0.113.5", "10.0.0.5"
	a.Networks["kube-control"] = `{"bind-addresses":[{"mac-address":"","interface-name":"ens3","addresses":[` +
		`{"hostname":"","value":"10.0.0.6","cidr":"10.0.0.0/24"}]}],"egress-subnets":["10.0.0.5/32"],"ingress-addresses":["10.0.0.5"]}`
	a.Relate("kube-control:3", map[string]relation.Bag{"master/0": {"domain": "cluster.local"}}).Own =
		relation.Bag{"private-address": "10.0.0.5", "kubelet_user": "system:node:a", "auth_group": "system:nodes"}
	a.Relate("kube-api-endpoint:4", map[string]relation.Bag{"master/0": {"port": "6443"}})
	a.Relate("certificates:10", map[string]relation.Bag{"easyrsa/0": {"ca": "PEM"}})
	a.Relate("cni:2", map[string]relation.Bag{"flannel/7": {"cidr": "10.1.0.0/16"}})
	return a
}
