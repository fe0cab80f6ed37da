package charm

import (
	"context"
	"os"
	"time"

	"kubernetes-worker/internal/apt"
	"kubernetes-worker/internal/host"
	"kubernetes-worker/internal/juju"
	"kubernetes-worker/internal/registry/probe"
	"kubernetes-worker/internal/resource"
	"kubernetes-worker/internal/snapd"
	"kubernetes-worker/internal/state"
	"kubernetes-worker/internal/systemd"
	"kubernetes-worker/internal/worker"
)

// stateFile lies in the charm's directory, so that it goes with the unit and never meets another one's.
const stateFile = ".kubernetes-worker-state.json"

// machine is the adapters of one invocation.
type machine struct {
	host     *host.Host
	runner   *host.Exec
	snapd    *snapd.Client
	systemd  *systemd.Conn
	packages *packages
}

func newMachine(root string, environ []string, log func(string)) *machine {
	h := host.New(root)
	runner := host.NewExec(root, environ)
	return &machine{
		host: h, runner: runner, snapd: snapd.New(root, snapd.Settings{}), systemd: systemd.New(root, systemd.Settings{}),
		packages: &packages{host: h, apt: &apt.Apt{Host: h, Runner: runner, Log: log, Now: time.Now, Sleep: host.Wait}},
	}
}

// packages is the package manager as resources see it. dpkg's list is read once until something is installed.
type packages struct {
	host  *host.Host
	apt   *apt.Apt
	known map[string]string
}

// packageNames are all packages that the charm ever asks about.
func packageNames() []string {
	return append([]string{"docker.io", "containerd", "snapd"}, worker.BasePackages()...)
}

func (p *packages) Installed(names []string) (map[string]string, error) {
	if p.known == nil {
		known, err := apt.Installed(p.host, packageNames()...)
		if err != nil {
			return nil, err
		}
		p.known = known
	}
	found := map[string]string{}
	for _, name := range names {
		if version, ok := p.known[name]; ok {
			found[name] = version
		}
	}
	return found, nil
}

func (p *packages) Install(ctx context.Context, names []string) error {
	p.known = nil
	return p.apt.Install(ctx, names, apt.Options{NoRecommends: true})
}

// system puts the adapters together for the resources of one invocation.
func (m *machine) system(s *juju.Session, file *state.File) *resource.System {
	sys := &resource.System{
		Host: m.host, Packages: m.packages, Snaps: m.snapd, Services: m.systemd, AskStoreProxy: snapd.FetchStoreProxy, Leader: s, Run: m.runner, State: file, Root: os.Geteuid() == 0, Now: time.Now,
		CheckLogin: probe.Login,
		Progress:   func(ctx context.Context, message string) { _ = s.Progress(ctx, juju.Maintenance, message) },
		Log:        func(ctx context.Context, line string) { _ = s.Log(ctx, juju.Info, line) },
	}
	sys.Prepare()
	return sys
}

// charmFiles stores the state file in the charm's directory, which is never below another root.
type charmFiles struct{ host *host.Host }

func (c charmFiles) ReadFile(path string) ([]byte, error) { return c.host.ReadFile(path) }

func (c charmFiles) WriteFile(path string, content []byte) error {
	return c.host.WriteFile(path, content, host.FileMeta{Mode: 0o600, UID: os.Geteuid(), GID: os.Getegid()})
}

// unitRunner lets the journal be read through the machine's runner.
type unitRunner struct{ runner host.Runner }

func (u unitRunner) Run(ctx context.Context, name string, args ...string) ([]byte, error) {
	out, err := u.runner.Run(ctx, host.Command{Name: name, Args: args, Timeout: 10 * time.Second})
	return out.Stdout, err
}
