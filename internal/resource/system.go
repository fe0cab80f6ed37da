package resource

import (
	"context"
	"io"
	"io/fs"
	"os"
	"slices"
	"time"

	"kubernetes-worker/internal/condition"
	"kubernetes-worker/internal/drain"
	"kubernetes-worker/internal/host"
	"kubernetes-worker/internal/kube"
	"kubernetes-worker/internal/snapd"
	"kubernetes-worker/internal/state"
	"kubernetes-worker/internal/systemd"
)

// Host is the machine's files.
type Host interface {
	// Path is where a path of the machine is for a command of its.
	Path(path string) string
	ReadFile(path string) ([]byte, error)
	Open(path string) (*os.File, error)
	ReadDir(path string) ([]fs.DirEntry, error)
	MkdirAll(path string, mode fs.FileMode) error
	Chmod(path string, mode fs.FileMode) error
	Chown(path string, uid, gid int) error
	Stat(path string) (fs.FileInfo, error)
	Lstat(path string) (fs.FileInfo, error)
	WriteFile(path string, content []byte, meta host.FileMeta) error
	WriteFrom(path string, content io.Reader, meta host.FileMeta) error
	Remove(path string) error
	Readlink(path string) (string, error)
	Symlink(target, path string) error
}

// Packages is the machine's package manager.
type Packages interface {
	Installed(names []string) (map[string]string, error)
	Install(ctx context.Context, names []string) error
	// Available makes sure that Change can be made, and changes nothing.
	Available(ctx context.Context, install, remove []string, recommends bool) error
	Change(ctx context.Context, install, remove []string, recommends bool) error
	// Loose are those of the packages that are installed and not held; Hold holds them.
	Loose(names []string) ([]string, error)
	Hold(ctx context.Context, names []string) error
	Unhold(ctx context.Context, names []string) error
	// Download gives what is at a URL, by way of a file of that name.
	Download(ctx context.Context, url, file string) ([]byte, error)
}

// Snaps is the snap daemon.
type Snaps interface {
	Snap(ctx context.Context, name string) (snapd.Snap, error)
	Install(ctx context.Context, name string, options snapd.Options, progress snapd.Progress) error
	InstallFile(ctx context.Context, path string, options snapd.FileOptions, progress snapd.Progress) error
	Refresh(ctx context.Context, name string, options snapd.Options, progress snapd.Progress) error
	Released(ctx context.Context, name, channel string) (snapd.StoreChannel, error)
	Conf(ctx context.Context, name string, keys ...string) (map[string]any, error)
	SetConf(ctx context.Context, name string, conf map[string]any) error
	SystemInfo(ctx context.Context) (snapd.SystemInfo, error)
	Idle(ctx context.Context) (bool, error)
	Hold(ctx context.Context, name string) error
	Unhold(ctx context.Context, name string) error
	SetCohort(ctx context.Context, name, key string) error
	SetChannel(ctx context.Context, name, channel string) error
	Revert(ctx context.Context, name, revision string, progress snapd.Progress) error
	Acknowledge(ctx context.Context, assertions string) error
}

// Services is the service manager.
type Services interface {
	Units(ctx context.Context, names ...string) (map[string]systemd.Unit, error)
	Start(ctx context.Context, unit string) error
	Stop(ctx context.Context, unit string) error
	Restart(ctx context.Context, unit string) error
	Enable(ctx context.Context, unit string) error
	Disable(ctx context.Context, unit string) error
	DaemonReload(ctx context.Context) error
	ResetFailed(ctx context.Context, unit string) error
}

// Nodes is what the charm does to nodes of the cluster.
type Nodes interface {
	PatchNodeLabels(ctx context.Context, name string, set map[string]string, remove []string) (changed bool, err error)
	DeleteNode(ctx context.Context, name string) error
	GetNode(ctx context.Context, name string) (kube.Node, error)
	// DeleteThisNode deletes the node as it was read, and no other of its name.
	DeleteThisNode(ctx context.Context, node kube.Node, unchanged bool) error
	AnnotateNode(ctx context.Context, name string, set map[string]string) error
	// NodesWith are the nodes with a label, and the API server's time.
	NodesWith(ctx context.Context, label, value string) (nodes []kube.NodeMarks, now time.Time, err error)
}

// Control is what an upgrade asks of the control plane: its releases, and whose turn it is.
type Control interface {
	Versions(ctx context.Context) ([]kube.ServerVersion, error)
	Acquire(ctx context.Context, l kube.Lease) (kube.Held, error)
	Release(ctx context.Context, l kube.Lease) error
}

// System is everything resources act on, for one invocation.
type System struct {
	Host     Host
	Packages Packages
	Snaps    Snaps
	Services Services
	// AskStoreProxy asks a snap store proxy, by its URL, who it is.
	AskStoreProxy func(ctx context.Context, url string) (snapd.StoreProxy, error)
	// Leader publishes to the other units of the application.
	Leader Leader
	// Nodes is nil as long as there is no access to an API server.
	Nodes Nodes
	// Cluster takes any request to an API server; nil like Nodes.
	Cluster drain.API
	// Control is nil like Nodes.
	Control Control
	// Objects keeps an owner's objects in the cluster; nil like Nodes.
	Objects func(owner kube.Owner, adopt func(live kube.Object) bool) Keeper
	Run     host.Runner
	State   *state.File
	// CheckLogin asks an image registry whether it knows a login.
	CheckLogin CheckLogin
	// Root says that the process may give files away.
	Root bool
	// Patient hooks come of themselves, many in a row; they do not ask again those outside who did not answer.
	Patient bool
	Now     func() time.Time
	// Progress shows a maintenance message; Log tells the operator what was changed.
	Progress func(ctx context.Context, message string)
	Log      func(ctx context.Context, line string)

	// Pending is relation data that goes out when the hook has succeeded: relation id → key → value.
	Pending map[string]map[string]string
	// NodeChanges counts changes of the Node object, so that it is read again.
	NodeChanges int
	// Drained says that this invocation has taken the node out of service, DrainFailure why it could not; PodsMoved is how
	// many pods that cost the node.
	Drained      bool
	DrainFailure error
	PodsMoved    int
	// UpgradeStopped is that another unit's failure, as its note tells, keeps this one from upgrading by itself.
	UpgradeStopped error
	// GPUFailure is why the driver of the machine's GPUs did not answer in this invocation.
	GPUFailure error
	// Reboot says that the machine has to reboot when this hook has ended well.
	Reboot bool
	// Restarts counts starts and restarts by unit, as far as systemd says that they went well.
	Restarts map[string]int
	// Patience is how long an upgraded node gets to be Ready, Settle how long its daemons have to live to count as running.
	Patience, Settle time.Duration

	made      int  // changes of this round so far
	fits      bool // the API servers take what this invocation is about to install
	seen      Seen
	changed   map[string]string             // file → what changed in it during this invocation
	reloaded  map[string]bool               // of these, the unit files that systemd has read since
	tried     map[string]bool               // units that this invocation has started, and resources that it has tried to bring about
	triedWith map[string]map[string]string  // the units' inputs at that
	released  map[string]snapd.StoreChannel // snap and channel → what the store has there
	renewed   map[string]bool               // snaps that this invocation has brought to the store's newest revision
	once      map[string]bool               // resources that this invocation does not touch again, whatever is observed
	refused   map[string]error              // what this invocation has asked for and need not ask for again
	failures  map[string]error              // resources that could not be brought about
	waiting   map[string]error              // those of them that this invocation has tried and that wait for somebody else
}

// Seen is what the facts of a round were read from. Resources look there first: until something is changed it is as good
// as asking again, and asking costs a hook that finds nothing to do most of its time.
type Seen struct {
	Units map[string]systemd.Unit
	// Snaps are the installed ones of SnapNames; nil: not asked.
	Snaps     map[string]snapd.Snap
	SnapNames []string
	// SnapdConf are the keys of snapd's own configuration among SnapdKeys that are set; nil: not asked.
	SnapdConf map[string]string
	SnapdKeys []string
}

// See notes what was read for the facts of this round.
func (s *System) See(seen Seen) { s.seen = seen }

// Prepare makes the system ready for one invocation.
func (s *System) Prepare() {
	s.Pending = map[string]map[string]string{}
	s.Restarts, s.changed, s.reloaded, s.tried = map[string]int{}, map[string]string{}, map[string]bool{}, map[string]bool{}
	s.once, s.refused = map[string]bool{}, map[string]error{}
	s.released, s.renewed = map[string]snapd.StoreChannel{}, map[string]bool{}
	s.failures, s.waiting, s.triedWith = map[string]error{}, map[string]error{}, map[string]map[string]string{}
}

func (s *System) noteChange(name, what string) {
	s.changed[name] = what
	delete(s.reloaded, name)
}

// retryAfter is how long hooks that come of themselves leave those outside alone who did not answer. update-status comes
// every five minutes.
const retryAfter = 4 * time.Minute

// Failure is what kept this invocation from bringing the first of some resources about; nil if all of them are there or were
// not tried.
func (s *System) Failure(ids ...string) error {
	for _, id := range ids {
		if err := s.failures[id]; err != nil {
			return err
		}
	}
	return nil
}

func (s *System) noteFailure(r Resource, err error) {
	s.failures[r.ID()] = err
	if condition.Of(err) != condition.Waiting {
		return
	}
	s.waiting[r.ID()] = err
	if _, outside := r.(Outsider); outside {
		s.State.Waits[r.ID()] = state.Wait{Since: s.Now().Unix(), Message: err.Error()}
	}
}

// recall takes up what an earlier hook waits for, where this one is not to ask again.
func (s *System) recall(r Resource) error {
	if err := s.waiting[r.ID()]; err != nil {
		return err
	}
	wait, waits := s.State.Waits[r.ID()]
	if !waits {
		return nil
	}
	age := s.Now().Sub(time.Unix(wait.Since, 0))
	if s.Patient && age >= 0 && age < retryAfter {
		return condition.NewWaiting(wait.Message)
	}
	delete(s.State.Waits, r.ID())
	return nil
}

func (s *System) unit(ctx context.Context, name string) (systemd.Unit, error) {
	if u, ok := s.seen.Units[name]; ok {
		return u, nil
	}
	units, err := s.Services.Units(ctx, name)
	if err != nil {
		return systemd.Unit{}, wrap("look at "+name, err)
	}
	return units[name], nil
}

// snap looks up an installed snap.
func (s *System) snap(ctx context.Context, name string) (have snapd.Snap, installed bool, err error) {
	if s.seen.Snaps != nil && slices.Contains(s.seen.SnapNames, name) {
		have, installed = s.seen.Snaps[name]
		return have, installed, nil
	}
	have, err = s.Snaps.Snap(ctx, name)
	if snapd.IsNotInstalled(err) {
		return have, false, nil
	}
	return have, err == nil, err
}

// Tried reports whether this invocation has started a unit, or tried to.
func (s *System) Tried(unit string) bool { return s.tried[unit] }
