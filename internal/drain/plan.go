// Package drain owns a node's cordon and the moving away of its pods: what would go and what stands in the way, the
// cordon with a mark of whose it is, and evictions that respect disruption budgets.
//
// It speaks to every server from 1.12 on: evictions go by the version that the server has. It says what happened in
// counts and names and never decides whether a node should be drained; it knows nothing of Juju. It never takes back a
// cordon that somebody else made, never deletes a pod where the server can evict it, and never waits beyond its limits.
package drain

import (
	"cmp"
	"context"
	"slices"
	"strings"
	"time"

	"kubernetes-worker/internal/kube"
)

// API is what the package asks of the cluster; *kube.Client does it.
type API interface {
	Send(ctx context.Context, r kube.Request) ([]byte, error)
}

// Clock is the time that waits are measured by.
type Clock interface {
	Now() time.Time
	// After sends once the time has passed.
	After(d time.Duration) <-chan time.Time
}

// Options say which pods may go and how. Without any, only those go that are lost to nobody.
type Options struct {
	DeleteLocalData  bool // pods with an emptyDir may go, and what is in it is lost
	Force            bool // pods without a controller may go, and nothing makes them again
	IgnoreDaemonSets bool // pods of daemon sets stay, and are no obstacle
	Budgets          bool // Look reads disruption budgets, too: for each namespace one request

	// GracePeriod is what a pod gets between the signal to end and its death, in whole seconds; nil leaves each pod its own.
	GracePeriod *time.Duration
	// Timeout bounds Evict as a whole and must be positive. The last look, and what
	// is asked to explain a failure, may take 5 s more.
	Timeout time.Duration
	// Clock is the machine's if nil.
	Clock Clock
}

// Pod names a pod for ever: another one may get the name, but not the UID.
type Pod struct {
	Namespace, Name, UID string
	Controller           string // what made it and would make it again: "ReplicaSet web-5d4f"; "" for none
}

func (p Pod) String() string { return p.Namespace + "/" + p.Name }

// Reason is why a pod is not moved, in the words of a message.
type Reason string

// Reasons for which a pod stays and is no obstacle.
const (
	Daemon   Reason = "is of a daemon set, which would start it here again"
	Mirror   Reason = "comes from a file on the node" // a static pod: the API only shows it
	Finished Reason = "has ended"
)

// Reasons for which a pod stands in the way until an option allows it.
const (
	DaemonSet Reason = "is of a daemon set"                             // Options.IgnoreDaemonSets
	LocalData Reason = "keeps data in an emptyDir, which would be lost" // Options.DeleteLocalData
	Unmanaged Reason = "has no controller that would make it again"     // Options.Force
	// Twice is told by Look alone, and only where it reads budgets. No option helps.
	Twice Reason = "is in more than one disruption budget, so that the API does not evict it"
)

// Staying is a pod that is not moved, and why.
type Staying struct {
	Pod
	Reasons []Reason
}

func (s Staying) String() string {
	words := make([]string, 0, len(s.Reasons))
	for _, reason := range s.Reasons {
		words = append(words, string(reason))
	}
	return s.Pod.String() + " " + strings.Join(words, " and ")
}

// Plan is what Evict would do. Each list is sorted by namespace and name.
type Plan struct {
	Node string
	Move []Pod     // would be asked to go, or go already
	Skip []Staying // stay and are no obstacle
	Held []Staying // must go and cannot with these options: with one of them Evict moves nothing

	// Tight are those to move whose budget lets none go at present. The controller may start another one elsewhere first, so
	// that this can change.
	Tight []Remaining
}

// Look reads the node's pods and says what Evict would do with them. It changes nothing.
func Look(ctx context.Context, api API, node string, o Options) (Plan, error) {
	pods, err := listPods(ctx, api, node)
	if err != nil {
		return Plan{}, err
	}
	plan := planOf(node, pods, o)
	if o.Budgets {
		plan.weigh(ctx, api, pods)
	}
	return plan, nil
}

// weigh finds what budgets say about the pods to move. Budgets that cannot be read say nothing: the evictions will.
func (p *Plan) weigh(ctx context.Context, api API, pods []wirePod) {
	version, err := evictionVersion(ctx, api)
	if err != nil || version == "" {
		return
	}
	labels := map[string]map[string]string{}
	for _, pod := range pods {
		if pod.Metadata.DeletionTimestamp == nil { // else it goes, whatever a budget says
			labels[pod.Metadata.UID] = pod.Metadata.Labels
		}
	}
	known := map[string][]selecting{}
	p.Move = slices.DeleteFunc(p.Move, func(pod Pod) bool {
		budgets, asked := known[pod.Namespace]
		if !asked {
			budgets, _ = listBudgets(ctx, api, version, pod.Namespace)
			known[pod.Namespace] = budgets
		}
		own, stays := labels[pod.UID]
		if !stays {
			return false
		}
		switch in := budgetsOf(budgets, own); {
		case len(in) > 1:
			p.Held = append(p.Held, Staying{pod, []Reason{Twice}})
			return true
		case len(in) == 1 && in[0].Allowed <= 0:
			p.Tight = append(p.Tight, Remaining{Pod: pod, Budgets: in})
		}
		return false
	})
	slices.SortFunc(p.Held, func(a, b Staying) int { return comparePods(a.Pod, b.Pod) })
}

func planOf(node string, pods []wirePod, o Options) Plan {
	plan := Plan{Node: node}
	for _, pod := range pods {
		skip, held := judge(pod, o)
		switch {
		case skip != "":
			plan.Skip = append(plan.Skip, Staying{pod.pod(), []Reason{skip}})
		case len(held) > 0:
			plan.Held = append(plan.Held, Staying{pod.pod(), held})
		default:
			plan.Move = append(plan.Move, pod.pod())
		}
	}
	slices.SortFunc(plan.Move, comparePods)
	byPod := func(a, b Staying) int { return comparePods(a.Pod, b.Pod) }
	slices.SortFunc(plan.Skip, byPod)
	slices.SortFunc(plan.Held, byPod)
	return plan
}

// judge says why a pod stays, or what holds it; nothing of both for one that is moved.
func judge(pod wirePod, o Options) (skip Reason, held []Reason) {
	owner := pod.controller()
	switch {
	case pod.Metadata.Annotations[mirrorAnnotation] != "":
		return Mirror, nil
	case pod.Status.Phase == "Succeeded" || pod.Status.Phase == "Failed":
		return Finished, nil
	case owner.Kind == "DaemonSet" && o.IgnoreDaemonSets:
		return Daemon, nil
	case pod.Metadata.DeletionTimestamp != nil:
		return "", nil // it goes in any case and is only waited for
	}
	if owner.Kind == "DaemonSet" {
		return "", []Reason{DaemonSet}
	}
	if owner.Kind == "" && !o.Force {
		held = append(held, Unmanaged)
	}
	if pod.hasLocalData() && !o.DeleteLocalData {
		held = append(held, LocalData)
	}
	return "", held
}

func comparePods(a, b Pod) int {
	return cmp.Or(cmp.Compare(a.Namespace, b.Namespace), cmp.Compare(a.Name, b.Name), cmp.Compare(a.UID, b.UID))
}
