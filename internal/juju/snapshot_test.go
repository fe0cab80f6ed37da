package juju_test

import (
	"errors"
	"strings"
	"testing"

	"kubernetes-worker/internal/juju"
	"kubernetes-worker/internal/juju/jujutest"
	"kubernetes-worker/internal/relation"
)

func inMemory(agent *jujutest.Agent) bed {
	return bed{agent: agent, env: juju.Environment{UnitName: unit}, transport: agent}
}

func relationHook(phase juju.Phase, id, remote, departing string) juju.Event {
	endpoint, _, _ := strings.Cut(id, ":")
	return juju.Event{
		Kind: juju.Hook, Name: endpoint + "-relation-" + string(phase), Phase: phase, Relation: endpoint, RelationID: id,
		RemoteUnit: remote, RemoteApp: "master", DepartingUnit: departing,
	}
}

func TestBrokenRelationIsAbsentAndNotWrittenTo(t *testing.T) {
	a := related()
	a.Relations["kube-control:3"].Units = nil
	s := inMemory(a).open(t, relationHook(juju.Broken, "kube-control:3", "", ""), juju.Options{Endpoints: endpoints})
	if found := s.Snapshot().Endpoint("kube-control"); found != nil {
		t.Errorf("got %+v", found)
	}
	if err := s.Commit(t.Context(), wanted()); err != nil {
		t.Fatal(err)
	}
	for _, c := range a.Calls("relation-set") {
		if c.Args[1] == "kube-control:3" {
			t.Errorf("written to: %v", c)
		}
	}
	if ids := s.Remembered().Relations["kube-control"]; len(ids) != 0 {
		t.Errorf("remembered %v", ids)
	}
}

func TestBrokenRelationMayBeMissingFromTheIDs(t *testing.T) {
	a := related()
	delete(a.Relations, "kube-control:3")
	s := inMemory(a).open(t, relationHook(juju.Broken, "kube-control:3", "", ""), juju.Options{Endpoints: endpoints})
	if err := s.Commit(t.Context(), wanted()); err != nil || len(s.Snapshot().Relations) != 3 {
		t.Errorf("%v, %+v", err, s.Snapshot().Relations)
	}
}

func TestDepartingUnitIsAbsentEvenWhereItIsListed(t *testing.T) {
	for name, listed := range map[string]bool{"listed": true, "not listed": false} {
		a := related()
		r := a.Relations["kube-control:3"]
		r.Units["master/1"] = relation.Bag{"domain": "old"}
		r.Unlisted["master/1"] = !listed
		s := inMemory(a).open(t, relationHook(juju.Departed, "kube-control:3", "master/1", "master/1"), juju.Options{Endpoints: endpoints})
		units := s.Snapshot().Endpoint("kube-control")[0].Units
		if len(units) != 1 || units[0].Name != "master/0" {
			t.Errorf("%s: %+v", name, units)
		}
		if err := s.Commit(t.Context(), wanted()); err != nil || len(a.Calls("relation-set")) != 3 {
			t.Errorf("%s: %v, %v", name, err, a.Calls("relation-set"))
		}
	}
}

func TestDepartingUnitOfAnotherRelationStays(t *testing.T) {
	a := related()
	s := inMemory(a).open(t, relationHook(juju.Departed, "kube-api-endpoint:4", "master/0", "master/0"), juju.Options{Endpoints: endpoints})
	snap := s.Snapshot()
	if len(snap.Endpoint("kube-control")[0].Units) != 1 || len(snap.Endpoint("kube-api-endpoint")[0].Units) != 0 {
		t.Errorf("got %+v", snap.Relations)
	}
	if app := snap.Endpoint("kube-api-endpoint")[0].App; app != "master" {
		t.Errorf("application %q", app)
	}
}

func TestNothingIsWrittenToARelationThatThisUnitLeaves(t *testing.T) {
	a := related()
	s := inMemory(a).open(t, relationHook(juju.Departed, "kube-control:3", "master/0", unit), juju.Options{Endpoints: endpoints})
	if err := s.Commit(t.Context(), wanted()); err != nil {
		t.Fatal(err)
	}
	if n := len(a.Calls("relation-set")); n != 2 {
		t.Errorf("%d relations written to, want the two others", n)
	}
}

func TestUnitThatMayNotBeReadIsSkipped(t *testing.T) {
	a := related()
	a.Relations["kube-control:3"].Units["master/2"] = nil
	a.Relations["kube-control:3"].Unreadable["master/2"] = true
	s := inMemory(a).open(t, hook("config-changed"), juju.Options{Endpoints: endpoints})
	if units := s.Snapshot().Endpoint("kube-control")[0].Units; len(units) != 1 || units[0].Name != "master/0" {
		t.Errorf("got %+v", units)
	}
}

func TestRelationThatThisUnitHasNotEnteredHasAnEmptyOwnBag(t *testing.T) {
	a := related()
	a.Relations["cni:2"].Unreadable[unit] = true
	s := inMemory(a).open(t, relationHook(juju.Created, "cni:2", "", ""), juju.Options{Endpoints: endpoints})
	if cni := s.Snapshot().Endpoint("cni"); len(cni) != 1 || len(cni[0].Own) != 0 {
		t.Errorf("got %+v", cni)
	}
	if err := s.Commit(t.Context(), wanted()); err != nil {
		t.Error(err)
	}
}

func TestOtherFailuresOfReadingEndTheInvocation(t *testing.T) {
	for _, tool := range []string{"config-get", "relation-ids", "relation-list", "relation-get", "network-get", "unit-get"} {
		a := related()
		a.Failures[tool] = juju.Result{Code: 1, Stderr: []byte("ERROR connection is shut down\n")}
		_, err := juju.Open(t.Context(), juju.Environment{UnitName: unit}, hook("config-changed"), a,
			juju.Options{Endpoints: endpoints, Networks: []string{"kube-control"}})
		var failure *juju.ToolError
		if !errors.As(err, &failure) || failure.Tool != tool || failure.Message != "connection is shut down" {
			t.Errorf("%s: %v", tool, err)
		}
	}
}

func TestAddressesMayBeUnknown(t *testing.T) {
	s := inMemory(jujutest.New(unit)).open(t, hook("install"), juju.Options{Networks: []string{"kube-control"}})
	if snap := s.Snapshot(); snap.PublicAddress != "" || snap.PrivateAddress != "" || snap.IngressAddress("kube-control") != "" {
		t.Errorf("got %+v", snap)
	}
}

func TestIngressAddressPrefersWhatOthersReach(t *testing.T) {
	for name, c := range map[string]struct {
		network juju.Network
		want    string
	}{
		"ingress before interfaces":   {juju.Network{Ingress: []string{"10.0.0.1"}, Bind: []string{"10.0.0.2"}}, "10.0.0.1"},
		"interfaces before unit-get":  {juju.Network{Bind: []string{"10.0.0.2"}}, "10.0.0.2"},
		"unit-get at last":            {juju.Network{Egress: []string{"10.0.0.0/24"}}, "10.0.0.9"},
		"outside the fan":             {juju.Network{Ingress: []string{"252.1.2.3", "10.0.0.1"}}, "10.0.0.1"},
		"the fan where nothing else":  {juju.Network{Ingress: []string{"252.1.2.3", "241.0.0.1"}}, "252.1.2.3"},
		"IPv6 is outside the fan":     {juju.Network{Ingress: []string{"252.1.2.3", "fd00::1"}}, "fd00::1"},
		"a name is taken as it is":    {juju.Network{Ingress: []string{"worker.example", "10.0.0.1"}}, "worker.example"},
		"just below the fan is fine":  {juju.Network{Bind: []string{"239.255.0.1", "10.0.0.1"}}, "239.255.0.1"},
		"IPv4 in the clothes of IPv6": {juju.Network{Bind: []string{"::ffff:252.0.0.1", "10.0.0.1"}}, "10.0.0.1"},
	} {
		s := juju.Snapshot{PrivateAddress: "10.0.0.9", Networks: map[string]juju.Network{"e": c.network}}
		if got := s.IngressAddress("e"); got != c.want {
			t.Errorf("%s: got %s", name, got)
		}
	}
}
