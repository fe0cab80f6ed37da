package model

import (
	"maps"
	"slices"
	"strings"
	"testing"
)

// What hooks cost, in exact numbers: one more than here is a change that somebody has to want.

// cost is what a hook does to talk with Juju.
type cost struct {
	via   string
	tools int // calls of hook tools
	forks int
}

// wantNoop fails the test unless another update-status changes nothing, asks the API server once, and costs no more.
func (w *World) wantNoop(want cost) {
	w.T.Helper()
	w.UpdateStatus() // reads back what the hook before wrote last
	before := w.effects()
	w.apiRequests()
	w.UpdateStatus()
	if all := differences(before, w.effects()); len(all) > 0 {
		w.T.Errorf("it changed\n%s", strings.Join(all, "\n"))
	}
	if got := w.apiRequests(); len(got) != 1 || !strings.HasPrefix(got[0], "GET "+w.Node) {
		w.T.Errorf("it asked the API server %q, want its node once", got)
	}
	r := w.lastReport()
	calls := 0
	for _, n := range r.Tools {
		calls += n
	}
	if got := (cost{r.Transport, calls, r.Forks}); got != want {
		w.T.Errorf("it cost %+v, want %+v: %v", got, want, r.Tools)
	}
	if mib := r.PeakKiB >> 10; mib < 5 || mib > 30 {
		w.T.Errorf("it took %d MiB of memory", mib)
	}
	if r.FilesWrote != 0 || len(r.Restarts) != 0 || r.APIRequests != 1 {
		w.T.Errorf("%d files written, restarts %v, %d API requests, want none, none, 1", r.FilesWrote, r.Restarts, r.APIRequests)
	}
}

func TestAnUpdateStatusWithNothingToDoCostsOneRequest(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		name string
		o    Options
		cost
	}{
		{"over the agent's socket", Options{}, cost{"socket", 37, 0}},
		{"with tools as processes", Options{Exec: true}, cost{"exec", 6, 6}},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			Joined(t, c.o).wantNoop(c.cost)
		})
	}
}

func TestOneKubeletOptionCostsOneFileAndOneRestart(t *testing.T) {
	t.Parallel()
	w := Joined(t, Options{})
	kubelet, proxy, runtime := w.Restarts(Kubelet), w.Restarts(Proxy), w.Restarts(Runtime)
	files := w.tree(true)
	w.Config(map[string]string{"kubelet-extra-config": "{maxPods: 50}"})
	if r := w.lastReport(); r.Event != "config-changed" || r.FilesWrote != 1 || r.Forks != 0 || !maps.Equal(r.Restarts, map[string]int{Kubelet: 1}) {
		t.Errorf("%s wrote %d files, started %d processes, restarts %v; want config-changed, 1, 0, the kubelet once", r.Event, r.FilesWrote, r.Forks, r.Restarts)
	}
	if n := w.Restarts(Kubelet) - kubelet; n != 1 {
		t.Errorf("systemd restarted the kubelet %d times, want once", n)
	}
	if w.Restarts(Proxy) != proxy || w.Restarts(Runtime) != runtime {
		t.Error("kube-proxy or the runtime was restarted, too")
	}
	var changed []string
	for _, line := range differences(files, w.tree(true)) {
		name, _, _ := strings.Cut(line, ": ")
		if !strings.HasPrefix(name, charmPath) {
			changed = append(changed, name)
		}
	}
	if want := []string{"/root/cdk/kubelet", "/root/cdk/kubelet/config.yaml"}; !slices.Equal(changed, want) {
		t.Errorf("on the machine changed %q, want %q: the file and its entry in the directory", changed, want)
	}
}

// The runtime is installed before the control plane can say where images come from. Where that decides its configuration,
// as the image of containerd's sandboxes does, it restarts once; its package starts it, which is no restart.
func TestJoiningStartsEachServiceOnce(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		name     string
		channel  string
		wire     string
		restarts map[string]int
	}{
		{"containerd, no registry told", Channel, "old", map[string]int{Kubelet: 1, Proxy: 1}},
		{"containerd, registry told later", Channel, "new", map[string]int{Kubelet: 1, Proxy: 1, Runtime: 1}},
		{"docker, no registry told", DockerChannel, "old", map[string]int{Kubelet: 1, Proxy: 1}},
		{"docker, registry told later", DockerChannel, "new", map[string]int{Kubelet: 1, Proxy: 1}},
		{"docker, arguments key by key", AncientChannel, "old", map[string]int{Kubelet: 1, Proxy: 1}},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			s := joined(c.name, Options{Wire: c.wire, Config: map[string]string{"channel": c.channel}})
			w := New(t, s.Options)
			s.Begin(w)
			s.Steps[0].Run(w)
			restarts := map[string]int{}
			for _, r := range w.Reports() {
				for unit, n := range r.Restarts {
					restarts[unit] += n
				}
			}
			if !maps.Equal(restarts, c.restarts) {
				t.Errorf("started or restarted %v, want %v", restarts, c.restarts)
			}
			// What systemd counts has the packages' own start of the runtime, too.
			for _, unit := range []string{Kubelet, Proxy} {
				if n := w.Restarts(unit); n != 1 {
					t.Errorf("systemd started %s %d times, want once", unit, n)
				}
			}
		})
	}
}

// Proxies and docker's options are read by one daemon and changed in one hook: it restarts once.
func TestProxiesAndDockerOptionsTogetherRestartDockerOnce(t *testing.T) {
	t.Parallel()
	s := joined("docker", Options{Config: map[string]string{"channel": DockerChannel}})
	w := New(t, s.Options)
	s.Begin(w)
	s.Steps[0].Run(w)
	w.Config(map[string]string{"docker-opts": "--log-level=warn", "http_proxy": "http://proxy.test:3128"})
	if r := w.lastReport(); !maps.Equal(r.Restarts, map[string]int{Docker: 1}) {
		t.Errorf("restarts %v, want docker once", r.Restarts)
	}
}
