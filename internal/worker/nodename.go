package worker

import (
	"cmp"
	"strings"

	"kubernetes-worker/internal/kubeversion"
	"kubernetes-worker/internal/relation/cloud"
	"kubernetes-worker/internal/resource"
)

// NodeName is the name under which this machine should be a node: its host name, or on AWS its full name, in lower case. It is
// the only place that decides this; kubelet, kube-proxy, credentials and labels all use it. The kubelet's own provider of AWS
// registers under the full name, and the one outside looks for that; where neither is, the host name does, unless the node has
// the full name before: a node that changes its name is another node.
func NodeName(f Facts, before string, installed kubeversion.Version) string {
	name, full := strings.ToLower(f.Hostname), strings.ToLower(cmp.Or(f.FQDN, f.Hostname))
	if f.Cloud.Name == "" {
		for _, a := range f.Options.KubeletExtraArgs {
			if a.Key == "cloud-provider" && a.Value == "aws" {
				return full
			}
		}
	}
	if f.vendor() != cloud.AWS {
		return name
	}
	if f.Cluster.XCP || before == full || installed.IsZero() || hasProvider(installed, cloud.AWS) {
		return full
	}
	return name
}

// nameSettled reports whether the name in force is the one that the node should have. Credentials are bound to a name, so
// that a node changes its name when it has those for the new one.
func (f Facts) nameSettled() bool { return f.WantedName == "" || f.WantedName == f.NodeName }

// formerNode removes the node that this machine was under another name. The pods on it do not run any more.
func formerNode() Handler {
	return Handler{Name: "former-node", When: []flag{NodeRegistered}, Declare: func(f Facts) ([]resource.Resource, error) {
		if f.FormerNode == "" {
			return nil, nil
		}
		return []resource.Resource{resource.FormerNode{Node: f.FormerNode}}, nil
	}}
}

// Server is the API server that the node talks to.
func (f Facts) Server() string { return f.server() }
