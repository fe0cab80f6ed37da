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

// Difference is how an object in the cluster differs from what is wanted.
type Difference int

// The differences.
const (
	Same      Difference = iota // nothing needs to be written
	Missing                     // there is none
	Different                   // something of what is wanted is not there, or something that was wanted still is
)

// Has reports whether an object is there that Delete would remove: the owner's, or one that Adopt takes, and not on its way
// out already.
func (s *Objects) Has(ctx context.Context, ref Ref) (bool, error) {
	where, err := s.client.Resolve(ctx, ref.Kind)
	if err != nil {
		return false, exceptUnserved(err)
	}
	live, err := s.client.getObject(ctx, where, ref)
	if err != nil || live == nil || live.Deleting() {
		return false, err
	}
	return s.owner.Owns(live) || s.Adopt != nil && s.Adopt(live), nil
}

// Compare tells what Apply would find, with the same errors, and changes nothing.
func (s *Objects) Compare(ctx context.Context, object Object) (Difference, error) {
	t, merge, err := s.target(ctx, object)
	if err != nil {
		return Same, err
	}
	live, takenOver, err := t.read(ctx)
	if err != nil {
		return Same, err
	}
	same := false
	switch {
	case live == nil:
		return Missing, nil
	case unchangeable(t.want, live):
		return Different, nil
	case merge:
		_, same = t.merged(live, takenOver)
	default:
		same = intact(t.want, live)
	}
	if same {
		return Same, nil
	}
	return Different, nil
}

// Apply brings an object about as it is wanted. The owner's labels are added to it. Errors are of type *Error: Unserved
// if the server does not know the kind, Foreign if the object is there and not the owner's, Invalid with the server's
// words, Conflict while the object is being deleted or others keep changing it.
func (s *Objects) Apply(ctx context.Context, object Object) (Applied, error) {
	t, merge, err := s.target(ctx, object)
	if err != nil {
		return Applied{}, err
	}
	if merge {
		return t.merge(ctx)
	}
	applied, err := t.apply(ctx)
	if codeOfError(err) != http.StatusUnsupportedMediaType {
		return applied, err
	}
	// The release has it, and somebody has turned it off.
	s.client.noApply.Store(true)
	if t, _, err = s.target(ctx, object); err != nil {
		return Applied{}, err
	}
	return t.merge(ctx)
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
	want  Object // as it is sent: in the server's form, with the owner's marks and the annotation that the way needs
	ref   Ref
}

func (s *Objects) target(ctx context.Context, object Object) (t *target, merge bool, err error) {
	where, err := s.client.Resolve(ctx, object.Kind())
	if err != nil {
		return nil, false, err
	}
	want, err := object.plain()
	if err != nil {
		return nil, false, err
	}
	classes := true
	if want.Kind() == "Ingress" && want.APIVersion() != where.APIVersion {
		if classes, err = s.client.Serves(ctx, "IngressClass"); err != nil {
			return nil, false, err
		}
	}
	want = convert(want, where.APIVersion, classes)
	s.owner.mark(want)
	if merge, err = s.merges(ctx); err != nil {
		return nil, false, err
	}
	if !merge {
		want.setMetadata("annotations", appliedAnnotation, want.shown().Fingerprint())
		return &target{Objects: s, where: where, want: want, ref: want.Ref()}, false, nil
	}
	outlined, err := outlineOf(want)
	if err != nil {
		return nil, false, fmt.Errorf("cannot encode %s: %w", want, err)
	}
	want.setMetadata("annotations", fieldsAnnotation, outlined)
	return &target{Objects: s, where: where, want: want, ref: want.Ref()}, true, nil
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
	if live.Deleting() {
		return nil, false, t.failure(Conflict, "it is being deleted")
	}
	return live, takenOver, nil
}

// renew is read for who is going to write: an object that cannot be changed into what is wanted is deleted first.
func (t *target) renew(ctx context.Context) (live Object, takenOver bool, err error) {
	live, takenOver, err = t.read(ctx)
	if err != nil || live == nil || !unchangeable(t.want, live) {
		return live, takenOver, err
	}
	_, err = t.remove(ctx, t.where, live)
	return nil, false, err
}

func (t *target) failure(kind Kind, message string) error {
	return &Error{Kind: kind, Message: message, operation: operation{verb: "apply", object: t.ref.String()}}
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

// merged is the object as it has to be written, and whether it is like that already.
func (t *target) merged(live Object, takenOver bool) (next Object, same bool) {
	before, _ := outlineBefore(live, takenOver)
	next = mergeObject(before, t.want, live)
	if takenOver {
		metadata, _ := next["metadata"].(map[string]any)
		annotations, _ := metadata["annotations"].(map[string]any) // not live's: the charm's own were merged into it
		delete(annotations, kubectlAnnotation)
	}
	return next, equal(map[string]any(next), map[string]any(live))
}

// merge merges three ways and writes the whole object, which fails if somebody changed it in between.
func (t *target) merge(ctx context.Context) (Applied, error) {
	first := ""
	for try := range attempts {
		live, takenOver, err := t.renew(ctx)
		if err != nil {
			return Applied{}, err
		}
		if try == 0 {
			first = live.ResourceVersion()
		}
		next, method := t.want, http.MethodPost
		if live != nil {
			same := false
			if next, same = t.merged(live, takenOver); same {
				return Applied{Live: live, Changed: first != live.ResourceVersion()}, nil
			}
			method = http.MethodPut
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
