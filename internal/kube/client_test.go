package kube_test

import (
	"bytes"
	"context"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/x509"
	"encoding/json"
	"encoding/pem"
	"errors"
	"fmt"
	"io"
	"log"
	"math/big"
	"net"
	"net/http"
	"net/http/httptest"
	"reflect"
	"strings"
	"sync"
	"testing"
	"time"

	"kubernetes-worker/internal/kube"
	"kubernetes-worker/internal/secret"
)

const nodeJSON = `{"kind":"Node","apiVersion":"v1","metadata":{"name":"juju-1","creationTimestamp":"2026-01-02T03:04:05Z",
"labels":{"a":"1","b":"2","kubernetes.io/hostname":"juju-1"}},
"spec":{"unschedulable":true,"taints":[{"key":"k","value":"v","effect":"NoSchedule"}]},
"status":{"conditions":[{"type":"MemoryPressure","status":"False"},
{"type":"Ready","status":"False","reason":"KubeletNotReady","message":"cni plugin not initialized"}],
"addresses":[{"type":"InternalIP","address":"10.0.0.1"},{"type":"Hostname","address":"juju-1"}],
"nodeInfo":{"kubeletVersion":"v1.36.3","containerRuntimeVersion":"containerd://1.7.24"}}}`

// status is the API's own error object.
func status(code int, reason, message string) http.HandlerFunc {
	return answer(code, "application/json", fmt.Sprintf(`{"kind":"Status","apiVersion":"v1","metadata":{},"status":"Failure","message":%q,"reason":%q,"code":%d}`, message, reason, code))
}

func answer(code int, kind, body string) http.HandlerFunc {
	return func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", kind)
		w.WriteHeader(code)
		io.WriteString(w, body)
	}
}

var good = answer(200, "application/json", nodeJSON)

// server is an API server that records what it is asked.
type server struct {
	*httptest.Server
	mu    sync.Mutex
	asked []string
}

func serve(t *testing.T, handler http.HandlerFunc) *server {
	t.Helper()
	s := &server{}
	s.Server = httptest.NewUnstartedServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		body, _ := io.ReadAll(r.Body)
		r.Body = io.NopCloser(bytes.NewReader(body))
		line := strings.TrimSpace(r.Method + " " + r.URL.Path + " " + r.Header.Get("Content-Type") + " " + string(body))
		s.mu.Lock()
		s.asked = append(s.asked, line)
		s.mu.Unlock()
		if got := r.Header.Get("Authorization"); got != "Bearer sesame" {
			t.Errorf("authorization %q", got)
		}
		handler(w, r)
	}))
	s.EnableHTTP2 = true
	s.Config.ErrorLog = log.New(io.Discard, "", 0) // handshakes that the client ends
	s.StartTLS()
	t.Cleanup(s.Close)
	return s
}

func (s *server) requests() []string {
	s.mu.Lock()
	defer s.mu.Unlock()
	return append([]string(nil), s.asked...)
}

func caOf(s *server) []byte {
	return pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: s.Certificate().Raw})
}

func newClient(t *testing.T, timeout time.Duration, ca []byte, servers ...string) *kube.Client {
	t.Helper()
	c, err := kube.New(kube.Config{Servers: servers, CA: ca, Token: secret.New("sesame"), Timeout: timeout})
	if err != nil {
		t.Fatal(err)
	}
	return c
}

func TestNodeIsReadIntoFacts(t *testing.T) {
	s := serve(t, good)
	c := newClient(t, 0, caOf(s), s.URL)
	got, err := c.GetNode(context.Background(), "juju-1")
	want := kube.Node{
		Name:             "juju-1",
		Labels:           map[string]string{"a": "1", "b": "2", "kubernetes.io/hostname": "juju-1"},
		Taints:           []kube.Taint{{Key: "k", Value: "v", Effect: "NoSchedule"}},
		Addresses:        []kube.Address{{Type: "InternalIP", Value: "10.0.0.1"}, {Type: "Hostname", Value: "juju-1"}},
		Unschedulable:    true,
		CreatedAt:        time.Date(2026, 1, 2, 3, 4, 5, 0, time.UTC),
		Ready:            kube.Condition{Status: "False", Reason: "KubeletNotReady", Message: "cni plugin not initialized"},
		KubeletVersion:   "v1.36.3",
		ContainerRuntime: "containerd://1.7.24",
	}
	if err != nil || !reflect.DeepEqual(got, want) || got.IsReady() {
		t.Errorf("got  %+v, %v\nwant %+v", got, err, want)
	}
	if asked := s.requests(); len(asked) != 1 || asked[0] != "GET /api/v1/nodes/juju-1" || c.Requests() != 1 {
		t.Errorf("asked %q, counted %d", asked, c.Requests())
	}
}

func TestConfigurationThatCannotWorkIsRefused(t *testing.T) {
	s := serve(t, good)
	for name, test := range map[string]struct {
		config kube.Config
		want   string
	}{
		"no server":     {kube.Config{CA: caOf(s)}, "cannot use API servers: none is known"},
		"no CA":         {kube.Config{Servers: []string{s.URL}}, "cannot use CA of the API servers: there is no certificate in it"},
		"CA is no PEM":  {kube.Config{Servers: []string{s.URL}, CA: []byte("junk")}, "cannot use CA of the API servers: there is no certificate in it"},
		"CA is broken":  {kube.Config{Servers: []string{s.URL}, CA: pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: []byte("x")})}, "cannot use CA of the API servers: there is no certificate in it"},
		"plain http":    {kube.Config{Servers: []string{"http://10.0.0.1:6443"}, CA: caOf(s)}, `cannot use API server "http://10.0.0.1:6443": want https://host:port`},
		"no scheme":     {kube.Config{Servers: []string{"10.0.0.1:6443"}, CA: caOf(s)}, `cannot use API server "10.0.0.1:6443": want https://host:port`},
		"no URL":        {kube.Config{Servers: []string{"https://a b:x"}, CA: caOf(s)}, `cannot use API server "https://a b:x": want https://host:port`},
		"second is bad": {kube.Config{Servers: []string{s.URL, "https://"}, CA: caOf(s)}, `cannot use API server "https://": want https://host:port`},
	} {
		if _, err := kube.New(test.config); err == nil || err.Error() != test.want {
			t.Errorf("%s: %v, want %s", name, err, test.want)
		}
	}
}

func TestNextServerIsAskedWhenOneGivesNoAnswer(t *testing.T) {
	closed, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	closed.Close()
	for name, test := range map[string]struct {
		handler http.HandlerFunc
		reason  string
	}{
		"internal error":    {status(500, "InternalError", "etcd is away"), "answers 500: etcd is away"},
		"unavailable":       {answer(503, "text/plain", "no backend"), "answers 503 Service Unavailable"},
		"bad gateway":       {answer(502, "text/html", "<html>bad</html>"), "answers 502 Bad Gateway"},
		"too many requests": {status(429, "TooManyRequests", "slow down"), "answers 429: slow down"},
		"retry later": {func(w http.ResponseWriter, r *http.Request) {
			w.Header().Set("Retry-After", "1000")
			status(429, "TooManyRequests", "slow down")(w, r)
		}, "answers 429: slow down"},
		"page of a proxy":     {answer(200, "text/html", "<html>login</html>"), "the answer is not the API's"},
		"other JSON":          {answer(200, "application/json", `{"hello":"world"}`), "the answer is not the API's"},
		"broken JSON":         {answer(200, "application/json", nodeJSON[:50]), "the answer is not the API's"},
		"nothing":             {answer(200, "application/json", ""), "the answer is not the API's"},
		"odd content type":    {answer(200, "a b c;;", nodeJSON), ""},
		"404 of another page": {answer(404, "text/plain", "404 page not found"), "answers 404 Not Found"},
		"redirection": {func(w http.ResponseWriter, r *http.Request) {
			http.Redirect(w, r, "https://elsewhere.invalid/", http.StatusFound)
		}, "answers 302 Found"},
		"huge answer":    {func(w http.ResponseWriter, _ *http.Request) { w.Write(bytes.Repeat([]byte(" "), 5<<20)) }, "the answer is too long"},
		"cut connection": {func(http.ResponseWriter, *http.Request) { panic(http.ErrAbortHandler) }, ""},
		"cut in the answer": {func(w http.ResponseWriter, _ *http.Request) {
			w.Header().Set("Content-Length", "1000")
			io.WriteString(w, `{"kind":`)
			panic(http.ErrAbortHandler)
		}, ""},
		"nobody listens": {nil, "cannot connect: connect: connection refused"},
	} {
		t.Run(name, func(t *testing.T) {
			second := serve(t, good)
			first := "https://" + closed.Addr().String()
			if test.handler != nil {
				first = serve(t, test.handler).URL
			}
			c := newClient(t, 0, caOf(second), first, second.URL)
			if node, err := c.GetNode(context.Background(), "juju-1"); err != nil || node.Name != "juju-1" {
				t.Errorf("%+v, %v", node, err)
			}
			if c.Requests() != 2 {
				t.Errorf("%d requests, want 2", c.Requests())
			}

			_, err := newClient(t, 0, caOf(second), first).GetNode(context.Background(), "juju-1")
			var failure *kube.Error
			if !errors.As(err, &failure) || failure.Kind != kube.Unreachable || !failure.Transient() || len(failure.Failures) != 1 {
				t.Fatal(err)
			}
			if got := failure.Failures[0]; got.Server != first || got.Reason == "" || (test.reason != "" && got.Reason != test.reason) {
				t.Errorf("failure %q, want %q", got, test.reason)
			}
			if want := "cannot get node juju-1: no API server answers: " + first + ": "; !strings.HasPrefix(err.Error(), want) {
				t.Errorf("error %q, want %q", err, want)
			}
		})
	}
}

func TestRefusalsAreAnswers(t *testing.T) {
	for name, test := range map[string]struct {
		handler http.HandlerFunc
		kind    kube.Kind
		text    string
	}{
		"expired token":     {status(401, "Unauthorized", "Unauthorized"), kube.Unauthorized, "SERVER does not accept the token"},
		"401 in plain text": {answer(401, "text/plain", "Unauthorized"), kube.Unauthorized, "SERVER does not accept the token"},
		"forbidden":         {status(403, "Forbidden", `nodes "juju-1" is forbidden: label is not allowed`), kube.Forbidden, `nodes "juju-1" is forbidden: label is not allowed`},
		"403 of a page":     {answer(403, "text/html", "<html>long page"), kube.Forbidden, "SERVER answers 403 Forbidden"},
		"not found":         {status(404, "NotFound", `nodes "juju-1" not found`), kube.NotFound, "not found"},
		"conflict":          {status(409, "Conflict", "the object has been modified"), kube.Conflict, "the object has been modified"},
		"invalid":           {status(422, "Invalid", `Node "juju-1" is invalid: metadata.labels: a b`), kube.Invalid, `Node "juju-1" is invalid: metadata.labels: a b`},
		"bad request":       {status(400, "BadRequest", "bad"), kube.Invalid, "bad"},
		"other":             {status(405, "MethodNotAllowed", "not so"), kube.Other, "not so"},
	} {
		first, second := serve(t, test.handler), serve(t, good)
		c := newClient(t, 0, caOf(first), first.URL, second.URL)
		_, err := c.GetNode(context.Background(), "juju-1")
		want := "cannot get node juju-1: " + strings.ReplaceAll(test.text, "SERVER", first.URL)
		if kube.KindOf(err) != test.kind || err.Error() != want || len(second.requests()) != 0 {
			t.Errorf("%s: %v, want %s; the second server was asked %q", name, err, want, second.requests())
		}
		if strings.Contains(fmt.Sprintf("%v %+v %#v", err, err, c), "sesame") {
			t.Errorf("%s: the token shows", name)
		}
	}
}

// The first server answers nothing until the test is over.
func TestSlowServerCostsItsShareOfTheTimeOnceAndIsThenAskedLast(t *testing.T) {
	over := make(chan struct{})
	slow := serve(t, func(_ http.ResponseWriter, r *http.Request) {
		select {
		case <-over:
		case <-r.Context().Done():
		}
	})
	t.Cleanup(func() { close(over) })
	second := serve(t, good)
	c := newClient(t, 2*time.Second, caOf(slow), slow.URL, second.URL)
	for range 3 {
		if _, err := c.GetNode(context.Background(), "juju-1"); err != nil {
			t.Fatal(err)
		}
	}
	if len(slow.requests()) != 1 || len(second.requests()) != 3 {
		t.Errorf("asked %d and %d times, want 1 and 3", len(slow.requests()), len(second.requests()))
	}

	c = newClient(t, 100*time.Millisecond, caOf(slow), slow.URL, slow.URL+"/")
	_, err := c.GetNode(context.Background(), "juju-1")
	if kube.KindOf(err) != kube.Unreachable || strings.Count(err.Error(), "no answer in time") != 2 {
		t.Error(err)
	}
}

func TestEndOfTheHookEndsTheOperation(t *testing.T) {
	ctx, cancel := context.WithCancel(context.Background())
	s := serve(t, func(_ http.ResponseWriter, r *http.Request) {
		cancel()
		<-r.Context().Done()
	})
	_, err := newClient(t, 0, caOf(s), s.URL, s.URL).GetNode(ctx, "juju-1")
	if kube.KindOf(err) != kube.Unreachable || !errors.Is(err, context.Canceled) || len(s.requests()) != 1 {
		t.Errorf("%v after %d requests", err, len(s.requests()))
	}
	if !strings.Contains(err.Error(), "not tried, the time was up") {
		t.Error(err)
	}
}

func TestServerWithACertificateOfAnotherCAIsNotTrusted(t *testing.T) {
	s := serve(t, good)
	_, err := newClient(t, 0, otherCA(t), s.URL).GetNode(context.Background(), "juju-1")
	if kube.KindOf(err) != kube.Unreachable || !strings.Contains(err.Error(), "x509: certificate signed by unknown authority") || len(s.requests()) != 0 {
		t.Errorf("%v, asked %q", err, s.requests())
	}
}

func otherCA(t *testing.T) []byte {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	template := &x509.Certificate{SerialNumber: big.NewInt(1), NotAfter: time.Now().Add(time.Hour), IsCA: true, BasicConstraintsValid: true}
	der, err := x509.CreateCertificate(rand.Reader, template, template, &key.PublicKey, key)
	if err != nil {
		t.Fatal(err)
	}
	return pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: der})
}

func TestProxyOfTheEnvironmentIsNotUsed(t *testing.T) {
	t.Setenv("HTTPS_PROXY", "http://127.0.0.1:1")
	t.Setenv("https_proxy", "http://127.0.0.1:1")
	s := serve(t, good)
	if _, err := newClient(t, 0, caOf(s), s.URL).GetNode(context.Background(), "juju-1"); err != nil {
		t.Error(err)
	}
}

func TestOnlyTheDifferenceOfLabelsIsSent(t *testing.T) {
	const patch = "PATCH /api/v1/nodes/juju-1 application/merge-patch+json "
	for name, test := range map[string]struct {
		set    map[string]string
		remove []string
		want   string
	}{
		"nothing wanted":         {nil, nil, ""},
		"all there":              {map[string]string{"a": "1"}, []string{"gone"}, ""},
		"one new, one there":     {map[string]string{"a": "1", "c": "3"}, nil, `{"metadata":{"labels":{"c":"3"}}}`},
		"changed":                {map[string]string{"a": "2"}, nil, `{"metadata":{"labels":{"a":"2"}}}`},
		"removed":                {nil, []string{"b", "gone"}, `{"metadata":{"labels":{"b":null}}}`},
		"in both":                {map[string]string{"b": "2"}, []string{"b"}, ""},
		"empty value":            {map[string]string{"c": ""}, nil, `{"metadata":{"labels":{"c":""}}}`},
		"several in fixed order": {map[string]string{"z": "1", "c": "1", "x/y": "1"}, []string{"a"}, `{"metadata":{"labels":{"a":null,"c":"1","x/y":"1","z":"1"}}}`},
	} {
		s := serve(t, good)
		changed, err := newClient(t, 0, caOf(s), s.URL).PatchNodeLabels(context.Background(), "juju-1", test.set, test.remove)
		if err != nil || changed != (test.want != "") {
			t.Errorf("%s: changed %v, %v", name, changed, err)
		}
		want := []string{"GET /api/v1/nodes/juju-1"}
		if test.want != "" {
			want = append(want, patch+test.want)
		}
		if got := s.requests(); !reflect.DeepEqual(got, want) {
			t.Errorf("%s: asked %q, want %q", name, got, want)
		}
	}
}

func TestRefusedLabelsGiveTheServersWords(t *testing.T) {
	s := serve(t, func(w http.ResponseWriter, r *http.Request) {
		if r.Method == http.MethodPatch {
			status(422, "Invalid", "metadata.labels: Invalid value")(w, r)
			return
		}
		good(w, r)
	})
	changed, err := newClient(t, 0, caOf(s), s.URL).PatchNodeLabels(context.Background(), "juju-1", map[string]string{"c": "1"}, nil)
	if changed || kube.KindOf(err) != kube.Invalid || err.Error() != "cannot label node juju-1: metadata.labels: Invalid value" {
		t.Errorf("%v, %v", changed, err)
	}
	s = serve(t, status(404, "NotFound", "x"))
	if _, err := newClient(t, 0, caOf(s), s.URL).PatchNodeLabels(context.Background(), "n", map[string]string{"c": "1"}, nil); kube.KindOf(err) != kube.NotFound {
		t.Error(err)
	}
}

func TestDeletedNodeIsGone(t *testing.T) {
	for name, test := range map[string]struct {
		handler http.HandlerFunc
		kind    kube.Kind
	}{
		"deleted":             {answer(200, "application/json", `{"kind":"Status","status":"Success"}`), 0},
		"accepted":            {answer(202, "application/json", nodeJSON), 0},
		"not there":           {status(404, "NotFound", "x"), 0},
		"forbidden":           {status(403, "Forbidden", "no"), kube.Forbidden},
		"away":                {status(503, "ServiceUnavailable", "no"), kube.Unreachable},
		"404 of another page": {answer(404, "text/html", "<html>"), kube.Unreachable},
		"page of a proxy":     {answer(200, "text/html", "<html>"), kube.Unreachable},
	} {
		s := serve(t, test.handler)
		err := newClient(t, 0, caOf(s), s.URL).DeleteNode(context.Background(), "juju-1")
		if kube.KindOf(err) != test.kind || (err == nil) != (test.kind == 0) {
			t.Errorf("%s: %v", name, err)
		}
		if got := s.requests(); len(got) != 1 || !strings.HasPrefix(got[0], "DELETE /api/v1/nodes/juju-1") {
			t.Errorf("%s: asked %q", name, got)
		}
	}
}

func FuzzNodeAnswer(f *testing.F) {
	f.Add([]byte(nodeJSON))
	f.Add([]byte(`{"kind":"Node","metadata":{"name":1}}`))
	f.Add([]byte(`{"kind":"Node","metadata":{"name":"x","creationTimestamp":null},"status":{"conditions":null}}`))
	f.Fuzz(func(t *testing.T, body []byte) {
		node, err := kube.DecodeNode(body)
		if (err == nil) != (node.Name != "") {
			t.Errorf("%+v, %v", node, err)
		}
		if err == nil && !json.Valid(body) {
			t.Errorf("accepted %q", body)
		}
	})
}
