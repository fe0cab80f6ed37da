package kube

import (
	"encoding/json"
	"fmt"

	"kubernetes-worker/internal/kubeversion"
)

// acceptAggregated asks for groups and resources in one document, which servers have since 1.27 (v2 since 1.30), and else
// for the plain list of groups.
const acceptAggregated = "application/json;g=apidiscovery.k8s.io;v=v2;as=APIGroupDiscoveryList," +
	"application/json;g=apidiscovery.k8s.io;v=v2beta1;as=APIGroupDiscoveryList,application/json"

// resource is an entry of a discovery document.
type resource struct {
	name       string // daemonsets, pods/eviction
	kind       string
	apiVersion string // of the object; "" if it is the list's own
	namespaced bool
	verbs      []string
}

// group is one apiVersion of an API group.
type group struct {
	apiVersion string
	resources  []resource
	complete   bool // the resources are known
}

// wireKind names the objects of a resource.
type wireKind struct {
	Group   string `json:"group"`
	Version string `json:"version"`
	Kind    string `json:"kind"`
}

func (k wireKind) apiVersion() string {
	if k.Version == "" {
		return ""
	}
	return joinGroup(k.Group, k.Version)
}

func joinGroup(group, version string) string {
	if group == "" {
		return version
	}
	return group + "/" + version
}

// wireGroups is an APIGroupList or an APIGroupDiscoveryList.
type wireGroups struct {
	Kind   string `json:"kind"`
	Groups []struct {
		Name     string `json:"name"`
		Versions []struct {
			Version string `json:"version"`
		} `json:"versions"`
	} `json:"groups"`
	Items []struct {
		Metadata struct {
			Name string `json:"name"`
		} `json:"metadata"`
		Versions []struct {
			Version   string         `json:"version"`
			Freshness string         `json:"freshness"`
			Resources []wireResource `json:"resources"`
		} `json:"versions"`
	} `json:"items"`
}

type wireResource struct {
	Resource     string   `json:"resource"`
	ResponseKind wireKind `json:"responseKind"`
	Scope        string   `json:"scope"`
	Verbs        []string `json:"verbs"`
}

func decodeGroups(body []byte) ([]group, error) {
	var wire wireGroups
	if err := json.Unmarshal(body, &wire); err != nil || (wire.Kind != "APIGroupList" && wire.Kind != "APIGroupDiscoveryList") {
		return nil, fmt.Errorf("cannot read the list of API groups: %w", errNotAPI)
	}
	var groups []group
	for _, g := range wire.Groups {
		for _, v := range g.Versions {
			if g.Name != "" && v.Version != "" {
				groups = append(groups, group{apiVersion: g.Name + "/" + v.Version})
			}
		}
	}
	for _, item := range wire.Items {
		for _, v := range item.Versions {
			if item.Metadata.Name == "" || v.Version == "" {
				continue
			}
			// Of a group whose own server is away the list may be old or empty; that group is asked for by itself.
			g := group{apiVersion: item.Metadata.Name + "/" + v.Version, complete: v.Freshness != "Stale"}
			for _, r := range v.Resources {
				g.resources = append(g.resources, resource{name: r.Resource, kind: r.ResponseKind.Kind,
					apiVersion: r.ResponseKind.apiVersion(), namespaced: r.Scope == "Namespaced", verbs: r.Verbs})
			}
			groups = append(groups, g)
		}
	}
	return groups, nil
}

// wireResources is an APIResourceList.
type wireResources struct {
	Kind      string `json:"kind"`
	Resources []struct {
		wireKind
		Name       string   `json:"name"`
		Namespaced bool     `json:"namespaced"`
		Verbs      []string `json:"verbs"`
	} `json:"resources"`
}

func decodeResources(body []byte) ([]resource, error) {
	var wire wireResources
	if err := json.Unmarshal(body, &wire); err != nil || wire.Kind != "APIResourceList" {
		return nil, fmt.Errorf("cannot read the list of resources: %w", errNotAPI)
	}
	var list []resource
	for _, r := range wire.Resources {
		list = append(list, resource{name: r.Name, kind: r.wireKind.Kind, apiVersion: r.apiVersion(), namespaced: r.Namespaced, verbs: r.Verbs})
	}
	return list, nil
}

func decodeVersion(body []byte) (kubeversion.Version, error) {
	var wire struct {
		GitVersion string `json:"gitVersion"`
	}
	if err := json.Unmarshal(body, &wire); err != nil || wire.GitVersion == "" {
		return kubeversion.Version{}, fmt.Errorf("cannot read the API server's version: %w", errNotAPI)
	}
	v, err := kubeversion.Parse(wire.GitVersion)
	if err != nil {
		return kubeversion.Version{}, fmt.Errorf("cannot read the API server's version: %w", err)
	}
	return v, nil
}
