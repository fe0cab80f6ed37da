package model

import (
	"cmp"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"kubernetes-worker/internal/unitstate"
)

// variant is a node of the forerunner, what else is so when the charm is refreshed, and what comes of it.
type variant struct {
	name   string
	left   Forerunner
	before func(w *World) // after the node was left as it is, before the refresh
	starts map[string]int // of daemons by the charm; none for all others
	state  string         // of the unit; empty: active
	says   string         // in the log, or the unit's message
	after  func(w *World)
}

func TestTheForerunnersNodesRestartForWhatDiffersAlone(t *testing.T) {
	t.Parallel()
	w := ancient(t, Options{Config: map[string]string{"labels": "rack=b12", "docker-opts": "--log-level=warn"}})
	joined := w.Save()
	labels := map[string]string{"rack": "b12", "old": "yes"}
	for _, v := range []variant{
		{name: "the database is damaged", left: Forerunner{DockerOpts: "  --log-level=warn"},
			before: func(w *World) { w.write(w.inCharm(unitstate.File), "SQLite format 3\x00 and nothing more") },
			says:   "it is no SQLite database; what the charm before knew of this node is derived again"},
		{name: "the database was left in the middle of a change", left: Forerunner{DockerOpts: "  --log-level=warn"},
			before: func(w *World) {
				w.write(w.inCharm(unitstate.File+"-journal"), "\xd9\xd5\x05\xf9\x20\xa1\x63\xd7\x00\x00\x00\x01")
			},
			says: "a change of it was not finished; what the charm before knew of this node is derived again"},
		{name: "there is no database", left: Forerunner{DockerOpts: "  --log-level=warn", NoDatabase: true}},
		{name: "values are malformed", left: Forerunner{DockerOpts: "  --log-level=warn", Keys: map[string]any{"current_labels": 5, "docker_opts": "x"}},
			says: "the value of current_labels cannot be understood and is derived again"},
		{name: "a label is left", left: Forerunner{DockerOpts: "  --log-level=warn", Labels: labels},
			before: func(w *World) { w.label("old", "yes"); w.label("mine", "1") },
			after: func(w *World) {
				if have := w.API[0].Labels(w.Node); have["old"] != "" || have["mine"] != "1" {
					w.T.Errorf("labels %v", have)
				}
			}},
		{name: "docker has proxies, which the charm adds exceptions to", left: Forerunner{DockerOpts: "  --log-level=warn",
			Environment: []string{"HTTP_PROXY=http://proxy.test:3128", "HTTPS_PROXY=", "NO_PROXY=10.0.0.0/8"}},
			before: func(w *World) {
				w.must(w.Juju.SetConfig("kubernetes-worker", map[string]string{"http_proxy": "http://proxy.test:3128", "no_proxy": "10.0.0.0/8"}))
			}},
		{name: "the kubelet has another configuration", left: Forerunner{DockerOpts: "  --log-level=warn", Config: "maxPods: 50\n"},
			starts: map[string]int{Kubelet: 1}, says: "service:snap.kubelet.daemon.service: restarted: /root/cdk/kubelet/config.yaml changed: "},
		{name: "the kubelet has another argument", left: Forerunner{DockerOpts: "  --log-level=warn", KubeletArgs: map[string]string{"max-pods": "50"}},
			starts: map[string]int{Kubelet: 1}, says: "service:snap.kubelet.daemon.service: restarted: /root/cdk/kubelet/config.yaml changed: ",
			after: func(w *World) {
				if _, set := w.snapConf("kubelet")["max-pods"]; set {
					w.T.Error("max-pods is still set")
				}
			}},
		{name: "a certificate was renewed, which the charm before told nobody", left: Forerunner{DockerOpts: "  --log-level=warn"},
			before: func(w *World) { w.write("/root/cdk/server.crt", w.Read("/root/cdk/server.crt")) },
			starts: map[string]int{Kubelet: 1}, says: "service:snap.kubelet.daemon.service: restarted: /root/cdk/kubelet/config.yaml changed: "},
		{name: "docker has other options", left: Forerunner{}, starts: map[string]int{Docker: 1}},
		{name: "an argument that the charm before let pass", left: Forerunner{DockerOpts: "  --log-level=warn"},
			before: func(w *World) {
				w.must(w.Juju.SetConfig("kubernetes-worker", map[string]string{"kubelet-extra-args": "colour=red"}))
			},
			state: "blocked", says: "kubelet-extra-args: colour is unknown to every release and kubelet 1.12.10 would not start with it; remove it"},
		{name: "docker gives GPUs to containers", left: Forerunner{DockerOpts: "  --log-level=warn --default-runtime=nvidia",
			Keys: map[string]any{"reactive.states.kubernetes-worker.gpu.enabled": "set"}},
			before: func(w *World) {
				const status = "/var/lib/dpkg/status"
				packages := strings.ReplaceAll(w.Read(status), "Package: docker.io\n", "Package: docker-ce\n")
				for _, name := range []string{"nvidia-docker2", "nvidia-container-runtime", "apt-transport-https"} {
					packages += "\nPackage: " + name + "\nStatus: hold ok installed\nArchitecture: amd64\nVersion: 2.0.3\n"
				}
				w.write(status, packages)
				w.write("/etc/docker/daemon.json", `{"runtimes": {"nvidia": {"path": "nvidia-container-runtime"}}}`)
				w.write("/etc/apt/sources.list.d/docker.list", "deb [arch=amd64] https://download.docker.com/linux/ubuntu bionic stable\n"+
					"deb https://nvidia.github.io/libnvidia-container/ubuntu18.04/amd64 /\ndeb https://nvidia.github.io/nvidia-container-runtime/ubuntu18.04/amd64 /\n"+
					"deb https://nvidia.github.io/nvidia-docker/ubuntu18.04/amd64 /")
				w.must(w.Systemd.RestartUnit(Docker))
				w.write("/standin/driver", "")
				w.must(w.Juju.SetConfig("kubernetes-worker", map[string]string{"docker_runtime": "nvidia", "cuda_repo": ""}))
			},
			after: func(w *World) {
				if have := w.API[0].Labels(w.Node); have["gpu"] != "true" || strings.Contains(w.runtimePackages(), "toolkit") {
					w.T.Errorf("labels %v, packages %s", have, w.runtimePackages())
				}
			}},
		{name: "kube-control is gone", left: Forerunner{DockerOpts: "  --log-level=warn", Labels: labels},
			before: func(w *World) {
				w.label("old", "yes")
				w.must(w.Juju.RemoveRelation("kubernetes-worker:kube-control", "kubernetes-master:kube-control"))
			},
			state: "blocked", says: "Relate kubernetes-worker:kube-control kubernetes-master:kube-control",
			after: func(w *World) {
				if have := w.API[0].Labels(w.Node); have["old"] != "" {
					w.T.Errorf("labels %v: the kept token was not used", have)
				}
			}},
		{name: "the tokens are in the database alone", left: Forerunner{DockerOpts: "  --log-level=warn"},
			before: func(w *World) {
				w.must(w.Juju.RemoveRelation("kubernetes-worker:kube-control", "kubernetes-master:kube-control"))
				w.Settle()
				w.LeaveAsForerunner(Forerunner{DockerOpts: "  --log-level=warn"})
				for _, path := range []string{"/root/.kube/config", "/home/ubuntu/.kube/config"} {
					w.must(os.Remove(filepath.Join(w.Root, path)))
				}
			},
			state: "blocked", says: "Relate kubernetes-worker:kube-control kubernetes-master:kube-control",
			after: func(w *World) {
				if !w.Exists("/root/.kube/config") || !w.Exists("/home/ubuntu/.kube/config") {
					w.T.Error("the administrator's kubeconfigs are not there again")
				}
			}},
		{name: "a person has added a cluster of his own", left: Forerunner{DockerOpts: "  --log-level=warn"},
			before: func(w *World) {
				const path = "/home/ubuntu/.kube/config"
				w.write(path, strings.Replace(w.Read(path), "clusters:\n", "clusters:\n- cluster:\n    server: https://mine:6443\n  name: mine\n", 1))
			},
			after: func(w *World) {
				if !strings.Contains(w.Read("/home/ubuntu/.kube/config"), "https://mine:6443") {
					w.T.Error("it is gone")
				}
			}},
		{name: "there was a charm from before snaps", left: Forerunner{DockerOpts: "  --log-level=warn", Keys: map[string]any{"reactive.states.kubernetes-worker.snaps.installed": nil}},
			before: func(w *World) {
				for _, path := range []string{"/lib/systemd/system/kubelet.service", "/usr/local/bin/kubelet", "/etc/default/kubelet", "/srv/kubernetes/users.txt", "/etc/kubernetes/users.txt"} {
					w.write(path, "[Service]\nExecStart=/usr/local/bin/kubelet\n")
				}
				w.must(w.Systemd.Reload())
				w.must(w.Systemd.StartUnit("kubelet.service"))
			},
			after: func(w *World) {
				if w.Exists("/usr/local/bin/kubelet") || w.Exists("/lib/systemd/system/kubelet.service") || !w.Exists("/srv/kubernetes/users.txt") || !w.Exists("/etc/kubernetes/users.txt") {
					w.T.Error("what the charm installed is there, or what is a person's is gone")
				}
				if u := w.Systemd.Unit("kubelet.service"); u.ActiveState == "active" {
					w.T.Error("the old kubelet runs")
				}
				w.write("/usr/local/bin/kubectl", "mine")
				w.UpdateStatus()
				if !w.Exists("/usr/local/bin/kubectl") {
					w.T.Error("a program that a person has installed later is gone")
				}
			}},
	} {
		t.Run(v.name, func(t *testing.T) {
			w.T = t
			w.Restore(joined)
			w.LeaveAsForerunner(v.left)
			if v.before != nil {
				v.before(w)
			}
			before, logged := w.daemonStarts(), len(w.Log())
			w.refresh()
			if state, message := w.Status(); state != cmp.Or(v.state, "active") {
				t.Errorf("status %s: %s", state, message)
			}
			for unit, n := range w.daemonStarts() {
				if n-before[unit] != v.starts[unit] {
					t.Errorf("%s was started %d times, want %d", unit, n-before[unit], v.starts[unit])
				}
			}
			_, message := w.Status()
			if log := w.Log()[logged:]; strings.Count(log, v.says) != 1 && message != v.says && v.says != "" {
				t.Errorf("%q is not said once:\n%s", v.says, log)
			}
			if v.after != nil {
				v.after(w)
			}
			again := w.daemonStarts()
			w.UpdateStatus()
			for unit, n := range w.daemonStarts() {
				if n != again[unit] {
					t.Errorf("%s was started by an update-status", unit)
				}
			}
		})
	}
}

// inCharm is a path of the deployed charm's directory.
func (w *World) inCharm(name string) string { return charmPath + "/" + name }

// label puts a label on the node, as kubectl does.
func (w *World) label(key, value string) {
	a := w.API[0]
	a.mu.Lock()
	defer a.mu.Unlock()
	a.node(w.Node).Labels[key] = value
}
