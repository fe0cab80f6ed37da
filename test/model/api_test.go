package model

import (
	"crypto/tls"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"os"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
)

// gate is an API server that can be taken away, brought back at the same address, and made to misbehave. Behind it is
// the state of a stand-in.
type gate struct {
	w       *World
	api     *API
	address string
	server  *httptest.Server

	mu      sync.Mutex
	refuse  map[string]int // status by method; forever for no answer at all
	message string         // of refusals
	hang    bool
	asked   []string // methods
}

// newGate puts a gate in front of an API server of the world, which answers for that of another index, so that
// several servers are of one cluster. It listens on a loopback address.
func newGate(w *World, index int, address string) *gate {
	w.T.Helper()
	g := &gate{w: w, api: w.API[0], address: net.JoinHostPort(address, "0")}
	w.API[index].server.Close()
	g.open(w.CA)
	w.API[index].server = g.server
	w.T.Cleanup(func() { g.close() })
	return g
}

// gates counts the addresses that were given away.
var gates atomic.Int32

// ownLoopback is a loopback address that nobody else listens on, so that a gate that was closed can open again on its
// port whatever ports others have taken meanwhile.
func ownLoopback() string {
	n := gates.Add(1)
	return fmt.Sprintf("127.%d.%d.%d", 2+os.Getpid()%250, n/250, 1+n%250)
}

// open serves with a certificate of an authority.
func (g *gate) open(ca *Authority) {
	g.w.T.Helper()
	listener, err := net.Listen("tcp", g.address)
	g.w.must(err)
	g.address = listener.Addr().String()
	host, _, err := net.SplitHostPort(g.address)
	g.w.must(err)
	g.server = httptest.NewUnstartedServer(g)
	g.w.must(g.server.Listener.Close())
	g.server.Listener = listener
	g.server.TLS = &tls.Config{Certificates: []tls.Certificate{ca.Server(g.w.T, host)}}
	g.server.Config.ErrorLog = silent()
	g.server.StartTLS()
}

func (g *gate) close() {
	g.server.CloseClientConnections()
	g.server.Close()
}

func (g *gate) url() string { return "https://" + g.address }

// behave sets how methods are refused: method → HTTP status.
func (g *gate) behave(refuse map[string]int, message string) {
	g.mu.Lock()
	defer g.mu.Unlock()
	g.refuse, g.message = refuse, message
}

func (g *gate) hangs(yes bool) { g.mu.Lock(); defer g.mu.Unlock(); g.hang = yes }

// requests forgets and returns the methods of the requests so far.
func (g *gate) requests() []string {
	g.mu.Lock()
	defer g.mu.Unlock()
	asked := g.asked
	g.asked = nil
	return asked
}

// ServeHTTP answers, or does not.
func (g *gate) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	g.mu.Lock()
	g.asked = append(g.asked, r.Method)
	status, message, hang := g.refuse[r.Method], g.message, g.hang
	g.mu.Unlock()
	switch {
	case hang, status == forever:
		_, _ = io.Copy(io.Discard, r.Body) // until then nobody sees that
		<-r.Context().Done()               // the client gives up
	case status != 0 && message == "":
		refuse(w, status, http.StatusText(status))
	case status != 0:
		answer(w, status, map[string]any{"kind": "Status", "apiVersion": "v1", "status": "Failure", "reason": "Invalid", "code": status, "message": message})
	default:
		g.api.serve(w, r)
	}
}

// forever is the status of a request that is not answered.
const forever = -1

// every refuses all methods with one status.
func every(status int) map[string]int {
	return map[string]int{http.MethodGet: status, http.MethodPatch: status, http.MethodDelete: status}
}

// gated is a joined world with a gate in front of its API server.
func gated(t *testing.T) (*World, *gate) {
	t.Helper()
	w := New(t, Options{})
	g := newGate(w, 0, ownLoopback())
	w.DeployWorker()
	w.DeployCompanions()
	w.Relate()
	w.Settle()
	w.WantStatus("active", "Kubernetes worker running.")
	g.requests()
	return w, g
}

// apiTroubles are ways in which an API server is of no use. The message is what the status says of it after the
// server's address; "%s" stands for the address where it is named elsewhere.
func apiTroubles() []struct {
	name     string
	begin    func(g *gate)
	end      func(g *gate)
	message  string
	requests int // that one hook sends
} {
	calm := func(g *gate) { g.behave(nil, "") }
	back := func(g *gate) { g.close(); g.open(g.w.CA) }
	none := "no API server answers: %s: "
	return []struct {
		name     string
		begin    func(g *gate)
		end      func(g *gate)
		message  string
		requests int
	}{
		{"hangs", func(g *gate) { g.hangs(true) }, func(g *gate) { g.hangs(false) }, none + "no answer in time", 1},
		{"answers 500", func(g *gate) { g.behave(every(500), "") }, calm, none + "answers 500: Internal Server Error", 1},
		{"answers 503", func(g *gate) { g.behave(every(503), "") }, calm, none + "answers 503: Service Unavailable", 1},
		{"answers 429", func(g *gate) { g.behave(every(429), "") }, calm, none + "answers 429: Too Many Requests", 1},
		{"does not know the token", func(g *gate) { g.behave(every(401), "") }, calm, "%s does not accept the token", 1},
		{"forbids it", func(g *gate) { g.behave(every(403), "") }, calm, "Forbidden", 1},
		{"has a certificate of another authority", func(g *gate) {
			g.close()
			g.open(NewAuthority(g.w.T, g.w.T.TempDir()))
		}, back, none + "tls: failed to verify certificate: x509: certificate signed by unknown authority…", 0},
		{"is gone", func(g *gate) { g.close() }, back, none + "cannot connect: connect: connection refused", 0},
	}
}

func (g *gate) expectation(message string) string {
	if strings.Contains(message, "%s") {
		message = fmt.Sprintf(message, g.url())
	}
	if !strings.HasPrefix(message, "no API server answers") {
		return "Waiting for credentials that the API server accepts: cannot get node worker-0: " + message
	}
	return "Waiting for an API server to answer: cannot get node worker-0: " + message
}

func TestAnAPIServerInTroubleLeavesTheNodeAlone(t *testing.T) {
	t.Parallel()
	for _, c := range apiTroubles() {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			w, g := gated(t)
			before := imprintOf(w)
			c.begin(g)
			for range 2 {
				g.requests()
				w.UpdateStatus()
				w.WantStatus("waiting", g.expectation(c.message))
				if asked := g.requests(); len(asked) != c.requests {
					t.Errorf("the hook sent %v, want %d requests", asked, c.requests)
				}
			}
			wantUntouched(w, before)
			c.end(g)
			w.UpdateStatus()
			w.WantStatus("active", "Kubernetes worker running.")
			wantUntouched(w, before)
		})
	}
}

func TestAnAPIServerInTroubleDuringTheJoinIsWaitedFor(t *testing.T) {
	t.Parallel()
	for _, c := range apiTroubles() {
		if c.name == "hangs" {
			continue // five seconds for each hook of the join would show nothing that the test above does not
		}
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			w := New(t, Options{})
			g := newGate(w, 0, ownLoopback())
			c.begin(g)
			w.DeployWorker()
			w.DeployCompanions()
			w.Relate()
			w.Settle()
			w.WantStatus("waiting", g.expectation(c.message))
			c.end(g)
			w.UpdateStatus()
			w.WantStatus("active", "Kubernetes worker running.")
			if labels := w.API[0].Labels(w.Node); labels["juju-application"] != "kubernetes-worker" {
				t.Errorf("labels %v", labels)
			}
			for _, unit := range []string{Kubelet, Proxy} {
				if n := w.Restarts(unit); n != 1 {
					t.Errorf("%s was started %d times, want 1", unit, n)
				}
			}
		})
	}
}

func TestANodeDeletedByHandIsRegisteredAgainByOneRestart(t *testing.T) {
	t.Parallel()
	w := Joined(t, Options{Config: map[string]string{"labels": "zone=a"}})
	w.API[0].Delete(w.Node)
	w.UpdateStatus()
	w.WantStatus("active", "Kubernetes worker running.")
	labels := w.API[0].Labels(w.Node)
	if labels["juju-application"] != "kubernetes-worker" || labels["zone"] != "a" {
		t.Errorf("labels %v", labels)
	}
	w.UpdateStatus()
	if kubelet, proxy := w.Restarts(Kubelet), w.Restarts(Proxy); kubelet != 2 || proxy != 1 {
		t.Errorf("kubelet was started %d times and kube-proxy %d times, want 2 and 1", kubelet, proxy)
	}
	if !strings.Contains(w.Log(), "service:"+Kubelet+": restarted: node worker-0 was deleted from the cluster") {
		t.Error("the log does not tell why kubelet was restarted")
	}
}

func TestANodeThatIsNotReadyShowsItsReason(t *testing.T) {
	t.Parallel()
	w := Joined(t, Options{})
	before := imprintOf(w)
	w.API[0].NotReady(true)
	w.UpdateStatus()
	w.WantStatus("waiting", "Waiting for node worker-0 to be Ready: container runtime network not ready")
	wantUntouched(w, before)
	w.API[0].NotReady(false)
	w.UpdateStatus()
	w.WantStatus("active", "Kubernetes worker running.")
	wantUntouched(w, before)
}

func TestLabelsThatTheServerRefusesBlockAndAreNamed(t *testing.T) {
	t.Parallel()
	w, g := gated(t)
	before := imprintOf(w)
	g.behave(map[string]int{http.MethodPatch: http.StatusUnprocessableEntity}, `Node "worker-0" is invalid: metadata.labels: forbidden by policy`)
	w.Config(map[string]string{"labels": "zone=a rack=7"})
	w.WantStatus("blocked", `cannot put labels rack, zone on the node: cannot label node worker-0: Node "worker-0" is invalid: metadata.labels: forbidden by policy; correct the option labels`)
	wantUntouched(w, before)
	if n := count(g.requests(), http.MethodPatch); n != 1 {
		t.Errorf("the hook tried %d times, want 1", n)
	}
	w.Config(map[string]string{"labels": ""})
	w.WantStatus("active", "Kubernetes worker running.")
	g.behave(nil, "")
	w.Config(map[string]string{"labels": "zone=b"})
	w.WantStatus("active", "Kubernetes worker running.")
	if labels := w.API[0].Labels(w.Node); labels["zone"] != "b" || labels["rack"] != "" {
		t.Errorf("labels %v", labels)
	}
	wantUntouched(w, before)
}

func count(all []string, one string) int {
	n := 0
	for _, a := range all {
		if a == one {
			n++
		}
	}
	return n
}

// Number 15 of the faults of the original: it tried each second for three minutes and then said active.
func TestLabelsWithTheServerAwayAreTriedOnceAndTheNextHookGoesOn(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		name    string
		refuse  map[string]int
		want    []string
		message string
	}{
		{"nothing answers", every(503), []string{"GET"}, "Waiting for an API server to answer: cannot get node worker-0: …"},
		{"only writing fails", map[string]int{http.MethodPatch: 503}, []string{"GET", "PATCH"},
			"cannot put labels zone on the node: cannot label node worker-0: no API server answers: …"},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			w, g := gated(t)
			before := imprintOf(w)
			g.behave(c.refuse, "")
			w.Config(map[string]string{"labels": "zone=a"})
			w.WantStatus("waiting", c.message)
			asked := g.requests()
			if slices.Sort(asked); !slices.Equal(slices.Compact(asked), c.want) || count(asked, "PATCH") > 1 || len(asked) > 3 {
				t.Errorf("the hook sent %v", asked)
			}
			wantUntouched(w, before)
			g.behave(nil, "")
			w.UpdateStatus()
			w.WantStatus("active", "Kubernetes worker running.")
			if labels := w.API[0].Labels(w.Node); labels["zone"] != "a" {
				t.Errorf("labels %v", labels)
			}
			wantUntouched(w, before)
		})
	}
}
