package kube

import (
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"net/url"

	"kubernetes-worker/internal/release"
)

const (
	// kubectlAnnotation is where kubectl keeps what it applied, with the values.
	kubectlAnnotation = "kubectl.kubernetes.io/last-applied-configuration"
	// attempts bounds how often an object is read and written again because it changed in between.
	attempts = 5
)

// Objects keeps objects of one owner in a cluster as they are wanted.
//
// What is applied belongs to the charm field by field: fields that others add are left alone, fields of the charm that
// others change are put right, and fields that the charm no longer wants are removed. Where the server can apply
// (release.ServerSideApply) it keeps the account; where it cannot, the charm merges three ways with the help of an
// annotation. After an upgrade of the cluster the objects move to the server's account by themselves.
type Objects struct {
	// Adopt says of an object that is there, and not the owner's, that it may be taken over: one of an earlier charm.
	// With nil none is.
	Adopt func(live Object) bool
	// Merge has the charm merge even where the server could; the API tests use it to get objects as old servers have them.
	Merge bool

	client *Client
	owner  Owner
}

// Objects returns the objects of an owner. It sends nothing.
func (c *Client) Objects(owner Owner) *Objects { return &Objects{client: c, owner: owner} }

// Applied is what came of applying an object.
type Applied struct {
	Changed bool   // something was created or written; false if all was as wanted, and then nothing was sent but reads
	Created bool   // there was none before
	Live    Object // as the server has it now
}

// Apply brings an object about as it is wanted. The owner's labels are added to it. Errors are of type *Error: Unserved
// if the server does not know the kind, Foreign if the object is there and not the owner's, Invalid with the server's
// words, Conflict while the object is being deleted or others keep changing it.
func (s *Objects) Apply(ctx context.Context, object Object) (Applied, error) {
	where, err := s.client.Resolve(ctx, object.Kind())
	if err != nil {
		return Applied{}, err
	}
	t, err := s.target(ctx, object, where)
	if err != nil {
		return Applied{}, err
	}
	merge, err := s.merges(ctx)
	if err != nil {
		return Applied{}, err
	}
	if merge {
		return t.merge(ctx)
	}
	applied, err := t.apply(ctx)
	if codeOfError(err) == http.StatusUnsupportedMediaType {
		// The release has it, and somebody has turned it off.
		s.client.noApply.Store(true)
		return t.merge(ctx)
	}
	return applied, err
}

func (s *Objects) merges(ctx context.Context) (bool, error) {
	if s.Merge || s.client.noApply.Load() {
		return true, nil
	}
	version, err := s.client.Version(ctx)
	return !release.Has(version, release.ServerSideApply), err
}

// target is one object on its way to the server.
type target struct {
	*Objects
	where Resource
	want  Object // as it is sent, in the server's form, with the owner's marks
	ref   Ref
}

func (s *Objects) target(ctx context.Context, object Object, where Resource) (*target, error) {
	want, err := object.plain()
	if err != nil {
		return nil, err
	}
	classes := true
	if want.Kind() == "Ingress" && want.APIVersion() != where.APIVersion {
		if classes, err = s.client.Serves(ctx, "IngressClass"); err != nil {
			return nil, err
		}
	}
	want = convert(want, where.APIVersion, classes)
	if want, err = want.plain(); err != nil { // what it shares with others must not change
		return nil, err
	}
	s.owner.mark(want)
	return &target{Objects: s, where: where, want: want, ref: want.Ref()}, nil
}

// read returns the object as it is, nil if there is none. One that is not the owner's, or is going away, is an error.
func (t *target) read(ctx context.Context) (live Object, takenOver bool, err error) {
	live, err = t.client.getObject(ctx, t.where, t.ref)
	if err != nil || live == nil {
		return nil, false, err
	}
	if !t.owner.Owns(live) {
		if t.Adopt == nil || !t.Adopt(live) {
			return nil, false, t.failure(Foreign, "it is there already and was not made by "+t.owner.Application)
		}
		takenOver = true
	}
	if live.metadata("deletionTimestamp") != "" {
		return nil, false, t.failure(Conflict, "it is being deleted")
	}
	return live, takenOver, nil
}

func (t *target) failure(kind Kind, message string) error {
	return &Error{Kind: kind, Message: message, operation: operation{verb: "apply", object: t.ref.String()}}
}

// apply has the server merge.
func (t *target) apply(ctx context.Context) (Applied, error) {
	want, err := t.want.plain()
	if err != nil {
		return Applied{}, err
	}
	want.setMetadata("annotations", appliedAnnotation, want.shown().Fingerprint())
	var first Object
	for try := range attempts {
		live, takenOver, err := t.read(ctx)
		if err != nil {
			return Applied{}, err
		}
		if try == 0 {
			first = live
		}
		now := live
		if live == nil || !intact(want, live) {
			if now, err = t.applyTo(ctx, want, live, takenOver); codeOfError(err) == http.StatusConflict {
				continue // somebody else wrote it in between
			}
			if err != nil {
				return Applied{}, err
			}
		}
		return Applied{Changed: now.ResourceVersion() != first.ResourceVersion(), Created: first == nil, Live: now}, nil
	}
	return Applied{}, t.failure(Conflict, "others keep changing it")
}

func (t *target) applyTo(ctx context.Context, want, live Object, takenOver bool) (Object, error) {
	if live != nil {
		if err := t.removeDropped(ctx, want, live, takenOver); err != nil {
			return nil, err
		}
	}
	now, err := t.write(ctx, http.MethodPatch, "application/apply-patch+yaml", want, url.Values{"force": {"true"}})
	if err != nil || !hasLeftovers(now, takenOver) {
		return now, err
	}
	return t.clearManagers(ctx, now, takenOver)
}

// removeDropped takes away, before the first apply to an object that was merged until now, the fields that the charm no
// longer wants: the server has no account of them.
func (t *target) removeDropped(ctx context.Context, want, live Object, takenOver bool) error {
	before, merged := outlineBefore(live, takenOver)
	if !merged {
		return nil
	}
	next, err := Object(mergeObject(before, want, live)).plain()
	if err != nil {
		return err
	}
	metadata, _ := next["metadata"].(map[string]any)
	annotations, _ := metadata["annotations"].(map[string]any)
	delete(annotations, fieldsAnnotation)
	if takenOver {
		delete(annotations, kubectlAnnotation)
	}
	_, err = t.write(ctx, http.MethodPut, "", next, nil)
	return err
}

// clearManagers removes the managers from before the first apply, which would hold on to fields for ever.
func (t *target) clearManagers(ctx context.Context, live Object, takenOver bool) (Object, error) {
	patch := Object{"metadata": map[string]any{"resourceVersion": live.ResourceVersion(), "managedFields": withoutLeftovers(live, takenOver)}}
	return t.write(ctx, http.MethodPatch, "application/merge-patch+json", patch, nil)
}

// outlineBefore returns which fields were set before, from the charm's own account or, for an object that is taken over,
// from kubectl's.
func outlineBefore(live Object, takenOver bool) (before map[string]any, known bool) {
	annotations := live.Annotations()
	if text, ok := annotations[fieldsAnnotation]; ok {
		return readOutline(text), true
	}
	text, ok := annotations[kubectlAnnotation]
	if !ok || !takenOver {
		return nil, false
	}
	applied, err := decodeObject([]byte(text))
	if err != nil {
		return nil, true
	}
	outlined, err := outlineOf(applied)
	if err != nil {
		return nil, true
	}
	return readOutline(outlined), true
}

// merge merges three ways and writes the whole object, which fails if somebody changed it in between.
func (t *target) merge(ctx context.Context) (Applied, error) {
	want, err := t.want.plain()
	if err != nil {
		return Applied{}, err
	}
	outlined, err := outlineOf(want)
	if err != nil {
		return Applied{}, fmt.Errorf("cannot encode %s: %w", t.ref, err)
	}
	want.setMetadata("annotations", fieldsAnnotation, outlined)
	first := ""
	for try := range attempts {
		live, takenOver, err := t.read(ctx)
		if err != nil {
			return Applied{}, err
		}
		if try == 0 {
			first = live.ResourceVersion()
		}
		next := want
		method := http.MethodPost
		if live != nil {
			before, _ := outlineBefore(live, takenOver)
			next, method = mergeObject(before, want, live), http.MethodPut
			if equal(map[string]any(next), map[string]any(live)) {
				return Applied{Live: live, Changed: first != live.ResourceVersion()}, nil
			}
		}
		now, err := t.write(ctx, method, "", next, nil)
		switch {
		case KindOf(err) == Conflict, live != nil && KindOf(err) == NotFound:
			continue
		case err != nil:
			return Applied{}, err
		}
		return Applied{Changed: now.ResourceVersion() != first, Created: live == nil, Live: now}, nil
	}
	return Applied{}, t.failure(Conflict, "others keep changing it")
}

// write sends the object, or a patch of it, and returns what the server made of it.
func (t *target) write(ctx context.Context, method, kind string, content Object, query url.Values) (Object, error) {
	body, err := json.Marshal(map[string]any(content))
	if err != nil {
		return nil, fmt.Errorf("cannot encode %s: %w", t.ref, err)
	}
	name := t.ref.Name
	if method == http.MethodPost {
		name = ""
	}
	all := url.Values{"fieldManager": {manager}}
	for k, v := range query {
		all[k] = v
	}
	body, err = t.client.Send(ctx, Request{Verb: method, Path: t.where.Path(t.ref.Namespace, name), Query: all, Body: body, ContentType: kind,
		Doing: "apply " + t.ref.String(), Named: true, Private: t.want.secret()})
	if err != nil {
		return nil, err
	}
	return decodeObject(body)
}

// getObject reads an object; nil if there is none.
func (c *Client) getObject(ctx context.Context, where Resource, ref Ref) (Object, error) {
	body, err := c.Send(ctx, Request{Verb: http.MethodGet, Path: where.Path(ref.Namespace, ref.Name), Doing: "get " + ref.String(), Private: ref.Kind == "Secret"})
	if KindOf(err) == NotFound {
		return nil, nil
	}
	if err != nil {
		return nil, err
	}
	return decodeObject(body)
}
