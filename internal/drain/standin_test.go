package drain_test

import (
	"context"
	"encoding/json"
	"encoding/pem"
	"fmt"
	"io"
	"log"
	"net/http"
	"net/http/httptest"
	"slices"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"kubernetes-worker/internal/drain"
	"kubernetes-worker/internal/kube"
	"kubernetes-worker/internal/secret"
)

const (
	node  = "worker-1"
	grace = 3 * time.Second // what a pod takes to end if nobody says otherwise
)

var epoch = time.Date(2026, 1, 2, 3, 4, 5, 0, time.UTC)

// standIn is an API server, the kubelet of the node and their clock, which goes on only when somebody waits.
type standIn struct {
	t      *testing.T
	client *kube.Client

	mu       sync.Mutex
	now      time.Time
	version  string // of evictions
	pods     []*pod
	budgets  []*budget
	node     map[string]any // nil: there is none
	asked    []string       // requests that change something: "+5s POST path body"
	lists    int
	requests int
	// answer may answer in place of the server.
	answer func(r *http.Request) (code int, body string)
	// tick is called, with the lock held, when time has passed.
	tick func(since time.Duration)
}

type pod struct {
	namespace, name, uid string
	owner                string // "ReplicaSet web"
	labels               map[string]string
	mirror, emptyDir     bool
	phase                string
	finalizers           []string
	ends                 time.Time // zero: nobody has deleted it
	node                 string    // the stand-in's own if ""
}

type budget struct {
	namespace, name        string
	selector               string // JSON
	allowed, needs, health int
	label                  string // app label that the stand-in evaluates
}

// web is a pod that nothing holds.
func web(name string) *pod {
	return &pod{namespace: "default", name: name, uid: "uid-" + name, owner: "ReplicaSet web", labels: map[string]string{"app": "web"}}
}

func budgetOf(name, app string, allowed int) *budget {
	return &budget{namespace: "default", name: name, selector: `{"matchLabels":{"app":"` + app + `"}}`, label: app, allowed: allowed, needs: 2, health: 2}
}

func newStandIn(t *testing.T, pods ...*pod) *standIn {
	t.Helper()
	s := &standIn{t: t, now: epoch, version: "v1", pods: pods}
	server := httptest.NewUnstartedServer(http.HandlerFunc(s.serve))
	server.EnableHTTP2 = true
	server.Config.ErrorLog = log.New(io.Discard, "", 0)
	server.StartTLS()
	t.Cleanup(server.Close)
	var err error
	s.client, err = kube.New(kube.Config{
		Servers: []string{server.URL}, Token: secret.New("sesame"),
		CA: pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: server.Certificate().Raw}),
	})
	if err != nil {
		t.Fatal(err)
	}
	return s
}

func (s *standIn) Now() time.Time {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.now
}

// After lets the time pass at once, and pods end whose time has come.
func (s *standIn) After(d time.Duration) <-chan time.Time {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.now = s.now.Add(d)
	if s.tick != nil {
		s.tick(s.now.Sub(epoch))
	}
	s.pods = slices.DeleteFunc(s.pods, func(p *pod) bool { return !p.ends.IsZero() && !s.now.Before(p.ends) && len(p.finalizers) == 0 })
	fired := make(chan time.Time, 1)
	fired <- s.now
	return fired
}

func (s *standIn) serve(w http.ResponseWriter, r *http.Request) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.requests++
	body, err := io.ReadAll(r.Body)
	if err != nil {
		s.t.Error(err)
	}
	if r.Method != http.MethodGet {
		s.asked = append(s.asked, strings.TrimSpace(fmt.Sprintf("+%v %s %s %s", s.now.Sub(epoch), r.Method, r.URL.Path, body)))
	}
	if s.answer != nil {
		if code, text := s.answer(r); code != 0 {
			reply(w, code, text)
			return
		}
	}
	segments := strings.Split(strings.Trim(r.URL.Path, "/"), "/")
	switch {
	case r.URL.Path == "/api/v1":
		resources := `{"name":"pods"},{"name":"pods/log"}`
		if s.version != "" {
			resources += `,{"name":"pods/eviction","group":"policy","version":"` + s.version + `","kind":"Eviction"}`
		}
		reply(w, 200, `{"kind":"APIResourceList","groupVersion":"v1","resources":[`+resources+`]}`)
	case r.URL.Path == "/api/v1/pods":
		s.list(w, r)
	case len(segments) == 4 && segments[2] == "nodes":
		s.serveNode(w, r, body)
	case strings.HasPrefix(r.URL.Path, "/apis/policy/"+s.version+"/namespaces/") && len(segments) == 6:
		s.listBudgets(w, segments[4])
	case len(segments) == 7 && segments[6] == "eviction" && s.version != "" || len(segments) == 6 && r.Method == http.MethodDelete:
		s.end(w, segments[3], segments[5], body, len(segments) == 7)
	default:
		reply(w, 404, refusal(404, "NotFound", "the server could not find the requested resource", "{}"))
	}
}

func reply(w http.ResponseWriter, code int, body string) {
	w.Header().Set("Content-Type", "application/json")
	w.WriteHeader(code)
	io.WriteString(w, body)
}

// refusal is the API's error object.
func refusal(code int, reason, message, details string) string {
	return fmt.Sprintf(`{"kind":"Status","apiVersion":"v1","metadata":{},"status":"Failure","message":%q,"reason":%q,"details":%s,"code":%d}`,
		message, reason, details, code)
}

// list answers in pages of what is there now; the continuation is the index.
func (s *standIn) list(w http.ResponseWriter, r *http.Request) {
	s.lists++
	query := r.URL.Query()
	if got := query.Get("fieldSelector"); got != "spec.nodeName="+node {
		s.t.Errorf("field selector %q", got)
	}
	limit, err := strconv.Atoi(query.Get("limit"))
	if err != nil || limit < 1 || limit > 250 {
		s.t.Errorf("limit %q", query.Get("limit"))
	}
	from := 0
	if token := query.Get("continue"); token != "" {
		if from, err = strconv.Atoi(token); err != nil {
			s.t.Errorf("continue %q", token)
		}
	}
	items := []any{}
	next := ""
	for i, p := range s.pods {
		if i < from || p.node != "" {
			continue
		}
		if len(items) == limit {
			next = strconv.Itoa(i)
			break
		}
		items = append(items, p.wire())
	}
	body, err := json.Marshal(map[string]any{"kind": "PodList", "apiVersion": "v1", "metadata": map[string]any{"continue": next}, "items": items})
	if err != nil {
		s.t.Error(err)
	}
	reply(w, 200, string(body))
}

func (p *pod) wire() map[string]any {
	meta := map[string]any{"namespace": p.namespace, "name": p.name, "uid": p.uid, "labels": p.labels, "finalizers": p.finalizers}
	if !p.ends.IsZero() {
		meta["deletionTimestamp"] = p.ends.Format(time.RFC3339)
	}
	if p.mirror {
		meta["annotations"] = map[string]string{"kubernetes.io/config.mirror": "0123"}
	}
	if kind, name, ok := strings.Cut(p.owner, " "); ok {
		meta["ownerReferences"] = []any{map[string]any{"kind": "Other", "name": "x"}, map[string]any{"kind": kind, "name": name, "controller": true}}
	}
	volumes := []any{map[string]any{"name": "token", "projected": map[string]any{}}}
	if p.emptyDir {
		volumes = append(volumes, map[string]any{"name": "data", "emptyDir": map[string]any{}})
	}
	return map[string]any{"metadata": meta, "spec": map[string]any{"volumes": volumes}, "status": map[string]any{"phase": p.phase}}
}

func (s *standIn) listBudgets(w http.ResponseWriter, namespace string) {
	var items []string
	for _, b := range s.budgets {
		if b.namespace == namespace {
			items = append(items, fmt.Sprintf(`{"metadata":{"name":%q},"spec":{"selector":%s},"status":{"disruptionsAllowed":%d,"currentHealthy":%d,"desiredHealthy":%d}}`,
				b.name, b.selector, b.allowed, b.health, b.needs))
		}
	}
	reply(w, 200, `{"kind":"PodDisruptionBudgetList","items":[`+strings.Join(items, ",")+`]}`)
}

// end evicts or deletes a pod, as the real server judges it.
func (s *standIn) end(w http.ResponseWriter, namespace, name string, body []byte, eviction bool) {
	type options struct {
		GracePeriodSeconds *int64
		Preconditions      struct{ UID string }
	}
	var sent struct {
		APIVersion    string
		DeleteOptions options
		options
	}
	if err := json.Unmarshal(body, &sent); err != nil {
		s.t.Errorf("%s: %v", body, err)
	}
	how := sent.options
	if eviction {
		how = sent.DeleteOptions
		if sent.APIVersion != "policy/"+s.version {
			s.t.Errorf("an eviction of version %q on a server with %q", sent.APIVersion, s.version)
		}
	}
	i := slices.IndexFunc(s.pods, func(p *pod) bool { return p.namespace == namespace && p.name == name })
	if i < 0 {
		reply(w, 404, refusal(404, "NotFound", `pods "`+name+`" not found`, `{"name":"`+name+`","kind":"pods"}`))
		return
	}
	p := s.pods[i]
	if how.Preconditions.UID != p.uid {
		reply(w, 409, refusal(409, "Conflict", "the UID in the precondition does not match the UID in record", `{"kind":"pods"}`))
		return
	}
	var in []*budget
	for _, b := range s.budgets {
		if eviction && b.namespace == namespace && b.label == p.labels["app"] {
			in = append(in, b)
		}
	}
	switch {
	case len(in) > 1:
		reply(w, 500, refusal(500, "InternalError", "This pod has more than one PodDisruptionBudget, which the eviction subresource does not support.", "{}"))
		return
	case len(in) == 1 && in[0].allowed <= 0:
		reply(w, 429, refusal(429, "TooManyRequests", "Cannot evict pod as it would violate the pod's disruption budget.", fmt.Sprintf(
			`{"causes":[{"reason":"DisruptionBudget","message":"The disruption budget %s needs %d healthy pods and has %d currently"}]}`, in[0].name, in[0].needs, in[0].health)))
		return
	case len(in) == 1:
		in[0].allowed--
	}
	p.ends = s.now.Add(grace)
	if how.GracePeriodSeconds != nil {
		p.ends = s.now.Add(time.Duration(*how.GracePeriodSeconds) * time.Second)
	}
	reply(w, 201, `{"kind":"Status","status":"Success"}`)
}

// evict runs Evict on the stand-in and keeps the events as text.
func (s *standIn) evict(ctx context.Context, o drain.Options) (result drain.Result, events []string, err error) {
	s.t.Helper()
	o.Clock = s
	if o.Timeout == 0 {
		o.Timeout = time.Minute
	}
	words := map[drain.What]string{drain.Asked: "asked", drain.Refused: "refused", drain.Gone: "gone", drain.Away: "away"}
	result, err = drain.Evict(ctx, s.client, node, o, func(e drain.Event) {
		events = append(events, strings.TrimSpace(fmt.Sprintf("%s %s %s", words[e.What], e.Pod.Name, e.Message)))
	})
	return result, events, err
}

func names(pods []drain.Pod) string {
	var words []string
	for _, p := range pods {
		words = append(words, p.Name)
	}
	return strings.Join(words, " ")
}

func remaining(list []drain.Remaining) string {
	var words []string
	for _, r := range list {
		words = append(words, r.Name)
	}
	return strings.Join(words, " ")
}

func (s *standIn) wantAsked(want ...string) {
	s.t.Helper()
	if !slices.Equal(s.asked, want) {
		s.t.Errorf("asked\n\t%s\nwant\n\t%s", strings.Join(s.asked, "\n\t"), strings.Join(want, "\n\t"))
	}
}
