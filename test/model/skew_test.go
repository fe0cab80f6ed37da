package model

import (
	"net/http"
	"testing"
)

func TestAKubeletIsNeverNewerThanTheOldestAPIServer(t *testing.T) {
	t.Parallel()
	o := byItself()
	o.Servers = 2
	w := Joined(t, o)
	w.API[1].Says("v1.28.15")
	before := imprintOf(w)
	w.apiWrites()
	w.Config(map[string]string{"channel": newChannel})
	w.WantStatus("blocked", "kube-proxy 1.29 is newer than the API server "+w.API[1].URL()+", which is 1.28.15; upgrade the control plane first, or set channel to 1.28 or earlier")
	w.fails("upgrade", nil, "kube-proxy 1.29 is newer than the API server ")
	if writes := w.apiWrites(); len(writes) > 0 {
		t.Errorf("the API servers were asked to %v", writes)
	}
	wantUntouched(w, before)
	wantSnaps(w, "1.28.1")
	w.API[1].Says("v1.29.0")
	w.UpdateStatus()
	w.WantStatus("active", "Kubernetes worker running.")
	wantSnaps(w, newKubelet)
}

func TestAKubeletOfAnAttachedSnapIsNotNewerEither(t *testing.T) {
	t.Parallel()
	w := Joined(t, byItself())
	before := imprintOf(w)
	attachResource(w, "kubelet", snapFile(w, "kubelet", "1.30.2"))
	w.WantStatus("blocked", "kubelet 1.30.2 is newer than the API server "+w.API[0].URL()+", which is 1.29.4; upgrade the control plane first, or attach a snap of 1.29 or earlier")
	wantUntouched(w, before)
}

func TestAKubeletDoesNotFallFurtherBehindThanKubernetesAllows(t *testing.T) {
	t.Parallel()
	w := Joined(t, Options{})
	w.must(w.publish(CrossedChannel, "1.24.17"))
	before := imprintOf(w)
	w.Config(map[string]string{"channel": CrossedChannel})
	w.fails("upgrade", map[string]any{"allow-downgrade": true},
		"kube-proxy 1.24.17 is too old for the API server "+w.API[0].URL()+", which is 1.29.4; set channel to 1.26 or later")
	wantUntouched(w, before)
	// From further behind a step towards the servers is one in the right direction.
	w.API[0].Says("v1.36.1")
	w.Config(map[string]string{"channel": newChannel})
	w.completes("upgrade", nil)
	w.wantUpgraded()
}

func TestAnUpgradeWaitsUntilEveryAPIServerHasSaidItsRelease(t *testing.T) {
	t.Parallel()
	o := byItself()
	o.Servers = 2
	w := Joined(t, o)
	before := imprintOf(w)
	w.API[1].Refuse(func(request string) int {
		if request == "GET /version" {
			return http.StatusServiceUnavailable
		}
		return 0
	})
	w.Config(map[string]string{"channel": newChannel})
	w.WantStatus("waiting", "Waiting for an API server, to see which releases it takes: cannot get version of the API server: no API server answers: "+w.API[1].URL()+": …")
	wantUntouched(w, before)
	w.API[1].Refuse(nil)
	w.UpdateStatus()
	w.WantStatus("active", "Kubernetes worker running.")
}

func TestAnOptionThatTheNextReleaseDoesNotTakeIsToldBeforeTheUpgrade(t *testing.T) {
	t.Parallel()
	s := joined("", Options{Config: map[string]string{"channel": DockerChannel, "kubelet-extra-args": "network-plugin-mtu=1400"}})
	w := New(t, s.Options)
	s.Begin(w)
	s.Steps[0].Run(w)
	before := imprintOf(w)
	w.Config(map[string]string{"channel": CrossedChannel})
	w.WantStatus("blocked", needsUpgrade)
	w.fails("upgrade", nil, "the upgrade is not finished: kubelet-extra-args: network-plugin-mtu")
	wantUntouched(w, before)
	w.wantCordon(false, "")
	w.Config(map[string]string{"kubelet-extra-args": ""})
	w.completes("upgrade", nil)
	wantSnaps(w, "1.24.17")
}
