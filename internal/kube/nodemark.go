package kube

import (
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"net/url"
	"strconv"
	"time"

	"k8s.io/apimachinery/pkg/types"
	"k8s.io/client-go/rest"
)

// AnnotateNode sets annotations of the node; others stay.
func (c *Client) AnnotateNode(ctx context.Context, name string, set map[string]string) error {
	patch, err := json.Marshal(map[string]any{"metadata": map[string]any{"annotations": set}})
	if err != nil {
		return fmt.Errorf("cannot encode annotations of node %s: %w", name, err)
	}
	op := operation{verb: "annotate", object: "node " + name}
	return c.do(ctx, op, func(client *rest.RESTClient) *rest.Request {
		return client.Patch(types.MergePatchType).Resource("nodes").Name(name).Body(patch)
	}, func(body []byte) error {
		_, err := decodeNode(body)
		return err
	})
}

// DeleteThisNode removes the node as it was read: not another one that has got its name since, and with unchanged set not one
// that anybody has changed since, as a kubelet that reports does. That it is gone is no error; that it is another is an Error
// of kind Conflict. Servers before 1.14 know no condition on changes, and look at the identity alone.
func (c *Client) DeleteThisNode(ctx context.Context, node Node, unchanged bool) error {
	conditions := map[string]any{}
	if node.UID != "" {
		conditions["uid"] = node.UID
	}
	if unchanged {
		conditions["resourceVersion"] = node.ResourceVersion
	}
	options, err := json.Marshal(map[string]any{"kind": "DeleteOptions", "apiVersion": "v1", "preconditions": conditions})
	if err != nil {
		return fmt.Errorf("cannot encode what is to be true of node %s: %w", node.Name, err)
	}
	_, err = c.Send(ctx, Request{Verb: http.MethodDelete, Path: "/api/v1/nodes/" + node.Name, Body: options, Doing: "delete node " + node.Name})
	if KindOf(err) == NotFound {
		return nil
	}
	return err
}

// NodeMarks is the part of a Node object that says whose it is.
type NodeMarks struct {
	Name        string
	Annotations map[string]string
}

// nodesAtOnce bounds one answer; a server that does not cut objects down to their metadata sends up to 100 kB for each.
const nodesAtOnce = 25

// marksOnly asks for metadata alone, in the two spellings that servers know since 1.15 and before; the last is for those that
// know neither.
const marksOnly = "application/json;as=PartialObjectMetadataList;g=meta.k8s.io;v=v1," +
	"application/json;as=PartialObjectMetadataList;g=meta.k8s.io;v=v1beta1,application/json"

// NodesWith lists the nodes that have a label with that value, and gives the server's clock; a server that does not tell the
// time is an error.
func (c *Client) NodesWith(ctx context.Context, label, value string) (nodes []NodeMarks, now time.Time, err error) {
	query := url.Values{"labelSelector": {label + "=" + value}, "limit": {strconv.Itoa(nodesAtOnce)}}
	for {
		got, err := c.send(ctx, Request{Verb: http.MethodGet, Path: "/api/v1/nodes", Query: query, Accept: marksOnly, Doing: "list nodes of " + value})
		if err != nil {
			return nil, now, err
		}
		var page struct {
			Metadata struct {
				Continue string `json:"continue"`
			} `json:"metadata"`
			Items []struct {
				Metadata NodeMarks `json:"metadata"`
			} `json:"items"`
		}
		if err := json.Unmarshal(got.body, &page); err != nil {
			return nil, now, fmt.Errorf("cannot list nodes of %s: %w", value, errNotAPI)
		}
		if now = got.date; now.IsZero() {
			return nil, now, fmt.Errorf("cannot list nodes of %s: the API server does not tell the time", value)
		}
		for _, item := range page.Items {
			nodes = append(nodes, item.Metadata)
		}
		if page.Metadata.Continue == "" {
			return nodes, now, nil
		}
		query.Set("continue", page.Metadata.Continue)
	}
}
