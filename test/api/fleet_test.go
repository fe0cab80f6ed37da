package api

import (
	"context"
	"encoding/json"
	"flag"
	"fmt"
	"net/http"
	"os"
	"slices"
	"strings"
	"testing"
	"time"

	"kubernetes-worker/internal/charm"
	"kubernetes-worker/internal/ingress"
	"kubernetes-worker/internal/jujusim"
	"kubernetes-worker/internal/nfs"
	"kubernetes-worker/internal/relation/mount"
	"kubernetes-worker/test/model"
)

// units are how many join at once.
const units = 10

var figures = flag.String("figures", "", "file to write what the joining of ten units costs into, as a section of docs/performance.md")

// fleet are units of one application, each on a machine of its own, whose hooks run at the same time.
type fleet struct {
	t      *testing.T
	c      *cluster
	audit  *audit
	worlds []*model.World
}

func (f *fleet) must(err error) {
	f.t.Helper()
	if err != nil {
		f.t.Fatal(err)
	}
}

// settle runs all hooks. That takes longer than for one unit.
func (f *fleet) settle() {
	f.t.Helper()
	ctx, cancel := context.WithTimeout(context.Background(), 8*time.Minute)
	defer cancel()
	f.must(f.worlds[0].Juju.Settle(ctx))
}

// updateStatus runs that hook on all units.
func (f *fleet) updateStatus() {
	f.t.Helper()
	for _, w := range f.worlds {
		f.must(w.Juju.UpdateStatus(w.Unit))
	}
	f.settle()
}

// config changes an option.
func (f *fleet) config(name, value string) {
	f.t.Helper()
	f.must(f.worlds[0].Juju.SetConfig("kubernetes-worker", map[string]string{name: value}))
	f.settle()
}

// joinTogether adds ten units and lets them join, with an ingress controller and an NFS server, whose objects they share.
func joinTogether(t *testing.T) *fleet {
	t.Helper()
	f := &fleet{t: t, audit: newAudit(t)}
	f.c = start(t, 1, f.audit.flags()...)
	first := model.New(t, model.Options{Real: &f.c.Real, Together: true, Config: map[string]string{"ingress": "true", "labels": "zone=a"}})
	first.DeployWorker()
	f.worlds = []*model.World{first}
	for i := 1; i < units; i++ {
		f.worlds = append(f.worlds, first.Beside(i))
	}
	for _, w := range f.worlds {
		f.c.kubelet(t, w)
	}
	first.DeployCompanions()
	f.must(first.Juju.Deploy(jujusim.DeploySpec{Charm: "companion:nfs"}))
	first.Relate()
	_, err := first.Juju.Integrate("kubernetes-worker:nfs", "nfs:nfs")
	f.must(err)
	return f
}

// shared are how many objects the units share, and of how many kinds they may be.
func (f *fleet) shared() (objects, kinds int) {
	f.t.Helper()
	version, err := f.c.as(f.t, "admin").Version(context.Background())
	f.must(err)
	objects = len(ingress.Config{App: "kubernetes-worker", Cluster: version}.Objects()) + len(nfs.Config{Cluster: version, Mount: mount.Facts{}}.Objects())
	return objects, len(ingress.Kinds()) + len(nfs.Kinds())
}

// count counts requests.
func count(all []asking, which func(asking) bool) int {
	n := 0
	for _, a := range all {
		if which(a) {
			n++
		}
	}
	return n
}

// requests adds up those to the API server.
func requests(reports []charm.Report) int {
	sum := 0
	for _, r := range reports {
		sum += r.APIRequests
	}
	return sum
}

// others is the most that a unit which does not lead has asked.
func (f *fleet) others() int {
	most := 0
	for _, w := range f.worlds[1:] {
		most = max(most, requests(w.Reports()))
	}
	return most
}

func TestTenUnitsJoinAtOnce(t *testing.T) {
	f := joinTogether(t)
	began := time.Now()
	f.settle()
	took := time.Since(began)
	f.wantAllReady()

	// What they have asked the API server is all in their own account, too.
	asked := 0
	for _, w := range f.worlds {
		asked += requests(w.Reports())
	}
	joining := f.audit.charms(asked)
	f.write(took, len(joining))
	if len(joining) != asked {
		t.Errorf("the units say that they sent %d requests, the API server counts %d", asked, len(joining))
	}
	f.wantJoining(joining)
	if others := f.others(); others > 40 { // of which the most wait for the kubelet to register
		t.Errorf("a unit that does not lead sent %d requests", others)
	}

	// From then on each asks for its node and nothing else; some have to see first that the leader is done.
	f.updateStatus()
	f.audit.charms(units)
	for _, w := range f.worlds {
		if status, err := w.Juju.UnitStatus(w.Unit); err != nil || !slices.Equal(status.Ports, []string{"80/tcp", "443/tcp"}) {
			t.Errorf("%s has ports %v open, %v", w.Unit, status.Ports, err)
		}
	}
	f.updateStatus()
	f.wantOneGetEach()

	// A change is made by one, and by another who leads then. What the one before may have left undone is found out.
	set := "/apis/apps/v1/namespaces/ingress-nginx-kubernetes-worker/daemonsets/nginx-ingress-controller-kubernetes-worker"
	f.config("nginx-image", "registry.test/nginx:2")
	f.wantWrites("patch " + set)
	f.must(f.worlds[0].Juju.SetLeader("kubernetes-worker/4"))
	account := "/api/v1/namespaces/default/serviceaccounts/nfs-client-provisioner"
	if code := f.c.ask(0, "DELETE", account, "admin", nil); code != http.StatusOK {
		t.Fatalf("DELETE answers %d", code)
	}
	f.settle()
	f.wantWrites("patch " + account)
	f.config("nginx-image", "registry.test/nginx:3")
	f.wantWrites("patch " + set)
	f.updateStatus()
	f.audit.charms(units)
	f.updateStatus()
	f.wantOneGetEach()
}

// wantAllReady looks at each unit and each node.
func (f *fleet) wantAllReady() {
	f.t.Helper()
	for _, w := range f.worlds {
		w.WantStatus("active", "Kubernetes worker running.")
		code, body := f.c.request(0, "GET", "/api/v1/nodes/"+w.Node, "admin", nil)
		var node struct {
			Metadata struct{ Labels map[string]string }
			Status   struct {
				Conditions []struct{ Type, Status string }
			}
		}
		if err := json.Unmarshal(body, &node); err != nil || code != http.StatusOK {
			f.t.Fatalf("GET node %s answers %d %s", w.Node, code, body)
		}
		ready := len(node.Status.Conditions) == 1 && node.Status.Conditions[0].Status == "True"
		if labels := node.Metadata.Labels; !ready || labels["juju-application"] != "kubernetes-worker" || labels["zone"] != "a" {
			f.t.Errorf("node %s: %+v", w.Node, node)
		}
		if n := w.Restarts(model.Kubelet); n != 1 {
			f.t.Errorf("the kubelet of %s was started %d times", w.Node, n)
		}
	}
}

// wantJoining holds what ten units asked when they joined to what is needed.
func (f *fleet) wantJoining(joining []asking) {
	f.t.Helper()
	objects, kinds := f.shared()
	written := map[string]int{}
	for _, a := range joining {
		if a.writes() {
			written[a.Path]++
		}
		if a.Status >= 500 || a.Status == http.StatusConflict || a.Status == http.StatusTooManyRequests {
			f.t.Errorf("%v", a)
		}
	}
	for path, n := range written {
		want := 1
		if strings.HasPrefix(path, "/api/v1/nodes/") {
			want = 2 // its labels, and whose it is
		}
		if n != want {
			f.t.Errorf("%s was written %d times, want %d", path, n, want)
		}
	}
	if len(written) != objects+units {
		f.t.Errorf("%d objects were written, want %d that the units share and %d nodes", len(written), objects, units)
	}
	lists := count(joining, func(a asking) bool { return a.Verb == "list" })
	ofAll := count(joining, func(a asking) bool {
		return a.Verb == "list" && (a.Path == "/api/v1/nodes" || a.Path == "/api/v1/pods")
	})
	if lists != kinds || ofAll != 0 {
		f.t.Errorf("%d lists, %d of nodes or pods; want one of each of the %d kinds that the leader may have objects of", lists, ofAll, kinds)
	}
	// A unit looks in at most two hooks whether the leader is done: at the release, the groups and one object of each purpose.
	looks := count(joining, func(a asking) bool { return a.Path == "/version" })
	if looks < units || looks > 4*units {
		f.t.Errorf("%d hooks looked at what the leader makes", looks)
	}
}

// wantOneGetEach holds a round of hooks with nothing to do to one request of each unit.
func (f *fleet) wantOneGetEach() {
	f.t.Helper()
	got := f.audit.charms(units)
	for _, w := range f.worlds {
		want := asking{"get", "/api/v1/nodes/" + w.Node, http.StatusOK}
		if n := count(got, func(a asking) bool { return a == want }); n != 1 || len(got) != units {
			f.t.Errorf("%s asked for its node %d times, of %d requests: %v", w.Unit, n, len(got), got)
		}
	}
}

// wantWrites holds what all units wrote since the last look to a list.
func (f *fleet) wantWrites(want ...string) {
	f.t.Helper()
	var got []string
	for _, a := range f.audit.charms(units) {
		if a.writes() {
			got = append(got, a.Verb+" "+a.Path)
		}
	}
	if !slices.Equal(got, want) {
		f.t.Errorf("wrote %q, want %q", got, want)
	}
}

// write puts the figures into the file that was asked for.
func (f *fleet) write(took time.Duration, all int) {
	if *figures == "" {
		return
	}
	objects, _ := f.shared()
	hooks, cpu, peak := 0, 0.0, int64(0)
	for _, w := range f.worlds {
		for _, r := range w.Reports() {
			hooks, cpu, peak = hooks+1, cpu+r.CPUMillis, max(peak, r.PeakKiB)
		}
	}
	text := fmt.Sprintf(`## Ten units that join at once

By `+"`test/api`"+`: ten units of one application in the simulated Juju, each on a machine of its own (stand-ins of snapd, systemd and
kubelet), their hooks at the same time, against a real etcd and API server; with the ingress controller and an NFS server related.
Requests are those that the API server counts.

| | |
| --- | ---: |
| from the first hook to ten active units, s | %.1f |
| hooks | %d |
| CPU of all hooks together, s | %.1f |
| largest resident memory of a hook, MB | %.1f |
| API requests of all units | %d |
| of the leader, which makes the shared objects | %d |
| of any other unit, at most | %d |
| shared objects, each written once | %d |
| API requests of a round of ten no-op hooks | %d |

`, took.Seconds(), hooks, cpu/1000, float64(peak)/1024, all, requests(f.worlds[0].Reports()), f.others(), objects, units)
	f.must(os.WriteFile(*figures, []byte(text), 0o644))
}
