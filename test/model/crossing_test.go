package model

import (
	"cmp"
	"maps"
	"os"
	"slices"
	"strings"
	"testing"
)

// onDocker is a node of Kubernetes 1.23 with docker that has pods and images.
func onDocker(w *World) {
	w.T.Helper()
	w.API[0].Run(w.Node, map[string]Pod{
		"default/web-1": {Owner: "ReplicaSet"}, "kube-system/proxy-x": {Owner: "DaemonSet"},
	})
	w.SetRuntimes(Runtimes{
		Containers: map[string]string{"daemon": "pod", "sandbox": "pod"},
		Docker:     map[string]bool{"registry.example.test/app:1": true, "nginx:1.27": true, "unreadable:1": true, "<none>:<none>": true},
	})
}

func upgradeTo(w *World, channel string) {
	w.T.Helper()
	w.Config(map[string]string{"channel": channel})
	w.WantStatus("blocked", pendingMessage)
	if result := runUpgrade(w); result.Status != "completed" {
		w.T.Fatalf("action: %+v\n%s", result, w.Log())
	}
	w.WantStatus("active", "Kubernetes worker running.")
}

func joinedOnDocker(t *testing.T) *World {
	t.Helper()
	s := joined("docker", Options{Config: map[string]string{"channel": DockerChannel}})
	w := New(t, s.Options)
	s.Begin(w)
	s.Steps[0].Run(w)
	onDocker(w)
	return w
}

func TestANodeCrossesFromDockerToContainerdDrainedAndWithItsImages(t *testing.T) {
	t.Parallel()
	w := joinedOnDocker(t)
	before := w.Restarts(Runtime)
	upgradeTo(w, CrossedChannel)
	wantSnaps(w, "1.24.17")

	if pods := w.API[0].Pods(w.Node); !slices.Equal(pods, []string{"kube-system/proxy-x"}) {
		t.Errorf("on the node are %v, want the daemon set's pod alone", pods)
	}
	if cordoned, by := w.API[0].Cordoned(w.Node); cordoned || by != "" {
		t.Errorf("the node is cordoned: %t %q", cordoned, by)
	}
	have := w.Runtimes()
	if len(have.Containers) > 0 || !slices.Equal(have.Stopped, []string{"daemon", "sandbox"}) {
		t.Errorf("docker still has %v, and stopped %v", have.Containers, have.Stopped)
	}
	if want := map[string]bool{"registry.example.test/app:1": true, "nginx:1.27": true}; !maps.Equal(have.Containerd, want) {
		t.Errorf("containerd has %v, want %v", have.Containerd, want)
	}
	if want := map[string]bool{"unreadable:1": true, "<none>:<none>": true}; !maps.Equal(have.Docker, want) {
		t.Errorf("docker has %v, want only what cannot be moved: %v", have.Docker, want)
	}
	if log := w.Log(); !strings.Contains(log, "image unreadable:1 stays with docker, containerd has to pull it") {
		t.Errorf("the log does not say which image stays:\n%s", log)
	}
	for _, unit := range []string{Docker, "docker.socket"} {
		if u := w.Systemd.Unit(unit); u.ActiveState == "active" || u.FileState == "enabled" {
			t.Errorf("%s is %s and %s", unit, u.ActiveState, u.FileState)
		}
	}
	for _, path := range []string{"/etc/default/docker", "/etc/systemd/system/docker.service.d/kubernetes-worker.conf", "/var/tmp/kubernetes-worker-image.tar"} {
		if w.Exists(path) {
			t.Errorf("%s is left behind", path)
		}
	}
	if n := w.Restarts(Runtime) - before; n != 1 {
		t.Errorf("containerd was restarted %d times, want once for its configuration", n)
	}
	if args := w.Read("/var/snap/kubelet/current/args"); strings.Contains(args, "network-plugin") || !strings.Contains(args, `container-runtime="remote"`) {
		t.Errorf("kubelet's arguments:\n%s", args)
	}
}

func TestDockerKeepsRunningForContainersOfNoPod(t *testing.T) {
	t.Parallel()
	w := joinedOnDocker(t)
	w.SetRuntimes(Runtimes{Containers: map[string]string{"daemon": "pod", "own": "database"}})
	upgradeTo(w, CrossedChannel)
	if have := w.Runtimes().Containers; !maps.Equal(have, map[string]string{"own": "database"}) {
		t.Errorf("docker has %v, want the container of no pod alone", have)
	}
	if u := w.Systemd.Unit(Docker); u.ActiveState != "active" {
		t.Errorf("docker is %s although somebody uses it", u.ActiveState)
	}
	if log := w.Log(); !strings.Contains(log, "docker keeps running: 1 of its containers are of no pod") {
		t.Errorf("the log does not say why docker runs:\n%s", log)
	}
	before := imprintOf(w)
	w.UpdateStatus()
	w.WantStatus("active", "Kubernetes worker running.")
	wantUntouched(w, before)
}

// Pods that a drain would do harm to are found before anything is touched, and the operator decides.
func TestAnUpgradeDoesNotCostPodsTheirDataWithoutAWord(t *testing.T) {
	t.Parallel()
	w := Joined(t, Options{})
	w.API[0].Run(w.Node, map[string]Pod{"default/cache": {Owner: "ReplicaSet", LocalData: true}, "default/alone": {}})
	before := imprintOf(w)
	w.Config(map[string]string{"channel": "1.29/stable"})
	result := runUpgrade(w)
	want := "the upgrade is not finished: cannot move pods off the node: default/alone has no controller that would make it again, " +
		"default/cache keeps data in an emptyDir, which would be lost; run the upgrade action with delete-local-data=true force=true, " +
		"or with drain=false to leave all pods where they are"
	if result.Status != "failed" || result.Message != want {
		t.Errorf("action %s: %s\nwant %s", result.Status, result.Message, want)
	}
	wantUntouched(w, before)
	wantSnaps(w, "1.28.1")
	if cordoned, _ := w.API[0].Cordoned(w.Node); cordoned {
		t.Error("the node is left cordoned")
	}
	if result := runUpgradeWith(w, map[string]any{"drain": false}); result.Status != "completed" {
		t.Fatalf("action: %+v", result)
	}
	if pods := w.API[0].Pods(w.Node); len(pods) != 2 {
		t.Errorf("on the node are %v, want both pods", pods)
	}
	wantSnaps(w, "1.29.0")
	w.must(w.publish(CrossedChannel, "1.24.17"))
	w.API[0].Says("v1.26.1")
	w.Config(map[string]string{"channel": CrossedChannel})
	if result := runUpgradeWith(w, map[string]any{"allow-downgrade": true, "delete-local-data": true, "force": true}); result.Status != "completed" {
		t.Fatalf("action: %+v", result)
	}
	if pods := w.API[0].Pods(w.Node); len(pods) != 0 {
		t.Errorf("on the node are %v, want none", pods)
	}
}

func TestADowngradeIsRefusedUnlessForced(t *testing.T) {
	t.Parallel()
	w := Joined(t, Options{Config: map[string]string{"require-manual-upgrade": "false"}})
	w.must(w.publish("1.27/stable", "1.27.5"))
	before := imprintOf(w)
	w.Config(map[string]string{"channel": "1.27/stable"})
	refusal := "Kubernetes 1.27 is older than the 1.28.1 that is installed, and nodes cannot safely go back; set channel to 1.28 or later, " +
		"or run the upgrade action with allow-downgrade=true"
	w.WantStatus("blocked", refusal)
	wantUntouched(w, before)
	if result := runUpgrade(w); result.Status != "failed" || result.Message != "the upgrade is not finished: "+refusal {
		t.Errorf("action: %+v", result)
	}
	wantUntouched(w, before)
	wantSnaps(w, "1.28.1")
	if result := runUpgradeWith(w, map[string]any{"allow-downgrade": true}); result.Status != "completed" {
		t.Fatalf("action: %+v", result)
	}
	wantSnaps(w, "1.27.5")
	w.WantStatus("active", "Kubernetes worker running.")
}

func TestAReleaseThatTheMachineCannotRunIsNotInstalled(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		name, channel, version, config, message string
		cgroup                                  int
	}{
		{"cgroup v2 and an old kubelet", "1.21/stable", "1.21.14", "",
			"Kubernetes 1.21 does not run on this machine, which has cgroup v2; channels from 1.22 on do, set the option channel", 2},
		{"cgroup v1 and a new kubelet", "1.35/stable", "1.35.1", "",
			"Kubernetes 1.35 does not run on this machine, which has cgroup v1; channels up to 1.34 do, set the option channel, " +
				"or boot the machine with cgroup v2, or allow cgroup v1 by {failCgroupV1: false} in kubelet-extra-config", 1},
		{"cgroup v1 allowed by a person", "1.35/stable", "1.35.1", "{failCgroupV1: false}", "", 1},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			config := map[string]string{"channel": c.channel, "kubelet-extra-config": cmp.Or(c.config, "{}")}
			w := New(t, Options{Config: config})
			w.Cgroup(c.cgroup)
			w.must(w.publish(c.channel, c.version))
			join().Do(w)
			w.Settle()
			if c.message == "" {
				w.WantStatus("active", "Kubernetes worker running.")
				return
			}
			w.WantStatus("blocked", c.message)
			if have, installed := w.Snapd.Snap("kubelet"); installed {
				t.Errorf("kubelet is installed: %+v", have)
			}
			w.Config(map[string]string{"channel": Channel})
			w.WantStatus("active", "Kubernetes worker running.")
		})
	}
}

// An upgrade that took the pods away and failed is not repeated in each hook, and the node takes pods again.
func TestAFailedUpgradePutsTheNodeBackAndWaitsForTheOperator(t *testing.T) {
	t.Parallel()
	w := Joined(t, Options{Config: map[string]string{"require-manual-upgrade": "false"}, Retries: 1})
	w.API[0].Run(w.Node, map[string]Pod{"default/web-1": {Owner: "ReplicaSet"}})
	w.failChange("kubelet", "cannot mount")
	w.Config(map[string]string{"channel": "1.29/stable"})
	message := `the upgrade to 1.29/stable failed and was reverted: cannot refresh snap "kubelet": Download snap "kubelet" (20) from channel "1.29/stable" (cannot mount); the node runs on 1.28.1, run the upgrade action to try again`
	w.WantStatus("blocked", message)
	if cordoned, by := w.API[0].Cordoned(w.Node); cordoned || by != "" {
		t.Errorf("the node is left cordoned by %q", by)
	}
	w.API[0].Run(w.Node, map[string]Pod{"default/web-2": {Owner: "ReplicaSet"}})
	before := imprintOf(w)
	w.UpdateStatus()
	w.WantStatus("blocked", message)
	wantUntouched(w, before)
	if pods := w.API[0].Pods(w.Node); !slices.Equal(pods, []string{"default/web-2"}) {
		t.Errorf("the pods are %v: the upgrade was tried again by itself", pods)
	}
	w.failChange("", "")
	if result := runUpgrade(w); result.Status != "completed" {
		t.Fatalf("action: %+v", result)
	}
	wantSnaps(w, "1.29.0")
	w.WantStatus("active", "Kubernetes worker running.")
}

func TestACordonOfSomebodyElseOutlivesAnUpgrade(t *testing.T) {
	t.Parallel()
	w := Joined(t, Options{})
	w.API[0].Cordon(w.Node)
	upgradeTo(w, "1.29/stable")
	if cordoned, _ := w.API[0].Cordoned(w.Node); !cordoned {
		t.Error("the upgrade has taken back a cordon that it did not make")
	}
}

// The snaps of 1.15 and later take all arguments in one text, in front of those that were given one by one: what is left
// of these would reach the daemon, too.
func TestArgumentsThatChangeTheirFormLeaveNothingBehind(t *testing.T) {
	t.Parallel()
	for _, lost := range []bool{false, true} {
		s := joined("", Options{Wire: "old", Config: map[string]string{
			"channel": AncientChannel, "kubelet-extra-args": "max-pods=50", "proxy-extra-args": "config-sync-period=10m"}})
		w := New(t, s.Options)
		s.Begin(w)
		s.Steps[0].Run(w)
		for _, snap := range []string{"kubelet", "kube-proxy"} {
			conf, _ := w.Snapd.Snap(snap)
			if _, raw := conf.Conf["args"]; raw || conf.Conf["v"] == nil {
				t.Fatalf("%s 1.12 has %v", snap, conf.Conf)
			}
		}
		if lost {
			w.must(os.Remove(stateOf(w)))
		}
		w.API[0].Says("v1.16.2")
		upgradeTo(w, RawChannel)
		for _, snap := range []string{"kubelet", "kube-proxy"} {
			if conf, _ := w.Snapd.Snap(snap); len(conf.Conf) != 1 || conf.Conf["args"] == nil {
				t.Errorf("with the state file lost: %t: %s has %v, want one text", lost, snap, conf.Conf)
			}
		}
		if args := w.Read("/var/snap/kubelet/current/args"); strings.Contains(args, "allow-privileged") {
			t.Errorf("the kubelet gets an argument that 1.16 does not have:\n%s", args)
		}
		w.API[0].Says("v1.14.10")
		w.Config(map[string]string{"channel": AncientChannel})
		if result := runUpgradeWith(w, map[string]any{"allow-downgrade": true}); result.Status != "completed" {
			t.Fatalf("action: %+v", result)
		}
		if conf, _ := w.Snapd.Snap("kubelet"); conf.Conf["args"] != nil || conf.Conf["max-pods"] == nil {
			t.Errorf("back in 1.12 the kubelet has %v", conf.Conf)
		}
	}
}

// Whether pods are on the node is not known without an API server.
func TestAnUpgradeWaitsForAnAPIServerThatIsAway(t *testing.T) {
	t.Parallel()
	w := Joined(t, Options{})
	w.API[0].Run(w.Node, map[string]Pod{"default/web-1": {Owner: "ReplicaSet"}})
	before := imprintOf(w)
	w.API[0].Fail(503)
	w.Config(map[string]string{"channel": "1.29/stable"})
	result := runUpgrade(w)
	if result.Status != "failed" || !strings.HasPrefix(result.Message, "the upgrade is not finished: Waiting for an API server, to see which releases it takes: ") {
		t.Errorf("action: %+v", result)
	}
	wantUntouched(w, before)
	wantSnaps(w, "1.28.1")
	w.API[0].Fail(0)
	if result := runUpgrade(w); result.Status != "completed" {
		t.Fatalf("action: %+v", result)
	}
	wantSnaps(w, "1.29.0")
	if pods := w.API[0].Pods(w.Node); len(pods) != 0 {
		t.Errorf("on the node are %v", pods)
	}
}
