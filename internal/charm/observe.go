package charm

import (
	"bytes"
	"context"
	"fmt"
	"io/fs"
	"os"
	"path"
	"slices"
	"strconv"
	"strings"
	"time"

	"kubernetes-worker/internal/drain"
	"kubernetes-worker/internal/host"
	"kubernetes-worker/internal/kicker"
	"kubernetes-worker/internal/kube"
	"kubernetes-worker/internal/kubeversion"
	"kubernetes-worker/internal/resource"
	"kubernetes-worker/internal/snapd"
	"kubernetes-worker/internal/state"
	"kubernetes-worker/internal/systemd"
	"kubernetes-worker/internal/worker"
)

// observe reads the facts of one round: what Juju said, which does not change, and the machine and the cluster, which
// the round before may have changed.
func (r *run) observe(ctx context.Context, _ int) (worker.Facts, error) {
	f := r.facts
	r.seen = resource.Seen{}
	f.SnapRecords, f.OldLabels = r.state.Snaps, r.state.Labels
	f.BeforeSnaps = r.beforeSnaps()
	f.SnapdState, f.PausedBefore = r.state.Snapd, r.state.Paused
	if err := r.observeSnaps(ctx, &f); err != nil && !r.bears(ctx, err) {
		return f, err
	}
	f.Resources = r.resources()
	if err := r.observePackages(&f); err != nil && !r.bears(ctx, err) {
		return f, err
	}
	if err := r.observeOrigin(&f); err != nil && !r.bears(ctx, err) {
		return f, err
	}
	if err := r.observeSnapd(ctx, &f); err != nil && !r.bears(ctx, err) {
		return f, err
	}
	f.CNIConfWritten = f.CNI.ConfFile != "" && r.exists(worker.CNIConfigDir+"/"+f.CNI.ConfFile)
	f.RuntimeSocket = r.isSocket(f.RelatedSocket())
	f.Logins = r.state.Logins
	r.observeSurroundings(&f)
	f.KubeletDockerConfig = len(f.Logins) > 0 && r.exists(worker.KubeletDockerConfigFile)
	r.cloudFiles(&f)
	f.FormerNode, f.DeadNodesLeft = r.state.FormerNode, r.state.Sweep.Left
	f.Kubeconfigs.Server = r.savedKubeconfig(worker.KubeletKubeconfig).Server
	if err := r.connect(f); err != nil && !r.bears(ctx, err) {
		return f, err
	}
	if err := r.observeUnits(ctx, &f); err != nil && !r.bears(ctx, err) {
		return f, err
	}
	f.DockerOurs = f.Units[worker.DockerUnit].Exists && r.exists(worker.DockerDropIn)
	r.reject(ctx, &f)
	r.observeUpgrade(&f)
	f.Node = r.observeNode(ctx, f)
	r.observeObjects(ctx, &f)
	r.system.See(r.seen)
	return f, nil
}

// bears tells of what could not be seen, and reports whether to go on without it: a unit that leaves the cluster does so with
// what there is.
func (r *run) bears(ctx context.Context, err error) bool {
	if r.stopping() {
		r.warn(ctx, err.Error())
	}
	return r.stopping()
}

// identity reads what the machine is. It is read once.
func (r *run) identity(ctx context.Context, f *worker.Facts) error {
	h := r.machine.host
	hostname, err := h.Hostname()
	if err != nil {
		return err
	}
	f.Hostname = hostname
	if f.FQDN, err = h.FQDN(ctx); err != nil {
		f.FQDN = hostname // as hostname -f does where no resolver knows the name
	}
	f.Arch = h.Architecture()
	f.Container = h.Container() != ""
	r.place(f)
	f.CgroupVersion = h.CgroupVersion()
	f.ResolvConfStub = h.ResolvConfStub()
	f.MachineID = strings.TrimSpace(r.text("/etc/machine-id"))
	f.UbuntuUser = lookupUser(h, "ubuntu")
	return nil
}

// lookupUser finds an account in the machine's own list.
func lookupUser(h *host.Host, name string) *worker.User {
	content, err := h.ReadFile("/etc/passwd")
	if err != nil {
		return nil
	}
	for line := range strings.Lines(string(content)) {
		fields := strings.Split(strings.TrimSpace(line), ":")
		if len(fields) < 6 || fields[0] != name || !strings.HasPrefix(fields[5], "/") {
			continue
		}
		uid, err1 := strconv.Atoi(fields[2])
		gid, err2 := strconv.Atoi(fields[3])
		if err1 == nil && err2 == nil {
			return &worker.User{UID: uid, GID: gid, Home: fields[5]}
		}
	}
	return nil
}

func (r *run) observePackages(f *worker.Facts) error {
	installed, err := r.machine.packages.Installed([]string{"snapd"})
	if err != nil {
		return fmt.Errorf("cannot see which packages are installed: %w", err)
	}
	f.Docker = r.state.Docker
	f.SnapdVersion, f.SnapdPackage = installed["snapd"]
	for _, name := range []string{"snapd", "core"} { // either of which snapd runs from, once it is there
		f.SnapdVersion += " " + f.Snaps[name].Revision
	}
	if !f.SnapdPackage {
		// On images that carry snapd in another way, its socket is there.
		f.SnapdPackage = r.exists("/run/snapd.socket")
	}
	return nil
}

// observeSnapd reads what is set of snapd's own configuration, as far as it is the charm's: one request, none where nothing
// was ever wanted.
func (r *run) observeSnapd(ctx context.Context, f *worker.Facts) error {
	f.SnapdDropIn = r.state.Snapd.Restart || r.exists(worker.SnapdDropIn)
	keys := f.SnapdKeys()
	if r.stopping() || len(keys) == 0 || r.seen.Snaps == nil { // which it does not answer now either
		return nil
	}
	conf, err := r.machine.snapd.Conf(ctx, "system", keys...)
	if err != nil {
		if class := snapd.Classify(err); class == snapd.NoDaemon || snapd.Transient(err) {
			return nil
		}
		return err
	}
	f.SnapdConf = resource.Texts(conf)
	r.seen.SnapdConf, r.seen.SnapdKeys = f.SnapdConf, keys
	return nil
}

// observeSnaps asks for all snaps at once. A snap daemon that is not there yet has none; one that does not answer is
// reported by the resources that need it.
func (r *run) observeSnaps(ctx context.Context, f *worker.Facts) error {
	f.Snaps = map[string]worker.SnapFact{}
	names := worker.SnapNames()
	snaps, err := r.machine.snapd.Snaps(ctx, names...)
	if err != nil {
		if class := snapd.Classify(err); class == snapd.NoDaemon || snapd.Transient(err) {
			return nil
		}
		return err
	}
	r.seen.Snaps, r.seen.SnapNames = snaps, names
	for name, s := range snaps {
		f.Snaps[name] = worker.SnapFact{Version: s.Version, Revision: s.Revision, Channel: s.Channel, Local: s.Local(), CohortKey: s.CohortKey}
	}
	r.snapVersion(ctx, "kubelet")
	r.snapVersion(ctx, "kube-proxy")
	r.recogniseFiles(snaps)
	r.recogniseChecksums(snaps)
	f.SnapRecords = r.state.Snaps
	kubelet, installed := f.Snaps["kubelet"]
	if !installed {
		return nil
	}
	text, err := r.printedVersion(ctx, "kubelet", kubelet.Revision)
	if err != nil {
		r.warn(ctx, err.Error())
		return nil
	}
	f.KubeletVersion, err = kubeversion.Parse(text)
	if err != nil {
		r.warn(ctx, err.Error())
	}
	if at := strings.LastIndex(text, " v"); at >= 0 {
		f.KubeletPrinted = strings.TrimSpace(text[at+2:])
	}
	return nil
}

// recogniseFiles finds out which resource files the installed snaps came from, where no note says so: the state file was
// lost, or somebody else installed them. snapd keeps the files that it installed as they were.
func (r *run) recogniseFiles(snaps map[string]snapd.Snap) {
	for name, s := range snaps {
		known := r.state.Resources[name]
		if r.state.Snaps[name] != "" || !s.Local() || !usable(known) {
			continue
		}
		file := r.machine.host.Path("/var/lib/snapd/snaps/" + name + "_" + s.Revision + ".snap")
		if info, err := os.Stat(file); err != nil || info.Size() != known.Size {
			continue // another one
		}
		if print, err := fingerprintFile(file); err == nil && print == known.Fingerprint {
			r.state.Snaps[name] = print
		}
	}
}

// printedVersion asks a program of a snap for its version, once for each revision.
func (r *run) printedVersion(ctx context.Context, program, revision string) (string, error) {
	if known := r.state.Versions[program]; known.Revision == revision {
		return known.Text, nil
	}
	out, err := r.machine.runner.Run(ctx, host.Command{Name: r.machine.host.Path("/snap/bin/" + program), Args: []string{"--version"}, Timeout: 30 * time.Second})
	if err != nil {
		return "", fmt.Errorf("cannot learn the version of %s: %w", program, err)
	}
	text := strings.TrimSpace(string(bytes.TrimSpace(out.Stdout)))
	r.state.Versions[program] = state.ProgramVersion{Revision: revision, Text: text}
	return text, nil
}

func (r *run) observeUnits(ctx context.Context, f *worker.Facts) error {
	names := []string{worker.KubeletUnit, worker.KubeProxyUnit, worker.ContainerdUnit, worker.DockerUnit, worker.DockerSocket}
	if r.stopping() {
		names = append(names, kicker.Unit)
	}
	units, err := r.settledUnits(ctx, names)
	if err != nil && r.stopping() {
		return fmt.Errorf("cannot stop services: %w", err)
	}
	if err != nil {
		return fmt.Errorf("cannot see which services run: %w", err)
	}
	r.seen.Units = units
	f.Units = map[string]worker.UnitFact{}
	for name, u := range units {
		f.Units[name] = worker.UnitFact{Exists: u.Found(), Running: u.Running() && !u.Crashing(), Young: time.Since(u.StartedAt) < youth, Detail: detail(u)}
	}
	return nil
}

// settledUnits reads the units' states. Daemons that this invocation has started get a moment first: one that cannot
// live with its configuration ends at once, and systemd calls it active until then.
func (r *run) settledUnits(ctx context.Context, names []string) (map[string]systemd.Unit, error) {
	for {
		units, err := r.machine.systemd.Units(ctx, names...)
		if err != nil {
			return nil, err
		}
		young := false
		for _, name := range []string{worker.KubeletUnit, worker.KubeProxyUnit} {
			u := units[name]
			young = young || r.system.Restarts[name] > 0 && u.Running() && time.Since(u.StartedAt) < r.invocation.Settle
		}
		if !young {
			return units, nil
		}
		if err := host.Wait(ctx, 100*time.Millisecond); err != nil {
			return nil, err
		}
	}
}

// Waits of an invocation that has started a daemon; see settledUnits and observeNode.
const (
	settleTime   = time.Second
	registerTime = 15 * time.Second
	// pausedTime is for the node of a paused unit to register: until it is cordoned again, it takes pods.
	pausedTime = time.Minute
	youth      = time.Minute // how long a kubelet counts as just started
)

func detail(u systemd.Unit) string {
	text := u.ActiveState + " (" + u.SubState + ")"
	if u.Result != "" && u.Result != "success" {
		text += fmt.Sprintf(", result %s, exit status %d", u.Result, u.ExitStatus)
	}
	if u.NRestarts > 0 {
		text += fmt.Sprintf(", restarted %d times by systemd", u.NRestarts)
	}
	return text
}

// connect makes the client of the cluster as soon as there is something to make it of. The node's own server is the
// first to be asked.
func (r *run) connect(f worker.Facts) error {
	if r.cluster != nil || len(f.Cluster.Servers) == 0 || f.Creds.Client.Empty() || len(f.Certs.CA) == 0 {
		return nil
	}
	servers := []string{f.Server()}
	for _, s := range f.Cluster.Servers {
		if s != servers[0] {
			servers = append(servers, s)
		}
	}
	client, err := kube.New(kube.Config{Servers: servers, CA: f.Certs.CA, Token: f.Creds.Client})
	if err != nil {
		return err
	}
	r.cluster, r.system.Nodes, r.system.Cluster, r.system.Control = client, client, client, client
	r.system.Objects = func(owner kube.Owner, adopt func(kube.Object) bool) resource.Keeper {
		objects := client.Objects(owner)
		objects.Adopt = adopt
		return objects
	}
	return nil
}

// observeNode reads the Node object, once, and again after the kubelet was started or the object changed. A kubelet that
// has just started gets a moment: a new node takes a second or two to register and to get Ready, and no hook of Juju
// would tell when it has. Without a pod network's configuration it cannot get Ready, so that is not waited for.
func (r *run) observeNode(ctx context.Context, f worker.Facts) worker.NodeFact {
	seen := [2]int{r.system.Restarts[worker.KubeletUnit], r.system.NodeChanges}
	kubelet := f.Units[worker.KubeletUnit]
	switch {
	case r.cluster == nil || !kubelet.Exists || r.stopping():
		return worker.NodeFact{}
	case r.node != nil && r.nodeSeen == seen:
		return *r.node
	}
	_, configured := r.state.Services[worker.KubeletUnit]
	patient := configured && kubelet.Young && kubelet.Running && r.state.Upgrade.Wanted == "" // which waits itself
	network := r.podNetworkConfigured()
	for began := r.clock(); ; {
		node := r.askNode(ctx, f.NodeName)
		wait := patient && !node.Lost && node.Failure == nil && (!node.Exists || network && !node.Ready) &&
			r.clock().Sub(began) < r.patience(node)
		if !wait || host.Wait(ctx, 250*time.Millisecond) != nil {
			r.node, r.nodeSeen = &node, seen
			return node
		}
	}
}

// patience is how long a node is waited for that is as it was seen last.
func (r *run) patience(node worker.NodeFact) time.Duration {
	if r.state.Paused && !node.Exists {
		return pausedTime
	}
	return registerTime
}

// podNetworkConfigured reports whether the container runtime has a network to put pods into.
func (r *run) podNetworkConfigured() bool {
	entries, err := r.machine.host.ReadDir(worker.CNIConfigDir)
	return err == nil && slices.ContainsFunc(entries, func(e fs.DirEntry) bool {
		return slices.Contains([]string{".conf", ".conflist", ".json"}, path.Ext(e.Name())) && r.exists(worker.CNIConfigDir+"/"+e.Name())
	})
}

// exists follows links: one that leads nowhere is not there.
func (r *run) exists(path string) bool {
	_, err := r.machine.host.Stat(path)
	return err == nil
}

func (r *run) isSocket(path string) bool {
	info, err := r.machine.host.Stat(path)
	return path != "" && err == nil && info.Mode()&fs.ModeSocket != 0
}

func (r *run) askNode(ctx context.Context, name string) worker.NodeFact {
	n, err := r.cluster.GetNode(ctx, name)
	if kube.KindOf(err) == kube.NotFound {
		return worker.NodeFact{Asked: true, Lost: r.state.NodeSeen && r.state.NodeName == name && r.system.Restarts[worker.KubeletUnit] == 0}
	}
	if err != nil {
		kind := kube.KindOf(err)
		return worker.NodeFact{Asked: true, Failure: err, Refused: kind == kube.Unauthorized || kind == kube.Forbidden}
	}
	fact := worker.NodeFact{Asked: true, Exists: true, Ready: n.IsReady(), Reason: reason(n), Labels: n.Labels}
	fact.Owner, fact.MachineID = resource.OwnerOf(n.Annotations), n.MachineID
	fact.Cordoned, fact.Mark = n.Unschedulable, n.Annotations[drain.Mark]
	if fact.KubeletVersion, err = kubeversion.Parse(n.KubeletVersion); err != nil {
		r.warn(ctx, fmt.Sprintf("node %s reports no version of its kubelet: %v", name, err))
	}
	return fact
}

func reason(n kube.Node) string {
	if n.Ready.Message != "" {
		return n.Ready.Message
	}
	return "the kubelet has not reported yet"
}
