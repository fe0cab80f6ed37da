package resource

import (
	"testing"

	"kubernetes-worker/internal/condition"
	"kubernetes-worker/internal/snapd"
	"kubernetes-worker/internal/state"
)

func TestASettingOfSnapdIsTakenBackOnlyIfItIsStillOurs(t *testing.T) {
	proxy := func(value string) SnapdSetting {
		return SnapdSetting{Option: "snap_proxy", Values: map[string]string{ProxyHTTP: value}, Restore: true}
	}
	for _, c := range []struct {
		name, before, after string
		meanwhile           string
	}{
		{"nothing was there", "", "", ""},
		{"something was there", "http://theirs.test", "http://theirs.test", ""},
		{"something with a password was there, which is kept nowhere", "http://u:p@theirs.test", "", ""},
		{"somebody has changed it since", "", "http://new.test", "http://new.test"},
	} {
		sys, _, _ := newSystem(t)
		daemon := &snaps{conf: map[string]map[string]any{"system": {}}}
		sys.Snaps = daemon
		conf := daemon.conf["system"]
		if c.before != "" {
			conf[ProxyHTTP] = c.before
		}
		realise(t, sys, proxy("http://ours.test"))
		if conf[ProxyHTTP] != "http://ours.test" {
			t.Fatalf("%s: %v", c.name, conf)
		}
		if c.meanwhile != "" {
			conf[ProxyHTTP] = c.meanwhile
		}
		realise(t, sys, proxy(""))
		got, _ := conf[ProxyHTTP].(string)
		if got != c.after || len(sys.State.Snapd.Keys) != 0 {
			t.Errorf("%s: %q, noted %v", c.name, got, sys.State.Snapd.Keys)
		}
		if changes := realise(t, sys, proxy("")); len(changes) > 0 {
			t.Errorf("%s: again %v", c.name, changes)
		}
	}
}

func TestASettingOfSnapdGivesWayWhereItIsOnlyTheModels(t *testing.T) {
	sys, _, _ := newSystem(t)
	daemon := &snaps{conf: map[string]map[string]any{"system": {ProxyHTTP: "http://theirs.test"}}}
	sys.Snaps = daemon
	values := map[string]string{ProxyHTTP: "http://model.test", ProxyHTTPS: "http://model.test"}
	realise(t, sys, SnapdSetting{Option: "snap_proxy", Values: values, Yield: true, Restore: true})
	if conf := daemon.conf["system"]; conf[ProxyHTTP] != "http://theirs.test" || conf[ProxyHTTPS] != "http://model.test" {
		t.Errorf("%v", conf)
	}
}

// A hook that was killed after it noted whose a key is, and before snapd had it, leaves the value of before as ours.
func TestASettingOfSnapdSurvivesAKill(t *testing.T) {
	sys, _, _ := newSystem(t)
	daemon := &snaps{conf: map[string]map[string]any{"system": {RefreshTimer: "mon"}}}
	sys.Snaps = daemon
	sys.State.Snapd.Keys = map[string]state.Setting{RefreshTimer: {Prints: []string{printOf("mon"), printOf("tue")}}}
	realise(t, sys, SnapdSetting{Option: "snapd_refresh", Values: map[string]string{RefreshTimer: ""}})
	if conf := daemon.conf["system"]; conf[RefreshTimer] != nil || len(sys.State.Snapd.Keys) != 0 {
		t.Errorf("%v, noted %v", conf, sys.State.Snapd.Keys)
	}
}

func TestARefusedSettingIsNotAskedForAgainAndShowsNoPassword(t *testing.T) {
	sys, _, _ := newSystem(t)
	daemon := &snaps{conf: map[string]map[string]any{"system": {}}, fail: &snapd.Error{Message: "http://u:hunter2@x is bad"}}
	sys.Snaps = daemon
	bad := SnapdSetting{Option: "snap_proxy", Values: map[string]string{ProxyHTTP: "http://u:hunter2@x"}}
	err := bad.refusal(daemon.fail)
	if err != "the value is not shown, for it may hold a password" {
		t.Errorf("%s", err)
	}
	sys.State.Snapd.Refused = map[string]state.Failure{"snap_proxy": {Wanted: fingerprintOf(bad.Values), Reason: "why"}}
	_, findings := Realise(t.Context(), sys, []Resource{bad}, nil, false)
	if len(findings) != 1 || condition.Of(findings[0]) != condition.Blocked || len(daemon.sent) != 0 {
		t.Errorf("%v, sent %v", findings, daemon.sent)
	}
}
