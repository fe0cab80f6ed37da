package model

import (
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"kubernetes-worker/internal/kube/kubetest"
	"kubernetes-worker/internal/systemd/systemdtest"
)

const (
	newChannel = "1.29/stable"
	newKubelet = "1.29.0"
	leases     = "/apis/coordination.k8s.io/v1/namespaces/kube-system/leases/"
	readyAgain = "the upgrade to 1.29/stable failed and was reverted: "
	tryAgain   = "; the node runs on 1.28.1, run the upgrade action to try again"
)

// byItself are options with which a new channel is followed without a word.
func byItself() Options {
	return Options{Config: map[string]string{"require-manual-upgrade": "false"}}
}

// hasty makes a world of a charm that does not wait long for a node to be Ready.
func hasty(t *testing.T, o Options) *World {
	t.Helper()
	o, _ = mortal(t, o)
	w := Joined(t, o)
	w.API[0].Run(w.Node, map[string]Pod{"default/web-1": {Owner: "ReplicaSet"}, "kube-system/proxy-x": {Owner: "DaemonSet"}})
	return w
}

// turn is who holds the lease of the application's turn; empty: nobody.
func (w *World) turn() string {
	w.T.Helper()
	path := w.turnPath()
	if path == "" {
		return ""
	}
	var lease struct {
		Spec struct{ HolderIdentity string }
	}
	w.must(json.Unmarshal([]byte(w.API[0].Cluster.At(path)), &lease))
	return lease.Spec.HolderIdentity
}

// turnPath is where the lease is; empty where no unit has had its turn yet.
func (w *World) turnPath() string {
	for _, path := range w.API[0].Cluster.Paths() {
		if strings.HasPrefix(path, leases+"upgrade-of-kubernetes-worker-") {
			return path
		}
	}
	return ""
}

// takes gives the turn to a unit, some time ago.
func (w *World) takes(unit string, age time.Duration) {
	w.T.Helper()
	path := w.turnPath()
	if path == "" {
		w.T.Fatal("no unit has had its turn yet")
	}
	w.API[0].Cluster.Change(path, func(lease kubetest.Object) {
		lease["spec"] = map[string]any{"holderIdentity": unit, "leaseDurationSeconds": 1800,
			"renewTime": time.Now().Add(-age).UTC().Format("2006-01-02T15:04:05.000000Z07:00")}
	})
}

// wantAsBefore looks at all that an upgrade that failed must leave.
func (w *World) wantAsBefore() {
	w.T.Helper()
	wantSnaps(w, "1.28.1")
	w.wantCordon(false, "")
	for _, name := range []string{"kubectl", "kube-proxy", "kubelet"} {
		if have, _ := w.Snapd.Snap(name); have.Tracking != Channel {
			w.T.Errorf("%s follows %s", name, have.Tracking)
		}
	}
	for _, unit := range []string{Kubelet, Proxy} {
		if u := w.Systemd.Unit(unit); u.ActiveState != "active" {
			w.T.Errorf("%s is %s", unit, u.ActiveState)
		}
	}
	if args := w.Read("/var/snap/kubelet/current/args"); !strings.Contains(args, "kubeconfig") {
		w.T.Errorf("kubelet's arguments:\n%s", args)
	}
	if holder := w.turn(); holder != "" {
		w.T.Errorf("%s still has the turn", holder)
	}
}

// wantUpgraded looks at all that an upgrade must leave.
func (w *World) wantUpgraded() {
	w.T.Helper()
	w.WantStatus("active", "Kubernetes worker running.")
	wantSnaps(w, newKubelet)
	w.wantCordon(false, "")
	if holder := w.turn(); holder != "" {
		w.T.Errorf("%s still has the turn", holder)
	}
	if state := w.state(); strings.Contains(state, `"before"`) {
		w.T.Errorf("the upgrade is not forgotten: %s", state)
	}
}

// kubeletEnds makes each kubelet of a version end as soon as it is started.
func (w *World) kubeletEnds(version string) {
	w.T.Helper()
	w.must(w.Systemd.SetFaults(systemdtest.Faults{Units: map[string]systemdtest.UnitFault{Kubelet: {
		Crash: &systemdtest.Crash{ExitStatus: 1, Restarts: 3, WhenFile: "snap/bin/kubelet", WhenContains: "v" + version}}}}))
}

// upgradingStories are told by the generic tests, too.
func upgradingStories() []Scenario {
	return []Scenario{
		joined("an upgrade that is taken back", byItself(),
			Step{Name: "pods", Do: busy},
			Step{Name: "a kubelet that does not get Ready", Do: func(w *World) {
				w.API[0].NotReadyWith(newKubelet)
				w.must(w.Juju.SetConfig("kubernetes-worker", map[string]string{"channel": newChannel}))
			}}.ends("blocked", readyAgain+"…")),
	}
}

// Fault 21, of upgrades: one that ends halfway leaves the node cordoned, or with snaps of two releases.
func TestAnUpgradeThatFailsAtAnySnapIsTakenBack(t *testing.T) {
	t.Parallel()
	for _, name := range []string{"kubectl", "kube-proxy", "kubelet"} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			w := hasty(t, byItself())
			w.failChange(name, "cannot mount")
			w.must(w.Juju.SetConfig("kubernetes-worker", map[string]string{"channel": newChannel}))
			w.Settle()
			failed := readyAgain
			if name == "kubectl" { // nothing was changed before it
				failed = "the upgrade to 1.29/stable failed: "
			}
			failed += fmt.Sprintf("cannot refresh snap %q: …", name)
			w.WantStatus("blocked", failed)
			w.wantAsBefore()
			// It is not tried again by itself.
			w.failChange("", "")
			w.API[0].Run(w.Node, map[string]Pod{"default/web-2": {Owner: "ReplicaSet"}})
			before := imprintOf(w)
			w.apiWrites()
			w.UpdateStatus()
			w.Config(map[string]string{"labels": ""})
			w.WantStatus("blocked", failed)
			wantUntouched(w, before)
			if writes := w.apiWrites(); len(writes) > 0 {
				t.Errorf("the API server was asked to %v", writes)
			}
			w.completes("upgrade", nil)
			w.wantUpgraded()
		})
	}
}

func TestAKubeletThatDoesNotStartIsTakenBack(t *testing.T) {
	t.Parallel()
	w := hasty(t, Options{})
	w.kubeletEnds(newKubelet)
	w.Config(map[string]string{"channel": newChannel})
	message := readyAgain + "snap.kubelet.daemon does not run: activating (auto-restart), exit-code, exit status 1" + tryAgain
	result := w.fails("upgrade", nil, message)
	if log := strings.Join(result.Log, "\n"); !strings.Contains(log, "snap-reverted:kubelet: revision 20, back to 10") {
		t.Errorf("the action does not tell what it did:\n%s", log)
	}
	w.WantStatus("blocked", message)
	w.wantAsBefore()
	if pods := w.API[0].Pods(w.Node); !slices.Equal(pods, []string{"kube-system/proxy-x"}) {
		t.Errorf("on the node are %v", pods)
	}
	// Another wish ends it, and so does the operator's word on the same.
	w.Config(map[string]string{"channel": Channel})
	w.WantStatus("active", "Kubernetes worker running.")
	w.Config(map[string]string{"channel": newChannel})
	w.WantStatus("blocked", needsUpgrade)
	w.must(w.Systemd.SetFaults(systemdtest.Faults{}))
	w.completes("upgrade", nil)
	w.wantUpgraded()
}

func TestAKubeletThatDoesNotGetReadyIsTakenBack(t *testing.T) {
	t.Parallel()
	w := hasty(t, byItself())
	w.API[0].NotReadyWith(newKubelet)
	w.Config(map[string]string{"channel": newChannel})
	message := readyAgain + "node worker-0 is not Ready with kubelet 1.29.0: this kubelet does not get Ready" + tryAgain
	w.WantStatus("blocked", message)
	w.wantAsBefore()
	w.fails("upgrade", nil, message)
	w.wantAsBefore()
	w.API[0].NotReadyWith("")
	w.completes("upgrade", nil)
	w.wantUpgraded()
}

// A node that was not Ready before need not be so after: the upgrade may be what is to mend it.
func TestANodeThatWasNotReadyIsUpgradedNevertheless(t *testing.T) {
	t.Parallel()
	w := hasty(t, byItself())
	w.API[0].NotReady(true)
	w.Config(map[string]string{"channel": newChannel})
	w.WantStatus("waiting", "Waiting for node worker-0 to be Ready: …")
	wantSnaps(w, newKubelet)
	w.wantCordon(true, "upgrade")
	w.API[0].NotReady(false)
	w.UpdateStatus()
	w.wantUpgraded()
}

// An attached snap that fails goes back to the file that was attached before, or to the store's.
func TestAnAttachedSnapThatFailsIsTakenBack(t *testing.T) {
	t.Parallel()
	w := hasty(t, byItself())
	attachResource(w, "kubelet", snapFile(w, "kubelet", "1.28.9"))
	w.WantStatus("active", "Kubernetes worker running.")
	w.kubeletEnds("1.28.10")
	attachResource(w, "kubelet", snapFile(w, "kubelet", "1.28.10"))
	w.WantStatus("blocked", readyAgain[:len("the upgrade to 1.2")]+"8/stable failed and was reverted: snap.kubelet.daemon does not run: …")
	if have, _ := w.Snapd.Snap("kubelet"); have.Version != "1.28.9" || have.Revision != "x1" {
		t.Errorf("kubelet: %+v", have)
	}
	w.wantCordon(false, "")
	w.must(w.Systemd.SetFaults(systemdtest.Faults{}))
	attachResource(w, "kubelet", snapFile(w, "kubelet", "1.28.11"))
	w.WantStatus("active", "Kubernetes worker running.")
}

// A budget that never lets a pod go ends the upgrade in its time, before any snap is touched.
func TestABudgetThatNeverAllowsEndsAnUpgradeBeforeSnapsAreTouched(t *testing.T) {
	t.Parallel()
	w := Joined(t, Options{})
	w.API[0].Run(w.Node, map[string]Pod{"default/web-1": {Owner: "ReplicaSet"}, "default/web-2": {Owner: "ReplicaSet", Protected: true}})
	before := imprintOf(w)
	w.Config(map[string]string{"channel": newChannel})
	message := "the upgrade to 1.29/stable failed: cannot drain node worker-0 in 1s: 1 of 2 pods remain: default/web-2 is held by budget guard-web-2 "
	w.fails("upgrade", map[string]any{"timeout": 1}, message)
	w.WantStatus("blocked", message+"…")
	wantUntouched(w, before)
	w.wantAsBefore()
	w.UpdateStatus()
	w.WantStatus("blocked", message+"…")
	if pods := w.API[0].Pods(w.Node); !slices.Equal(pods, []string{"default/web-2"}) {
		t.Errorf("on the node are %v", pods)
	}
	w.completes("upgrade", map[string]any{"drain": false})
	w.wantUpgraded()
}

// The API server goes away with each kind of request of an upgrade in turn, for the rest of that action. What was begun ends
// either way in the next hook: the node runs the old release or the new one, and takes pods.
func TestOneUnitUpgradesAtATime(t *testing.T) {
	t.Parallel()
	w := hasty(t, byItself())
	w.Config(map[string]string{"channel": newChannel})
	w.wantUpgraded()
	w.must(w.publish("1.29/edge", "1.29.1"))
	w.takes("kubernetes-worker/7", time.Minute)
	before := imprintOf(w)
	w.Config(map[string]string{"channel": "1.29/edge"})
	w.WantStatus("waiting", "Waiting for kubernetes-worker/7, whose turn it is to upgrade until …")
	w.fails("upgrade", nil, "the upgrade is not finished: Waiting for kubernetes-worker/7, whose turn it is to upgrade until ")
	wantUntouched(w, before)
	if holder := w.turn(); holder != "kubernetes-worker/7" {
		t.Errorf("the turn is %q's", holder)
	}
	// The unit that had it died.
	w.takes("kubernetes-worker/7", 31*time.Minute)
	w.UpdateStatus()
	w.WantStatus("active", "Kubernetes worker running.")
	wantSnaps(w, "1.29.1")
	if holder := w.turn(); holder != "" {
		t.Errorf("%s still has the turn", holder)
	}
}

// note is what the unit that failed has left on the lease for the others.
func (w *World) note() string {
	w.T.Helper()
	var lease struct {
		Metadata struct{ Annotations map[string]string }
	}
	w.must(json.Unmarshal([]byte(w.API[0].Cluster.At(w.turnPath())), &lease))
	return lease.Metadata.Annotations["kubernetes-worker/failed-upgrade"]
}

// cordonOfOurs takes a node out of service as an upgrade does.
func (a *API) cordonOfOurs(node string) {
	a.mu.Lock()
	defer a.mu.Unlock()
	n := a.node(node)
	n.Unschedulable, n.Annotations["kubernetes-worker/cordoned-by"] = true, "upgrade"
}

// A release that breaks one node breaks the next one as well, and each try costs a node its pods: the first failure stops
// those that would upgrade by themselves.
func TestTheFirstUnitThatFailsStopsTheRollOut(t *testing.T) {
	t.Parallel()
	w := hasty(t, byItself())
	second := w.Beside(1)
	w.API[0].Others = map[string]func() (int, string){second.Node: second.kubeletStarts}
	w.Settle()
	second.WantStatus("active", running)
	w.API[0].Run(second.Node, map[string]Pod{"default/web-7": {Owner: "ReplicaSet"}})
	w.API[0].NotReadyWith(newKubelet)
	before := imprintOf(second)
	w.Config(map[string]string{"channel": newChannel})
	w.WantStatus("blocked", readyAgain+"…")
	w.wantAsBefore()
	stopped := "the upgrade to 1.29/stable failed on kubernetes-worker/0: node worker-0 is not Ready with kubelet 1.29.0: this kubelet does not get Ready" +
		"; run the upgrade action to try it here"
	note := w.note()
	w.apiWrites()
	for range 2 {
		second.WantStatus("blocked", stopped)
		wantUntouched(second, before)
		second.wantAsBefore()
		if pods := w.API[0].Pods(second.Node); !slices.Equal(pods, []string{"default/web-7"}) {
			t.Errorf("on the second node are %v", pods)
		}
		if now := w.note(); now != note || !strings.Contains(note, `"unit":"kubernetes-worker/0"`) {
			t.Errorf("the note is %s, was %s", now, note)
		}
		second.UpdateStatus()
	}
	if writes := w.apiWrites(); len(writes) > 0 {
		t.Errorf("a unit that is stopped wrote %v", writes)
	}

	// A unit that was killed while its pods were leaving has lost its turn since, and finds the note when it has it again.
	w.takes(second.Unit, time.Minute)
	w.API[0].cordonOfOurs(second.Node)
	second.UpdateStatus()
	second.WantStatus("blocked", stopped)
	second.wantAsBefore()
	if now := w.note(); now != note {
		t.Errorf("the note is %s, was %s", now, note)
	}

	// The operator's word goes before the note.
	second.fails("upgrade", nil, readyAgain+"node worker-1 is not Ready with kubelet 1.29.0: ")
	second.wantAsBefore()
	if note := w.note(); !strings.Contains(note, `"unit":"kubernetes-worker/1"`) {
		t.Errorf("the note is %s", note)
	}

	// Something else is not what failed.
	w.must(w.publish("1.29/edge", "1.29.1"))
	w.must(second.publish("1.29/edge", "1.29.1"))
	w.Config(map[string]string{"channel": "1.29/edge"})
	for _, unit := range []*World{w, second} {
		unit.WantStatus("active", running)
		wantSnaps(unit, "1.29.1")
	}

	// What succeeds on one unit may be tried by all again.
	w.Config(map[string]string{"channel": newChannel})
	second.WantStatus("blocked", stopped)
	w.API[0].NotReadyWith("")
	w.completes("upgrade", nil)
	if note := w.note(); note != "" {
		t.Errorf("after a success the note is %s", note)
	}
	second.UpdateStatus()
	for _, unit := range []*World{w, second} {
		unit.WantStatus("active", running)
		wantSnaps(unit, newKubelet)
		unit.wantCordon(false, "")
	}
}

// An option that the next release does not take is found before the node gives its pods away.
// halfway is a world in which the upgrade has refreshed kubectl, and then snapd is busy with kube-proxy.
// The operator's word on an upgrade holds until its end, also where the action has ended before.
// A node is not left out of service for longer than a quarter of an hour because a store is away.
// The same when all snaps are there and nobody could tell whether the node works with them. An older channel is no downgrade then.
// What a failed upgrade has changed is not given up where snapd cannot go back at once.
