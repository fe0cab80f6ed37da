// Package kubetest plays the API server of a release for tests: it answers discovery as was recorded of that release, and
// keeps objects of every kind that there is. It merges no lists and checks little; what a real server makes of objects the
// tests in test/api show.
package kubetest

import (
	"encoding/json"
	"fmt"
	"io"
	"maps"
	"net/http"
	"os"
	"reflect"
	"slices"
	"strings"
	"sync"
	"time"
)

// Object is an object of the API as JSON has it.
type Object = map[string]any

// Store is the server. The fields may be set while nobody asks it.
type Store struct {
	// NotAcceptable makes it refuse to be asked for a newer form of discovery, instead of giving what it has.
	NotAcceptable bool
	// Applies makes it merge what is applied, field by field; lists are one value.
	Applies bool
	// Broken answers a path with a status.
	Broken map[string]int
	// Now is what it says in Date; the real time if zero.
	Now time.Time
	// Before runs before a write, when set.
	Before func(r *http.Request, s *Store)
	// Defaults fills in what the writer left out, when set.
	Defaults func(o Object)
	// Controllers fills in what controllers would, a status for instance, when set: in each object that is written.
	Controllers func(path string, o Object)
	// Objects are those kept, by path.
	Objects map[string]Object

	// Documents are the answers of discovery by path, Aggregated those to who asks for the newer form.
	Documents, Aggregated map[string]json.RawMessage

	mu      sync.Mutex
	version int
	writes  []string
}

// Load reads the recording of a release's discovery.
func Load(path string) (*Store, error) {
	text, err := os.ReadFile(path)
	if err != nil {
		return nil, err
	}
	var recording struct{ Documents, Aggregated map[string]json.RawMessage }
	if err := json.Unmarshal(text, &recording); err != nil {
		return nil, err
	}
	return &Store{Objects: map[string]Object{}, Broken: map[string]int{}, Documents: recording.Documents, Aggregated: recording.Aggregated}, nil
}

// ServeHTTP answers one request.
func (s *Store) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	body, _ := io.ReadAll(r.Body)
	s.mu.Lock()
	defer s.mu.Unlock()
	if !s.Now.IsZero() {
		w.Header().Set("Date", s.Now.UTC().Format(http.TimeFormat))
	}
	if code := s.Broken[r.URL.Path]; code != 0 {
		refuse(w, code, "ServiceUnavailable", "the server is currently unable to handle the request")
		return
	}
	if r.Method != http.MethodGet {
		s.writes = append(s.writes, r.Method+" "+r.URL.Path)
		if s.Before != nil {
			s.Before(r, s)
		}
	}
	if r.Method == http.MethodGet && s.discover(w, r) {
		return
	}
	code, answered := s.do(r, body)
	if code >= 400 {
		reason := map[int]string{404: "NotFound", 409: "Conflict", 415: "UnsupportedMediaType", 422: "Invalid"}[code]
		refuse(w, code, reason, fmt.Sprint(answered))
		return
	}
	text, _ := json.Marshal(answered)
	answer(w, code, "application/json", text)
}

func (s *Store) discover(w http.ResponseWriter, r *http.Request) bool {
	newer := strings.Contains(r.Header.Get("Accept"), "apidiscovery.k8s.io")
	if newer && s.NotAcceptable {
		refuse(w, http.StatusNotAcceptable, "NotAcceptable", "only the following media types are accepted: application/json")
		return true
	}
	if document, ok := s.Aggregated[r.URL.Path]; ok && newer {
		answer(w, http.StatusOK, "application/json;g=apidiscovery.k8s.io;v=v2;as=APIGroupDiscoveryList", document)
		return true
	}
	document, ok := s.Documents[r.URL.Path]
	if ok {
		answer(w, http.StatusOK, "application/json", document)
	}
	return ok
}

// place says where a path leads: what is served there, and whether it is one object.
func (s *Store) place(path string) (apiVersion string, single bool, ok bool) {
	prefix := ""
	for p := range s.Documents {
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
	if prefix == "" || json.Unmarshal(s.Documents[prefix], &list) != nil {
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

func (s *Store) do(r *http.Request, body []byte) (int, any) {
	path := r.URL.Path
	apiVersion, single, ok := s.place(path)
	if !ok {
		return 404, "the server could not find the requested resource"
	}
	have, there := s.Objects[path]
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
		return s.patch(r, body, apiVersion)
	case http.MethodDelete:
		var options struct{ Preconditions struct{ UID string } }
		_ = json.Unmarshal(body, &options)
		if !there {
			return 404, "not found"
		}
		if uid := metadata(have)["uid"]; options.Preconditions.UID != uid {
			return 409, "the UID in the precondition does not match"
		}
		delete(s.Objects, path)
		return 200, Object{"kind": "Status", "status": "Success"}
	}
	var o Object
	if err := json.Unmarshal(body, &o); err != nil || o["apiVersion"] != apiVersion {
		return 400, fmt.Sprintf("the API version in the data (%v) does not match the expected API version (%s)", o["apiVersion"], apiVersion)
	}
	if s.Defaults != nil {
		s.Defaults(o)
	}
	if r.Method == http.MethodPost {
		path += "/" + metadata(o)["name"].(string)
		if _, there := s.Objects[path]; there {
			return 409, "already exists"
		}
		return 201, s.create(path, o)
	}
	if !there {
		return 404, "not found"
	}
	if v, ok := metadata(o)["resourceVersion"]; ok && v != metadata(have)["resourceVersion"] {
		return 409, "the object has been modified; please apply your changes to the latest version and try again"
	}
	if reflect.DeepEqual(o, have) {
		return 200, have
	}
	return 200, s.Set(path, o)
}

// patch applies, or merges a merge patch.
func (s *Store) patch(r *http.Request, body []byte, apiVersion string) (int, any) {
	var o Object
	kind := r.Header.Get("Content-Type")
	if !s.Applies || kind != "application/apply-patch+yaml" && kind != "application/merge-patch+json" {
		return 415, "the body of the request was in an unknown format - accepted media types include: application/json-patch+json, application/merge-patch+json"
	}
	if err := json.Unmarshal(body, &o); err != nil {
		return 400, err.Error()
	}
	have, there := s.Objects[r.URL.Path]
	if kind == "application/merge-patch+json" {
		if !there {
			return 404, "not found"
		}
		return 200, s.Set(r.URL.Path, merged(have, o))
	}
	if o["apiVersion"] != apiVersion {
		return 400, "wrong API version"
	}
	owner := map[string]any{"manager": r.URL.Query().Get("fieldManager"), "operation": "Apply", "apiVersion": apiVersion, "fieldsV1": map[string]any{}}
	next := merged(have, o)
	metadata(next)["managedFields"] = []any{owner}
	if !there {
		return 201, s.create(r.URL.Path, next)
	}
	if reflect.DeepEqual(next, have) {
		return 200, have
	}
	return 200, s.Set(r.URL.Path, next)
}

// merged lays maps over each other; nil takes a field away.
func merged(have, patch Object) Object {
	next := maps.Clone(have)
	if next == nil {
		next = Object{}
	}
	for key, value := range patch {
		under, isMap := value.(map[string]any)
		if value == nil {
			delete(next, key)
		} else if before, both := next[key].(map[string]any); isMap && both {
			next[key] = merged(before, under)
		} else if isMap {
			next[key] = merged(nil, under)
		} else {
			next[key] = value
		}
	}
	return next
}

func metadata(o Object) map[string]any {
	m, _ := o["metadata"].(map[string]any)
	return m
}

func (s *Store) create(path string, o Object) Object {
	metadata(o)["uid"] = fmt.Sprintf("uid-%d", s.version)
	metadata(o)["creationTimestamp"] = "2026-01-01T00:00:00Z"
	return s.Set(path, o)
}

// Set places an object. Only Before may call it: the store is locked then.
func (s *Store) Set(path string, o Object) Object {
	s.version++
	metadata(o)["resourceVersion"] = fmt.Sprint(s.version)
	if s.Controllers != nil {
		s.Controllers(path, o)
	}
	s.Objects[path] = o
	return o
}

func (s *Store) list(path, selector string) any {
	items := []any{}
	plural := path[strings.LastIndex(path, "/"):]
	for _, p := range slices.Sorted(maps.Keys(s.Objects)) {
		o := s.Objects[p]
		labels, _ := metadata(o)["labels"].(map[string]any)
		matches := strings.HasPrefix(p, path[:len(path)-len(plural)+1]) && strings.HasSuffix(p[:strings.LastIndex(p, "/")], plural)
		for _, term := range strings.Split(selector, ",") {
			key, value, _ := strings.Cut(term, "=")
			matches = matches && labels[key] == value
		}
		if matches {
			item := maps.Clone(o)
			delete(item, "kind") // a list's items do not say what they are
			delete(item, "apiVersion")
			items = append(items, item)
		}
	}
	return Object{"kind": "List", "apiVersion": "v1", "metadata": map[string]any{}, "items": items}
}

// Put places an object as somebody else would.
func (s *Store) Put(path, text string) {
	var o Object
	if err := json.Unmarshal([]byte(text), &o); err != nil {
		panic(err)
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	if metadata(o)["uid"] == nil {
		metadata(o)["uid"] = "uid-" + path
	}
	s.Set(path, o)
}

// Change changes an object as somebody else would, who takes the fields that the charm had applied.
func (s *Store) Change(path string, f func(o Object)) {
	s.mu.Lock()
	defer s.mu.Unlock()
	f(s.Objects[path])
	if s.Applies {
		metadata(s.Objects[path])["managedFields"] = []any{}
	}
	s.Set(path, s.Objects[path])
}

// At returns an object as it is kept, as JSON.
func (s *Store) At(path string) string {
	s.mu.Lock()
	defer s.mu.Unlock()
	o, there := s.Objects[path]
	if !there {
		return "none"
	}
	text, _ := json.Marshal(o)
	return string(text)
}

// Paths are those of all objects, sorted.
func (s *Store) Paths() []string {
	s.mu.Lock()
	defer s.mu.Unlock()
	return slices.Sorted(maps.Keys(s.Objects))
}

// Written forgets and returns the requests that were no reads.
func (s *Store) Written() []string {
	s.mu.Lock()
	defer s.mu.Unlock()
	writes := s.writes
	s.writes = nil
	return writes
}

// Keep returns what is kept, as JSON, and Restore brings it back.
func (s *Store) Keep() []byte {
	s.mu.Lock()
	defer s.mu.Unlock()
	text, err := json.Marshal(kept{s.version, s.Objects})
	if err != nil {
		panic(err)
	}
	return text
}

type kept struct {
	Version int
	Objects map[string]Object
}

// Restore brings back what Keep returned; nil is nothing.
func (s *Store) Restore(text []byte) {
	k := kept{Objects: map[string]Object{}}
	if text != nil {
		if err := json.Unmarshal(text, &k); err != nil {
			panic(err)
		}
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	s.version, s.Objects = k.Version, k.Objects
}

func refuse(w http.ResponseWriter, code int, reason, message string) {
	text, _ := json.Marshal(Object{"kind": "Status", "apiVersion": "v1", "metadata": map[string]any{}, "status": "Failure",
		"message": message, "reason": reason, "code": code})
	answer(w, code, "application/json", text)
}

func answer(w http.ResponseWriter, code int, kind string, body []byte) {
	w.Header().Set("Content-Type", kind)
	w.WriteHeader(code)
	_, _ = w.Write(body) // a client that went away is its own business
}
