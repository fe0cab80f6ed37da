package kube

// served says under which names releases since 1.12 have a kind: the charm's own order of preference, newest first.
type served struct {
	kind string
	in   []string // apiVersion; the first one that the server has is used
}

// kinds is everything that the charm makes, reads or deletes in a cluster, in one list. Objects are written in the first
// form of their kind; convert.go turns them into the others. Releases from 1.12 on have no further forms that matter.
func kinds() []served {
	return []served{
		{"ConfigMap", []string{"v1"}},
		{"Endpoints", []string{"v1"}},
		{"Namespace", []string{"v1"}},
		{"Pod", []string{"v1"}},
		{"ReplicationController", []string{"v1"}},
		{"Secret", []string{"v1"}},
		{"Service", []string{"v1"}},
		{"ServiceAccount", []string{"v1"}},
		{"DaemonSet", []string{"apps/v1", "apps/v1beta2", "extensions/v1beta1"}},
		{"Deployment", []string{"apps/v1", "apps/v1beta2", "apps/v1beta1", "extensions/v1beta1"}},
		{"ClusterRole", []string{"rbac.authorization.k8s.io/v1", "rbac.authorization.k8s.io/v1beta1"}},
		{"ClusterRoleBinding", []string{"rbac.authorization.k8s.io/v1", "rbac.authorization.k8s.io/v1beta1"}},
		{"Role", []string{"rbac.authorization.k8s.io/v1", "rbac.authorization.k8s.io/v1beta1"}},
		{"RoleBinding", []string{"rbac.authorization.k8s.io/v1", "rbac.authorization.k8s.io/v1beta1"}},
		{"Ingress", []string{"networking.k8s.io/v1", "networking.k8s.io/v1beta1", "extensions/v1beta1"}},
		{"IngressClass", []string{"networking.k8s.io/v1", "networking.k8s.io/v1beta1"}},
		{"StorageClass", []string{"storage.k8s.io/v1", "storage.k8s.io/v1beta1"}},
		{"Lease", []string{"coordination.k8s.io/v1", "coordination.k8s.io/v1beta1"}},
		{"PodDisruptionBudget", []string{"policy/v1", "policy/v1beta1"}},
	}
}

// evictionKind is the one kind that is no object: it is posted to pods/eviction, and the server says in which form.
const evictionKind = "Eviction"

// formsOf returns the apiVersions of a kind, the preferred one first; nil if the charm has no use for the kind.
func formsOf(kind string) []string {
	for _, s := range kinds() {
		if s.kind == kind {
			return s.in
		}
	}
	return nil
}
