package kube

import (
	"encoding/json"
	"fmt"
	"maps"
)

// fieldsAnnotation keeps, on an object of a server that cannot apply, which fields the charm has set: the object's
// structure without values, as the values do not matter for what has to be removed later, and may be secret.
const fieldsAnnotation = "kubernetes-worker/fields"

// The three-way merge works on what the charm set last, what it wants and what is there. Maps are merged field by field.
// Lists of which Kubernetes itself merges the elements are merged by the keys below. Of any other list the wanted one
// replaces the one that is there, with what others added, unless the server only filled in defaults.

// mergeKey returns the field that tells the elements of a list apart; "" for a list that is one value.
func mergeKey(field string, list []any) string {
	switch field {
	case "containers", "initContainers", "env", "volumes", "imagePullSecrets", "secrets":
		return "name"
	case "volumeMounts":
		return "mountPath"
	case "ports":
		for _, element := range list {
			if m, _ := element.(map[string]any); m["containerPort"] != nil {
				return "containerPort"
			}
		}
		return "port"
	}
	return ""
}

// keyed returns the elements of a list by their key, and the keys in order; nil if the list is one value.
func keyed(field string, list []any) (elements map[string]map[string]any, order []string) {
	key := mergeKey(field, list)
	if key == "" {
		return nil, nil
	}
	elements = map[string]map[string]any{}
	for _, element := range list {
		m, ok := element.(map[string]any)
		if !ok || m[key] == nil {
			return nil, nil
		}
		name := fmt.Sprint(m[key])
		if field == "ports" {
			protocol, _ := m["protocol"].(string)
			if protocol == "" {
				protocol = "TCP"
			}
			name += "/" + protocol
		}
		if elements[name] != nil {
			return nil, nil
		}
		elements[name] = m
		order = append(order, name)
	}
	return elements, order
}

// outline is the structure of what the charm sets, for the annotation.
func outline(field string, value any) any {
	switch v := value.(type) {
	case map[string]any:
		result := map[string]any{}
		for k, child := range v {
			result[k] = outline(k, child)
		}
		return result
	case []any:
		elements, _ := keyed(field, v)
		if elements == nil {
			return 0
		}
		result := map[string]any{}
		for k, child := range elements {
			result[k] = outline("", child)
		}
		return result
	}
	return 0
}

// outlineOf writes the outline of an object. Its identity is left out: that never goes.
func outlineOf(o Object) (string, error) {
	outlined, _ := outline("", map[string]any(o)).(map[string]any)
	delete(outlined, "apiVersion")
	delete(outlined, "kind")
	if metadata, ok := outlined["metadata"].(map[string]any); ok {
		delete(metadata, "name")
		delete(metadata, "namespace")
	}
	text, err := json.Marshal(outlined)
	return string(text), err
}

// readOutline reads an outline; one that is broken removes nothing.
func readOutline(text string) map[string]any {
	var outlined map[string]any
	if json.Unmarshal([]byte(text), &outlined) != nil {
		return nil
	}
	return outlined
}

// mergeObject returns what to write: live with the wanted fields, and without those of the outline that are no longer
// wanted. It shares parts with its arguments and changes neither.
func mergeObject(before map[string]any, want, live Object) Object {
	return mergeMap(before, want, live, nil)
}

func mergeMap(before, want, live map[string]any, path []string) map[string]any {
	merged := maps.Clone(live)
	if merged == nil {
		merged = map[string]any{}
	}
	for k, was := range before {
		if _, wanted := want[k]; !wanted {
			remove(merged, k, was, append(path, k))
		}
	}
	for k, v := range want {
		merged[k] = mergeValue(before[k], v, live[k], append(path, k))
	}
	return merged
}

// remove takes away a field that the charm set. Of labels, annotations and data only its own entries go; any other field
// goes whole, with the defaults that the server put into it.
func remove(values map[string]any, key string, was any, path []string) {
	inner, isMap := was.(map[string]any)
	have, haveMap := values[key].(map[string]any)
	shared := path[0] == "metadata" || (len(path) == 1 && (key == "data" || key == "binaryData"))
	if !shared || !isMap || !haveMap {
		delete(values, key)
		return
	}
	have = maps.Clone(have)
	for k, v := range inner {
		remove(have, k, v, append(path, k))
	}
	values[key] = have
	if len(have) == 0 {
		delete(values, key)
	}
}

func mergeValue(before, want, live any, path []string) any {
	switch w := want.(type) {
	case map[string]any:
		b, _ := before.(map[string]any)
		l, ok := live.(map[string]any)
		if !ok {
			return w
		}
		return mergeMap(b, w, l, path)
	case []any:
		l, ok := live.([]any)
		if !ok {
			return w
		}
		return mergeList(before, w, l, path)
	}
	return want
}

func mergeList(before any, want, live []any, path []string) any {
	field := path[len(path)-1]
	wanted, order := keyed(field, want)
	have, haveOrder := keyed(field, live)
	if wanted == nil || have == nil {
		// In rules and subjects of roles and bindings anything added gives or takes rights, so that no addition passes.
		strict := len(path) == 1
		if !strict && contains(live, want) {
			return live
		}
		return want
	}
	was, _ := before.(map[string]any)
	merged := make([]any, 0, len(live))
	for _, name := range order {
		if l, there := have[name]; there {
			b, _ := was[name].(map[string]any)
			merged = append(merged, mergeMap(b, wanted[name], l, append(path, name)))
		} else {
			merged = append(merged, wanted[name])
		}
	}
	for _, name := range haveOrder {
		_, ours := was[name]
		if _, again := wanted[name]; !ours && !again {
			merged = append(merged, have[name])
		}
	}
	return merged
}

// contains reports whether have is want with nothing but fields added, as a server adds defaults.
func contains(have, want any) bool {
	switch w := want.(type) {
	case map[string]any:
		h, ok := have.(map[string]any)
		if !ok {
			return false
		}
		for k, v := range w {
			if _, there := h[k]; !there || !contains(h[k], v) {
				return false
			}
		}
		return true
	case []any:
		h, ok := have.([]any)
		if !ok || len(h) != len(w) {
			return false
		}
		for i := range w {
			if !contains(h[i], w[i]) {
				return false
			}
		}
		return true
	}
	return equal(have, want)
}
