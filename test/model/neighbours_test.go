package model

import (
	"maps"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"kubernetes-worker/internal/jujusim"
)

const (
	nrpeUnit   = "nagios-nrpe-server.service"
	commandDir = "/etc/nagios/nrpe.d/"
	exportDir  = "/var/lib/nagios/export/"
)

// add deploys a companion beside or behind the worker and relates it; options as name, value, name, value.
func (w *World) add(kind, endpoint, theirs string, pairs ...string) {
	w.T.Helper()
	config := map[string]string{}
	for i := 0; i+1 < len(pairs); i += 2 {
		config[pairs[i]] = pairs[i+1]
	}
	w.must(w.Juju.Deploy(jujusim.DeploySpec{Charm: "companion:" + kind, Config: config}))
	_, err := w.Juju.Integrate("kubernetes-worker:"+endpoint, kind+":"+theirs)
	w.must(err)
}

func (w *World) drop(kind, endpoint, theirs string) {
	w.T.Helper()
	w.must(w.Juju.RemoveRelation("kubernetes-worker:"+endpoint, kind+":"+theirs))
}

// said is the worker's own bag towards an application.
func (w *World) said(endpoint, kind, theirs string) map[string]string {
	w.T.Helper()
	id, err := w.Juju.FindRelation("kubernetes-worker:"+endpoint, kind+":"+theirs)
	w.must(err)
	bag, err := w.Juju.Bag(id, Unit)
	w.must(err)
	return bag
}

// runAgent makes the monitoring agent's daemon run.
func (w *World) runAgent() {
	w.T.Helper()
	w.write("/lib/systemd/system/"+nrpeUnit, "[Service]\nExecStart=/usr/sbin/nrpe\n[Install]\nWantedBy=multi-user.target\n")
	w.must(w.Systemd.StartUnit(nrpeUnit))
}

func addAgent(pairs ...string) Step {
	return Step{Name: "relate nrpe", Do: func(w *World) {
		w.runAgent()
		w.add("nrpe", "nrpe-external-master", "nrpe-external-master", pairs...)
	}}
}

// bridge gives the machine the bridge that docker makes.
func (w *World) bridge() { w.write("/sys/class/net/docker0/address", "02:42:00:00:00:00\n") }

func (w *World) bridged() bool { return w.Exists("/sys/class/net/docker0") }

func neighbourStories() []Scenario {
	return []Scenario{
		joined("watched by nagios", Options{}, addAgent(),
			option("nagios_context", "site", "nagios_servicegroups", "a,b"),
			Step{Name: "remove nrpe", Do: func(w *World) { w.drop("nrpe", "nrpe-external-master", "nrpe-external-master") }}),
		joined("a pod network from before CNI", Options{Config: map[string]string{"channel": DockerChannel}},
			Step{Name: "relate it", Do: func(w *World) {
				w.bridge()
				w.add("flannel-sdn", "sdn-plugin", "host")
			}},
			set("flannel-sdn", "say", "half").ends("waiting", "Waiting for the pod network's bridge: flannel-sdn has not sent subnet"),
			Step{Name: "remove it", Do: func(w *World) {
				w.bridge()
				w.drop("flannel-sdn", "sdn-plugin", "host")
			}}),
		joined("memory accounting", Options{}, option("enable-cgroups", "true"), option("enable-cgroups", "false")),
	}
}

// Fault 26: departure deletes checks without restarting the agent, and writes to a leaving relation.
func TestNagiosChecksComeAndGoWithOneRestartOfTheAgent(t *testing.T) {
	t.Parallel()
	for _, channel := range []string{Channel, DockerChannel} {
		t.Run(channel, func(t *testing.T) {
			t.Parallel()
			w := begin(t, Options{Config: map[string]string{"channel": channel}}, join())
			w.write(commandDir+"check_theirs.cfg", "command[check_theirs]=/bin/true\n")
			w.write(exportDir+"service__old-name_check_snap.kubelet.daemon.cfg", "of the charm before\n")
			runtime := "containerd"
			if channel == DockerChannel {
				runtime = "docker"
			}
			since := w.starts()
			addAgent().Run(w)
			services := []string{runtime, "snap.kubelet.daemon", "snap.kube-proxy.daemon"}
			monitors := "monitors:\n  remote:\n    nrpe:\n"
			for _, s := range services {
				monitors += "      " + s + ": {command: check_" + s + "}\n"
				want := "# check " + s + "\n# The next line is a header that Juju has added.\n# The agent does not read it; it is for those who collect checks.\n# servicegroups: juju\n" +
					"command[check_" + s + "]=/usr/local/lib/nagios/plugins/check_systemd.py " + s + "\n"
				if got := w.Read(commandDir + "check_" + s + ".cfg"); got != want {
					t.Errorf("command:\n%s\nwant\n%s", got, want)
				}
				export := w.Read(exportDir + "service__juju-kubernetes-worker-0_check_" + s + ".cfg")
				for _, line := range []string{"define service {", "host_name                       juju-kubernetes-worker-0", "juju-kubernetes-worker-0[" + s + "] process check {kubernetes-worker/0}", "check_nrpe!check_" + s, "servicegroups                   juju", "use                             active-service"} {
					if !strings.Contains(export, line) {
						t.Errorf("description lacks %q:\n%s", line, export)
					}
				}
			}
			bag := w.said("nrpe-external-master", "nrpe", "nrpe-external-master")
			if bag["primary"] != "True" || bag["monitors"] != monitors {
				t.Errorf("published %v", bag)
			}
			if w.Exists(exportDir + "service__old-name_check_snap.kubelet.daemon.cfg") {
				t.Error("the older description is left")
			}
			if n := w.Systemd.Unit(nrpeUnit).Counts.Restart; n != 1 {
				t.Errorf("the agent was restarted %d times, want once", n)
			}
			w.Config(map[string]string{"nagios_servicegroups": "web, db"})
			w.WantStatus("active", running)
			if n := w.Systemd.Unit(nrpeUnit).Counts.Restart; n != 2 || !strings.Contains(w.Read(commandDir+"check_"+runtime+".cfg"), "\n# servicegroups: web, db\n") {
				t.Errorf("the agent was restarted %d times, want twice", n)
			}
			w.Config(map[string]string{"nagios_context": "other"}) // neither name nor groups come from it
			hooks := len(w.hooks(0))
			w.drop("nrpe", "nrpe-external-master", "nrpe-external-master")
			w.Settle()
			w.WantStatus("active", running)
			if n := w.Systemd.Unit(nrpeUnit).Counts.Restart; n != 3 {
				t.Errorf("the agent was restarted %d times, want three times", n)
			}
			for _, dir := range []string{commandDir, exportDir} {
				entries, err := os.ReadDir(filepath.Join(w.Root, dir))
				w.must(err)
				for _, e := range entries {
					if e.Name() != "check_theirs.cfg" {
						t.Errorf("%s is left", dir+e.Name())
					}
				}
			}
			for _, r := range w.hooks(hooks) {
				if len(r.Flushed) > 0 {
					t.Errorf("%s wrote %v", r.Name(), r.Flushed)
				}
			}
			w.WantStarts(since, starts{})
		})
	}
}

func TestAMachineWhoseAgentHasNoPluginGetsOne(t *testing.T) {
	t.Parallel()
	w := begin(t, Options{}, join())
	addAgent("set-up", "false", "plugin", "false", "export", "false").Run(w)
	if w.Exists(commandDir + "check_containerd.cfg") {
		t.Error("checks were written for an agent that is not set up")
	}
	if n := w.Warned("Nagios user not set up, nrpe checks not updated"); n != 1 {
		t.Errorf("told %d times", n)
	}
	w.Companion("nrpe", map[string]string{"set-up": "true"})
	w.UpdateStatus()
	const plugin = "/usr/local/lib/nagios/plugins/check_kubernetes_worker_service"
	if got := w.Read(commandDir + "check_containerd.cfg"); !strings.HasSuffix(got, "\ncommand[check_containerd]="+plugin+" containerd\n") {
		t.Errorf("command: %s", got)
	}
	if info, err := os.Stat(filepath.Join(w.Root, plugin)); err != nil || info.Mode().Perm() != 0o755 {
		t.Errorf("plugin: %v, %v", info, err)
	}
	if w.Exists(exportDir) || w.Warned("Not writing service config as /var/lib/nagios/export is not accessible") != 1 {
		t.Error("descriptions are written where nobody collects them, or nothing is told")
	}
	w.Companion("nrpe", map[string]string{"plugin": "true", "export": "true"})
	w.UpdateStatus()
	if w.Exists(plugin) || !strings.Contains(w.Read(commandDir+"check_containerd.cfg"), "check_systemd.py containerd") {
		t.Error("the agent's own plugin is not used")
	}
	if !w.Exists(exportDir + "service__juju-kubernetes-worker-0_check_containerd.cfg") {
		t.Error("no description")
	}
}

func TestAHostileNameOfTheMachineReachesNoFile(t *testing.T) {
	t.Parallel()
	w := begin(t, Options{}, join())
	addAgent().Run(w)
	id, err := w.Juju.FindRelation("kubernetes-worker:nrpe-external-master", "nrpe:nrpe-external-master")
	w.must(err)
	for _, name := range []string{"../../../etc/cron.d/x", "a\ndefine host {", "a}b", "a b", "$(reboot)", "-x", ".hidden", strings.Repeat("a", 1<<20)} {
		w.must(w.Juju.SetBag(id, "nrpe/0", map[string]string{"nagios_hostname": name, "nagios_host_context": name}))
		w.Settle()
		w.WantStatus("active", running)
		if !w.Exists(exportDir + "service__juju-kubernetes-worker-0_check_containerd.cfg") {
			t.Errorf("%.20q: the name after the unit is not used", name)
		}
		for path := range w.find(filepath.Join(w.Root, "etc"), []string{name}) {
			t.Errorf("%.20q is in %s", name, path)
		}
	}
}

func TestDocker0IsMadeAnewForAPodNetworkFromBeforeCNI(t *testing.T) {
	t.Parallel()
	w := begin(t, Options{Config: map[string]string{"channel": DockerChannel}}, join())
	defaults := w.Read("/etc/default/docker")
	count := func() starts { return starts{w.Restarts(Kubelet), w.Restarts(Proxy), w.Restarts(Docker)} }
	want := func(when string, since starts, n int) {
		t.Helper()
		now := count()
		if got := (starts{now.kubelet - since.kubelet, now.proxy - since.proxy, now.runtime - since.runtime}); got != (starts{n, n, n}) {
			t.Errorf("%s: started %+v, want %d each", when, got, n)
		}
	}
	since := count()
	w.bridge()
	w.add("flannel-sdn", "sdn-plugin", "host", "say", "half")
	w.Settle()
	w.WantStatus("waiting", "Waiting for the pod network's bridge: flannel-sdn has not sent subnet")
	want("half of it", since, 0)
	w.Companion("flannel-sdn", map[string]string{"say": "all"})
	w.WantStatus("active", running)
	want("all of it", since, 1)
	if got := w.Read("/etc/default/docker"); !strings.Contains(got, " --bip=10.1.15.1/24 --mtu=1450 ") {
		t.Errorf("docker's options: %s", got)
	}
	if w.bridged() {
		t.Error("the bridge is still the old one")
	}
	for _, text := range []string{"Configuring container runtime with SDN.", "Reconfiguring container runtime network bridge."} {
		if shown := strings.Join(w.Shown(), "\n"); !strings.Contains(shown, "maintenance: "+text) {
			t.Errorf("%q was not shown", text)
		}
	}
	w.Companion("flannel-sdn", map[string]string{"subnet": "$(reboot)"})
	w.WantStatus("waiting", "Waiting for the pod network's bridge: cannot use sdn-plugin data of flannel-sdn/0, key \"subnet\": …")
	want("junk", since, 1)
	w.bridge()
	w.drop("flannel-sdn", "sdn-plugin", "host")
	w.Settle()
	w.WantStatus("active", running)
	want("gone", since, 2)
	if got := w.Read("/etc/default/docker"); got != defaults || w.bridged() {
		t.Errorf("docker's options: %s", got)
	}
}

func TestAPodNetworkFromBeforeCNIHasNothingToSayToContainerd(t *testing.T) {
	t.Parallel()
	w := begin(t, Options{}, join())
	w.UpdateStatus()
	before := w.Traces()
	w.bridge()
	w.add("flannel-sdn", "sdn-plugin", "host")
	w.Settle()
	w.WantStatus("active", running)
	after := w.Traces()
	delete(after, "/sys/class/net/docker0/address")
	if !maps.Equal(before, after) {
		t.Error("the machine was touched")
	}
	if w.Warned("relation sdn-plugin: flannel-sdn is about docker's bridge, and kubelet 1.28.1 does not work with a docker of this charm") != 1 {
		t.Error("nothing is told")
	}
}

func TestSmallRelationsAreToldWhatTheyWantToKnow(t *testing.T) {
	t.Parallel()
	for _, version := range generations() {
		t.Run(version, func(t *testing.T) {
			t.Parallel()
			w := begin(t, Options{Juju: version, Config: map[string]string{"channel": DockerChannel}}, join())
			w.add("stand-in", "tokens", "tokens", "endpoints", "tokens:tokens:provider,lb:http:requirer,dns:kube-dns:provider")
			for _, pair := range [][2]string{{"ingress-proxy", "lb"}, {"kube-dns", "dns"}} {
				_, err := w.Juju.Integrate("kubernetes-worker:"+pair[0], "stand-in:"+pair[1])
				w.must(err)
			}
			w.add("stand-in-subordinate", "dockerhost", "docker", "endpoints", "docker:dockerhost:requirer")
			w.Settle()
			w.WantStatus("active", running)
			for _, c := range []struct {
				endpoint, kind, theirs string
				want                   map[string]string
			}{
				{"tokens", "stand-in", "tokens", map[string]string{"requests": `{"system:cos:worker-0": "system:cos"}`}},
				{"ingress-proxy", "stand-in", "lb", map[string]string{"hostname": "10.0.0.11", "port": "80", "private-address": "10.0.0.11"}},
				{"dockerhost", "stand-in-subordinate", "docker", map[string]string{"url": "unix:///var/run/docker.sock"}},
				{"kube-dns", "stand-in", "dns", map[string]string{}},
			} {
				got := w.said(c.endpoint, c.kind, c.theirs)
				for _, key := range []string{"ingress-address", "egress-subnets"} {
					delete(got, key)
				}
				if c.endpoint != "ingress-proxy" {
					delete(got, "private-address")
				}
				if !maps.Equal(got, c.want) {
					t.Errorf("%s: published %v, want %v", c.endpoint, got, c.want)
				}
			}
			for _, r := range [][3]string{{"tokens", "stand-in", "tokens"}, {"ingress-proxy", "stand-in", "lb"}, {"dockerhost", "stand-in-subordinate", "docker"}} {
				w.drop(r[1], r[0], r[2])
			}
			w.Settle()
			w.WantStatus("active", running)
		})
	}
}

func TestMemoryAccountingIsTurnedOnByOneReboot(t *testing.T) {
	t.Parallel()
	w := begin(t, Options{}, join())
	reboots := func() int { return strings.Count(w.Log(), "Calling enable_grub_cgroups.sh and rebooting machine.") }
	w.Config(map[string]string{"enable-cgroups": "true"})
	w.WantStatus("active", running)
	if got := w.Read("/" + cmdlinePath); got != "BOOT_IMAGE=/vmlinuz quiet cgroup_enable=memory swapaccount=1\n" {
		t.Errorf("the kernel runs with %q", got)
	}
	if shown := strings.Join(w.Shown(), "\n"); !strings.Contains(shown, "maintenance: Configuring and updating grub") || !strings.Contains(shown, "maintenance: Rebooting the machine") {
		t.Errorf("shown:\n%s", shown)
	}
	w.UpdateStatus()
	if w.Read("/"+bootIDPath) != "boot-2\n" || reboots() != 1 {
		t.Errorf("%d reboots asked for, %s", reboots(), w.Read("/"+bootIDPath))
	}
	w.Config(map[string]string{"enable-cgroups": "false"})
	w.WantStatus("active", running)
	if w.Exists("/etc/default/grub.d/90-kubernetes-worker.cfg") || strings.Contains(w.Read("/"+grubConfig), "cgroup") || reboots() != 1 {
		t.Error("the boot loader has not its own configuration again, or the machine was rebooted")
	}
	// The kernel still has them: nothing to reboot for.
	w.Config(map[string]string{"enable-cgroups": "true"})
	w.WantStatus("active", running)
	if reboots() != 1 {
		t.Errorf("%d reboots asked for", reboots())
	}
}

func TestAKernelThatComesBackWithoutItsArgumentsIsNotRebootedAgain(t *testing.T) {
	t.Parallel()
	w := begin(t, Options{}, join())
	w.write("/standin/other-loader", "") // what boots this machine is not what GRUB's tool configures
	w.Config(map[string]string{"enable-cgroups": "true"})
	for range 3 {
		w.UpdateStatus()
	}
	w.WantStatus("blocked", "enable-cgroups: the machine has rebooted and its kernel still runs without cgroup_enable=memory swapaccount=1; see whether it boots by GRUB, or set enable-cgroups=false")
	if w.Read("/"+bootIDPath) != "boot-2\n" {
		t.Errorf("rebooted to %s", w.Read("/"+bootIDPath))
	}
	w.Config(map[string]string{"enable-cgroups": "false"})
	w.WantStatus("active", running)
}

func TestMemoryAccountingIsLeftAloneWhereItMeansNothing(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		name    string
		prepare func(w *World)
		warning string
	}{
		{"cgroup v2", func(w *World) { w.Cgroup(2) }, "enable-cgroups has no meaning here: this machine has cgroup v2, which counts memory and swap in any case"},
		{"container", func(w *World) { w.write("/run/systemd/container", "lxc\n") }, "enable-cgroups has no meaning here: a container runs with the kernel of its host, which is to be given them"},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			w := New(t, Options{})
			c.prepare(w)
			join().Run(w)
			w.Config(map[string]string{"enable-cgroups": "true"})
			w.WantStatus("active", running)
			if w.Exists("/etc/default/grub.d") || w.Read("/"+bootIDPath) != "boot-1\n" {
				t.Error("the machine was changed")
			}
			if w.Warned(c.warning) != 1 {
				t.Errorf("%q was not told once", c.warning)
			}
		})
	}
}

func TestABootLoaderThatCannotBeConfiguredBlocks(t *testing.T) {
	t.Parallel()
	w := begin(t, Options{}, join())
	w.write("/standin/grub-broken", "")
	w.Config(map[string]string{"enable-cgroups": "true"})
	w.WantStatus("blocked", "enable-cgroups: cannot run update-grub: exit status 1: error: cannot find a device for / (is /dev mounted?); mend GRUB on the machine, or set enable-cgroups=false")
	w.must(os.Remove(filepath.Join(w.Root, "standin/grub-broken")))
	w.UpdateStatus()
	w.WantStatus("active", running)
	if w.Read("/"+bootIDPath) != "boot-2\n" {
		t.Errorf("rebooted to %s", w.Read("/"+bootIDPath))
	}
	w.Config(map[string]string{"enable-cgroups": "false"})
	w.must(os.Remove(filepath.Join(w.Root, "etc/default/grub")))
	w.Config(map[string]string{"enable-cgroups": "true"})
	w.WantStatus("blocked", "enable-cgroups: this machine does not boot by GRUB; …")
}

func TestAddressesOfTheClusterAreReachedWithoutAProxy(t *testing.T) {
	t.Parallel()
	w := begin(t, Options{Config: map[string]string{"http_proxy": "http://proxy.test:3128", "no_proxy": "10.0.0.0/8,.example.com"}}, join())
	list := func() string {
		t.Helper()
		for line := range strings.Lines(w.Read("/etc/systemd/system/containerd.service.d/kubernetes-worker.conf")) {
			if rest, ok := strings.CutPrefix(strings.TrimSpace(line), `Environment="NO_PROXY=`); ok {
				return strings.TrimSuffix(rest, `"`)
			}
		}
		return ""
	}
	const want = "10.0.0.0/8,.example.com,127.0.0.1,localhost,10.0.0.11,.svc,.cluster.local,10.1.0.0/16,10.152.183.10"
	if got := list(); got != want {
		t.Errorf("reached without a proxy: %s\nwant %s", got, want)
	}
	w.UpdateStatus()
	since := w.starts()
	w.Companion("flannel", map[string]string{"cidr": "10.2.0.0/16"})
	w.WantStarts(since, starts{proxy: 1, runtime: 1})
	if got := list(); got != strings.Replace(want, "10.1.", "10.2.", 1) {
		t.Errorf("reached without a proxy: %s", got)
	}
	since = w.starts()
	long := strings.Repeat("a", 2021) // with what follows as long as it may be, so that nothing has room behind it
	w.Config(map[string]string{"no_proxy": long + ",b"})
	w.WantStatus("active", running)
	w.WantStarts(since, starts{runtime: 1})
	if got := list(); got != long+",b" {
		t.Errorf("reached without a proxy: %d bytes", len(got))
	}
	if !strings.Contains(w.Log(), "no_proxy: no room for 127.0.0.1, localhost") {
		t.Error("nothing is told of what has no room")
	}
	since = w.starts()
	w.Config(map[string]string{"http_proxy": ""})
	w.WantStarts(since, starts{runtime: 1})
	if w.Exists("/etc/systemd/system/containerd.service.d/kubernetes-worker.conf") {
		t.Error("without a proxy the drop-in is left")
	}
}

func TestNodesSayWhichCharmKeepsThemAndWhereTheyAre(t *testing.T) {
	t.Parallel()
	w := New(t, Options{Zone: "az-1"})
	join().Run(w)
	labels := w.API[0].Labels(w.Node)
	for key, want := range map[string]string{"juju-charm": "kubernetes-worker", "juju-application": "kubernetes-worker", "topology.kubernetes.io/zone": "az-1"} {
		if labels[key] != want {
			t.Errorf("label %s is %q, want %q", key, labels[key], want)
		}
	}
	w.Config(map[string]string{"labels": "topology.kubernetes.io/zone=mine juju-charm-"})
	labels = w.API[0].Labels(w.Node)
	if labels["topology.kubernetes.io/zone"] != "mine" || labels["juju-charm"] != "" {
		t.Errorf("labels %v", labels)
	}
	w.Config(map[string]string{"labels": ""})
	if labels = w.API[0].Labels(w.Node); labels["topology.kubernetes.io/zone"] != "az-1" || labels["juju-charm"] == "" {
		t.Errorf("labels %v", labels)
	}
}
