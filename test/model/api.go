package model

import (
	"crypto/tls"
	"encoding/json"
	"fmt"
	"maps"
	"net"
	"net/http"
	"net/http/httptest"
	"net/url"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"kubernetes-worker/internal/kube/kubetest"
)

// API is a stand-in for an API server that knows Node objects and the pods on them, and keeps objects of other kinds. A node is there once its kubelet runs,
// unless somebody deleted it since; then the kubelet has to start anew. A pod that is evicted is gone at once.
type API struct {
	server *httptest.Server
	// Registered tells how often the machine's kubelet has been started, 0 while it does not run, and its version.
	Registered func() (int, string)
	// Others are the machines of nodes whose kubelets are not that one.
	Others map[string]func() (int, string)

	// Cluster keeps the objects of other kinds, as a server of ClusterRelease does.
	Cluster *kubetest.Store

	mu sync.Mutex
	kept
	requests []string
	status   int    // answer every request with this status; 0: work
	notReady bool   // nodes are not Ready
	bad      string // nor are those with this version of the kubelet
	// refusal gives the status that a request is answered with instead; 0: none. nil: all are served.
	refusal func(request string) int
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
	cluster, err := kubetest.Load(filepath.Join(repository(), "internal/kube/testdata/discovery", ClusterRelease+".json"))
	if err != nil {
		t.Fatal(err)
	}
	cluster.Applies = true
	sayRelease(cluster, ServerRelease)
	a := &API{Cluster: cluster, kept: kept{}.clone(), Registered: func() (int, string) { return 0, "" }}
	a.server = httptest.NewUnstartedServer(http.HandlerFunc(a.serve))
	a.server.Listener.Close()
	a.server.Listener = listener
	a.server.TLS = &tls.Config{Certificates: []tls.Certificate{ca.Server(t, address)}}
	a.server.Config.ErrorLog = nil
	a.server.StartTLS()
	t.Cleanup(a.server.Close)
	return a
}

// ClusterRelease is the release of the stand-ins for API servers, by what they serve. They say that they are of ServerRelease,
// so that kubelets of this one may come.
const (
	ClusterRelease = "v1.28.15"
	ServerRelease  = "v1.29.4"
)

// Says makes the server say that it is of a release.
func (a *API) Says(release string) { a.mu.Lock(); defer a.mu.Unlock(); sayRelease(a.Cluster, release) }

func sayRelease(cluster *kubetest.Store, release string) {
	cluster.Documents["/version"] = json.RawMessage(`{"gitVersion":"` + release + `"}`)
}

// keep returns what the server keeps. The caller holds a.mu.
func (a *API) keep() kept {
	k := a.kept.clone()
	k.objects = a.Cluster.Keep()
	return k
}

// bring makes it keep something else. The caller holds a.mu.
func (a *API) bring(k kept) {
	a.kept = k.clone()
	a.Cluster.Restore(k.objects)
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

// Refuse makes requests, written as "PATCH worker-0" and "POST /api/v1/namespaces/…", end in the HTTP status that the function gives; nil ends that.
func (a *API) Refuse(refusal func(request string) int) {
	a.mu.Lock()
	defer a.mu.Unlock()
	a.refusal = refusal
}

// NotReady makes nodes not Ready.
func (a *API) NotReady(yes bool) { a.mu.Lock(); defer a.mu.Unlock(); a.notReady = yes }

// NotReadyWith makes nodes not Ready as long as their kubelet is of a version; empty ends that.
func (a *API) NotReadyWith(version string) { a.mu.Lock(); defer a.mu.Unlock(); a.bad = version }

// Close takes the server away.
func (a *API) Close() { a.server.CloseClientConnections(); a.server.Close() }

// Labels are a node's labels, nil without such a node.
func (a *API) Labels(node string) map[string]string {
	a.mu.Lock()
	defer a.mu.Unlock()
	if n := a.node(node); n != nil {
		return maps.Clone(n.Labels)
	}
	return nil
}

// Cordon keeps pods off a node, as an operator does.
func (a *API) Cordon(node string) {
	a.mu.Lock()
	defer a.mu.Unlock()
	a.node(node).Unschedulable = true
}

// Uncordon lets pods onto it again, as an operator does.
func (a *API) Uncordon(node string) {
	a.mu.Lock()
	defer a.mu.Unlock()
	a.node(node).Unschedulable = false
}

// Inside shows what the server keeps, for comparisons.
func (a *API) Inside(node string) string {
	a.mu.Lock()
	defer a.mu.Unlock()
	a.node(node)
	return a.kept.String() + strings.Join(a.shown(), "\n")
}

// shown are the objects of other kinds, without what depends on how often they were written.
func (a *API) shown() []string {
	var all []string
	for _, path := range a.Cluster.Paths() {
		var o kubetest.Object
		if json.Unmarshal([]byte(a.Cluster.At(path)), &o) == nil {
			metadata, _ := o["metadata"].(map[string]any)
			delete(metadata, "resourceVersion")
			delete(metadata, "uid")
			if spec, _ := o["spec"].(map[string]any); o["kind"] == "Lease" {
				o["spec"] = map[string]any{"holderIdentity": spec["holderIdentity"]} // all else is times
			}
		}
		text, err := json.Marshal(o) // sorts the keys
		all = append(all, fmt.Sprint(path, " ", string(text), err))
	}
	return all
}

// Delete removes a node as an operator would.
func (a *API) Delete(node string) {
	a.mu.Lock()
	defer a.mu.Unlock()
	a.remove(node)
}

// Run puts pods onto a node, each under namespace/name, as controllers would. A pod of a daemon set has no other place;
// one that is protected is never evicted.
func (a *API) Run(node string, pods map[string]Pod) {
	a.mu.Lock()
	defer a.mu.Unlock()
	for name, pod := range pods {
		pod.Node = node
		a.pods[name] = pod
	}
}

// Pods are the names of the pods on a node, sorted.
func (a *API) Pods(node string) []string {
	a.mu.Lock()
	defer a.mu.Unlock()
	var names []string
	for name, pod := range a.pods {
		if pod.Node == node {
			names = append(names, name)
		}
	}
	slices.Sort(names)
	return names
}

// Cordoned tells whether pods are kept off the node, and by whose word as the charm's mark has it.
func (a *API) Cordoned(node string) (bool, string) {
	a.mu.Lock()
	defer a.mu.Unlock()
	n := a.node(node)
	return n != nil && n.Unschedulable, n.Annotations["kubernetes-worker/cordoned-by"]
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
	a.deleted[node], _ = a.kubelet(node)
}

func (a *API) kubelet(node string) (starts int, version string) {
	if other := a.Others[node]; other != nil {
		return other()
	}
	return a.Registered()
}

// node finds a node, registering it if its kubelet has been started since it was deleted.
func (a *API) node(name string) *node {
	if starts, _ := a.kubelet(name); a.nodes[name] == nil && starts > a.deleted[name] {
		a.nodes[name] = &node{Labels: map[string]string{"kubernetes.io/hostname": name}, Annotations: map[string]string{}, Machine: "machine-of-" + name}
	}
	return a.nodes[name]
}

func (a *API) serve(w http.ResponseWriter, r *http.Request) {
	a.mu.Lock()
	defer a.mu.Unlock()
	name, isNode := strings.CutPrefix(r.URL.Path, "/api/v1/nodes/")
	request := r.Method + " " + name
	a.requests = append(a.requests, request)
	refusal := 0
	if a.refusal != nil {
		refusal = a.refusal(request)
	}
	switch {
	case refusal != 0:
		refuse(w, refusal, http.StatusText(refusal))
	case a.status != 0:
		refuse(w, a.status, http.StatusText(a.status))
	case !strings.HasPrefix(r.Header.Get("Authorization"), "Bearer "):
		refuse(w, http.StatusUnauthorized, "Unauthorized")
	case !isNode:
		a.servePods(w, r)
	case a.node(name) == nil:
		refuse(w, http.StatusNotFound, "NotFound")
	case r.Method == http.MethodDelete && !a.asItWas(name, r.Body):
		refuse(w, http.StatusConflict, "Conflict")
	case r.Method == http.MethodDelete:
		a.remove(name)
		answer(w, http.StatusOK, map[string]any{"kind": "Status", "apiVersion": "v1", "status": "Success"})
	case r.Method == http.MethodPatch:
		a.node(name).patch(r.Body)
		answer(w, http.StatusOK, a.object(name))
	default:
		answer(w, http.StatusOK, a.object(name))
	}
}

func (a *API) object(name string) map[string]any {
	ready := map[string]any{"type": "Ready", "status": "True", "reason": "KubeletReady", "message": "kubelet is posting ready status"}
	if a.notReady {
		ready["status"], ready["message"] = "False", "container runtime network not ready"
	}
	_, version := a.kubelet(name)
	if version != "" && version == a.bad {
		ready["status"], ready["message"] = "False", "this kubelet does not get Ready"
	}
	n := a.node(name)
	if !n.Silent.IsZero() {
		ready["status"], ready["reason"], ready["message"] = "Unknown", "NodeStatusUnknown", "Kubelet stopped posting node status."
		ready["lastTransitionTime"] = n.Silent.UTC().Format(time.RFC3339)
	}
	return map[string]any{
		"kind": "Node", "apiVersion": "v1",
		"metadata": map[string]any{"name": name, "labels": n.Labels, "annotations": n.Annotations, "resourceVersion": "1", "uid": "uid-of-" + name},
		"spec":     map[string]any{"unschedulable": n.Unschedulable},
		"status":   map[string]any{"conditions": []any{ready}, "nodeInfo": map[string]any{"kubeletVersion": "v" + version, "machineID": n.Machine}},
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
