package juju

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"time"

	"kubernetes-worker/internal/relation"
)

// Options says what Open reads.
type Options struct {
	// Endpoints whose relations are read.
	Endpoints []string
	// Open are those of them whose peers send nothing secret: what they say may be kept in Remembered.
	Open []string
	// Networks are the endpoints whose addresses are read; a relation is not needed for that.
	Networks []string
	// Remembered is what an earlier session gave, nil for nothing.
	Remembered *Remembered
	// Timeout bounds every call of a tool that does not download anything; 0 means 30 seconds.
	Timeout time.Duration
}

// The deadlines of calls. A download of a resource is bounded so that a dead controller ends the hook some time.
const (
	callTimeout     = 30 * time.Second
	secretTimeout   = 2 * time.Minute
	resourceTimeout = 20 * time.Minute
)

// Session is the talk with Juju of one invocation. It is not safe for concurrent use: the agent runs one tool at a time.
type Session struct {
	env       Environment
	event     Event
	transport Transport
	timeout   time.Duration
	counts    map[string]int

	snapshot   *Snapshot
	own        map[string]relation.Bag // own bag by relation id, with what was sent since
	silent     map[string]bool         // relations that nothing is written to: broken, or this unit is leaving
	status     *Status                 // as Juju has it; nil where unknown
	opened     []string                // as Juju has them; nil where unknown
	remembered Remembered
	before     *Remembered
}

// Open reads what Juju says. In update-status over processes it trusts what was remembered where Remembered explains
// that this is safe; otherwise it reads everything.
func Open(ctx context.Context, env Environment, event Event, transport Transport, options Options) (*Session, error) {
	s := &Session{
		env: env, event: event, transport: transport, timeout: options.Timeout, counts: map[string]int{},
		snapshot: &Snapshot{Networks: map[string]Network{}}, own: map[string]relation.Bag{}, silent: map[string]bool{},
		remembered: newRemembered(env),
	}
	if s.timeout <= 0 {
		s.timeout = callTimeout
	}
	if options.Remembered != nil && options.Remembered.Agent == env.Version {
		s.before = options.Remembered
		s.remembered.ApplicationVersion = s.before.ApplicationVersion
		s.remembered.OpenedPorts = s.before.OpenedPorts
	}
	if event.RelationID != "" && (event.Phase == Broken || event.Phase == Departed && event.DepartingUnit == env.UnitName) {
		s.silent[event.RelationID] = true
	}
	if err := s.read(ctx, options); err != nil {
		return nil, fmt.Errorf("cannot read the model: %w", err)
	}
	return s, nil
}

// Snapshot returns what was read at Open.
func (s *Session) Snapshot() *Snapshot { return s.snapshot }

// Counts returns how often each tool was called, by its name.
func (s *Session) Counts() map[string]int { return maps.Clone(s.counts) }

// TransportName says how calls travel now: "socket" or "exec".
func (s *Session) TransportName() string { return s.transport.Name() }

// call runs a tool and returns what it printed. The error is a *ToolError, ErrNoTool, or that it could not be run.
func (s *Session) call(ctx context.Context, stdin []byte, tool string, args ...string) ([]byte, error) {
	return s.callWithin(ctx, s.timeout, stdin, tool, args...)
}

func (s *Session) callWithin(ctx context.Context, limit time.Duration, stdin []byte, tool string, args ...string) ([]byte, error) {
	bounded, cancel := context.WithTimeout(ctx, limit)
	defer cancel()
	result, err := s.transport.Call(bounded, tool, args, stdin)
	if err == nil {
		err = result.check(tool)
	} else if bounded.Err() != nil && ctx.Err() == nil {
		err = fmt.Errorf("%w: no answer within %s", err, limit)
	}
	// A tool that is not there costs nothing and is not counted.
	if !errors.Is(err, ErrNoTool) {
		s.counts[tool]++
	}
	if err != nil {
		return nil, err
	}
	return result.Stdout, nil
}
