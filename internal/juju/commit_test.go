package juju_test

import (
	"errors"
	"strings"
	"testing"

	"kubernetes-worker/internal/juju"
	"kubernetes-worker/internal/juju/jujutest"
)

func TestJujusKeysAndUnreadRelationsAreRefused(t *testing.T) {
	for id, want := range map[string]map[string]string{
		"kube-control:3": {"ingress-address": "10.0.0.1"}, "cni:2": {"private-address": ""}, "certificates:10": {"egress-subnets": "x"},
		"nfs:1": {"a": "b"},
	} {
		a := related()
		s := inMemory(a).open(t, hook("config-changed"), juju.Options{Endpoints: endpoints})
		err := s.Commit(t.Context(), juju.Writes{Relations: map[string]map[string]string{id: want}})
		if err == nil || !strings.HasPrefix(err.Error(), "cannot write relation "+id+": ") || len(a.Calls("relation-set")) != 0 {
			t.Errorf("%s: %v", id, err)
		}
	}
}

func TestValuesThatCannotTravelAreRefusedWithoutShowingThem(t *testing.T) {
	for name, want := range map[string]map[string]string{"key": {"a=b": "hunter2"}, "value": {"key": "hunter2\xff"}, "no key": {"": "hunter2"}} {
		s := inMemory(related()).open(t, hook("config-changed"), juju.Options{Endpoints: endpoints})
		err := s.Commit(t.Context(), juju.Writes{Relations: map[string]map[string]string{"cni:2": want}})
		if err == nil || strings.Contains(err.Error(), "hunter2") {
			t.Errorf("%s: %v", name, err)
		}
	}
}

func TestFailedWritingEndsTheCommitBeforeTheStatus(t *testing.T) {
	a := related()
	a.Failures["relation-set"] = juju.Result{Code: 1, Stderr: []byte("ERROR no\n")}
	s := inMemory(a).open(t, hook("config-changed"), juju.Options{Endpoints: endpoints})
	if err := s.Commit(t.Context(), wanted()); err == nil || len(a.Calls("status-set"))+len(a.Calls("application-version-set")) != 0 {
		t.Errorf("%v, %v", err, a.Calls(""))
	}
}

func TestPortsAreSentBlindlyWhereJujuDoesNotTellThem(t *testing.T) {
	a := jujutest.New(unit)
	a.Absent["opened-ports"] = true
	s := inMemory(a).open(t, hook("config-changed"), juju.Options{})
	if err := s.Commit(t.Context(), juju.Writes{OpenPorts: []string{"80"}, ClosePorts: []string{"443/tcp"}}); err != nil {
		t.Fatal(err)
	}
	if a.Flush(); len(a.Calls("open-port")) != 1 || len(a.Calls("close-port")) != 1 || s.Remembered().OpenedPorts != nil {
		t.Errorf("%v, %v", a.Calls(""), s.Remembered())
	}
}

func TestStatusIsSentOnlyWhereItDiffers(t *testing.T) {
	ready := juju.Status{State: juju.Active, Message: "ready"}
	for name, c := range map[string]struct {
		event juju.Event
		held  juju.Status
		sets  int
	}{
		"same":                       {hook("update-status"), ready, 0},
		"other message":              {hook("update-status"), juju.Status{State: juju.Active, Message: "x"}, 1},
		"after a failed hook":        {hook("update-status"), juju.Status{State: "error", Message: "hook failed"}, 1},
		"install has Juju's text":    {hook("install"), ready, 1},
		"start loses the status":     {hook("start"), ready, 1},
		"upgrade-charm":              {hook("upgrade-charm"), ready, 1},
		"stop":                       {hook("stop"), ready, 1},
		"remove":                     {hook("remove"), ready, 1},
		"an action of a hook's name": {juju.Event{Kind: juju.Action, Name: "start"}, ready, 0},
	} {
		a := jujutest.New(unit)
		a.Status = c.held
		s := inMemory(a).open(t, c.event, juju.Options{})
		for range 2 {
			if err := s.Commit(t.Context(), juju.Writes{Status: &ready}); err != nil {
				t.Fatal(err)
			}
		}
		if n := len(a.Calls("status-set")); n != c.sets || a.Status != ready {
			t.Errorf("%s: %d times, %v", name, n, a.Status)
		}
	}
}

func TestProgressShowsAtOnceAndOnce(t *testing.T) {
	a := jujutest.New(unit)
	s := inMemory(a).open(t, hook("install"), juju.Options{})
	for _, message := range []string{"Installing kubelet snap", "Installing kubelet snap", "--flag", ""} {
		if err := s.Progress(t.Context(), juju.Maintenance, message); err != nil {
			t.Fatal(err)
		}
		if a.Status != (juju.Status{State: juju.Maintenance, Message: message}) {
			t.Errorf("%q: %v", message, a.Status)
		}
	}
	if n := len(a.Calls("status-set")); n != 3 {
		t.Errorf("%d times", n)
	}
	if err := s.Progress(t.Context(), "error", "x"); err == nil {
		t.Error("a state that only Juju sets is sent")
	}
}

func TestStatusIsSentWhereJujuDoesNotTellIt(t *testing.T) {
	for name, damage := range map[string]func(*jujutest.Agent){
		"no tool": func(a *jujutest.Agent) { a.Absent["status-get"] = true },
		"fails":   func(a *jujutest.Agent) { a.Failures["status-get"] = juju.Result{Code: 1} },
		"garbage": func(a *jujutest.Agent) { a.Failures["status-get"] = juju.Result{Stdout: []byte("active\n")} },
	} {
		a := jujutest.New(unit)
		damage(a)
		s := inMemory(a).open(t, hook("update-status"), juju.Options{})
		if err := s.Progress(t.Context(), juju.Active, "x"); err != nil || a.Status.Message != "x" {
			t.Errorf("%s: %v, %v", name, err, a.Status)
		}
	}
}

func TestLongAndOddMessagesAreMadeToFit(t *testing.T) {
	a := jujutest.New(unit)
	s := inMemory(a).open(t, hook("update-status"), juju.Options{})
	if err := s.Log(t.Context(), juju.Error, strings.Repeat("ü", 100_000)+"\x00\xff"); err != nil {
		t.Fatal(err)
	}
	if n := len(a.Log[0]); n > 66_000 || n < 60_000 || !strings.HasSuffix(a.Log[0], "ü [cut]") {
		t.Errorf("%d bytes, ends %q", n, a.Log[0][n-12:])
	}
	if err := s.Log(t.Context(), juju.Info, "a\x00b\xff"); err != nil || a.Log[1] != "INFO ab\uFFFD" {
		t.Errorf("%q, %v", a.Log[1], err)
	}
}

func TestActionResultsAreChecked(t *testing.T) {
	a := jujutest.New(unit)
	a.InAction = true
	s := inMemory(a).open(t, juju.Event{Kind: juju.Action, Name: "debug"}, juju.Options{})
	for _, key := range []string{"", "A", "a_b", "-a", "a-", "a..b", ".a", "stdout", "a=b"} {
		if err := s.ActionSet(t.Context(), map[string]string{key: "x"}); err == nil {
			t.Errorf("key %q is accepted", key)
		}
	}
	if err := s.ActionSet(t.Context(), map[string]string{"a": strings.Repeat("x", 1<<20)}); err == nil {
		t.Error("a value beyond the kernel's limit is accepted")
	}
	if err := s.ActionSet(t.Context(), nil); err != nil || len(a.Calls("action-set")) != 0 {
		t.Errorf("%v, %v", err, a.Calls("action-set"))
	}
	if err := s.ActionFail(t.Context(), ""); err != nil || a.Failure == nil || !strings.Contains(*a.Failure, "without reason") {
		t.Errorf("%v, %v", err, a.Failure)
	}
}

func TestRebootIsAskedForInHooksOnly(t *testing.T) {
	a := jujutest.New(unit)
	s := inMemory(a).open(t, hook("config-changed"), juju.Options{})
	if err := s.Reboot(t.Context()); err != nil || !a.RebootAsked {
		t.Errorf("%v, %v", err, a.RebootAsked)
	}
	a.InAction = true
	var failure *juju.ToolError
	if err := s.Reboot(t.Context()); !errors.As(err, &failure) {
		t.Errorf("in an action: %v", err)
	}
}

func TestPrivateAddressIsTheCharmsOnlyWhereJujuLeavesIt(t *testing.T) {
	for version, ours := range map[string]bool{"2.9.31": false, "3.6.1-beta1": false, "4.0.15": true, "": false} {
		a := related()
		b := inMemory(a)
		b.env.Version = version
		s := b.open(t, hook("config-changed"), juju.Options{Endpoints: endpoints})
		err := s.Commit(t.Context(), juju.Writes{Relations: map[string]map[string]string{"cni:2": {"private-address": "10.0.0.5"}}})
		if sent := len(a.Calls("relation-set")) == 1; sent != ours || (err == nil) != ours {
			t.Errorf("Juju %q: sent %v, %v", version, sent, err)
		}
	}
}
