// Package companion owns the other ends of a worker's relations, as the simulated Juju plays them: a control plane, a
// certificate authority, a network plugin, a load balancer. Each looks at its relations and says what its bags hold;
// none runs hooks, and none keeps what it could work out again, except keys, certificates and tokens.
package companion

import (
	"context"
	"fmt"
	"maps"
	"slices"
	"strings"
)

// Companion is one kind of charm at the other end.
type Companion interface {
	// Subordinate tells that its units live beside those of a principal.
	Subordinate() bool
	// Options are the options' names with their defaults.
	Options() map[string]string
	// Endpoints are the relations it offers; the options may decide.
	Endpoints(options map[string]string) []Endpoint
	// Reconcile answers the state of the model. It is called often and changes only what is not so yet.
	Reconcile(ctx context.Context, world World) (Outcome, error)
}

// Endpoint is one end of possible relations.
type Endpoint struct {
	Name, Interface, Role string
	Container             bool
}

// The roles of an endpoint, in the words of metadata.yaml's reader.
const (
	Provider = "provider"
	Requirer = "requirer"
)

// World is what a companion sees.
type World struct {
	App        string
	Options    map[string]string // every option has a value
	HasSecrets bool
	StateDir   string // for what must be kept; made by who needs it
	Units      []Unit
	Relations  []Relation
	// SecretURI is the URI that the application's secret of that label has or will have.
	SecretURI func(label string) string
}

// Unit is one of the companion's own units.
type Unit struct {
	Name    string
	Number  int
	Address string
	Root    string // of its machine, as seen from here; subordinates only
	Leader  bool
	Dying   bool
}

// Relation is one of the companion's relations. Peers are the remote units that each own unit sees.
type Relation struct {
	ID        int
	Endpoint  string
	RemoteApp string
	Peers     map[string][]Peer
}

// All returns the remote units that any own unit sees, in order.
func (r Relation) All() []Peer {
	seen := map[string]Peer{}
	for _, peers := range r.Peers {
		for _, peer := range peers {
			seen[peer.Name] = peer
		}
	}
	var all []Peer
	for _, name := range slices.Sorted(maps.Keys(seen)) {
		all = append(all, seen[name])
	}
	return all
}

// Peer is a remote unit with its bag.
type Peer struct {
	Name string
	Data map[string]string
}

// Outcome is what the model shall hold after a Reconcile.
type Outcome struct {
	// Bags holds, by relation and own unit, all keys of that unit's bag.
	Bags    map[int]map[string]map[string]string
	Secrets []Secret
	Message string // status
}

// Secret is a Juju secret that the companion owns.
type Secret struct {
	Label   string
	Content map[string]string
	Units   []string // who may read it
}

// put merges keys into the bag of a unit.
func (o *Outcome) put(relation int, unit string, values map[string]string) {
	if o.Bags == nil {
		o.Bags = map[int]map[string]map[string]string{}
	}
	if o.Bags[relation] == nil {
		o.Bags[relation] = map[string]map[string]string{}
	}
	if o.Bags[relation][unit] == nil {
		o.Bags[relation][unit] = map[string]string{}
	}
	for key, value := range values {
		if value != "" {
			o.Bags[relation][unit][key] = value
		}
	}
}

func kinds() map[string]Companion {
	return map[string]Companion{
		"kubernetes-control-plane": controlPlane{},
		"kubernetes-master":        controlPlane{},
		"easyrsa":                  authority{},
		"containerd":               containerRuntime{},
		"docker":                   containerRuntime{docker: true},
		"docker-registry":          imageRegistry{},
		"dockerhost-user":          dockerHostUser{},
		"flannel":                  network{},
		"flannel-sdn":              oldNetwork{},
		"haproxy":                  ingressProxy{},
		"nrpe":                     monitoringAgent{},
		"nfs":                      nfsServer{},
		"aws-integrator":           integrator{"aws"},
		"azure-integrator":         integrator{"azure"},
		"gcp-integrator":           integrator{"gcp"},
		"openstack-integrator":     integrator{"openstack"},
		"vsphere-integrator":       integrator{"vsphere"},
		"kubeapi-load-balancer":    loadBalancer{},
		"stand-in":                 standIn{},
		"stand-in-subordinate":     standIn{subordinate: true},
	}
}

// Lookup finds a companion by its kind.
func Lookup(kind string) (Companion, error) {
	if found, ok := kinds()[kind]; ok {
		return found, nil
	}
	return nil, fmt.Errorf("cannot find companion %q: there are %s", kind, strings.Join(Kinds(), ", "))
}

// Kinds lists the companions there are, sorted.
func Kinds() []string { return slices.Sorted(maps.Keys(kinds())) }

// wire is the generation of a relation's protocol: old (2018), new (today) or both at once.
type wire string

func (w wire) old() bool { return w != "new" }
func (w wire) new() bool { return w != "old" }

func wireOf(options map[string]string) (wire, error) {
	switch options["wire"] {
	case "old", "new", "both":
		return wire(options["wire"]), nil
	default:
		return "", fmt.Errorf("option wire is %q, not old, new or both", options["wire"])
	}
}

func list(text string) []string {
	return strings.FieldsFunc(text, func(r rune) bool { return r == ',' || r == ' ' })
}
