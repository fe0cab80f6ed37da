package resource

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"kubernetes-worker/internal/kube"
)

// fleet is a cluster with some nodes.
type fleet struct {
	Nodes
	nodes   []kube.Node
	now     time.Time
	asked   []string
	list    error // what listing ends with
	refuses error // what deleting ends with
}

func (f *fleet) NodesWith(_ context.Context, label, value string) (all []kube.NodeMarks, now time.Time, err error) {
	f.asked = append(f.asked, "list "+label+"="+value)
	for _, n := range f.nodes {
		if n.Labels[label] == value {
			all = append(all, kube.NodeMarks{Name: n.Name, Annotations: n.Annotations})
		}
	}
	return all, f.now, f.list
}

func (f *fleet) GetNode(_ context.Context, name string) (kube.Node, error) {
	f.asked = append(f.asked, "get "+name)
	return f.nodes[slices.IndexFunc(f.nodes, func(n kube.Node) bool { return n.Name == name })], nil
}

func (f *fleet) DeleteThisNode(_ context.Context, node kube.Node, unchanged bool) error {
	f.asked = append(f.asked, fmt.Sprintf("delete %s unchanged %t", node.Name, unchanged))
	if f.refuses == nil {
		f.nodes = slices.DeleteFunc(f.nodes, func(n kube.Node) bool { return n.Name == node.Name })
	}
	return f.refuses
}

const model, elsewhere = "f00d", "beef"

// of makes a node of a unit that has been in a state since some time before noon.
func of(unit, inModel, ready string, ago time.Duration) kube.Node {
	app, number, _ := strings.Cut(unit, "/")
	return kube.Node{Name: app + "-" + number, Labels: map[string]string{"juju-application": app}, Annotations: NodeOwner{inModel, unit}.annotations(),
		Ready: kube.Condition{Status: ready, Since: noon.Add(-ago)}, CreatedAt: noon.Add(-48 * time.Hour)}
}

var noon = time.Date(2026, 1, 1, 12, 0, 0, 0, time.UTC)

func TestOnlyNodesOfUnitsThatAreGoneAndSilentGo(t *testing.T) {
	never := of("worker/7", model, "", 0)
	never.Ready.Since, never.CreatedAt = time.Time{}, noon.Add(-time.Hour)
	justMade := never
	justMade.CreatedAt = noon.Add(-time.Minute)
	timeless := never
	timeless.CreatedAt = time.Time{}
	unnamed := of("worker/7", model, "Unknown", time.Hour)
	unnamed.Annotations = nil
	for _, c := range []struct {
		name  string
		node  kube.Node
		goes  bool
		left  bool // it is told of
		again bool // the next time looks again
	}{
		{"gone and silent for an hour", of("worker/7", model, "Unknown", time.Hour), true, false, false},
		{"gone and not Ready for an hour", of("worker/7", model, "False", time.Hour), true, false, false},
		{"gone and silent for ten minutes", of("worker/7", model, "Unknown", longDead), true, false, false},
		{"gone and silent for a moment less", of("worker/7", model, "Unknown", longDead-time.Second), false, false, true},
		{"gone and never heard of", never, true, false, false},
		{"gone and made a minute ago", justMade, false, false, true},
		{"gone, and nobody says since when", timeless, false, false, true},
		{"gone and Ready", of("worker/7", model, "True", time.Hour), false, true, true},
		{"its unit is there", of("worker/1", model, "Unknown", time.Hour), false, false, false},
		{"its unit is this one", of("worker/0", model, "Unknown", time.Hour), false, false, false},
		{"of another model", of("worker/7", elsewhere, "Unknown", time.Hour), false, false, false},
		{"of another application", of("other/7", model, "Unknown", time.Hour), false, false, false},
		{"of another application under the label of this one", func() kube.Node {
			n := of("other/7", model, "Unknown", time.Hour)
			n.Labels["juju-application"] = "worker"
			return n
		}(), false, false, false},
		{"of nobody", unnamed, false, false, false},
	} {
		t.Run(c.name, func(t *testing.T) {
			sys, _, _ := newSystem(t)
			nodes := &fleet{nodes: []kube.Node{of("worker/0", model, "True", time.Hour), c.node}, now: noon}
			sys.Nodes = nodes
			want := DeadNodes{Owner: NodeOwner{model, "worker/0"}, Units: []string{"worker/0", "worker/1"}}
			realise(t, sys, want)
			deleted := slices.ContainsFunc(nodes.asked, func(a string) bool { return a == "delete "+c.node.Name+" unchanged true" })
			if deleted != c.goes || (len(sys.State.Sweep.Left) > 0) != c.left {
				t.Errorf("deleted %v, left %q; asked %q", deleted, sys.State.Sweep.Left, nodes.asked)
			}
			realise(t, sys, want)
			if lists := count(nodes.asked, "list juju-application=worker"); lists != 1 {
				t.Errorf("one hook listed %d times", lists)
			}
			sys.Prepare()
			realise(t, sys, want)
			if again := count(nodes.asked, "list juju-application=worker") == 2; again != c.again {
				t.Errorf("the next hook looks again: %v; asked %q", again, nodes.asked)
			}
			sys.Prepare()
			realise(t, sys, DeadNodes{Owner: want.Owner, Units: []string{"worker/0"}})
			if lists := count(nodes.asked, "list juju-application=worker"); lists < 2 {
				t.Error("nobody looks when another unit is gone")
			}
		})
	}
}

func count(all []string, one string) int {
	n := 0
	for _, a := range all {
		if a == one {
			n++
		}
	}
	return n
}

func TestNodesThatCannotBeSweptAreLeftForTheNextTime(t *testing.T) {
	sys, _, _ := newSystem(t)
	nodes := &fleet{now: noon, refuses: errors.New("cannot delete node: somebody changed it")}
	for i := range deadAtOnce + 5 {
		nodes.nodes = append(nodes.nodes, of(fmt.Sprintf("worker/%d", i+1), model, "Unknown", time.Hour))
	}
	sys.Nodes = nodes
	want := DeadNodes{Owner: NodeOwner{model, "worker/0"}, Units: []string{"worker/0"}}
	realise(t, sys, want)
	if n := len(nodes.asked); n != 1+2*deadAtOnce || len(nodes.nodes) != deadAtOnce+5 {
		t.Errorf("%d requests, want one list and %d tries", n, deadAtOnce)
	}
	nodes.refuses = nil
	for _, left := range []int{5, 0, 0} {
		nodes.asked = nil
		sys.Prepare()
		realise(t, sys, want)
		if len(nodes.nodes) != left {
			t.Errorf("%d nodes are left, want %d", len(nodes.nodes), left)
		}
	}
	if len(nodes.asked) != 0 {
		t.Errorf("when all are gone it asked %q", nodes.asked)
	}
	sys.State.Sweep.Units, nodes.list = "", errors.New("no API server answers")
	sys.Prepare()
	realise(t, sys, want)
	if sys.State.Sweep.Units != "" {
		t.Error("an API server that is away counts as one that has no such nodes")
	}
}

func TestWhoseANodeIs(t *testing.T) {
	own := NodeOwner{model, "worker/0"}
	for _, c := range []struct {
		name              string
		has               NodeOwner
		reporter, machine string
		foreign           string
		claims            bool
	}{
		{"named after the unit", own, "m0", "m0", "", false},
		{"named after the unit, machines not known", own, "", "", "", false},
		{"without a name", NodeOwner{}, "m0", "m0", "", true},
		{"without a name, machines not known", NodeOwner{}, "", "m0", "", true},
		{"without a name, of another machine", NodeOwner{}, "m1", "m0", "the kubelet of another machine reports for it", false},
		{"named after the unit, and another machine has taken it over", own, "m1", "m0", "the kubelet of another machine reports for it", false},
		{"of another unit on another machine", NodeOwner{model, "worker/1"}, "m1", "m0", "the kubelet of another machine reports for it (worker/1)", false},
		{"of another unit, machines not known", NodeOwner{model, "worker/1"}, "", "m0", "it is that of another unit (worker/1)", false},
		{"of another model", NodeOwner{elsewhere, "worker/0"}, "", "m0", "it is that of another unit (worker/0 of the model beef)", false},
		{"of the unit that this machine belonged to before", NodeOwner{model, "worker/1"}, "m0", "m0", "it is that of another unit (worker/1)", true},
	} {
		if got := own.Foreign(c.has, c.reporter, c.machine); got != c.foreign {
			t.Errorf("%s: foreign %q, want %q", c.name, got, c.foreign)
		}
		if got := own.Claims(c.has, c.reporter, c.machine); got != c.claims {
			t.Errorf("%s: claims %v, want %v", c.name, got, c.claims)
		}
	}
}
