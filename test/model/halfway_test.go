package model

import (
	"fmt"
	"net/http"
	"os"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"kubernetes-worker/internal/snapd/snapdtest"
)

func TestAnUpgradeOutlivesAnAPIServerThatGoesAwayAtAnyRequest(t *testing.T) {
	t.Parallel()
	w := hasty(t, Options{})
	w.Config(map[string]string{"channel": newChannel})
	now := w.Save()
	w.API[0].Requests()
	timeout := map[string]any{"timeout": 1}
	w.completes("upgrade", timeout)
	w.wantUpgraded()
	all := w.API[0].Requests()
	for n, request := range all {
		if slices.Contains(all[:n], request) && n != len(all)-2 || n == len(all)-1 { // the last one is for the status alone
			continue
		}
		w.Restore(now)
		asked := 0
		w.API[0].Refuse(func(string) int {
			if asked++; asked > n {
				return http.StatusServiceUnavailable
			}
			return 0
		})
		w.fails("upgrade", timeout, "API server")
		w.API[0].Refuse(nil)
		w.UpdateStatus()
		if have, _ := w.Snapd.Snap("kubelet"); have.Version == newKubelet {
			w.wantUpgraded()
		} else {
			w.WantStatus("blocked", needsUpgrade)
			w.wantAsBefore()
		}
		if t.Failed() {
			t.Fatalf("the API server was away from request %d of %d on: %s", n+1, len(all), request)
		}
	}
}

func halfway(t *testing.T, o Options) *World {
	t.Helper()
	w := hasty(t, o)
	w.must(w.Snapd.SetFaults(snapdtest.Faults{Busy: map[string]string{"kube-proxy": "auto-refresh"}}))
	w.Config(map[string]string{"channel": newChannel})
	if len(o.Config) == 0 {
		w.fails("upgrade", nil, "the upgrade is not finished: Waiting for snapd, busy with another change of kube-proxy: ")
	}
	w.WantStatus("waiting", "Waiting for snapd, busy with another change of kube-proxy: …")
	w.UpdateStatus()
	w.WantStatus("waiting", "Waiting for snapd, busy with another change of kube-proxy: …")
	w.wantCordon(true, "upgrade")
	if have, _ := w.Snapd.Snap("kubectl"); have.Version != newKubelet {
		t.Fatalf("kubectl: %+v", have)
	}
	if holder := w.turn(); holder != Unit {
		t.Errorf("%q has the turn", holder)
	}
	return w
}

func TestAnUpgradeThatHadToWaitHalfwayGoesOn(t *testing.T) {
	t.Parallel()
	for _, o := range []Options{byItself(), {}} {
		w := halfway(t, o)
		w.must(w.Snapd.SetFaults(snapdtest.Faults{}))
		w.UpdateStatus()
		w.wantUpgraded()
	}
}

func TestAnUpgradeThatIsNotWantedAnyMoreIsUndone(t *testing.T) {
	t.Parallel()
	for _, o := range []Options{byItself(), {}} {
		w := halfway(t, o)
		w.must(w.Snapd.SetFaults(snapdtest.Faults{}))
		w.Config(map[string]string{"channel": Channel})
		w.WantStatus("active", "Kubernetes worker running.")
		w.wantAsBefore()
		if state := w.state(); strings.Contains(state, `"before"`) {
			t.Errorf("the upgrade is not forgotten: %s", state)
		}
	}
}

func TestAnUpgradeThatWaitsHalfwayForTooLongIsTakenBack(t *testing.T) {
	t.Parallel()
	w := halfway(t, byItself())
	since := regexp.MustCompile(`"since": (\d+)`)
	state := w.Read(charmPath + "/" + stateFile)
	w.must(os.WriteFile(stateOf(w), []byte(since.ReplaceAllStringFunc(state, func(string) string {
		return fmt.Sprintf(`"since": %d`, time.Now().Add(-16*time.Minute).Unix())
	})), 0o600))
	w.must(w.Snapd.SetFaults(snapdtest.Faults{Busy: map[string]string{"kube-proxy": "auto-refresh"}}))
	w.UpdateStatus()
	w.WantStatus("blocked", readyAgain+"Waiting for snapd, busy with another change of kube-proxy: …")
	w.wantAsBefore()
}

func TestAnUpgradeThatWasNotSeenToWorkCanBeUndone(t *testing.T) {
	t.Parallel()
	w := hasty(t, byItself())
	w.API[0].Refuse(func(string) int {
		if have, _ := w.Snapd.Snap("kubelet"); have.Version == newKubelet {
			return http.StatusServiceUnavailable
		}
		return 0
	})
	w.Config(map[string]string{"channel": newChannel})
	w.WantStatus("waiting", "Waiting for an API server, to see whether the node works with its new release: …")
	wantSnaps(w, newKubelet)
	w.API[0].Refuse(nil)
	w.Config(map[string]string{"channel": Channel})
	w.WantStatus("active", "Kubernetes worker running.")
	w.wantAsBefore()
}

func TestAUnitThatLeavesHalfwayThroughAnUpgradePassesItsTurnOn(t *testing.T) {
	t.Parallel()
	w := halfway(t, byItself())
	w.must(w.Juju.RemoveUnit(Unit))
	w.Settle()
	if holder := w.turn(); holder != "" {
		t.Errorf("%s still has the turn", holder)
	}
}

func TestARevertThatSnapdRefusesIsTriedAgain(t *testing.T) {
	t.Parallel()
	w := hasty(t, byItself())
	w.API[0].NotReadyWith(newKubelet)
	w.API[0].Refuse(func(request string) int {
		// By the time that the node is looked at, snapd can do no more.
		if have, _ := w.Snapd.Snap("kubelet"); have.Version == newKubelet {
			w.failChange("kubelet", "cannot mount")
		}
		return 0
	})
	w.Config(map[string]string{"channel": newChannel})
	w.UpdateStatus()
	w.WantStatus("blocked", "cannot go back to revision 10 of snap kubelet: …")
	if have, _ := w.Snapd.Snap("kubelet"); have.Version != newKubelet || w.turn() != Unit {
		t.Fatalf("kubelet %s, and %q has the turn", have.Version, w.turn())
	}
	w.API[0].Refuse(nil)
	w.failChange("", "")
	w.UpdateStatus()
	w.WantStatus("blocked", readyAgain+"…")
	w.wantAsBefore()
}
