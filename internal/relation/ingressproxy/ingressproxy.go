// Package ingressproxy owns the worker's end of the http interface: where a load balancer finds the ingress controller of
// this node. Nothing is read from the other end.
package ingressproxy

import (
	"strconv"

	"kubernetes-worker/internal/relation"
)

// Encode gives the keys to publish for an address and port. Load balancers read private-address, too; whole says that Juju
// leaves that key to the charm, as its newer releases do.
func Encode(address string, port int, whole bool) relation.Bag {
	bag := relation.Bag{"hostname": address, "port": strconv.Itoa(port)}
	if whole {
		bag["private-address"] = address
	}
	return bag
}
