package kubetest

import (
	"encoding/pem"
	"net/http/httptest"
	"testing"

	"kubernetes-worker/internal/kube"
	"kubernetes-worker/internal/secret"
)

// Serve lets the store be asked until the test ends, and gives a client of it.
func (s *Store) Serve(t testing.TB) *kube.Client {
	t.Helper()
	server := httptest.NewTLSServer(s)
	t.Cleanup(server.Close)
	client, err := kube.New(kube.Config{Servers: []string{server.URL}, Token: secret.New("x"),
		CA: pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: server.Certificate().Raw})})
	if err != nil {
		t.Fatal(err)
	}
	return client
}
