package kubeconfig

import "slices"

// PickServer chooses the API server to write into the kubeconfigs: the current one as long as it is listed, else one by
// the unit's number, so that the units of an application spread over the servers and each stays with its own. Empty where
// none is listed.
func PickServer(current string, listed []string, unitNumber int) string {
	servers := slices.Compact(slices.Sorted(slices.Values(listed)))
	servers = slices.DeleteFunc(servers, func(s string) bool { return s == "" })
	if len(servers) == 0 {
		return ""
	}
	if slices.Contains(servers, current) {
		return current
	}
	return servers[max(unitNumber, 0)%len(servers)]
}
