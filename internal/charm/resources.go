package charm

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"os"
	"strings"
	"time"

	"kubernetes-worker/internal/host"
	"kubernetes-worker/internal/juju"
	"kubernetes-worker/internal/kubeversion"
	"kubernetes-worker/internal/state"
	"kubernetes-worker/internal/worker"
)

// fetch asks Juju for the charm's resources. Each costs a round trip to the controller and perhaps a download, so it is
// done when Juju says that something came: at the first hook, at upgrade-charm, which also tells of attached resources,
// at start, and as long as the one that the node cannot do without is missing.
func (r *run) fetch(ctx context.Context) error {
	first := len(r.state.Resources) == 0
	all := first || r.event.Name == "upgrade-charm" || r.event.Name == "install" || r.event.Name == "start" || r.event.Name == "upgrade"
	for _, name := range worker.ResourceNames(r.facts.Arch) {
		known, fetched := r.state.Resources[name]
		need := all || !fetched || worker.Indispensable(name) && !usable(known)
		if !need {
			continue
		}
		file, err := r.fetchOne(ctx, name, known)
		if err != nil {
			return err
		}
		r.state.Resources[name] = file
	}
	return nil
}

func usable(f state.ResourceFile) bool { return f.Problem == 0 && f.Size > 0 }

// fetchOne gets one resource and its fingerprint, which is read from the file only if it may have changed.
func (r *run) fetchOne(ctx context.Context, name string, known state.ResourceFile) (state.ResourceFile, error) {
	path, err := r.session.Resource(ctx, name)
	switch {
	case errors.Is(err, juju.ErrMissing):
		return state.ResourceFile{Problem: int(worker.ResourceMissing)}, nil
	case errors.Is(err, juju.ErrNoTool):
		return state.ResourceFile{Problem: int(worker.ResourceToolMissing)}, nil
	case err != nil:
		return state.ResourceFile{}, err
	}
	info, err := os.Stat(path)
	if err != nil {
		return state.ResourceFile{}, fmt.Errorf("cannot look at resource %s: %w", name, err)
	}
	now := state.ResourceFile{Path: path, Size: info.Size(), ModTime: info.ModTime().UnixNano()}
	if known.Path == now.Path && known.Size == now.Size && known.ModTime == now.ModTime {
		return known, nil
	}
	now.Fingerprint, err = fingerprintFile(path)
	if err != nil {
		return state.ResourceFile{}, fmt.Errorf("cannot read resource %s: %w", name, err)
	}
	return now, nil
}

func fingerprintFile(path string) (string, error) {
	file, err := os.Open(path)
	if err != nil {
		return "", err
	}
	defer file.Close()
	sum := sha256.New()
	if _, err := io.Copy(sum, file); err != nil {
		return "", err
	}
	return hex.EncodeToString(sum.Sum(nil)[:16]), nil
}

// snapVersion asks an attached snap for its version before it is installed, once for each file: whether it may be installed
// depends on that. Without snapd, which reads it, there is nothing to refuse yet.
func (r *run) snapVersion(ctx context.Context, name string) {
	known := r.state.Resources[name]
	if !usable(known) || known.Version != "" {
		return
	}
	known.Version = state.UnknownVersion
	out, err := r.machine.runner.Run(ctx, host.Command{Name: "snap", Args: []string{"info", known.Path}, Timeout: 30 * time.Second})
	if err != nil {
		r.warn(ctx, fmt.Sprintf("cannot learn the version of resource %s: %v", name, err))
	}
	for line := range strings.Lines(string(out.Stdout)) {
		if words := strings.Fields(line); len(words) > 1 && words[0] == "version:" {
			known.Version = words[1]
		}
	}
	r.state.Resources[name] = known
}

// resources turns what is known of resource files into facts.
func (r *run) resources() map[string]worker.ResourceFact {
	facts := map[string]worker.ResourceFact{}
	for name, f := range r.state.Resources {
		version, _ := kubeversion.Parse(f.Version) // zero where it is not known
		facts[name] = worker.ResourceFact{
			Path: f.Path, Size: f.Size, Fingerprint: f.Fingerprint, Version: version, Problem: worker.ResourceProblem(f.Problem),
		}
	}
	return facts
}
