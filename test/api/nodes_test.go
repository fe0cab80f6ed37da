package api

import (
	"context"
	"fmt"
	"testing"
	"time"

	"kubernetes-worker/internal/kube"
)

// nodesOfUnits looks at what the leader and a leaving unit ask of a real API server.
func (c *cluster) nodesOfUnits(t *testing.T, admin *kube.Client) {
	ctx, cancel := context.WithTimeout(context.Background(), time.Minute)
	defer cancel()
	create := func(name, app string) {
		t.Helper()
		c.create(t, "/api/v1/nodes", map[string]any{"kind": "Node", "apiVersion": "v1", "metadata": map[string]any{"name": name, "labels": map[string]any{"juju-application": app}}})
	}
	for i := range 30 { // more than one answer holds
		create(fmt.Sprintf("dead-%d", i), "a")
	}
	create("theirs", "b")
	if err := admin.AnnotateNode(ctx, "dead-7", map[string]string{"kubernetes-worker/unit": "a/7"}); err != nil {
		t.Fatal(err)
	}
	all, now, err := admin.NodesWith(ctx, "juju-application", "a")
	if err != nil || len(all) != 30 || time.Since(now).Abs() > time.Minute {
		t.Fatalf("%d nodes at %v, %v", len(all), now, err)
	}
	for _, n := range all {
		if unit := n.Annotations["kubernetes-worker/unit"]; (unit == "a/7") != (n.Name == "dead-7") {
			t.Errorf("%s is that of %q", n.Name, unit)
		}
	}

	get := func() kube.Node {
		t.Helper()
		node, err := admin.GetNode(ctx, "dead-7")
		if err != nil {
			t.Fatal(err)
		}
		return node
	}
	before := get()
	if err := admin.AnnotateNode(ctx, "dead-7", map[string]string{"a": "1"}); err != nil {
		t.Fatal(err)
	}
	if err := admin.DeleteThisNode(ctx, before, true); kube.KindOf(err) != kube.Conflict {
		t.Errorf("a node that somebody has changed: %v", err)
	}
	if err := admin.DeleteThisNode(ctx, before, false); err != nil {
		t.Errorf("the same node: %v", err)
	}
	if _, err := admin.GetNode(ctx, "dead-7"); kube.KindOf(err) != kube.NotFound {
		t.Errorf("the node is there: %v", err)
	}
	create("dead-7", "a")
	if err := admin.DeleteThisNode(ctx, before, false); kube.KindOf(err) != kube.Conflict {
		t.Errorf("another node of that name: %v", err)
	}
	if err := admin.DeleteThisNode(ctx, get(), true); err != nil {
		t.Errorf("that one, unchanged: %v", err)
	}
}
