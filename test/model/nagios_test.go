package model

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
)

const (
	nrpeUnit   = "nagios-nrpe-server.service"
	commandDir = "/etc/nagios/nrpe.d/"
	exportDir  = "/var/lib/nagios/export/"
)

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

func TestAMachineWithoutANameInNagiosIsCalledAfterTheContext(t *testing.T) {
	t.Parallel()
	w := begin(t, Options{}, join())
	addAgent("say", "nothing").Run(w)
	want := func(context, groups string, restarts int) {
		t.Helper()
		host := context + "-kubernetes-worker-0"
		var names []string
		entries, err := os.ReadDir(filepath.Join(w.Root, exportDir))
		w.must(err)
		for _, e := range entries {
			names = append(names, e.Name())
		}
		if len(names) != 3 || names[0] != "service__"+host+"_check_containerd.cfg" {
			t.Fatalf("%s: descriptions %q", context, names)
		}
		export := w.Read(exportDir + names[0])
		for _, line := range []string{"host_name                       " + host + "\n", "servicegroups                   " + groups + "\n"} {
			if !strings.Contains(export, line) {
				t.Errorf("%s: the description lacks %q:\n%s", context, line, export)
			}
		}
		if command := w.Read(commandDir + "check_containerd.cfg"); !strings.Contains(command, "\n# servicegroups: "+groups+"\n") {
			t.Errorf("%s: the command is\n%s", context, command)
		}
		if n := w.Systemd.Unit(nrpeUnit).Counts.Restart; n != restarts {
			t.Errorf("%s: the agent was restarted %d times, want %d", context, n, restarts)
		}
	}
	since := w.starts()
	want("juju", "juju", 1)
	w.Config(map[string]string{"nagios_context": "site"})
	want("site", "site", 2)
	w.Config(map[string]string{"nagios_servicegroups": "web"})
	want("site", "web", 3)
	w.Config(map[string]string{"nagios_context": "a\nb"})
	w.WantStatus("blocked", "nagios_context: …")
	want("site", "web", 3)
	w.Config(map[string]string{"nagios_context": "juju", "nagios_servicegroups": ""})
	w.WantStatus("active", running)
	want("juju", "juju", 4)
	w.WantStarts(since, starts{})
}
