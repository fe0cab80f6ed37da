// Package api is the third layer of the tests: the same as the model layer, with a real etcd and real API servers.
package api

import (
	"bytes"
	"context"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/x509"
	"encoding/json"
	"encoding/pem"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"kubernetes-worker/internal/jujusim"
	"kubernetes-worker/test/model"
)

// nodes are the machines that the control plane has tokens for; each test takes one for itself.
const nodes = 10

func TestMain(m *testing.M) {
	model.RunProgram()
	jujusim.RunHelper()
	os.Exit(model.Scratch(m))
}

// cluster is a control plane without controllers: what the charm speaks to.
type cluster struct {
	model.Real
	dir      string
	binaries string
	ca       *model.Authority
	servers  []*exec.Cmd
	client   *http.Client
}

// start brings up etcd and API servers, these with more flags, which end with the test.
func start(t *testing.T, count int, flags ...string) *cluster {
	t.Helper()
	out, err := exec.Command("../bed/artefact", "kubernetes").Output()
	if err != nil {
		t.Fatalf("cannot get the Kubernetes of the test bed: %v", err)
	}
	c := &cluster{dir: t.TempDir(), binaries: strings.TrimSpace(string(out))}
	c.ca = model.NewAuthority(t, c.dir)
	c.CACert, c.CAKey, c.Tokens = c.ca.CertFile, c.ca.KeyFile, filepath.Join(c.dir, "tokens.csv")
	c.writeTokens(t)
	c.writeKeys(t)
	roots := x509.NewCertPool()
	pemText, err := os.ReadFile(c.CACert)
	if err != nil {
		t.Fatal(err)
	}
	roots.AppendCertsFromPEM(pemText)
	transport := http.DefaultTransport.(*http.Transport).Clone()
	transport.TLSClientConfig.RootCAs = roots
	c.client = &http.Client{Transport: transport, Timeout: 10 * time.Second}
	etcd := "http://" + free(t)
	peer := "http://" + free(t)
	c.run(t, "etcd", "--data-dir", filepath.Join(c.dir, "etcd"), "--name", "e", "--listen-client-urls", etcd, "--advertise-client-urls", etcd,
		"--listen-peer-urls", peer, "--initial-advertise-peer-urls", peer, "--initial-cluster", "e="+peer, "--unsafe-no-fsync", "--log-level", "error")
	for range count {
		address := free(t)
		c.Servers = append(c.Servers, address)
		c.servers = append(c.servers, c.serve(t, etcd, address, flags...))
	}
	for i := range c.Servers {
		wait(t, "API server "+c.Servers[i], func() bool { return c.ask(i, "GET", "/readyz", "admin", nil) == http.StatusOK })
	}
	return c
}

func (c *cluster) serve(t *testing.T, etcd, address string, flags ...string) *exec.Cmd {
	t.Helper()
	host, port, err := net.SplitHostPort(address)
	if err != nil {
		t.Fatal(err)
	}
	return c.run(t, "kube-apiserver", append(flags, "--etcd-servers="+etcd, "--bind-address="+host, "--secure-port="+port, "--endpoint-reconciler-type=none",
		"--tls-cert-file="+c.path("server.crt"), "--tls-private-key-file="+c.path("server.key"), "--client-ca-file="+c.CACert,
		"--token-auth-file="+c.Tokens, "--authorization-mode=Node,RBAC", "--enable-admission-plugins=NodeRestriction",
		"--service-account-issuer=https://kubernetes.default.svc", "--service-account-key-file="+c.path("sa.key"),
		"--service-account-signing-key-file="+c.path("sa.key"), "--service-cluster-ip-range=10.152.183.0/24", "--profiling=false")...)
}

func (c *cluster) path(name string) string { return filepath.Join(c.dir, name) }

// writeTokens makes one token for each user, as a control plane keeps them.
func (c *cluster) writeTokens(t *testing.T) {
	t.Helper()
	var b strings.Builder
	fmt.Fprintln(&b, `token-of-admin,admin,admin,"system:masters"`)
	fmt.Fprintln(&b, `token-of-system:kube-proxy,system:kube-proxy,proxy`)
	for i := range nodes {
		fmt.Fprintf(&b, "token-of-worker-%d,system:node:worker-%d,worker-%d,\"system:nodes\"\n", i, i, i)
	}
	if err := os.WriteFile(c.Tokens, []byte(b.String()), 0o600); err != nil {
		t.Fatal(err)
	}
}

// writeKeys makes the servers' certificate and the key that signs service account tokens.
func (c *cluster) writeKeys(t *testing.T) {
	t.Helper()
	server := c.ca.Server(t, "127.0.0.1")
	key, ok := server.PrivateKey.(*ecdsa.PrivateKey)
	if !ok {
		t.Fatal("the server's key is of an unexpected kind")
	}
	c.writePEM(t, "server.crt", "CERTIFICATE", server.Certificate[0])
	c.writeKey(t, "server.key", key)
	signer, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	c.writeKey(t, "sa.key", signer)
}

func (c *cluster) writeKey(t *testing.T, name string, key *ecdsa.PrivateKey) {
	t.Helper()
	der, err := x509.MarshalECPrivateKey(key)
	if err != nil {
		t.Fatal(err)
	}
	c.writePEM(t, name, "EC PRIVATE KEY", der)
}

func (c *cluster) writePEM(t *testing.T, name, kind string, der []byte) {
	t.Helper()
	if err := os.WriteFile(c.path(name), pem.EncodeToMemory(&pem.Block{Type: kind, Bytes: der}), 0o600); err != nil {
		t.Fatal(err)
	}
}

// run starts a component, which ends with the test; its log is shown if the test failed.
func (c *cluster) run(t *testing.T, program string, args ...string) *exec.Cmd {
	t.Helper()
	log := &bytes.Buffer{}
	path := filepath.Join(c.binaries, program)
	if other := os.Getenv("API_SERVER"); other != "" && program == "kube-apiserver" {
		path = other // another release's, see test/versions/apiserver.sh
	}
	command := exec.Command(path, args...)
	command.Stdout, command.Stderr = log, log
	if err := command.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		stop(command)
		if t.Failed() {
			text := log.String()
			t.Logf("end of the log of %s:\n%s", program, text[max(0, len(text)-2000):])
		}
	})
	return command
}

func stop(command *exec.Cmd) {
	if command.ProcessState == nil {
		_ = command.Process.Kill()
		_ = command.Wait()
	}
}

// ask sends one request as a user and gives the status, 0 for none.
func (c *cluster) ask(server int, method, path, user string, body any) int {
	status, _ := c.request(server, method, path, user, body)
	return status
}

func (c *cluster) request(server int, method, path, user string, body any) (int, []byte) {
	content, err := json.Marshal(body)
	if err != nil {
		return 0, nil
	}
	request, err := http.NewRequest(method, "https://"+c.Servers[server]+path, bytes.NewReader(content))
	if err != nil {
		return 0, nil
	}
	request.Header.Set("Authorization", "Bearer token-of-"+user)
	request.Header.Set("Content-Type", "application/json")
	if method == http.MethodPatch {
		request.Header.Set("Content-Type", "application/strategic-merge-patch+json")
	}
	response, err := c.client.Do(request)
	if err != nil {
		return 0, nil
	}
	defer response.Body.Close()
	answer, err := io.ReadAll(response.Body)
	if err != nil {
		return 0, nil
	}
	return response.StatusCode, answer
}

// labels are a node's labels, nil if there is no such node.
func (c *cluster) labels(t *testing.T, server int, node string) map[string]string {
	t.Helper()
	status, body := c.request(server, "GET", "/api/v1/nodes/"+node, "admin", nil)
	if status == http.StatusNotFound {
		return nil
	}
	var object struct {
		Metadata struct{ Labels map[string]string }
	}
	if err := json.Unmarshal(body, &object); err != nil || status != http.StatusOK {
		t.Fatalf("GET node %s: %d %s %v", node, status, body, err)
	}
	return object.Metadata.Labels
}

// kubelet plays the kubelet of a world towards the real API server: whenever systemd has started its unit, it registers
// the node, and from then on reports Ready each second, with the credentials and the server of the kubeconfig that the
// charm has written.
func (c *cluster) kubelet(t *testing.T, w *model.World) {
	t.Helper()
	ctx, cancel := context.WithCancel(context.Background())
	done := make(chan struct{})
	t.Cleanup(func() { cancel(); <-done })
	go func() {
		defer close(done)
		tick := time.NewTicker(50 * time.Millisecond)
		defer tick.Stop()
		starts, reported := 0, time.Time{}
		for {
			select {
			case <-ctx.Done():
				return
			case <-tick.C:
			}
			n := w.Restarts(model.Kubelet)
			if n == starts {
				if n > 0 && time.Since(reported) > time.Second {
					reported = time.Now()
					_ = c.report(w) // somebody may have deleted the node; a kubelet tries again
				}
				continue
			}
			if err := c.register(w); err != nil {
				t.Log(err)
				continue
			}
			starts, reported = n, time.Now()
		}
	}()
}

// serverOf is the API server that a world's kubelet speaks to.
func (c *cluster) serverOf(w *model.World) (int, error) {
	kubeconfig, err := os.ReadFile(filepath.Join(w.Root, "root/cdk/kubeconfig"))
	if err != nil {
		return 0, err
	}
	for i, s := range c.Servers {
		if bytes.Contains(kubeconfig, []byte("https://"+s)) && bytes.Contains(kubeconfig, []byte("token-of-"+w.Node)) {
			return i, nil
		}
	}
	return 0, errors.New("the kubeconfig names no server or has not this node's token")
}

// register does what a kubelet does at its start.
func (c *cluster) register(w *model.World) error {
	server, err := c.serverOf(w)
	if err != nil {
		return err
	}
	node := map[string]any{"kind": "Node", "apiVersion": "v1", "metadata": map[string]any{"name": w.Node, "labels": map[string]string{"kubernetes.io/hostname": w.Node}}}
	if status := c.ask(server, "POST", "/api/v1/nodes", w.Node, node); status != http.StatusCreated && status != http.StatusConflict {
		return fmt.Errorf("status %d", status)
	}
	return c.report(w)
}

// report says that the node is Ready, and with which kubelet.
func (c *cluster) report(w *model.World) error {
	server, err := c.serverOf(w)
	if err != nil {
		return err
	}
	now := time.Now().UTC().Format(time.RFC3339)
	kubelet, _ := w.Snapd.Snap("kubelet")
	ready := map[string]any{"status": map[string]any{"conditions": []any{map[string]any{
		"type": "Ready", "status": "True", "reason": "KubeletReady", "lastHeartbeatTime": now, "lastTransitionTime": now}},
		"nodeInfo": map[string]any{"kubeletVersion": "v" + kubelet.Version}}}
	if status, answer := c.request(server, "PATCH", "/api/v1/nodes/"+w.Node+"/status", w.Node, ready); status != http.StatusOK {
		return fmt.Errorf("cannot report Ready: %d %s", status, answer)
	}
	return nil
}

// free gives an address on loopback that nobody listens on.
func free(t *testing.T) string {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	return l.Addr().String()
}

func wait(t *testing.T, what string, done func() bool) {
	t.Helper()
	ctx, cancel := context.WithTimeout(context.Background(), 90*time.Second)
	defer cancel()
	tick := time.NewTicker(100 * time.Millisecond)
	defer tick.Stop()
	for !done() {
		select {
		case <-ctx.Done():
			t.Fatalf("waited in vain for %s", what)
		case <-tick.C:
		}
	}
}
