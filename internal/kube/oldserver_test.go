package kube_test

import (
	"path/filepath"
	"testing"

	"kubernetes-worker/internal/kube"
	"kubernetes-worker/internal/kube/kubetest"
)

// releases are those that there are recordings of. The newest is compared with the real server in test/api.
var releases = []string{"v1.12.10", "v1.16.15", "v1.18.19", "v1.20.15", "v1.22.17", "v1.25.16", "v1.28.15", "v1.36.3"}

// oldServer answers as the API server of a release does, as far as its recording goes, and keeps objects. It never
// applies: that is what the real server is for.
type oldServer struct {
	*server
	*kubetest.Store
}

func serveRelease(t *testing.T, release string) *oldServer {
	t.Helper()
	store, err := kubetest.Load(filepath.Join("testdata/discovery", release+".json"))
	if err != nil {
		t.Fatal(err)
	}
	return &oldServer{server: serve(t, store.ServeHTTP), Store: store}
}

func (s *oldServer) client(t *testing.T) *kube.Client {
	t.Helper()
	return newClient(t, 0, caOf(s.server), s.URL)
}
