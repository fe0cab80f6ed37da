// Package jujutest owns an in-memory Juju for unit tests: an Agent that answers the hook tools with the real tools'
// output formats and exit codes, directly, over a socket, or by processes of the test binary. It is linked into tests
// only and knows nothing of what the charm does.
package jujutest

import (
	"context"
	"errors"
	"maps"
	"slices"
	"sync"

	"kubernetes-worker/internal/juju"
	"kubernetes-worker/internal/relation"
)

// Agent is one unit's agent with the part of the model that the unit sees. Set its fields up before the first call; its
// zero values mean "Juju has none". It answers one call at a time.
type Agent struct {
	Unit           string
	Config         map[string]any // nil values are options without value
	Relations      map[string]*Relation
	PublicAddress  string
	PrivateAddress string
	Networks       map[string]string // network-get's JSON by endpoint
	Goal           string            // goal-state's JSON; empty for an empty one
	Leader         bool
	LeaderSettings map[string]string
	Resources      map[string]string // path by name
	Secrets        map[string]map[string]string

	Status             juju.Status
	ApplicationVersion string
	Opened             []string
	Log                []string // "LEVEL message"
	RebootAsked        bool

	InAction bool
	Params   map[string]any
	Results  map[string]string
	Progress []string
	Failure  *string // what action-fail said

	Absent    map[string]bool        // tools that this Juju lacks
	Failures  map[string]juju.Result // tools that answer this instead
	Transport string                 // what Name says when the Agent is the transport; "socket" if empty
	Hang      map[string]bool        // tools that never answer

	mu      sync.Mutex
	calls   []Call
	pending map[string]map[string]string // relation-set of this hook, "" deletes
	ports   []portChange
}

// Relation is one relation as the agent knows it.
type Relation struct {
	Endpoint   string
	Own        relation.Bag
	Units      map[string]relation.Bag
	Unreadable map[string]bool // units, this one too, whose data is refused
	Unlisted   map[string]bool // units whose data is readable, though they are not listed
}

// Call is one call of a tool.
type Call struct {
	Tool  string
	Args  []string
	Stdin string
}

type portChange struct {
	port string
	open bool
}

// New returns an agent for a unit of a model without anything.
func New(unit string) *Agent {
	return &Agent{
		Unit: unit, Config: map[string]any{}, Relations: map[string]*Relation{}, Networks: map[string]string{},
		LeaderSettings: map[string]string{}, Resources: map[string]string{}, Secrets: map[string]map[string]string{},
		Results: map[string]string{}, Absent: map[string]bool{}, Failures: map[string]juju.Result{}, Hang: map[string]bool{},
		pending: map[string]map[string]string{},
	}
}

// Relate adds a relation; its endpoint is the part of the id before the colon.
func (a *Agent) Relate(id string, units map[string]relation.Bag) *Relation {
	r := &Relation{
		Endpoint: endpointOf(id), Own: relation.Bag{}, Units: units, Unreadable: map[string]bool{}, Unlisted: map[string]bool{},
	}
	if r.Units == nil {
		r.Units = map[string]relation.Bag{}
	}
	a.Relations[id] = r
	return r
}

// Name is what Transport says.
func (a *Agent) Name() string {
	if a.Transport != "" {
		return a.Transport
	}
	return juju.SocketName
}

// Call answers a tool as a transport does.
func (a *Agent) Call(ctx context.Context, tool string, args []string, stdin []byte) (juju.Result, error) {
	if a.Hang[tool] {
		<-ctx.Done()
		return juju.Result{}, ctx.Err()
	}
	result, err := a.run(tool, args, stdin, stdin != nil)
	if errors.Is(err, errUnknownCommand) {
		return juju.Result{}, juju.ErrNoTool
	}
	return result, err
}

// Calls returns the calls so far, of one tool, or of all where tool is empty.
func (a *Agent) Calls(tool string) []Call {
	a.mu.Lock()
	defer a.mu.Unlock()
	return slices.DeleteFunc(slices.Clone(a.calls), func(c Call) bool { return tool != "" && c.Tool != tool })
}

// Forget drops the record of calls.
func (a *Agent) Forget() {
	a.mu.Lock()
	defer a.mu.Unlock()
	a.calls = nil
}

// Flush ends a hook that succeeded: relation data and ports take effect.
func (a *Agent) Flush() {
	a.mu.Lock()
	defer a.mu.Unlock()
	for id, changes := range a.pending {
		r, ok := a.Relations[id]
		if !ok {
			continue
		}
		r.Own = merged(r.Own, changes)
	}
	for _, c := range a.ports {
		a.Opened = slices.DeleteFunc(a.Opened, func(p string) bool { return p == c.port })
		if c.open {
			a.Opened = append(a.Opened, c.port)
		}
	}
	a.drop()
}

// Discard ends a hook that failed: what was buffered is lost.
func (a *Agent) Discard() {
	a.mu.Lock()
	defer a.mu.Unlock()
	a.drop()
}

func (a *Agent) drop() {
	a.pending, a.ports = map[string]map[string]string{}, nil
}

func merged(bag relation.Bag, changes map[string]string) relation.Bag {
	bag = maps.Clone(bag)
	if bag == nil {
		bag = relation.Bag{}
	}
	for key, value := range changes {
		if value == "" {
			delete(bag, key)
		} else {
			bag[key] = value
		}
	}
	return bag
}
