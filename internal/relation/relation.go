// Package relation owns the words shared by all relation protocols: bags, units, what is wrong with them, and the two
// encodings of values. It never talks to Juju; the packages below it turn one interface's wire form into facts and back.
package relation

import "strings"

// Bag is one unit's data in one relation, as Juju carries it: every value is a string.
type Bag map[string]string

// Unit is a remote unit with its bag.
type Unit struct {
	Name string
	Data Bag
}

// Relation is one relation as this unit sees it. Units are in the order of relation-list.
type Relation struct {
	ID       string // kube-control:3
	Endpoint string // kube-control
	App      string // remote application; may be empty when no unit is left
	Units    []Unit
	Own      Bag // this unit's bag, Juju's own keys included
}

// Problem is something unusable that a peer sent. It names the place and the reason, and never holds the value, which
// may be secret.
type Problem struct {
	Endpoint string
	Unit     string
	Key      string
	Reason   string
}

// Error says where the problem is and what it is.
func (p Problem) Error() string {
	var b strings.Builder
	b.WriteString("cannot use " + p.Endpoint + " data")
	if p.Unit != "" {
		b.WriteString(" of " + p.Unit)
	}
	if p.Key != "" {
		b.WriteString(`, key "` + p.Key + `"`)
	}
	return b.String() + ": " + p.Reason
}

// JujuKeys are the keys that Juju itself puts into every unit's bag. They are never ours to write.
var JujuKeys = [...]string{"private-address", "ingress-address", "egress-subnets"}
