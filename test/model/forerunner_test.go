package model

import (
	"crypto/md5"
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

// daemonStarts are how often the charm had the node's daemons started.
func (w *World) daemonStarts() map[string]int {
	return map[string]int{Kubelet: w.Restarts(Kubelet), Proxy: w.Restarts(Proxy), Docker: w.Restarts(Docker)}
}

// ancient is a node of Kubernetes 1.12 with docker, as the charm store's worker of 2018 had them.
func ancient(t *testing.T, o Options) *World {
	t.Helper()
	config := map[string]string{"channel": AncientChannel}
	maps.Copy(config, o.Config)
	o.Config, o.Wire = config, "old"
	w := New(t, o)
	w.must(w.publish(AncientChannel, "1.12.10"))
	join().Do(w)
	w.Settle()
	w.WantStatus("active", "Kubernetes worker running.")
	return w
}

// refresh gives the application the charm of today.
func (w *World) refresh() {
	w.T.Helper()
	w.must(w.Juju.Upgrade("kubernetes-worker", w.CharmDir))
	w.Settle()
}

func TestANodeOfTheForerunnerIsTakenOverWithoutARestart(t *testing.T) {
	t.Parallel()
	w := ancient(t, Options{Config: map[string]string{"labels": "rack=b12 disk=ssd"}})
	tokens := w.LeaveAsForerunner(Forerunner{Labels: map[string]string{"rack": "b12", "disk": "ssd"}})
	w.must(os.Chmod(w.database(), 0o644))
	before, installs := w.daemonStarts(), w.Snapd.Requests()["POST /v2/snaps/kubelet"]

	w.refresh()
	w.WantStatus("active", "Kubernetes worker running.")
	if after := w.daemonStarts(); !maps.Equal(before, after) {
		t.Errorf("the daemons were started %v times, before %v\n%s", after, before, w.Log())
	}
	if n := w.Snapd.Requests()["POST /v2/snaps/kubelet"] - installs; n > 0 {
		t.Errorf("snapd was asked %d times for the kubelet", n)
	}
	for _, gone := range []string{"require-kubeconfig"} {
		if _, set := w.snapConf("kubelet")[gone]; set {
			t.Errorf("the snap still has %s", gone)
		}
	}
	if w.snapConf("kubelet")["hostname-override"] != w.Node {
		t.Error("the snap has not got our arguments")
	}
	info, err := os.Stat(w.database())
	if err != nil || info.Mode().Perm() != 0o600 {
		t.Errorf("the database: %v, %v", info.Mode(), err)
	}
	for _, token := range tokens {
		if strings.Contains(w.Read(charmPath+"/.kubernetes-worker-state.json")+w.Log(), token) {
			t.Error("there are tokens in the state file or in the log")
		}
	}

	// What it has taken over it also takes back.
	w.Config(map[string]string{"labels": "rack=b13"})
	labels := w.API[0].Labels(w.Node)
	if _, there := labels["disk"]; there || labels["rack"] != "b13" {
		t.Errorf("labels %v", labels)
	}
	if log := w.Log(); !strings.Contains(log, "Took over the node from the charm before: 5 flags, 2 labels, credentials, arguments of 2 snaps") ||
		strings.Count(log, "Took over the node") != 1 {
		t.Errorf("the log does not tell once what was taken over:\n%s", log)
	}
	w.wantNoop(cost{"socket", 36, 0})
}

func TestASnapFromAFileThatTheForerunnerInstalledIsNotInstalledAgain(t *testing.T) {
	t.Parallel()
	w := ancient(t, Options{Config: map[string]string{"require-manual-upgrade": "false"}})
	attach("kubelet", "1.12.10")(w)
	w.Settle()
	w.WantStatus("active", "Kubernetes worker running.")
	file, err := os.ReadFile(filepath.Join(w.dir(), "kubelet.snap"))
	w.must(err)
	before := w.Save()
	for name, sum := range map[string]string{
		"snapd's own copy is the file":                      "",
		"the checksum is the file's, and snapd has no copy": fmt.Sprintf("%x", md5.Sum(file)),
	} {
		w.Restore(before)
		w.LeaveAsForerunner(Forerunner{Keys: map[string]any{"kubernetes-worker.resource-checksums.kubelet": sum}})
		if sum != "" {
			copies, err := filepath.Glob(filepath.Join(w.Root, "var/lib/snapd/snaps/kubelet_*.snap"))
			if err != nil || len(copies) == 0 {
				t.Fatal(copies, err)
			}
			for _, file := range copies {
				w.must(os.Remove(file))
			}
		}
		starts, uploaded := w.daemonStarts(), w.Snapd.Uploaded()
		w.refresh()
		if !maps.Equal(starts, w.daemonStarts()) || w.Snapd.Uploaded() != uploaded {
			t.Errorf("%s: started %v, before %v; snapd got %d bytes\n%s", name, w.daemonStarts(), starts, w.Snapd.Uploaded()-uploaded, w.Log())
		}
	}
}

func TestARefreshBackAndForthTakesOverAgain(t *testing.T) {
	t.Parallel()
	w := ancient(t, Options{})
	w.LeaveAsForerunner(Forerunner{})
	w.refresh()
	kept := w.Read(charmPath + "/" + stateFile)
	w.LeaveAsForerunner(Forerunner{Labels: map[string]string{"back": "1"}, KubeletArgs: map[string]string{"max-pods": "50"}})
	w.write(charmPath+"/"+stateFile, kept)
	past := time.Now().Add(-time.Hour)
	w.must(os.Chtimes(filepath.Join(w.Root, charmPath, stateFile), past, past))
	w.label("back", "1")
	before := w.Restarts(Kubelet)
	w.refresh()
	w.WantStatus("active", "Kubernetes worker running.")
	if n := w.Restarts(Kubelet) - before; n != 1 {
		t.Errorf("the kubelet was started %d times, want once: the charm before has given it other arguments since", n)
	}
	if labels := w.API[0].Labels(w.Node); labels["back"] != "" {
		t.Errorf("labels %v", labels)
	}
}
