// Package sdnplugin owns the sdn-plugin interface: a pod network from before CNI beside the worker says which addresses
// the bridge of docker has to give to containers. It turns bags into checked facts; nothing is written to the other end.
package sdnplugin

import (
	"cmp"
	"net/netip"
	"strconv"
	"strings"

	"kubernetes-worker/internal/relation"
)

// Facts is what the plugin says. All of it comes from one unit, so that it belongs together.
type Facts struct {
	Joined bool   // a remote unit is there
	App    string // application of the plugin in force, or of the first that is there; empty when none is
	Subnet string // address and length of the bridge, in one spelling; empty: not said yet, or nothing usable
	MTU    int    // of the bridge in bytes
	CIDR   string // network of all pods
	// Missing are the keys that the first unit has not sent, where no unit has sent all.
	Missing []string
}

// Decode reads the first unit, in the order of relation-list, that says everything in a usable form.
func Decode(rels []relation.Relation) (Facts, []relation.Problem) {
	var problems relation.Problems
	var f Facts
	for _, rel := range rels {
		for _, unit := range rel.Units {
			app, _, _ := strings.Cut(unit.Name, "/")
			app = cmp.Or(rel.App, app)
			said := decodeUnit(rel.Endpoint, unit, &problems)
			said.Joined, said.App = true, app
			if !f.Joined || said.Subnet != "" && f.Subnet == "" {
				f = said
			}
		}
	}
	return f, problems.All()
}

func decodeUnit(endpoint string, unit relation.Unit, problems *relation.Problems) Facts {
	one := []relation.Relation{{Endpoint: endpoint, Units: []relation.Unit{unit}}}
	subnet, hasSubnet := relation.First(one, "subnet", problems, decodeBridge)
	mtu, hasMTU := relation.First(one, "mtu", problems, decodeMTU)
	cidr, hasCIDR := relation.First(one, "cidr", problems, decodePrefix)
	if hasSubnet && hasMTU && hasCIDR {
		return Facts{Subnet: subnet, MTU: mtu, CIDR: cidr}
	}
	var missing []string
	for _, key := range []string{"cidr", "mtu", "subnet"} {
		if strings.TrimSpace(unit.Data[key]) == "" {
			missing = append(missing, key)
		}
	}
	return Facts{Missing: missing}
}

// decodeBridge checks an address for docker's --bip: of a machine, with the length of its network, in IPv4. docker ends at
// once with anything else.
func decodeBridge(text string) (prefix string, ok bool, reason string) {
	prefix, ok, reason = decodePrefix(text)
	if !ok {
		return "", false, reason
	}
	if p := netip.MustParsePrefix(prefix); !p.Addr().Is4() || p.Bits() > 30 || p.Addr() == p.Masked().Addr() {
		return "", false, "is not the IPv4 address of a machine with the length of its network"
	}
	return prefix, true, ""
}

// decodePrefix checks an address with the length of its network.
func decodePrefix(text string) (prefix string, ok bool, reason string) {
	p, err := netip.ParsePrefix(strings.TrimSpace(text))
	if err != nil || p.Addr().Zone() != "" || p.Addr().IsUnspecified() || p.Bits() == 0 {
		return "", false, "is not an address with the length of its network"
	}
	return p.String(), true, ""
}

// decodeMTU checks a size between what IPv4 asks of every link and the longest packet.
func decodeMTU(text string) (mtu int, ok bool, reason string) {
	text = strings.TrimSpace(text)
	mtu, err := strconv.Atoi(text)
	if err != nil || strings.Trim(text, "0123456789") != "" || mtu < 68 || mtu > 65535 {
		return 0, false, "is not a number from 68 to 65535"
	}
	return mtu, true, ""
}
