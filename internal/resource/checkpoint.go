package resource

import (
	"context"
	"encoding/json"
	"fmt"
	"slices"
)

// Checkpoint is that a daemon does not find what it remembers of another policy than it is going to have, with which it
// would not start. It writes the file anew.
type Checkpoint struct {
	Path   string
	Policy string
	Needs  []string // IDs of resources without which the file stays
}

// ID is checkpoint:PATH.
func (c Checkpoint) ID() string { return "checkpoint:" + c.Path }

// Stage is ServiceStage: it is done right before the daemon starts again.
func (Checkpoint) Stage() Stage { return ServiceStage }

// Requires names the resources that must be in place.
func (c Checkpoint) Requires() []string { return c.Needs }

// Equal compares path, policy and needs.
func (c Checkpoint) Equal(other any) bool {
	o, ok := other.(Checkpoint)
	return ok && o.Path == c.Path && o.Policy == c.Policy && slices.Equal(o.Needs, c.Needs)
}

// Plan compares the policy. A file that says none is left to the daemon.
func (c Checkpoint) Plan(_ context.Context, sys *System) (*Change, error) {
	have, err := readFile(sys.Host, c.Path)
	if err != nil {
		return nil, err
	}
	var content struct {
		Policy string `json:"policyName"`
	}
	if !have.exists || json.Unmarshal(have.content, &content) != nil || content.Policy == "" || content.Policy == c.Policy {
		return nil, nil
	}
	return &Change{
		Cause: fmt.Sprintf("it is of policy %.20q, and %s is wanted", content.Policy, c.Policy),
		Apply: func(context.Context) error { return sys.Host.Remove(c.Path) },
	}, nil
}
