package kube_test

import (
	"context"
	"errors"
	"io"
	"net"
	"net/http"
	"net/url"
	"strings"
	"testing"

	"kubernetes-worker/internal/kube"
)

func TestRequestArrivesAsItWasMade(t *testing.T) {
	var accept string
	s := serve(t, func(w http.ResponseWriter, r *http.Request) {
		accept = r.Header.Get("Accept") + " " + r.URL.RawQuery
		answer(200, "application/json;g=apidiscovery.k8s.io;v=v2;as=APIGroupDiscoveryList", ` {"kind":"Any"}`)(w, r)
	})
	body, err := newClient(t, 0, caOf(s), s.URL).Send(context.Background(), kube.Request{
		Verb: "PATCH", Path: "/apis/rbac.authorization.k8s.io/v1/clusterroles/system:one", Query: url.Values{"force": {"true"}, "fieldManager": {"a b"}},
		Body: []byte(`{"a":1}`), ContentType: "application/apply-patch+yaml", Accept: "application/json;v=v2",
	})
	if err != nil || string(body) != ` {"kind":"Any"}` {
		t.Errorf("%q, %v", body, err)
	}
	want := `PATCH /apis/rbac.authorization.k8s.io/v1/clusterroles/system:one application/apply-patch+yaml {"a":1}`
	if got := s.requests(); len(got) != 1 || got[0] != want || accept != "application/json;v=v2 fieldManager=a+b&force=true" {
		t.Errorf("asked %q %q", got, accept)
	}
}

func TestAPostIsNotDoneTwice(t *testing.T) {
	closed, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	closed.Close()
	away := "https://" + closed.Addr().String()
	created := answer(201, "application/json", `{"kind":"Eviction"}`)
	for name, test := range map[string]struct {
		handler http.HandlerFunc // nil: nobody listens
		verb    string
		named   bool
		second  bool // the second server is asked
	}{
		"nobody listens":                {nil, "POST", false, true},
		"too many requests":             {answer(429, "text/plain", "Too many requests"), "POST", false, true},
		"died after it got the request": {func(http.ResponseWriter, *http.Request) { panic(http.ErrAbortHandler) }, "POST", false, false},
		"internal error":                {status(500, "InternalError", "etcd timed out"), "POST", false, false},
		"gateway that lost its server":  {answer(502, "text/html", "<html>"), "POST", false, false},
		"answer is cut": {func(w http.ResponseWriter, _ *http.Request) {
			w.Header().Set("Content-Length", "1000")
			io.WriteString(w, `{"kind":`)
			panic(http.ErrAbortHandler)
		}, "POST", false, false},
		"named object":       {func(http.ResponseWriter, *http.Request) { panic(http.ErrAbortHandler) }, "POST", true, true},
		"patch":              {func(http.ResponseWriter, *http.Request) { panic(http.ErrAbortHandler) }, "PATCH", false, true},
		"deletion":           {status(500, "InternalError", "etcd timed out"), "DELETE", false, true},
		"refused for a good": {status(403, "Forbidden", "no"), "POST", false, false},
	} {
		second, first := serve(t, created), away
		if test.handler != nil {
			first = serve(t, test.handler).URL
		}
		_, err := newClient(t, 0, caOf(second), first, second.URL).Send(context.Background(), kube.Request{
			Verb: test.verb, Path: "/api/v1/namespaces/a/pods/b/eviction", Body: []byte("{}"), Named: test.named, Doing: "evict pod a/b"})
		if asked := len(second.requests()) == 1; asked != test.second || (err == nil) != test.second {
			t.Errorf("%s: second server asked: %v, want %v; %v", name, asked, test.second, err)
		}
		if kube.KindOf(err) == kube.Unreachable && !strings.HasSuffix(err.Error(), ", and may have done it all the same") {
			t.Errorf("%s: %v", name, err)
		}
		if err != nil && !strings.HasPrefix(err.Error(), "cannot evict pod a/b: ") {
			t.Errorf("%s: %v", name, err)
		}
	}
}

func TestDisruptionBudgetIsTheAnswerOfAllServers(t *testing.T) {
	budget := answer(429, "application/json", `{"kind":"Status","apiVersion":"v1","status":"Failure","reason":"TooManyRequests","code":429,
"message":"Cannot evict pod as it would violate the pod's disruption budget.",
"details":{"causes":[{"reason":"DisruptionBudget","message":"The disruption budget web needs 2 healthy pods and has 2 currently"}]}}`)
	first, second := serve(t, budget), serve(t, good)
	_, err := newClient(t, 0, caOf(first), first.URL, second.URL).Send(context.Background(), kube.Request{Verb: "POST", Path: "/x", Body: []byte("{}")})
	var e *kube.Error
	if !errors.As(err, &e) || e.Kind != kube.Disruption || e.Code != 429 || !e.Transient() || len(second.requests()) != 0 {
		t.Errorf("%#v, second server %q", err, second.requests())
	}
	if err.Error() != "cannot post /x: Cannot evict pod as it would violate the pod's disruption budget." {
		t.Error(err)
	}
}

func TestPrivateContentIsNotRepeatedInErrors(t *testing.T) {
	for name, test := range map[string]struct {
		handler http.HandlerFunc
		want    string
	}{
		"fields are named": {answer(422, "application/json", `{"kind":"Status","apiVersion":"v1","status":"Failure","reason":"Invalid","code":422,
"message":"Secret \"a\" is invalid: data[k]: Invalid value: \"hunter2\"","details":{"causes":[
{"reason":"FieldValueInvalid","message":"Invalid value: \"hunter2\"","field":"data[k]"},{"reason":"FieldValueRequired","field":"type"}]}}`),
			"Invalid: data[k] (FieldValueInvalid), type (FieldValueRequired)"},
		"no details":     {status(400, "BadRequest", `cannot decode "hunter2"`), "BadRequest"},
		"no reason":      {status(409, "", `hunter2`), "Conflict"},
		"internal error": {status(500, "InternalError", `webhook says hunter2`), "no API server answers: SERVER: answers 500 Internal Server Error"},
		"who may not":    {status(403, "Forbidden", `User "x" cannot patch secrets`), `User "x" cannot patch secrets`},
	} {
		s := serve(t, test.handler)
		_, err := newClient(t, 0, caOf(s), s.URL).Send(context.Background(), kube.Request{Verb: "PUT", Path: "/x", Body: []byte("{}"), Doing: "apply secret a", Private: true})
		if want := "cannot apply secret a: " + strings.ReplaceAll(test.want, "SERVER", s.URL); err == nil || err.Error() != want {
			t.Errorf("%s: %v, want %s", name, err, want)
		}
	}
}
