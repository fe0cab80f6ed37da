package charm

import (
	"context"
	"os"
	"slices"
	"time"

	"kubernetes-worker/internal/apt"
	"kubernetes-worker/internal/cloudmeta"
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
	metadata *cloudmeta.Client
}

func newMachine(root string, environ []string, log func(string)) *machine {
	h := host.New(root)
	runner := host.NewExec(root, environ)
	return &machine{
		host: h, runner: runner, snapd: snapd.New(root, snapd.Settings{}), systemd: systemd.New(root, systemd.Settings{}),
		metadata: metadata(root),
		packages: &packages{host: h, apt: &apt.Apt{Host: h, Runner: runner, Log: log, Now: time.Now, Sleep: host.Wait}},
	}
}

// packages is the package manager as resources see it. dpkg's list is read once until something is changed.
type packages struct {
	host  *host.Host
	apt   *apt.Apt
	also  []string // names that the options bring in
	known map[string]apt.Package
}

// packageNames are all packages that the charm ever asks about.
func (p *packages) packageNames() []string {
	return slices.Concat([]string{"snapd"}, worker.BasePackages(), p.also)
}

func (p *packages) read() error {
	if p.known != nil {
		return nil
	}
	known, err := apt.Packages(p.host, p.packageNames()...)
	if err == nil {
		p.known = known
	}
	return err
}

func (p *packages) Installed(names []string) (map[string]string, error) {
	if err := p.read(); err != nil {
		return nil, err
	}
	found := map[string]string{}
	for _, name := range names {
		if pkg := p.known[name]; pkg.State == apt.StateInstalled {
			found[name] = pkg.Version
		}
	}
	return found, nil
}

func (p *packages) Loose(names []string) ([]string, error) {
	if err := p.read(); err != nil {
		return nil, err
	}
	var loose []string
	for _, name := range names {
		if pkg := p.known[name]; pkg.State == apt.StateInstalled && !pkg.Held {
			loose = append(loose, name)
		}
	}
	return loose, nil
}

func (p *packages) Install(ctx context.Context, names []string) error {
	p.known = nil
	return p.apt.Install(ctx, names, apt.Options{NoRecommends: true})
}

func (p *packages) Available(ctx context.Context, install, remove []string, recommends bool) error {
	return p.apt.Available(ctx, install, remove, apt.Options{NoRecommends: !recommends})
}

func (p *packages) Change(ctx context.Context, install, remove []string, recommends bool) error {
	p.known = nil
	return p.apt.Change(ctx, install, remove, apt.Options{NoRecommends: !recommends})
}

func (p *packages) Hold(ctx context.Context, names []string) error {
	p.known = nil
	return p.apt.Hold(ctx, names...)
}

func (p *packages) Unhold(ctx context.Context, names []string) error {
	p.known = nil
	return p.apt.Unhold(ctx, names...)
}

func (p *packages) Download(ctx context.Context, url, file string) ([]byte, error) {
	return p.apt.Download(ctx, url, file)
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
