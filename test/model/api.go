package model

import (
	"crypto/tls"
	"encoding/json"
	"io"
	"maps"
	"net"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"sync"
	"testing"
)

// API is a stand-in for an API server that knows Node objects. A node is there once its kubelet runs, unless somebody
// deleted it since; then the kubelet has to start anew.
type API struct {
	server *httptest.Server
	// Registered tells how often the machine's kubelet has been started, 0 while it does not run.
	Registered func() int

	mu       sync.Mutex
	nodes    map[string]map[string]string // labels by node
	deleted  map[string]int               // node → starts of the kubelet when it was deleted
	requests []string
	status   int  // answer every request with this status; 0: work
	notReady bool // nodes are not Ready
}

// StartAPI serves on a free port of an address, 127.0.0.1 if empty, with a certificate for it.
func StartAPI(t *testing.T, ca *Authority, address string) *API {
	t.Helper()
	if address == "" {
		address = "127.0.0.1"
	}
	listener, err := net.Listen("tcp", net.JoinHostPort(address, "0"))
	if err != nil {
		t.Fatal(err)
	}
	a := &API{nodes: map[string]map[string]string{}, deleted: map[string]int{}, Registered: func() int { return 0 }}
	a.server = httptest.NewUnstartedServer(http.HandlerFunc(a.serve))
	a.server.Listener.Close()
	a.server.Listener = listener
	a.server.TLS = &tls.Config{Certificates: []tls.Certificate{ca.Server(t, address)}}
	a.server.Config.ErrorLog = nil
	a.server.StartTLS()
	t.Cleanup(a.server.Close)
	return a
}

// HostPort is where the server listens.
func (a *API) HostPort() string {
	u, err := url.Parse(a.server.URL)
	if err != nil {
		panic(err)
	}
	return u.Host
}

// URL is what kubeconfigs name.
func (a *API) URL() string { return "https://" + a.HostPort() }

// Fail makes every request end in an HTTP status; 0 ends that.
func (a *API) Fail(status int) { a.mu.Lock(); defer a.mu.Unlock(); a.status = status }

// NotReady makes nodes not Ready.
func (a *API) NotReady(yes bool) { a.mu.Lock(); defer a.mu.Unlock(); a.notReady = yes }

// Close takes the server away.
func (a *API) Close() { a.server.CloseClientConnections(); a.server.Close() }

// Labels are a node's labels, nil without such a node.
func (a *API) Labels(node string) map[string]string {
	a.mu.Lock()
	defer a.mu.Unlock()
	return maps.Clone(a.node(node))
}

// Delete removes a node as an operator would.
func (a *API) Delete(node string) {
	a.mu.Lock()
	defer a.mu.Unlock()
	a.remove(node)
}

// Requests forgets and returns what was asked, as "GET worker-0".
func (a *API) Requests() []string {
	a.mu.Lock()
	defer a.mu.Unlock()
	r := a.requests
	a.requests = nil
	return r
}

func (a *API) remove(node string) {
	delete(a.nodes, node)
	a.deleted[node] = a.Registered()
}

// node finds a node, registering it if its kubelet has been started since it was deleted.
func (a *API) node(name string) map[string]string {
	if a.nodes[name] == nil && a.Registered() > a.deleted[name] {
		a.nodes[name] = map[string]string{"kubernetes.io/hostname": name}
	}
	return a.nodes[name]
}

func (a *API) serve(w http.ResponseWriter, r *http.Request) {
	a.mu.Lock()
	defer a.mu.Unlock()
	name, isNode := strings.CutPrefix(r.URL.Path, "/api/v1/nodes/")
	a.requests = append(a.requests, r.Method+" "+name)
	switch {
	case a.status != 0:
		refuse(w, a.status, http.StatusText(a.status))
	case !strings.HasPrefix(r.Header.Get("Authorization"), "Bearer "):
		refuse(w, http.StatusUnauthorized, "Unauthorized")
	case !isNode || a.node(name) == nil:
		refuse(w, http.StatusNotFound, "NotFound")
	case r.Method == http.MethodDelete:
		a.remove(name)
		answer(w, http.StatusOK, map[string]any{"kind": "Status", "apiVersion": "v1", "status": "Success"})
	case r.Method == http.MethodPatch:
		a.patch(name, r.Body)
		answer(w, http.StatusOK, a.object(name))
	default:
		answer(w, http.StatusOK, a.object(name))
	}
}

func (a *API) patch(name string, body io.Reader) {
	var patch struct {
		Metadata struct {
			Labels map[string]*string `json:"labels"`
		} `json:"metadata"`
	}
	if json.NewDecoder(body).Decode(&patch) != nil {
		return
	}
	for k, v := range patch.Metadata.Labels {
		if v == nil {
			delete(a.nodes[name], k)
		} else {
			a.nodes[name][k] = *v
		}
	}
}

func (a *API) object(name string) map[string]any {
	ready := map[string]any{"type": "Ready", "status": "True", "reason": "KubeletReady", "message": "kubelet is posting ready status"}
	if a.notReady {
		ready["status"], ready["message"] = "False", "container runtime network not ready"
	}
	return map[string]any{
		"kind": "Node", "apiVersion": "v1", "metadata": map[string]any{"name": name, "labels": a.node(name), "resourceVersion": "1"},
		"status": map[string]any{"conditions": []any{ready}, "nodeInfo": map[string]any{"kubeletVersion": "v1.28.1"}},
	}
}

func refuse(w http.ResponseWriter, status int, reason string) {
	answer(w, status, map[string]any{"kind": "Status", "apiVersion": "v1", "status": "Failure", "reason": strings.ReplaceAll(reason, " ", ""), "code": status, "message": reason})
}

func answer(w http.ResponseWriter, status int, body any) {
	w.Header().Set("Content-Type", "application/json")
	w.WriteHeader(status)
	// A client that went away is its own business.
	_ = json.NewEncoder(w).Encode(body)
}
