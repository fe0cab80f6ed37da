package model

import (
	"context"
	"maps"
	"net/http"
	"os"
	"slices"
	"strings"
	"testing"
	"time"

	"kubernetes-worker/internal/jujusim"
)

const paused = "Kubernetes unit paused"

func (w *World) wantCordon(cordoned bool, mark string) {
	w.T.Helper()
	if has, whose := w.API[0].Cordoned(w.Node); has != cordoned || whose != mark {
		w.T.Errorf("cordoned %v with mark %q, want %v with %q", has, whose, cordoned, mark)
	}
}

// busy is what a node of everyday has on it.
func busy(w *World) {
	w.API[0].Run(w.Node, map[string]Pod{
		"default/web-1": {Owner: "ReplicaSet"}, "default/web-2": {Owner: "ReplicaSet"}, "ingress/controller": {Owner: "DaemonSet"},
	})
}

// pauseStories are told by the generic tests, too.
func pauseStories() []Scenario {
	pods := Step{Name: "pods", Do: busy}
	pause := Step{Name: "action pause", Do: repeated("pause")}.ends("waiting", paused)
	resume := Step{Name: "action resume", Do: repeated("resume")}
	return []Scenario{
		joined("pause and resume", Options{}, pods, pause, resume),
		joined("paused while the node is deleted and upgraded", Options{}, pods, pause,
			Step{Name: "node deleted", Do: func(w *World) { w.API[0].Delete(w.Node); w.must(w.Juju.Ask(Unit, "update-status")) }}.ends("waiting", paused),
			option("channel", "1.29/stable").ends("blocked", pendingMessage),
			Step{Name: "action upgrade", Do: upgradeAction}.ends("waiting", paused),
			resume),
	}
}

// repeated runs an action, and once more if the first was killed: Juju does not do that by itself.
func repeated(name string) func(w *World) {
	return func(w *World) {
		ctx, cancel := context.WithTimeout(context.Background(), time.Minute)
		defer cancel()
		var result jujusim.ActionResult
		for range 2 {
			var err error
			result, err = w.Juju.RunAction(ctx, Unit, name, nil)
			w.must(err)
			if result.Status == "completed" {
				return
			}
		}
		w.T.Fatalf("action %s %s: %s", name, result.Status, result.Message)
	}
}

// Fault 21: a drain that fails on pods of daemon sets leaves the node cordoned and active, and paused is overwritten by the
// next hook.
func TestPauseHoldsUntilResume(t *testing.T) {
	t.Parallel()
	w := Joined(t, Options{})
	busy(w)
	result := w.completes("pause", nil)
	if got, want := result.Results["result"], "node worker-0 is out of service: 2 pods moved, 1 stay"; got != want {
		t.Errorf("result %q, want %q", got, want)
	}
	if evicted, _ := result.Results["evicted"].(map[string]any); evicted["count"] != "2" || evicted["pods"] != "default/web-1, default/web-2" {
		t.Errorf("evicted %v", evicted)
	}
	if skipped, _ := result.Results["skipped"].(map[string]any); skipped["count"] != "1" || !strings.HasPrefix(skipped["pods"].(string), "ingress/controller is of a daemon set") {
		t.Errorf("skipped %v", skipped)
	}
	if log := strings.Join(result.Log, "\n"); !strings.Contains(log, "2 pods to move, 1 to stay") || !strings.Contains(log, "default/web-2 is gone (2 of 2)") {
		t.Errorf("action log:\n%s", log)
	}
	held := func(when string) {
		t.Helper()
		w.WantStatus("waiting", paused)
		if w.wantCordon(true, "pause"); t.Failed() {
			t.Fatal(when)
		}
	}
	held("after the action")
	w.UpdateStatus()
	held("after update-status")
	w.Config(map[string]string{"labels": "a=1"})
	held("after config-changed")
	reboot(w)
	w.Settle()
	held("after a reboot")
	w.API[0].Delete(w.Node)
	w.UpdateStatus()
	held("after the node was deleted and came back")
	w.must(os.Remove(stateOf(w)))
	w.UpdateStatus()
	held("after the state file was lost: the mark tells")
	w.must(w.Juju.Upgrade("kubernetes-worker", w.CharmDir))
	w.Settle()
	held("after upgrade-charm")

	// Again is nothing new, and a hook has nothing to do.
	if again := w.completes("pause", nil).Results["evicted"].(map[string]any); again["count"] != "0" {
		t.Errorf("again: %v", again)
	}
	w.apiWrites()
	w.UpdateStatus()
	if writes := w.apiWrites(); len(writes) > 0 {
		t.Errorf("a hook of a paused unit asked for %v", writes)
	}

	shown := len(w.Shown())
	if got := w.completes("resume", nil).Results["result"]; got != "node worker-0 is back in service" {
		t.Errorf("resume: %q", got)
	}
	w.wantCordon(false, "")
	w.WantStatus("active", running)
	if now := w.Shown()[shown:]; !slices.Equal(now, []string{"active: Kubernetes unit resumed", "active: " + running}) {
		t.Errorf("shown by resume: %q", now)
	}
	if got := w.completes("resume", nil).Results["result"]; got != "node worker-0 was not paused" {
		t.Errorf("resume again: %q", got)
	}
	w.UpdateStatus()
	w.WantStatus("active", running)
}

func TestPauseLooksBeforeItLeaps(t *testing.T) {
	t.Parallel()
	w := Joined(t, Options{})
	busy(w)
	w.API[0].Run(w.Node, map[string]Pod{"default/lone": {LocalData: true}, "default/cache": {Owner: "ReplicaSet", LocalData: true}})
	w.apiWrites()
	result := w.fails("pause", nil, "cannot move pods off node worker-0, nothing was changed: default/cache keeps data in an emptyDir, which would be lost; "+
		"default/lone has no controller that would make it again and keeps data in an emptyDir, which would be lost; "+
		"run pause with delete-local-data=true force=true, or move them by hand")
	if remaining := result.Results["remaining"].(map[string]any); remaining["count"] != "2" || !strings.HasPrefix(remaining["pods"].(string), "default/cache keeps data") {
		t.Errorf("remaining %v", remaining)
	}
	w.fails("pause", map[string]any{"delete-local-data": true, "force": true, "ignore-daemonsets": false},
		"ingress/controller is of a daemon set; run pause with ignore-daemonsets=true")
	w.API[0].Run(w.Node, map[string]Pod{"default/pair": {Owner: "ReplicaSet", Twice: true}})
	w.fails("pause", map[string]any{"delete-local-data": true, "force": true},
		"default/pair is in more than one disruption budget, so that the API does not evict it; leave each pod in one budget, or move them by hand")
	w.API[0].Run(w.Node, map[string]Pod{"default/pair": {Owner: "ReplicaSet"}})
	if writes := w.apiWrites(); len(writes) > 0 {
		t.Errorf("asked the API server to %v", writes)
	}
	w.WantStatus("active", running)
	w.completes("pause", map[string]any{"delete-local-data": true, "force": true})
	if left := w.API[0].Pods(w.Node); !slices.Equal(left, []string{"ingress/controller"}) {
		t.Errorf("pods that are left: %v", left)
	}
	w.WantStatus("waiting", paused)
}

func TestABudgetThatNeverAllowsEndsThePauseWithItsName(t *testing.T) {
	t.Parallel()
	w := Joined(t, Options{})
	busy(w)
	w.API[0].Run(w.Node, map[string]Pod{"default/db": {Owner: "StatefulSet", Protected: true}})
	const blocked = "1 of 3 pods remain: default/db is held by budget guard-db (1 of 1 needed pods are healthy, 0 may go)"
	result := w.fails("pause", map[string]any{"timeout": 1}, blocked+"; the node takes pods again, the unit is not paused")
	if remaining := result.Results["remaining"].(map[string]any); remaining["count"] != "1" || !strings.Contains(remaining["pods"].(string), "budget guard-db") {
		t.Errorf("remaining %v", remaining)
	}
	if log := strings.Join(result.Log, "\n"); !strings.Contains(log, "default/db is held by budget guard-db (1 of 1 needed pods are healthy, 0 may go), at present\n") ||
		!strings.Contains(log, "default/db does not go yet: ") {
		t.Errorf("action log:\n%s", log)
	}
	w.wantCordon(false, "")
	w.WantStatus("active", running)

	// Told otherwise, it stays out of service, and the next pause goes on from there.
	keep := map[string]any{"timeout": 1, "keep-cordoned": true}
	w.fails("pause", keep, blocked[len("1 of 3 pods remain: "):]+"; the unit is paused, run pause again to go on or resume to end it")
	w.wantCordon(true, "pause")
	w.UpdateStatus()
	w.WantStatus("waiting", paused)
	w.fails("pause", map[string]any{"timeout": 1}, "the unit is paused")
	w.wantCordon(true, "pause")
	w.API[0].Run(w.Node, map[string]Pod{"default/db": {Owner: "StatefulSet"}})
	w.completes("pause", nil)
	w.WantStatus("waiting", paused)
	w.completes("resume", nil)
	w.wantCordon(false, "")
	w.WantStatus("active", running)
}

func TestACordonOfSomebodyElseOutlivesPauseAndResume(t *testing.T) {
	t.Parallel()
	w := Joined(t, Options{})
	busy(w)
	w.API[0].Cordon(w.Node)
	w.API[0].Run(w.Node, map[string]Pod{"default/db": {Owner: "StatefulSet", Protected: true}})
	w.fails("pause", map[string]any{"timeout": 1}, "the node stays cordoned as it was")
	w.wantCordon(true, "")
	w.WantStatus("active", running)
	w.API[0].Run(w.Node, map[string]Pod{"default/db": {Owner: "StatefulSet"}})
	if got := w.completes("pause", nil).Results["result"].(string); !strings.HasSuffix(got, "somebody else has cordoned it, which resume will not take back") {
		t.Errorf("result %q", got)
	}
	w.wantCordon(true, "")
	w.UpdateStatus()
	w.WantStatus("waiting", paused)
	if got := w.completes("resume", nil).Results["result"]; got != "node worker-0 stays cordoned: that was not done by the pause action; kubectl uncordon worker-0 ends it" {
		t.Errorf("result %q", got)
	}
	w.wantCordon(true, "")
	w.WantStatus("active", running)
}

func TestACordonThatIsTakenBackByHandIsMadeAgain(t *testing.T) {
	t.Parallel()
	w := Joined(t, Options{})
	w.completes("pause", nil)
	w.API[0].Uncordon(w.Node)
	w.UpdateStatus()
	w.wantCordon(true, "pause")
	w.WantStatus("waiting", paused)
}

func TestAPausedNodeIsUpgradedAndStaysPaused(t *testing.T) {
	t.Parallel()
	w := Joined(t, Options{})
	busy(w)
	w.completes("pause", nil)
	w.Config(map[string]string{"channel": "1.29/stable"})
	w.WantStatus("blocked", needsUpgrade)
	w.wantCordon(true, "pause")
	if result := runUpgrade(w); result.Status != "completed" {
		t.Fatalf("upgrade: %+v", result)
	}
	wantSnaps(w, "1.29.0")
	w.WantStatus("waiting", paused)
	w.wantCordon(true, "pause")
	w.completes("resume", nil)
	w.WantStatus("active", running)
	w.wantCordon(false, "")
}

func TestWhatAPersonMustDoComesBeforePaused(t *testing.T) {
	t.Parallel()
	w := Joined(t, Options{})
	w.completes("pause", nil)
	w.Config(map[string]string{"kubelet-extra-config": "[no, mapping]"})
	w.WantStatus("blocked", "kubelet-extra-config…")
	w.Config(map[string]string{"kubelet-extra-config": "{}"})
	w.WantStatus("waiting", paused)
	w.API[0].Fail(http.StatusServiceUnavailable)
	w.UpdateStatus()
	w.WantStatus("waiting", paused)
	w.fails("resume", nil, "nothing was changed")
	w.API[0].Fail(0)
	w.UpdateStatus()
	w.WantStatus("waiting", paused)
	w.wantCordon(true, "pause")
}

// Whatever is not answered from some request on, the action says so, and what it leaves is what it says.
func TestPauseWithoutAnAPIServerFailsAndLeavesNothingHalfDone(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		refuse  string // beginning of the first request that is refused, as all are after it
		status  int
		message string
		cordon  bool
		mark    string
	}{
		"the node":           {"GET worker-0", 503, "nothing was changed", false, ""},
		"the list of pods":   {"GET /api/v1/pods", 500, "nothing was changed", false, ""},
		"the cordon":         {"PATCH worker-0", 500, "the node may still be cordoned, which the next hook takes back", false, ""},
		"the evictions":      {"POST /api/v1/namespaces", 500, "the node may still be cordoned, which the next hook takes back", true, "pausing"},
		"the evictions, 429": {"POST /api/v1/namespaces", 429, "the node may still be cordoned, which the next hook takes back", true, "pausing"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			w := Joined(t, Options{})
			busy(w)
			begun := false
			w.API[0].Refuse(func(request string) int {
				begun = begun || strings.HasPrefix(request, c.refuse)
				if begun {
					return c.status
				}
				return 0
			})
			w.fails("pause", map[string]any{"timeout": 2}, c.message)
			w.wantCordon(c.cordon, c.mark)
			if s, message := w.Status(); s != "waiting" || !strings.HasPrefix(message, "Waiting for an API server to answer") && c.message != "nothing was changed" {
				if c.message != "nothing was changed" {
					t.Errorf("status %s: %s", s, message)
				}
			}
			w.API[0].Refuse(nil)
			w.UpdateStatus()
			w.WantStatus("active", running)
			w.wantCordon(false, "")
			w.completes("pause", nil)
			w.WantStatus("waiting", paused)
		})
	}
}

// Once all pods have gone, a server that stumbles does not make it all for nothing.
func TestAPauseInsistsOnItsLastWord(t *testing.T) {
	t.Parallel()
	w := Joined(t, Options{})
	busy(w)
	api, stumbled := w.API[0], 0
	api.Refuse(func(request string) int {
		if request == "PATCH "+w.Node && len(api.pods) == 1 && stumbled < 2 {
			stumbled++
			return http.StatusServiceUnavailable
		}
		return 0
	})
	w.completes("pause", nil)
	if stumbled != 2 {
		t.Errorf("the server stumbled %d times", stumbled)
	}
	w.wantCordon(true, "pause")
	w.WantStatus("waiting", paused)
}

// An eviction alone that the server always fails at: the time runs out, and the node is given back.
func TestEvictionsThatAlwaysFailEndThePause(t *testing.T) {
	t.Parallel()
	for name, status := range map[string]int{"429": http.StatusTooManyRequests, "500": http.StatusInternalServerError} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			w := Joined(t, Options{})
			busy(w)
			w.API[0].Refuse(func(request string) int {
				if strings.HasSuffix(request, "/eviction") {
					return status
				}
				return 0
			})
			w.fails("pause", map[string]any{"timeout": 1}, "2 of 2 pods remain: default/web-1: ")
			w.wantCordon(false, "")
			w.WantStatus("active", running)
		})
	}
}

// A pause that is killed does not come again by itself. The hook that follows puts the node back into service unless all
// pods had gone and the pause held already.
func TestAKilledPauseIsTakenBackOrHolds(t *testing.T) {
	t.Parallel()
	o, b := mortal(t, Options{})
	w := New(t, o)
	w.DeployWorker()
	w.DeployCompanions()
	w.Relate()
	w.Settle()
	busy(w)
	before := w.Save()
	b.watch(t, 0)
	w.completes("pause", nil)
	crossed := b.seen(t)
	ends := map[bool]int{}
	for n, place := range crossed {
		w.Restore(before)
		b.watch(t, n+1)
		if result := w.act("pause", nil); result.Status != "failed" {
			t.Fatalf("killed at %s: %+v", place, result)
		}
		b.watch(t, 0)
		w.UpdateStatus()
		state, message := w.Status()
		cordoned, mark := w.API[0].Cordoned(w.Node)
		isPaused := message == paused
		if isPaused != cordoned || isPaused != (mark == "pause") || !isPaused && state != "active" {
			t.Errorf("killed at %s: %s: %s, cordoned %v %q", place, state, message, cordoned, mark)
		}
		ends[isPaused]++
	}
	if ends[true] == 0 || ends[false] == 0 {
		t.Errorf("of %v, %v", crossed, maps.Clone(ends))
	}
}

func TestActionsBeforeTheNodeIsThereSayWhatIsMissing(t *testing.T) {
	t.Parallel()
	w := New(t, Options{})
	w.DeployWorker()
	w.Settle()
	for _, name := range []string{"pause", "resume"} {
		w.fails(name, nil, "no API server is known, or the credentials for it are not there yet; nothing was changed")
	}
}

func TestActionsSpeakToEachJuju(t *testing.T) {
	t.Parallel()
	for _, juju := range generations() {
		t.Run(juju, func(t *testing.T) {
			t.Parallel()
			w := Joined(t, Options{Juju: juju, Exec: true})
			busy(w)
			result := w.completes("pause", map[string]any{"grace-period": 0, "timeout": 30})
			if len(result.Log) < 3 || result.Results["result"] != "node worker-0 is out of service: 2 pods moved, 1 stay" {
				t.Errorf("%+v", result)
			}
			w.WantStatus("waiting", paused)
			w.completes("resume", nil)
			w.WantStatus("active", running)
			w.SetEngine(Engine{})
			w.completes("clean-images", nil)
		})
	}
}
