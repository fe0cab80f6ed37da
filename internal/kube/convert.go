package kube

import "maps"

// ingressClassAnnotation says which controller serves an Ingress in releases before ingressClassName.
const ingressClassAnnotation = "kubernetes.io/ingress.class"

// convert turns an object from the first form of its kind into the given one. classes says whether the server knows
// IngressClass: releases that do (1.18 and later) also know pathType and ingressClassName in the older forms of Ingress.
//
// Workloads, roles, storage classes, leases and disruption budgets have the same fields in all their forms; what differs
// is defaults, so that a workload must have a selector, and a PodDisruptionBudget one that is not empty (in v1beta1 an
// empty one selects nothing).
func convert(o Object, apiVersion string, classes bool) Object {
	if o.APIVersion() == apiVersion {
		return o
	}
	converted := maps.Clone(o)
	converted["apiVersion"] = apiVersion
	if o.Kind() == "Ingress" {
		oldIngress(converted, classes)
	}
	return converted
}

func oldIngress(o Object, classes bool) {
	spec, ok := o["spec"].(map[string]any)
	if !ok {
		return
	}
	spec = maps.Clone(spec)
	o["spec"] = spec
	if backend, ok := spec["defaultBackend"]; ok {
		spec["backend"] = oldBackend(backend)
		delete(spec, "defaultBackend")
	}
	if class, ok := spec["ingressClassName"].(string); ok && !classes {
		delete(spec, "ingressClassName")
		o["metadata"] = cloneMetadata(o["metadata"])
		o.setMetadata("annotations", ingressClassAnnotation, class)
	}
	rules, _ := spec["rules"].([]any)
	if rules == nil {
		return
	}
	spec["rules"] = each(rules, func(rule map[string]any) {
		http, ok := rule["http"].(map[string]any)
		if !ok {
			return
		}
		http = maps.Clone(http)
		rule["http"] = http
		paths, _ := http["paths"].([]any)
		http["paths"] = each(paths, func(path map[string]any) {
			if backend, ok := path["backend"]; ok {
				path["backend"] = oldBackend(backend)
			}
			if !classes {
				delete(path, "pathType")
			}
		})
	})
}

// oldBackend turns service: {name, port: {number or name}} into serviceName and servicePort.
func oldBackend(value any) any {
	backend, ok := value.(map[string]any)
	if !ok {
		return value
	}
	service, ok := backend["service"].(map[string]any)
	if !ok {
		return value // a resource is written the same in v1beta1
	}
	old := map[string]any{"serviceName": service["name"]}
	port, _ := service["port"].(map[string]any)
	if number, ok := port["number"]; ok {
		old["servicePort"] = number
	} else if name, ok := port["name"]; ok {
		old["servicePort"] = name
	}
	return old
}

// each copies a list of maps and changes the copies.
func each(list []any, change func(map[string]any)) []any {
	changed := make([]any, 0, len(list))
	for _, item := range list {
		if m, ok := item.(map[string]any); ok {
			m = maps.Clone(m)
			change(m)
			item = m
		}
		changed = append(changed, item)
	}
	return changed
}

// cloneMetadata copies metadata and its annotations.
func cloneMetadata(value any) map[string]any {
	metadata, _ := value.(map[string]any)
	metadata = maps.Clone(metadata)
	if metadata == nil {
		metadata = map[string]any{}
	}
	if annotations, ok := metadata["annotations"].(map[string]any); ok {
		metadata["annotations"] = maps.Clone(annotations)
	}
	return metadata
}
