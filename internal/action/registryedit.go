package action

import (
	"context"

	"kubernetes-worker/internal/addons"
	"kubernetes-worker/internal/ingress"
	"kubernetes-worker/internal/kube"
)

// serviceAccount is the one of pods that name none.
func serviceAccount() kube.Ref {
	return kube.Ref{Kind: "ServiceAccount", Namespace: addons.RegistryDeployment().Namespace, Name: "default"}
}

// attachPullSecret adds the secret to those that the service account has.
func (r Registry) attachPullSecret(ctx context.Context) error {
	return r.edit(ctx, serviceAccount(), func(account kube.Object) bool {
		secrets, _ := account["imagePullSecrets"].([]any)
		for _, s := range secrets {
			if isPullSecret(s) {
				return false
			}
		}
		account["imagePullSecrets"] = append(secrets, map[string]any{"name": addons.PullSecret})
		return true
	})
}

// detachPullSecret leaves the service account all others.
func (r Registry) detachPullSecret(ctx context.Context) error {
	err := r.edit(ctx, serviceAccount(), func(account kube.Object) bool {
		secrets, _ := account["imagePullSecrets"].([]any)
		var others []any
		for _, s := range secrets {
			if !isPullSecret(s) {
				others = append(others, s)
			}
		}
		if len(others) == len(secrets) {
			return false
		}
		if account["imagePullSecrets"] = others; len(others) == 0 {
			delete(account, "imagePullSecrets")
		}
		return true
	})
	return exceptMissing(err)
}

func isPullSecret(reference any) bool {
	m, _ := reference.(map[string]any)
	return m["name"] == addons.PullSecret
}

const (
	// bodySize is the ingress controller's setting for the largest request that it lets through.
	bodySize = "proxy-body-size"
	// enough is the earlier charm's value.
	enough = "1024m"
	// raised marks a ConfigMap whose value is this action's.
	raised = "kubernetes-worker/registry-body-size"
)

// raiseBodySize sets the limit of this application's ingress controller, unless somebody else has. Without the controller
// there is nothing to set, and the Ingress says itself that it has no limit. It reports whether there was.
func (r Registry) raiseBodySize(ctx context.Context) (bool, error) {
	err := r.edit(ctx, ingress.Configuration(r.App), func(o kube.Object) bool {
		data := mapIn(o, "data")
		if data[bodySize] != nil {
			return false
		}
		data[bodySize] = enough
		mapIn(o, "metadata", "annotations")[raised] = enough
		return true
	})
	if kube.KindOf(err) == kube.NotFound {
		r.Tell.Log(ctx, "there is no ingress controller of "+r.App+"; another one has to serve the registry's Ingress")
		return false, nil
	}
	return err == nil, err
}

// lowerBodySize takes the limit back, unless somebody has set another.
func (r Registry) lowerBodySize(ctx context.Context) error {
	return exceptMissing(r.edit(ctx, ingress.Configuration(r.App), func(o kube.Object) bool {
		annotations := mapIn(o, "metadata", "annotations")
		if annotations[raised] == nil {
			return false
		}
		delete(annotations, raised)
		if data := mapIn(o, "data"); data[bodySize] == enough {
			delete(data, bodySize)
		}
		return true
	}))
}

// edit changes an object that is not the registry's, as a step.
func (r Registry) edit(ctx context.Context, ref kube.Ref, change func(kube.Object) bool) error {
	return r.Tell.Step(ctx, "edit "+ref.String(), func(ctx context.Context) error {
		changed, err := r.Cluster.Edit(ctx, ref, change)
		if changed {
			r.Tell.Log(ctx, ref.String()+" is changed")
		}
		return err
	})
}

func exceptMissing(err error) error {
	if kube.KindOf(err) == kube.NotFound {
		return nil
	}
	return err
}

// mapIn finds a map in an object, and makes it where there is none.
func mapIn(o kube.Object, path ...string) map[string]any {
	within := map[string]any(o)
	for _, key := range path {
		inner, _ := within[key].(map[string]any)
		if inner == nil {
			inner = map[string]any{}
			within[key] = inner
		}
		within = inner
	}
	return within
}
