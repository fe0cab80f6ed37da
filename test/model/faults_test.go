package model

import (
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"kubernetes-worker/internal/kubeconfig"
)

// Faults that the original charm was measured to have, a test or more for each, with their numbers in the list of them.
// Bad options (10 to 12) are also in options_test.go, statuses (19, 20, 22) in status_test.go, secrets (16) in
// secrets_test.go, registries (17, 24) in registry_test.go.

// Fault 1: changed values are compared until the first difference, the rest is noticed a hook later.
func TestTheHookAfterADeploymentFindsNothingToDo(t *testing.T) {
	t.Parallel()
	for _, wire := range []string{"old", "new"} {
		w := Joined(t, Options{Wire: wire})
		before, ran := w.Traces(), len(w.hooks(0))
		w.UpdateStatus()
		w.UpdateStatus()
		w.WantUntouched(before)
		for _, r := range w.hooks(ran) {
			if len(r.Flushed) > 0 {
				t.Errorf("%s wrote %v", r.Name(), r.Flushed)
			}
		}
	}
}

// Fault 1: changed values are compared until the first difference, the rest is noticed a hook later.
func TestAllThatChangesAtOnceIsAppliedInOneHook(t *testing.T) {
	t.Parallel()
	w := Joined(t, Options{})
	since, ran := w.starts(), len(w.hooks(0))
	w.Config(map[string]string{
		"labels": "zone=a", "kubelet-extra-args": "max-pods=50", "kubelet-extra-config": "{podPidsLimit: 100}",
		"proxy-extra-args": "v=2", "http_proxy": "http://proxy.test:3128",
	})
	if records := w.hooks(ran); len(records) != 1 {
		t.Fatalf("%d hooks ran, want config-changed alone", len(records))
	}
	w.WantStatus("active", "Kubernetes worker running.")
	w.WantStarts(since, starts{kubelet: 1, proxy: 1, runtime: 1})
	for path, text := range map[string]string{
		"/var/snap/kubelet/current/args": `--max-pods="50"`, "/root/cdk/kubelet/config.yaml": "podPidsLimit: 100",
		"/var/snap/kube-proxy/current/args":                               `--v="2"`,
		"/etc/systemd/system/containerd.service.d/kubernetes-worker.conf": "HTTP_PROXY=http://proxy.test:3128",
	} {
		if !strings.Contains(w.Read(path), text) {
			t.Errorf("%s lacks %s:\n%s", path, text, w.Read(path))
		}
	}
	if w.API[0].Labels(w.Node)["zone"] != "a" {
		t.Error("the label is not there")
	}
	before := w.Traces()
	w.UpdateStatus()
	w.WantUntouched(before)
}

// Fault 2: kubelet and kube-proxy always restart together.
func TestEachServiceRestartsForItsOwnCauseAlone(t *testing.T) {
	t.Parallel()
	w := Joined(t, Options{})
	for _, c := range []struct {
		option, value string
		want          starts
	}{
		{"kubelet-extra-args", "max-pods=50", starts{kubelet: 1}},
		{"kubelet-extra-config", "{maxPods: 60}", starts{kubelet: 1}},
		{"proxy-extra-args", "v=2", starts{proxy: 1}},
		{"http_proxy", "http://proxy.test:3128", starts{runtime: 1}},
		{"no_proxy", "10.0.0.0/8", starts{runtime: 1}},
		{"labels", "zone=a", starts{}},
		{"docker-opts", "--debug", starts{}},
		{"docker_runtime", "apt", starts{}},
		{"require-manual-upgrade", "false", starts{}},
	} {
		since := w.starts()
		w.Config(map[string]string{c.option: c.value})
		w.WantStarts(since, c.want)
	}
}

// Fault 4: upgrade-charm restarts both services, unpacks plugins over those in use and deletes objects.
func TestAnUpgradeOfTheCharmWithNothingNewTouchesNothing(t *testing.T) {
	t.Parallel()
	w := Joined(t, Options{})
	before := w.Traces()
	w.API[0].Requests()
	w.must(w.Juju.Upgrade("kubernetes-worker", w.CharmDir))
	w.Settle()
	w.WantStatus("active", "Kubernetes worker running.")
	w.WantUntouched(before)
	for _, request := range w.API[0].Requests() {
		if !strings.HasPrefix(request, "GET ") {
			t.Errorf("the cluster was changed: %s", request)
		}
	}
}

// Fault 4: upgrade-charm restarts both services, unpacks plugins over those in use and deletes objects.
func TestOfNewCNIPluginsOnlyThoseThatDifferAreReplaced(t *testing.T) {
	t.Parallel()
	w := Joined(t, Options{})
	same := w.Read("/opt/cni/bin/loopback")
	info, err := os.Stat(filepath.Join(w.Root, "/opt/cni/bin/bridge"))
	w.must(err)
	// A plugin in use is open: a rewriting in place would change what is read through this, or fail.
	inUse, err := os.Open(filepath.Join(w.Root, "/opt/cni/bin/bridge"))
	w.must(err)
	defer inUse.Close()
	before, since := w.Traces(), w.starts()
	w.must(w.Juju.AttachResource("kubernetes-worker", "cni-amd64", w.pluginArchive(map[string]string{
		"bridge": strings.Repeat("new", 500_000), "loopback": same, "host-local": same,
	})))
	w.Settle()
	w.WantStatus("active", "Kubernetes worker running.")
	w.WantStarts(since, starts{})
	after := w.Traces()
	for name := range after {
		if (before[name] != after[name]) != (name == "/opt/cni/bin/bridge") {
			t.Errorf("%s: %q, before %q", name, after[name], before[name])
		}
	}
	if open, err := inUse.Stat(); err != nil || open.Size() != info.Size() {
		t.Errorf("the plugin was overwritten while in use: %v, %v", open, err)
	}
}

// Fault 5: docker restarts four times at install, and for each option anew.
func TestDockerStartsOnceAtInstallAndOnceForAllThatChanges(t *testing.T) {
	t.Parallel()
	w := related(t, Options{Config: map[string]string{"channel": "1.23/stable", "docker-opts": "--debug", "http_proxy": "http://proxy.test:3128"}})
	w.WantStatus("active", "Kubernetes worker running.")
	if n := w.Restarts("docker.service"); n != 1 {
		t.Errorf("docker was started %d times, want once", n)
	}
	since := w.starts()
	w.Config(map[string]string{"docker-opts": "--debug --live-restore", "http_proxy": "http://proxy.test:3129", "https_proxy": "http://proxy.test:3129", "no_proxy": "10.0.0.0/8"})
	w.WantStatus("active", "Kubernetes worker running.")
	if n := w.Restarts("docker.service"); n != 2 {
		t.Errorf("docker was started %d times, want twice", n)
	}
	w.WantStarts(since, starts{})
	if defaults := w.Read("/etc/default/docker"); !strings.Contains(defaults, `--debug --live-restore"`) {
		t.Error(defaults)
	}
}

// Fault 9: removed arguments are sent as null for ever.
func TestARemovedArgumentIsTakenBackOnce(t *testing.T) {
	t.Parallel()
	for _, channel := range []string{"1.12/stable", Channel} {
		w := New(t, Options{Config: map[string]string{"channel": channel, "kubelet-extra-args": "max-pods=50 v=1"}})
		w.release("1.12/stable", "1.12.1")
		w.DeployWorker()
		w.DeployCompanions()
		w.Relate()
		w.Settle()
		w.WantStatus("active", "Kubernetes worker running.")
		const request = "PUT /v2/snaps/kubelet/conf"
		sent, since := w.Snapd.Requests()[request], w.starts()
		w.Config(map[string]string{"kubelet-extra-args": "v=1"})
		w.UpdateStatus()
		w.UpdateStatus()
		w.WantStatus("active", "Kubernetes worker running.")
		if n := w.Snapd.Requests()[request] - sent; n != 1 {
			t.Errorf("%s: the configuration was sent %d times, want once", channel, n)
		}
		if args := w.Read("/var/snap/kubelet/current/args"); strings.Contains(args, "max-pods") || !strings.Contains(args, `--v="1"`) {
			t.Errorf("%s: arguments %s", channel, args)
		}
		snap, _ := w.Snapd.Snap("kubelet")
		if _, still := snap.Conf["max-pods"]; still {
			t.Errorf("%s: configuration %v", channel, snap.Conf)
		}
		w.WantStarts(since, starts{kubelet: 1})
	}
}

// Fault 11: a YAML tag in kubelet-extra-config runs code as root.
func TestATagInTheExtraConfigurationRunsNothing(t *testing.T) {
	t.Parallel()
	w := Joined(t, Options{})
	before := w.Traces()
	w.Config(map[string]string{"kubelet-extra-config": `!!python/object/apply:os.system ["touch ` + w.Root + `/root/gotcha"]`})
	w.WantStatus("blocked", `kubelet-extra-config: line 1: the tag "!!python/object/apply:os.system" is not accepted; write plain values`)
	w.WantUntouched(before)
}

// Fault 12: a deprecated flag blocks the unit while it runs with it. That a flag which is gone blocks is in options_test.go.
func TestADeprecatedFlagWarnsOnceAndActs(t *testing.T) {
	t.Parallel()
	w := Joined(t, Options{})
	since := w.starts()
	w.Config(map[string]string{"kubelet-extra-args": "max-pods=50", "proxy-extra-args": "metrics-port=10249"})
	w.UpdateStatus()
	w.Config(map[string]string{"labels": "zone=a"})
	w.WantStatus("active", "Kubernetes worker running.")
	w.WantStarts(since, starts{kubelet: 1, proxy: 1})
	for _, warning := range []string{"kubelet-extra-args: max-pods is deprecated; use maxPods in kubelet-extra-config instead", "proxy-extra-args: metrics-port is deprecated; use metrics-bind-address instead"} {
		if n := w.Warned(warning); n != 1 {
			t.Errorf("%q was logged %d times, want once", warning, n)
		}
	}
}

// Fault 29: stop leaves kubeconfigs with tokens on the disk.
func TestAUnitThatGoesLeavesNoCredentialsBehind(t *testing.T) {
	t.Parallel()
	w := Joined(t, Options{})
	var secrets []string
	for _, path := range []string{"/root/.kube/config", "/root/cdk/kubeconfig", "/root/cdk/kubeproxyconfig"} {
		config, err := kubeconfig.Parse([]byte(w.Read(path)))
		w.must(err)
		secrets = append(secrets, config.Token.Reveal())
	}
	for _, path := range []string{"/root/cdk/server.key", "/root/cdk/client.key"} {
		secrets = append(secrets, keyBody(w.Read(path)))
	}
	w.must(w.Juju.RemoveUnit(Unit))
	w.Settle()
	for _, path := range []string{"/root/.kube/config", "/home/ubuntu/.kube/config", "/root/cdk/kubeconfig", "/root/cdk/kubeproxyconfig", "/root/cdk/server.key", "/root/cdk/client.key"} {
		if w.Exists(path) {
			t.Errorf("%s is still there", path)
		}
	}
	for place, secret := range w.find(w.Root, secrets) {
		t.Errorf("%s still holds %.12s…", place, secret)
	}
	if w.API[0].Labels(w.Node) != nil {
		t.Error("the node is still in the cluster")
	}
	for _, unit := range []string{Kubelet, Proxy} {
		if u := w.Systemd.Unit(unit); u.ActiveState == "active" || u.FileState == "enabled" {
			t.Errorf("%s is %s and %s", unit, u.ActiveState, u.FileState)
		}
	}
}

// Fault 30: 34 of 76 restarts had no cause.
func TestEveryRestartHasACauseInTheLog(t *testing.T) {
	t.Parallel()
	w := Joined(t, Options{Servers: 2})
	w.Config(map[string]string{"kubelet-extra-args": "max-pods=50"})
	w.Config(map[string]string{"proxy-extra-args": "v=2", "labels": "zone=a"})
	w.Config(map[string]string{"labels": "zone=b", "docker-opts": "--debug"})
	w.companion("easyrsa", map[string]string{"renew": "1"})
	other := w.API[0]
	if w.Server("/root/cdk/kubeconfig") == other.URL() {
		other = w.API[1]
	}
	w.companion("kubernetes-master", map[string]string{"api-servers": other.HostPort()})
	w.companion("kubernetes-master", map[string]string{"registry-location": "other.test/cdk"})
	w.companion("kubernetes-master", map[string]string{"domain": "cluster.test"})
	w.companion("flannel", map[string]string{"cidr": "10.2.0.0/16"})
	w.must(w.Juju.Upgrade("kubernetes-worker", w.CharmDir))
	w.Settle()
	for range 3 {
		w.UpdateStatus()
	}
	w.WantStatus("active", "Kubernetes worker running.")
	causes := map[string][]string{}
	for line := range strings.Lines(w.Log()) {
		_, text, ok := strings.Cut(strings.TrimSpace(line), "service:")
		if unit, cause, restarted := strings.Cut(text, ": restarted: "); ok && restarted {
			causes[unit] = append(causes[unit], cause)
		}
	}
	want := map[string]int{
		Kubelet: 6, // joined, argument, certificate, server, sandbox image, domain
		Proxy:   4, // joined, argument, server, pods' network
		Runtime: 2, // sandbox image, twice; its first start was the package's
	}
	for unit, n := range want {
		if len(causes[unit]) != n || slices.Contains(causes[unit], "") {
			t.Errorf("%s: %d restarts with a cause, want %d:\n%s", unit, len(causes[unit]), n, strings.Join(causes[unit], "\n"))
		}
	}
	if got, want := w.starts(), (starts{kubelet: 6, proxy: 4, runtime: 3}); got != want {
		t.Errorf("started %+v, want %+v", got, want)
	}
}
