package kube

// fixed lists fields that the server does not let anybody change once an object is there. Where such a field has to
// change, the object is deleted and made anew: what belongs to it, pods of a DaemonSet for instance, goes with it, and
// volumes of a StorageClass stay.
func fixed(kind string) [][]string {
	switch kind {
	case "DaemonSet", "Deployment":
		return [][]string{{"spec", "selector"}}
	case "RoleBinding", "ClusterRoleBinding":
		return [][]string{{"roleRef"}}
	case "IngressClass":
		return [][]string{{"spec", "controller"}}
	case "StorageClass":
		return [][]string{{"provisioner"}, {"parameters"}}
	}
	return nil
}

// unchangeable reports whether an object can only become what is wanted by being made anew.
func unchangeable(want, live Object) bool {
	for _, path := range fixed(want.Kind()) {
		if !equal(field(want, path), field(live, path)) {
			return true
		}
	}
	return false
}

func field(o Object, path []string) any {
	var value any = map[string]any(o)
	for _, key := range path {
		m, _ := value.(map[string]any)
		value = m[key]
	}
	return value
}
