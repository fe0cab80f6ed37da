package main

import (
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"reflect"
	"slices"
	"strings"
)

// fromPublished reads the lists that a release publishes as apis__GROUP__VERSION.json.
func fromPublished(dir string) (lists, error) {
	result := lists{}
	dir = filepath.Join(dir, "api/discovery")
	entries, err := os.ReadDir(dir)
	if err != nil {
		return nil, err
	}
	for _, entry := range entries {
		var list struct {
			Kind, GroupVersion string
			Resources          []resource
		}
		text, err := os.ReadFile(filepath.Join(dir, entry.Name()))
		if err != nil {
			return nil, err
		}
		if err := json.Unmarshal(text, &list); err != nil {
			return nil, fmt.Errorf("%s: %w", entry.Name(), err)
		}
		if group, _ := split(list.GroupVersion); list.Kind == "APIResourceList" && slices.Contains(groups, group) {
			result[list.GroupVersion] = list.Resources
		}
	}
	return result, nil
}

type operation struct {
	Action string `json:"x-kubernetes-action"`
	Kind   struct {
		Group, Version, Kind string
	} `json:"x-kubernetes-group-version-kind"`
}

// verbs gives the words of the lists for the actions of the description; those left out are paths of their own there.
var verbs = map[string]string{"get": "get", "list": "list", "post": "create", "put": "update", "patch": "patch",
	"delete": "delete", "deletecollection": "deletecollection", "watch": "watch", "watchlist": "watch"}

// fromOpenAPI puts the lists together from paths such as /apis/apps/v1/namespaces/{namespace}/daemonsets/{name}/status.
func fromOpenAPI(file string) (lists, error) {
	text, err := os.ReadFile(file)
	if err != nil {
		return nil, err
	}
	var description struct {
		Paths map[string]map[string]json.RawMessage
	}
	if err := json.Unmarshal(text, &description); err != nil {
		return nil, err
	}
	found := map[string]map[string]*resource{}
	for path, methods := range description.Paths {
		apiVersion, name, namespaced, ok := place(path)
		if group, _ := split(apiVersion); !ok || !slices.Contains(groups, group) {
			continue
		}
		for method, raw := range methods {
			var op operation
			if method == "parameters" || json.Unmarshal(raw, &op) != nil || op.Kind.Kind == "" {
				continue
			}
			if found[apiVersion] == nil {
				found[apiVersion] = map[string]*resource{}
			}
			r := found[apiVersion][name]
			if r == nil {
				r = &resource{Name: name, Kind: op.Kind.Kind}
				found[apiVersion][name] = r
			}
			r.Namespaced = r.Namespaced || namespaced
			if of := strings.TrimPrefix(op.Kind.Group+"/"+op.Kind.Version, "/"); of != apiVersion {
				r.Group, r.Version = op.Kind.Group, op.Kind.Version
			}
			action := op.Action
			if action == "connect" { // a subresource that is a connection, such as exec: the method is what counts
				action = method
			}
			if verb := verbs[action]; verb != "" && !slices.Contains(r.Verbs, verb) {
				r.Verbs = append(r.Verbs, verb)
			}
		}
	}
	result := lists{}
	for apiVersion, resources := range found {
		for _, name := range slices.Sorted(maps.Keys(resources)) {
			slices.Sort(resources[name].Verbs)
			result[apiVersion] = append(result[apiVersion], *resources[name])
		}
	}
	return result, nil
}

// place reads a path. Collections over all namespaces, and paths only for watching, say nothing about the scope.
func place(path string) (apiVersion, name string, namespaced, ok bool) {
	parts := strings.Split(strings.Trim(path, "/"), "/")
	switch {
	case len(parts) > 2 && parts[0] == "api":
		apiVersion, parts = parts[1], parts[2:]
	case len(parts) > 3 && parts[0] == "apis":
		apiVersion, parts = parts[1]+"/"+parts[2], parts[3:]
	default:
		return "", "", false, false
	}
	if parts[0] == "watch" {
		parts = parts[1:]
	}
	if len(parts) > 2 && parts[0] == "namespaces" && parts[1] == "{namespace}" {
		namespaced, parts = true, parts[2:]
	}
	if len(parts) > 3 || len(parts) == 0 || strings.HasPrefix(parts[0], "{") || len(parts) > 1 && parts[1] != "{name}" {
		return "", "", false, false
	}
	name = parts[0]
	if len(parts) == 3 {
		if strings.HasPrefix(parts[2], "{") {
			return "", "", false, false
		}
		name += "/" + parts[2]
	}
	return apiVersion, name, namespaced, true
}

// aggregated writes the lists in the form that holds everything in one document.
func aggregated(l lists, minor int) any {
	version := "v2"
	if minor < 30 {
		version = "v2beta1"
	}
	var items []any
	for _, group := range groups[1:] {
		var versions []any
		for _, apiVersion := range slices.SortedFunc(maps.Keys(l), byStability) {
			if of, v := split(apiVersion); of == group {
				versions = append(versions, map[string]any{"version": v, "freshness": "Current", "resources": aggregatedResources(l[apiVersion])})
			}
		}
		if versions != nil {
			items = append(items, map[string]any{"metadata": map[string]any{"name": group}, "versions": versions})
		}
	}
	return map[string]any{"kind": "APIGroupDiscoveryList", "apiVersion": "apidiscovery.k8s.io/" + version, "metadata": map[string]any{}, "items": items}
}

func aggregatedResources(list []resource) []any {
	var result []any
	for _, r := range list {
		if strings.Contains(r.Name, "/") {
			continue // below their resource, where the charm does not look
		}
		scope := "Cluster"
		if r.Namespaced {
			scope = "Namespaced"
		}
		result = append(result, map[string]any{"resource": r.Name, "scope": scope, "verbs": r.Verbs,
			"responseKind": map[string]string{"group": "", "version": "", "kind": r.Kind}})
	}
	return result
}

// compare reports resources that are in one of two sources, or differ.
func compare(derived, published lists) error {
	if len(published) == 0 {
		return errors.New("this release publishes no lists")
	}
	differences, same := 0, 0
	for _, apiVersion := range slices.Sorted(maps.Keys(published)) {
		have := map[string]resource{}
		for _, r := range derived[apiVersion] {
			have[r.Name] = r
		}
		for _, r := range published[apiVersion] {
			if d, there := have[r.Name]; !there || !reflect.DeepEqual(d, r) {
				fmt.Printf("%s: published %+v, put together %+v\n", apiVersion, r, d)
				differences++
			} else {
				same++
			}
			delete(have, r.Name)
		}
		for _, name := range slices.Sorted(maps.Keys(have)) {
			fmt.Printf("%s: put together only: %+v\n", apiVersion, have[name])
			differences++
		}
	}
	for apiVersion := range derived {
		if published[apiVersion] == nil {
			fmt.Printf("%s is not published\n", apiVersion)
			differences++
		}
	}
	fmt.Printf("%d resources are the same\n", same)
	if differences > 0 {
		return fmt.Errorf("%d differences", differences)
	}
	return nil
}
