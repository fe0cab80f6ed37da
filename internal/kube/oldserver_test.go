package kube_test

import (
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"os"
	"path/filepath"
	"reflect"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"kubernetes-worker/internal/kube"
)

// releases are those that there are recordings of. The newest is compared with the real server in test/api.
var releases = []string{"v1.12.10", "v1.16.15", "v1.18.19", "v1.20.15", "v1.22.17", "v1.25.16", "v1.28.15", "v1.36.3"}

// oldServer answers as the API server of a release does, as far as its recording goes, and keeps objects. It never
// applies: that is what the real server is for.
type oldServer struct {
	*server
	documents, aggregated map[string]json.RawMessage

	mu            sync.Mutex
	objects       map[string]map[string]any // by path
	version       int
	writes        []string // requests that are no reads
	notAcceptable bool     // it refuses to be asked for something newer, instead of giving what it has
	broken        map[string]int
	now           time.Time                           // what it says in Date; the real time if zero
	before        func(r *http.Request, s *oldServer) // runs before a write, when set
	defaults      func(o map[string]any)              // what it fills in
}

func serveRelease(t *testing.T, release string) *oldServer {
	t.Helper()
	text, err := os.ReadFile(filepath.Join("testdata/discovery", release+".json"))
	if err != nil {
		t.Fatal(err)
	}
	s := &oldServer{objects: map[string]map[string]any{}, broken: map[string]int{}}
	var recording struct{ Documents, Aggregated map[string]json.RawMessage }
	if err := json.Unmarshal(text, &recording); err != nil {
		t.Fatal(err)
	}
	s.documents, s.aggregated = recording.Documents, recording.Aggregated
	s.server = serve(t, s.handle)
	return s
}

func (s *oldServer) client(t *testing.T) *kube.Client {
	t.Helper()
	return newClient(t, 0, caOf(s.server), s.URL)
}

func (s *oldServer) handle(w http.ResponseWriter, r *http.Request) {
	body, _ := io.ReadAll(r.Body)
	s.mu.Lock()
	defer s.mu.Unlock()
	if !s.now.IsZero() {
		w.Header().Set("Date", s.now.UTC().Format(http.TimeFormat))
	}
	if code := s.broken[r.URL.Path]; code != 0 {
		status(code, "ServiceUnavailable", "the server is currently unable to handle the request")(w, r)
		return
	}
	if r.Method != http.MethodGet {
		s.writes = append(s.writes, r.Method+" "+r.URL.Path)
		if s.before != nil {
			s.before(r, s)
		}
	}
	if r.Method == http.MethodGet && s.discover(w, r) {
		return
	}
	code, answerBody := s.do(r, body)
	if code >= 400 {
		status(code, map[int]string{404: "NotFound", 409: "Conflict", 415: "UnsupportedMediaType"}[code], fmt.Sprint(answerBody))(w, r)
		return
	}
	text, _ := json.Marshal(answerBody)
	answer(code, "application/json", string(text))(w, r)
}

func (s *oldServer) discover(w http.ResponseWriter, r *http.Request) bool {
	accept := r.Header.Get("Accept")
	newer := strings.Contains(accept, "apidiscovery.k8s.io")
	if newer && s.notAcceptable {
		status(http.StatusNotAcceptable, "NotAcceptable", "only the following media types are accepted: application/json")(w, r)
		return true
	}
	if document, ok := s.aggregated[r.URL.Path]; ok && newer {
		answer(200, "application/json;g=apidiscovery.k8s.io;v=v2;as=APIGroupDiscoveryList", string(document))(w, r)
		return true
	}
	document, ok := s.documents[r.URL.Path]
	if ok {
		answer(200, "application/json", string(document))(w, r)
	}
	return ok
}

// place says where a path leads: what is served there, and whether it is one object.
func (s *oldServer) place(path string) (apiVersion string, single bool, ok bool) {
	prefix := ""
	for p := range s.documents {
		if strings.HasPrefix(path, p+"/") && len(p) > len(prefix) && p != "/apis" {
			prefix = p
		}
	}
	var list struct {
		GroupVersion string
		Resources    []struct {
			Name       string
			Namespaced bool
		}
	}
	if prefix == "" || json.Unmarshal(s.documents[prefix], &list) != nil {
		return "", false, false
	}
	parts := strings.Split(strings.TrimPrefix(path, prefix+"/"), "/")
	in := len(parts) > 2 && parts[0] == "namespaces"
	if in {
		parts = parts[2:]
	}
	for _, r := range list.Resources {
		if r.Name == parts[0] {
			return list.GroupVersion, len(parts) == 2, len(parts) < 3 && (in == r.Namespaced || len(parts) == 1)
		}
	}
	return "", false, false
}

func (s *oldServer) do(r *http.Request, body []byte) (int, any) {
	path := r.URL.Path
	apiVersion, single, ok := s.place(path)
	if !ok {
		return 404, "the server could not find the requested resource"
	}
	have, there := s.objects[path]
	switch r.Method {
	case http.MethodGet:
		if !single {
			return 200, s.list(path, r.URL.Query().Get("labelSelector"))
		}
		if !there {
			return 404, "not found"
		}
		return 200, have
	case http.MethodPatch:
		return 415, "the body of the request was in an unknown format - accepted media types include: application/json-patch+json, application/merge-patch+json"
	case http.MethodDelete:
		var options struct{ Preconditions struct{ UID string } }
		_ = json.Unmarshal(body, &options)
		if !there {
			return 404, "not found"
		}
		if uid := have["metadata"].(map[string]any)["uid"]; options.Preconditions.UID != uid {
			return 409, "the UID in the precondition does not match"
		}
		delete(s.objects, path)
		return 200, map[string]any{"kind": "Status", "status": "Success"}
	}
	var o map[string]any
	if err := json.Unmarshal(body, &o); err != nil || o["apiVersion"] != apiVersion {
		return 400, fmt.Sprintf("the API version in the data (%v) does not match the expected API version (%s)", o["apiVersion"], apiVersion)
	}
	metadata := o["metadata"].(map[string]any)
	if s.defaults != nil {
		s.defaults(o)
	}
	if r.Method == http.MethodPost {
		path += "/" + metadata["name"].(string)
		if _, there := s.objects[path]; there {
			return 409, "already exists"
		}
		metadata["uid"] = fmt.Sprintf("uid-%d", s.version)
		metadata["creationTimestamp"] = "2026-01-01T00:00:00Z"
		return 201, s.store(path, o)
	}
	if !there {
		return 404, "not found"
	}
	if v, ok := metadata["resourceVersion"]; ok && v != have["metadata"].(map[string]any)["resourceVersion"] {
		return 409, "the object has been modified; please apply your changes to the latest version and try again"
	}
	if reflect.DeepEqual(o, have) {
		return 200, have
	}
	return 200, s.store(path, o)
}

func (s *oldServer) store(path string, o map[string]any) map[string]any {
	s.version++
	o["metadata"].(map[string]any)["resourceVersion"] = fmt.Sprint(s.version)
	s.objects[path] = o
	return o
}

func (s *oldServer) list(path, selector string) any {
	items := []any{}
	plural := path[strings.LastIndex(path, "/"):]
	for p, o := range s.objects {
		labels, _ := o["metadata"].(map[string]any)["labels"].(map[string]any)
		matches := strings.HasPrefix(p, path[:len(path)-len(plural)+1]) && strings.HasSuffix(p[:strings.LastIndex(p, "/")], plural)
		for _, term := range strings.Split(selector, ",") {
			key, value, _ := strings.Cut(term, "=")
			matches = matches && labels[key] == value
		}
		if matches {
			o = map[string]any{"metadata": o["metadata"]} // a list's items do not say what they are
			items = append(items, o)
		}
	}
	return map[string]any{"kind": "List", "apiVersion": "v1", "metadata": map[string]any{}, "items": items}
}

// put places an object as somebody else would.
func (s *oldServer) put(path, text string) {
	var o map[string]any
	if err := json.Unmarshal([]byte(text), &o); err != nil {
		panic(err)
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	if metadata := o["metadata"].(map[string]any); metadata["uid"] == nil {
		metadata["uid"] = "uid-" + path
	}
	s.store(path, o)
}

// change changes an object as somebody else would.
func (s *oldServer) change(path string, f func(o map[string]any)) {
	s.mu.Lock()
	defer s.mu.Unlock()
	f(s.objects[path])
	s.store(path, s.objects[path])
}

// at returns an object as it is kept, without what the server adds, as JSON.
func (s *oldServer) at(path string) string {
	s.mu.Lock()
	defer s.mu.Unlock()
	o, there := s.objects[path]
	if !there {
		return "none"
	}
	text, _ := json.Marshal(o)
	return string(text)
}

// written returns the writes since the last call.
func (s *oldServer) written() []string {
	s.mu.Lock()
	defer s.mu.Unlock()
	writes := slices.Clone(s.writes)
	s.writes = nil
	return writes
}
