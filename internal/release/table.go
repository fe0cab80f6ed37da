package release

import (
	"slices"
	"strings"

	"kubernetes-worker/internal/kubeversion"
)

// row says in which minor releases of Kubernetes 1 a name is known. Zero means: in all before, or never. A name has
// several rows, in the order of releases, where it went and came back or changed its nature.
type row struct {
	name       string
	since      uint8 // first release that knows it
	deprecated uint8 // first release that calls it deprecated
	gone       uint8 // first release that does not know it any more
	kind       Kind  // of a field's value, or a feature gate's
}

// Kind is what a field of the configuration or a feature gate takes.
type Kind uint8

// The kinds of values.
const (
	Any       Kind = iota // something with a form of its own
	Text                  // durations are texts too
	Whole                 // a whole number
	Number                // a number
	Bool                  // true or false
	List                  // a list
	Map                   // a mapping whose keys are free
	Mapping               // a mapping whose keys are fields themselves
	OnlyTrue              // a gate that is locked: it may be named, and not be turned off
	OnlyFalse             // the same, and not be turned on
)

// Standing is what a release says of a name, and what the others say where it does not know it.
type Standing struct {
	Known      bool   // some release of the table knows the name
	Exists     bool   // this release knows it
	Deprecated bool   // and calls it deprecated
	Since      int    // where it does not exist yet: the first minor release that knows it
	Gone       int    // where it does not exist any more: the first minor release without it
	Kind       Kind   // of a field: what it takes
	Nearest    string // where no release knows it: a name like it that this one does know; empty where there is none
}

// KubeletFlag tells how a release's kubelet stands to a flag.
func KubeletFlag(v kubeversion.Version, name string) Standing {
	if i := slices.IndexFunc(departed[:], func(r row) bool { return r.name == name }); i >= 0 {
		return departed[i].standing(v)
	}
	return find(kubeletFlags[:], v, name)
}

// KubeletField tells how a release's kubelet stands to a field of its configuration, named by its path:
// authentication.x509.clientCAFile. What a list's elements are is told by the list's path with [] behind it, what the values
// of a mapping with free keys are by its path with {} behind it.
func KubeletField(v kubeversion.Version, path string) Standing {
	return find(kubeletFields[:], v, path)
}

// KubeletGate tells how a release's kubelet stands to a feature gate.
func KubeletGate(v kubeversion.Version, name string) Standing {
	return find(gates[:], v, name)
}

// ProxyFlag tells how a release's kube-proxy stands to a flag.
func ProxyFlag(v kubeversion.Version, name string) Standing {
	return find(proxyFlags[:], v, name)
}

// ProxyGate tells how a release's kube-proxy stands to a feature gate.
func ProxyGate(v kubeversion.Version, name string) Standing {
	if differs(name) {
		return find(proxyGates[:], v, name)
	}
	return find(gates[:], v, name)
}

// differs reports whether kube-proxy has a gate otherwise than the kubelet.
func differs(name string) bool {
	return slices.ContainsFunc(proxyGates[:], func(r row) bool { return r.name == name })
}

// departed are the flags that went before the table begins and that the charm or people still know.
var departed = [...]row{
	{name: "require-kubeconfig", deprecated: 8, gone: 10},
}

func find(table []row, v kubeversion.Version, name string) Standing {
	i, found := slices.BinarySearchFunc(table, name, func(r row, name string) int { return strings.Compare(r.name, name) })
	if !found {
		return Standing{Nearest: nearest(table, column(v), name)}
	}
	s := table[i].standing(v)
	for _, r := range table[i+1:] {
		if r.name != name || s.Exists || s.Since != 0 {
			break
		}
		s = r.standing(v)
	}
	return s
}

func (r row) standing(v kubeversion.Version) Standing {
	minor := v.Minor
	if v.Major != 1 || minor > Newest {
		minor = column(v)
	}
	s := Standing{Known: true, Kind: r.kind}
	switch {
	case minor < int(r.since):
		s.Since = int(r.since)
	case r.gone != 0 && minor >= int(r.gone):
		s.Gone = int(r.gone)
	default:
		s.Exists = true
		s.Deprecated = r.deprecated != 0 && minor >= int(r.deprecated)
	}
	return s
}

// in reports whether a minor release knows the row's name.
func (r row) in(minor int) bool {
	return minor >= int(r.since) && (r.gone == 0 || minor < int(r.gone))
}

// KubeletFlags lists the flags of a minor release's kubelet, sorted.
func KubeletFlags(minor int) []string { return names(kubeletFlags[:], minor) }

// KubeletFields lists the paths of the fields of a minor release's KubeletConfiguration, sorted, without what is in lists and
// in mappings with free keys.
func KubeletFields(minor int) []string {
	return slices.DeleteFunc(names(kubeletFields[:], minor), func(path string) bool { return strings.ContainsAny(path, "[{") })
}

// KubeletGates lists the feature gates of a minor release's kubelet, sorted.
func KubeletGates(minor int) []string { return names(gates[:], minor) }

// KubeProxyFlags lists the flags of a minor release's kube-proxy, sorted.
func KubeProxyFlags(minor int) []string { return names(proxyFlags[:], minor) }

// KubeProxyGates lists the feature gates of a minor release's kube-proxy, sorted.
func KubeProxyGates(minor int) []string {
	all := append(slices.DeleteFunc(names(gates[:], minor), differs), names(proxyGates[:], minor)...)
	slices.Sort(all)
	return all
}

// DeprecatedKubeletFlags lists those of the flags of a minor release's kubelet that it calls deprecated, sorted.
func DeprecatedKubeletFlags(minor int) []string { return deprecated(kubeletFlags[:], minor) }

// DeprecatedKubeProxyFlags lists those of the flags of a minor release's kube-proxy that it calls deprecated, sorted.
func DeprecatedKubeProxyFlags(minor int) []string { return deprecated(proxyFlags[:], minor) }

// Source is the patch release whose sources the table's column for a minor release was read from.
func Source(minor int) string { return sources[minor-Oldest] }

func names(table []row, minor int) []string {
	var all []string
	for _, r := range table {
		if r.in(minor) {
			all = append(all, r.name)
		}
	}
	return all
}

func deprecated(table []row, minor int) []string {
	var all []string
	for _, r := range table {
		if r.in(minor) && r.deprecated != 0 && minor >= int(r.deprecated) {
			all = append(all, r.name)
		}
	}
	return all
}
