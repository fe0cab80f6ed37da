// Package kubecontrol owns the kube-control interface: what a worker asks of the control plane, and what the control
// plane of either generation answers. It turns bags into facts and back, and never talks to Juju or to the cluster.
package kubecontrol

import (
	"strings"

	"kubernetes-worker/internal/relation"
)

// Request is what this unit asks of the control plane.
type Request struct {
	User    string // system:node:<node name, lower case>
	Group   string // system:nodes
	GPU     bool
	Schemas []int // of credentials that we understand: 0 tokens inline, 1 Juju secrets; none leaves the key out
}

// Encode gives the keys to publish, the same for both generations of control planes.
func (r Request) Encode() relation.Bag {
	bag := relation.Bag{"kubelet_user": r.User, "auth_group": r.Group, "gpu": "False"}
	if r.GPU {
		// The control plane compares with exactly this spelling.
		bag["gpu"] = "True"
	}
	if len(r.Schemas) > 0 {
		// A list of integers always encodes.
		bag["schema_vers"], _ = relation.EncodeJSON(r.Schemas)
	}
	return bag
}

// token reports why a text cannot be a bearer token: it is sent in an HTTP header and written into files by line, so
// that anything but visible ASCII would end it early or smuggle something in.
func token(text string) (reason string) {
	const longest = 16 << 10 // servers bound their headers; real tokens are below 2 KiB
	if len(text) > longest {
		return "is too long for a token"
	}
	if strings.ContainsFunc(text, func(r rune) bool { return r <= 0x20 || r >= 0x7f }) {
		return "has characters that no token has"
	}
	return ""
}
