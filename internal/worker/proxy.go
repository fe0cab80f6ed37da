package worker

import (
	"fmt"
	"net"
	"net/url"
	"slices"
	"strings"

	"kubernetes-worker/internal/options"
	"kubernetes-worker/internal/state"
)

// proxy is what the container runtime is given: the options, or the model's settings behind them, with the cluster's own
// addresses among those that are reached directly. left are addresses for which there is no room.
func (f Facts) proxy() (proxy options.Proxy, left []string) {
	proxy, _, _ = f.Options.EffectiveProxy(f.ModelProxy)
	if !proxy.Active() || !f.clusterKnown() {
		return proxy, nil
	}
	return proxy.WithoutProxyFor(f.direct(proxy)...)
}

// direct are the addresses of the cluster that the list has. docker keeps those that it was given first, until a person
// changes the list: its start costs the node its containers, and it speaks with none of them unless a registry is there.
func (f Facts) direct(own options.Proxy) []string {
	if before := f.DirectBefore; f.runtime().Docker() && len(before.Addresses) > 0 && before.Beside == own.NoProxy {
		return before.Addresses
	}
	return f.clusterAddresses()
}

// Direct is what the runtime is given, for the hooks to come.
func (f Facts) Direct() state.Direct {
	own, _, _ := f.Options.EffectiveProxy(f.ModelProxy)
	if !own.Active() || !f.clusterKnown() {
		return state.Direct{}
	}
	return state.Direct{Beside: own.NoProxy, Addresses: f.direct(own)}
}

// clusterKnown reports whether the relations have said where everything in the cluster is. The runtime reads its proxies at
// its start only: what is known piece by piece would cost it a start for each.
func (f Facts) clusterKnown() bool {
	c := f.Cluster
	return len(c.Servers) > 0 && c.DNSKnown && c.Domain != "" && c.CIDR != ""
}

// awaitsCluster reports whether the runtime is not installed yet because its proxies are not complete. Nothing needs it
// before the cluster is known.
func (f Facts) awaitsCluster(unit string) bool {
	proxy, _ := f.proxy()
	return proxy.Active() && !f.clusterKnown() && !f.Units[unit].Exists
}

// NoProxy is the list that is in force.
func (f Facts) NoProxy() string {
	proxy, _ := f.proxy()
	return proxy.NoProxy
}

// clusterAddresses are what a node must reach without a proxy: itself, its cluster's names, its pods, the cluster's DNS and
// the API servers, the most needed first. Each part has an order of its own, so that the list changes only with the cluster.
func (f Facts) clusterAddresses() []string {
	all := []string{"127.0.0.1", "localhost"}
	all = append(all, sorted(append(slices.Clone(f.IngressAddresses), f.PublicAddress))...)
	all = append(all, ".svc")
	if f.Cluster.Domain != "" {
		all = append(all, "."+f.Cluster.Domain)
	}
	all = append(all, strings.FieldsFunc(f.Cluster.CIDR, func(c rune) bool { return c == ',' || c == ' ' })...)
	if f.Cluster.DNSEnabled {
		all = append(all, sorted(f.Cluster.DNS)...)
	}
	var servers []string
	for _, server := range f.Cluster.Servers {
		if u, err := url.Parse(server); err == nil {
			servers = append(servers, u.Hostname())
		}
	}
	all = append(all, sorted(servers)...)
	return slices.DeleteFunc(all, func(a string) bool { return a == "" })
}

// sorted gives addresses each once, IP addresses before names.
func sorted(addresses []string) []string {
	addresses = slices.Clone(addresses)
	slices.SortFunc(addresses, func(a, b string) int {
		if isIP(a) != isIP(b) {
			if isIP(a) {
				return -1
			}
			return 1
		}
		return strings.Compare(a, b)
	})
	return slices.Compact(addresses)
}

func isIP(text string) bool { return net.ParseIP(text) != nil }

func (f Facts) proxyWarnings() []string {
	_, left := f.proxy()
	if len(left) == 0 {
		return nil
	}
	return []string{fmt.Sprintf("no_proxy: no room for %s within %d characters; name whole domains and networks instead of single hosts", strings.Join(left, ", "), options.MaxNoProxy)}
}
