package model

import (
	"encoding/json"
	"fmt"
	"io"
	"maps"
	"net/http"
	"slices"
	"strings"
	"time"
)

// kept is what an API server keeps.
type kept struct {
	nodes   map[string]*node
	deleted map[string]int // node → starts of the kubelet when it was deleted
	pods    map[string]Pod // by namespace/name
	objects []byte         // of other kinds, only while they are set aside
}

type node struct {
	Labels        map[string]string
	Annotations   map[string]string
	Unschedulable bool
	Machine       string    // whose kubelet reports
	Silent        time.Time // since when none does; zero: it does
}

// Pod is what matters of a pod to those who want to move it.
type Pod struct {
	Node      string
	Owner     string // kind of its controller; empty for none
	LocalData bool   // it has an emptyDir
	Protected bool   // a disruption budget does not let it go
	Twice     bool   // it is in two of them
}

func (c kept) clone() kept {
	copied := kept{nodes: map[string]*node{}, deleted: map[string]int{}, pods: map[string]Pod{}}
	for name, n := range c.nodes {
		copied.nodes[name] = &node{Labels: maps.Clone(n.Labels), Annotations: maps.Clone(n.Annotations), Unschedulable: n.Unschedulable, Machine: n.Machine, Silent: n.Silent}
	}
	maps.Copy(copied.deleted, c.deleted)
	maps.Copy(copied.pods, c.pods)
	copied.objects = c.objects
	return copied
}

// patch applies a merge patch.
func (n *node) patch(body io.Reader) {
	var patch struct {
		Metadata struct {
			Labels      map[string]*string `json:"labels"`
			Annotations map[string]*string `json:"annotations"`
		} `json:"metadata"`
		Spec struct {
			Unschedulable *bool `json:"unschedulable"`
		} `json:"spec"`
	}
	if json.NewDecoder(body).Decode(&patch) != nil {
		return
	}
	merge(n.Labels, patch.Metadata.Labels)
	merge(n.Annotations, patch.Metadata.Annotations)
	if patch.Spec.Unschedulable != nil {
		n.Unschedulable = *patch.Spec.Unschedulable
	}
}

func merge(into map[string]string, patch map[string]*string) {
	for k, v := range patch {
		if v == nil {
			delete(into, k)
		} else {
			into[k] = *v
		}
	}
}

// servePods answers what a drain asks: how pods are evicted, which there are, and the evictions.
func (a *API) servePods(w http.ResponseWriter, r *http.Request) {
	pod, isEviction := strings.CutSuffix(r.URL.Path, "/eviction")
	switch {
	case r.URL.Path == "/api/v1/nodes":
		a.listNodes(w, r)
	case r.URL.Path == "/api/v1/pods":
		answer(w, http.StatusOK, a.podList(strings.TrimPrefix(r.URL.Query().Get("fieldSelector"), "spec.nodeName=")))
	case strings.HasSuffix(r.URL.Path, "/poddisruptionbudgets"):
		answer(w, http.StatusOK, a.budgetList(strings.Split(r.URL.Path, "/")[5])) // /apis/policy/v1/namespaces/NAMESPACE/…
	case isEviction && r.Method == http.MethodPost:
		parts := strings.Split(pod, "/") // /api/v1/namespaces/NAMESPACE/pods/NAME
		name := parts[4] + "/" + parts[6]
		if a.pods[name].Protected {
			refuse(w, http.StatusTooManyRequests, "TooManyRequests")
			return
		}
		delete(a.pods, name)
		answer(w, http.StatusCreated, map[string]any{"kind": "Status", "apiVersion": "v1", "status": "Success"})
	default:
		a.Cluster.ServeHTTP(w, r)
	}
}

func (a *API) podList(node string) map[string]any {
	items := []any{}
	for full, pod := range a.pods {
		if pod.Node != node {
			continue
		}
		namespace, name, _ := strings.Cut(full, "/")
		metadata := map[string]any{"namespace": namespace, "name": name, "uid": "uid-of-" + name, "labels": map[string]any{"app": name}}
		if pod.Owner != "" {
			metadata["ownerReferences"] = []any{map[string]any{"kind": pod.Owner, "name": name, "controller": true}}
		}
		var volumes []any
		if pod.LocalData {
			volumes = append(volumes, map[string]any{"name": "data", "emptyDir": map[string]any{}})
		}
		items = append(items, map[string]any{"metadata": metadata, "spec": map[string]any{"volumes": volumes, "nodeName": node},
			"status": map[string]any{"phase": "Running"}})
	}
	return map[string]any{"kind": "PodList", "apiVersion": "v1", "metadata": map[string]any{}, "items": items}
}

// budgetList has a budget for each protected pod.
func (a *API) budgetList(namespace string) map[string]any {
	items := []any{}
	for full, pod := range a.pods {
		in, name, _ := strings.Cut(full, "/")
		var guards []string
		switch {
		case in != namespace:
		case pod.Twice:
			guards = []string{"guard-" + name, "second-" + name}
		case pod.Protected:
			guards = []string{"guard-" + name}
		}
		for _, guard := range guards {
			items = append(items, map[string]any{"metadata": map[string]any{"namespace": namespace, "name": guard},
				"spec":   map[string]any{"selector": map[string]any{"matchLabels": map[string]any{"app": name}}},
				"status": map[string]any{"disruptionsAllowed": 0, "currentHealthy": 1, "desiredHealthy": 1}})
		}
	}
	return map[string]any{"kind": "PodDisruptionBudgetList", "apiVersion": "policy/v1", "metadata": map[string]any{}, "items": items}
}

// String shows the cluster for comparisons.
func (c kept) String() string {
	var lines []string
	for _, name := range slices.Sorted(maps.Keys(c.nodes)) {
		n := c.nodes[name]
		lines = append(lines, fmt.Sprintf("node %s: %v, unschedulable %t %v", name, n.Labels, n.Unschedulable, n.Annotations))
	}
	return fmt.Sprint(lines, c.pods)
}
