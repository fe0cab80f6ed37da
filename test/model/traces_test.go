package model

import (
	"archive/tar"
	"compress/gzip"
	"crypto/sha256"
	"fmt"
	"io/fs"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"kubernetes-worker/internal/jujusim"
	"kubernetes-worker/internal/kubeconfig"
)

// traces are everything that a hook can leave behind on the machine: its files with their time of writing, the
// programs it ran and what it asked of systemd and snapd.
type traces map[string]string

// Traces reads them. The files of Juju and of the stand-ins are not the charm's doing.
func (w *World) Traces() traces {
	w.T.Helper()
	f := traces{}
	w.must(filepath.WalkDir(w.Root, func(path string, entry fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		name := strings.TrimPrefix(path, w.Root)
		if entry.IsDir() {
			if slices.Contains([]string{"/standin", "/run", "/tmp", "/var/lib/juju", "/var/lib/snapdtest", "/var/lib/systemdtest"}, name) {
				return fs.SkipDir
			}
			return nil
		}
		info, err := entry.Info()
		if err != nil {
			return err
		}
		if entry.Type() == fs.ModeSymlink {
			f[name], err = os.Readlink(path)
			return err
		}
		content, err := os.ReadFile(path)
		f[name] = fmt.Sprintf("%s %s %x", info.Mode(), info.ModTime(), sha256.Sum256(content))
		return err
	}))
	for call, n := range w.Systemd.Calls() {
		if strings.HasSuffix(call, "Unit") && !strings.HasPrefix(call, "Get") && !strings.HasPrefix(call, "Load") || strings.HasSuffix(call, "UnitFiles") || call == "Reload" {
			f["systemd "+call] = fmt.Sprint(n)
		}
	}
	for request, n := range w.Snapd.Requests() {
		if !strings.HasPrefix(request, "GET ") {
			f["snapd "+request] = fmt.Sprint(n)
		}
	}
	for _, call := range w.Programs() {
		// Reading what a daemon said last changes nothing.
		if !strings.HasPrefix(call, "journalctl") {
			f["program "+call] += "."
		}
	}
	return f
}

// WantUntouched fails the test if the machine is not exactly as it was.
func (w *World) WantUntouched(before traces) {
	w.T.Helper()
	after := w.Traces()
	for _, name := range slices.Sorted(maps.Keys(after)) {
		if before[name] != after[name] {
			w.T.Errorf("%s was touched: %q, before %q", name, after[name], before[name])
		}
	}
	for _, name := range slices.Sorted(maps.Keys(before)) {
		if _, still := after[name]; !still {
			w.T.Errorf("%s is gone", name)
		}
	}
	if w.T.Failed() {
		w.dump()
		w.T.FailNow()
	}
}

// starts counts starts and restarts of the node's daemons.
type starts struct{ kubelet, proxy, runtime int }

func (w *World) starts() starts {
	return starts{w.Restarts(Kubelet), w.Restarts(Proxy), w.Restarts(Runtime)}
}

// WantStarts fails the test unless the daemons were started as often as that since.
func (w *World) WantStarts(since, want starts) {
	w.T.Helper()
	now := w.starts()
	if got := (starts{now.kubelet - since.kubelet, now.proxy - since.proxy, now.runtime - since.runtime}); got != want {
		w.dump()
		w.T.Fatalf("started %+v, want %+v", got, want)
	}
}

// Warned counts how often a line was logged at WARNING.
func (w *World) Warned(message string) int {
	w.T.Helper()
	n := 0
	for line := range strings.Lines(w.Log()) {
		if strings.Contains(line, " WARNING ") && strings.HasSuffix(strings.TrimSpace(line), message) {
			n++
		}
	}
	return n
}

// related gives a world whose worker has all relations and has run all hooks, whatever came of it.
func related(t *testing.T, o Options) *World {
	t.Helper()
	w := New(t, o)
	for _, name := range []string{"kubelet", "kubectl", "kube-proxy"} {
		w.must(w.Snapd.Publish(name, "1.23/stable", "1.23.17"))
	}
	w.DeployWorker()
	w.DeployCompanions()
	w.Relate()
	w.Settle()
	return w
}

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

func certificateText(t *testing.T, a *Authority) string {
	t.Helper()
	text, err := os.ReadFile(a.CertFile)
	if err != nil {
		t.Fatal(err)
	}
	return string(text)
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
