package model

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"encoding/base64"
	"encoding/json"
	"encoding/pem"
	"math/big"
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"kubernetes-worker/internal/addons"
	"kubernetes-worker/internal/kube/kubetest"
	"kubernetes-worker/internal/secret"
)

// Addons plays controllers and pods of what actions put into the cluster: deployments run at once, and behind each service
// there is a server. The registry's has the certificate and the users of the Secrets in the cluster.
type Addons struct {
	Idle  atomic.Bool // pods do not run
	Aloof atomic.Bool // they do not answer as they should
}

// startAddons makes an API server's cluster live.
func startAddons(t *testing.T, a *API) *Addons {
	t.Helper()
	all := &Addons{}
	registry := httptest.NewUnstartedServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		user, password, _ := r.BasicAuth()
		if all.Aloof.Load() || !addons.Accepts(secret.New(inSecret(a.Cluster, "registry-auth-data", "htpasswd")), user, secret.New(password)) {
			w.Header().Set("WWW-Authenticate", `Basic realm="basic_realm"`)
			w.WriteHeader(http.StatusUnauthorized)
		}
	}))
	registry.TLS = &tls.Config{GetCertificate: func(*tls.ClientHelloInfo) (*tls.Certificate, error) {
		pair, err := tls.X509KeyPair([]byte(inSecret(a.Cluster, "registry-tls-data", "tls.crt")), []byte(inSecret(a.Cluster, "registry-tls-data", "tls.key")))
		return &pair, err
	}}
	registry.StartTLS()
	t.Cleanup(registry.Close)
	microbot := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		if all.Aloof.Load() {
			w.WriteHeader(http.StatusBadGateway)
		}
	}))
	t.Cleanup(microbot.Close)
	servers := map[string]net.Addr{"kube-registry": registry.Listener.Addr(), "microbot": microbot.Listener.Addr()}
	a.Cluster.Controllers = func(path string, o kubetest.Object) {
		spec, _ := o["spec"].(map[string]any)
		metadata, _ := o["metadata"].(map[string]any)
		switch o["kind"] {
		case "Service":
			if at, ok := servers[metadata["name"].(string)].(*net.TCPAddr); ok {
				spec["clusterIP"], spec["ports"] = at.IP.String(), []any{map[string]any{"port": at.Port}}
			}
		case "Deployment":
			n := spec["replicas"]
			o["status"] = map[string]any{"replicas": n, "updatedReplicas": n, "availableReplicas": n}
			if all.Idle.Load() {
				o["status"] = map[string]any{"replicas": n}
			}
		}
	}
	a.Cluster.Put(serviceAccountPath, `{"kind":"ServiceAccount","apiVersion":"v1","metadata":{"name":"default","namespace":"default"},"imagePullSecrets":[{"name":"mine"}]}`)
	return all
}

const serviceAccountPath = "/api/v1/namespaces/default/serviceaccounts/default"

// inSecret is a value of a Secret; empty if there is none.
func inSecret(cluster *kubetest.Store, name, key string) string {
	var o struct{ Data map[string]string }
	if json.Unmarshal([]byte(cluster.At("/api/v1/namespaces/default/secrets/"+name)), &o) != nil {
		return ""
	}
	text, err := base64.StdEncoding.DecodeString(o.Data[key])
	if err != nil {
		return ""
	}
	return string(text)
}

// registryParams are parameters of the action registry that are right.
func registryParams(t *testing.T, login string) map[string]any {
	t.Helper()
	const domain = "registry.example.test"
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	template := &x509.Certificate{SerialNumber: big.NewInt(1), DNSNames: []string{domain}, NotBefore: time.Now().Add(-time.Hour), NotAfter: time.Now().Add(time.Hour)}
	der, err := x509.CreateCertificate(rand.Reader, template, template, key.Public(), key)
	if err != nil {
		t.Fatal(err)
	}
	encoded := func(text []byte) string { return base64.StdEncoding.EncodeToString(text) }
	user, password, _ := strings.Cut(login, ":")
	htpasswd, err := addons.MakeHtpasswd(user, secret.New(password))
	if err != nil {
		t.Fatal(err)
	}
	return map[string]any{
		"domain": domain, "timeout": 5, "htpasswd-plain": encoded([]byte(login)), "htpasswd": encoded([]byte(htpasswd.Reveal())),
		"tlscert": encoded(pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: der})),
		"tlskey":  encoded(pem.EncodeToMemory(&pem.Block{Type: "EC PRIVATE KEY", Bytes: encodeKey(t, key)})),
	}
}
