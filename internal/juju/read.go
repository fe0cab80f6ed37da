package juju

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"

	"kubernetes-worker/internal/relation"
)

// read fills the snapshot.
func (s *Session) read(ctx context.Context, options Options) error {
	out, err := s.call(ctx, nil, "config-get", "--all", "--format=json")
	if err != nil {
		return err
	}
	if s.snapshot.Config, err = parseConfig(out); err != nil {
		return err
	}
	for _, endpoint := range options.Endpoints {
		if err := s.readEndpoint(ctx, endpoint, slices.Contains(options.Open, endpoint)); err != nil {
			return fmt.Errorf("cannot read endpoint %s: %w", endpoint, err)
		}
	}
	slices.SortFunc(s.snapshot.Relations, func(a, b relation.Relation) int {
		return cmp.Or(cmp.Compare(a.Endpoint, b.Endpoint), cmp.Compare(a.ID, b.ID))
	})
	for _, endpoint := range options.Networks {
		if err := s.readNetwork(ctx, endpoint); err != nil {
			return fmt.Errorf("cannot read network of endpoint %s: %w", endpoint, err)
		}
	}
	return s.readAddresses(ctx)
}

// readEndpoint reads all relations of an endpoint. What is remembered of them is believed until something of it turns out
// to be gone. What the peers of an open endpoint say is remembered, too.
func (s *Session) readEndpoint(ctx context.Context, endpoint string, open bool) error {
	if known := s.trusted(); known != nil {
		if ids, ok := known.Relations[endpoint]; ok {
			found, err := s.readRelations(ctx, endpoint, ids, known.Units)
			if err == nil {
				s.keepRelations(endpoint, ids, found, open)
				return nil
			}
			var failure *ToolError
			if !errors.As(err, &failure) {
				return err
			}
		}
	}
	out, err := s.call(ctx, nil, "relation-ids", endpoint, "--format=json")
	if err != nil {
		return err
	}
	ids, err := parseStrings("relation-ids", out)
	if err != nil {
		return err
	}
	// The hook of a broken relation may still list its id.
	ids = slices.DeleteFunc(ids, s.broken)
	found, err := s.readRelations(ctx, endpoint, ids, nil)
	if err != nil {
		return err
	}
	s.keepRelations(endpoint, ids, found, open)
	return nil
}

func (s *Session) keepRelations(endpoint string, ids []string, found []relation.Relation, open bool) {
	s.remembered.Relations[endpoint] = slices.Clone(ids)
	s.snapshot.Relations = append(s.snapshot.Relations, found...)
	for _, r := range found {
		s.own[r.ID] = maps.Clone(r.Own)
		s.remembered.Own[r.ID] = maps.Clone(r.Own)
		units := map[string]relation.Bag{}
		for _, u := range r.Units {
			units[u.Name] = nil
			if open && size(u.Data) <= longestRemembered {
				units[u.Name] = u.Data
			}
		}
		s.remembered.Units[r.ID] = units
	}
}

// longestRemembered bounds what is kept of one peer's data, in bytes; more is read each time.
const longestRemembered = 16 << 10

func size(bag relation.Bag) int {
	n := 0
	for key, value := range bag {
		n += len(key) + len(value)
	}
	return n
}

// broken reports whether this invocation is the end of the relation.
func (s *Session) broken(id string) bool { return s.event.Phase == Broken && s.event.RelationID == id }

// readRelations reads relations by their ids; of those whose units are known only the data that is not.
func (s *Session) readRelations(ctx context.Context, endpoint string, ids []string, known map[string]map[string]relation.Bag) ([]relation.Relation, error) {
	var found []relation.Relation
	for _, id := range ids {
		r, err := s.readRelation(ctx, endpoint, id, known[id])
		if err != nil {
			return nil, fmt.Errorf("cannot read relation %s: %w", id, err)
		}
		found = append(found, r)
	}
	return found, nil
}

func (s *Session) readRelation(ctx context.Context, endpoint, id string, known map[string]relation.Bag) (relation.Relation, error) {
	r := relation.Relation{ID: id, Endpoint: endpoint}
	names := slices.Sorted(maps.Keys(known))
	if known == nil {
		out, err := s.call(ctx, nil, "relation-list", "-r", id, "--format=json")
		if err != nil {
			return r, err
		}
		if names, err = parseStrings("relation-list", out); err != nil {
			return r, err
		}
	}
	for _, name := range names {
		if r.App == "" {
			r.App, _, _ = strings.Cut(name, "/")
		}
		if s.event.Phase == Departed && s.event.RelationID == id && s.event.RemoteUnit == name {
			continue // older agents still list the unit that leaves
		}
		bag := known[name]
		if bag == nil {
			var err error
			bag, err = s.readBag(ctx, id, name)
			if known == nil && says(err, "permission denied", "not found") {
				continue // listed, but not there yet or not there any more
			}
			if err != nil {
				return r, fmt.Errorf("cannot read data of %s: %w", name, err)
			}
		}
		r.Units = append(r.Units, relation.Unit{Name: name, Data: bag})
	}
	if r.App == "" && s.event.RelationID == id {
		r.App = s.event.RemoteApp
	}
	var err error
	if r.Own, err = s.readOwn(ctx, id); err != nil {
		return r, fmt.Errorf("cannot read own data: %w", err)
	}
	return r, nil
}

func (s *Session) readOwn(ctx context.Context, id string) (relation.Bag, error) {
	if known := s.trusted(); known != nil {
		if bag, ok := known.Own[id]; ok {
			return maps.Clone(bag), nil
		}
	}
	bag, err := s.readBag(ctx, id, s.env.UnitName)
	if says(err, "permission denied", "settings not found") {
		return relation.Bag{}, nil // this unit has not entered the relation yet
	}
	return bag, err
}

func (s *Session) readBag(ctx context.Context, id, unit string) (relation.Bag, error) {
	out, err := s.call(ctx, nil, "relation-get", "-r", id, "--format=json", "-", unit)
	if err != nil {
		return nil, err
	}
	return parseBag(out)
}

func (s *Session) readNetwork(ctx context.Context, endpoint string) error {
	if known := s.trusted(); known != nil {
		if n, ok := known.Networks[endpoint]; ok {
			s.keepNetwork(endpoint, n)
			return nil
		}
	}
	out, err := s.call(ctx, nil, "network-get", endpoint, "--format=json")
	// The texts of the generations for an endpoint without a network. Any other failure ends the reading: going on
	// with another address would move the node.
	if errors.Is(err, ErrNoTool) || says(err, "no network config found", "not defined", "not found") {
		return nil
	}
	if err != nil {
		return err
	}
	n, err := parseNetwork(out)
	if err != nil {
		return err
	}
	s.keepNetwork(endpoint, n)
	return nil
}

func (s *Session) keepNetwork(endpoint string, n Network) {
	s.snapshot.Networks[endpoint] = n
	s.remembered.Networks[endpoint] = n
}

func (s *Session) readAddresses(ctx context.Context) error {
	var known Remembered
	if t := s.trusted(); t != nil {
		known = *t
	}
	for _, a := range []struct {
		which            string
		known            string
		snapshot, retain *string
	}{
		{"public-address", known.PublicAddress, &s.snapshot.PublicAddress, &s.remembered.PublicAddress},
		{"private-address", known.PrivateAddress, &s.snapshot.PrivateAddress, &s.remembered.PrivateAddress},
	} {
		address := a.known
		if address == "" {
			var err error
			if address, err = s.readAddress(ctx, a.which); err != nil {
				return err
			}
		}
		*a.snapshot, *a.retain = address, address
	}
	return nil
}

func (s *Session) readAddress(ctx context.Context, which string) (string, error) {
	out, err := s.call(ctx, nil, "unit-get", which, "--format=json")
	if errors.Is(err, ErrNoTool) || says(err, "not found", "no public address", "no private address") {
		return "", nil
	}
	if err != nil {
		return "", err
	}
	return parseString("unit-get", out)
}
