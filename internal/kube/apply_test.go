package kube_test

import (
	"context"
	"encoding/base64"
	"fmt"
	"net/http"
	"os"
	"reflect"
	"slices"
	"strings"
	"testing"

	"kubernetes-worker/internal/kube"
	"kubernetes-worker/internal/kube/kubetest"
)

var owner = kube.Owner{Application: "kubernetes-worker", Component: "ingress"}

func wanted(t *testing.T) []kube.Object {
	t.Helper()
	text, err := os.ReadFile("testdata/objects.json")
	if err != nil {
		t.Fatal(err)
	}
	list := decode(t, `{"objects":`+string(text)+`}`)["objects"].([]any)
	var objects []kube.Object
	for _, o := range list {
		objects = append(objects, o.(map[string]any))
	}
	return objects
}

// fillIn adds what a server adds: to lists of ports, containers, variables and paths.
func fillIn(o map[string]any) {
	for key, value := range o {
		switch v := value.(type) {
		case map[string]any:
			fillIn(v)
			if key == "fieldRef" {
				v["apiVersion"] = "v1"
			}
		case []any:
			for _, element := range v {
				m, ok := element.(map[string]any)
				if !ok {
					continue
				}
				fillIn(m)
				switch key {
				case "ports":
					m["protocol"] = "TCP"
				case "containers":
					m["terminationMessagePath"] = "/dev/termination-log"
				}
			}
		}
	}
}

func apply(t *testing.T, objects *kube.Objects, o kube.Object) kube.Applied {
	t.Helper()
	applied, err := objects.Apply(context.Background(), o)
	if err != nil {
		t.Error(err)
	}
	return applied
}

func compare(t *testing.T, objects *kube.Objects, o kube.Object, want kube.Difference) {
	t.Helper()
	if got, err := objects.Compare(context.Background(), o); err != nil || got != want {
		t.Errorf("%s compares as %v, %v, want %v", o, got, err, want)
	}
}

const (
	settings = "/api/v1/namespaces/ns/configmaps/settings"
	ours     = `{"kind":"ConfigMap","apiVersion":"v1","metadata":{"name":"settings","namespace":"ns"},"data":{"a":"1"}}`
)

// All releases of which there are recordings are served as if nothing could be applied: those that could have it turned
// off.
func TestObjectsAreMergedByEveryRelease(t *testing.T) {
	for _, release := range releases {
		t.Run(release, func(t *testing.T) {
			s := serveRelease(t, release)
			s.Defaults = fillIn
			c := s.client(t)
			objects := c.Objects(owner)
			for _, o := range wanted(t) {
				compare(t, objects, o, kube.Missing)
				if applied := apply(t, objects, o); !applied.Changed || !applied.Created || !owner.Owns(applied.Live) {
					t.Errorf("%s: %v", o, applied.Changed)
				}
				compare(t, objects, o, kube.Same)
			}
			tried := strings.Count(strings.Join(s.Written(), "\n"), http.MethodPatch)
			if version, err := c.Version(context.Background()); err != nil || version.AtLeast(1, 18) != (tried == 1) {
				t.Errorf("%v tried to apply %d times, %v", version, tried, err)
			}
			second := c.Objects(owner)
			before := c.Requests()
			for _, o := range wanted(t) {
				if applied := apply(t, second, o); applied.Changed {
					t.Errorf("%s changed again: %v", o, applied.Live)
				}
			}
			if writes, asked := s.Written(), c.Requests()-before; len(writes) != 0 || asked != len(wanted(t)) {
				t.Errorf("%d requests, writes %q", asked, writes)
			}
			removed, err := objects.DeleteAll(context.Background(), kube.KindNames())
			if err != nil || len(removed) != len(wanted(t)) || len(s.Objects) != 0 {
				t.Errorf("removed %v, %v; left %d", removed, err, len(s.Objects))
			}
		})
	}
}

func TestObjectOfAKindThatTheServerDoesNotKnow(t *testing.T) {
	ctx := context.Background()
	s := serveRelease(t, "v1.12.10")
	c := s.client(t)
	objects := c.Objects(owner)
	class := decode(t, `{"kind":"IngressClass","apiVersion":"networking.k8s.io/v1","metadata":{"name":"nginx"},"spec":{"controller":"x"}}`)
	if _, err := objects.Apply(ctx, class); kube.KindOf(err) != kube.Unserved || err.Error() != "cannot use IngressClass: the API server does not know this kind" {
		t.Error(err)
	}
	if known, err := c.Serves(ctx, "IngressClass"); known || err != nil {
		t.Error(known, err)
	}
	if gone, err := objects.Delete(ctx, class.Ref()); gone || err != nil {
		t.Error(gone, err)
	}
	if removed, err := objects.DeleteAll(ctx, []string{"IngressClass"}); removed != nil || err != nil {
		t.Error(removed, err)
	}
	if list, err := objects.List(ctx, "IngressClass"); list != nil || err != nil {
		t.Error(list, err)
	}
	if writes := s.Written(); len(writes) != 0 {
		t.Error(writes)
	}
}

func TestMergedObjectFollowsWhatIsWanted(t *testing.T) {
	s := serveRelease(t, "v1.16.15")
	objects := s.client(t).Objects(owner)
	apply(t, objects, decode(t, ours))
	s.Change(settings, func(o map[string]any) {
		data := o["data"].(map[string]any)
		data["a"], data["users"] = "changed", "2"
		o["metadata"].(map[string]any)["labels"].(map[string]any)["users"] = "label"
	})
	next := decode(t, ours)
	next["data"] = map[string]any{"b": "2"}
	s.Written()
	compare(t, objects, next, kube.Different)
	applied := apply(t, objects, next)
	want := map[string]any{"b": "2", "users": "2"}
	if !applied.Changed || applied.Created || !reflect.DeepEqual(applied.Live["data"], want) || applied.Live.Labels()["users"] != "label" {
		t.Errorf("%+v", applied)
	}
	if writes := s.Written(); !slices.Equal(writes, []string{"PUT " + settings}) {
		t.Error(writes)
	}
	if applied = apply(t, objects, next); applied.Changed {
		t.Error("changed again")
	}
}

func TestWriteThatCollidesIsTriedAgainOnWhatIsThereThen(t *testing.T) {
	for name, test := range map[string]struct {
		there  bool
		before func(r *http.Request, s *kubetest.Store) // runs in the server
		kind   kube.Kind
		want   string
	}{
		"another unit creates it first": {false, func(r *http.Request, s *kubetest.Store) {
			if r.Method == http.MethodPost && s.Objects[settings] == nil {
				o := kube.Marked(owner, decode(t, ours))
				o["metadata"].(map[string]any)["uid"] = "x"
				s.Set(settings, o)
			}
		}, 0, `{"a":"1"}`},
		"a user changes it in between": {true, func(r *http.Request, s *kubetest.Store) {
			if data := s.Objects[settings]["data"].(map[string]any); r.Method == http.MethodPut && data["users"] == nil {
				data["users"] = "2"
				s.Set(settings, s.Objects[settings])
			}
		}, 0, `{"a":"1","users":"2"}`},
		"a user deletes it in between": {true, func(r *http.Request, s *kubetest.Store) {
			if r.Method == http.MethodPut {
				delete(s.Objects, settings)
			}
		}, 0, `{"a":"1"}`},
		"somebody changes it all the time": {true, func(r *http.Request, s *kubetest.Store) { s.Set(settings, s.Objects[settings]) }, kube.Conflict, ""},
	} {
		s := serveRelease(t, "v1.12.10")
		objects := s.client(t).Objects(owner)
		if test.there {
			before := decode(t, ours)
			before["data"] = map[string]any{"a": "0"}
			apply(t, objects, before)
		}
		s.Before = test.before
		applied, err := objects.Apply(context.Background(), decode(t, ours))
		if kube.KindOf(err) != test.kind || (err == nil) != (test.kind == 0) {
			t.Errorf("%s: %v", name, err)
		}
		if err == nil && (!applied.Changed || encode(t, applied.Live["data"]) != test.want) {
			t.Errorf("%s: %v %s", name, applied.Changed, encode(t, applied.Live))
		}
		if writes := s.Written(); len(writes) > 8 {
			t.Errorf("%s: %d writes", name, len(writes))
		}
	}
}

func TestObjectsOfOthersAreLeftAlone(t *testing.T) {
	ctx := context.Background()
	for name, metadata := range map[string]string{
		"no mark":             `{"name":"settings","namespace":"ns"}`,
		"another application": `{"name":"settings","namespace":"ns","labels":{"app.kubernetes.io/managed-by":"kubernetes-worker","app.kubernetes.io/instance":"other","app.kubernetes.io/component":"ingress"},"annotations":{"kubernetes-worker/object":"ConfigMap ns/settings"}}`,
		"another component":   `{"name":"settings","namespace":"ns","labels":{"app.kubernetes.io/managed-by":"kubernetes-worker","app.kubernetes.io/instance":"kubernetes-worker","app.kubernetes.io/component":"nfs"},"annotations":{"kubernetes-worker/object":"ConfigMap ns/settings"}}`,
		"a user's copy":       `{"name":"settings","namespace":"ns","labels":{"app.kubernetes.io/managed-by":"kubernetes-worker","app.kubernetes.io/instance":"kubernetes-worker","app.kubernetes.io/component":"ingress"},"annotations":{"kubernetes-worker/object":"ConfigMap other/settings"}}`,
	} {
		s := serveRelease(t, "v1.16.15")
		s.Put(settings, `{"kind":"ConfigMap","apiVersion":"v1","metadata":`+metadata+`,"data":{"users":"1"}}`)
		before := s.At(settings)
		objects := s.client(t).Objects(owner)
		if _, err := objects.Compare(ctx, decode(t, ours)); kube.KindOf(err) != kube.Foreign {
			t.Errorf("%s: %v", name, err)
		}
		_, err := objects.Apply(ctx, decode(t, ours))
		if kube.KindOf(err) != kube.Foreign || err.Error() != "cannot apply ConfigMap ns/settings: it is there already and was not made by kubernetes-worker" {
			t.Errorf("%s: %v", name, err)
		}
		if gone, err := objects.Delete(ctx, decode(t, ours).Ref()); gone || kube.KindOf(err) != kube.Foreign {
			t.Errorf("%s: %v, %v", name, gone, err)
		}
		if removed, err := objects.DeleteAll(ctx, []string{"ConfigMap"}); len(removed) > 0 || err != nil {
			t.Errorf("%s: removed %v, %v", name, removed, err)
		}
		if s.At(settings) != before || len(s.Written()) > 0 {
			t.Errorf("%s: it is now %s", name, s.At(settings))
		}
		objects.Adopt = func(live kube.Object) bool { return live.Name() == "settings" }
		if applied := apply(t, objects, decode(t, ours)); !applied.Changed || !owner.Owns(applied.Live) {
			t.Errorf("%s: not taken over: %s", name, s.At(settings))
		}
	}
}

func TestOfAnObjectThatIsTakenOverKubectlsFieldsGo(t *testing.T) {
	for name, test := range map[string]struct{ annotation, want string }{
		"its account":        {`"{\"kind\":\"ConfigMap\",\"metadata\":{\"name\":\"settings\"},\"data\":{\"old\":\"1\",\"a\":\"0\"}}"`, `{"a":"1","users":"2"}`},
		"a broken account":   {`"{"`, `{"a":"1","old":"1","users":"2"}`},
		"somebody's account": {`"[]"`, `{"a":"1","old":"1","users":"2"}`},
	} {
		s := serveRelease(t, "v1.16.15")
		s.Put(settings, `{"kind":"ConfigMap","apiVersion":"v1","metadata":{"name":"settings","namespace":"ns","annotations":{
"kubectl.kubernetes.io/last-applied-configuration":`+test.annotation+`}},"data":{"old":"1","a":"0","users":"2"}}`)
		objects := s.client(t).Objects(owner)
		objects.Adopt = func(kube.Object) bool { return true }
		applied := apply(t, objects, decode(t, ours))
		if _, still := applied.Live.Annotations()["kubectl.kubernetes.io/last-applied-configuration"]; still || encode(t, applied.Live["data"]) != test.want {
			t.Errorf("%s: %s", name, s.At(settings))
		}
	}
}

func TestObjectThatIsGoingAwayIsWaitedFor(t *testing.T) {
	s := serveRelease(t, "v1.16.15")
	objects := s.client(t).Objects(owner)
	apply(t, objects, decode(t, ours))
	s.Change(settings, func(o map[string]any) { o["metadata"].(map[string]any)["deletionTimestamp"] = "2026-01-01T00:00:00Z" })
	s.Written()
	_, err := objects.Apply(context.Background(), decode(t, ours))
	if kube.KindOf(err) != kube.Conflict || err.Error() != "cannot apply ConfigMap ns/settings: it is being deleted" || len(s.Written()) != 0 {
		t.Error(err)
	}
}

func TestOnlyTheObjectThatWasLookedAtIsDeleted(t *testing.T) {
	s := serveRelease(t, "v1.16.15")
	objects := s.client(t).Objects(owner)
	apply(t, objects, decode(t, ours))
	s.Before = func(r *http.Request, s *kubetest.Store) {
		s.Objects[settings]["metadata"].(map[string]any)["uid"] = "another"
	}
	if gone, err := objects.Delete(context.Background(), decode(t, ours).Ref()); gone || kube.KindOf(err) != kube.Conflict {
		t.Error(gone, err)
	}
}

func TestSecretsAreInNoErrorAndNoAnnotation(t *testing.T) {
	s := serveRelease(t, "v1.16.15")
	objects := s.client(t).Objects(owner)
	password := decode(t, `{"kind":"Secret","apiVersion":"v1","metadata":{"name":"p","namespace":"ns"},"stringData":{"password":"hunter2"}}`)
	applied := apply(t, objects, password)
	coded := base64.StdEncoding.EncodeToString([]byte("hunter2"))
	for key, value := range applied.Live.Annotations() {
		if strings.Contains(value, "hunter2") || strings.Contains(value, coded) {
			t.Errorf("%s: %s", key, value)
		}
	}
	if text := fmt.Sprintf("%v %+v %#v %s", applied.Live, applied, applied.Live, password); strings.Contains(text, coded) || strings.Contains(text, "hunter2") {
		t.Error(text)
	}
	if applied = apply(t, objects, password); applied.Changed {
		t.Error("changed again")
	}
	other := decode(t, `{"kind":"Secret","apiVersion":"v1","metadata":{"name":"p","namespace":"ns"},"stringData":{"password":"hunter3"}}`)
	if password.Fingerprint() == other.Fingerprint() {
		t.Error("a secret's fingerprint does not tell its values apart")
	}
	if applied = apply(t, objects, other); !applied.Changed {
		t.Error("another password changed nothing")
	}
	s.Broken["/api/v1/namespaces/ns/secrets/p"] = 422
	for _, err := range []error{
		func() error { _, err := objects.Apply(context.Background(), other); return err }(),
		func() error {
			_, err := objects.Apply(context.Background(), kube.Object{"kind": "Secret", "stringData": "hunter2"})
			return err
		}(),
		func() error {
			_, err := objects.Apply(context.Background(), kube.Object{"kind": "Secret", "data": func() string { return "hunter2" }})
			return err
		}(),
	} {
		if err == nil || strings.Contains(err.Error(), "hunter") {
			t.Error(err)
		}
	}
}

func TestServersMistakesAreErrors(t *testing.T) {
	for name, path := range map[string]string{"groups": "/apis", "version": "/version", "resources": "/api/v1", "the object": settings} {
		s := serveRelease(t, "v1.16.15")
		s.Broken[path] = 503
		if _, err := s.client(t).Objects(owner).Apply(context.Background(), decode(t, ours)); kube.KindOf(err) != kube.Unreachable {
			t.Errorf("%s: %v", name, err)
		}
		if _, err := s.client(t).Objects(owner).DeleteAll(context.Background(), []string{"ConfigMap"}); path != "/version" && path != settings && kube.KindOf(err) != kube.Unreachable {
			t.Errorf("%s: %v", name, err)
		}
	}
}
