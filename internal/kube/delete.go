package kube

import (
	"context"
	"encoding/json"
	"fmt"
	"maps"
	"net/http"
	"slices"
)

// Delete removes an object of the owner, with what belongs to it. It reports whether there was one; that there is none,
// or that the server does not know the kind, is fine. An object that is not the owner's is an Error of kind Foreign,
// unless Adopt takes it.
func (s *Objects) Delete(ctx context.Context, ref Ref) (bool, error) {
	where, err := s.client.Resolve(ctx, ref.Kind)
	if err != nil {
		return false, exceptUnserved(err)
	}
	live, err := s.client.getObject(ctx, where, ref)
	if err != nil || live == nil {
		return false, err
	}
	if !s.owner.Owns(live) && (s.Adopt == nil || !s.Adopt(live)) {
		return false, &Error{Kind: Foreign, Message: "it was not made by " + s.owner.Application, operation: operation{verb: "delete", object: ref.String()}}
	}
	return s.remove(ctx, where, live)
}

// DeleteAll removes the owner's objects of these kinds but those to keep, in the order of the kinds, in all namespaces.
// It returns what it removed. Objects of others are left alone, even copies of the owner's.
func (s *Objects) DeleteAll(ctx context.Context, kinds []string, keep ...Ref) ([]Ref, error) {
	var removed []Ref
	for _, kind := range kinds {
		where, err := s.client.Resolve(ctx, kind)
		if KindOf(err) == Unserved {
			continue
		}
		if err != nil {
			return removed, err
		}
		objects, err := s.list(ctx, where)
		if err != nil {
			return removed, err
		}
		for _, o := range objects {
			if slices.Contains(keep, o.Ref()) || !s.owner.Owns(o) {
				continue
			}
			gone, err := s.remove(ctx, where, o)
			if err != nil {
				return removed, err
			}
			if gone {
				removed = append(removed, o.Ref())
			}
		}
	}
	return removed, nil
}

// List returns the owner's objects of a kind in all namespaces; none if the server does not know the kind.
func (s *Objects) List(ctx context.Context, kind string) ([]Object, error) {
	where, err := s.client.Resolve(ctx, kind)
	if err != nil {
		return nil, exceptUnserved(err)
	}
	objects, err := s.list(ctx, where)
	return slices.DeleteFunc(objects, func(o Object) bool { return !s.owner.Owns(o) }), err
}

// pageSize is how many objects one answer may hold; the charm has a handful of each kind.
const pageSize = "200"

func (s *Objects) list(ctx context.Context, where Resource) ([]Object, error) {
	var objects []Object
	query := s.owner.selector()
	query.Set("limit", pageSize)
	for {
		body, err := s.client.Send(ctx, Request{Verb: http.MethodGet, Path: where.Path("", ""), Query: maps.Clone(query),
			Doing: "list " + where.Plural, Private: where.Kind == "Secret"})
		if err != nil {
			return nil, err
		}
		page, next, err := decodeList(body, where)
		if err != nil {
			return nil, fmt.Errorf("cannot list %s: %w", where.Plural, err)
		}
		objects = append(objects, page...)
		if next == "" {
			return objects, nil
		}
		query.Set("continue", next)
	}
}

// decodeList reads a list. Its items do not say what they are.
func decodeList(body []byte, where Resource) (objects []Object, next string, err error) {
	var wire struct {
		Metadata struct {
			Continue string `json:"continue"`
		} `json:"metadata"`
		Items []json.RawMessage `json:"items"`
	}
	if err := json.Unmarshal(body, &wire); err != nil {
		return nil, "", errNotAPI
	}
	for _, item := range wire.Items {
		o := Object{}
		if err := unmarshalNumbers(item, &o); err != nil || o.Name() == "" {
			return nil, "", errNotAPI
		}
		o["kind"], o["apiVersion"] = where.Kind, where.APIVersion
		objects = append(objects, o)
	}
	return objects, wire.Metadata.Continue, nil
}

// remove deletes just this object: one that took its name meanwhile is not the one that was looked at.
func (s *Objects) remove(ctx context.Context, where Resource, o Object) (bool, error) {
	options, err := json.Marshal(map[string]any{
		"apiVersion": "v1", "kind": "DeleteOptions",
		"propagationPolicy": "Background", // what belongs to it goes afterwards; nothing here waits for it
		"preconditions":     map[string]any{"uid": o.metadata("uid")},
	})
	if err != nil {
		return false, fmt.Errorf("cannot encode options: %w", err)
	}
	_, err = s.client.Send(ctx, Request{Verb: http.MethodDelete, Path: where.Path(o.Namespace(), o.Name()), Body: options,
		Doing: "delete " + o.String(), Private: o.secret()})
	if KindOf(err) == NotFound {
		return false, nil
	}
	return err == nil, err
}

func exceptUnserved(err error) error {
	if KindOf(err) == Unserved {
		return nil
	}
	return err
}
