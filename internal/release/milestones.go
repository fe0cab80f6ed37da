package release

import "kubernetes-worker/internal/kubeversion"

// Feature is something that all releases from one to another have and that changes what the charm does.
type Feature int

// The features, in the order of the releases that brought or ended them.
const (
	// GPUWithoutPrivilege: a pod gets a GPU from a device plugin, its container need not be privileged.
	GPUWithoutPrivilege Feature = iota
	// ConfigFile: the kubelet reads a configuration file.
	ConfigFile
	// DynamicConfig: the kubelet starts with dynamic-config-dir. Two more releases have the flag and end where they meet it,
	// unless a feature gate allows it, so nobody should pass it.
	DynamicConfig
	// AzureNodes: a node in Azure can be one of the integration's cluster.
	AzureNodes
	// VSphereNodes: the same in vSphere.
	VSphereNodes
	// SharesIPC: the kubelet tells docker that the containers of a pod join the IPC namespace of its first one. Without that
	// no pod starts with a docker from 20.10 on.
	SharesIPC
	// AllowPrivileged: the kubelet itself decides whether pods may have privileged containers.
	AllowPrivileged
	// PerKeyArguments: snaps take each argument of their daemon as an option of its own. Those of later releases take
	// the whole text in one.
	PerKeyArguments
	// ServerSideApply: the API server keeps who set which field, of all objects, and merges what is applied. 1.16 and 1.17
	// have a first form of it, which knows nothing of who wrote an object before the first time that it is applied.
	ServerSideApply
	// DualStackNodeIP: node-ip takes an address of each family.
	DualStackNodeIP
	// DualStack: two address families are used without DualStackGate.
	DualStack
	// SelfLinks: objects name their own URL, which the older provisioner of NFS volumes reads.
	SelfLinks
	// RelatedRuntime: the kubelet is given to a runtime behind the CRI where the container-runtime relation brings one.
	RelatedRuntime
	// CgroupV2: the kubelet runs on a machine with the unified hierarchy of control groups, with systemd as the driver.
	CgroupV2
	// Dockershim: the kubelet speaks to docker by itself.
	Dockershim
	// EndpointFlag: the runtime's socket can only be given as a flag; later it has a field in the configuration.
	EndpointFlag
	// ProvidersEnabled: the kubelet starts with a cloud provider that it has inside, without a feature gate that allows it.
	ProvidersEnabled
	// CgroupV1: the kubelet starts on a machine with the old hierarchies of control groups without being told so by the
	// field failCgroupV1.
	CgroupV1
)

// milestones say which minor releases have a feature: since the first, up to but without the second; zero is no bound.
// Where the earlier one is a release before the table, it is from the release notes (specification, lifecycle 18).
var milestones = [...]struct{ since, gone int }{
	GPUWithoutPrivilege: {since: 9},
	ConfigFile:          {since: 10},
	DynamicConfig:       {since: 11, gone: 22},
	AzureNodes:          {since: 11},
	VSphereNodes:        {since: 12},
	SharesIPC:           {since: 14},
	AllowPrivileged:     {gone: 15},
	PerKeyArguments:     {gone: 15},
	ServerSideApply:     {since: 18},
	DualStackNodeIP:     {since: 20},
	DualStack:           {since: 21},
	SelfLinks:           {gone: 20},
	RelatedRuntime:      {since: 20},
	CgroupV2:            {since: 22},
	Dockershim:          {gone: 24},
	EndpointFlag:        {gone: 27},
	ProvidersEnabled:    {gone: 29},
	CgroupV1:            {gone: 35},
}

// DualStackGate is the feature gate that releases before DualStack ask for where there are two address families.
const DualStackGate = "IPv6DualStack"

// Has reports whether a release has a feature.
func Has(v kubeversion.Version, f Feature) bool {
	m := milestones[f]
	return v.AtLeast(1, m.since) && (m.gone == 0 || !v.AtLeast(1, m.gone))
}

// Began tells the first minor release that has a feature; zero where all earlier ones have it.
func Began(f Feature) int { return milestones[f].since }

// Ended tells the minor release that no longer has a feature; zero where all later ones have it.
func Ended(f Feature) int { return milestones[f].gone }

// Last is the last release with a feature that has ended.
func Last(f Feature) kubeversion.Version {
	return kubeversion.Version{Major: 1, Minor: milestones[f].gone - 1}
}

// RunsOn reports whether a release's kubelet runs by default on a machine with version 1 or 2 of control groups; where
// the version is not known, 0, it is taken for one that fits. A kubelet after LastOn(1) runs with version 1 nevertheless
// where its configuration says failCgroupV1: false.
func RunsOn(v kubeversion.Version, cgroup int) bool {
	switch cgroup {
	case 1:
		return Has(v, CgroupV1)
	case 2:
		return Has(v, CgroupV2)
	default:
		return true
	}
}

// FirstOn tells the first minor release, within what the snaps offer, whose kubelet runs by default on a machine with
// that version of control groups.
func FirstOn(cgroup int) int {
	if cgroup == 2 {
		return milestones[CgroupV2].since
	}
	return Oldest
}

// LastOn tells the last minor release whose kubelet runs by default on a machine with that version of control groups;
// zero where no end is known.
func LastOn(cgroup int) int {
	if cgroup == 1 {
		return milestones[CgroupV1].gone - 1
	}
	return 0
}
