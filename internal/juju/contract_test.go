package juju_test

import (
	"errors"
	"maps"
	"reflect"
	"slices"
	"strings"
	"testing"

	"kubernetes-worker/internal/juju"
	"kubernetes-worker/internal/juju/jujutest"
	"kubernetes-worker/internal/relation"
)

func TestSnapshotIsTheSameOverEveryTransport(t *testing.T) {
	onEveryTransport(t, func(t *testing.T, newBed func(*jujutest.Agent) bed) {
		a := related()
		a.Relate("cni:11", map[string]relation.Bag{"calico/1": {}, "calico/0": {"a": "true"}})
		got := newBed(a).open(t, hook("config-changed"), juju.Options{Endpoints: endpoints, Networks: []string{"kube-control", "cni"}}).Snapshot()
		one := func(id, endpoint, app, unit string, data, own relation.Bag) relation.Relation {
			return relation.Relation{ID: id, Endpoint: endpoint, App: app, Units: []relation.Unit{{Name: unit, Data: data}}, Own: own}
		}
		want := &juju.Snapshot{
			Config: map[string]any{"channel": "1.12/stable", "ingress": true, "port": int64(10), "ratio": 0.5, "html": "<&>"},
			Relations: []relation.Relation{
				one("certificates:10", "certificates", "easyrsa", "easyrsa/0", relation.Bag{"ca": "PEM"}, relation.Bag{}),
				{ID: "cni:11", Endpoint: "cni", App: "calico", Own: relation.Bag{}, Units: []relation.Unit{
					{Name: "calico/0", Data: relation.Bag{"a": "true"}}, {Name: "calico/1", Data: relation.Bag{}},
				}},
				one("cni:2", "cni", "flannel", "flannel/7", relation.Bag{"cidr": "10.1.0.0/16"}, relation.Bag{}),
				one("kube-api-endpoint:4", "kube-api-endpoint", "master", "master/0", relation.Bag{"port": "6443"}, relation.Bag{}),
				one("kube-control:3", "kube-control", "master", "master/0", relation.Bag{"domain": "cluster.local"}, a.Relations["kube-control:3"].Own),
			},
			PublicAddress: "203.0.113.5", PrivateAddress: "10.0.0.5",
			Networks: map[string]juju.Network{
				"kube-control": {Ingress: []string{"10.0.0.5"}, Bind: []string{"10.0.0.6"}, Egress: []string{"10.0.0.5/32"}},
			},
		}
		if !reflect.DeepEqual(got, want) {
			t.Errorf("got  %+v\nwant %+v", got, want)
		}
	})
}

func TestEveryToolGivesItsAnswer(t *testing.T) {
	onEveryTransport(t, func(t *testing.T, newBed func(*jujutest.Agent) bed) {
		a := jujutest.New(unit)
		a.Goal = `{"units":{"kubernetes-worker/0":{"status":"active","since":"2018-10-17 10:00:00Z"}},` +
			`"relations":{"kube-control":{"kubernetes-master":{"status":"joined"},"kubernetes-master/0":{"status":"active"}}}}`
		a.Resources["cni"] = "/var/lib/juju/resources/cni/cni.tgz"
		a.Secrets["secret:abc"] = map[string]string{"kubelet-token": "s3cret"}
		a.Leader = true
		a.LeaderSettings["snapd_refresh"] = "fri,23:00"
		a.InAction = true
		a.Params = map[string]any{"delete": true, "nested": map[string]any{"n": 3}}
		ctx := t.Context()
		s := newBed(a).open(t, juju.Event{Kind: juju.Action, Name: "pause", ActionName: "pause"}, juju.Options{})

		goal, err := s.GoalState(ctx)
		check(t, "units of the goal", goal.Units, map[string]string{"kubernetes-worker/0": "active"}, err)
		check(t, "relations of the goal", goal.Relations["kube-control"], map[string]string{"kubernetes-master": "joined", "kubernetes-master/0": "active"}, err)
		check(t, "expectations", []bool{goal.Expects("kube-control"), goal.Expects("cni")}, []bool{true, false}, err)
		path, err := s.Resource(ctx, "cni")
		check(t, "resource", path, "/var/lib/juju/resources/cni/cni.tgz", err)
		content, err := s.Secret(ctx, "secret:abc")
		check(t, "secret", content["kubelet-token"].Reveal(), "s3cret", err)
		leader, err := s.IsLeader(ctx)
		check(t, "leadership", leader, true, err)
		err = s.SetLeaderSetting(ctx, "extra", "x")
		settings, getErr := s.LeaderSettings(ctx)
		check(t, "leader settings", settings, map[string]string{"snapd_refresh": "fri,23:00", "extra": "x"}, errors.Join(err, getErr))
		params, err := s.ActionParams(ctx)
		check(t, "parameters", params, map[string]any{"delete": true, "nested": map[string]any{"n": int64(3)}}, err)
		err = errors.Join(s.ActionSet(ctx, map[string]string{"a.b-1": "1=2", "c": ""}), s.ActionLog(ctx, "-half done"), s.ActionFail(ctx, "- broke"))
		check(t, "results", a.Results, map[string]string{"a.b-1": "1=2", "c": ""}, err)
		check(t, "progress", a.Progress, []string{"-half done"}, nil)
		check(t, "failure", *a.Failure, "- broke", nil)
		err = errors.Join(s.Log(ctx, juju.Warning, "-l two\nlines"), s.Log(ctx, juju.Info, " \n"))
		check(t, "log", a.Log, []string{"WARNING -l two\nlines"}, err)
	})
}

func check(t *testing.T, what string, got, want any, err error) {
	t.Helper()
	if err != nil || !reflect.DeepEqual(got, want) {
		t.Errorf("%s: got %v, %v; want %v", what, got, err, want)
	}
}

func TestToolsThatThisJujuLacksAreToldApart(t *testing.T) {
	onEveryTransport(t, func(t *testing.T, newBed func(*jujutest.Agent) bed) {
		a := jujutest.New(unit)
		for _, tool := range []string{"leader-get", "secret-get", "goal-state", "resource-get", "network-get", "unit-get"} {
			a.Absent[tool] = true
		}
		ctx := t.Context()
		s := newBed(a).open(t, hook("config-changed"), juju.Options{Networks: []string{"kube-control"}})
		_, leader := s.LeaderSettings(ctx)
		_, secrets := s.Secret(ctx, "secret:abc")
		_, goal := s.GoalState(ctx)
		_, resource := s.Resource(ctx, "cni")
		for tool, err := range map[string]error{"leader-get": leader, "secret-get": secrets, "goal-state": goal, "resource-get": resource} {
			if !errors.Is(err, juju.ErrNoTool) || errors.Is(err, juju.ErrMissing) {
				t.Errorf("%s: %v", tool, err)
			}
		}
		if s.Snapshot().IngressAddress("kube-control") != "" || s.Counts()["leader-get"] != 0 {
			t.Errorf("snapshot %+v, counts %v", s.Snapshot(), s.Counts())
		}
		if _, err := s.IsLeader(ctx); err != nil {
			t.Errorf("after a missing tool the next one fails: %v", err)
		}
	})
}

func TestFailuresOfToolsKeepTheirCodeAndReason(t *testing.T) {
	onEveryTransport(t, func(t *testing.T, newBed func(*jujutest.Agent) bed) {
		s := newBed(jujutest.New(unit)).open(t, hook("config-changed"), juju.Options{})
		ctx := t.Context()
		_, secretErr := s.Secret(ctx, "secret:ungranted")
		for text, err := range map[string]error{
			"cannot run secret-get: permission denied (exit code 1)":                                                       secretErr,
			"cannot run leader-set: cannot write leadership settings: cannot write settings: not the leader (exit code 1)": s.SetLeaderSetting(ctx, "a", "b"),
			"cannot run action-fail: not running an action (exit code 1)":                                                  s.ActionFail(ctx, "x"),
		} {
			var failure *juju.ToolError
			if !errors.As(err, &failure) || err.Error() != text {
				t.Errorf("got %v, want %s", err, text)
			}
		}
		if _, err := s.Resource(ctx, "cni"); !errors.Is(err, juju.ErrMissing) || errors.Is(err, juju.ErrNoTool) {
			t.Errorf("resource that was never attached: %v", err)
		}
	})
}

func TestCommitSendsOnlyWhatDiffers(t *testing.T) {
	onEveryTransport(t, func(t *testing.T, newBed func(*jujutest.Agent) bed) {
		a := related()
		a.Opened = []string{"443/tcp"}
		a.Status = juju.Status{State: juju.Waiting, Message: "for something"}
		s := newBed(a).open(t, hook("config-changed"), juju.Options{Endpoints: endpoints})
		a.Forget()
		odd := "\"q\" \\ tab\t nul-free\x7f\u0085\ufeff\u2028 é 😀\r\nend: {x}"
		w := juju.Writes{
			Relations: map[string]map[string]string{
				"kube-control:3": {"kubelet_user": "system:node:b", "auth_group": "system:nodes", "gpu": "True", "never": "", "odd": odd, "53": "053"},
				"cni:2":          {"absent": ""},
			},
			OpenPorts: []string{"80", "443/tcp"}, ClosePorts: []string{"8080/tcp"},
			ApplicationVersion: "1.12.1", Status: &juju.Status{State: juju.Active, Message: "-ready"},
		}
		if err := s.Commit(t.Context(), w); err != nil {
			t.Fatal(err)
		}
		if own := a.Relations["kube-control:3"].Own; own["gpu"] != "" {
			t.Errorf("visible before the flush: %v", own)
		}
		if err := s.Commit(t.Context(), w); err != nil {
			t.Fatal(err)
		}
		a.Flush()
		check(t, "tools", toolsOf(a), []string{"relation-set", "opened-ports", "open-port", "application-version-set", "status-get", "status-set"}, nil)
		check(t, "bag", a.Relations["kube-control:3"].Own, relation.Bag{
			"private-address": "10.0.0.5", "kubelet_user": "system:node:b", "auth_group": "system:nodes", "gpu": "True", "odd": odd, "53": "053",
		}, nil)
		set := a.Calls("relation-set")[0]
		check(t, "arguments", set.Args, []string{"-r", "kube-control:3", "--file", "-"}, nil)
		if strings.Contains(set.Stdin, "auth_group") || strings.Contains(set.Stdin, "never") {
			t.Errorf("unchanged keys are sent: %s", set.Stdin)
		}
		check(t, "ports", a.Opened, []string{"443/tcp", "80/tcp"}, nil)
		check(t, "status", a.Status, *w.Status, nil)
		check(t, "version", a.ApplicationVersion, "1.12.1", nil)

		w.Relations = map[string]map[string]string{"kube-control:3": {"gpu": ""}}
		w.OpenPorts, w.ClosePorts = nil, []string{"80/tcp", "443/tcp"}
		if err := s.Commit(t.Context(), w); err != nil {
			t.Fatal(err)
		}
		a.Flush()
		if _, there := a.Relations["kube-control:3"].Own["gpu"]; there || len(a.Opened) != 0 {
			t.Errorf("still there: %v, %v", a.Relations["kube-control:3"].Own, a.Opened)
		}
	})
}

func toolsOf(a *jujutest.Agent) []string {
	var tools []string
	for _, c := range a.Calls("") {
		tools = append(tools, c.Tool)
	}
	return tools
}

func TestCountsAreOfCallsByTool(t *testing.T) {
	onEveryTransport(t, func(t *testing.T, newBed func(*jujutest.Agent) bed) {
		b := newBed(related())
		s := b.open(t, hook("config-changed"), juju.Options{Endpoints: endpoints, Networks: []string{"kube-control"}})
		want := map[string]int{
			"config-get": 1, "relation-ids": 4, "relation-list": 4, "relation-get": 8, "network-get": 1, "unit-get": 2,
		}
		if got := s.Counts(); !maps.Equal(got, want) {
			t.Errorf("got %v, want %v", got, want)
		}
		total := 0
		for _, n := range want {
			total += n
		}
		if calls := b.agent.Calls(""); len(calls) != total {
			t.Errorf("the agent saw %d calls: %v", len(calls), slices.Collect(maps.Keys(want)))
		}
		if tools, ok := b.transport.(*juju.Exec); ok && tools.Processes() != total {
			t.Errorf("%d processes for %d calls", tools.Processes(), total)
		}
	})
}
