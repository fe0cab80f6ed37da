package model

import (
	"encoding/json"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"kubernetes-worker/internal/jujusim"
)

// cloudWorld is a worker that has joined, without a cloud.
func cloudWorld(t *testing.T, channel string, o Options) *World {
	t.Helper()
	config := map[string]string{"channel": channel}
	maps.Copy(config, o.Config)
	o.Config = config
	return begin(t, o, join())
}

// wantKubelet compares what the kubelet is told of clouds.
func (w *World) wantKubelet(want map[string]string) {
	w.T.Helper()
	snap, _ := w.Snapd.Snap("kubelet")
	text, _ := snap.Conf["args"].(string)
	got := map[string]string{}
	for _, key := range []string{"cloud-provider", "cloud-config", "provider-id", "hostname-override"} {
		if value, set := snap.Conf[key].(string); set {
			got[key] = value
		}
		if _, rest, set := strings.Cut(text, "--"+key+`="`); set {
			got[key], _, _ = strings.Cut(rest, `"`)
		}
	}
	if _, asked := want["hostname-override"]; !asked {
		delete(got, "hostname-override")
	}
	if !maps.Equal(got, want) {
		w.T.Errorf("kubelet has %v, want %v", got, want)
	}
}

func TestEachCloudIsIntegratedAndLeftWithoutATrace(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		cloud, channel string
		kubelet        map[string]string
		files          map[string]string // path → what it holds
		label          string
		options        []string
	}{
		{"aws", RawChannel, map[string]string{"cloud-provider": "aws", "hostname-override": fullName}, nil, "ec2", nil},
		{"gcp", DockerChannel, map[string]string{"cloud-provider": "gce", "cloud-config": cloudConf, "hostname-override": "worker-0"},
			map[string]string{cloudConf: "[Global]\ntoken-url = nil\nmultizone = true\n", gcpCreds: `{"private_key": "Hunter2Canary"}`,
				environment: "GOOGLE_APPLICATION_CREDENTIALS=" + gcpCreds + "\n"}, "gce", []string{"credentials", `{"private_key": "Hunter2Canary"}`}},
		{"openstack", DockerChannel, map[string]string{"cloud-provider": "openstack", "cloud-config": cloudConf},
			map[string]string{cloudConf: quotedPassword, "/var/snap/kubelet/common/cloud-endpoint-ca.crt": "BEGIN CERTIFICATE"}, "openstack",
			[]string{"password", hostilePassword, "endpoint_tls_ca", "CA"}},
		{"azure", RawChannel, map[string]string{"cloud-provider": "azure", "cloud-config": cloudConf, "provider-id": "vm-1"},
			map[string]string{cloudConf: `"securityGroupName": "security-1"`}, "azure", nil},
		{"vsphere", AncientChannel, map[string]string{"cloud-provider": "vsphere", "provider-id": "vsphere://4216ABCD-0000"}, nil, "vsphere", nil},
	} {
		t.Run(c.cloud, func(t *testing.T) {
			t.Parallel()
			w := cloudWorld(t, c.channel, Options{})
			plain := w.wantedFiles()
			since := w.starts()
			options := slices.Clone(c.options)
			if at := slices.Index(options, "CA"); at >= 0 {
				content, err := os.ReadFile(w.CA.CertFile)
				w.must(err)
				options[at] = string(content)
			}
			w.addCloud(c.cloud, options...)
			w.Settle()
			w.WantStatus("active", running)
			w.wantKubelet(c.kubelet)
			for path, text := range c.files {
				if !strings.Contains(w.Read(path), text) {
					t.Errorf("%s is\n%s\nand lacks\n%s", path, w.Read(path), text)
				}
				info, err := os.Stat(filepath.Join(w.Root, path))
				w.must(err)
				if mode := info.Mode().Perm(); path != environment && mode != 0o600 {
					t.Errorf("%s has mode %04o", path, mode)
				}
			}
			node := w.Node
			if c.cloud == "aws" {
				node = fullName
			}
			if got := w.API[0].Labels(node)["juju.io/cloud"]; got != c.label {
				t.Errorf("the node's label is %q", got)
			}
			want := starts{kubelet: 1}
			if node != w.Node {
				want.proxy = 1
			}
			w.WantStarts(since, want)
			if !slices.Contains(w.Shown(), "maintenance: requesting cloud integration") == slices.Contains([]string{"aws", "gcp", "azure"}, c.cloud) {
				t.Errorf("shown was %q", w.Shown())
			}

			// Nothing to do costs nothing, and asks nobody.
			w.UpdateStatus()
			before := w.effects()
			w.apiRequests()
			w.Metadata().Asked()
			w.UpdateStatus()
			if all := differences(before, w.effects()); len(all) > 0 {
				t.Errorf("update-status changed\n%s", strings.Join(all, "\n"))
			}
			if r := w.lastReport(); r.Forks != 0 || r.FilesWrote != 0 || r.APIRequests != 1 {
				t.Errorf("update-status: %d processes, %d files, %d API requests", r.Forks, r.FilesWrote, r.APIRequests)
			}
			if asked := w.Metadata().Asked(); len(asked) > 0 {
				t.Errorf("the metadata service was asked %q", asked)
			}
			w.wantNoSecret("Hunter2Canary", slices.Collect(maps.Keys(c.files))...)

			since = w.starts()
			w.removeCloud(c.cloud)
			w.Settle()
			w.WantStatus("active", running)
			w.wantKubelet(map[string]string{"hostname-override": w.Node})
			w.WantStarts(since, want)
			if after := w.wantedFiles(); !slices.Equal(plain, after) {
				t.Errorf("files before %q, after %q", plain, after)
			}
			if _, still := w.API[0].Labels(w.Node)["juju.io/cloud"]; still {
				t.Error("the label stays")
			}
			if state := w.Read(charmPath + "/.kubernetes-worker-state.json"); strings.Contains(state, "i-0123") || strings.Contains(state, "vm-1") {
				t.Error("the state holds the machine's name in a cloud that is gone")
			}
		})
	}
}

// wantedFiles are those in the kubelet's own directory.
func (w *World) wantedFiles() []string {
	w.T.Helper()
	entries, err := os.ReadDir(filepath.Join(w.Root, "var/snap/kubelet/common"))
	if err != nil && !os.IsNotExist(err) {
		w.T.Fatal(err)
	}
	var names []string
	for _, e := range entries {
		names = append(names, e.Name())
	}
	return names
}

// wantNoSecret looks for a secret in all that the charm wrote, logged, showed and passed to programs, but for these files.
func (w *World) wantNoSecret(secret string, allowed ...string) {
	w.T.Helper()
	for path := range w.find(w.Root, []string{secret}) {
		name := strings.TrimPrefix(path, w.Root)
		if !slices.Contains(allowed, name) {
			w.T.Errorf("%s holds a secret", name)
		}
	}
	records, err := json.Marshal(w.hooks(0))
	w.must(err)
	for place, text := range map[string]string{
		"the log": w.Log(), "a status": strings.Join(w.Shown(), "\n"), "a program's arguments": strings.Join(w.Programs(), "\n"), "a hook's record": string(records),
	} {
		if strings.Contains(text, secret) {
			w.T.Errorf("%s holds a secret", place)
		}
	}
}

// Fault 27: on aws the node's name becomes the full one while the credentials are those of the short one.
func TestANodeInAWSChangesItsNameWhenItHasCredentialsForTheNewOne(t *testing.T) {
	t.Parallel()
	w := cloudWorld(t, RawChannel, Options{Wire: "old"})
	since := w.starts()
	w.must(w.Juju.SetConfig("kubernetes-master", map[string]string{"issue-credentials": "false"}))
	w.addCloud("aws")
	w.Settle()
	w.WantStatus("waiting", "Waiting for credentials: kubernetes-master has not sent tokens for system:node:"+fullName)
	if got := w.Own("kube-control")["kubelet_user"]; got != "system:node:"+fullName {
		t.Errorf("asked for credentials of %s", got)
	}
	w.wantKubelet(map[string]string{"hostname-override": w.Node})
	w.WantStarts(since, starts{})
	if !strings.Contains(w.Read("/var/snap/kube-proxy/current/args"), `--hostname-override="worker-0"`) {
		t.Error("kube-proxy changed its name already")
	}
	token := w.Read("/root/cdk/kubeconfig")
	w.companion("kubernetes-master", map[string]string{"issue-credentials": "true"})
	w.WantStatus("active", running)
	w.wantKubelet(map[string]string{"cloud-provider": "aws", "hostname-override": fullName})
	w.WantStarts(since, starts{kubelet: 1, proxy: 1})
	if w.Read("/root/cdk/kubeconfig") == token {
		t.Error("the kubelet has the credentials of its old name")
	}
	if requests := w.apiRequests(); !slices.Contains(requests, "DELETE "+w.Node) || slices.Contains(requests, "DELETE "+fullName) {
		t.Errorf("the node of the old name, and it alone, should have been deleted: %q", requests)
	}
	w.UpdateStatus() // looks for nodes of units that are gone, too
	w.apiRequests()
	w.UpdateStatus()
	if requests := w.apiRequests(); !slices.Equal(requests, []string{"GET " + fullName}) {
		t.Errorf("the next hook asked %q", requests)
	}
	if strings.Contains(w.Log(), "was deleted from the cluster") {
		t.Error("the node's new name was taken for a node that is gone")
	}
}

func TestAKubeletIsNotStartedBeforeItsCloudIsReady(t *testing.T) {
	t.Parallel()
	for _, juju := range generations() {
		w := begin(t, Options{Juju: juju, Config: map[string]string{"channel": DockerChannel}},
			joinWithCloud("gcp", "say", "nothing").ends("waiting", cloudWaits))
		if n := w.Restarts(Kubelet) + w.Restarts(Proxy); n != 0 {
			t.Errorf("Juju %s: started %d times", juju, n)
		}
		w.companion("gcp-integrator", map[string]string{"say": "wrong"})
		w.WantStatus("waiting", cloudWaits)
		w.companion("gcp-integrator", map[string]string{"say": "all"})
		w.WantStatus("active", running)
		if w.Restarts(Kubelet) != 1 || w.Restarts(Proxy) != 1 {
			t.Errorf("Juju %s: kubelet started %d times, kube-proxy %d", juju, w.Restarts(Kubelet), w.Restarts(Proxy))
		}
		// What an integrator takes back does not reach a kubelet that runs.
		before := w.Traces()
		w.companion("gcp-integrator", map[string]string{"say": "half"})
		w.WantStatus("waiting", cloudWaits)
		w.WantUntouched(before)
	}
}

func TestANewAddressIsANewRequestToAWS(t *testing.T) {
	t.Parallel()
	w := begin(t, Options{Config: map[string]string{"channel": RawChannel}}, joinWithCloud("aws"))
	w.must(w.Juju.SetConfig("aws-integrator", map[string]string{"say": "nothing"}))
	w.Settle()
	w.WantStatus("waiting", cloudWaits)
	w.must(w.Juju.SetAddress("0", "10.0.0.12", ""))
	w.companion("aws-integrator", map[string]string{"say": "wrong"})
	w.WantStatus("waiting", cloudWaits)
	w.companion("aws-integrator", map[string]string{"say": "all"})
	w.WantStatus("active", running)
	if got := w.ownOfCloud("aws")["private-address"]; got != "10.0.0.12" {
		t.Errorf("the address in the bag is %s", got)
	}
}

func TestAMetadataServiceThatIsAwayIsToldAndAskedAgain(t *testing.T) {
	t.Parallel()
	for cloud, reason := range map[string]string{"aws": "169.254.169.254", "gcp": "metadata.google.internal", "azure": "169.254.169.254"} {
		w := cloudWorld(t, DockerChannel, Options{})
		w.Metadata().Away(true)
		w.addCloud(cloud)
		w.Settle()
		w.WantStatus("waiting", cloudWaits+": cannot ask the metadata service of "+cloud+": "+reason+"…")
		for _, r := range w.hooks(0) {
			if r.Outcome == jujusim.HookFailed {
				t.Errorf("%s: %s failed", cloud, r.Name())
			}
		}
		if asked := w.Metadata().Asked(); len(asked) > 2 {
			t.Errorf("%s: asked %q by hooks that follow one another", cloud, asked)
		}
		w.Metadata().Away(false)
		w.Metadata().Old()
		w.UpdateStatus()
		w.WantStatus("active", running)
	}
}

// What one release's kubelet has inside the next may not have: the node follows.
func TestProvidersInsideEndWhereKubernetesEndedThem(t *testing.T) {
	t.Parallel()
	w := cloudWorld(t, Channel, Options{Wire: "new"})
	w.addCloud("openstack", "password", hostilePassword)
	w.Settle()
	w.WantStatus("active", running)
	w.wantKubelet(map[string]string{})
	if w.Exists(cloudConf) {
		t.Error("there is a configuration that nothing reads")
	}
	w.companion("kubernetes-master", map[string]string{"has-xcp": "true"})
	w.WantStatus("active", running)
	w.wantKubelet(map[string]string{"cloud-provider": "external"})
	// A control plane that is away for a while takes nothing back.
	since := w.starts()
	w.unrelate("kube-control")
	w.Settle()
	w.relate("kube-control")
	w.Settle()
	w.WantStatus("active", running)
	w.WantStarts(since, starts{})
}

func TestAKubeletTooOldForItsCloudIsBlocked(t *testing.T) {
	t.Parallel()
	w := New(t, Options{Wire: "old", Config: map[string]string{"channel": "1.11/stable"}})
	w.release("1.11/stable", "1.11.10")
	join().Do(w)
	w.addCloud("vsphere")
	w.Settle()
	w.WantStatus("blocked", "vSphere integration requires K8s 1.12 or greater")
	if n := w.Restarts(Kubelet); n != 0 {
		t.Errorf("the kubelet was started %d times", n)
	}
}

func TestOthersAssignmentsInTheKubeletsEnvironmentStay(t *testing.T) {
	t.Parallel()
	w := cloudWorld(t, DockerChannel, Options{})
	path := filepath.Join(w.Root, environment)
	w.must(os.MkdirAll(filepath.Dir(path), 0o755))
	w.must(os.WriteFile(path, []byte("A=b"), 0o640))
	w.addCloud("gcp")
	w.Settle()
	if got, want := w.Read(environment), "A=b\nGOOGLE_APPLICATION_CREDENTIALS="+gcpCreds+"\n"; got != want {
		t.Errorf("environment %q, want %q", got, want)
	}
	w.removeCloud("gcp")
	w.Settle()
	if got := w.Read(environment); got != "A=b\n" {
		t.Errorf("environment %q", got)
	}
	if info, err := os.Stat(path); err != nil || info.Mode().Perm() != 0o640 {
		t.Errorf("mode %v, %v", info.Mode(), err)
	}
	w.must(os.WriteFile(path, []byte("export GOOGLE_APPLICATION_CREDENTIALS=/mine\n"), 0o644))
	w.relateCloud("gcp")
	w.Settle()
	w.WantStatus("active", running)
	w.removeCloud("gcp")
	w.Settle()
	if got := w.Read(environment); got != "export GOOGLE_APPLICATION_CREDENTIALS=/mine\n" {
		t.Errorf("environment %q", got)
	}
}

func TestARemovedUnitLeavesNothingOfItsCloud(t *testing.T) {
	t.Parallel()
	w := begin(t, Options{Config: map[string]string{"channel": DockerChannel}}, joinWithCloud("gcp"))
	w.must(w.Juju.RemoveUnit(Unit))
	w.Settle()
	if left := w.wantedFiles(); len(left) > 0 {
		t.Errorf("it leaves %q", left)
	}
}

func TestWhatAnIntegratorSendsAndCannotBeUsedLeavesTheKubeletAlone(t *testing.T) {
	t.Parallel()
	w := begin(t, Options{Config: map[string]string{"channel": DockerChannel}}, joinWithCloud("openstack"))
	before, conf := w.Traces(), w.Read(cloudConf)
	for key, bad := range map[string]string{
		"password": "\"" + canary + "\\r\"", "auth_url": `{"` + canary + `": 1}`, "endpoint_tls_ca": `"` + canary + `"`,
		"username": `"` + canary + strings.Repeat("a", 1<<20) + `"`, "manage_security_groups": canary,
	} {
		id := w.cloudRelation("openstack")
		good, err := w.Juju.Bag(id, "openstack-integrator/0")
		w.must(err)
		w.must(w.Juju.SetBag(id, "openstack-integrator/0", map[string]string{key: bad}))
		w.Settle()
		w.WantStatus("waiting", cloudWaits+": cannot use openstack data of openstack-integrator/0, key \""+key+"\": …")
		w.WantUntouched(before)
		if w.Read(cloudConf) != conf {
			t.Errorf("%s: the configuration changed", key)
		}
		w.must(w.Juju.SetBag(id, "openstack-integrator/0", map[string]string{key: good[key]}))
		w.Settle()
		w.WantStatus("active", running)
		w.WantUntouched(before)
	}
	w.wantNoSecret(canary)
}
