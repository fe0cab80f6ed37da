package drain_test

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"kubernetes-worker/internal/drain"
	"kubernetes-worker/internal/kube"
)

const evictionPath = "/api/v1/namespaces/default/pods/"

func TestPodsGoByWhatTheServerHas(t *testing.T) {
	seven := 7 * time.Second
	for _, test := range []struct {
		name, version string
		grace         *time.Duration
		asked         string
	}{
		{"evictions of policy/v1", "v1", nil, `+0s POST ` + evictionPath + `a/eviction ` +
			`{"apiVersion":"policy/v1","kind":"Eviction","metadata":{"namespace":"default","name":"a"},"deleteOptions":{"preconditions":{"uid":"uid-a"}}}`},
		{"evictions of policy/v1beta1", "v1beta1", &seven, `+0s POST ` + evictionPath + `a/eviction ` +
			`{"apiVersion":"policy/v1beta1","kind":"Eviction","metadata":{"namespace":"default","name":"a"},"deleteOptions":{"gracePeriodSeconds":7,"preconditions":{"uid":"uid-a"}}}`},
		{"deletion where there are no evictions", "", &seven, `+0s DELETE ` + evictionPath + `a ` +
			`{"apiVersion":"v1","kind":"DeleteOptions","gracePeriodSeconds":7,"preconditions":{"uid":"uid-a"}}`},
	} {
		t.Run(test.name, func(t *testing.T) {
			s := newStandIn(t, web("a"))
			s.version = test.version
			result, events, err := s.evict(context.Background(), drain.Options{GracePeriod: test.grace})
			if err != nil || names(result.Evicted) != "a" || len(result.Remaining) != 0 {
				t.Errorf("%+v %v", result, err)
			}
			if got := strings.Join(events, ", "); got != "asked a, gone a" {
				t.Errorf("events %q", got)
			}
			s.wantAsked(test.asked)
			if took, least := s.now.Sub(epoch), grace; took < least || took > 10*time.Second {
				t.Errorf("took %v", took)
			}
		})
	}
}

func TestTheResultCountsAndNames(t *testing.T) {
	daemon, static, done := web("proxy"), web("static"), web("done")
	daemon.owner, static.mirror, done.phase = "DaemonSet proxy", true, "Succeeded"
	s := newStandIn(t, web("b"), daemon, web("a"), static, done)
	result, _, err := s.evict(context.Background(), drain.Options{IgnoreDaemonSets: true})
	if err != nil || names(result.Evicted) != "a b" || len(result.Remaining) != 0 {
		t.Fatalf("%+v %v", result, err)
	}
	if got := fmt.Sprint(result.Skipped); got != "[default/done has ended default/proxy is of a daemon set, which would start it here again default/static comes from a file on the node]" {
		t.Errorf("skipped %s", got)
	}
}

func TestAnEmptyNodeIsDrainedAtOnce(t *testing.T) {
	s := newStandIn(t)
	if result, events, err := s.evict(context.Background(), drain.Options{}); err != nil || len(events) != 0 || len(result.Evicted) != 0 || s.now != epoch {
		t.Errorf("%+v %q %v after %v", result, events, err, s.now.Sub(epoch))
	}
}

func TestNothingIsMovedWhileAPodIsHeld(t *testing.T) {
	s := newStandIn(t, web("a"), &pod{namespace: "default", name: "lone", uid: "1", emptyDir: true})
	_, _, err := s.evict(context.Background(), drain.Options{})
	var held *drain.HeldError
	if !errors.As(err, &held) || len(held.Held) != 1 || held.Held[0].Name != "lone" {
		t.Fatalf("%v", err)
	}
	const want = "cannot drain node worker-1: these pods must not be moved: default/lone has no controller that would make it again and keeps data in an emptyDir, which would be lost"
	if err.Error() != want {
		t.Errorf("got  %s\nwant %s", err, want)
	}
	s.wantAsked()
}

func TestABudgetThatNeverAllowsEndsWithTheDeadlineAndItsName(t *testing.T) {
	s := newStandIn(t, web("a"), web("b"), web("c"))
	s.pods[1].labels = map[string]string{"app": "db"}
	s.budgets = []*budget{budgetOf("db-budget", "db", 0), budgetOf("web-budget", "web", 5)}
	result, events, err := s.evict(context.Background(), drain.Options{Timeout: time.Minute})
	if names(result.Evicted) != "a c" || remaining(result.Remaining) != "b" {
		t.Fatalf("%+v", result)
	}
	var stuck *drain.StuckError
	if !errors.As(err, &stuck) || !errors.Is(err, context.DeadlineExceeded) || stuck.Total != 3 {
		t.Fatalf("%v", err)
	}
	const want = "cannot drain node worker-1 in 1m0s: 1 of 3 pods remain: default/b is held by budget db-budget (2 of 2 needed pods are healthy, 0 may go)"
	if err.Error() != want {
		t.Errorf("got  %s\nwant %s", err, want)
	}
	if took := s.now.Sub(epoch); took != time.Minute {
		t.Errorf("took %v", took)
	}
	if got := strings.Count(strings.Join(events, "\n"), "refused b Cannot evict pod as it would violate the pod's disruption budget. The disruption budget db-budget needs 2 healthy pods and has 2 currently"); got != 1 {
		t.Errorf("the refusal was told %d times: %q", got, events)
	}
	if tries := len(s.asked) - 2; tries < 6 || tries > 13 {
		t.Errorf("the pod was asked %d times in a minute", tries)
	}
}

func TestARefusedPodIsAskedAgainWhenTheServerSaysSo(t *testing.T) {
	s := newStandIn(t, web("a"))
	s.answer = func(r *http.Request) (int, string) {
		if r.Method == http.MethodPost && s.now.Sub(epoch) < 10*time.Second {
			return 429, refusal(429, "TooManyRequests", "wait", `{"retryAfterSeconds":13,"causes":[{"reason":"DisruptionBudget","message":"The disruption budget x is still being processed by the server."}]}`)
		}
		return 0, ""
	}
	result, _, err := s.evict(context.Background(), drain.Options{})
	if err != nil || names(result.Evicted) != "a" {
		t.Fatalf("%+v %v", result, err)
	}
	if len(s.asked) != 2 || !strings.HasPrefix(s.asked[1], "+13s POST") {
		t.Errorf("asked %q", s.asked)
	}
}

func TestABudgetThatAllowsOneAfterTheOtherLetsAllGo(t *testing.T) {
	s := newStandIn(t, web("a"), web("b"), web("c"))
	b := budgetOf("web", "web", 1)
	s.budgets = []*budget{b}
	s.tick = func(since time.Duration) {
		ending := 0
		for _, p := range s.pods {
			if !p.ends.IsZero() && s.now.Before(p.ends) {
				ending++
			}
		}
		b.allowed = 1 - ending // the replacement is ready elsewhere as soon as the pod is gone
	}
	result, _, err := s.evict(context.Background(), drain.Options{})
	if err != nil || names(result.Evicted) != "a b c" {
		t.Errorf("%+v %v", result, err)
	}
}

func TestAPodInTwoBudgetsIsToldWithoutWaiting(t *testing.T) {
	s := newStandIn(t, web("a"), web("b"))
	s.pods[0].labels = map[string]string{"app": "twice"}
	s.budgets = []*budget{budgetOf("one", "twice", 1), budgetOf("two", "twice", 1)}
	result, _, err := s.evict(context.Background(), drain.Options{Timeout: time.Hour})
	const want = "cannot drain node worker-1 in 3s: 1 of 2 pods remain: default/a is in more than one budget, so that the API does not evict it: " +
		"budget one (2 of 2 needed pods are healthy, 1 may go), budget two (2 of 2 needed pods are healthy, 1 may go)"
	if err == nil || err.Error() != want {
		t.Errorf("got  %v\nwant %s", err, want)
	}
	if took := s.now.Sub(epoch); names(result.Evicted) != "b" || took > 10*time.Second {
		t.Errorf("%+v after %v", result, took)
	}
}

func TestAReplacementWithTheSameNameIsAnotherPod(t *testing.T) {
	first := web("db-0")
	first.owner = "StatefulSet db"
	s := newStandIn(t, first)
	s.tick = func(time.Duration) {
		if !first.ends.IsZero() && !s.now.Before(first.ends) && len(s.pods) == 1 {
			s.pods = append(s.pods, &pod{namespace: "default", name: "db-0", uid: "uid-second", owner: "StatefulSet db"})
		}
	}
	result, _, err := s.evict(context.Background(), drain.Options{})
	if err != nil || names(result.Evicted) != "db-0" || len(s.asked) != 1 || len(s.pods) != 1 || s.pods[0].uid != "uid-second" {
		t.Errorf("%+v %v, asked %q", result, err, s.asked)
	}
}

func TestAPodThatGoesAlreadyIsWaitedForAndNotAsked(t *testing.T) {
	going := web("a")
	going.owner, going.emptyDir, going.ends = "", true, epoch.Add(20*time.Second)
	s := newStandIn(t, going)
	result, _, err := s.evict(context.Background(), drain.Options{})
	if err != nil || names(result.Evicted) != "a" || s.now.Sub(epoch) < 20*time.Second {
		t.Errorf("%+v %v", result, err)
	}
	s.wantAsked()
}

func TestAPodThatIsHeldByItsFinalizersIsNamedWithThem(t *testing.T) {
	held := web("a")
	held.finalizers = []string{"example.test/last-word"}
	s := newStandIn(t, held)
	_, _, err := s.evict(context.Background(), drain.Options{})
	if !errors.Is(err, context.DeadlineExceeded) || !strings.Contains(err.Error(), "default/a is ending and waits for finalizers example.test/last-word") || len(s.asked) != 1 {
		t.Errorf("%v, asked %q", err, s.asked)
	}
}

func TestANodeWithFiveHundredPodsIsReadInPages(t *testing.T) {
	s := newStandIn(t)
	for i := range 500 {
		s.pods = append(s.pods, web(fmt.Sprintf("web-%03d", i)))
	}
	plan, err := drain.Look(context.Background(), s.client, node, drain.Options{})
	if err != nil || len(plan.Move) != 500 || plan.Move[499].Name != "web-499" || s.lists != 5 {
		t.Fatalf("%d pods in %d lists, %v", len(plan.Move), s.lists, err)
	}
	result, _, err := s.evict(context.Background(), drain.Options{})
	if err != nil || len(result.Evicted) != 500 || len(s.asked) != 500 {
		t.Errorf("%d gone, %d asked, %v", len(result.Evicted), len(s.asked), err)
	}
}

func TestAnErrorNamesTenPodsAndCountsTheRest(t *testing.T) {
	s := newStandIn(t)
	for i := range 12 {
		s.pods = append(s.pods, &pod{namespace: "default", name: fmt.Sprintf("p%02d", i), uid: fmt.Sprint(i)})
	}
	_, _, err := s.evict(context.Background(), drain.Options{})
	if err == nil || !strings.Contains(err.Error(), "default/p09") || strings.Contains(err.Error(), "default/p10") || !strings.HasSuffix(err.Error(), "; and 2 more") {
		t.Errorf("%v", err)
	}
}

// fake answers without a network, so that the time can stand still.
type fake func(ctx context.Context, r kube.Request) ([]byte, error)

func (f fake) Send(ctx context.Context, r kube.Request) ([]byte, error) { return f(ctx, r) }

func TestEightPodsAreAskedAtATime(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var mu sync.Mutex
		asked := 0
		release := make(chan struct{})
		api := fake(func(_ context.Context, r kube.Request) ([]byte, error) {
			mu.Lock()
			defer mu.Unlock()
			switch {
			case r.Verb == http.MethodPost:
				asked++
				mu.Unlock()
				<-release
				mu.Lock()
				return []byte(`{}`), nil
			case r.Path == "/api/v1":
				return []byte(`{"kind":"APIResourceList","resources":[{"name":"pods/eviction","group":"policy","version":"v1"}]}`), nil
			case asked > 0:
				return []byte(`{"kind":"PodList"}`), nil
			}
			var items []string
			for i := range 20 {
				items = append(items, fmt.Sprintf(`{"metadata":{"namespace":"default","name":"p%d","uid":"%d","ownerReferences":[{"kind":"ReplicaSet","controller":true}]}}`, i, i))
			}
			return []byte(`{"kind":"PodList","items":[` + strings.Join(items, ",") + `]}`), nil
		})
		done := make(chan error)
		go func() {
			_, err := drain.Evict(context.Background(), api, node, drain.Options{Timeout: time.Minute}, nil)
			done <- err
		}()
		released := 0
		for _, want := range []int{8, 16, 20} {
			synctest.Wait()
			if asked != want {
				t.Errorf("%d pods are asked at the same time, want %d", asked-released, want-released)
			}
			for ; released < asked; released++ {
				release <- struct{}{}
			}
		}
		if err := <-done; err != nil {
			t.Error(err)
		}
	})
}

func TestAServerThatHangsDoesNotOutlastTheTimeout(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		began := time.Now()
		api := fake(func(ctx context.Context, _ kube.Request) ([]byte, error) {
			<-ctx.Done()
			return nil, ctx.Err()
		})
		_, err := drain.Evict(context.Background(), api, node, drain.Options{Timeout: time.Minute}, nil)
		if took := time.Since(began); !errors.Is(err, context.DeadlineExceeded) || took > time.Minute+5*time.Second {
			t.Errorf("%v after %v", err, took)
		}
	})
}
