package kube_test

import (
	"context"
	"io"
	"log"
	"net/http/httptest"
	"testing"

	"encoding/pem"

	"kubernetes-worker/internal/kube"
	"kubernetes-worker/internal/secret"
)

// What a hook pays that asks once for its node: configuration, connection, request.
func BenchmarkFirstRequestOfAHook(b *testing.B) {
	s := httptest.NewUnstartedServer(good)
	s.EnableHTTP2 = true
	s.Config.ErrorLog = log.New(io.Discard, "", 0)
	s.StartTLS()
	defer s.Close()
	config := kube.Config{
		Servers: []string{s.URL, "https://10.255.255.1:6443"},
		CA:      pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: s.Certificate().Raw}),
		Token:   secret.New("sesame"),
	}
	for b.Loop() {
		c, err := kube.New(config)
		if err != nil {
			b.Fatal(err)
		}
		if _, err := c.GetNode(context.Background(), "juju-1"); err != nil {
			b.Fatal(err)
		}
	}
}

func BenchmarkNew(b *testing.B) {
	s := httptest.NewTLSServer(good)
	defer s.Close()
	config := kube.Config{
		Servers: []string{s.URL},
		CA:      pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: s.Certificate().Raw}),
	}
	for b.Loop() {
		if _, err := kube.New(config); err != nil {
			b.Fatal(err)
		}
	}
}
