package charm

import (
	"context"
	"encoding/json"
	"fmt"
	"io/fs"
	"maps"
	"os"
	"path"
	"slices"
	"strings"

	"kubernetes-worker/internal/action"
	"kubernetes-worker/internal/host"
	"kubernetes-worker/internal/secret"
	"kubernetes-worker/internal/state"
	"kubernetes-worker/internal/worker"
)

// debug collects what helps to find a fault, and says how to fetch it.
func (r *run) debug(ctx context.Context) error {
	f, err := r.observe(ctx, 0)
	if err != nil {
		// Then more than ever: what the charm knows of itself is enough to begin.
		teller{r}.Log(ctx, "the charm cannot read the facts: "+err.Error())
		f = r.facts
	}
	now := f.RuntimeNow()
	d := action.Debug{
		Files: r.machine.host, Runner: r.machine.runner, Redact: action.NewRedactor(r.secrets(f)), Now: r.clock,
		Docker: now.Kind == state.RuntimeDocker, Address: strings.TrimPrefix(now.Socket, "unix://"),
		CharmDir: r.env.CharmDir, Dir: "/root", Owner: host.FileMeta{Mode: 0o600, UID: os.Geteuid(), GID: os.Getegid()},
	}
	if user := f.UbuntuUser; user != nil { // whom juju scp logs in as
		d.Dir = user.Home
		if os.Geteuid() == 0 {
			d.Owner.UID, d.Owner.GID = user.UID, user.GID
		}
	}
	if d.Texts, err = r.debugTexts(ctx); err != nil {
		return err
	}
	archive, err := d.Archive(ctx, teller{r})
	if err != nil {
		return err
	}
	return r.session.ActionSet(ctx, map[string]string{
		"path": archive, "command": fmt.Sprintf("juju scp %s:%s .", f.Unit, archive),
		"message": fmt.Sprintf("Archive has been created on unit %s. Use the juju scp command to copy it to your local machine.", f.Unit),
	})
}

// debugTexts are what no program of the machine could tell: the charm's own notes, and what Juju says of networks.
func (r *run) debugTexts(ctx context.Context) (map[string]map[string]string, error) {
	notes, err := json.MarshalIndent(r.state.State, "", " ")
	if err != nil {
		return nil, fmt.Errorf("cannot encode the state: %w", err)
	}
	networks := map[string]string{}
	for _, endpoint := range endpoints() {
		text, err := r.session.DescribeNetwork(ctx, endpoint)
		if err != nil {
			text = err.Error() + "\n"
		}
		networks["relations/"+endpoint] = text
	}
	return map[string]map[string]string{"charm-unitdata": {"unitdata.json": string(notes)}, "juju-network-get": networks}, nil
}

// secrets are those that the unit has been told, and those in the files of the node.
func (r *run) secrets(f worker.Facts) []secret.Value {
	all := []secret.Value{f.Creds.Kubelet, f.Creds.Proxy, f.Creds.Client, f.Certs.ServerKey, f.Certs.ClientKey}
	look := func(text []byte) { all = append(all, action.Secrets(text)...) }
	config := r.session.Snapshot().Config
	for _, option := range slices.Sorted(maps.Keys(config)) {
		if text, is := config[option].(string); is {
			look([]byte(text))
		}
	}
	for _, endpoint := range slices.Sorted(maps.Keys(f.Relations)) {
		for _, relation := range f.Relations[endpoint] {
			for _, unit := range relation.Units {
				for _, key := range slices.Sorted(maps.Keys(unit.Data)) {
					look([]byte(key + ": " + unit.Data[key]))
				}
			}
		}
	}
	for _, dir := range []string{worker.ConfigDir, path.Dir(worker.RootKubeconfig), "/root/.docker", worker.ConfigDir + "/kubelet"} {
		r.inFiles(dir, look)
	}
	return all
}

// inFiles looks at the files of a directory that hold secrets.
func (r *run) inFiles(dir string, look func([]byte)) {
	entries, err := r.machine.host.ReadDir(dir)
	if err != nil {
		return // it is not there
	}
	for _, entry := range entries {
		if entry.Type().IsRegular() || entry.Type()&fs.ModeSymlink != 0 {
			if content, err := r.machine.host.ReadFile(path.Join(dir, entry.Name())); err == nil {
				look(content)
			}
		}
	}
}
