package api

import (
	"context"
	"crypto/tls"
	"encoding/json"
	"net/http"
	"net/http/httptest"
	"net/http/httputil"
	"net/url"
	"reflect"
	"strings"
	"sync/atomic"
	"testing"

	"kubernetes-worker/internal/kube"
)

// after gives an address at which the API server takes so many writes and no more.
func (c *cluster) after(t *testing.T, writes int) string {
	t.Helper()
	server := &url.URL{Scheme: "https", Host: c.Servers[0]}
	proxy := httputil.NewSingleHostReverseProxy(server)
	proxy.Transport = c.client.Transport
	var left atomic.Int64
	left.Store(int64(writes))
	front := httptest.NewUnstartedServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.Method != http.MethodGet && left.Add(-1) < 0 {
			http.Error(w, "no more", http.StatusServiceUnavailable)
			return
		}
		proxy.ServeHTTP(w, r)
	}))
	front.TLS = &tls.Config{Certificates: []tls.Certificate{c.ca.Server(t, "127.0.0.1")}}
	front.StartTLS()
	t.Cleanup(front.Close)
	return strings.TrimPrefix(front.URL, "https://")
}

// takeOverEnded takes over an object of an earlier charm, ended after each number of writes, and then again.
func takeOverEnded(t *testing.T, c *cluster) {
	ctx := context.Background()
	objects := c.as(t, "admin").Objects(owner)
	apply(t, objects, wanted(t)[0], true)
	ended := 0
	for done := false; !done; ended++ {
		before := named(t, "ConfigMap")
		before["data"] = map[string]any{"old": "1", "proxy-body-size": "8m"}
		text, err := json.Marshal(before)
		if err != nil {
			t.Fatal(err)
		}
		before["metadata"].(map[string]any)["annotations"] = map[string]any{"kubectl.kubernetes.io/last-applied-configuration": string(text)}
		if code := c.ask(0, "POST", "/api/v1"+inNamespace+"/configmaps?fieldManager=kubectl-client-side-apply", "admin", before); code != http.StatusCreated {
			t.Fatalf("POST answers %d", code)
		}
		there := *c
		there.Servers = []string{c.after(t, ended)}
		first := there.as(t, "admin").Objects(owner)
		first.Adopt = func(kube.Object) bool { return true }
		_, err = first.Apply(ctx, named(t, "ConfigMap"))
		done = err == nil
		objects.Adopt = func(live kube.Object) bool {
			return live.Annotations()["kubectl.kubernetes.io/last-applied-configuration"] != ""
		}
		apply(t, objects, named(t, "ConfigMap"), !done)
		apply(t, objects, named(t, "ConfigMap"), false)
		live := c.object(t, configMap)
		if got := at(live, "data"); !reflect.DeepEqual(got, map[string]any{"proxy-body-size": "1024m"}) || !owner.Owns(live) {
			t.Errorf("after %d writes: %v", ended, live)
		}
		managers, _ := at(live, "metadata", "managedFields").([]any)
		for i := range managers {
			if name, _ := at(live, "metadata", "managedFields", i, "manager").(string); name != "kubernetes-worker" {
				t.Errorf("after %d writes %s owns fields, too", ended, name)
			}
		}
		if _, err := objects.Delete(ctx, live.Ref()); err != nil {
			t.Fatal(err)
		}
	}
	if ended < 3 {
		t.Errorf("it took %d writes", ended-1)
	}
	c.wipe(t, objects)
}
