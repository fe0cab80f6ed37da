package kube

import (
	"context"
	"net/http"
	"net/url"
)

// apply has the server merge.
func (t *target) apply(ctx context.Context) (Applied, error) {
	var first Object
	for try := range attempts {
		live, takenOver, err := t.renew(ctx)
		if err != nil {
			return Applied{}, err
		}
		if try == 0 {
			first = live
		}
		now := live
		if live == nil || !intact(t.want, live) {
			if now, err = t.applyTo(ctx, live, takenOver); codeOfError(err) == http.StatusConflict {
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

func (t *target) applyTo(ctx context.Context, live Object, takenOver bool) (Object, error) {
	if takenOver && hasLeftovers(live, true) {
		// Before anything else: after the next write the object is the owner's, and nobody looks for kubectl's part any more.
		var err error
		if live, err = t.clearManagers(ctx, live, true); err != nil {
			return nil, err
		}
	}
	if live != nil {
		if err := t.removeDropped(ctx, live, takenOver); err != nil {
			return nil, err
		}
	}
	now, err := t.write(ctx, http.MethodPatch, "application/apply-patch+yaml", t.want, url.Values{"force": {"true"}})
	if err != nil || !hasLeftovers(now, takenOver) {
		return now, err
	}
	return t.clearManagers(ctx, now, takenOver)
}

// removeDropped takes away, before the first apply to an object that was merged until now, the fields that the charm no
// longer wants: the server has no account of them.
func (t *target) removeDropped(ctx context.Context, live Object, takenOver bool) error {
	if _, wasMerged := outlineBefore(live, takenOver); !wasMerged {
		return nil
	}
	next, _ := t.merged(live, takenOver)
	metadata, _ := next["metadata"].(map[string]any)
	annotations, _ := metadata["annotations"].(map[string]any)
	delete(annotations, fieldsAnnotation)
	_, err := t.write(ctx, http.MethodPut, "", next, nil)
	return err
}

// clearManagers removes the managers from before the first apply, which would hold on to fields for ever.
func (t *target) clearManagers(ctx context.Context, live Object, takenOver bool) (Object, error) {
	kept := withoutLeftovers(live, takenOver)
	if len(kept) == 0 {
		kept = []any{map[string]any{}} // as the API has it for none; an empty list changes nothing
	}
	patch := Object{"metadata": map[string]any{"resourceVersion": live.ResourceVersion(), "managedFields": kept}}
	return t.write(ctx, http.MethodPatch, "application/merge-patch+json", patch, nil)
}
