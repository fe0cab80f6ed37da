package kube_test

import (
	"encoding/json"
	"reflect"
	"testing"

	"kubernetes-worker/internal/kube"
)

func TestThreeWayMerge(t *testing.T) {
	for name, test := range map[string]struct{ before, want, live, merged string }{
		"what others added stays":                    {`{"spec":{"a":1}}`, `{"spec":{"a":1}}`, `{"spec":{"a":1,"b":2},"status":{"x":1}}`, `{"spec":{"a":1,"b":2},"status":{"x":1}}`},
		"what others changed is put right":           {`{"spec":{"a":1}}`, `{"spec":{"a":1}}`, `{"spec":{"a":2}}`, `{"spec":{"a":1}}`},
		"what is dropped goes":                       {`{"spec":{"a":1,"b":{"c":1}}}`, `{"spec":{"a":1}}`, `{"spec":{"a":1,"b":{"c":1,"default":2}}}`, `{"spec":{"a":1}}`},
		"what is dropped and gone already":           {`{"spec":{"a":1,"b":1}}`, `{"spec":{"a":1}}`, `{"spec":{"a":1}}`, `{"spec":{"a":1}}`},
		"what was never set is not dropped":          {`{}`, `{"spec":{"a":1}}`, `{"spec":{"b":1}}`, `{"spec":{"a":1,"b":1}}`},
		"dropped labels leave those of others":       {`{"metadata":{"labels":{"a":"1"}}}`, `{"metadata":{}}`, `{"metadata":{"labels":{"a":"1","b":"2"}}}`, `{"metadata":{"labels":{"b":"2"}}}`},
		"the last dropped label takes the map along": {`{"metadata":{"labels":{"a":"1"}}}`, `{}`, `{"metadata":{"name":"n","labels":{"a":"1"}}}`, `{"metadata":{"name":"n"}}`},
		"dropped data leaves that of others":         {`{"data":{"a":"1"}}`, `{}`, `{"data":{"a":"1","b":"2"}}`, `{"data":{"b":"2"}}`},
		"one of several data":                        {`{"data":{"a":"1","b":"1"}}`, `{"data":{"b":"1"}}`, `{"data":{"a":"1","b":"1","c":"1"}}`, `{"data":{"b":"1","c":"1"}}`},
		"elements are merged by name": {`{"containers":[{"name":"a","image":"1"},{"name":"old"}]}`, `{"containers":[{"name":"a","image":"2"},{"name":"new"}]}`,
			`{"containers":[{"name":"users"},{"name":"a","image":"1","default":1},{"name":"old"}]}`, `{"containers":[{"name":"a","image":"2","default":1},{"name":"new"},{"name":"users"}]}`},
		"a source of a volume is replaced whole": {`{"volumes":[{"name":"v","hostPath":{"path":"/a"}}]}`, `{"volumes":[{"name":"v","emptyDir":{}}]}`,
			`{"volumes":[{"name":"v","hostPath":{"path":"/a","type":""}}]}`, `{"volumes":[{"name":"v","emptyDir":{}}]}`},
		"ports are told apart by protocol": {`{"ports":[{"port":53}]}`, `{"ports":[{"port":53,"name":"tcp"},{"port":53,"protocol":"UDP"}]}`,
			`{"ports":[{"port":53,"protocol":"TCP","nodePort":3}]}`, `{"ports":[{"port":53,"name":"tcp","protocol":"TCP","nodePort":3},{"port":53,"protocol":"UDP"}]}`},
		"ports of containers": {`{"ports":[{"containerPort":80}]}`, `{"ports":[{"containerPort":81}]}`, `{"ports":[{"containerPort":80,"protocol":"TCP"}]}`, `{"ports":[{"containerPort":81}]}`},
		"mounts by their path": {`{"volumeMounts":[{"mountPath":"/a","name":"a"}]}`, `{"volumeMounts":[{"mountPath":"/a","name":"b"}]}`,
			`{"volumeMounts":[{"mountPath":"/x","name":"x"},{"mountPath":"/a","name":"a"}]}`, `{"volumeMounts":[{"mountPath":"/a","name":"b"},{"mountPath":"/x","name":"x"}]}`},
		"a name that is there twice makes the list one value": {`{}`, `{"env":[{"name":"a"}]}`, `{"env":[{"name":"a"},{"name":"a"}]}`, `{"env":[{"name":"a"}]}`},
		"an element without its name too":                     {`{}`, `{"env":[{"name":"a"}]}`, `{"env":["b"]}`, `{"env":[{"name":"a"}]}`},
		"a list that is one value is replaced":                {`{"args":["a"]}`, `{"spec":{"args":["b"]}}`, `{"spec":{"args":["a","users"]}}`, `{"spec":{"args":["b"]}}`},
		"defaults in such a list are left": {`{}`, `{"spec":{"rules":[{"http":{"paths":[{"path":"/"}]}}]}}`,
			`{"spec":{"rules":[{"http":{"paths":[{"path":"/","pathType":"ImplementationSpecific"}]}}]}}`, `{"spec":{"rules":[{"http":{"paths":[{"path":"/","pathType":"ImplementationSpecific"}]}}]}}`},
		"but not in rules of a role":      {`{}`, `{"rules":[{"verbs":["get"]}]}`, `{"rules":[{"verbs":["get"],"resourceNames":["x"]}]}`, `{"rules":[{"verbs":["get"]}]}`},
		"nor in subjects of a binding":    {`{}`, `{"subjects":[{"name":"a"}]}`, `{"subjects":[{"name":"a"},{"name":"eve"}]}`, `{"subjects":[{"name":"a"}]}`},
		"the order of such a list counts": {`{}`, `{"spec":{"args":["a","b"]}}`, `{"spec":{"args":["b","a"]}}`, `{"spec":{"args":["a","b"]}}`},
		"another type is replaced":        {`{}`, `{"spec":{"a":{"b":1}}}`, `{"spec":{"a":"text"}}`, `{"spec":{"a":{"b":1}}}`},
		"nothing is there":                {`{}`, `{"spec":{"list":[1],"map":{}}}`, `{}`, `{"spec":{"list":[1],"map":{}}}`},
	} {
		t.Run(name, func(t *testing.T) {
			live := decode(t, test.live)
			got := kube.Merge(decode(t, test.before), decode(t, test.want), live)
			if want := encode(t, decode(t, test.merged)); encode(t, got) != want {
				t.Errorf("got  %s\nwant %s", encode(t, got), want)
			}
			if encode(t, live) != encode(t, decode(t, test.live)) {
				t.Error("what is there was changed in place")
			}
			again := kube.Merge(decode(t, test.want), decode(t, test.want), decode(t, encode(t, got)))
			if !reflect.DeepEqual(decode(t, encode(t, again)), decode(t, encode(t, got))) {
				t.Errorf("merged again it is %s", encode(t, again))
			}
		})
	}
}

func TestOutlineHasNoValues(t *testing.T) {
	got := kube.Outline(decode(t, `{"kind":"Secret","apiVersion":"v1","metadata":{"name":"n","namespace":"s","labels":{"l":"hunter2"}},
"data":{"k":"hunter2"},"list":["hunter2"],"env":[{"name":"A","value":"hunter2"}]}`))
	if want := `{"data":{"k":0},"env":{"A":{"name":0,"value":0}},"list":0,"metadata":{"labels":{"l":0}}}`; got != want {
		t.Errorf("%s, want %s", got, want)
	}
}

// Whatever others write into the annotation or the object, what is wanted is there afterwards, and a second merge
// changes nothing.
func FuzzMerge(f *testing.F) {
	f.Add(`{"spec":{"containers":{"a":{"image":0}}}}`, `{"spec":{"containers":[{"name":"b"}]}}`, `{"spec":{"containers":[{"name":"a"}]}}`)
	f.Add(`{"metadata":{"labels":0}}`, `{"metadata":{}}`, `{"metadata":{"labels":{"a":"b"}}}`)
	f.Add(`{"data":{"a":{"b":0}}}`, `{}`, `{"data":{"a":"b"}}`)
	f.Add(`{"ports":{"1/TCP":0}}`, `{"ports":[{"port":1},{"port":1}]}`, `{"ports":[{"port":1,"protocol":7}]}`)
	f.Fuzz(func(t *testing.T, before, want, live string) {
		var b, w, l map[string]any
		_ = json.Unmarshal([]byte(before), &b)
		if json.Unmarshal([]byte(want), &w) != nil || json.Unmarshal([]byte(live), &l) != nil {
			return
		}
		merged := kube.MergeOutlined(b, w, l)
		if !reflect.DeepEqual(map[string]any(kube.MergeOutlined(b, w, merged)), map[string]any(merged)) {
			t.Errorf("%s + %s merged is %s, and again %s", live, want, encode(t, merged), encode(t, kube.MergeOutlined(b, w, merged)))
		}
		for k, v := range w {
			if _, isText := v.(string); isText && merged[k] != v {
				t.Errorf("%s is %v, want %v", k, merged[k], v)
			}
		}
	})
}
