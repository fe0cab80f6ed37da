package drain

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"slices"

	"kubernetes-worker/internal/kube"
)

// Mark is the annotation that says, with the reason as its value, that a node's cordon is ours. It is set and removed in
// one step with the cordon.
const Mark = "kubernetes-worker/cordoned-by"

// patchTries is how often a change is tried while others change the node at the same time, as its kubelet does.
const patchTries = 5

// Outcome is what became of a call of Cordon or Uncordon.
type Outcome int

// The outcomes.
const (
	Unchanged Outcome = iota // the node was as wanted
	Changed                  // it is now
	Foreign                  // the node is cordoned, and not for this reason: it stays as it is
)

var errNoReason = errors.New("no reason is given")

// Cordon keeps new pods off the node and marks the cordon with the reason, a word that must not be empty. A node that is
// cordoned for another reason, or by somebody else, stays theirs.
func Cordon(ctx context.Context, api API, node, reason string) (Outcome, error) {
	return CordonOver(ctx, api, node, reason)
}

// CordonOver is Cordon, but that a cordon of ours for one of the reasons in over gets this reason instead.
func CordonOver(ctx context.Context, api API, node, reason string, over ...string) (Outcome, error) {
	return change(ctx, api, node, "cordon", reason, func(n wireNode) (Outcome, map[string]any) {
		switch {
		case n.Spec.Unschedulable && n.mark() == reason:
			return Unchanged, nil
		case n.Spec.Unschedulable && slices.Contains(over, n.mark()):
			return Changed, n.patch(true, reason)
		case n.Spec.Unschedulable:
			return Foreign, nil
		}
		return Changed, n.patch(true, reason)
	})
}

// Uncordon takes back the cordon that was made for the reason, and no other. A mark without a cordon, which somebody
// leaves who takes a cordon of ours back by hand, is removed.
func Uncordon(ctx context.Context, api API, node, reason string) (Outcome, error) {
	return change(ctx, api, node, "uncordon", reason, func(n wireNode) (Outcome, map[string]any) {
		switch {
		case n.Spec.Unschedulable && n.mark() != reason:
			return Foreign, nil
		case !n.Spec.Unschedulable && n.mark() != reason:
			return Unchanged, nil
		case !n.Spec.Unschedulable:
			return Unchanged, n.patch(false, nil)
		}
		return Changed, n.patch(false, nil)
	})
}

// wireNode is the part of a node that is read.
type wireNode struct {
	Kind     string `json:"kind"`
	Metadata struct {
		Name            string            `json:"name"`
		ResourceVersion string            `json:"resourceVersion"`
		Annotations     map[string]string `json:"annotations"`
	} `json:"metadata"`
	Spec struct {
		Unschedulable bool `json:"unschedulable"`
	} `json:"spec"`
}

func (n wireNode) mark() string { return n.Metadata.Annotations[Mark] }

// patch is a merge patch that holds for this version of the node only, so that a cordon that somebody else makes in
// between is not taken for ours. A nil mark removes it.
func (n wireNode) patch(unschedulable bool, mark any) map[string]any {
	return map[string]any{
		"metadata": map[string]any{
			"resourceVersion": n.Metadata.ResourceVersion,
			"annotations":     map[string]any{Mark: mark},
		},
		"spec": map[string]any{"unschedulable": unschedulable},
	}
}

// change reads the node and sends the patch that decide makes of it, if any; again if somebody changed the node meanwhile.
func change(ctx context.Context, api API, name, verb, reason string, decide func(wireNode) (Outcome, map[string]any)) (Outcome, error) {
	if reason == "" { // a cordon without a mark is somebody else's
		return Unchanged, fmt.Errorf("cannot %s node %s: %w", verb, name, errNoReason)
	}
	var err error
	for range patchTries {
		var node wireNode
		if node, err = getNode(ctx, api, name); err != nil {
			return Unchanged, err
		}
		outcome, patch := decide(node)
		if patch == nil {
			return outcome, nil
		}
		if err = patchNode(ctx, api, name, verb, patch); err == nil {
			return outcome, nil
		}
		if kube.KindOf(err) != kube.Conflict {
			return Unchanged, err
		}
	}
	return Unchanged, err
}

func getNode(ctx context.Context, api API, name string) (wireNode, error) {
	doing := "get node " + name
	body, err := api.Send(ctx, kube.Request{Verb: http.MethodGet, Path: "/api/v1/nodes/" + name, Doing: doing})
	if err != nil {
		return wireNode{}, err
	}
	return decodeNode(body, doing)
}

func patchNode(ctx context.Context, api API, name, verb string, patch map[string]any) error {
	doing := verb + " node " + name
	content, err := json.Marshal(patch)
	if err != nil {
		return fmt.Errorf("cannot %s: %w", doing, err)
	}
	body, err := api.Send(ctx, kube.Request{
		Verb: http.MethodPatch, Path: "/api/v1/nodes/" + name, Body: content, ContentType: "application/merge-patch+json", Doing: doing,
	})
	if err != nil {
		return err
	}
	_, err = decodeNode(body, doing)
	return err
}

func decodeNode(body []byte, doing string) (wireNode, error) {
	var node wireNode
	if err := json.Unmarshal(body, &node); err != nil || node.Kind != "Node" || node.Metadata.Name == "" {
		return wireNode{}, fmt.Errorf("cannot %s: the answer is not a node", doing)
	}
	return node, nil
}
