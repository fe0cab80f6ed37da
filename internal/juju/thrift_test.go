package juju_test

import (
	"bytes"
	"encoding/json"
	"maps"
	"reflect"
	"slices"
	"strings"
	"testing"

	"kubernetes-worker/internal/juju"
	"kubernetes-worker/internal/juju/jujutest"
	"kubernetes-worker/internal/relation"
)

// stored sends what is remembered through the form it is kept in.
func stored(t *testing.T, r *juju.Remembered) *juju.Remembered {
	t.Helper()
	text, err := json.Marshal(r)
	if err != nil {
		t.Fatal(err)
	}
	var back juju.Remembered
	if err := json.Unmarshal(text, &back); err != nil {
		t.Fatal(err)
	}
	again, err := json.Marshal(&back)
	if err != nil || !bytes.Equal(text, again) {
		t.Errorf("not stable: %s, %s, %v", text, again, err)
	}
	return &back
}

// wanted is what a settled unit says in every hook.
func wanted() juju.Writes {
	return juju.Writes{
		Relations: map[string]map[string]string{
			"kube-control:3":  {"kubelet_user": "system:node:a", "auth_group": "system:nodes", "gpu": "False"},
			"certificates:10": {"common_name": "203.0.113.5"},
			"cni:2":           {"is-worker": "true"},
		},
		OpenPorts: []string{"80/tcp", "443/tcp"}, ApplicationVersion: "1.12.1",
		Status: &juju.Status{State: juju.Active, Message: "Kubernetes worker running."},
	}
}

// hookOf runs a hook from start to flush and returns its session.
func hookOf(t *testing.T, b bed, event juju.Event, before *juju.Remembered) *juju.Session {
	t.Helper()
	b.agent.Forget()
	s := b.open(t, event, juju.Options{Endpoints: endpoints, Networks: []string{"kube-control"}, Remembered: before})
	if err := s.Log(t.Context(), juju.Info, "done"); err != nil {
		t.Fatal(err)
	}
	if err := s.Commit(t.Context(), wanted()); err != nil {
		t.Fatal(err)
	}
	b.agent.Flush()
	return s
}

func byProcesses(t *testing.T, agent *jujutest.Agent) bed {
	t.Helper()
	socket := jujutest.Serve(t, agent)
	env := environment(t, agent, socket)
	return bed{agent: agent, env: env, transport: juju.NewExec(env.Path, env.CharmDir, toolEnviron(socket))}
}

func TestUpdateStatusWithNothingNewNeedsSevenProcesses(t *testing.T) {
	b := byProcesses(t, related())
	before := stored(t, hookOf(t, b, hook("config-changed"), nil).Remembered())  // sends
	before = stored(t, hookOf(t, b, hook("update-status"), before).Remembered()) // reads back what was sent
	tools, ok := b.transport.(*juju.Exec)
	if !ok {
		t.Fatal("the bed has no tools")
	}
	start := tools.Processes()
	s := hookOf(t, b, hook("update-status"), before)
	want := map[string]int{"config-get": 1, "relation-get": 4, "status-get": 1, "juju-log": 1}
	if got := s.Counts(); !maps.Equal(got, want) {
		t.Errorf("got %v, want %v", got, want)
	}
	if n := tools.Processes() - start; n != 7 {
		t.Errorf("%d processes", n)
	}
	if after := s.Remembered(); !reflect.DeepEqual(stored(t, after), before) {
		t.Errorf("what is remembered changed: %+v, %+v", after, before)
	}
	full := b.open(t, hook("config-changed"), juju.Options{Endpoints: endpoints, Networks: []string{"kube-control"}})
	if !reflect.DeepEqual(s.Snapshot(), full.Snapshot()) {
		t.Errorf("remembered %+v\nread       %+v", s.Snapshot(), full.Snapshot())
	}
}

func TestOnlyUpdateStatusOverProcessesTrustsMemory(t *testing.T) {
	for name, c := range map[string]struct {
		transport, event, agent string
		thrifty                 bool
	}{
		"update-status by processes":   {juju.ExecName, "update-status", "3.6.1", true},
		"update-status by the socket":  {juju.SocketName, "update-status", "3.6.1", false},
		"another hook by processes":    {juju.ExecName, "config-changed", "3.6.1", false},
		"update-status of a new agent": {juju.ExecName, "update-status", "4.0.0", false},
	} {
		b := bed{agent: related(), env: juju.Environment{UnitName: unit, Version: "3.6.1"}}
		b.transport = b.agent
		b.agent.Transport = c.transport
		before := hookOf(t, b, hook("config-changed"), nil).Remembered()
		before = hookOf(t, b, hook("config-changed"), before).Remembered()
		b.env.Version = c.agent
		counts := hookOf(t, b, hook(c.event), before).Counts()
		want := map[string]int{
			"config-get": 1, "relation-ids": 4, "relation-list": 4, "relation-get": 8, "network-get": 1, "unit-get": 2,
			"status-get": 1, "juju-log": 1, "opened-ports": 1,
		}
		if c.thrifty {
			want = map[string]int{"config-get": 1, "relation-get": 4, "status-get": 1, "juju-log": 1}
		}
		if c.agent != "3.6.1" {
			want["application-version-set"] = 1
		}
		if !maps.Equal(counts, want) {
			t.Errorf("%s: got %v, want %v", name, counts, want)
		}
	}
}

func TestDataWhoseFlushFailedIsSentAgain(t *testing.T) {
	b := bed{agent: related(), env: juju.Environment{UnitName: unit}}
	b.transport, b.agent.Transport = b.agent, juju.ExecName
	before := hookOf(t, b, hook("config-changed"), nil).Remembered()
	b.agent.Relations["cni:2"].Own = relation.Bag{} // as if the flush had lost it
	b.agent.Opened = nil
	before = hookOf(t, b, hook("update-status"), before).Remembered()
	if own := b.agent.Relations["cni:2"].Own; own["is-worker"] != "true" {
		t.Errorf("bag %v", own)
	}
	check(t, "ports", b.agent.Opened, []string{"80/tcp", "443/tcp"}, nil)
	if _, trusted := before.Own["cni:2"]; trusted || before.OpenedPorts != nil {
		t.Errorf("what was just sent is trusted: %+v", before)
	}
}

func TestRememberedRelationThatIsGoneIsReadAgain(t *testing.T) {
	b := bed{agent: related(), env: juju.Environment{UnitName: unit}}
	b.transport, b.agent.Transport = b.agent, juju.ExecName
	before := b.open(t, hook("config-changed"), juju.Options{Endpoints: endpoints}).Remembered()
	delete(b.agent.Relations, "cni:2")
	b.agent.Relate("cni:12", map[string]relation.Bag{"calico/0": {}})
	s := b.open(t, hook("update-status"), juju.Options{Endpoints: endpoints, Remembered: before})
	if cni := s.Snapshot().Endpoint("cni"); len(cni) != 1 || cni[0].ID != "cni:12" || s.Counts()["relation-ids"] != 1 {
		t.Errorf("cni %+v, counts %v", cni, s.Counts())
	}
	if after := s.Remembered(); !reflect.DeepEqual(after.Relations["cni"], []string{"cni:12"}) || after.Own["cni:2"] != nil {
		t.Errorf("remembered %+v", after)
	}
}

func TestWhatIsSaidInTheOpenIsRememberedAndNothingElse(t *testing.T) {
	b := bed{agent: related(), env: juju.Environment{UnitName: unit}}
	b.transport, b.agent.Transport = b.agent, juju.ExecName
	b.agent.Relate("cni:2", map[string]relation.Bag{"flannel/0": {"cidr": "10.1.0.0/16"}, "flannel/1": {}, "flannel/2": {"cidr": strings.Repeat("1", 1<<20)}})
	options := juju.Options{Endpoints: endpoints, Open: []string{"cni"}}
	first := b.open(t, hook("config-changed"), options)
	options.Remembered = stored(t, first.Remembered())
	b.agent.Forget()
	s := b.open(t, hook("update-status"), options)
	if !reflect.DeepEqual(s.Snapshot(), first.Snapshot()) {
		t.Errorf("remembered %+v\nread       %+v", s.Snapshot(), first.Snapshot())
	}
	for _, c := range b.agent.Calls("relation-get") {
		if c.Args[1] == "cni:2" && !slices.Contains(c.Args, "flannel/2") {
			t.Errorf("asked again: %v", c)
		}
	}
	if n := s.Counts()["relation-get"]; n != 4 {
		t.Errorf("asked %d times, want once for each of the three others and the long one", n)
	}
	for id, units := range s.Remembered().Units {
		for name, bag := range units {
			if kept := id == "cni:2" && name != "flannel/2"; kept != (bag != nil) {
				t.Errorf("of %s in %s is remembered %.100v", name, id, bag)
			}
		}
	}
}

func TestAddressesThatWereUnknownAreAskedForAgain(t *testing.T) {
	b := bed{agent: related(), env: juju.Environment{UnitName: unit}}
	b.transport, b.agent.Transport = b.agent, juju.ExecName
	b.agent.PublicAddress = ""
	options := juju.Options{Networks: []string{"cni"}}
	options.Remembered = b.open(t, hook("config-changed"), options).Remembered()
	b.agent.PublicAddress = "203.0.113.9"
	b.agent.Networks["cni"] = `{"ingress-addresses":["10.0.0.9"]}`
	s := b.open(t, hook("update-status"), options)
	if snap := s.Snapshot(); snap.PublicAddress != "203.0.113.9" || snap.IngressAddress("cni") != "10.0.0.9" || s.Counts()["unit-get"] != 1 {
		t.Errorf("snapshot %+v, counts %v", snap, s.Counts())
	}
}

func TestLeadersSettingsAreRememberedUntilThisUnitChangesThem(t *testing.T) {
	b := bed{agent: related(), env: juju.Environment{UnitName: unit, Version: "3.6.1"}}
	b.transport = b.agent
	b.agent.Transport = juju.ExecName
	settings := func(event string, before *juju.Remembered) (*juju.Session, int) {
		t.Helper()
		s := hookOf(t, b, hook(event), before)
		got, err := s.LeaderSettings(t.Context())
		if err != nil || got["timer"] != b.agent.LeaderSettings["timer"] {
			t.Errorf("%s: got %v, %v", event, got, err)
		}
		return s, s.Counts()["leader-get"]
	}
	first, asked := settings("config-changed", nil)
	if asked != 1 {
		t.Errorf("asked %d times", asked)
	}
	second, asked := settings("update-status", stored(t, first.Remembered()))
	if asked != 0 {
		t.Errorf("what is remembered, although nothing is published, was asked %d times", asked)
	}
	b.agent.Leader = true
	if err := second.SetLeaderSetting(t.Context(), "timer", "fri"); err != nil {
		t.Fatal(err)
	}
	if _, asked = settings("update-status", stored(t, second.Remembered())); asked != 1 {
		t.Errorf("what this unit published was not read back: asked %d times", asked)
	}
}
