package model

import (
	"io"
	"log"
	"net"
	"slices"
	"strings"
	"testing"

	"kubernetes-worker/internal/jujusim"
	"kubernetes-worker/internal/kubeconfig"
)

// silent drops what a server says about clients that leave.
func silent() *log.Logger { return log.New(io.Discard, "", 0) }

// cluster is a world with several API servers of one cluster; nothing is deployed yet.
func cluster(t *testing.T, servers int) (*World, []*gate) {
	t.Helper()
	w := New(t, Options{Servers: servers})
	var gates []*gate
	for i := range servers {
		gates = append(gates, newGate(w, i, "127.0.0.1"))
	}
	return w, gates
}

func sortedURLs(gates []*gate) []string {
	var urls []string
	for _, g := range gates {
		urls = append(urls, g.url())
	}
	slices.Sort(urls)
	return urls
}

// serversInUse are the API servers that the node's kubeconfigs name.
func serversInUse(w *World) []string {
	w.T.Helper()
	var all []string
	for _, path := range []string{"/root/.kube/config", "/home/ubuntu/.kube/config", "/root/cdk/kubeconfig", "/root/cdk/kubeproxyconfig"} {
		config, err := kubeconfig.Parse([]byte(w.Read(path)))
		w.must(err)
		all = append(all, config.Server)
	}
	slices.Sort(all)
	return slices.Compact(all)
}

func wantServer(w *World, url string) {
	w.T.Helper()
	if used := serversInUse(w); len(used) != 1 || used[0] != url {
		w.T.Errorf("the kubeconfigs name %v, want %s", used, url)
	}
}

func wantStatusOf(w *World, unit, state, message string) {
	w.T.Helper()
	status, err := w.Juju.UnitStatus(unit)
	w.must(err)
	if status.Status != state || status.Message != message {
		w.dump()
		w.T.Fatalf("%s is %s: %s, want %s: %s", unit, status.Status, status.Message, state, message)
	}
}

func wantRestarts(w *World, kubelet, proxy int) {
	w.T.Helper()
	if k, p := w.Restarts(Kubelet), w.Restarts(Proxy); k != kubelet || p != proxy {
		w.T.Errorf("on %s kubelet was started %d times and kube-proxy %d times, want %d and %d", w.Node, k, p, kubelet, proxy)
	}
}

func TestUnitsSpreadOverTheServersAndStayWithTheirs(t *testing.T) {
	t.Parallel()
	w, gates := cluster(t, 2)
	w.DeployWorker()
	second := w.Beside(1)
	w.DeployCompanions()
	w.Relate()
	w.Settle()
	wantStatusOf(w, Unit, "active", "Kubernetes worker running.")
	wantStatusOf(w, "kubernetes-worker/1", "active", "Kubernetes worker running.")
	urls := sortedURLs(gates)
	wantServer(w, urls[0])
	wantServer(second, urls[1])

	// A server in front of the sorted list moves nobody.
	before, beforeSecond := imprintOf(w), imprintOf(second)
	front := "10.0.0.1:6443"
	_, err := w.Juju.AddUnit("kubernetes-master", "")
	w.must(err)
	w.must(w.Juju.SetConfig("kubernetes-master", map[string]string{"api-servers": strings.Join(w.servers(), ",") + "," + front}))
	w.Settle()
	if "https://"+front > urls[0] {
		t.Fatalf("https://%s does not come before %s", front, urls[0])
	}
	w.WantStatus("active", "Kubernetes worker running.")
	wantUntouched(w, before)
	wantUntouched(second, beforeSecond)

	// Without its server each unit moves to the one that its number gives in the new list; the other stays.
	gone := urls[0]
	left := []string{front, strings.TrimPrefix(urls[1], "https://")}
	w.must(w.Juju.SetConfig("kubernetes-master", map[string]string{"api-servers": strings.Join(left, ",")}))
	w.Settle()
	w.WantStatus("active", "Kubernetes worker running.")
	wantServer(w, "https://"+front)
	wantRestarts(w, 2, 2)
	wantUntouched(second, beforeSecond)
	if used := serversInUse(w); slices.Contains(used, gone) {
		t.Errorf("%s is gone and still used", gone)
	}
	w.UpdateStatus()
	wantRestarts(w, 2, 2)
}

func TestTheCharmsOwnCallsGoToAnyServerThatAnswers(t *testing.T) {
	t.Parallel()
	for _, c := range apiTroubles() {
		if !strings.HasPrefix(c.message, "no API server answers") {
			continue // refusals that another server would repeat
		}
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			w, gates := cluster(t, 2)
			w.DeployWorker()
			w.DeployCompanions()
			w.Relate()
			w.Settle()
			w.WantStatus("active", "Kubernetes worker running.")
			mine, other := gates[0], gates[1]
			if serversInUse(w)[0] == gates[1].url() {
				mine, other = other, mine
			}
			before := imprintOf(w)
			mine.requests()
			other.requests()
			c.begin(mine)
			w.Config(map[string]string{"labels": "zone=a"})
			w.WantStatus("active", "Kubernetes worker running.")
			if labels := w.API[0].Labels(w.Node); labels["zone"] != "a" {
				t.Errorf("labels %v", labels)
			}
			wantUntouched(w, before)
			if asked := mine.requests(); len(asked) > 1 {
				t.Errorf("the server in trouble was asked %v", asked)
			}
			if asked := other.requests(); count(asked, "PATCH") != 1 {
				t.Errorf("the server that answers was asked %v", asked)
			}
			c.begin(other)
			w.UpdateStatus()
			state, message := w.Status()
			if state != "waiting" || !strings.Contains(message, mine.url()+": ") || !strings.Contains(message, other.url()+": ") {
				t.Errorf("status %s: %s, want both servers named", state, message)
			}
			wantUntouched(w, before)
			c.end(mine)
			c.end(other)
			w.UpdateStatus()
			w.WantStatus("active", "Kubernetes worker running.")
			wantUntouched(w, before)
		})
	}
}

func TestAServerWithAnIPv6AddressIsWrittenWithBrackets(t *testing.T) {
	t.Parallel()
	if probe, err := net.Listen("tcp", "[::1]:0"); err != nil {
		t.Skip("this machine has no IPv6: ", err)
	} else {
		probe.Close()
	}
	w := New(t, Options{})
	g := newGate(w, 0, "::1")
	w.DeployWorker()
	w.DeployCompanions()
	w.Relate()
	w.Settle()
	w.WantStatus("active", "Kubernetes worker running.")
	if !strings.HasPrefix(g.url(), "https://[::1]:") {
		t.Fatalf("the server is %s", g.url())
	}
	wantServer(w, g.url())
}

func TestAControlPlaneThatComesBackWithOtherAddressesIsFollowed(t *testing.T) {
	t.Parallel()
	w, gates := cluster(t, 1)
	w.DeployWorker()
	w.DeployCompanions()
	w.Relate()
	w.Settle()
	w.WantStatus("active", "Kubernetes worker running.")
	gates[0].close()
	w.UpdateStatus()
	w.WantStatus("waiting", "Waiting for an API server to answer: …")
	wantRestarts(w, 1, 1)

	moved := &gate{w: w, api: gates[0].api, address: "127.0.0.1:0"}
	moved.open(w.CA)
	t.Cleanup(moved.close)
	w.must(w.Juju.SetConfig("kubernetes-master", map[string]string{"api-servers": moved.address}))
	w.Settle()
	w.WantStatus("active", "Kubernetes worker running.")
	wantServer(w, moved.url())
	wantRestarts(w, 2, 2)
}

// Bundles of both generations put a load balancer between: the node has one address, and which server answers is not its
// business.
func TestALoadBalancerIsTheServer(t *testing.T) {
	t.Parallel()
	w := New(t, Options{Wire: "old", Servers: 2})
	w.DeployWorker()
	w.DeployCompanions()
	for _, r := range relations() {
		if r[0] != "kubernetes-worker:kube-api-endpoint" {
			_, err := w.Juju.Integrate(r[0], r[1])
			w.must(err)
		}
	}
	host, port, err := net.SplitHostPort(w.API[1].HostPort())
	w.must(err)
	w.must(w.Juju.Deploy(jujusim.DeploySpec{Charm: "companion:kubeapi-load-balancer", Config: map[string]string{"host": host, "port": port}}))
	w.Settle()
	w.WantStatus("waiting", "Missing relation kube-api-endpoint: …")
	_, err = w.Juju.Integrate("kubernetes-worker:kube-api-endpoint", "kubeapi-load-balancer:website")
	w.must(err)
	w.Settle()
	w.WantStatus("active", running)
	wantServer(w, w.API[1].URL())

	// It moves: one start each.
	host, port, err = net.SplitHostPort(w.API[0].HostPort())
	w.must(err)
	since := w.starts()
	w.Companion("kubeapi-load-balancer", map[string]string{"host": host, "port": port})
	w.WantStatus("active", running)
	wantServer(w, w.API[0].URL())
	w.WantStarts(since, starts{kubelet: 1, proxy: 1})
}
