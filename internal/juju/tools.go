package juju

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"path/filepath"
	"strings"

	"kubernetes-worker/internal/secret"
)

// GoalState is what the model is on its way to, by local endpoint and member (application or unit), with the status of
// each. Peer relations are not in it.
type GoalState struct {
	Units     map[string]string
	Relations map[string]map[string]string
}

// Expects reports whether the model has a relation at the endpoint, be it joined or not.
func (g GoalState) Expects(endpoint string) bool { return len(g.Relations[endpoint]) > 0 }

// GoalState asks for the model's goal. The error is ErrNoTool on agents before 2.4.
func (s *Session) GoalState(ctx context.Context) (GoalState, error) {
	out, err := s.call(ctx, nil, "goal-state", "--format=json")
	if err != nil {
		return GoalState{}, err
	}
	return parseGoalState(out)
}

// Resource returns the absolute path of an attached resource, downloading it if needed. The error is ErrNoTool where
// Juju has no resources, ErrMissing where this one cannot be had: never attached, or the download failed.
func (s *Session) Resource(ctx context.Context, name string) (string, error) {
	out, err := s.callWithin(ctx, max(resourceTimeout, s.timeout), nil, "resource-get", name)
	var failure *ToolError
	if errors.As(err, &failure) {
		return "", fmt.Errorf("cannot get resource %s: %w: %w", name, ErrMissing, err)
	}
	if err != nil {
		return "", fmt.Errorf("cannot get resource %s: %w", name, err)
	}
	file := strings.TrimRight(string(out), "\r\n")
	if !filepath.IsAbs(file) {
		return "", fmt.Errorf("cannot get resource %s: %w: resource-get gave no absolute path", name, ErrMissing)
	}
	return file, nil
}

// Secret returns the newest revision of a secret that was granted to this unit, by key. The error is ErrNoTool on
// agents without secrets, a *ToolError where it is gone or not granted.
func (s *Session) Secret(ctx context.Context, uri string) (map[string]secret.Value, error) {
	out, err := s.callWithin(ctx, max(secretTimeout, s.timeout), nil, "secret-get", uri, "--refresh", "--format=json")
	if err != nil {
		return nil, err
	}
	texts, err := parseStringMap("secret-get", out)
	if err != nil {
		return nil, err
	}
	values := make(map[string]secret.Value, len(texts))
	for key, text := range texts {
		values[key] = secret.New(text)
	}
	return values, nil
}

// IsLeader reports whether this unit leads its application, for at least the next 30 seconds if so.
func (s *Session) IsLeader(ctx context.Context) (bool, error) {
	out, err := s.call(ctx, nil, "is-leader", "--format=json")
	if err != nil {
		return false, err
	}
	return parseBool("is-leader", out)
}

// LeaderSettings returns what the leader published to its units. The error is ErrNoTool since Juju 4.
func (s *Session) LeaderSettings(ctx context.Context) (map[string]string, error) {
	if known := s.trusted(); known != nil && known.LeaderSettings != nil {
		s.remembered.LeaderSettings = maps.Clone(known.LeaderSettings)
		return maps.Clone(known.LeaderSettings), nil
	}
	out, err := s.call(ctx, nil, "leader-get", "--format=json", "-")
	if err != nil {
		return nil, err
	}
	settings, err := parseStringMap("leader-get", out)
	if err != nil {
		return nil, err
	}
	s.remembered.LeaderSettings = maps.Clone(settings)
	return settings, nil
}

// SetLeaderSetting publishes one setting at once; "" deletes it. The value is an argument of a process: no secrets. The
// error is ErrNoTool since Juju 4, a *ToolError on a unit that does not lead.
func (s *Session) SetLeaderSetting(ctx context.Context, key, value string) error {
	s.remembered.LeaderSettings = nil // read back by the next session
	_, err := s.call(ctx, nil, "leader-set", key+"="+value)
	return err
}

// Reboot asks for a restart of the machine once this hook has ended well. Actions cannot ask for it.
func (s *Session) Reboot(ctx context.Context) error {
	_, err := s.call(ctx, nil, "juju-reboot")
	return err
}
