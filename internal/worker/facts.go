package worker

import (
	"slices"
	"time"

	"kubernetes-worker/internal/kubeversion"
	"kubernetes-worker/internal/options"
	"kubernetes-worker/internal/relation"
	"kubernetes-worker/internal/relation/certificates"
	"kubernetes-worker/internal/relation/cni"
	"kubernetes-worker/internal/relation/containerruntime"
	"kubernetes-worker/internal/relation/dockerregistry"
	"kubernetes-worker/internal/relation/kubecontrol"
	"kubernetes-worker/internal/relation/mount"
	"kubernetes-worker/internal/relation/sdnplugin"
	"kubernetes-worker/internal/resource"
	"kubernetes-worker/internal/runtime"
	"kubernetes-worker/internal/secret"
	"kubernetes-worker/internal/state"
)

// Facts is all that handlers decide upon, read at the start of a round.
type Facts struct {
	// From Juju.
	Unit, App  string
	UnitNumber int
	Hook       string
	Options    options.Options
	LastGood   *options.Options // what is remembered of the options last in force; nil on a fresh unit
	Findings   []options.Finding
	ModelProxy options.Proxy // JUJU_CHARM_*_PROXY
	// SnapdModelProxy is the model's proxies for snapd: those of JUJU_CHARM_*, else the older ones of all processes.
	SnapdModelProxy  options.Proxy
	Leadership       Leadership
	AvailabilityZone string
	PublicAddress    string
	IngressAddresses []string // of kube-control's binding, the one to use first
	SecretsSupported bool     // this Juju has secret-get
	ModelUUID        string
	Relations        map[string][]relation.Relation
	Leaving          map[string]bool // relation ids that this unit must not write to any more
	Approval         Approval        // the operator ran the upgrade action
	ControlExpected  bool            // goal-state lists kube-control, so its units will come
	RuntimeExpected  bool            // the same of container-runtime; asked only before there is a runtime
	Dying            bool            // this unit is on its way out; asked only where AsksDying
	Members          []string        // units that the model has of the application; only where this unit leads and it is time to look

	// From relations, with what was heard last where a relation is away at present.
	Control  kubecontrol.Facts
	Cluster  state.Cluster // DNS, servers and pod network in force
	Creds    Credentials
	Certs    certificates.Facts
	CNI      cni.Facts
	Runtime  containerruntime.Facts // of another charm
	Registry dockerregistry.Facts
	NFS      mount.Facts
	SDN      sdnplugin.Facts
	Agent    AgentFact
	Cloud    CloudFact
	Problems []relation.Problem

	// LeavesPrivateAddress: this Juju does not put private-address into bags.
	LeavesPrivateAddress bool

	// From the machine.
	NodeName       string // in force
	MachineID      string // as /etc/machine-id has it
	WantedName     string // the one that it should have
	FormerNode     string // the one that it had, as long as the cluster may have a node of it
	Hostname, FQDN string
	Arch           string // as dpkg names it
	Container      bool
	CgroupVersion  int
	ResolvConfStub bool
	UbuntuUser     *User
	BeforeSnaps    []string          // files that a charm from before there were snaps has left
	SnapdPackage   bool              // snapd came with the machine or was installed
	Today          time.Time         // in the machine's time zone
	SnapdVersion   string            // tells one installation of snapd from another; it is not the version that it gives itself
	SnapdConf      map[string]string // keys of snapd's own configuration that are set, of those in SnapdKeys
	SnapdDropIn    bool              // the original charm's file about proxies is there, or snapd has not been started without it
	SnapdState     state.Snapd       // what was set in snapd
	Snaps          map[string]SnapFact
	KubeletVersion kubeversion.Version
	Rejected       map[string]string    // unit → why it ended when it was started with the present options
	KubeletPrinted string               // the version text, which is the application's version
	Place          runtime.Place        // that packages are installed on
	GPUAddress     string               // of a GPU of NVIDIA's on the PCI bus; looked for only where docker_runtime is auto
	Packages       runtime.Installed    // of container runtimes
	OwnLists       []string             // files by which this charm has named repositories to apt
	AptHTTPS       bool                 // apt can fetch from https:// addresses
	RuntimeReady   bool                 // this invocation has made sure that the wanted runtime can be installed
	Daemon         runtime.DaemonConfig // docker's own file of settings
	GPU            bool                 // the driver of the GPUs has answered, and containers get them
	GPUFailure     string               // why it did not answer in this invocation
	DockerOurs     bool                 // docker is there and set up by us
	Docker         string               // how far the node has gone from docker to containerd, see state.State
	PausedBefore   bool                 // an operator has paused the unit, as the state file has it
	Upgrade        state.Upgrade        // the one that has begun and has not come to its end
	UpgradeFailed  state.FailedUpgrade  // to what is wanted; it is not tried again by itself
	UpgradeStopped error                // another unit has failed with what is wanted; found out in this invocation
	Turn           bool                 // this unit may have its application's turn to upgrade
	Resources      map[string]ResourceFact
	Units          map[string]UnitFact
	Configured     bool          // the kubelet has been started with our configuration
	BridgeBefore   state.Bridge  // what docker's bridge was made with
	Kernel         KernelFact    // read only where enable-cgroups needs it
	RuntimeBefore  state.Runtime // what the kubelet was last configured to work with
	RuntimeSocket  bool          // the socket of a runtime that another charm keeps is there
	CNIConfWritten bool          // the pod network's subordinate has written the file that it names
	Kubeconfigs    Kubeconfigs
	SnapRecords    map[string]string // snap → fingerprint of the file it was installed from
	OldLabels      map[string]string // labels put on earlier

	ForerunnersNvidia bool // the charm's forerunner has installed NVIDIA's runtime

	// Of image registries.
	Logins              map[string]state.Login // that the machine has of ours, by registry
	DirectBefore        state.Direct           // addresses that the runtime was told to reach without a proxy
	InsecureBefore      string                 // the related registry that docker was told to use without TLS
	KubeletDockerConfig bool                   // there is a file that hides our logins from the kubelet

	// From the cluster.
	Node           NodeFact
	DeadNodesLeft  []string            // why nodes of units that are gone are still there
	ClusterVersion kubeversion.Version // of the API server; zero: not known, or nothing depends on it
	Objects        map[string]string   // what objects of ours are for → what was found or made, see resource.ObjectsThere
	CheckObjects   bool                // this hook looks whether somebody has changed them
}

// Credentials are the three tokens of this node and where they came from.
type Credentials struct {
	Kubelet, Proxy, Client secret.Value
	FromRelation           bool
}

// Complete reports whether all three are there.
func (c Credentials) Complete() bool {
	return !c.Kubelet.Empty() && !c.Proxy.Empty() && !c.Client.Empty()
}

// User is an account of the machine.
type User struct {
	UID, GID int
	Home     string
}

// SnapFact is an installed snap.
type SnapFact struct {
	Version, Revision string
	Channel           string // that it follows
	Local             bool   // installed from a file
	CohortKey         string // of the cohort that it follows
}

// ResourceFact is a charm resource. A resource that is not attached, or attached as an empty file, has no size.
type ResourceFact struct {
	Path        string
	Size        int64
	Fingerprint string
	Version     kubeversion.Version // of a snap with a Kubernetes program; zero where not known
	Problem     ResourceProblem
}

// ResourceProblem says why a resource could not be fetched.
type ResourceProblem int

const (
	// ResourceFine: it was fetched, perhaps as an empty file.
	ResourceFine ResourceProblem = iota
	// ResourceMissing: Juju has none, or could not hand it out.
	ResourceMissing
	// ResourceToolMissing: this Juju has no resources at all.
	ResourceToolMissing
)

// Attached reports whether there is a file to use.
func (r ResourceFact) Attached() bool { return r.Problem == ResourceFine && r.Size > 0 }

// UnitFact is a systemd unit.
type UnitFact struct {
	Exists  bool
	Running bool
	Young   bool   // it was started a moment ago
	Detail  string // why it does not run: state, result and exit code
}

// Kubeconfigs is what the node's kubeconfigs on the disk say, which is what runs now.
type Kubeconfigs struct {
	Server string // of the kubelet
}

// NodeFact is this machine's Node object.
type NodeFact struct {
	Asked   bool  // an API server was asked
	Failure error // no answer, or a refusal
	Refused bool  // an API server answered that it does not accept our token
	Exists  bool
	Ready   bool
	Reason  string // why it is not Ready
	// KubeletVersion is that of the kubelet that reported last.
	KubeletVersion kubeversion.Version
	Cordoned       bool   // no pods are placed on it
	Mark           string // the reason for a cordon of ours, see resource.PauseCordon and its like; empty: somebody else's, or none
	Labels         map[string]string
	Owner          resource.NodeOwner // whom it names
	MachineID      string             // of the machine whose kubelet reported last
	// Lost: an earlier hook saw the object, and now an API server says that it is not there.
	Lost bool
}

// certificatesComplete reports whether all that the node needs of the authority is there.
func (f Facts) certificatesComplete() bool {
	c := f.Certs
	return len(c.CA) > 0 && len(c.ServerCert) > 0 && !c.ServerKey.Empty() && len(c.ClientCert) > 0 && !c.ClientKey.Empty()
}

// related reports whether an endpoint has a relation, with or without units.
func (f Facts) related(endpoint string) bool { return len(f.Relations[endpoint]) > 0 }

// joined reports whether an endpoint has at least one remote unit.
func (f Facts) joined(endpoint string) bool {
	return slices.ContainsFunc(f.Relations[endpoint], func(r relation.Relation) bool { return len(r.Units) > 0 })
}

// remoteApps names the applications at the other end, for messages.
func (f Facts) remoteApp(endpoint, otherwise string) string {
	for _, r := range f.Relations[endpoint] {
		if r.App != "" {
			return r.App
		}
	}
	return otherwise
}

// ingressAddress is the address under which the node is reached by the control plane.
func (f Facts) ingressAddress() string {
	if len(f.IngressAddresses) > 0 {
		return f.IngressAddresses[0]
	}
	return f.PublicAddress
}
