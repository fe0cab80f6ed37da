package drain

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"slices"
	"strings"
	"time"

	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"kubernetes-worker/internal/kube"
)

// refusalPause is how long a pod that was refused is left alone where the server does not say it.
const refusalPause = 5 * time.Second

// wireDeletion says how a pod is to be deleted: this very pod, not another one that got its name.
type wireDeletion struct {
	GracePeriodSeconds *int64        `json:"gracePeriodSeconds,omitempty"`
	Preconditions      preconditions `json:"preconditions"`
}

type preconditions struct {
	UID string `json:"uid"`
}

type wireEviction struct {
	APIVersion    string       `json:"apiVersion"`
	Kind          string       `json:"kind"`
	Metadata      podName      `json:"metadata"`
	DeleteOptions wireDeletion `json:"deleteOptions"`
}

type podName struct {
	Namespace string `json:"namespace"`
	Name      string `json:"name"`
}

// askRequest asks a pod to go: by eviction where the server has it in that version, else by deletion. Either may arrive
// twice, since it is for one UID.
func askRequest(pod Pod, version string, grace *time.Duration) (kube.Request, error) {
	deletion := wireDeletion{Preconditions: preconditions{UID: pod.UID}}
	if grace != nil {
		seconds := int64(grace.Round(time.Second) / time.Second)
		deletion.GracePeriodSeconds = &seconds
	}
	r := kube.Request{
		Verb: http.MethodDelete, Path: "/api/v1/namespaces/" + pod.Namespace + "/pods/" + pod.Name, Doing: "delete pod " + pod.String(),
	}
	var content any = struct {
		APIVersion string `json:"apiVersion"`
		Kind       string `json:"kind"`
		wireDeletion
	}{"v1", "DeleteOptions", deletion}
	if version != "" {
		r.Verb, r.Path, r.Doing, r.Named = http.MethodPost, r.Path+"/eviction", "evict pod "+pod.String(), true
		content = wireEviction{"policy/" + version, "Eviction", podName{pod.Namespace, pod.Name}, deletion}
	}
	var err error
	if r.Body, err = json.Marshal(content); err != nil {
		return kube.Request{}, fmt.Errorf("cannot %s: %w", r.Doing, err)
	}
	return r, nil
}

// answer is what a request to go has come to.
type answer int

const (
	accepted answer = iota + 1 // it goes
	refused                    // not now: to be asked again after a pause
	failed                     // nobody can say: to be asked again when the pod is seen the next time
	barred                     // not without somebody's doing; other pods may go
	fatal                      // asking for any pod is of no use
)

// understand tells what an answer means, in the server's words, and how long to leave the pod alone.
func understand(err error) (a answer, message string, pause time.Duration) {
	if err == nil {
		return accepted, "", 0
	}
	details := detailsOf(err)
	switch kind := kube.KindOf(err); {
	case kind == kube.Disruption:
		return refused, withCauses(err), pauseOf(details)
	case kind == kube.Forbidden && (ending(err, details) || details.Kind == "poddisruptionbudget"):
		// A namespace that ends takes no evictions and deletes its pods itself. A budget in disorder is not a lack of rights.
		return refused, withCauses(err), pauseOf(details)
	case kind == kube.Unauthorized:
		return fatal, err.Error(), 0
	case kind == kube.NotFound, kind == kube.Conflict, kind == kube.Unreachable:
		// It is gone, has another UID, changed in this moment, or the server is in trouble: the next list tells.
		return failed, err.Error(), 0
	}
	return barred, err.Error(), 0 // rights are missing, or an admission webhook says no
}

// detailsOf returns what the API's error object says beyond its message.
func detailsOf(err error) metav1.StatusDetails {
	var status apierrors.APIStatus
	if errors.As(err, &status) && status.Status().Details != nil {
		return *status.Status().Details
	}
	return metav1.StatusDetails{}
}

func pauseOf(details metav1.StatusDetails) time.Duration {
	if details.RetryAfterSeconds > 0 {
		return time.Duration(details.RetryAfterSeconds) * time.Second
	}
	return refusalPause
}

// ending reports whether the pod's namespace is being deleted. Old servers say it in words only.
func ending(err error, details metav1.StatusDetails) bool {
	named := slices.ContainsFunc(details.Causes, func(c metav1.StatusCause) bool { return c.Type == namespaceTerminating })
	return named || strings.Contains(err.Error(), "because it is being terminated")
}

// namespaceTerminating is the API's word for the cause of a refusal.
const namespaceTerminating metav1.CauseType = "NamespaceTerminating"

// withCauses is the server's message and what it names as causes, such as the budget.
func withCauses(err error) string {
	text := err.Error()
	if e := (*kube.Error)(nil); errors.As(err, &e) {
		text = e.Message
	}
	for _, cause := range detailsOf(err).Causes {
		if cause.Message != "" && !strings.Contains(text, cause.Message) {
			text += " " + cause.Message
		}
	}
	return text
}

// send asks for each of the pods, no more than parallel at a time, and hands over the answers one by one.
func send(ctx context.Context, api API, requests []kube.Request, each func(i int, err error)) {
	type reply struct {
		i   int
		err error
	}
	next, replies := make(chan int), make(chan reply)
	for range min(parallel, len(requests)) {
		go func() {
			for i := range next {
				_, err := api.Send(ctx, requests[i])
				replies <- reply{i, err}
			}
		}()
	}
	go func() {
		defer close(next)
		for i := range requests {
			next <- i
		}
	}()
	for range requests {
		r := <-replies
		each(r.i, r.err)
	}
}
