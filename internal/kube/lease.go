package kube

import (
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"time"
)

const (
	// leaseGuard is added to the duration of somebody else's lease: a Date header has whole seconds, and the clocks of
	// several API servers differ a little.
	leaseGuard = 5 * time.Second
	// microTime is how the API writes the times of a lease.
	microTime = "2006-01-02T15:04:05.000000Z07:00"
)

// Lease is a right that one holder has at a time.
//
// All times in it are the API server's, taken from the Date header of its answers: no clock of a machine matters, neither
// this one's nor the holder's. (client-go's leader election watches a lease for its whole duration before it takes it;
// a hook has not got that time.) The server's refusal of a write to an object that changed in between decides between
// two who take it at once.
type Lease struct {
	Namespace, Name string
	Holder          string        // who wants it: the unit's name
	Duration        time.Duration // for which it is held without being renewed; at least a second
	// Note is the annotation with what holders leave to those after them.
	Note string
	// Heed reports whether the lease is to be left alone because of its note; nil: never. It is asked about what the write
	// that takes the lease builds on, so that no note is missed.
	Heed func(note string) bool
	// Leave is the note that Release leaves, empty: none; nil: the one that is there.
	Leave *string
}

// Held is how a lease stands.
type Held struct {
	Mine  bool
	By    string    // the holder; "" if nobody has it
	Until time.Time // when it ends if it is not renewed, by the server's clock
	Noted bool      // it is left alone because of its note
}

// Acquire takes the lease if it is free or has run out, and renews it if the holder has it already. That somebody else
// has it is no error, and neither is a note that is heeded. A server without leases is an Error of kind Unserved.
func (c *Client) Acquire(ctx context.Context, l Lease) (Held, error) {
	if l.Holder == "" || l.Duration < time.Second {
		return Held{}, fmt.Errorf("cannot acquire lease %s: it needs a holder and a duration", l.Name)
	}
	where, err := c.Resolve(ctx, "Lease")
	if err != nil {
		return Held{}, err
	}
	for range attempts {
		live, now, err := c.getLease(ctx, where, l)
		if err != nil {
			return Held{}, err
		}
		held := heldOf(live)
		if held.By != "" && held.By != l.Holder && now.Before(held.Until.Add(leaseGuard)) {
			return held, nil
		}
		if note, _ := notesOf(live)[l.Note].(string); note != "" && l.Heed != nil && l.Heed(note) {
			held.Noted = true
			return held, nil
		}
		if err := c.putLease(ctx, where, l, l.taken(live, where.APIVersion, now), live == nil); KindOf(err) == Conflict {
			continue // somebody was faster: see who
		} else if err != nil {
			return Held{}, err
		}
		return Held{Mine: true, By: l.Holder, Until: now.Add(l.Duration)}, nil
	}
	return Held{}, &Error{Kind: Conflict, Message: "others keep changing it", operation: l.operation("acquire")}
}

// Release gives the lease up if the holder has it, with the note that is to be left; it does nothing else.
func (c *Client) Release(ctx context.Context, l Lease) error {
	where, err := c.Resolve(ctx, "Lease")
	if err != nil {
		return exceptUnserved(err)
	}
	for range attempts {
		live, _, err := c.getLease(ctx, where, l)
		if err != nil {
			return err
		}
		if live == nil || heldOf(live).By != l.Holder {
			return nil
		}
		spec, _ := live["spec"].(map[string]any)
		delete(spec, "holderIdentity")
		l.leave(live)
		if err := c.putLease(ctx, where, l, live, false); KindOf(err) != Conflict {
			return err
		}
	}
	return &Error{Kind: Conflict, Message: "others keep changing it", operation: l.operation("release")}
}

func (l Lease) ref() Ref { return Ref{Kind: "Lease", Namespace: l.Namespace, Name: l.Name} }

func (l Lease) operation(verb string) operation {
	return operation{verb: verb, object: l.ref().String()}
}

func notesOf(live Object) map[string]any {
	metadata, _ := live["metadata"].(map[string]any)
	annotations, _ := metadata["annotations"].(map[string]any)
	return annotations
}

func (l Lease) leave(live Object) {
	notes := notesOf(live)
	metadata, _ := live["metadata"].(map[string]any)
	switch {
	case l.Leave == nil:
	case *l.Leave == "":
		delete(notes, l.Note)
	case notes == nil && metadata != nil:
		metadata["annotations"] = map[string]any{l.Note: *l.Leave}
	case notes != nil:
		notes[l.Note] = *l.Leave
	}
}

// taken is the lease as the holder writes it; nil as live makes a new one.
func (l Lease) taken(live Object, apiVersion string, now time.Time) Object {
	if live == nil {
		live = Object{"apiVersion": apiVersion, "kind": "Lease", "metadata": map[string]any{"namespace": l.Namespace, "name": l.Name,
			"labels": map[string]any{managedByLabel: manager}}}
	}
	spec, _ := live["spec"].(map[string]any)
	if spec == nil {
		spec = map[string]any{}
		live["spec"] = spec
	}
	if heldOf(live).By != l.Holder {
		spec["acquireTime"] = now.UTC().Format(microTime)
		var count int64
		if n, ok := spec["leaseTransitions"].(json.Number); ok {
			count, _ = n.Int64()
		}
		spec["leaseTransitions"] = count + 1
	}
	spec["holderIdentity"] = l.Holder
	spec["leaseDurationSeconds"] = int64(l.Duration / time.Second)
	spec["renewTime"] = now.UTC().Format(microTime)
	return live
}

// heldOf reads who holds a lease. One that does not say when it was renewed has run out.
func heldOf(live Object) Held {
	spec, _ := live["spec"].(map[string]any)
	by, _ := spec["holderIdentity"].(string)
	if by == "" {
		return Held{}
	}
	text, _ := spec["renewTime"].(string)
	renewed, err := time.Parse(time.RFC3339Nano, text)
	if err != nil {
		return Held{By: by}
	}
	var seconds int64
	if n, ok := spec["leaseDurationSeconds"].(json.Number); ok {
		seconds, _ = n.Int64()
	}
	return Held{By: by, Until: renewed.Add(time.Duration(seconds) * time.Second)}
}

// getLease reads the lease, nil if there is none, and the server's clock.
func (c *Client) getLease(ctx context.Context, where Resource, l Lease) (Object, time.Time, error) {
	got, err := c.send(ctx, Request{Verb: http.MethodGet, Path: where.Path(l.Namespace, l.Name), Doing: "get " + l.ref().String()})
	now := got.date
	if now.IsZero() && (err == nil || KindOf(err) == NotFound) {
		return nil, now, fmt.Errorf("cannot get %s: the API server does not tell the time", l.ref())
	}
	if KindOf(err) == NotFound {
		return nil, now, nil
	}
	if err != nil {
		return nil, now, err
	}
	live, err := decodeObject(got.body)
	return live, now, err
}

func (c *Client) putLease(ctx context.Context, where Resource, l Lease, content Object, create bool) error {
	body, err := json.Marshal(map[string]any(content))
	if err != nil {
		return fmt.Errorf("cannot encode %s: %w", l.ref(), err)
	}
	r := Request{Verb: http.MethodPut, Path: where.Path(l.Namespace, l.Name), Body: body, Doing: "write " + l.ref().String(), Named: true}
	if create {
		r.Verb, r.Path = http.MethodPost, where.Path(l.Namespace, "")
	}
	_, err = c.Send(ctx, r)
	return err
}
