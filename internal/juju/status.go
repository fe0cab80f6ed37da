package juju

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
)

// State is a unit's workload state.
type State string

// The states that a charm may set.
const (
	Active      State = "active"
	Blocked     State = "blocked"
	Maintenance State = "maintenance"
	Waiting     State = "waiting"
)

// Status is what juju status shows for the unit.
type Status struct {
	State   State
	Message string
}

var errBadState = errors.New("not one of active, blocked, maintenance, waiting")

// Progress shows a status at once, where Juju does not show it already.
func (s *Session) Progress(ctx context.Context, state State, message string) error {
	return s.setStatus(ctx, Status{State: state, Message: message})
}

func (s *Session) setStatus(ctx context.Context, want Status) error {
	switch want.State {
	case Active, Blocked, Maintenance, Waiting:
	default:
		return fmt.Errorf("cannot set status %q: %w", want.State, errBadState)
	}
	want.Message = shorten(argument(want.Message), longestArgument)
	if err := s.readStatus(ctx); err != nil {
		return err
	}
	if s.status != nil && *s.status == want {
		return nil
	}
	s.status = nil // unknown, should the call fail
	if _, err := s.call(ctx, nil, "status-set", words(string(want.State), want.Message)...); err != nil {
		return err
	}
	s.status = &want
	return nil
}

// statusSetByJuju names the hooks around which Juju sets a status text of its own, after start even one that it only
// sets if the charm sent none: there the charm's is always sent.
var statusSetByJuju = [...]string{"install", "start", "stop", "remove", "upgrade-charm"}

// readStatus learns the status that Juju holds, once. It is asked rather than remembered, since a hook that failed
// later, or another process, may have changed it. Where Juju does not tell, the status is sent.
func (s *Session) readStatus(ctx context.Context) error {
	if s.status != nil || s.event.Kind == Hook && slices.Contains(statusSetByJuju[:], s.event.Name) {
		return nil
	}
	out, err := s.call(ctx, nil, "status-get", "--include-data", "--format=json")
	var failure *ToolError
	if errors.Is(err, ErrNoTool) || errors.As(err, &failure) {
		return nil
	}
	if err != nil {
		return err
	}
	var held struct {
		Status  State  `json:"status"`
		Message string `json:"message"`
	}
	if json.Unmarshal(out, &held) == nil {
		s.status = &Status{State: held.Status, Message: held.Message}
	}
	return nil
}
