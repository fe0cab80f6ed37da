package worker

import (
	"slices"

	"kubernetes-worker/internal/reactive"
	"kubernetes-worker/internal/relation/cloud"
	"kubernetes-worker/internal/state"
)

// The flags that gate handlers. All are computed; none is remembered.
const (
	SnapdReady        reactive.Flag = "snapd.ready"
	SnapsInstalled    reactive.Flag = "snaps.installed"
	VersionKnown      reactive.Flag = "kubelet.version-known"
	ControlJoined     reactive.Flag = "kube-control.joined"
	ServersKnown      reactive.Flag = "api-servers.known"
	CredentialsReady  reactive.Flag = "credentials.ready"
	DNSKnown          reactive.Flag = "dns.known"
	DomainKnown       reactive.Flag = "domain.known"
	CertificatesAsked reactive.Flag = "certificates.joined"
	CertificatesReady reactive.Flag = "certificates.ready"
	CAKnown           reactive.Flag = "certificates.ca-known"
	CNIJoined         reactive.Flag = "cni.joined"
	PodNetworkKnown   reactive.Flag = "cni.network-known"
	RuntimeRunning    reactive.Flag = "runtime.running"
	RuntimeJoined     reactive.Flag = "container-runtime.joined"
	DockerLeft        reactive.Flag = "docker.left"
	CloudRelated      reactive.Flag = "cloud.related"
	CloudAsks         reactive.Flag = "cloud.asks"
	CloudSettled      reactive.Flag = "cloud.settled"
	CloudFilesConcern reactive.Flag = "cloud.files"
	NameSettled       reactive.Flag = "node.name-settled"
	NodeRegistered    reactive.Flag = "node.registered"
	UnitPaused        reactive.Flag = "unit.paused"
)

// Rules lists the flags with who owes each.
func Rules() []Rule {
	owed := func(text string) func(Facts) string { return func(Facts) string { return text } }
	return []Rule{
		{Flag: SnapdReady, Holds: func(f Facts) bool { return f.SnapdPackage }, Owes: owed("the package snapd is not installed yet")},
		{Flag: SnapsInstalled, Holds: func(f Facts) bool { return len(f.missingSnaps()) == 0 }, Owes: owed("kubectl, kubelet and kube-proxy are not all installed yet")},
		{Flag: VersionKnown, Holds: func(f Facts) bool { return !f.KubeletVersion.IsZero() }, Owes: owed("kubelet is not installed yet")},
		{Flag: ControlJoined, Holds: func(f Facts) bool { return f.joined("kube-control") }, Owes: owed("no control plane is related, or none of its units is up")},
		{Flag: ServersKnown, Holds: func(f Facts) bool { return len(f.Cluster.Servers) > 0 }, Owes: owesServers},
		{Flag: CredentialsReady, Holds: func(f Facts) bool { return f.Creds.Complete() }, Owes: owesCredentials},
		{Flag: DNSKnown, Holds: func(f Facts) bool { return f.Cluster.DNSKnown }, Owes: owesDNS},
		{Flag: DomainKnown, Holds: func(f Facts) bool { return f.Cluster.Domain != "" }, Owes: owesDomain},
		{Flag: CertificatesAsked, Holds: func(f Facts) bool { return f.joined("certificates") }, Owes: owed("no certificate authority is related, or none of its units is up")},
		{Flag: CertificatesReady, Holds: func(f Facts) bool { return f.certificatesComplete() }, Owes: owesCertificates},
		{Flag: CAKnown, Holds: func(f Facts) bool { return len(f.Certs.CA) > 0 }, Owes: owesCertificates},
		{Flag: CNIJoined, Holds: func(f Facts) bool { return f.joined("cni") }, Owes: owed("no pod network is related")},
		{Flag: PodNetworkKnown, Holds: func(f Facts) bool { return f.Cluster.CIDR != "" }, Owes: owesNetwork},
		{Flag: RuntimeJoined, Holds: func(f Facts) bool { return f.joined("container-runtime") }, Owes: owed("no container runtime is related, which is well: the charm installs one itself")},
		{Flag: RuntimeRunning, Holds: Facts.runtimeRuns, Owes: owesRuntime},
		{Flag: DockerLeft, Holds: func(f Facts) bool { return f.runtime().Docker() || !f.DockerOurs || f.Docker == state.DockerKept }, Owes: owed("docker still has pods of the node")},
		{Flag: CloudRelated, Holds: func(f Facts) bool { return f.Cloud.Name != "" }, Owes: owed("no cloud is related, which is well on machines that are in none")},
		{Flag: CloudAsks, Holds: func(f Facts) bool { name, _ := cloud.Asked(f.Relations); return name != "" }, Owes: owed("no integrator wants to know which machine this is")},
		{Flag: CloudSettled, Holds: Facts.cloudSettled, Owes: owesCloud},
		{Flag: CloudFilesConcern, Holds: func(f Facts) bool { return len(f.Cloud.Files) > 0 || f.inTree() }, Owes: owed("no cloud needs files on this machine")},
		{Flag: NameSettled, Holds: Facts.nameSettled, Owes: owesCredentials},
		{Flag: NodeRegistered, Holds: func(f Facts) bool { return f.Node.Exists }, Owes: owed("kubelet has not registered the node yet, or no API server answers")},
		{Flag: UnitPaused, Holds: Facts.Paused, Owes: owed("nobody has paused the unit, which is well")},
	}
}

func owesServers(f Facts) string {
	if problem := f.problem("kube-api-endpoint"); problem != "" {
		return problem
	}
	return "no API server is known: " + f.remoteApp("kube-api-endpoint", f.remoteApp("kube-control", "a control plane")) + " has sent none"
}

func owesCredentials(f Facts) string {
	if problem := f.problem("kube-control", "creds", "kubelet-token", "proxy-token", "client-token"); problem != "" {
		return problem
	}
	return f.remoteApp("kube-control", "the control plane") + " has not sent tokens for " + f.nodeUser()
}

func owesDNS(f Facts) string {
	return f.remoteApp("kube-control", "the control plane") + " has not said whether it runs cluster DNS"
}

func owesDomain(f Facts) string {
	if problem := f.problem("kube-control", "domain"); problem != "" {
		return problem
	}
	return f.remoteApp("kube-control", "the control plane") + " has not sent it"
}

func owesCertificates(f Facts) string {
	if problem := f.problem("certificates"); problem != "" {
		return problem
	}
	return f.remoteApp("certificates", "a certificate authority") + " has not sent CA, server and client certificate"
}

func owesNetwork(f Facts) string {
	if problem := f.problem("cni", "cidr"); problem != "" {
		return problem
	}
	return f.remoteApp("cni", "a pod network") + " has not sent its cidr"
}

// problem is the first thing that an endpoint's peer sent and that cannot be used, under one of the keys if some are named.
func (f Facts) problem(endpoint string, keys ...string) string {
	for _, p := range f.Problems {
		if p.Endpoint == endpoint && (len(keys) == 0 || slices.Contains(keys, p.Key)) {
			return p.Error()
		}
	}
	return ""
}
