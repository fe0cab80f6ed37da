package model

import (
	"encoding/json"
	"io"
	"maps"
	"net/http"
	"slices"
	"strings"
	"time"
)

// Names of annotations that say whose a node is.
const (
	unitMark  = "kubernetes-worker/unit"
	modelMark = "kubernetes-worker/model"
)

// Neighbour puts a node of another unit into the cluster. It reports unless it is silent since a time.
func (a *API) Neighbour(name, app, unit, model string, silent time.Time) {
	a.mu.Lock()
	defer a.mu.Unlock()
	a.nodes[name] = &node{Labels: map[string]string{"juju-application": app}, Annotations: map[string]string{unitMark: unit, modelMark: model},
		Machine: "machine of " + name, Silent: silent}
}

// Machine tells the machine whose kubelet reports for a node.
func (a *API) Machine(name, machine string) {
	a.mu.Lock()
	defer a.mu.Unlock()
	a.node(name).Machine = machine
}

// Annotate sets an annotation of a node.
func (a *API) Annotate(name, key, value string) {
	a.mu.Lock()
	defer a.mu.Unlock()
	a.node(name).Annotations[key] = value
}

// Annotations are a node's, nil without such a node.
func (a *API) Annotations(name string) map[string]string {
	a.mu.Lock()
	defer a.mu.Unlock()
	if n := a.node(name); n != nil {
		return maps.Clone(n.Annotations)
	}
	return nil
}

// Nodes are the names of the nodes, sorted.
func (a *API) Nodes() []string {
	a.mu.Lock()
	defer a.mu.Unlock()
	return slices.Sorted(maps.Keys(a.nodes))
}

// asItWas reports whether the node is the one that a deletion means. The caller holds a.mu.
func (a *API) asItWas(name string, body io.Reader) bool {
	var options struct {
		Preconditions struct {
			UID             string `json:"uid"`
			ResourceVersion string `json:"resourceVersion"`
		} `json:"preconditions"`
	}
	if err := json.NewDecoder(body).Decode(&options); err != nil {
		return true // without any
	}
	want := options.Preconditions
	return (want.UID == "" || want.UID == "uid-of-"+name) && (want.ResourceVersion == "" || want.ResourceVersion == "1")
}

// listNodes answers with the nodes that have a label, two at a time and cut down to their metadata. The caller holds a.mu.
func (a *API) listNodes(w http.ResponseWriter, r *http.Request) {
	key, value, _ := strings.Cut(r.URL.Query().Get("labelSelector"), "=")
	var names []string
	for _, name := range slices.Sorted(maps.Keys(a.nodes)) {
		if a.nodes[name].Labels[key] == value && name > r.URL.Query().Get("continue") {
			names = append(names, name)
		}
	}
	more := ""
	if len(names) > 2 {
		names = names[:2]
		more = names[1]
	}
	items := []any{}
	for _, name := range names {
		items = append(items, map[string]any{"kind": "PartialObjectMetadata", "apiVersion": "meta.k8s.io/v1", "metadata": a.object(name)["metadata"]})
	}
	answer(w, http.StatusOK, map[string]any{"kind": "PartialObjectMetadataList", "apiVersion": "meta.k8s.io/v1",
		"metadata": map[string]any{"continue": more}, "items": items})
}
