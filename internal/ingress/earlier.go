package ingress

import "kubernetes-worker/internal/kube"

// kubectlAnnotation is on everything that the earlier charm made, as it used kubectl apply.
const kubectlAnnotation = "kubectl.kubernetes.io/last-applied-configuration"

// Earlier are objects of the earlier charm that ours do not take over, because they have other names: those of its build
// of October 2018, and of builds before that. They are in the order in which they are to be removed.
func Earlier(app string) []kube.Ref {
	const namespace = "default"
	return []kube.Ref{
		{Kind: "DaemonSet", Namespace: namespace, Name: "nginx-ingress-" + app + "-controller"},
		{Kind: "ReplicationController", Namespace: namespace, Name: "nginx-ingress-controller"},
		{Kind: "ReplicationController", Namespace: namespace, Name: oldBackend},
		{Kind: "Service", Namespace: namespace, Name: oldBackend},
		{Kind: "ClusterRoleBinding", Name: "nginx-ingress-clusterrole-nisa-" + app + "-binding"},
		{Kind: "RoleBinding", Namespace: namespace, Name: "nginx-ingress-role-nisa-" + app + "-binding"},
		{Kind: "ClusterRole", Name: "nginx-ingress-" + app + "-clusterrole"},
		{Kind: "Role", Namespace: namespace, Name: "nginx-ingress-" + app + "-role"},
		{Kind: "ServiceAccount", Namespace: namespace, Name: "nginx-ingress-" + app + "-serviceaccount"},
		{Kind: "ConfigMap", Namespace: namespace, Name: "nginx-load-balancer-" + app + "-conf"},
	}
}

// oldBackend is a name that many use for such a thing.
const oldBackend = "default-http-backend"

// Adopt says whether an object is one of the earlier charm for this application: one of those that Earlier lists, or one
// with its label that has the name of ours. It was made with kubectl in any case; what a person made, or made anew in
// another way, is not taken.
func Adopt(app string) func(live kube.Object) bool {
	label := Config{App: app}.mark()
	return func(live kube.Object) bool {
		if live.Annotations()[kubectlAnnotation] == "" {
			return false
		}
		if live.Labels()[label] == "true" {
			return true
		}
		switch ref := live.Ref(); {
		case ref.Name == oldBackend && ref.Kind == "Service":
			return live.Labels()["k8s-app"] == oldBackend && selects(live, "app", oldBackend)
		case ref.Name == oldBackend:
			return selects(live, "app", oldBackend)
		case ref.Kind == "ReplicationController":
			return selects(live, "k8s-app", "nginx-ingress-lb") || selects(live, "app", ref.Name)
		default:
			for _, old := range Earlier(app) {
				if old == ref {
					return true
				}
			}
			return false
		}
	}
}

// selects reports whether an object that finds its pods by labels does so by this one.
func selects(o kube.Object, key, value string) bool {
	spec, _ := o["spec"].(map[string]any)
	selector, _ := spec["selector"].(map[string]any)
	return selector[key] == value
}
