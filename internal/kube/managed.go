package kube

import (
	"encoding/json"
	"slices"
	"strings"
)

// appliedAnnotation holds the fingerprint of what was applied last. Together with what the server keeps of who owns
// which field it answers whether anything has to be sent.
const appliedAnnotation = "kubernetes-worker/applied"

// Before a server that cannot apply was upgraded to one that can, the charm's fields were written as updates, and all
// fields of objects from before the server kept account belong to one collective manager. Both would go on to hold
// fields that the charm does not want any more.
const (
	collectiveManager = "before-first-apply"
	kubectlManager    = "kubectl" // and kubectl-create, kubectl-client-side-apply, …
)

// managedFields is an entry of metadata.managedFields.
type managedFields struct {
	Manager     string         `json:"manager"`
	Operation   string         `json:"operation"`
	APIVersion  string         `json:"apiVersion"`
	FieldsV1    map[string]any `json:"fieldsV1"`
	Subresource string         `json:"subresource"`
}

// managers reads metadata.managedFields; entries that cannot be read are as if they were not there.
func managers(o Object) []managedFields {
	metadata, _ := o["metadata"].(map[string]any)
	text, err := json.Marshal(metadata["managedFields"])
	if err != nil {
		return nil
	}
	var entries []managedFields
	if json.Unmarshal(text, &entries) != nil {
		return nil
	}
	return entries
}

// intact reports whether all that was applied is still as it was: the same content was applied last, and the server says
// that nobody else changed any field of it. Who changes or removes a field takes it from its owner.
func intact(want, live Object) bool {
	if live.Annotations()[appliedAnnotation] != want.Annotations()[appliedAnnotation] || hasLeftovers(live, false) {
		return false
	}
	if want.secret() && !contains(live["data"], want["data"]) {
		return false // the fingerprint does not cover the values
	}
	for _, entry := range managers(live) {
		if entry.Manager == manager && entry.Operation == "Apply" && entry.Subresource == "" {
			return entry.APIVersion == want.APIVersion() && owns(entry.FieldsV1, map[string]any(want), true)
		}
	}
	return false
}

// owns reports whether the fields, as the server writes them (f:NAME for a field, k:{KEYS} for an element of a list that
// is merged, v:VALUE for one of a set, nothing below what is one value), include all of value.
func owns(fields map[string]any, value any, root bool) bool {
	if len(fields) == 0 {
		return true
	}
	switch v := value.(type) {
	case map[string]any:
		for k, child := range v {
			if root && (k == "apiVersion" || k == "kind") {
				continue // the identity belongs to nobody
			}
			if root && k == "metadata" {
				child = withoutIdentity(child)
			}
			below, there := fields["f:"+k].(map[string]any)
			if !there || !owns(below, child, false) {
				return false
			}
		}
	case []any:
		for _, element := range v {
			if !ownsElement(fields, element) {
				return false
			}
		}
	}
	return true
}

func withoutIdentity(metadata any) any {
	m, ok := metadata.(map[string]any)
	if !ok {
		return metadata
	}
	rest := map[string]any{}
	for k, v := range m {
		if k != "name" && k != "namespace" {
			rest[k] = v
		}
	}
	return rest
}

func ownsElement(fields map[string]any, element any) bool {
	for name, below := range fields {
		below, _ := below.(map[string]any)
		switch {
		case strings.HasPrefix(name, "k:"):
			var keys map[string]any
			m, ok := element.(map[string]any)
			if ok && unmarshalNumbers([]byte(name[2:]), &keys) == nil && hasKeys(m, keys) && owns(below, element, false) {
				return true
			}
		case strings.HasPrefix(name, "v:"):
			var member any
			if unmarshalNumbers([]byte(name[2:]), &member) == nil && equal(member, element) {
				return true
			}
		}
	}
	return false
}

// hasKeys reports whether an element has the keys. One that it leaves out is a default: the protocol of a port.
func hasKeys(element, keys map[string]any) bool {
	for k, v := range keys {
		if have, there := element[k]; there && !equal(have, v) {
			return false
		}
	}
	return true
}

// hasLeftovers reports whether there are managers that hold fields of the charm from before the server could apply, or
// from before the charm was this program; those of kubectl count only for an object that is taken over.
func hasLeftovers(o Object, takenOver bool) bool {
	return slices.ContainsFunc(managers(o), func(entry managedFields) bool { return leftover(entry, takenOver) })
}

func leftover(entry managedFields, takenOver bool) bool {
	if entry.Operation != "Update" || entry.Subresource != "" {
		return false
	}
	return entry.Manager == manager || entry.Manager == collectiveManager ||
		takenOver && (entry.Manager == kubectlManager || strings.HasPrefix(entry.Manager, kubectlManager+"-"))
}

// withoutLeftovers returns the list of managers to write. Fields that nobody owns any more stay as they are; nobody
// removes them.
func withoutLeftovers(o Object, takenOver bool) []any {
	metadata, _ := o["metadata"].(map[string]any)
	raw, _ := metadata["managedFields"].([]any)
	entries := managers(o)
	if len(entries) != len(raw) {
		return raw
	}
	kept := make([]any, 0, len(raw))
	for i, entry := range entries {
		if !leftover(entry, takenOver) {
			kept = append(kept, raw[i])
		}
	}
	return kept
}
