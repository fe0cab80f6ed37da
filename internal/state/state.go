// Package state owns the file in which the charm keeps, between hooks, what it cannot observe: which inputs a service
// was last started with, which resource files were unpacked, what was last told to Juju. It holds no secrets: an input
// is kept as a fingerprint.
//
// The file may be ahead of Juju (the flush after a hook can fail) and may be lost; everything in it can be derived
// again, at the worst by doing something once more.
package state

import (
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"

	"kubernetes-worker/internal/juju"
	"kubernetes-worker/internal/relation/cloud"
)

// Version is the version of the file's form. A file of a later version is not touched.
const Version = 1

// State is the content of the file.
type State struct {
	Version int `json:"version"`
	// Services: unit name → input name → fingerprint the unit was last started with.
	Services map[string]map[string]string `json:"services,omitempty"`
	// Resources: resource name → the file it was last seen as.
	Resources map[string]ResourceFile `json:"resources,omitempty"`
	// Snaps: snap name → fingerprint of the resource file it was installed from; absent for snaps from the store.
	Snaps map[string]string `json:"snaps,omitempty"`
	// SnapKeys: snap name → configuration keys that the charm has set and has not removed yet.
	SnapKeys map[string][]string `json:"snap-keys,omitempty"`
	// Archives: archive name → fingerprint of the archive that was unpacked.
	Archives map[string]string `json:"archives,omitempty"`
	// Versions: program → the version it printed, with the snap revision it was asked at.
	Versions map[string]ProgramVersion `json:"versions,omitempty"`
	// Labels are the node labels that the charm has put on.
	Labels map[string]string `json:"labels,omitempty"`
	// Objects: what objects in the cluster are for → fingerprint of those that were found or made as wanted.
	Objects map[string]string `json:"objects,omitempty"`
	// ObjectsChecked is when the cluster was last asked for its release and whether somebody changed them, in Unix seconds.
	ObjectsChecked int64 `json:"objects-checked,omitempty"`
	// ClusterVersion is the release of the API server, as it said then.
	ClusterVersion string `json:"cluster-version,omitempty"`
	// Ports is what Juju was last told of the ingress controller's ports.
	Ports Ports `json:"ports"`
	// GoodOptions: option → the last value that was valid and in force.
	GoodOptions map[string]any `json:"good-options,omitempty"`
	// NodeName is the name under which this machine registers, with the credentials asked for it.
	NodeName string `json:"node-name,omitempty"`
	// FormerNode is the name that it had before, as long as the cluster has a node of it.
	FormerNode string `json:"former-node,omitempty"`
	// NodeSeen: the last time an API server answered, it had this machine's Node object.
	NodeSeen bool `json:"node-seen,omitempty"`
	// Cluster is what the relations last said of the cluster, so that the node stays manageable while one is away.
	Cluster Cluster `json:"cluster"`
	// Runtime is what the kubelet was last configured to work with.
	Runtime Runtime `json:"runtime"`
	// Rejected are the options with which a kubelet ended at once, and why it did.
	Rejected Rejection `json:"rejected"`
	// RejectedBy is the same of other units.
	RejectedBy map[string]Rejection `json:"rejected-by,omitempty"`
	// Upgrade is the change of the node's snaps that has begun and has not come to its end.
	Upgrade Upgrade `json:"upgrade"`
	// FailedUpgrade is the upgrade that did not succeed.
	FailedUpgrade FailedUpgrade `json:"failed-upgrade"`
	// Turn: this unit may have the application's turn to upgrade.
	Turn bool `json:"turn,omitempty"`
	// Machine is what the machine's cloud calls it, as long as that cloud's integrator is related.
	Machine cloud.Instance `json:"machine"`
	// Paused: an operator has taken the unit out of service; the mark on the node says the same, where its cordon is ours.
	Paused bool `json:"paused,omitempty"`
	// Waits: resource → who outside the machine did not answer, and since when.
	Waits map[string]Wait `json:"waits,omitempty"`
	// Logins: registry → the login there that the charm has written; never what it says.
	Logins map[string]Login `json:"logins,omitempty"`
	// InsecureRegistry is the related registry that docker was told to use without TLS.
	InsecureRegistry string `json:"insecure-registry,omitempty"`
	// Direct are the cluster's addresses that the runtime was told to reach without a proxy.
	Direct Direct `json:"direct"`
	// GPU: the driver of the machine's GPUs has answered, and containers get them.
	GPU bool `json:"gpu,omitempty"`
	// Members are the users that were put into groups, once.
	Members []string `json:"members,omitempty"`
	// Docker is how far the node has gone from docker to containerd.
	Docker string `json:"docker,omitempty"`
	// Snapd is what was set in the snap daemon.
	Snapd Snapd `json:"snapd"`
	// Checks is what was given to a monitoring agent.
	Checks Checks `json:"checks"`
	// Bridge is what the bridge of docker was made with, for a pod network from before CNI.
	Bridge Bridge `json:"bridge"`
	// Kernel is what was done for arguments of the kernel.
	Kernel Kernel `json:"kernel"`
	// Sweep is what the leader knows of nodes whose units are gone.
	Sweep Sweep `json:"sweep"`
	// Stopped: the stop hook has taken the unit out of the cluster.
	Stopped bool `json:"stopped,omitempty"`
	// Forerunner is what the charm before has left to do.
	Forerunner Forerunner `json:"forerunner"`
	// Warned: warnings already logged, so that each is logged once until it changes.
	Warned map[string]bool `json:"warned,omitempty"`
	// Juju is what the Juju side wants remembered.
	Juju juju.Remembered `json:"juju"`
}

// Ports are open or closed.
type Ports struct {
	Said bool `json:"said,omitempty"` // Juju was told
	Open bool `json:"open,omitempty"`
	Sure bool `json:"sure,omitempty"` // and has taken it
}

// Login is what is known of a login at a registry.
type Login struct {
	From    string `json:"from"`              // option or endpoint that it came from
	Trouble string `json:"trouble,omitempty"` // empty: it is good
	Reason  string `json:"reason,omitempty"`
	Way     string `json:"way,omitempty"` // fingerprint of how the registry was asked that gave trouble
}

// Values of Login.Trouble.
const (
	LoginDue     = "due"     // the registry has not been asked yet
	LoginRefused = "refused" // the registry does not know it
	LoginPlain   = "plain"   // the registry has no TLS, where it should have
	LoginUntried = "untried" // the registry could not be asked
)

// Values of Docker. Empty: it is the runtime, or was never there.
const (
	DockerLeft = "left" // it has nothing of the node's pods any more and can stop
	DockerKept = "kept" // as DockerLeft, but somebody else uses it, too
)

// Cluster is what a worker needs to know of its cluster and is no secret.
type Cluster struct {
	Servers    []string `json:"servers,omitempty"`
	Domain     string   `json:"domain,omitempty"`
	DNSKnown   bool     `json:"dns-known,omitempty"`
	DNSEnabled bool     `json:"dns-enabled,omitempty"`
	DNS        []string `json:"dns,omitempty"`
	CIDR       string   `json:"cidr,omitempty"`
	Registry   string   `json:"registry,omitempty"`
	Tag        string   `json:"tag,omitempty"`            // of what belongs to it in clouds
	XCP        bool     `json:"external-cloud,omitempty"` // a cloud provider outside of the kubelets
}

// Runtime is a container runtime.
type Runtime struct {
	Kind   string `json:"kind,omitempty"`   // docker or remote; empty: none yet
	Socket string `json:"socket,omitempty"` // of one that another charm keeps; empty: ours
}

// The kinds of runtimes, in the words of the container-runtime relation.
const (
	RuntimeDocker = "docker"
	RuntimeRemote = "remote" // behind the CRI, as containerd is
)

// ResourceFile is a charm resource as it was last fetched. Size and ModTime tell cheaply that it is still the same file.
type ResourceFile struct {
	Path        string `json:"path"`
	Size        int64  `json:"size"`
	ModTime     int64  `json:"mod-time"` // nanoseconds since 1970
	Fingerprint string `json:"fingerprint"`
	Version     string `json:"version,omitempty"` // that a snap says it has; UnknownVersion where it cannot be read
	Problem     int    `json:"problem,omitempty"` // why there is no file; 0: there is one
}

// UnknownVersion stands for the version of a snap that does not tell.
const UnknownVersion = "unknown"

// ProgramVersion is what a program said of its version.
type ProgramVersion struct {
	Revision string `json:"revision"`
	Text     string `json:"text"`
}

// Rejection is what a daemon would not live with.
type Rejection struct {
	Options string `json:"options,omitempty"` // fingerprint
	Reason  string `json:"reason,omitempty"`
}

// Failure is what was wanted in vain.
type Failure struct {
	Wanted string `json:"wanted,omitempty"` // fingerprint
	Reason string `json:"reason,omitempty"`
}

// Direct is what the charm has added to a list of hosts that are reached without a proxy.
type Direct struct {
	Beside    string   `json:"beside,omitempty"` // the list that it was added to
	Addresses []string `json:"addresses,omitempty"`
}

// Wait is something that was asked for in vain.
type Wait struct {
	Since   int64  `json:"since"` // seconds since 1970
	Message string `json:"message"`
}

// Store reads and writes whole files below the host's root.
type Store interface {
	ReadFile(path string) ([]byte, error)
	WriteFile(path string, content []byte) error
}

// File is the state file of one unit.
type File struct {
	State
	path  string
	store Store
	saved []byte
}

// Load reads the state file. A missing file gives an empty state; one that is damaged gives an empty state and the
// reason, since everything in it can be derived again; one of a later version is an error.
func Load(store Store, path string) (*File, error) {
	f := &File{path: path, store: store}
	f.State = empty()
	content, err := store.ReadFile(path)
	if errors.Is(err, fs.ErrNotExist) {
		return f, nil
	}
	if err != nil {
		return nil, fmt.Errorf("cannot read state: %w", err)
	}
	loaded := empty()
	damage := json.Unmarshal(content, &loaded)
	if damage != nil {
		loaded.Version = versionOf(content) // a later version may have another form
	}
	if version := loaded.Version; version > Version {
		return nil, fmt.Errorf("cannot use state %s: it is of version %d, made by a later charm, and this charm knows up to %d; "+
			"refresh the charm to that revision, or remove the file to have it derived again", path, version, Version)
	}
	if damage != nil {
		return f, Damaged{path, damage}
	}
	loaded.Version = Version
	loaded.fill()
	f.State, f.saved = loaded, content
	return f, nil
}

// versionOf reads the version alone; 0 where there is none.
func versionOf(content []byte) int {
	var form struct {
		Version int `json:"version"`
	}
	if json.Unmarshal(content, &form) != nil {
		return 0
	}
	return form.Version
}

// Damaged says that the state file could not be understood; work goes on without it.
type Damaged struct {
	Path   string
	Reason error
}

// Error says which file and why.
func (d Damaged) Error() string {
	return fmt.Sprintf("cannot understand state %s, deriving it again: %v", d.Path, d.Reason)
}

func empty() State {
	s := State{Version: Version}
	s.fill()
	return s
}

// fill makes the maps that a file of null values, or of an earlier charm, does not have.
func (s *State) fill() {
	ensure(&s.Services)
	ensure(&s.Resources)
	ensure(&s.Snaps)
	ensure(&s.SnapKeys)
	ensure(&s.Archives)
	ensure(&s.Versions)
	ensure(&s.Labels)
	ensure(&s.Objects)
	ensure(&s.GoodOptions)
	ensure(&s.Warned)
	ensure(&s.Waits)
	ensure(&s.Snapd.Keys)
	ensure(&s.Snapd.Refused)
	ensure(&s.Logins)
}

func ensure[M ~map[K]V, K comparable, V any](m *M) {
	if *m == nil {
		*m = M{}
	}
}

// Save writes the file if its content differs from what was read or written last.
func (f *File) Save() error {
	content, err := json.MarshalIndent(f.State, "", " ")
	if err != nil {
		return fmt.Errorf("cannot encode state: %w", err)
	}
	content = append(content, '\n')
	if bytes.Equal(content, f.saved) {
		return nil
	}
	if err := f.store.WriteFile(f.path, content); err != nil {
		return fmt.Errorf("cannot save state: %w", err)
	}
	f.saved = content
	return nil
}

// Fingerprint is how content is remembered: it tells sameness and gives nothing away of what is long enough to be secret.
func Fingerprint(content []byte) string {
	sum := sha256.Sum256(content)
	return hex.EncodeToString(sum[:16])
}
