package model

import (
	"strings"
	"testing"
)

func TestAChannelThatOnlySomeSnapsHaveRefreshesNone(t *testing.T) {
	t.Parallel()
	w := Joined(t, Options{Config: map[string]string{"require-manual-upgrade": "false"}})
	w.API[0].Says("v1.30.2")
	before := imprintOf(w)
	w.must(w.Snapd.Publish("kubectl", "1.30/edge", "1.30.0"))
	w.must(w.Snapd.Publish("kube-proxy", "1.30/edge", "1.30.0"))
	w.Config(map[string]string{"channel": "1.30/edge"})
	w.WantStatus("blocked", "cannot install snap kubelet from channel 1.30/edge: no snap revision on specified channel; …")
	wantSnaps(w, "1.28.1")
	wantUntouched(w, before)
	w.must(w.Snapd.Publish("kubelet", "1.30/edge", "1.30.0"))
	w.UpdateStatus()
	w.WantStatus("active", "Kubernetes worker running.")
	wantSnaps(w, "1.30.0")
}

func TestAChannelThatOnlySomeSnapsHaveInstallsNone(t *testing.T) {
	t.Parallel()
	w := joining(t, Options{Config: map[string]string{"channel": "1.30/edge"}})
	w.must(w.Snapd.Publish("kubectl", "1.30/edge", "1.30.0"))
	w.Settle()
	w.WantStatus("blocked", "cannot install snap kube-proxy from channel 1.30/edge: no snap revision on specified channel; …")
	if have, installed := w.Snapd.Snap("kubectl"); installed {
		t.Errorf("kubectl is installed: %+v", have)
	}
}

func TestTheUpgradeActionBringsANewRevisionOfTheSameChannel(t *testing.T) {
	t.Parallel()
	w := Joined(t, Options{})
	for _, name := range []string{"kubectl", "kube-proxy", "kubelet"} {
		w.must(w.Snapd.Publish(name, Channel, "1.28.2"))
	}
	w.UpdateStatus()
	w.WantStatus("active", "Kubernetes worker running.")
	wantSnaps(w, "1.28.1")
	if result := runUpgrade(w); result.Status != "completed" {
		t.Fatalf("action: %+v", result)
	}
	wantSnaps(w, "1.28.2")
	w.WantStatus("active", "Kubernetes worker running.")
	if log := w.Log(); !strings.Contains(log, "snap:kubelet: revision 10, the store has ") {
		t.Errorf("the log does not say why:\n%s", log)
	}
	after := imprintOf(w)
	w.UpdateStatus()
	wantUntouched(w, after)
}
