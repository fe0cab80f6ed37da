package kube

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"time"

	"k8s.io/apimachinery/pkg/types"
	"k8s.io/client-go/rest"
)

// Node is what the charm needs to know of a Node object.
type Node struct {
	Name          string
	Labels        map[string]string
	Annotations   map[string]string
	Taints        []Taint
	Addresses     []Address
	Unschedulable bool // cordoned
	CreatedAt     time.Time

	UID             string
	ResourceVersion string // changes with the object
	MachineID       string // of the machine whose kubelet has reported last, as its /etc/machine-id has it

	Ready            Condition
	KubeletVersion   string // v1.36.3
	ContainerRuntime string // containerd://1.7.24
}

// Condition is a condition of the node. Its zero value is a condition nobody reported.
type Condition struct {
	Status  string // True, False, Unknown; "" if it was never reported
	Reason  string // a word: KubeletNotReady
	Message string // a sentence
	// Heard is when the kubelet reported it last, by the clock of the node's machine; zero if the server does not say. A kubelet
	// reports when something changes, every few minutes, and when it starts.
	Heard time.Time `json:"lastHeartbeatTime"`
	// Since is when it became so, by the clock of who reported it.
	Since time.Time `json:"lastTransitionTime"`
}

// Taint keeps pods off the node.
type Taint struct{ Key, Value, Effect string }

// Address is an address of the node, such as InternalIP or Hostname.
type Address struct {
	Type  string `json:"type"`
	Value string `json:"address"`
}

// IsReady reports whether the kubelet says that the node can run pods.
func (n Node) IsReady() bool { return n.Ready.Status == "True" }

// wireNode is the part of the API's object that is read.
type wireNode struct {
	Kind     string `json:"kind"`
	Metadata struct {
		Name              string            `json:"name"`
		Labels            map[string]string `json:"labels"`
		Annotations       map[string]string `json:"annotations"`
		CreationTimestamp time.Time         `json:"creationTimestamp"`
		UID               string            `json:"uid"`
		ResourceVersion   string            `json:"resourceVersion"`
	} `json:"metadata"`
	Spec struct {
		Unschedulable bool    `json:"unschedulable"`
		Taints        []Taint `json:"taints"`
	} `json:"spec"`
	Status struct {
		Conditions []struct {
			Type string `json:"type"`
			Condition
		} `json:"conditions"`
		Addresses []Address `json:"addresses"`
		NodeInfo  struct {
			KubeletVersion          string `json:"kubeletVersion"`
			ContainerRuntimeVersion string `json:"containerRuntimeVersion"`
			MachineID               string `json:"machineID"`
		} `json:"nodeInfo"`
	} `json:"status"`
}

// GetNode reads the node of that name. That there is none is an Error of kind NotFound.
func (c *Client) GetNode(ctx context.Context, name string) (Node, error) {
	var node Node
	op := operation{verb: "get", object: "node " + name}
	err := c.do(ctx, op, func(client *rest.RESTClient) *rest.Request {
		return client.Get().Resource("nodes").Name(name)
	}, func(body []byte) (err error) {
		node, err = decodeNode(body)
		return err
	})
	return node, err
}

// PatchNodeLabels changes the labels of the node from the ones it has to the wanted ones: set are those that must be
// there with that value, remove those that must not be there. Only the difference is sent, and nothing if there is
// none; it reports whether something was sent. A label that is in both is set.
func (c *Client) PatchNodeLabels(ctx context.Context, name string, set map[string]string, remove []string) (changed bool, err error) {
	node, err := c.GetNode(ctx, name)
	if err != nil {
		return false, err
	}
	return c.PatchLabels(ctx, node, set, remove)
}

// PatchLabels is PatchNodeLabels for a node that was read already.
func (c *Client) PatchLabels(ctx context.Context, node Node, set map[string]string, remove []string) (changed bool, err error) {
	difference := labelDifference(node.Labels, set, remove)
	if len(difference) == 0 {
		return false, nil
	}
	patch, err := json.Marshal(map[string]any{"metadata": map[string]any{"labels": difference}})
	if err != nil {
		return false, fmt.Errorf("cannot encode labels of node %s: %w", node.Name, err)
	}
	op := operation{verb: "label", object: "node " + node.Name}
	err = c.do(ctx, op, func(client *rest.RESTClient) *rest.Request {
		return client.Patch(types.MergePatchType).Resource("nodes").Name(node.Name).Body(patch)
	}, func(body []byte) error {
		_, err := decodeNode(body)
		return err
	})
	return err == nil, err
}

// labelDifference is the part of a merge patch that turns the labels into the wanted ones; null removes.
func labelDifference(have, set map[string]string, remove []string) map[string]any {
	difference := map[string]any{}
	for _, key := range remove {
		if _, there := have[key]; there {
			difference[key] = nil
		}
	}
	for key, value := range set {
		delete(difference, key)
		if has, there := have[key]; !there || has != value {
			difference[key] = value
		}
	}
	return difference
}

// DeleteNode removes the node of that name. That there is none is no error.
func (c *Client) DeleteNode(ctx context.Context, name string) error {
	op := operation{verb: "delete", object: "node " + name}
	err := c.do(ctx, op, func(client *rest.RESTClient) *rest.Request {
		return client.Delete().Resource("nodes").Name(name)
	}, func(body []byte) error {
		if !json.Valid(body) {
			return errNotAPI
		}
		return nil
	})
	if KindOf(err) == NotFound {
		return nil
	}
	return err
}

// errNotAPI is an answer that no API server gives: a proxy's or another program's page.
var errNotAPI = errors.New("the answer is not the API's")

func decodeNode(body []byte) (Node, error) {
	var wire wireNode
	if err := json.Unmarshal(body, &wire); err != nil || wire.Kind != "Node" || wire.Metadata.Name == "" {
		return Node{}, errNotAPI
	}
	node := Node{
		Name:             wire.Metadata.Name,
		Labels:           maps.Clone(wire.Metadata.Labels),
		Annotations:      wire.Metadata.Annotations,
		Taints:           wire.Spec.Taints,
		Addresses:        wire.Status.Addresses,
		Unschedulable:    wire.Spec.Unschedulable,
		CreatedAt:        wire.Metadata.CreationTimestamp,
		KubeletVersion:   wire.Status.NodeInfo.KubeletVersion,
		ContainerRuntime: wire.Status.NodeInfo.ContainerRuntimeVersion,
		UID:              wire.Metadata.UID,
		ResourceVersion:  wire.Metadata.ResourceVersion,
		MachineID:        wire.Status.NodeInfo.MachineID,
	}
	for _, condition := range wire.Status.Conditions {
		if condition.Type == "Ready" {
			node.Ready = condition.Condition
		}
	}
	return node, nil
}
