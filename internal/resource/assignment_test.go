package resource

import (
	"context"
	"errors"
	"testing"

	"kubernetes-worker/internal/condition"
	"kubernetes-worker/internal/host"
)

func TestAnAssignmentIsAddedOnceAndOnlyOursGoes(t *testing.T) {
	const ours = "CREDENTIALS=/ours"
	for name, c := range map[string]struct {
		before, with, without string
		nothing               bool // there is no file afterwards
	}{
		"no file":                     {"", ours + "\n", "", true},
		"others":                      {"A=b\n", "A=b\n" + ours + "\n", "A=b\n", false},
		"others without a line's end": {"A=b", "A=b\n" + ours + "\n", "A=b\n", false},
		"somebody's own":              {"CREDENTIALS=/theirs\n", "CREDENTIALS=/theirs\n", "CREDENTIALS=/theirs\n", false},
		"a comment with the name":     {"# CREDENTIALS=x\n", "# CREDENTIALS=x\n", "# CREDENTIALS=x\n", false},
	} {
		t.Run(name, func(t *testing.T) {
			sys, h, _ := newSystem(t)
			a := Assignment{Path: "/var/environment", Name: "CREDENTIALS", Value: "/ours"}
			if c.before != "" {
				if err := h.MkdirAll("/var", 0o755); err != nil {
					t.Fatal(err)
				}
				if err := h.WriteFile(a.Path, []byte(c.before), host.FileMeta{Mode: 0o640}); err != nil {
					t.Fatal(err)
				}
			}
			for _, step := range []struct {
				absent bool
				want   string
			}{{false, c.with}, {true, c.without}} {
				a.Absent = step.absent
				for range 2 { // the second time nothing is left to do
					change, err := a.Plan(context.Background(), sys)
					if err != nil {
						t.Fatal(err)
					}
					if change != nil {
						if err := change.Apply(context.Background()); err != nil {
							t.Fatal(err)
						}
					}
				}
				if change, err := a.Plan(context.Background(), sys); change != nil || err != nil {
					t.Errorf("absent %v: it is never done: %v", step.absent, err)
				}
				got, err := h.ReadFile(a.Path)
				if string(got) != step.want || (err != nil) != (step.absent && c.nothing) {
					t.Errorf("absent %v: %q, %v; want %q", step.absent, got, err, step.want)
				}
			}
		})
	}
}

type deletions struct {
	Nodes
	err   error
	names []string
}

func (d *deletions) DeleteNode(_ context.Context, name string) error {
	d.names = append(d.names, name)
	return d.err
}

func TestAFormerNodeIsDeletedUntilThatSucceeds(t *testing.T) {
	sys, _, _ := newSystem(t)
	nodes := &deletions{err: errors.New("no route to host")}
	sys.Nodes, sys.State.FormerNode = nodes, "worker-0"
	for i, want := range []struct {
		fails error
		calls int
	}{{nodes.err, 1}, {nil, 2}, {nil, 2}} {
		nodes.err = want.fails
		change, err := FormerNode{Node: "worker-0"}.Plan(context.Background(), sys)
		if err != nil {
			t.Fatal(err)
		}
		if change != nil {
			if err := change.Apply(context.Background()); (err != nil) != (want.fails != nil) || err != nil && condition.Of(err) != condition.Waiting {
				t.Errorf("try %d: %v", i, err)
			}
		}
		if len(nodes.names) != want.calls {
			t.Errorf("try %d: asked %q", i, nodes.names)
		}
	}
}
