package kube

import (
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"net/url"
)

// editor owns the fields that Edit writes. It is not the manager of the charm's own objects: those are taken back from it.
const editor = "kubernetes-worker-edit"

// Get reads an object whoever owns it; nil if there is none.
func (c *Client) Get(ctx context.Context, ref Ref) (Object, error) {
	where, err := c.Resolve(ctx, ref.Kind)
	if err != nil {
		return nil, exceptUnserved(err)
	}
	return c.getObject(ctx, where, ref)
}

// Edit changes an object that is not the charm's. The function changes what it is given and reports whether there is anything
// to write; it is called again where somebody else has changed the object in between. Edit reports whether it wrote; that
// there is no such object is an Error of kind NotFound.
func (c *Client) Edit(ctx context.Context, ref Ref, change func(Object) bool) (bool, error) {
	where, err := c.Resolve(ctx, ref.Kind)
	if err != nil {
		return false, err
	}
	for try := 1; ; try++ {
		live, err := c.getObject(ctx, where, ref)
		if err != nil {
			return false, err
		}
		if live == nil {
			return false, &Error{Kind: NotFound, operation: operation{verb: "get", object: ref.String()}}
		}
		if !change(live) {
			return false, nil
		}
		body, err := json.Marshal(map[string]any(live))
		if err != nil {
			return false, fmt.Errorf("cannot encode %s: %w", ref, err)
		}
		_, err = c.Send(ctx, Request{Verb: http.MethodPut, Path: where.Path(ref.Namespace, ref.Name), Query: url.Values{"fieldManager": {editor}},
			Body: body, Doing: "change " + ref.String(), Private: live.secret()})
		if KindOf(err) != Conflict || try == attempts {
			return err == nil, err
		}
	}
}
