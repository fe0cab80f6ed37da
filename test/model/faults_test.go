package model

import (
	"archive/tar"
	"compress/gzip"
	"crypto/x509"
	"encoding/pem"
	"fmt"
	"io/fs"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"kubernetes-worker/internal/jujusim"
	"kubernetes-worker/internal/kubeconfig"
)

// Faults that the original charm was measured to have, a test or more for each, with their numbers in the list of them.
// Bad options (10 to 12) are also in options_test.go, statuses (19, 20, 22) in status_test.go, secrets (16) in
// secrets_test.go.

// release makes a release of the three snaps available.
func (w *World) release(channel, version string) {
	w.T.Helper()
	for _, name := range []string{"kubelet", "kubectl", "kube-proxy"} {
		w.must(w.Snapd.Publish(name, channel, version))
	}
}

// relation is the number of one of the worker's relations.
func (w *World) relation(endpoint string) int {
	w.T.Helper()
	for _, r := range relations() {
		if r[0] == "kubernetes-worker:"+endpoint {
			id, err := w.Juju.FindRelation(r[0], r[1])
			w.must(err)
			return id
		}
	}
	w.T.Fatalf("there is no relation %s", endpoint)
	return 0
}

// Own is the worker's own bag in one of its relations.
func (w *World) Own(endpoint string) map[string]string {
	w.T.Helper()
	bag, err := w.Juju.Bag(w.relation(endpoint), Unit)
	w.must(err)
	return bag
}

// Server is the API server that a kubeconfig of the machine names.
func (w *World) Server(path string) string {
	w.T.Helper()
	config, err := kubeconfig.Parse([]byte(w.Read(path)))
	w.must(err)
	return config.Server
}

// companion changes options of one and runs the hooks that follow.
func (w *World) companion(app string, options map[string]string) {
	w.T.Helper()
	w.must(w.Juju.SetConfig(app, options))
	w.Settle()
}

// hooks are the records of the hooks run since a number of them.
func (w *World) hooks(since int) []jujusim.HookRecord {
	w.T.Helper()
	all, err := w.Juju.Hooks()
	w.must(err)
	return all[since:]
}

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

// Fault 3: of several API servers one is picked at random each time.
func TestTheAPIServerIsChosenOnceAndKeptWhileItIsListed(t *testing.T) {
	t.Parallel()
	w := Joined(t, Options{Servers: 3})
	chosen := w.Server("/root/cdk/kubeconfig")
	check := func(when, want string) {
		t.Helper()
		for _, path := range []string{"/root/cdk/kubeconfig", "/root/cdk/kubeproxyconfig", "/root/.kube/config", "/home/ubuntu/.kube/config"} {
			if got := w.Server(path); got != want {
				t.Errorf("%s: %s names %s, want %s", when, path, got, want)
			}
		}
		if args := w.Read("/var/snap/kube-proxy/current/args"); !strings.Contains(args, `--master="`+want+`"`) {
			t.Errorf("%s: kube-proxy has %s, want %s", when, args, want)
		}
	}
	check("joined", chosen)
	// Unrelated options do not move the node.
	since := w.starts()
	w.Config(map[string]string{"kubelet-extra-args": "max-pods=50"})
	w.Config(map[string]string{"kubelet-extra-args": "max-pods=51"})
	check("another option", chosen)
	w.WantStarts(since, starts{kubelet: 2})

	// A server that is not ours goes, and comes back: no reason to touch anything.
	before := w.Traces()
	others := slices.DeleteFunc(slices.Clone(w.API), func(a *API) bool { return a.URL() == chosen })
	ours := w.API[slices.IndexFunc(w.API, func(a *API) bool { return a.URL() == chosen })]
	for _, list := range [][]string{
		{ours.HostPort(), others[0].HostPort(), ours.HostPort()},
		{others[0].HostPort(), others[1].HostPort(), ours.HostPort()},
	} {
		w.companion("kubernetes-master", map[string]string{"api-servers": strings.Join(list, ",")})
		w.WantStatus("active", "Kubernetes worker running.")
	}
	w.WantUntouched(before)

	// Ours goes: one move, one restart each.
	since = w.starts()
	w.companion("kubernetes-master", map[string]string{"api-servers": others[0].HostPort()})
	w.WantStatus("active", "Kubernetes worker running.")
	check("ours is gone", others[0].URL())
	w.WantStarts(since, starts{kubelet: 1, proxy: 1})
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

// Fault 6: nobody is told of a renewed certificate or authority.
func TestARenewedServerCertificateRestartsTheKubeletAlone(t *testing.T) {
	t.Parallel()
	w := Joined(t, Options{})
	since, old := w.starts(), w.Read("/root/cdk/server.crt")
	w.companion("easyrsa", map[string]string{"renew": "1"})
	w.WantStatus("active", "Kubernetes worker running.")
	if w.Read("/root/cdk/server.crt") == old {
		t.Fatal("the certificate was not written")
	}
	w.WantStarts(since, starts{kubelet: 1})
}

// Fault 6: nobody is told of a renewed certificate or authority.
func TestANewAuthorityRestartsBothServicesOnce(t *testing.T) {
	t.Parallel()
	w := Joined(t, Options{})
	since := w.starts()
	both := w.Read("/root/cdk/ca.crt") + certificateText(t, NewAuthority(t, t.TempDir()))
	w.must(w.Juju.SetBag(w.relation("certificates"), "easyrsa/0", map[string]string{"ca": both}))
	w.Settle()
	w.WantStatus("active", "Kubernetes worker running.")
	if w.Read("/root/cdk/ca.crt") != both || w.Read("/usr/local/share/ca-certificates/kubernetes-worker.crt") != both {
		t.Error("the authorities were not written")
	}
	w.WantStarts(since, starts{kubelet: 1, proxy: 1})
}

func certificateText(t *testing.T, a *Authority) string {
	t.Helper()
	text, err := os.ReadFile(a.CertFile)
	if err != nil {
		t.Fatal(err)
	}
	return string(text)
}

// Fault 7: the server certificate is asked for with the same address twice.
func TestTheServerCertificateIsAskedForWithEachNameOnce(t *testing.T) {
	t.Parallel()
	for _, juju := range generations() {
		w := Joined(t, Options{Juju: juju})
		const want = `["10.0.0.11", "127.0.0.1", "worker-0", "worker-0.example.test"]`
		if got := w.Own("certificates")["sans"]; got != want {
			t.Errorf("Juju %s: sans %s, want %s", juju, got, want)
		}
		block, _ := pem.Decode([]byte(w.Read("/root/cdk/server.crt")))
		cert, err := x509.ParseCertificate(block.Bytes)
		w.must(err)
		names := slices.Clone(cert.DNSNames)
		for _, ip := range cert.IPAddresses {
			names = append(names, ip.String())
		}
		slices.Sort(names)
		if !slices.Equal(slices.Compact(names), []string{"10.0.0.11", "127.0.0.1", "worker-0", "worker-0.example.test"}) {
			t.Errorf("Juju %s: the certificate is for %v", juju, names)
		}
	}
}

// Fault 8: enable-kube-dns=False counts as true.
func TestAClusterWithoutDNSGivesTheKubeletNone(t *testing.T) {
	t.Parallel()
	w := New(t, Options{})
	w.DeployWorker()
	w.DeployCompanions()
	w.must(w.Juju.SetConfig("kubernetes-master", map[string]string{"enable-dns": "false"}))
	w.Relate()
	w.Settle()
	w.WantStatus("active", "Kubernetes worker running.")
	if config := w.Read("/root/cdk/kubelet/config.yaml"); strings.Contains(config, "clusterDNS") || !strings.Contains(config, "clusterDomain: cluster.local") {
		t.Errorf("configuration:\n%s", config)
	}
	since := w.starts()
	w.companion("kubernetes-master", map[string]string{"enable-dns": "true"})
	if config := w.Read("/root/cdk/kubelet/config.yaml"); !strings.Contains(config, "clusterDNS:\n  - 10.152.183.10") {
		t.Errorf("configuration:\n%s", config)
	}
	w.WantStarts(since, starts{kubelet: 1})
	w.companion("kubernetes-master", map[string]string{"enable-dns": "false"})
	if config := w.Read("/root/cdk/kubelet/config.yaml"); strings.Contains(config, "clusterDNS") {
		t.Errorf("configuration:\n%s", config)
	}
	w.WantStarts(since, starts{kubelet: 2})
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
	for _, warning := range []string{"kubelet-extra-args: max-pods is deprecated", "proxy-extra-args: metrics-port is deprecated"} {
		if n := w.Warned(warning); n != 1 {
			t.Errorf("%q was logged %d times, want once", warning, n)
		}
	}
}

// Fault 15: labels are tried each second for 180 s while the API is away, then the status is active.
func TestLabelsWithTheAPIAwayAreOneBoundedTry(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		name    string
		away    func(*API)
		message string
	}{
		{"answers 503", func(a *API) { a.Fail(503) }, "Waiting for an API server to answer: cannot get node worker-0: no API server answers: …"},
		{"cuts connections", (*API).Close, "Waiting for an API server to answer: cannot get node worker-0: no API server answers: …"},
	} {
		w := Joined(t, Options{})
		before, ran := w.Traces(), len(w.hooks(0))
		w.API[0].Requests()
		c.away(w.API[0])
		w.Config(map[string]string{"labels": "zone=a"})
		w.WantStatus("waiting", c.message)
		w.WantUntouched(before)
		records := w.hooks(ran)
		if len(records) != 1 || records[0].Wall > 12*time.Second {
			t.Errorf("%s: %d hooks, the first took %s", c.name, len(records), records[0].Wall)
		}
		if n := len(w.API[0].Requests()); n > 2 {
			t.Errorf("%s: %d requests, want one try", c.name, n)
		}
		if c.name == "cuts connections" {
			continue // its port is gone for good
		}
		w.API[0].Fail(0)
		w.UpdateStatus()
		w.WantStatus("active", "Kubernetes worker running.")
		if w.API[0].Labels(w.Node)["zone"] != "a" {
			t.Errorf("%s: the label was not made up for", c.name)
		}
		w.WantUntouched(before)
	}
}

// Fault 28: relation data is written again in every hook, with Juju's own keys copied in.
func TestAUnitWritesOnlyItsOwnKeysAndOnlyWhatDiffers(t *testing.T) {
	t.Parallel()
	w := Joined(t, Options{})
	w.UpdateStatus()
	w.Config(map[string]string{"kubelet-extra-args": "max-pods=50", "proxy-extra-args": "v=2"})
	w.must(w.Juju.Upgrade("kubernetes-worker", w.CharmDir))
	w.Settle()
	writes := map[string]int{}
	for _, r := range w.hooks(0) {
		for _, key := range r.Flushed {
			writes[key]++
		}
	}
	for key, n := range writes {
		if n > 1 && !strings.HasSuffix(key, " kubeconfig-hash") {
			t.Errorf("%q was written %d times", key, n)
		}
		for _, foreign := range []string{"private-address", "ingress-address", "egress-subnets"} {
			if strings.HasSuffix(key, " "+foreign) {
				t.Errorf("%q is not ours", key)
			}
		}
	}
	keys := map[string][]string{
		"kube-control":      {"auth_group", "gpu", "kubelet_user", "schema_vers"},
		"certificates":      {"certificate_name", "client_cert_requests", "common_name", "sans", "unit_name"},
		"cni":               {"image-registry", "is_master", "kubeconfig-hash", "kubeconfig_path"},
		"kube-api-endpoint": nil,
	}
	for endpoint, want := range keys {
		bag := w.Own(endpoint)
		for _, own := range []string{"private-address", "ingress-address", "egress-subnets"} {
			delete(bag, own)
		}
		if got := slices.Sorted(maps.Keys(bag)); !slices.Equal(got, want) {
			t.Errorf("%s: keys %v, want %v", endpoint, got, want)
		}
		for _, key := range want {
			if writes[fmt.Sprintf("relation %s:%d %s", endpoint, w.relation(endpoint), key)] == 0 {
				t.Errorf("%s %s is in the bag without having been written: %v", endpoint, key, writes)
			}
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

// find looks for texts in all files below a directory but those of the stand-ins, and gives each place with what is there.
func (w *World) find(root string, texts []string) map[string]string {
	w.T.Helper()
	found := map[string]string{}
	w.must(filepath.WalkDir(root, func(path string, entry fs.DirEntry, err error) error {
		if err != nil || !entry.Type().IsRegular() {
			return err
		}
		content, err := os.ReadFile(path)
		for _, text := range texts {
			if strings.Contains(string(content), text) {
				found[path] = text
			}
		}
		return err
	}))
	return found
}

// keyBody is the first line of a private key's base64 text, by which it is found wherever it is written.
func keyBody(text string) string {
	for line := range strings.Lines(text[strings.Index(text, "-----BEGIN"):]) {
		if line = strings.TrimSpace(line); len(line) > 40 && !strings.HasPrefix(line, "-----") {
			return line
		}
	}
	return text
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

// pluginArchive makes a resource of plugins with these contents.
func (w *World) pluginArchive(plugins map[string]string) string {
	w.T.Helper()
	path := filepath.Join(filepath.Dir(w.Root), "other.tgz")
	file, err := os.Create(path)
	w.must(err)
	packed := gzip.NewWriter(file)
	archive := tar.NewWriter(packed)
	for _, name := range slices.Sorted(maps.Keys(plugins)) {
		w.must(archive.WriteHeader(&tar.Header{Name: "./" + name, Typeflag: tar.TypeReg, Mode: 0o755, Size: int64(len(plugins[name]))}))
		_, err := archive.Write([]byte(plugins[name]))
		w.must(err)
	}
	w.must(archive.Close())
	w.must(packed.Close())
	w.must(file.Close())
	return path
}
