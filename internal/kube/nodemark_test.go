package kube_test

import (
	"context"
	"fmt"
	"net/http"
	"reflect"
	"slices"
	"strings"
	"testing"
	"time"

	"kubernetes-worker/internal/kube"
)

func TestANodeIsAnnotatedInOneStep(t *testing.T) {
	s := serve(t, good)
	if err := newClient(t, 0, caOf(s), s.URL).AnnotateNode(context.Background(), "juju-1", map[string]string{"b": "2", "a": "1"}); err != nil {
		t.Error(err)
	}
	if got := s.requests(); len(got) != 1 || got[0] != `PATCH /api/v1/nodes/juju-1 application/merge-patch+json {"metadata":{"annotations":{"a":"1","b":"2"}}}` {
		t.Errorf("asked %q", got)
	}
}

func TestOnlyTheNodeThatWasReadIsDeleted(t *testing.T) {
	node := kube.Node{Name: "juju-1", UID: "u", ResourceVersion: "7"}
	for name, test := range map[string]struct {
		node      kube.Node
		unchanged bool
		handler   http.HandlerFunc
		kind      kube.Kind
		want      string
	}{
		"the same":       {node, false, answer(200, "application/json", `{"kind":"Status","status":"Success"}`), 0, `{"uid":"u"}`},
		"unchanged":      {node, true, answer(200, "application/json", `{"kind":"Status","status":"Success"}`), 0, `{"resourceVersion":"7","uid":"u"}`},
		"without a name": {kube.Node{Name: "juju-1"}, false, answer(200, "application/json", `{"kind":"Status","status":"Success"}`), 0, `{}`},
		"another":        {node, false, status(409, "Conflict", "the UID in the precondition does not match"), kube.Conflict, `{"uid":"u"}`},
		"not there":      {node, false, status(404, "NotFound", "x"), 0, `{"uid":"u"}`},
		"forbidden":      {node, false, status(403, "Forbidden", "no"), kube.Forbidden, `{"uid":"u"}`},
		"away":           {node, false, status(503, "ServiceUnavailable", "no"), kube.Unreachable, `{"uid":"u"}`},
	} {
		s := serve(t, test.handler)
		err := newClient(t, 0, caOf(s), s.URL).DeleteThisNode(context.Background(), test.node, test.unchanged)
		if kube.KindOf(err) != test.kind || (err == nil) != (test.kind == 0) {
			t.Errorf("%s: %v", name, err)
		}
		want := `DELETE /api/v1/nodes/juju-1 application/json {"apiVersion":"v1","kind":"DeleteOptions","preconditions":` + test.want + "}"
		if got := s.requests(); len(got) != 1 || got[0] != want {
			t.Errorf("%s: asked %q, want %q", name, got, want)
		}
	}
}

func TestNodesOfAnApplicationComeInParts(t *testing.T) {
	var asked []string
	s := serve(t, func(w http.ResponseWriter, r *http.Request) {
		asked = append(asked, r.URL.RawQuery)
		if !strings.HasPrefix(r.Header.Get("Accept"), "application/json;as=PartialObjectMetadataList;g=meta.k8s.io;v=v1,") {
			t.Errorf("asked for %q", r.Header.Get("Accept"))
		}
		w.Header().Set("Date", "Thu, 01 Jan 2026 12:00:00 GMT")
		more := ""
		if r.URL.Query().Get("continue") == "" {
			more = "next"
		}
		answer(200, "application/json", fmt.Sprintf(`{"kind":"NodeList","metadata":{"continue":%q},"items":[{"metadata":{"name":"n%d","annotations":{"a":"1"}},"status":{}}]}`, more, len(asked)))(w, r)
	})
	nodes, now, err := newClient(t, 0, caOf(s), s.URL).NodesWith(context.Background(), "juju-application", "w")
	want := []kube.NodeMarks{{Name: "n1", Annotations: map[string]string{"a": "1"}}, {Name: "n2", Annotations: map[string]string{"a": "1"}}}
	if err != nil || !reflect.DeepEqual(nodes, want) || !now.Equal(time.Date(2026, 1, 1, 12, 0, 0, 0, time.UTC)) {
		t.Errorf("%v at %v, %v", nodes, now, err)
	}
	if queries := []string{"labelSelector=juju-application%3Dw&limit=25", "continue=next&labelSelector=juju-application%3Dw&limit=25"}; !slices.Equal(asked, queries) {
		t.Errorf("asked %q, want %q", asked, queries)
	}
}

func TestNodesAreNotListedWithoutTheServersClock(t *testing.T) {
	for name, test := range map[string]struct {
		handler http.HandlerFunc
		want    string
	}{
		"no clock": {func(w http.ResponseWriter, r *http.Request) {
			w.Header()["Date"] = nil
			answer(200, "application/json", `{"kind":"NodeList","items":[]}`)(w, r)
		}, "cannot list nodes of w: the API server does not tell the time"},
		"no list":   {answer(200, "application/json", `{"items":"x"}`), "cannot list nodes of w: the answer is not the API's"},
		"forbidden": {status(403, "Forbidden", "no"), "cannot list nodes of w: no"},
	} {
		s := serve(t, test.handler)
		if _, _, err := newClient(t, 0, caOf(s), s.URL).NodesWith(context.Background(), "juju-application", "w"); err == nil || err.Error() != test.want {
			t.Errorf("%s: %v, want %s", name, err, test.want)
		}
	}
}
