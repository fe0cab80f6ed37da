package kube_test

import (
	"testing"

	"kubernetes-worker/internal/kube"
)

func TestObjectIsSentAsTheServerKeepsIt(t *testing.T) {
	for name, test := range map[string]struct{ object, want string }{
		"a secret's text becomes data": {`{"kind":"Secret","metadata":{"name":"a"},"data":{"k":"eA=="},"stringData":{"p":"hunter2"}}`,
			`{"kind":"Secret","metadata":{"name":"a"},"data":{"k":"eA==","p":"aHVudGVyMg=="}}`},
		"empty maps go": {`{"kind":"ConfigMap","metadata":{"name":"a","labels":{},"annotations":null},"data":{}}`, `{"kind":"ConfigMap","metadata":{"name":"a"}}`},
		"but not those that mean something": {`{"kind":"Deployment","metadata":{"name":"a"},"spec":{"volumes":[{"name":"v","emptyDir":{}}]}}`,
			`{"kind":"Deployment","metadata":{"name":"a"},"spec":{"volumes":[{"name":"v","emptyDir":{}}]}}`},
		"ports get their protocol": {`{"kind":"Service","metadata":{"name":"a"},"spec":{"ports":[{"port":80},{"port":53,"protocol":"UDP"}],"x":[{"ports":[{"containerPort":1},{"other":1},7]}]}}`,
			`{"kind":"Service","metadata":{"name":"a"},"spec":{"ports":[{"port":80,"protocol":"TCP"},{"port":53,"protocol":"UDP"}],"x":[{"ports":[{"containerPort":1,"protocol":"TCP"},{"other":1},7]}]}}`},
		"numbers stay as they are": {`{"kind":"X","metadata":{"name":"a"},"n":12345678901234567890}`, `{"kind":"X","metadata":{"name":"a"},"n":12345678901234567890}`},
	} {
		o, want := kube.DecodeObject(test.object), kube.DecodeObject(test.want)
		got, err := kube.Plain(o)
		if err != nil || encode(t, got) != encode(t, want) {
			t.Errorf("%s: %s, %v, want %s", name, encode(t, got), err, encode(t, want))
		}
		if encode(t, o) != encode(t, kube.DecodeObject(test.object)) {
			t.Errorf("%s: the object itself was changed", name)
		}
	}
}

func TestObjectShowsItsNameOnly(t *testing.T) {
	o := kube.Object{"kind": "Secret", "metadata": map[string]any{"name": "a", "namespace": "b"}, "data": map[string]any{"k": "hunter2"}}
	if got := o.String() + " " + o.GoString(); got != "Secret b/a Secret b/a" {
		t.Error(got)
	}
	if got := (kube.Ref{Kind: "Namespace", Name: "x"}).String(); got != "Namespace x" {
		t.Error(got)
	}
}

func FuzzObject(f *testing.F) {
	f.Add(`{"kind":"Secret","metadata":{"name":"a"},"stringData":{"p":1},"data":[]}`)
	f.Add(`{"kind":"Ingress","metadata":{"name":"a","managedFields":[{"fieldsV1":{"k:{":{},"v:":7,"f:x":null}}]},"spec":{"rules":[{"http":{"paths":[{}]}}]}}`)
	f.Fuzz(func(t *testing.T, text string) {
		o := kube.DecodeObject(text)
		if o == nil {
			return
		}
		once, err := kube.Plain(o)
		if err != nil {
			t.Fatal(err)
		}
		twice, err := kube.Plain(once)
		if err != nil || encode(t, twice) != encode(t, once) {
			t.Errorf("%s, and again %s, %v", encode(t, once), encode(t, twice), err)
		}
		kube.Convert(once, "extensions/v1beta1", false)
		kube.Intact(once, once)
	})
}
