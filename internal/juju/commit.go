package juju

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"

	"kubernetes-worker/internal/relation"
)

// Writes is what an invocation wants Juju to hold at its end.
type Writes struct {
	// Relations holds the wanted values of own keys by relation id and key; "" means that the key shall not be there.
	// Keys that are not named stay as they are.
	Relations map[string]map[string]string
	// OpenPorts and ClosePorts name ports as 80/tcp, 8000-8010/udp or 80. Others stay as they are.
	OpenPorts, ClosePorts []string
	// ApplicationVersion is shown beside the application; empty leaves it.
	ApplicationVersion string
	// Status is the unit's status; nil leaves it.
	Status *Status
}

// Commit sends what differs from what Juju holds: relation data and ports, which the agent keeps until the hook ends
// well, then version and status, which show at once.
func (s *Session) Commit(ctx context.Context, w Writes) error {
	for _, id := range slices.Sorted(maps.Keys(w.Relations)) {
		if err := s.commitRelation(ctx, id, w.Relations[id]); err != nil {
			return fmt.Errorf("cannot write relation %s: %w", id, err)
		}
	}
	if err := s.commitPorts(ctx, w.OpenPorts, w.ClosePorts); err != nil {
		return err
	}
	if v := w.ApplicationVersion; v != "" && v != s.remembered.ApplicationVersion {
		if _, err := s.call(ctx, nil, "application-version-set", words(v)...); err != nil {
			return err
		}
		s.remembered.ApplicationVersion = v
	}
	if w.Status != nil {
		return s.setStatus(ctx, *w.Status)
	}
	return nil
}

var (
	errUnknownRelation = errors.New("it was not read")
	errJujuKey         = errors.New("key belongs to Juju")
)

func (s *Session) commitRelation(ctx context.Context, id string, want map[string]string) error {
	if s.silent[id] {
		return nil
	}
	have, ok := s.own[id]
	if !ok {
		return errUnknownRelation
	}
	changes := map[string]string{}
	for key, value := range want {
		if slices.Contains(relation.JujuKeys[:], key) && !(key == relation.JujuKeys[0] && s.env.LeavesPrivateAddress()) {
			return fmt.Errorf("%w: %s", errJujuKey, key)
		}
		// An absent key reads as "", so that the wish for its absence is fulfilled.
		if have[key] != value {
			changes[key] = value
		}
	}
	if len(changes) == 0 {
		return nil
	}
	file, err := settingsFile(changes)
	if err != nil {
		return err
	}
	delete(s.remembered.Own, id) // the flush is still to come
	if _, err := s.call(ctx, file, "relation-set", "-r", id, "--file", "-"); err != nil {
		return err
	}
	for key, value := range changes {
		if value == "" {
			delete(have, key)
		} else {
			have[key] = value
		}
	}
	return nil
}

func (s *Session) commitPorts(ctx context.Context, open, closed []string) error {
	if len(open) == 0 && len(closed) == 0 {
		return nil
	}
	if err := s.readPorts(ctx); err != nil {
		return err
	}
	for _, c := range []struct {
		tool  string
		ports []string
		done  bool // whether a port that is listed as opened needs nothing
	}{{"close-port", closed, false}, {"open-port", open, true}} {
		for _, port := range c.ports {
			port = portName(port)
			if s.opened != nil && slices.Contains(s.opened, port) == c.done {
				continue
			}
			s.remembered.OpenedPorts = nil // the flush is still to come
			if _, err := s.call(ctx, nil, c.tool, port); err != nil {
				return fmt.Errorf("cannot change port %s: %w", port, err)
			}
			if s.opened != nil {
				s.opened = slices.DeleteFunc(s.opened, func(p string) bool { return p == port })
				if c.done {
					s.opened = append(s.opened, port)
				}
			}
		}
	}
	return nil
}

// readPorts learns which ports are open, once. Where Juju does not tell, every port is sent, which does no harm.
func (s *Session) readPorts(ctx context.Context) error {
	if s.opened != nil {
		return nil
	}
	if known := s.trusted(); known != nil && known.OpenedPorts != nil {
		s.opened = slices.Clone(known.OpenedPorts)
		return nil
	}
	out, err := s.call(ctx, nil, "opened-ports", "--format=json")
	if errors.Is(err, ErrNoTool) {
		return nil
	}
	if err != nil {
		return err
	}
	if s.opened, err = parsePorts(out); err != nil {
		return err
	}
	s.remembered.OpenedPorts = slices.Clone(s.opened)
	return nil
}

// portName spells a port as opened-ports does: with its protocol, without the endpoints that may follow.
func portName(port string) string {
	port, _, _ = strings.Cut(strings.TrimSpace(port), " ")
	port = strings.ToLower(port)
	if port == "" || port == "icmp" || strings.Contains(port, "/") {
		return port
	}
	return port + "/tcp"
}
