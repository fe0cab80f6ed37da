package worker

import (
	"fmt"
	"slices"
	"strings"

	"kubernetes-worker/internal/condition"
	"kubernetes-worker/internal/kubelet"
	"kubernetes-worker/internal/kubeproxy"
	"kubernetes-worker/internal/options"
	"kubernetes-worker/internal/runtime"
)

// Status is a unit's workload status. The texts of the original charm are exact; users' tooling matches on them.
type Status struct {
	State   string // active, waiting, blocked or maintenance
	Message string
}

// The states of Juju.
const (
	active      = "active"
	waiting     = "waiting"
	blocked     = "blocked"
	Maintenance = "maintenance"
)

// StatusOf derives the status from the facts that were verified last and from what could not be brought about. The first
// that applies wins:
//
//  1. a bad option, because only a person can correct it
//  2. whatever else a person must act on
//  3. a missing control plane
//  4. what the machine waits for by itself: a store, a package mirror, a busy snapd
//  5. cluster DNS not announced yet
//  6. an upgrade that runs or needs the operator's word
//  7. a missing relation or missing data from one
//  8. a container runtime or services that do not run
//  9. a paused unit
//  10. a Node object that is not Ready, or an API server that does not answer
//  11. running
func StatusOf(f Facts, findings []error) Status {
	if f.Kernel.Rebooting {
		return Status{State: Maintenance, Message: "Rebooting the machine"}
	}
	for _, finding := range f.Findings {
		if finding.Severity == options.Blocked {
			return Status{blocked, finding.Message}
		}
	}
	if message, found := first(findings, condition.Blocked); found {
		return Status{blocked, message}
	}
	if status, refused := f.refusedLogin(); refused {
		return status
	}
	if !f.joined("kube-control") {
		return controlStatus(f)
	}
	if message, found := first(findings, condition.Waiting); found {
		return Status{waiting, message}
	}
	if !f.cloudSettled() {
		return f.cloudStatus()
	}
	switch {
	case !f.Cluster.DNSKnown:
		return Status{waiting, "Waiting for cluster DNS."}
	case f.UpgradePending() && f.MayUpgrade():
		return Status{waiting, "Upgrade pending"}
	case f.UpgradePending():
		return Status{blocked, "Needs manual upgrade, run the upgrade action"}
	}
	if missing := f.missingData(); missing != "" {
		return Status{waiting, missing}
	}
	if f.runtime().Keeper != runtime.Ours && !f.runtimeRuns() {
		return Status{waiting, "Container runtime not available. " + owesRuntime(f)}
	}
	if f.runtimeDown() {
		return Status{waiting, "Container runtime not available."}
	}
	if down := f.downServices(); len(down) > 0 {
		return Status{waiting, "Waiting for " + strings.Join(down, ",") + " to start."}
	}
	if f.Paused() {
		return Status{waiting, "Kubernetes unit paused"}
	}
	return nodeStatus(f)
}

// first gives the message of the first finding of a kind.
func first(findings []error, kind condition.Kind) (string, bool) {
	for _, err := range findings {
		if condition.Of(err) == kind {
			return err.Error(), true
		}
	}
	return "", false
}

// controlStatus tells a control plane that is on its way from one that nobody has related.
func controlStatus(f Facts) Status {
	if f.related("kube-control") || f.ControlExpected {
		return Status{waiting, "Waiting for kubernetes-master to become ready"}
	}
	return Status{blocked, fmt.Sprintf("Relate %s:kube-control kubernetes-master:kube-control", f.App)}
}

// missingData names the first relation that is not there or has not said what the node needs. A node that was configured
// before keeps running on what it heard last; the message says so.
func (f Facts) missingData() string {
	running := ""
	if len(f.downServices()) == 0 && f.Node.Exists {
		running = "; the node keeps running on its last configuration"
	}
	for _, endpoint := range []struct{ name, peers string }{
		{"certificates", "easyrsa or vault"}, {"kube-api-endpoint", "kubernetes-master"}, {"cni", "flannel, calico or another pod network"},
	} {
		if f.related(endpoint.name) || endpoint.name == "kube-api-endpoint" && len(f.Control.APIEndpoints) > 0 {
			continue
		}
		return fmt.Sprintf("Missing relation %s: relate %s:%s to %s%s", endpoint.name, f.App, endpoint.name, endpoint.peers, running)
	}
	for _, missing := range []struct {
		is   bool
		text string
	}{
		{len(f.Cluster.Servers) == 0, "Waiting for API servers: " + owesServers(f)},
		{!f.Creds.Complete() || !f.nameSettled(), "Waiting for credentials: " + owesCredentials(f)},
		{f.Cluster.Domain == "", "Waiting for the cluster's domain: " + owesDomain(f)},
		{!f.certificatesComplete(), "Waiting for certificates: " + owesCertificates(f)},
		{f.Cluster.CIDR == "", "Waiting for the pod network: " + owesNetwork(f)},
	} {
		if missing.is {
			return missing.text
		}
	}
	return ""
}

// runtimeDown reports whether the container runtime was installed and does not run.
func (f Facts) runtimeDown() bool {
	unit := f.Units[f.runtime().Unit]
	return unit.Exists && !unit.Running
}

// downServices names the daemons that do not run, kubelet first.
func (f Facts) downServices() []string {
	var down []string
	for _, s := range []struct{ name, unit string }{{"kubelet", KubeletUnit}, {"kube-proxy", KubeProxyUnit}} {
		if !f.Units[s.unit].Running {
			down = append(down, s.name)
		}
	}
	return down
}

// nodeStatus looks at the Node object: a unit is active only if the cluster sees a Ready node.
func nodeStatus(f Facts) Status {
	switch {
	case f.Node.Refused:
		return Status{waiting, fmt.Sprintf("Waiting for credentials that the API server accepts: %v", f.Node.Failure)}
	case f.Node.Failure != nil:
		return Status{waiting, fmt.Sprintf("Waiting for an API server to answer: %v", f.Node.Failure)}
	case !f.Node.Exists:
		return Status{waiting, "Waiting for node " + f.NodeName + " to register"}
	case !f.Node.Ready:
		return Status{waiting, "Waiting for node " + f.NodeName + " to be Ready: " + f.Node.Reason}
	}
	if owed := f.owesBridge(); owed != "" {
		return Status{waiting, "Waiting for the pod network's bridge: " + owed}
	}
	if status, waits := f.registryStatus(); waits {
		return status
	}
	if status, waits := f.nfsStatus(); waits {
		return status
	}
	return Status{active, "Kubernetes worker running."}
}

// Warnings are what the operator should know of settings that are in force.
func (f Facts) Warnings() []string {
	if f.KubeletVersion.IsZero() {
		return nil
	}
	node, _ := f.kubelet()
	proxy, _ := f.kubeProxy()
	warnings := append(node.Warnings, proxy.Warnings...)
	_, _, findings := f.Options.EffectiveProxy(f.ModelProxy)
	for _, finding := range findings {
		warnings = append(warnings, finding.Message)
	}
	return slices.Concat(warnings, f.runtimeWarnings(), f.originWarnings(), f.gpuWarnings(), f.registryWarnings(),
		f.monitoringWarnings(), f.bridgeWarnings(), f.kernelWarnings(), f.proxyWarnings(), f.nodeWarnings())
}

// FailedUnits are the node's daemons that were configured and do not run.
func (f Facts) FailedUnits() []string {
	if f.missingData() != "" {
		return nil
	}
	var failed []string
	for _, unit := range []string{f.runtime().Unit, KubeletUnit, KubeProxyUnit} {
		if f.Units[unit].Exists && !f.Units[unit].Running {
			failed = append(failed, unit)
		}
	}
	return failed
}

// RefusedOptions are options that are right in form and that the installed release does not take.
func (f Facts) RefusedOptions() []options.Option {
	if f.KubeletVersion.IsZero() {
		return nil
	}
	var refused []options.Option
	for _, p := range append(kubelet.Render(f.kubeletInput()).Problems, f.rejected()...) {
		refused = append(refused, options.Option(p.Option))
	}
	for _, p := range append(kubeproxy.Render(f.kubeProxyInput()).Problems, f.rejectedByProxy()...) {
		refused = append(refused, options.Option(p.Option))
	}
	if _, problem := f.dockerOpts(); problem != nil {
		refused = append(refused, options.DockerOpts)
	}
	return refused
}
