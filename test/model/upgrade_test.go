package model

import (
	"context"
	"os"
	"strings"
	"testing"

	"kubernetes-worker/internal/snapd"
	"kubernetes-worker/internal/snapd/snapdtest"
)

// installBefore installs the snaps as somebody else would, before the charm comes.
func installBefore(w *World, channel string) {
	w.T.Helper()
	client := snapd.New(w.Root, snapd.Settings{})
	defer client.Close()
	for _, name := range []string{"kubectl", "kube-proxy", "kubelet"} {
		w.must(client.Install(context.Background(), name, snapd.Options{Channel: channel, Classic: true}, nil))
	}
	w.Snapd.ResetRequests()
}

func TestSnapsThatAreThereAlreadyAreTakenAsTheyAre(t *testing.T) {
	t.Parallel()
	w := joining(t, Options{Config: map[string]string{"snapd_refresh": "fri"}}) // with which none is held
	installBefore(w, Channel)
	w.Settle()
	w.WantStatus("active", "Kubernetes worker running.")
	for request, n := range w.Snapd.Requests() {
		if strings.HasPrefix(request, "POST ") {
			t.Errorf("%s was sent %d times, although the snaps were there", request, n)
		}
	}
}

func TestSnapsThatSomebodyInstalledFromAnotherChannelWaitForTheOperator(t *testing.T) {
	t.Parallel()
	w := joining(t, Options{})
	w.must(w.publish("1.27/stable", "1.27.5"))
	installBefore(w, "1.27/stable")
	w.Settle()
	w.WantStatus("blocked", needsUpgrade)
	wantSnaps(w, "1.27.5")
	if result := runUpgrade(w); result.Status != "completed" {
		t.Fatalf("action: %+v", result)
	}
	w.WantStatus("active", "Kubernetes worker running.")
	wantSnaps(w, "1.28.1")
}

func TestANewChannelWaitsForTheUpgradeAction(t *testing.T) {
	t.Parallel()
	w := Joined(t, Options{})
	before := imprintOf(w)
	w.Config(map[string]string{"channel": "1.29/stable"})
	w.WantStatus("blocked", needsUpgrade)
	w.UpdateStatus()
	w.WantStatus("blocked", needsUpgrade)
	wantUntouched(w, before)

	// Back to what it was: nothing to do, and no action needed.
	w.Config(map[string]string{"channel": Channel})
	w.WantStatus("active", "Kubernetes worker running.")
	wantUntouched(w, before)

	w.Config(map[string]string{"channel": "1.29/stable"})
	result := runUpgrade(w)
	if result.Status != "completed" || result.Results["result"] != "Successfully upgraded Kubernetes snaps to the 1.29/stable." {
		t.Fatalf("action: %+v", result)
	}
	w.WantStatus("active", "Kubernetes worker running.")
	wantSnaps(w, "1.29.0")
	status, err := w.Juju.UnitStatus(Unit)
	w.must(err)
	if status.Version != "1.29.0" {
		t.Errorf("application version %q, want 1.29.0", status.Version)
	}
}

func TestTheUpgradeActionWithNothingToDoTouchesNothing(t *testing.T) {
	t.Parallel()
	w := Joined(t, Options{})
	before := imprintOf(w)
	if result := runUpgrade(w); result.Status != "completed" || result.Results["result"] != "Successfully upgraded Kubernetes snaps to the 1.28/stable." {
		t.Fatalf("action: %+v", result)
	}
	wantUntouched(w, before)
}

func TestWithoutManualUpgradeANewChannelIsFollowed(t *testing.T) {
	t.Parallel()
	w := Joined(t, Options{})
	w.Config(map[string]string{"channel": "1.29/stable"})
	w.WantStatus("blocked", needsUpgrade)
	// Setting it to false while an upgrade waits starts that upgrade.
	w.Config(map[string]string{"require-manual-upgrade": "false"})
	w.WantStatus("active", "Kubernetes worker running.")
	wantSnaps(w, "1.29.0")
}

func TestTheUpgradeActionFailsWithTheReasonWhileTheStoreIsAway(t *testing.T) {
	t.Parallel()
	w := Joined(t, Options{})
	before := imprintOf(w)
	w.Config(map[string]string{"channel": "1.29/stable"})
	w.must(w.Snapd.SetFaults(snapdtest.Faults{StoreAway: true}))
	result := runUpgrade(w)
	want := `the upgrade is not finished: Waiting for the snap store, to install kubectl: ` + storeTrouble
	if result.Status != "failed" || result.Message != want {
		t.Errorf("action %s: %s\nwant %s", result.Status, result.Message, want)
	}
	wantUntouched(w, before)
	wantSnaps(w, "1.28.1")
	w.UpdateStatus()
	w.WantStatus("blocked", needsUpgrade)
	w.must(w.Snapd.SetFaults(snapdtest.Faults{}))
	if result := runUpgrade(w); result.Status != "completed" {
		t.Errorf("action: %+v", result)
	}
	w.WantStatus("active", "Kubernetes worker running.")
}

func TestTheUpgradeActionFailsWithTheReasonWhenAChangeFails(t *testing.T) {
	t.Parallel()
	w := Joined(t, Options{})
	before := imprintOf(w)
	w.Config(map[string]string{"channel": "1.29/stable"})
	w.must(w.Snapd.SetFaults(snapdtest.Faults{ChangeError: map[string]string{"kubectl": "cannot mount", "kubelet": "cannot mount", "kube-proxy": "cannot mount"}}))
	result := runUpgrade(w)
	if result.Status != "failed" || !strings.Contains(result.Message, "cannot mount") {
		t.Errorf("action %s: %s", result.Status, result.Message)
	}
	wantUntouched(w, before)
	w.must(w.Snapd.SetFaults(snapdtest.Faults{}))
	w.UpdateStatus()
	w.WantStatus("blocked", `the upgrade to 1.29/stable failed: cannot refresh snap "kubectl": …`)
	wantUntouched(w, before)
	if result := runUpgrade(w); result.Status != "completed" {
		t.Errorf("action: %+v", result)
	}
	w.WantStatus("active", "Kubernetes worker running.")
}

func TestFromStoreToResourceAndBack(t *testing.T) {
	t.Parallel()
	w := Joined(t, Options{})
	before := imprintOf(w)
	attachResource(w, "kubelet", snapFile(w, "kubelet", "1.28.9"))
	w.WantStatus("blocked", needsUpgrade)
	wantUntouched(w, before)
	if result := runUpgrade(w); result.Status != "completed" {
		t.Fatalf("action: %+v", result)
	}
	w.WantStatus("active", "Kubernetes worker running.")
	if have, _ := w.Snapd.Snap("kubelet"); have.Version != "1.28.9" || have.Revision != "x1" {
		t.Fatalf("kubelet: %+v", have)
	}

	// The same content attached again is no change.
	before = imprintOf(w)
	attachResource(w, "kubelet", snapFile(w, "kubelet", "1.28.9"))
	w.WantStatus("active", "Kubernetes worker running.")
	wantUntouched(w, before)

	// An empty file means the store again.
	attachResource(w, "kubelet", besideFile(w, "empty.snap", nil))
	w.WantStatus("blocked", needsUpgrade)
	wantUntouched(w, before)
	if result := runUpgrade(w); result.Status != "completed" {
		t.Fatalf("action: %+v", result)
	}
	w.WantStatus("active", "Kubernetes worker running.")
	wantSnaps(w, "1.28.1")
}

func TestSnapsFromResourcesAloneNeedNoStore(t *testing.T) {
	t.Parallel()
	w := joining(t, Options{})
	w.must(w.Snapd.SetFaults(snapdtest.Faults{StoreAway: true}))
	for _, name := range []string{"kubectl", "kube-proxy", "kubelet"} {
		w.must(w.Juju.AttachResource("kubernetes-worker", name, snapFile(w, name, "1.28.4")))
	}
	w.must(w.Juju.AttachResource("kubernetes-worker", "core", confinedSnap(w, "core", "16.2")))
	w.Settle()
	w.WantStatus("active", "Kubernetes worker running.")
	wantSnaps(w, "1.28.4")
	if have, ok := w.Snapd.Snap("core"); !ok || have.Version != "16.2" {
		t.Errorf("the base snap from the resource: %+v, %v", have, ok)
	}
	// Without its notes the charm finds out from snapd's own copies that nothing has to be upgraded.
	w.must(os.Remove(stateOf(w)))
	uploads := w.Snapd.Uploaded()
	w.UpdateStatus()
	w.WantStatus("active", "Kubernetes worker running.")
	if now := w.Snapd.Uploaded(); now != uploads {
		t.Errorf("%d bytes of snaps were sent again", now-uploads)
	}
}
