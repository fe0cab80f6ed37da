package drain

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"strconv"
	"time"

	"kubernetes-worker/internal/kube"
)

const (
	// mirrorAnnotation is on the API's picture of a pod that a kubelet runs from a file.
	mirrorAnnotation = "kubernetes.io/config.mirror"
	// pageSize is how many pods one answer may hold: with some 10 kB for each it stays well below what the client reads.
	pageSize = 100
	// maxPages bounds a list whose server never comes to an end.
	maxPages = 200
)

// wirePod is the part of a pod that is read.
type wirePod struct {
	Metadata struct {
		Namespace         string            `json:"namespace"`
		Name              string            `json:"name"`
		UID               string            `json:"uid"`
		Labels            map[string]string `json:"labels"`
		Annotations       map[string]string `json:"annotations"`
		DeletionTimestamp *time.Time        `json:"deletionTimestamp"` // when it is to be dead
		Finalizers        []string          `json:"finalizers"`
		OwnerReferences   []owner           `json:"ownerReferences"`
	} `json:"metadata"`
	Spec struct {
		Volumes []struct {
			EmptyDir *struct{} `json:"emptyDir"`
		} `json:"volumes"`
	} `json:"spec"`
	Status struct {
		Phase string `json:"phase"`
	} `json:"status"`
}

type owner struct {
	Kind       string `json:"kind"`
	Name       string `json:"name"`
	Controller bool   `json:"controller"`
}

// controller is the one owner that makes the pod again; its zero value if there is none.
func (p wirePod) controller() owner {
	for _, o := range p.Metadata.OwnerReferences {
		if o.Controller {
			return o
		}
	}
	return owner{}
}

func (p wirePod) hasLocalData() bool {
	for _, volume := range p.Spec.Volumes {
		if volume.EmptyDir != nil {
			return true
		}
	}
	return false
}

func (p wirePod) pod() Pod {
	pod := Pod{Namespace: p.Metadata.Namespace, Name: p.Metadata.Name, UID: p.Metadata.UID}
	if o := p.controller(); o.Kind != "" {
		pod.Controller = o.Kind + " " + o.Name
	}
	return pod
}

// page is one answer of a list.
type page struct {
	Kind     string `json:"kind"`
	Metadata struct {
		Continue string `json:"continue"`
	} `json:"metadata"`
	Items []wirePod `json:"items"`
}

var (
	errNotPods      = errors.New("the answer is not a list of pods")
	errNotResources = errors.New("the answer is not a list of resources")
	errNotBudgets   = errors.New("the answer is not a list of disruption budgets")
)

func decodePods(body []byte) (page, error) {
	var p page
	if err := json.Unmarshal(body, &p); err != nil || p.Kind != "PodList" {
		return page{}, errNotPods
	}
	for _, pod := range p.Items {
		if pod.Metadata.Namespace == "" || pod.Metadata.Name == "" || pod.Metadata.UID == "" {
			return page{}, errNotPods
		}
	}
	return p, nil
}

// listPods reads all pods that are bound to the node, in the order of the server.
func listPods(ctx context.Context, api API, node string) ([]wirePod, error) {
	doing := "list pods of node " + node
	query := url.Values{"fieldSelector": {"spec.nodeName=" + node}, "limit": {strconv.Itoa(pageSize)}}
	var pods []wirePod
	for range maxPages {
		body, err := api.Send(ctx, kube.Request{Verb: http.MethodGet, Path: "/api/v1/pods", Query: query, Doing: doing})
		if err != nil {
			return nil, err
		}
		got, err := decodePods(body)
		if err != nil {
			return nil, fmt.Errorf("cannot %s: %w", doing, err)
		}
		pods = append(pods, got.Items...)
		if got.Metadata.Continue == "" {
			return pods, nil
		}
		query.Set("continue", got.Metadata.Continue)
	}
	return nil, fmt.Errorf("cannot %s: there are more than %d pages of them", doing, maxPages)
}

// evictionVersion asks which version of the policy API the server evicts with: v1, v1beta1, or "" if it cannot. It is
// what the subresource itself says, since a server may have version v1 of budgets and not yet of evictions (1.21).
func evictionVersion(ctx context.Context, api API) (string, error) {
	const doing = "discover how pods are evicted"
	body, err := api.Send(ctx, kube.Request{Verb: http.MethodGet, Path: "/api/v1", Doing: doing})
	if err != nil {
		return "", err
	}
	version, err := decodeEvictionVersion(body)
	if err != nil {
		return "", fmt.Errorf("cannot %s: %w", doing, err)
	}
	return version, nil
}

func decodeEvictionVersion(body []byte) (string, error) {
	var list struct {
		Kind      string `json:"kind"`
		Resources []struct {
			Name    string `json:"name"`
			Group   string `json:"group"`
			Version string `json:"version"`
		} `json:"resources"`
	}
	if err := json.Unmarshal(body, &list); err != nil || list.Kind != "APIResourceList" {
		return "", errNotResources
	}
	for _, resource := range list.Resources {
		if resource.Name == "pods/eviction" && resource.Group == "policy" {
			return resource.Version, nil
		}
	}
	return "", nil
}
