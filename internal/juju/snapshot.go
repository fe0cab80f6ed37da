package juju

import (
	"net/netip"

	"kubernetes-worker/internal/relation"
)

// Snapshot is what Juju said when the invocation began. It is not changed afterwards; treat it as read-only.
type Snapshot struct {
	// Config holds the options that have a value, by name: string, bool, int64 or float64.
	Config map[string]any
	// Relations of the endpoints asked for, sorted by endpoint and id in plain string order. A relation that is being
	// broken is absent; a unit that is departing or that may not be read is absent.
	Relations []relation.Relation
	// PublicAddress and PrivateAddress are empty while Juju does not know them.
	PublicAddress  string
	PrivateAddress string
	// Networks holds the addresses of the endpoints asked for; an endpoint that Juju has no network for is absent.
	Networks map[string]Network
}

// Network is one endpoint's addresses as network-get gives them, each list in Juju's order.
type Network struct {
	Ingress []string `json:"ingress,omitempty"` // addresses others reach this unit at
	Bind    []string `json:"bind,omitempty"`    // addresses of the unit's interfaces
	Egress  []string `json:"egress,omitempty"`  // subnets its traffic comes from
}

// Endpoint returns the relations of one endpoint, sorted by id.
func (s *Snapshot) Endpoint(name string) []relation.Relation {
	var found []relation.Relation
	for _, r := range s.Relations {
		if r.Endpoint == name {
			found = append(found, r)
		}
	}
	return found
}

// IngressAddress returns the address at which others reach this unit on an endpoint: Juju's ingress address, else that
// of the first interface, else the unit's private address. It may be empty.
func (s *Snapshot) IngressAddress(endpoint string) string {
	n := s.Networks[endpoint]
	for _, list := range [][]string{n.Ingress, n.Bind} {
		if len(list) > 0 {
			return firstOutsideFan(list)
		}
	}
	return s.PrivateAddress
}

// firstOutsideFan prefers the first address outside 240.0.0.0/4, which fan networks between containers use and which
// nothing outside the cloud reaches.
func firstOutsideFan(addresses []string) string {
	for _, a := range addresses {
		if ip, err := netip.ParseAddr(a); err != nil || !ip.Unmap().Is4() || ip.Unmap().As4()[0] < 240 {
			return a
		}
	}
	return addresses[0]
}
