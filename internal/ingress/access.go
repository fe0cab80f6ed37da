package ingress

import (
	"kubernetes-worker/internal/kube"
	"kubernetes-worker/internal/release"
)

const rbac = "rbac.authorization.k8s.io"

// access lets the controller read what it serves and say what it did.
func (c Config) access() []kube.Object {
	clusterRole := c.clusterWide(rbac+"/v1", "ClusterRole", "nginx-ingress-clusterrole-"+c.App)
	clusterRole["rules"] = c.clusterRules()
	role := c.object(rbac+"/v1", "Role", "nginx-ingress-role-"+c.App)
	role["rules"] = c.ownRules()
	return []kube.Object{
		clusterRole, role,
		c.bound(c.object(rbac+"/v1", "RoleBinding", "nginx-ingress-role-nisa-binding-"+c.App), role),
		c.bound(c.clusterWide(rbac+"/v1", "ClusterRoleBinding", "nginx-ingress-clusterrole-nisa-binding-"+c.App), clusterRole),
	}
}

func (c Config) bound(binding, role kube.Object) kube.Object {
	binding["roleRef"] = map[string]any{"apiGroup": rbac, "kind": role.Kind(), "name": role.Name()}
	binding["subjects"] = []any{map[string]any{"kind": "ServiceAccount", "name": c.serviceAccountName(), "namespace": c.namespaceName()}}
	return binding
}

// ingressGroups are the API groups that Ingress is read from.
func (c Config) ingressGroups() []string {
	if release.ControllerFor(c.Cluster).Classes {
		return []string{"networking.k8s.io"}
	}
	return []string{"extensions", "networking.k8s.io"}
}

// clusterRules are for what is anywhere in the cluster.
func (c Config) clusterRules() []any {
	rules := []any{
		rule([]string{""}, []string{"configmaps", "endpoints", "namespaces", "nodes", "pods", "secrets"}, "list", "watch"),
		rule([]string{""}, []string{"nodes"}, "get"),
		rule([]string{""}, []string{"services"}, "get", "list", "watch"),
		rule(c.ingressGroups(), []string{"ingresses"}, "get", "list", "watch"),
		rule([]string{""}, []string{"events"}, "create", "patch"),
		rule(c.ingressGroups(), []string{"ingresses/status"}, "update"),
	}
	if g := release.ControllerFor(c.Cluster); g.Classes {
		rules = append(rules, rule([]string{"networking.k8s.io"}, []string{"ingressclasses"}, "get", "list", "watch"),
			rule([]string{"discovery.k8s.io"}, []string{"endpointslices"}, "get", "list", "watch"),
			rule([]string{"coordination.k8s.io"}, []string{"leases"}, "list", "watch"))
	}
	return rules
}

// ownRules are for the controller's own namespace: its pods, its configuration and the election of a leader. Who wants to
// make an object cannot be let in by its name.
func (c Config) ownRules() []any {
	rules := []any{
		rule([]string{""}, []string{"configmaps", "endpoints", "pods", "secrets"}, "get", "list", "watch"),
		rule([]string{""}, []string{"namespaces"}, "get"),
	}
	g := release.ControllerFor(c.Cluster)
	lock := electionID
	if !g.Classes {
		lock += "-nginx" // these add the class that they serve
	}
	if g.ConfigMap {
		rules = append(rules, named(rule([]string{""}, []string{"configmaps"}, "get", "update"), lock),
			rule([]string{""}, []string{"configmaps"}, "create"))
	}
	if g.Lease {
		rules = append(rules, named(rule([]string{"coordination.k8s.io"}, []string{"leases"}, "get", "update"), lock),
			rule([]string{"coordination.k8s.io"}, []string{"leases"}, "create"))
	}
	return rules
}

func rule(groups, resources []string, verbs ...string) map[string]any {
	return map[string]any{"apiGroups": list(groups), "resources": list(resources), "verbs": list(verbs)}
}

func named(rule map[string]any, name string) map[string]any {
	rule["resourceNames"] = []any{name}
	return rule
}

func list(texts []string) []any {
	all := make([]any, 0, len(texts))
	for _, text := range texts {
		all = append(all, text)
	}
	return all
}
