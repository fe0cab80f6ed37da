package kubeproxy

import (
	"strings"

	"kubernetes-worker/internal/arguments"
	"kubernetes-worker/internal/kubeversion"
	"kubernetes-worker/internal/release"
)

// ArgumentMeaning lists in which of its arguments a kube-proxy differs from what is wanted, on a machine of this host name
// and with the API server of its kubeconfig. Arguments that the release does not have are not there, and those with their
// default need not be.
func ArgumentMeaning(v kubeversion.Version, hostname, server string, have, want arguments.Set) []string {
	without := func(set arguments.Set) arguments.Set {
		return set.Without(func(a arguments.Argument) bool {
			switch a.Key {
			case "v":
				return a.Value == "0"
			case "logtostderr":
				return a.Value == "true"
			case "hostname-override":
				return a.Value == strings.ToLower(hostname)
			case "master":
				return a.Value == server
			}
			flag := release.ProxyFlag(v, a.Key)
			return flag.Known && !flag.Exists
		})
	}
	return arguments.Diff(without(have), without(want))
}
