package kube

// DecodeNode is for the fuzz target.
var DecodeNode = decodeNode

// KindNames are all kinds that the charm lists.
func KindNames() []string {
	var names []string
	for _, s := range kinds() {
		names = append(names, s.kind)
	}
	return names
}

// DecodeGroups gives the apiVersions, for the fuzz target.
func DecodeGroups(body []byte) (names []string, err error) {
	groups, err := decodeGroups(body)
	for _, g := range groups {
		names = append(names, g.apiVersion)
	}
	return names, err
}

// DecodeResources gives the names, for the fuzz target.
func DecodeResources(body []byte) (names []string, err error) {
	resources, err := decodeResources(body)
	for _, r := range resources {
		names = append(names, r.name)
	}
	return names, err
}
