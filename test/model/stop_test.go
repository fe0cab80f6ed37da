package model

import (
	"context"
	"io/fs"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"kubernetes-worker/internal/jujusim"
	"kubernetes-worker/internal/kubeconfig"
	"kubernetes-worker/internal/snapd/snapdtest"
	"kubernetes-worker/internal/systemd/systemdtest"
)

// removeWorker removes the unit, wants every hook of the removal to succeed and the unit to be gone.
func removeWorker(w *World) {
	w.T.Helper()
	w.must(w.Juju.RemoveUnit(Unit))
	w.Settle()
	if _, err := w.Juju.UnitStatus(Unit); err == nil {
		w.dump()
		w.T.Fatal("the unit is still there")
	}
	records, err := w.Juju.Hooks()
	w.must(err)
	for _, r := range records {
		if r.Hook == "stop" && r.Outcome == jujusim.Succeeded {
			return
		}
	}
	w.T.Fatal("stop did not run")
}

// tokensInUse are the secrets that the node's kubeconfigs hold.
func tokensInUse(w *World) []string {
	w.T.Helper()
	var tokens []string
	for _, path := range []string{"/root/.kube/config", "/root/cdk/kubeconfig", "/root/cdk/kubeproxyconfig"} {
		config, err := kubeconfig.Parse([]byte(w.Read(path)))
		w.must(err)
		if config.Token.Empty() {
			w.T.Fatalf("%s has no token", path)
		}
		tokens = append(tokens, config.Token.Reveal())
	}
	return tokens
}

// wantNoCredentials looks through all files of the machine for tokens and private keys. The texts of errors name files
// only.
func wantNoCredentials(w *World, tokens []string) {
	w.T.Helper()
	w.must(filepath.WalkDir(w.Root, func(path string, d fs.DirEntry, err error) error {
		if err != nil || !d.Type().IsRegular() {
			return ignoreMissing(err)
		}
		content, err := os.ReadFile(path)
		if err != nil {
			return err
		}
		for _, secret := range append(tokens, "PRIVATE KEY") {
			if strings.Contains(string(content), secret) {
				w.T.Errorf("%s still holds a token or a key", path)
			}
		}
		return nil
	}))
}

// wantInOrder fails the test unless the log has the texts in this order.
func wantInOrder(w *World, texts ...string) {
	w.T.Helper()
	rest := w.Log()
	for _, text := range texts {
		_, after, found := strings.Cut(rest, text)
		if !found {
			w.T.Fatalf("the log lacks %q, or not in order:\n%s", text, w.Log())
		}
		rest = after
	}
}

func wantServicesGone(w *World) {
	w.T.Helper()
	for _, unit := range []string{Kubelet, Proxy} {
		if u := w.Systemd.Unit(unit); u.LoadState != "not-found" && (u.ActiveState != "inactive" || u.FileState == "enabled") {
			w.T.Errorf("%s is %s and %s", unit, u.ActiveState, u.FileState)
		}
	}
}

// Number 29 of the faults of the original: the kubeconfigs stayed behind.
func TestARemovedUnitLeavesTheClusterAndKeepsNoCredentials(t *testing.T) {
	t.Parallel()
	w := Joined(t, Options{})
	tokens := tokensInUse(w)
	kept := map[string]string{"/var/lib/kubelet/pods/1/volumes/data": "a pod's data", "/home/ubuntu/notes": "notes", "/root/.kube/cache/x": "not ours"}
	for path, content := range kept {
		w.must(os.MkdirAll(filepath.Dir(filepath.Join(w.Root, path)), 0o755))
		w.must(os.WriteFile(filepath.Join(w.Root, path), []byte(content), 0o644))
	}
	removeWorker(w)

	wantInOrder(w, "service:"+Kubelet+": stopped and disabled", "service:"+Proxy+": stopped and disabled",
		"node:worker-0: removed from the cluster", "file:/root/.kube/config: not wanted any more")
	wantServicesGone(w)
	if labels := w.API[0].Labels(w.Node); labels != nil {
		t.Errorf("the node is still there: %v", labels)
	}
	wantNoCredentials(w, tokens)
	for _, gone := range []string{"/root/.kube/config", "/home/ubuntu/.kube/config", "/root/cdk/kubeconfig", "/root/cdk/kubeproxyconfig", "/root/cdk/server.key", "/root/cdk/client.key"} {
		if w.Exists(gone) {
			t.Errorf("%s is still there", gone)
		}
	}
	for path, content := range kept {
		if got := w.Read(path); got != content {
			t.Errorf("%s holds %q", path, got)
		}
	}
	if _, installed := w.Snapd.Snap("kubelet"); !installed || !w.Exists("/opt/cni/bin/bridge") || w.Systemd.Unit(Runtime).ActiveState != "active" {
		t.Error("snaps, plugins or runtime went, which are the user's to remove")
	}
	if strings.Contains(w.Log(), "Failed to unregister node.") {
		t.Error("the log complains of a node that was removed")
	}
}

// TestARemovalSucceedsWhateverIsBroken: Juju waits for these hooks, and a unit that fails them is hard to get rid of.
func TestARemovalSucceedsWhateverIsBroken(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		name  string
		harm  func(w *World, g *gate)
		log   []string // that the log tells
		stays bool     // the node stays in the cluster
	}{
		{"the API server is gone", func(_ *World, g *gate) { g.close() },
			[]string{"Failed to unregister node. cannot get node worker-0: no API server answers: "}, true},
		{"the API server hangs", func(_ *World, g *gate) { g.behave(map[string]int{http.MethodDelete: forever}, "") },
			[]string{"Failed to unregister node. cannot delete node worker-0: no API server answers: ", "no answer in time"}, true},
		{"the API server forbids it", func(_ *World, g *gate) { g.behave(every(403), "") },
			[]string{"Failed to unregister node. cannot get node worker-0: Forbidden"}, true},
		{"the API server forbids to delete", func(_ *World, g *gate) { g.behave(map[string]int{http.MethodDelete: 403}, "") },
			[]string{"Failed to unregister node. cannot delete node worker-0: Forbidden"}, true},
		{"another node has got its name meanwhile", func(_ *World, g *gate) { g.behave(map[string]int{http.MethodDelete: 409}, "") },
			[]string{"Failed to unregister node. cannot delete node worker-0: Conflict"}, true},
		{"another unit has got its name", func(w *World, _ *gate) {
			w.API[0].Machine(w.Node, "") // it has not reported its machine yet
			w.API[0].Annotate(w.Node, unitMark, "kubernetes-worker/7")
		},
			[]string{"Failed to unregister node. Node worker-0 stays: it is that of another unit (kubernetes-worker/7)"}, true},
		{"another machine has got its name", func(w *World, _ *gate) { w.API[0].Machine(w.Node, "another") },
			[]string{"Failed to unregister node. Node worker-0 stays: the kubelet of another machine reports for it"}, true},
		{"the unit's notes are damaged", func(w *World, _ *gate) { w.write(charmPath+"/"+stateFile, "{") }, nil, false},
		{"the node was deleted already", func(w *World, _ *gate) { w.API[0].Delete(w.Node) }, nil, false},
		{"snapd is away", func(w *World, _ *gate) { w.must(w.Snapd.SetFaults(snapdtest.Faults{Gone: true})) }, nil, false},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			w, g := gated(t)
			tokens := tokensInUse(w)
			c.harm(w, g)
			removeWorker(w)
			wantNoCredentials(w, tokens)
			for _, text := range c.log {
				if !strings.Contains(w.Log(), text) {
					t.Errorf("the log lacks %q:\n%s", text, w.Log())
				}
			}
			if there := w.API[0].Labels(w.Node) != nil; there != c.stays {
				t.Errorf("the node is in the cluster: %v", there)
			}
			if n := count(g.requests(), http.MethodDelete); n > 1 {
				t.Errorf("the node was deleted %d times", n)
			}
		})
	}
}

func TestAServiceThatDoesNotStopDoesNotHoldUpTheRemoval(t *testing.T) {
	t.Parallel()
	w := Joined(t, Options{})
	tokens := tokensInUse(w)
	w.must(w.Systemd.SetFaults(systemdtest.Faults{Units: map[string]systemdtest.UnitFault{Kubelet: {Hang: true}}}))
	// What ends the wait here is that systemd restarts itself; without it the charm's own limit would, much later.
	w.Systemd.ResetCalls()
	done := make(chan struct{})
	defer close(done)
	go func() {
		poll := time.NewTicker(20 * time.Millisecond)
		defer poll.Stop()
		for {
			select {
			case <-poll.C:
				if w.Systemd.Calls()["StopUnit"] > 0 {
					w.Systemd.DropConnections()
					return
				}
			case <-done:
				return
			}
		}
	}()
	removeWorker(w)
	wantInOrder(w, "service:"+Proxy+": stopped and disabled", "node:worker-0: removed from the cluster", "file:/root/.kube/config: not wanted any more")
	wantServicesGone(w)
	wantNoCredentials(w, tokens)
}

func TestARemovalGoesOnWithWhatCanBeSeen(t *testing.T) {
	t.Parallel()
	for _, c := range []struct{ name, harm, log string }{
		{"without systemd", `echo '{"down": true}' >"$KUBERNETES_WORKER_ROOT/` + systemdtest.DefaultStateDir + `/faults.json"`, "cannot stop services: "},
		{"without dpkg's list", `rm -f "$KUBERNETES_WORKER_ROOT/var/lib/dpkg/status"; mkdir -p "$KUBERNETES_WORKER_ROOT/var/lib/dpkg/status"`, "cannot see which packages are installed: "},
		{"with a CA that is none", `echo x >"$KUBERNETES_WORKER_ROOT/root/cdk/ca.crt"`, ""},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			w := New(t, Options{})
			// In the last hooks only: the hooks before them say that they cannot work.
			tamperDispatch(w, `case "$JUJU_DISPATCH_PATH" in hooks/stop|hooks/remove) `+c.harm+`;; esac`)
			w.DeployWorker()
			w.DeployCompanions()
			w.Relate()
			w.Settle()
			w.WantStatus("active", "Kubernetes worker running.")
			tokens := tokensInUse(w)
			removeWorker(w)
			if !strings.Contains(w.Log(), c.log) {
				t.Errorf("the log lacks %q:\n%s", c.log, w.Log())
			}
			wantNoCredentials(w, tokens)
			if there := w.API[0].Labels(w.Node) != nil; there != (c.log == "") {
				t.Errorf("the node is there: %v", there)
			}
		})
	}
}

func TestAUnitWithNothingInstalledCanBeRemoved(t *testing.T) {
	t.Parallel()
	w := New(t, Options{})
	w.must(w.Snapd.SetFaults(snapdtest.Faults{StoreAway: true}))
	packageLists(w)
	w.Apt(&AptFault{Exit: 100, Stderr: aptUnknown})
	w.DeployWorker()
	w.Settle()
	removeWorker(w)
	if strings.Contains(w.Log(), "ERROR") {
		t.Errorf("the log has errors:\n%s", w.Log())
	}
}

func TestAUnitCanBeRemovedInTheMiddleOfItsInstallation(t *testing.T) {
	t.Parallel()
	for _, hooks := range []int{1, 5, 8, 11} {
		t.Run(string(rune('a'+hooks-1)), func(t *testing.T) {
			t.Parallel()
			w := joining(t, Options{})
			ctx, cancel := context.WithTimeout(context.Background(), 2*time.Minute)
			defer cancel()
			for range hooks {
				ran, err := w.Juju.Step(ctx)
				w.must(err)
				if !ran {
					t.Fatal("the installation was over before that")
				}
			}
			removeWorker(w)
			wantNoCredentials(w, nil)
			wantServicesGone(w)
			if labels := w.API[0].Labels(w.Node); labels != nil {
				t.Errorf("the node is in the cluster: %v", labels)
			}
		})
	}
}
