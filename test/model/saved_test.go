package model

import (
	"os"
	"os/exec"
	"path/filepath"
	"strings"

	"kubernetes-worker/internal/jujusim"
	"kubernetes-worker/internal/snapd/snapdtest"
	"kubernetes-worker/internal/systemd/systemdtest"
)

// saved is a world at rest as it was at one moment, to which it can go back: the same history can then be told in another
// way. The stand-ins keep all that they know in files; only the API servers' nodes are memory.
type saved struct {
	dir    string // copies of the world's directories
	ca     *Authority
	api    []*API
	inside []kept
}

// parts are the directories of a world that change.
func parts() []string { return []string{"m", "j"} }

// companionsPart is where the other ends of the relations keep keys, certificates and tokens.
const companionsPart = "j/companions"

// Save keeps the world as it is now.
func (w *World) Save() saved {
	w.T.Helper()
	s := saved{dir: w.T.TempDir(), ca: w.CA, api: append([]*API(nil), w.API...)}
	for _, part := range parts() {
		w.copy(filepath.Join(w.dir(), part), filepath.Join(s.dir, part))
	}
	for _, a := range s.api {
		a.mu.Lock()
		s.inside = append(s.inside, a.keep())
		a.mu.Unlock()
	}
	return s
}

// KeepSecrets takes keys, certificates and tokens that were made since into the saved world, so that another telling of
// the same history makes the same ones.
func (w *World) KeepSecrets(s saved) {
	w.T.Helper()
	if _, err := os.Stat(filepath.Join(w.dir(), companionsPart)); err != nil {
		return
	}
	w.must(os.RemoveAll(filepath.Join(s.dir, companionsPart)))
	w.copy(filepath.Join(w.dir(), companionsPart), filepath.Join(s.dir, companionsPart))
}

// Restore brings a saved world back.
func (w *World) Restore(s saved) {
	w.T.Helper()
	w.Juju.Close()
	w.must(w.Snapd.Close())
	w.must(w.Systemd.Close())
	for _, part := range parts() {
		w.must(os.RemoveAll(filepath.Join(w.dir(), part)))
		w.copy(filepath.Join(s.dir, part), filepath.Join(w.dir(), part))
	}
	juju, err := builtJuju()
	w.must(err)
	w.Systemd, err = systemdtest.Start(w.Root, systemdOptions())
	w.must(err)
	w.Snapd, err = snapdtest.Start(w.Root, snapdtest.Options{Services: w.Systemd})
	w.must(err)
	w.Juju, err = jujusim.Open(jujusim.Options{Dir: filepath.Join(w.dir(), "j"), Binary: juju, Retries: w.options.Retries,
		Progress: func(line string) { w.T.Log(line) }})
	w.must(err)
	w.CA, w.API = s.ca, append([]*API(nil), s.api...)
	for i, a := range s.api {
		a.mu.Lock()
		a.bring(s.inside[i])
		a.mu.Unlock()
	}
}

// forget makes an API server like new.
func (a *API) forget() {
	a.mu.Lock()
	defer a.mu.Unlock()
	a.bring(kept{})
}

// copy copies a tree with its times: what is older than what decides about restarts.
func (w *World) copy(from, to string) {
	w.T.Helper()
	out, err := exec.Command("cp", "-a", from, to).CombinedOutput()
	if err != nil {
		w.T.Fatalf("cannot copy %s: %v: %s", from, err, strings.TrimSpace(string(out)))
	}
}
