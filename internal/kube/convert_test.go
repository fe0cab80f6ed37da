package kube_test

import (
	"encoding/json"
	"testing"

	"kubernetes-worker/internal/kube"
)

func decode(t *testing.T, text string) kube.Object {
	t.Helper()
	var o kube.Object
	if err := json.Unmarshal([]byte(text), &o); err != nil {
		t.Fatal(err)
	}
	return o
}

func encode(t *testing.T, value any) string {
	t.Helper()
	text, err := json.Marshal(value)
	if err != nil {
		t.Fatal(err)
	}
	return string(text)
}

func TestObjectsAreConvertedForOlderServers(t *testing.T) {
	const ingress = `{"kind":"Ingress","apiVersion":"networking.k8s.io/v1","metadata":{"name":"a","annotations":{"x":"y"}},"spec":{"ingressClassName":"nginx",
"defaultBackend":{"service":{"name":"d","port":{"name":"web"}}},"tls":[{"hosts":["h"]}],"rules":[{"host":"h","http":{"paths":[
{"path":"/","pathType":"Prefix","backend":{"service":{"name":"s","port":{"number":80}}}}]}},{"host":"empty"}]}}`
	for name, test := range map[string]struct {
		object  string
		to      string
		classes bool
		want    string
	}{
		"the newest form stays": {ingress, "networking.k8s.io/v1", true, ingress},
		"v1beta1 of 1.18 knows classes and path types": {ingress, "networking.k8s.io/v1beta1", true,
			`{"kind":"Ingress","apiVersion":"networking.k8s.io/v1beta1","metadata":{"name":"a","annotations":{"x":"y"}},"spec":{"ingressClassName":"nginx",
"backend":{"serviceName":"d","servicePort":"web"},"tls":[{"hosts":["h"]}],"rules":[{"host":"h","http":{"paths":[
{"path":"/","pathType":"Prefix","backend":{"serviceName":"s","servicePort":80}}]}},{"host":"empty"}]}}`},
		"v1beta1 of 1.14 does not": {ingress, "networking.k8s.io/v1beta1", false,
			`{"kind":"Ingress","apiVersion":"networking.k8s.io/v1beta1","metadata":{"name":"a","annotations":{"x":"y","kubernetes.io/ingress.class":"nginx"}},"spec":{
"backend":{"serviceName":"d","servicePort":"web"},"tls":[{"hosts":["h"]}],"rules":[{"host":"h","http":{"paths":[
{"path":"/","backend":{"serviceName":"s","servicePort":80}}]}},{"host":"empty"}]}}`},
		"extensions has the same shape": {`{"kind":"Ingress","apiVersion":"networking.k8s.io/v1","metadata":{"name":"a"},"spec":{"ingressClassName":"nginx"}}`, "extensions/v1beta1", false,
			`{"kind":"Ingress","apiVersion":"extensions/v1beta1","metadata":{"name":"a","annotations":{"kubernetes.io/ingress.class":"nginx"}},"spec":{}}`},
		"a backend that is no service": {`{"kind":"Ingress","apiVersion":"networking.k8s.io/v1","metadata":{"name":"a"},"spec":{"defaultBackend":{"resource":{"kind":"Bucket"}}}}`,
			"networking.k8s.io/v1beta1", true, `{"kind":"Ingress","apiVersion":"networking.k8s.io/v1beta1","metadata":{"name":"a"},"spec":{"backend":{"resource":{"kind":"Bucket"}}}}`},
		"an ingress of nothing": {`{"kind":"Ingress","apiVersion":"networking.k8s.io/v1","metadata":{"name":"a"}}`, "extensions/v1beta1", false,
			`{"kind":"Ingress","apiVersion":"extensions/v1beta1","metadata":{"name":"a"}}`},
		"what is not of the expected type is left to the server": {`{"kind":"Ingress","apiVersion":"networking.k8s.io/v1","metadata":{"name":"a"},"spec":{"rules":["x",{"http":1},{"http":{"paths":["y",{"backend":7}]}}]}}`,
			"extensions/v1beta1", false,
			`{"kind":"Ingress","apiVersion":"extensions/v1beta1","metadata":{"name":"a"},"spec":{"rules":["x",{"http":1},{"http":{"paths":["y",{"backend":7}]}}]}}`},
		"a workload keeps its selector": {`{"kind":"DaemonSet","apiVersion":"apps/v1","metadata":{"name":"a"},"spec":{"selector":{"matchLabels":{"a":"b"}}}}`, "extensions/v1beta1", false,
			`{"kind":"DaemonSet","apiVersion":"extensions/v1beta1","metadata":{"name":"a"},"spec":{"selector":{"matchLabels":{"a":"b"}}}}`},
	} {
		object := decode(t, test.object)
		got := kube.Convert(object, test.to, test.classes)
		if want := encode(t, decode(t, test.want)); encode(t, got) != want {
			t.Errorf("%s: got\n%s\nwant\n%s", name, encode(t, got), want)
		}
		if encode(t, object) != encode(t, decode(t, test.object)) {
			t.Errorf("%s: the object itself was changed", name)
		}
	}
}
