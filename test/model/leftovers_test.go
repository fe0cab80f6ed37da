package model

import (
	"maps"
	"os"
	"path"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"kubernetes-worker/internal/kicker"
)

// settled gives all that the charm sets on a machine something to set.
func settled() map[string]string {
	return map[string]string{
		"http_proxy": "http://user:word@proxy.test:3128", "snap_proxy": "http://proxy.test:3128", "snapd_refresh": "max", "enable-cgroups": "true",
		"kubelet-extra-args": "v=3", "labels": "a=1", "docker-opts": "--log-level=warn",
		"docker-logins": `[{"server": "registry.test", "username": "u", "password": "word"}]`,
	}
}

// leaving is the story of a unit that has set all of that, and goes away.
func leaving() Scenario {
	return Scenario{Name: "leaving", Options: Options{Config: settled()}, Steps: []Step{
		{Name: "join", Do: func(w *World) {
			join().Do(w)
			w.runAgent()
			w.add("nrpe", "nrpe-external-master", "nrpe-external-master")
		}},
		{Name: "remove-unit", Gone: true, Do: func(w *World) { w.must(w.Juju.RemoveUnit(Unit)) }},
	}}
}

// What a removed unit leaves on the machine is what docs/operations.md lists, and nothing else.
func TestARemovedUnitLeavesExactlyWhatTheDocumentationSays(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		channel string
		units   []string // of the runtime's packages, which stay
		snaps   string   // revision of the snaps, which stay
	}{
		{Channel, []string{"containerd"}, "10"},
		{DockerChannel, []string{"containerd", "docker"}, "30"},
	} {
		t.Run(c.channel, func(t *testing.T) {
			t.Parallel()
			o := Options{Config: maps.Clone(settled())}
			o.Config["channel"] = c.channel
			w := New(t, o)
			Scenario{}.Begin(w)
			const defaults = "/etc/default/docker"
			w.write(defaults, "# the package's\n")
			before := w.tree(false)
			join().Run(w)
			w.runAgent()
			w.add("nrpe", "nrpe-external-master", "nrpe-external-master")
			w.Settle()
			w.WantStatus("active", running)
			reloads := w.Systemd.Calls()["Reload"]
			removeWorker(w)

			var left []string
			for p, now := range w.tree(false) {
				if was, there := before[p]; there && was == now || strings.HasPrefix(now, "d") && hasBelow(w, p) {
					continue
				}
				left = append(left, p)
			}
			slices.Sort(left)
			want := leftOnPurpose(c.snaps, c.units)
			if c.channel == DockerChannel {
				want = append(want, "/etc/group") // the package's own group
			}
			for _, p := range left {
				if !slices.Contains(want, p) {
					t.Errorf("%s is left", p)
				}
			}
			for _, p := range want {
				if !slices.Contains(left, p) {
					t.Errorf("%s is gone", p)
				}
			}
			if got := w.Read(defaults); got != "# the package's\n" {
				t.Errorf("%s holds %q", defaults, got)
			}
			// Two daemons and the kicker are disabled, and all drop-ins go at once.
			if n := w.Systemd.Calls()["Reload"] - reloads; n != 4 {
				t.Errorf("systemd read its units %d times, want 4", n)
			}
			if u := w.Systemd.Unit(kicker.Unit); u.ActiveState == "active" {
				t.Error("the kicker runs")
			}
			for _, name := range []string{"containerd", "docker.io"} {
				if strings.Contains(w.Read("/var/lib/dpkg/status"), "Package: "+name+"\nStatus: hold") {
					t.Errorf("%s is still held", name)
				}
			}
			if conf := w.Snapd.SystemConf(); len(conf) > 0 {
				t.Errorf("snapd keeps %v", conf)
			}
		})
	}
}

// leftOnPurpose are files, and directories with nothing in them, that a removed unit leaves.
func leftOnPurpose(snaps string, units []string) []string {
	all := []string{
		// Others' business: packages, their users and directories, the agent, the boot loader's own files, the kernel.
		"/boot/grub/grub.cfg", "/etc/cni/net.d", "/etc/default/grub.d", "/etc/nagios/nrpe.d", "/etc/passwd", "/etc/ssl/certs/ca-certificates.crt",
		"/lib/systemd/system/nagios-nrpe-server.service", "/proc/cmdline", "/proc/sys/kernel/random/boot_id",
		"/usr/bin", "/usr/local/lib/nagios/plugins/check_systemd.py", "/usr/local/share/ca-certificates", "/var/lib/dpkg/status", "/var/lib/nagios/export", "/var/log/nagios",
		// Plugins, with which pods' networks are taken down.
		"/opt/cni/bin/bridge", "/opt/cni/bin/host-local", "/opt/cni/bin/loopback",
	}
	for _, snap := range []string{"kubectl", "kubelet", "kube-proxy"} {
		all = append(all, "/snap/bin/"+snap, "/var/snap/"+snap+"/current", "/var/snap/"+snap+"/common", "/var/snap/"+snap+"/"+snaps+"/args")
		if snap != "kubectl" {
			all = append(all, "/etc/systemd/system/snap."+snap+".daemon.service")
		}
	}
	for _, unit := range units {
		all = append(all, "/lib/systemd/system/"+unit+".service", "/etc/systemd/system/multi-user.target.wants/"+unit+".service")
	}
	return all
}

func hasBelow(w *World, dir string) bool {
	w.T.Helper()
	entries, err := os.ReadDir(filepath.Join(w.Root, dir))
	w.must(err)
	return len(entries) > 0
}

func TestAUnitThatWasStoppedByHandLivesOnAndCanBeRemoved(t *testing.T) {
	t.Parallel()
	w := operable(t)
	byHand(w, "hook stop")
	wantServicesGone(w)
	w.UpdateStatus()
	w.WantStatus("active", running)
	tokens := tokensInUse(w)
	removeWorker(w)
	wantServicesGone(w)
	wantNoCredentials(w, tokens)
	if labels := w.API[0].Labels(w.Node); labels != nil {
		t.Errorf("the node is still there: %v", labels)
	}
}

func TestTheKickerIsReadyForTheNextBootAndStaysUntouched(t *testing.T) {
	t.Parallel()
	w := Joined(t, Options{})
	paths := []string{kicker.Program, kicker.File, kicker.Enabled}
	wantKicker := func() map[string]string {
		t.Helper()
		now := map[string]string{}
		for p, description := range w.tree(true) {
			if slices.Contains(paths, p) {
				now[p] = description
			}
		}
		if w.Read(kicker.Program) != kicker.Script || w.Read(kicker.File) != kicker.UnitContent {
			t.Error("the kicker's program or unit differs")
		}
		info, err := os.Stat(filepath.Join(w.Root, kicker.Program))
		if err != nil || info.Mode().Perm() != 0o775 {
			t.Errorf("the kicker's program: %v, %v", info, err)
		}
		target, err := os.Readlink(filepath.Join(w.Root, kicker.Enabled))
		if err != nil || target != kicker.File {
			t.Errorf("it is enabled by a link to %q, %v", target, err)
		}
		return now
	}
	before := wantKicker()
	w.must(w.Juju.Upgrade("kubernetes-worker", w.CharmDir))
	w.Settle()
	if after := wantKicker(); !maps.Equal(before, after) {
		t.Errorf("an upgrade with nothing new changed %v", differences(before, after))
	}
	// The original charm's, or somebody's.
	w.write(kicker.Program, "#!/bin/sh\n")
	w.must(os.Remove(filepath.Join(w.Root, path.Dir(kicker.Enabled), path.Base(kicker.Enabled))))
	w.UpdateStatus()
	wantKicker()
	if u := w.Systemd.Unit(kicker.Unit); u.Counts.Start+u.Counts.Restart > 0 {
		t.Error("the kicker was started")
	}
}

// The relations of a unit that goes away end before it stops. To the other units they have not.
func TestADyingUnitTakesNothingFromTheOthersAndInstallsNothing(t *testing.T) {
	t.Parallel()
	w := begin(t, Options{}, joinWithRuntime("containerd"))
	w.addNFS("hostname", "nfs.test")
	w.Settle()
	shared := w.API[0].Cluster.Paths()
	if len(shared) == 0 {
		t.Fatal("there is no provisioner")
	}
	programs, since := len(w.Programs()), w.starts()
	removeWorker(w)
	if left := w.API[0].Cluster.Paths(); !slices.Equal(left, shared) {
		t.Errorf("the cluster has %q, want %q", left, shared)
	}
	for _, call := range w.Programs()[programs:] {
		if strings.HasPrefix(call, "apt-get") {
			t.Errorf("it called %s", call)
		}
	}
	w.WantStarts(since, starts{})
}
