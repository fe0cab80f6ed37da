package drain_test

import (
	"context"
	"errors"
	"net/http"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"kubernetes-worker/internal/drain"
	"kubernetes-worker/internal/kube"
)

// between answers in place of the server for a while.
func (s *standIn) between(from, to time.Duration, method string, code int, body string) {
	s.answer = func(r *http.Request) (int, string) {
		since := s.now.Sub(epoch)
		if since < from || since >= to || method != "" && r.Method != method {
			return 0, ""
		}
		return code, body
	}
}

const forever = 1000 * time.Hour

var (
	away    = refusal(503, "ServiceUnavailable", "the server is currently unable to handle the request", "{}")
	gone410 = refusal(410, "Expired", "The provided continue parameter is too old", "{}")
)

func TestTroubleThatPassesDelaysAndDoesNoMore(t *testing.T) {
	for _, test := range []struct {
		name     string
		from, to time.Duration
		method   string
		code     int
		body     string
		event    string // must be told, once
	}{
		{"the server is away at the beginning", 0, 9 * time.Second, "", 503, away, "away  cannot list pods of node worker-1"},
		{"the server is away midway", 1, 25 * time.Second, "", 503, away, "away  cannot list pods of node worker-1"},
		{"the server has too much to do", 0, 9 * time.Second, "", 429, refusal(429, "TooManyRequests", "Too many requests", "{}"), "away  cannot list pods"},
		{"a continuation has expired", 0, 1, http.MethodGet, 410, gone410, "away  cannot list pods"},
		{"a webhook of the cluster fails", 0, 9 * time.Second, http.MethodPost, 500, refusal(500, "InternalError", "failed calling webhook", "{}"), "refused a cannot evict pod default/a"},
		{"the pod changes in this moment", 0, 3 * time.Second, http.MethodPost, 409, refusal(409, "Conflict", "the object has been modified", "{}"), "refused a cannot evict pod default/a: the object has been modified"},
		{"the namespace ends", 0, 9 * time.Second, http.MethodPost, 403, refusal(403, "Forbidden", "forbidden", `{"causes":[{"reason":"NamespaceTerminating","message":"namespace default is being terminated"}]}`), "refused a forbidden namespace default is being terminated"},
		{"the namespace ends on an old server", 0, 9 * time.Second, http.MethodPost, 403, refusal(403, "Forbidden", "unable to create new content in namespace default because it is being terminated.", "{}"), "refused a unable to create"},
		{"a budget is in disorder", 0, 9 * time.Second, http.MethodPost, 403, refusal(403, "Forbidden", "pdb disruptions allowed is negative", `{"kind":"poddisruptionbudget"}`), "refused a pdb disruptions allowed is negative"},
	} {
		t.Run(test.name, func(t *testing.T) {
			s := newStandIn(t, web("a"))
			s.between(test.from, test.to, test.method, test.code, test.body)
			result, events, err := s.evict(context.Background(), drain.Options{})
			if err != nil || names(result.Evicted) != "a" {
				t.Errorf("%+v %v", result, err)
			}
			told := 0
			for _, event := range events {
				if strings.HasPrefix(strings.ReplaceAll(event, "away cannot", "away  cannot"), test.event) {
					told++
				}
			}
			if told != 1 {
				t.Errorf("%q was told %d times: %q", test.event, told, events)
			}
			if s.now.Sub(epoch) < test.to {
				t.Errorf("ended after %v", s.now.Sub(epoch))
			}
		})
	}
}

func TestTroubleThatStaysIsNamed(t *testing.T) {
	unauthorized := refusal(401, "Unauthorized", "Unauthorized", "{}")
	for _, test := range []struct {
		name     string
		from     time.Duration
		method   string
		code     int
		body     string
		waits    bool // until the deadline
		evicted  string
		contains string
	}{
		{"the server stays away from the beginning", 0, "", 503, away, true, "", "cannot drain node worker-1 in 1m0s: cannot list pods of node worker-1: no API server answers"},
		{"the server goes away for good", 1, "", 503, away, true, "", "1 of 1 pods remain: default/a is ending: cannot list pods of node worker-1: no API server answers: "},
		{"the token is not accepted at all", 0, "", 401, unauthorized, false, "", "does not accept the token"},
		{"the token is no longer accepted", 1, "", 401, unauthorized, false, "", "1 of 1 pods remain: default/a is ending: cannot list pods of node worker-1: "},
		{"the token may not evict", 0, http.MethodPost, 401, unauthorized, false, "", "cannot evict pod default/a: "},
		{"pods may not be listed", 0, http.MethodGet, 403, refusal(403, "Forbidden", "pods is forbidden", "{}"), false, "", "cannot list pods of node worker-1: pods is forbidden"},
		{"pods may not be evicted", 0, http.MethodPost, 403, refusal(403, "Forbidden", "pods/eviction is forbidden", "{}"), false, "", "default/a: cannot evict pod default/a: pods/eviction is forbidden"},
		{"the answer is not what was asked for", 0, http.MethodGet, 200, `{"kind":"NodeList"}`, false, "", "cannot list pods of node worker-1: the answer is not a list of pods"},
	} {
		t.Run(test.name, func(t *testing.T) {
			s := newStandIn(t, web("a"))
			s.between(test.from, forever, test.method, test.code, test.body)
			result, _, err := s.evict(context.Background(), drain.Options{})
			if err == nil || !strings.Contains(err.Error(), test.contains) || names(result.Evicted) != test.evicted {
				t.Errorf("%+v\n%v\nwant %s", result, err, test.contains)
			}
			if waited := errors.Is(err, context.DeadlineExceeded); waited != test.waits || waited != (s.now.Sub(epoch) == time.Minute) {
				t.Errorf("deadline %v after %v", waited, s.now.Sub(epoch))
			}
		})
	}
}

func TestAWebhookThatRefusesOnePodHoldsNoOther(t *testing.T) {
	s := newStandIn(t, web("a"), web("b"))
	s.answer = func(r *http.Request) (int, string) {
		if strings.HasSuffix(r.URL.Path, "/a/eviction") {
			return 400, refusal(400, "BadRequest", `admission webhook "guard.example.test" denied the request`, "{}")
		}
		return 0, ""
	}
	result, _, err := s.evict(context.Background(), drain.Options{})
	if err == nil || !strings.Contains(err.Error(), `admission webhook "guard.example.test" denied`) || names(result.Evicted) != "b" || remaining(result.Remaining) != "a" {
		t.Errorf("%+v %v", result, err)
	}
}

func TestAPodThatSomebodyElseDeletesIsNoTrouble(t *testing.T) {
	s := newStandIn(t, web("a"))
	s.answer = func(r *http.Request) (int, string) {
		if r.Method == http.MethodPost {
			s.pods = nil
		}
		return 0, ""
	}
	if result, _, err := s.evict(context.Background(), drain.Options{}); err != nil || names(result.Evicted) != "a" {
		t.Errorf("%+v %v", result, err)
	}
}

func TestAPodThatIsDeletedWhileItMayNotBeEvictedGoes(t *testing.T) {
	a, b := web("a"), web("b")
	b.ends = epoch.Add(30 * time.Second)
	s := newStandIn(t, a, b)
	s.between(0, forever, http.MethodPost, 403, refusal(403, "Forbidden", "pods/eviction is forbidden", "{}"))
	s.tick = func(time.Duration) {
		if a.ends.IsZero() {
			a.ends = s.now.Add(time.Minute / 2)
		}
	}
	if result, _, err := s.evict(context.Background(), drain.Options{}); err != nil || names(result.Evicted) != "a b" {
		t.Errorf("%+v %v", result, err)
	}
}

func TestAPodThatComesLaterIsNotLookedAt(t *testing.T) {
	s := newStandIn(t, web("a"))
	s.tick = func(time.Duration) {
		if len(s.pods) == 1 {
			s.pods = append(s.pods, web("late"))
		}
	}
	result, _, err := s.evict(context.Background(), drain.Options{})
	if err != nil || names(result.Evicted) != "a" || len(s.asked) != 1 {
		t.Errorf("%+v %v, asked %q", result, err, s.asked)
	}
}

func TestBudgetsThatMayNotBeReadLeaveTheServersWords(t *testing.T) {
	s := newStandIn(t, web("a"))
	s.budgets = []*budget{budgetOf("web", "web", 0)}
	s.answer = func(r *http.Request) (int, string) {
		if strings.HasSuffix(r.URL.Path, "/poddisruptionbudgets") {
			return 403, refusal(403, "Forbidden", "no", "{}")
		}
		return 0, ""
	}
	_, _, err := s.evict(context.Background(), drain.Options{})
	if err == nil || !strings.Contains(err.Error(), "default/a: Cannot evict pod as it would violate the pod's disruption budget. The disruption budget web needs 2 healthy pods and has 2 currently") {
		t.Errorf("%v", err)
	}
}

func TestAHookThatIsCancelledStopsAtOnceAndCounts(t *testing.T) {
	s := newStandIn(t, web("a"), web("b"))
	ctx, cancel := context.WithCancel(context.Background())
	s.tick = func(time.Duration) { cancel() }
	result, _, err := s.evict(ctx, drain.Options{})
	if !errors.Is(err, context.Canceled) || remaining(result.Remaining) != "a b" || s.now.Sub(epoch) > 10*time.Second {
		t.Errorf("%+v %v", result, err)
	}
}

func TestWhatTheServerSaidCountsMoreThanThatTheTimeWasUp(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		asked := 0
		api := fake(func(ctx context.Context, r kube.Request) ([]byte, error) {
			switch {
			case r.Path == "/api/v1":
				return []byte(`{"kind":"APIResourceList","resources":[{"name":"pods/eviction","group":"policy","version":"v1"}]}`), nil
			case r.Path == "/api/v1/pods":
				return []byte(`{"kind":"PodList","items":[{"metadata":{"namespace":"default","name":"a","uid":"1","ownerReferences":[{"kind":"ReplicaSet","controller":true}]}}]}`), nil
			case r.Verb == http.MethodGet:
				return nil, &kube.Error{Kind: kube.Forbidden}
			}
			if asked++; asked == 1 {
				return nil, &kube.Error{Kind: kube.Disruption, Message: "the budget says no"}
			}
			<-ctx.Done()
			return nil, &kube.Error{Kind: kube.Unreachable}
		})
		result, err := drain.Evict(context.Background(), api, node, drain.Options{Timeout: time.Minute}, nil)
		if !errors.Is(err, context.DeadlineExceeded) || asked != 2 || len(result.Remaining) != 1 || result.Remaining[0].Message != "the budget says no" {
			t.Errorf("%+v %v, asked %d times", result, err, asked)
		}
	})
}
