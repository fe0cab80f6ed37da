// Package addons owns what the actions registry and microbot put into the cluster: which parameters can be used, which
// objects there are and what they hold for which release of the cluster, and which of an earlier charm they take the place
// of (specification, lifecycle 10.3 and 10.4). It never asks the cluster.
package addons

import "kubernetes-worker/internal/kube"

// namespace is where all of it is.
const namespace = "default"

// image is one that the earlier charm's makers keep on Docker Hub, one for each architecture, or the copy of it in the
// registry that the control plane names.
func image(registry, name, arch, tag string) string {
	own := "cdkbot/" + name + "-" + arch + ":" + tag
	if registry == "" {
		return own
	}
	return registry + "/" + own
}

func object(apiVersion, kind, name string) kube.Object {
	return kube.Object{"apiVersion": apiVersion, "kind": kind, "metadata": map[string]any{"name": name, "namespace": namespace}}
}

func ref(kind, name string) kube.Ref { return kube.Ref{Kind: kind, Namespace: namespace, Name: name} }

func setMetadata(o kube.Object, key string, values map[string]any) {
	o["metadata"].(map[string]any)[key] = values
}

// ingressTo sends all requests to a host to a service. Without a class it is for the cluster's usual controller.
func ingressTo(name, host, class, service string, port int) kube.Object {
	o := object("networking.k8s.io/v1", "Ingress", name)
	spec := map[string]any{"rules": []any{map[string]any{
		"host": host,
		"http": map[string]any{"paths": []any{map[string]any{
			"path": "/", "pathType": "Prefix",
			"backend": map[string]any{"service": map[string]any{"name": service, "port": map[string]any{"number": port}}},
		}}},
	}}}
	if class != "" {
		spec["ingressClassName"] = class
	}
	o["spec"] = spec
	return o
}

// at finds a value in an object by its path; nil if there is none.
func at(o kube.Object, path ...any) any {
	var value any = map[string]any(o)
	for _, step := range path {
		switch step := step.(type) {
		case string:
			m, _ := value.(map[string]any)
			value = m[step]
		case int:
			list, _ := value.([]any)
			if step >= len(list) {
				return nil
			}
			value = list[step]
		}
	}
	return value
}
