package action

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"time"

	"kubernetes-worker/internal/kube"
)

// Addon is what actions have in common that put something into the cluster.
type Addon struct {
	Cluster *kube.Client
	App     string
	Tell    Teller
	Timeout time.Duration // for pods to run, and again for what they serve to be reached
	Every   time.Duration // how long to wait before looking again
}

// look compares the objects with those in the cluster: what stands in their way is told before anything is changed.
func (a Addon) look(ctx context.Context, keeper *kube.Objects, objects []kube.Object) error {
	var failures []error
	for _, o := range objects {
		switch _, err := keeper.Compare(ctx, o); kube.KindOf(err) {
		case 0:
			if err != nil {
				return err
			}
		case kube.Foreign:
			failures = append(failures, fmt.Errorf("%w; rename or remove it", err))
		default:
			return err
		}
	}
	return errors.Join(failures...)
}

// apply brings the objects about, each as a step.
func (a Addon) apply(ctx context.Context, keeper *kube.Objects, objects []kube.Object) error {
	for _, o := range objects {
		err := a.Tell.Step(ctx, "apply "+o.String(), func(ctx context.Context) error {
			applied, err := keeper.Apply(ctx, o)
			switch {
			case err != nil:
			case applied.Created:
				a.Tell.Log(ctx, o.String()+" is made")
			case applied.Changed:
				a.Tell.Log(ctx, o.String()+" is changed")
			default:
				a.Tell.Log(ctx, o.String()+" is as wanted")
			}
			return err
		})
		if err != nil {
			return err
		}
	}
	return nil
}

// rollout waits until all pods of a deployment are those that it wants now, and can be used. pods selects them.
func (a Addon) rollout(ctx context.Context, deployment kube.Ref, pods string) error {
	ctx, cancel := context.WithTimeout(ctx, a.Timeout)
	defer cancel()
	said := "nothing is known of its pods"
	for {
		progress, done, err := a.progress(ctx, deployment)
		switch {
		case done:
			return nil
		case kube.KindOf(err) == kube.Unreachable:
			progress = err.Error()
		case err != nil:
			return err
		default:
			if why := a.obstacles(ctx, deployment.Namespace, pods); why != "" {
				progress += ": " + why
			}
		}
		if progress != said && ctx.Err() == nil { // an answer that the end of time cut off says nothing
			a.Tell.Log(ctx, progress)
			said = progress
		}
		if !a.wait(ctx) {
			return fmt.Errorf("%s after %s", said, a.Timeout)
		}
	}
}

// wait lets some time pass. It reports false if there is none left.
func (a Addon) wait(ctx context.Context) bool {
	timer := time.NewTimer(a.Every)
	defer timer.Stop()
	select {
	case <-ctx.Done():
		return false
	case <-timer.C:
		return true
	}
}

// progress tells how far a deployment is, as kubectl rollout status does.
func (a Addon) progress(ctx context.Context, ref kube.Ref) (text string, done bool, err error) {
	live, err := a.Cluster.Get(ctx, ref)
	if err != nil {
		return "", false, err
	}
	if live == nil {
		return "", false, fmt.Errorf("%s is gone, somebody has removed it", ref)
	}
	body, err := json.Marshal(map[string]any(live))
	if err != nil {
		return "", false, fmt.Errorf("cannot encode %s: %w", ref, err)
	}
	var d struct {
		Metadata struct{ Generation int64 }
		Spec     struct{ Replicas int }
		Status   struct {
			ObservedGeneration                           int64
			Replicas, UpdatedReplicas, AvailableReplicas int
		}
	}
	if err := json.Unmarshal(body, &d); err != nil {
		return "", false, fmt.Errorf("cannot read %s: %w", ref, err)
	}
	s := d.Status
	done = s.ObservedGeneration >= d.Metadata.Generation && s.UpdatedReplicas == d.Spec.Replicas && s.Replicas == s.UpdatedReplicas && s.AvailableReplicas == s.UpdatedReplicas
	return fmt.Sprintf("%d of %s of %s can be used", min(s.UpdatedReplicas, s.AvailableReplicas), count(d.Spec.Replicas, "pod"), ref), done, nil
}

// pod is what matters of a pod of an addon.
type pod struct {
	Metadata struct{ DeletionTimestamp string }
	Spec     struct{ NodeName string }
	Status   struct {
		Conditions        []struct{ Type, Status, Message string }
		ContainerStatuses []struct {
			State struct {
				Waiting, Terminated struct{ Reason, Message string }
			}
		}
	}
}

// pods are those that a selector finds, but those that are on their way out.
func (a Addon) pods(ctx context.Context, namespace, selector string) ([]pod, error) {
	body, err := a.Cluster.Send(ctx, kube.Request{Verb: http.MethodGet, Path: "/api/v1/namespaces/" + namespace + "/pods",
		Query: url.Values{"labelSelector": {selector}}, Doing: "list pods"})
	if err != nil {
		return nil, err
	}
	var list struct{ Items []pod }
	if err := json.Unmarshal(body, &list); err != nil {
		return nil, fmt.Errorf("cannot read the list of pods: %w", err)
	}
	return slices.DeleteFunc(list.Items, func(p pod) bool { return p.Metadata.DeletionTimestamp != "" }), nil
}

// nodeOf names the node of the first pod that has one; empty if there is none.
func (a Addon) nodeOf(ctx context.Context, namespace, selector string) (string, error) {
	pods, err := a.pods(ctx, namespace, selector)
	for _, p := range pods {
		if p.Spec.NodeName != "" {
			return p.Spec.NodeName, nil
		}
	}
	return "", err
}

// obstacles says what keeps pods from running; empty where nobody can tell.
func (a Addon) obstacles(ctx context.Context, namespace, selector string) string {
	pods, err := a.pods(ctx, namespace, selector)
	if err != nil {
		return ""
	}
	var all []string
	for _, pod := range pods {
		why := ""
		for _, c := range pod.Status.Conditions {
			if c.Type == "PodScheduled" && c.Status == "False" {
				why = c.Message
			}
		}
		for _, c := range pod.Status.ContainerStatuses {
			for _, state := range []struct{ Reason, Message string }{c.State.Waiting, c.State.Terminated} {
				if state.Reason != "" {
					why = strings.TrimSuffix(state.Reason+": "+state.Message, ": ")
				}
			}
		}
		if why != "" && !slices.Contains(all, why) {
			all = append(all, shorten(why))
		}
	}
	return strings.Join(all[:min(len(all), 3)], "; ")
}

func shorten(text string) string {
	const most = 300
	if len(text) <= most {
		return text
	}
	return strings.ToValidUTF8(text[:most], "") + "…"
}

// reach tries something until it succeeds or the time is up, and gives the last failure.
func (a Addon) reach(ctx context.Context, try func(context.Context) error) error {
	limited, cancel := context.WithTimeout(ctx, min(a.Timeout, reachTime))
	defer cancel()
	said := ""
	for {
		err := try(ctx)
		if err == nil {
			return nil
		}
		if text := err.Error(); text != said {
			a.Tell.Log(ctx, "it cannot be used yet: "+text)
			said = text
		}
		if !a.wait(limited) {
			return err
		}
	}
}

const (
	// reachTime is how long a service gets to lead to a pod that is ready.
	reachTime = 30 * time.Second
	// tryTime bounds one request to it.
	tryTime = 5 * time.Second
)

// serviceAddress is where a service listens in the cluster, as host:port.
func (a Addon) serviceAddress(ctx context.Context, ref kube.Ref) (string, error) {
	live, err := a.Cluster.Get(ctx, ref)
	if err != nil {
		return "", err
	}
	spec, _ := live["spec"].(map[string]any)
	address, _ := spec["clusterIP"].(string)
	ports, _ := spec["ports"].([]any)
	if address == "" || address == "None" || len(ports) == 0 {
		return "", fmt.Errorf("%s has no address", ref)
	}
	port, _ := ports[0].(map[string]any)
	return net.JoinHostPort(address, fmt.Sprint(port["port"])), nil
}

// remove deletes what the owner has of these kinds, and then what an earlier charm has left. It goes on after a failure,
// unless no server answers.
func (a Addon) remove(ctx context.Context, keeper *kube.Objects, kinds []string, earlier []kube.Ref) error {
	var failures []error
	for _, kind := range kinds {
		err := a.Tell.Step(ctx, "delete "+kind, func(ctx context.Context) error {
			gone, err := keeper.DeleteAll(ctx, []string{kind})
			for _, ref := range gone {
				a.Tell.Log(ctx, ref.String()+" is removed")
			}
			return err
		})
		if failures = appendFailure(failures, err); kube.KindOf(err) == kube.Unreachable {
			return errors.Join(failures...)
		}
	}
	for _, ref := range earlier {
		failures = appendFailure(failures, a.removeEarlier(ctx, keeper, ref))
	}
	return errors.Join(failures...)
}

// removeEarlier deletes an object of the owner or of an earlier charm, and none of anybody else.
func (a Addon) removeEarlier(ctx context.Context, keeper *kube.Objects, ref kube.Ref) error {
	there, err := keeper.Has(ctx, ref)
	if err != nil || !there {
		return err
	}
	return a.Tell.Step(ctx, "delete "+ref.String(), func(ctx context.Context) error {
		_, err := keeper.Delete(ctx, ref)
		if err == nil {
			a.Tell.Log(ctx, ref.String()+" is removed")
		}
		return err
	})
}

func appendFailure(failures []error, err error) []error {
	if err != nil {
		failures = append(failures, err)
	}
	return failures
}

// oneLine joins what is wrong for a message.
func oneLine(err error) string { return strings.ReplaceAll(err.Error(), "\n", "; ") }
