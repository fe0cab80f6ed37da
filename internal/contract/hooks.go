// Package contract holds what Juju and the charm agree on by name: the hooks that Juju may run and the links through
// which it finds the program. It knows names and links only, it never runs a hook and never reads the YAML files, so that
// the charm's program can use it at no cost.
package contract

import "sort"

// Program is the file name of the charm's program, at the top of the charm directory. Every hook and every action is a
// link to it.
const Program = "kubernetes-worker"

// UnitHooks returns the hooks that belong to the unit as a whole, for every Juju from 2.9 to 4, in alphabetical order.
// Juju has storage and container hooks besides; the charm declares neither storage nor containers.
func UnitHooks() []string {
	return []string{
		"collect-metrics", // gone in Juju 4, restricted
		"config-changed",
		"install",
		"leader-deposed", // reserved by Juju, which does not run it so far
		"leader-elected",
		"leader-settings-changed", // gone in Juju 4
		"meter-status-changed",    // gone in Juju 4, restricted
		"post-series-upgrade",     // gone in Juju 4
		"pre-series-upgrade",      // gone in Juju 4
		"remove",
		"secret-changed", // Juju 3 and newer, like the other three about secrets
		"secret-expired",
		"secret-remove",
		"secret-rotate",
		"start",
		"stop",
		"update-status",
		"upgrade-charm",
	}
}

// Restricted reports whether hook runs in Juju's restricted context, where most hook tools are refused. The charm does
// nothing in such a hook.
func Restricted(hook string) bool {
	return hook == "collect-metrics" || hook == "meter-status-changed"
}

// RelationHooks returns the hooks of one endpoint, in the order in which a relation lives through them.
func RelationHooks(endpoint string) []string {
	return []string{
		endpoint + "-relation-created", // Juju 2.8 and newer
		endpoint + "-relation-joined",
		endpoint + "-relation-changed",
		endpoint + "-relation-departed",
		endpoint + "-relation-broken",
	}
}

// Hooks returns every hook that Juju may run for a charm with these endpoints, in alphabetical order.
func Hooks(endpoints []string) []string {
	names := UnitHooks()
	for _, endpoint := range endpoints {
		names = append(names, RelationHooks(endpoint)...)
	}
	sort.Strings(names)
	return names
}
