package model

import (
	"net"
	"net/http"
	"os"
	"path/filepath"
	"sync"
	"testing"
)

// Metadata plays the metadata services of three clouds, at the addresses to which they are routed from the machine.
type Metadata struct {
	mu    sync.Mutex
	old   bool // only the first version of that of AWS
	away  bool
	asked []string
}

const metadataToken = "AQAEAFSYMXhRn"

// Metadata gives the machine those services, once.
func (w *World) Metadata() *Metadata {
	w.T.Helper()
	if w.metadata == nil {
		w.metadata = startMetadata(w.T, filepath.Join(filepath.Dir(w.Root), "md.sock"))
	}
	// The machine is copied and put back in some tests: the socket lies outside of it.
	dir := filepath.Join(w.Root, "run/net")
	w.must(os.MkdirAll(dir, 0o755))
	for _, address := range []string{"169.254.169.254:80", "metadata.google.internal:80"} {
		path := filepath.Join(dir, address)
		if _, err := os.Lstat(path); err != nil {
			w.must(os.Symlink(filepath.Join(filepath.Dir(w.Root), "md.sock"), path))
		}
	}
	return w.metadata
}

func startMetadata(t *testing.T, socket string) *Metadata {
	t.Helper()
	listener, err := net.Listen("unix", socket)
	if err != nil {
		t.Fatal(err)
	}
	m := &Metadata{}
	server := &http.Server{Handler: m}
	go func() { _ = server.Serve(listener) }()
	t.Cleanup(func() { server.Close() })
	return m
}

// Away makes the services refuse everything, or ends that.
func (m *Metadata) Away(away bool) {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.away = away
}

// Old leaves AWS with the first version of its service.
func (m *Metadata) Old() {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.old = true
}

// Asked are the questions since the last call.
func (m *Metadata) Asked() []string {
	m.mu.Lock()
	defer m.mu.Unlock()
	asked := m.asked
	m.asked = nil
	return asked
}

func (m *Metadata) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.asked = append(m.asked, r.Method+" "+r.URL.Path)
	answers := map[string]string{
		"/latest/meta-data/instance-id":                 "i-0123456789abcdef0",
		"/latest/meta-data/placement/availability-zone": "us-east-1a",
		"/computeMetadata/v1/instance/name":             "juju-1",
		"/computeMetadata/v1/instance/zone":             "projects/12/zones/us-east1-b",
		"/metadata/instance":                            `{"compute": {"vmId": "vm-1", "name": "machine-1", "resourceGroupName": "juju-group", "location": "westus", "subscriptionId": "sub-1"}}`,
	}
	text, known := answers[r.URL.Path]
	aws := r.URL.Path == "/latest/meta-data/instance-id" || r.URL.Path == "/latest/meta-data/placement/availability-zone"
	switch {
	case m.away:
		w.WriteHeader(http.StatusServiceUnavailable)
	case r.URL.Path == "/latest/api/token" && r.Method == http.MethodPut && !m.old:
		_, _ = w.Write([]byte(metadataToken))
	case !known:
		w.WriteHeader(http.StatusNotFound)
	case aws && !m.old && r.Header.Get("X-aws-ec2-metadata-token") != metadataToken,
		r.Host == "metadata.google.internal" && r.Header.Get("Metadata-Flavor") != "Google",
		r.URL.Path == "/metadata/instance" && r.Header.Get("Metadata") != "true":
		w.WriteHeader(http.StatusUnauthorized)
	default:
		_, _ = w.Write([]byte(text))
	}
}
