package juju_test

import (
	"errors"
	"testing"

	"kubernetes-worker/internal/juju"
)

func lookup(vars map[string]string) func(string) string {
	return func(name string) string { return vars[name] }
}

func TestEventIsToldByDispatchPathOrByTheLinksPath(t *testing.T) {
	relation := map[string]string{
		"JUJU_RELATION": "kube-control", "JUJU_RELATION_ID": "kube-control:3", "JUJU_REMOTE_UNIT": "master/0",
		"JUJU_REMOTE_APP": "master", "JUJU_DEPARTING_UNIT": "master/0",
	}
	for name, c := range map[string]struct {
		argv0, dispatch string
		vars            map[string]string
		want            juju.Event
	}{
		"a hook started by its link": {argv0: "/charm/hooks/config-changed", want: juju.Event{Kind: juju.Hook, Name: "config-changed"}},
		"a hook started by dispatch": {argv0: "/charm/dispatch", dispatch: "hooks/install", want: juju.Event{Kind: juju.Hook, Name: "install"}},
		"dispatch outranks the link": {argv0: "/charm/hooks/install", dispatch: "hooks/start", want: juju.Event{Kind: juju.Hook, Name: "start"}},
		"an action started by its link": {
			argv0: "/charm/actions/pause", vars: map[string]string{"JUJU_ACTION_UUID": "12"},
			want: juju.Event{Kind: juju.Action, Name: "pause", ActionName: "pause", ActionID: "12"},
		},
		"an action started by dispatch": {
			argv0: "/charm/dispatch", dispatch: "actions/upgrade", vars: map[string]string{"JUJU_ACTION_NAME": "upgrade"},
			want: juju.Event{Kind: juju.Action, Name: "upgrade", ActionName: "upgrade"},
		},
		"a joined unit": {
			dispatch: "hooks/kube-control-relation-joined", vars: relation,
			want: juju.Event{
				Kind: juju.Hook, Name: "kube-control-relation-joined", Phase: juju.Joined, Relation: "kube-control",
				RelationID: "kube-control:3", RemoteUnit: "master/0", RemoteApp: "master",
			},
		},
		"a departing unit is named in departed only": {
			dispatch: "hooks/kube-control-relation-departed", vars: relation,
			want: juju.Event{
				Kind: juju.Hook, Name: "kube-control-relation-departed", Phase: juju.Departed, Relation: "kube-control",
				RelationID: "kube-control:3", RemoteUnit: "master/0", RemoteApp: "master", DepartingUnit: "master/0",
			},
		},
		"a new secret": {
			dispatch: "hooks/secret-changed", vars: map[string]string{"JUJU_SECRET_ID": "secret:abc"},
			want: juju.Event{Kind: juju.Hook, Name: "secret-changed", SecretID: "secret:abc"},
		},
	} {
		vars := map[string]string{"JUJU_DISPATCH_PATH": c.dispatch}
		for k, v := range c.vars {
			vars[k] = v
		}
		if got, err := juju.ParseEvent(c.argv0, lookup(vars)); err != nil || got != c.want {
			t.Errorf("%s: got %+v, %v; want %+v", name, got, err, c.want)
		}
	}
}

func TestEventIsRefusedWhereNothingTellsIt(t *testing.T) {
	for _, argv0 := range []string{"/charm/dispatch", "/usr/bin/kubernetes-worker", "kubernetes-worker", "", "hooks"} {
		if got, err := juju.ParseEvent(argv0, lookup(nil)); !errors.Is(err, juju.ErrNotInHook) {
			t.Errorf("ParseEvent(%q) = %+v, %v", argv0, got, err)
		}
	}
}

func TestRestrictedHooksAreRecognised(t *testing.T) {
	for name, want := range map[string]bool{"collect-metrics": true, "meter-status-changed": true, "update-status": false} {
		event, err := juju.ParseEvent("/charm/hooks/"+name, lookup(nil))
		if err != nil || event.Restricted() != want {
			t.Errorf("%s: restricted %v, %v", name, event.Restricted(), err)
		}
	}
	if (juju.Event{Kind: juju.Action, Name: "collect-metrics"}).Restricted() {
		t.Error("an action is restricted")
	}
}

func TestEnvironmentIsRead(t *testing.T) {
	env, err := juju.ReadEnvironment(lookup(map[string]string{
		"JUJU_UNIT_NAME": "kubernetes-worker/12", "JUJU_CONTEXT_ID": "c", "CHARM_DIR": "/charm", "JUJU_CHARM_HTTP_PROXY": "http://p",
		juju.SocketSwitch: "off",
	}))
	if err != nil || env.AppName != "kubernetes-worker" || env.UnitNumber() != 12 || env.CharmDir != "/charm" ||
		env.HTTPProxy != "http://p" || !env.SocketOff {
		t.Errorf("got %+v, %v", env, err)
	}
}

func TestEnvironmentOutsideAHookIsRefused(t *testing.T) {
	for name, c := range map[string]struct {
		vars      map[string]string
		notInHook bool
	}{
		"nothing set":       {nil, true},
		"no context":        {map[string]string{"JUJU_UNIT_NAME": "w/0"}, true},
		"no unit":           {map[string]string{"JUJU_CONTEXT_ID": "c"}, true},
		"application name":  {map[string]string{"JUJU_CONTEXT_ID": "c", "JUJU_UNIT_NAME": "w"}, false},
		"number is no text": {map[string]string{"JUJU_CONTEXT_ID": "c", "JUJU_UNIT_NAME": "w/x"}, false},
	} {
		if _, err := juju.ReadEnvironment(lookup(c.vars)); err == nil || errors.Is(err, juju.ErrNotInHook) != c.notInHook {
			t.Errorf("%s: %v", name, err)
		}
	}
}
