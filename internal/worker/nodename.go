package worker

import (
	"strings"

	"kubernetes-worker/internal/options"
)

// NodeName is the name under which this machine is a node: its host name, or on AWS its full name, in lower case. It is
// the only place that decides this; kubelet, kube-proxy, credentials and labels all use it.
func NodeName(o options.Options, hostname, fqdn string) string {
	name := hostname
	for _, a := range o.KubeletExtraArgs {
		if a.Key == "cloud-provider" && a.Value == "aws" && fqdn != "" {
			name = fqdn
		}
	}
	return strings.ToLower(name)
}

// Server is the API server that the node talks to.
func (f Facts) Server() string { return f.server() }
