package drain_test

import (
	"context"
	"fmt"
	"net/http"
	"strings"
	"testing"
	"time"

	"kubernetes-worker/internal/drain"
	"kubernetes-worker/internal/kube"
)

func TestLookSaysWhatWouldGoAndWhatStandsInTheWay(t *testing.T) {
	all := drain.Options{DeleteLocalData: true, Force: true, IgnoreDaemonSets: true}
	for _, test := range []struct {
		name    string
		change  func(*pod)
		options drain.Options
		want    string // of move, skip, held
	}{
		{"a pod with a controller goes", func(*pod) {}, drain.Options{}, "[default/a] [] []"},
		{"a pod without one is held", func(p *pod) { p.owner = "" }, drain.Options{DeleteLocalData: true, IgnoreDaemonSets: true},
			"[] [] [default/a has no controller that would make it again]"},
		{"and goes by force", func(p *pod) { p.owner = "" }, drain.Options{Force: true}, "[default/a] [] []"},
		{"local data holds a pod", func(p *pod) { p.emptyDir = true }, drain.Options{Force: true, IgnoreDaemonSets: true},
			"[] [] [default/a keeps data in an emptyDir, which would be lost]"},
		{"that may be given up", func(p *pod) { p.emptyDir = true }, drain.Options{DeleteLocalData: true}, "[default/a] [] []"},
		{"both reasons are told", func(p *pod) { p.owner, p.emptyDir = "", true }, drain.Options{},
			"[] [] [default/a has no controller that would make it again and keeps data in an emptyDir, which would be lost]"},
		{"a daemon set's pod holds", func(p *pod) { p.owner = "DaemonSet a" }, drain.Options{Force: true, DeleteLocalData: true}, "[] [] [default/a is of a daemon set]"},
		{"unless it is ignored, whatever data it has", func(p *pod) { p.owner, p.emptyDir = "DaemonSet a", true }, drain.Options{IgnoreDaemonSets: true},
			"[] [default/a is of a daemon set, which would start it here again] []"},
		{"a static pod stays even by force", func(p *pod) { p.owner, p.mirror = "Node worker-1", true }, all, "[] [default/a comes from a file on the node] []"},
		{"a pod that succeeded stays", func(p *pod) { p.phase, p.owner = "Succeeded", "" }, drain.Options{}, "[] [default/a has ended] []"},
		{"a pod that failed stays", func(p *pod) { p.phase, p.emptyDir = "Failed", true }, drain.Options{}, "[] [default/a has ended] []"},
		{"a pod that ends anyway is no obstacle", func(p *pod) { p.owner, p.emptyDir, p.ends = "", true, epoch }, drain.Options{}, "[default/a] [] []"},
		{"a pod of another node is none of it", func(p *pod) { p.node = "worker-2" }, drain.Options{}, "[] [] []"},
	} {
		t.Run(test.name, func(t *testing.T) {
			p := web("a")
			test.change(p)
			s := newStandIn(t, p)
			plan, err := drain.Look(context.Background(), s.client, node, test.options)
			if got := fmt.Sprint(plan.Move, plan.Skip, plan.Held); err != nil || got != test.want {
				t.Errorf("got  %s %v\nwant %s", got, err, test.want)
			}
			s.wantAsked()
		})
	}
}

func TestLookReadsBudgetsWhereItIsToldTo(t *testing.T) {
	pods := []*pod{web("a"), web("b"), web("c"), web("d"), web("e")}
	for i, app := range []string{"free", "tight", "twice", "none", "twice"} {
		pods[i].labels = map[string]string{"app": app}
	}
	pods[4].ends = epoch // goes in any case
	s := newStandIn(t, pods...)
	s.budgets = []*budget{budgetOf("free", "free", 1), budgetOf("tight", "tight", 0), budgetOf("one", "twice", 1), budgetOf("two", "twice", 1)}
	plan, err := drain.Look(context.Background(), s.client, node, drain.Options{Budgets: true})
	const want = "[default/a default/b default/d default/e] [] [default/c is in more than one disruption budget, so that the API does not evict it] " +
		"[default/b is held by budget tight (2 of 2 needed pods are healthy, 0 may go)]"
	if got := fmt.Sprint(plan.Move, plan.Skip, plan.Held, plan.Tight); err != nil || got != want {
		t.Errorf("got  %s %v\nwant %s", got, err, want)
	}

	// A server that does not let budgets be read is no obstacle, and one that has no evictions has no use for them.
	for _, version := range []string{"v1", ""} {
		s.version = version
		s.answer = func(r *http.Request) (int, string) {
			if strings.HasSuffix(r.URL.Path, "/poddisruptionbudgets") {
				return 403, refusal(403, "Forbidden", "no", "{}")
			}
			return 0, ""
		}
		plan, err = drain.Look(context.Background(), s.client, node, drain.Options{Budgets: true})
		if err != nil || len(plan.Move) != 5 || len(plan.Held)+len(plan.Tight) > 0 {
			t.Errorf("%+v %v", plan, err)
		}
	}
	s.wantAsked()
}

func TestLookSortsAndNamesControllers(t *testing.T) {
	first, second := web("z"), web("a")
	first.namespace = "apps"
	s := newStandIn(t, second, first)
	plan, err := drain.Look(context.Background(), s.client, node, drain.Options{})
	if err != nil || fmt.Sprint(plan.Move) != "[apps/z default/a]" || plan.Move[0].Controller != "ReplicaSet web" || plan.Node != node {
		t.Errorf("%+v %v", plan, err)
	}
}

func TestLookFailsWithWhatTheServerSays(t *testing.T) {
	s := newStandIn(t)
	s.between(0, time.Hour, "", 401, refusal(401, "Unauthorized", "Unauthorized", "{}"))
	if _, err := drain.Look(context.Background(), s.client, node, drain.Options{}); kube.KindOf(err) != kube.Unauthorized {
		t.Errorf("%v", err)
	}
}

func TestAListWithoutEndIsGivenUp(t *testing.T) {
	pages := 0
	api := fake(func(context.Context, kube.Request) ([]byte, error) {
		pages++
		return []byte(`{"kind":"PodList","metadata":{"continue":"again"}}`), nil
	})
	if _, err := drain.Look(context.Background(), api, node, drain.Options{}); err == nil || pages > 1000 {
		t.Errorf("%v after %d pages", err, pages)
	}
}
