package drain

import (
	"context"
	"errors"
	"maps"
	"net/http"
	"slices"
	"time"

	"kubernetes-worker/internal/kube"
)

const (
	// parallel is how many pods are asked at the same time: enough for a full node to be asked in seconds, and not so many
	// that one node's drain is a load for the server.
	parallel = 8
	// minPoll and maxPoll are how often the pods are looked at: often while they go, less while nothing moves.
	minPoll, maxPoll = time.Second, 5 * time.Second
	// lastWords bounds the last look at the pods and at what holds them, when the time is up.
	lastWords = 5 * time.Second
)

// Evict moves the pods of the node that Look names and waits until each is gone. It is for a cordoned node: a pod that
// is started later is not looked at. While budgets refuse, or servers are away, it tries again until Options.Timeout.
//
// The Result counts in any case. An error is a *HeldError, with which nothing was done, or a *StuckError. progress hears
// of each step, one at a time; it may be nil.
func Evict(ctx context.Context, api API, node string, o Options, progress func(Event)) (Result, error) {
	if o.Clock == nil {
		o.Clock = wallClock{}
	}
	if progress == nil {
		progress = func(Event) {}
	}
	r := &run{api: api, node: node, options: o, progress: progress, began: o.Clock.Now(), poll: minPoll}
	ctx, cancel := context.WithTimeout(ctx, o.Timeout+lastWords)
	defer cancel()
	cause := r.loop(ctx)
	if held := (*HeldError)(nil); errors.As(cause, &held) {
		return Result{}, cause
	}
	r.lookUpBudgets(ctx, func(g *going) bool { return !g.ending() && g.message != "" })
	return r.result(cause)
}

type wallClock struct{}

func (wallClock) Now() time.Time                         { return time.Now() }
func (wallClock) After(d time.Duration) <-chan time.Time { return time.After(d) }

// run is one Evict.
type run struct {
	api      API
	node     string
	options  Options
	progress func(Event)
	began    time.Time

	version string // of evictions; "" where pods are deleted
	plan    Plan
	going   map[string]*going // by UID: those that are still there; nil until the pods were seen once
	gone    []Pod
	poll    time.Duration // until the next look
	away    string        // the trouble that was told last
}

// going is a pod that has to go.
type going struct {
	Pod
	seen     wirePod   // as in the last list
	next     time.Time // not asked before
	message  string    // what was said to the last request
	accepted bool      // the server has let it go since
	failed   bool      // the last request came to nothing that the server's words explain
	barred   bool      // asking again is of no use
	budgets  []Budget
}

func (g *going) ending() bool { return g.accepted || g.seen.Metadata.DeletionTimestamp != nil }

// loop looks and asks until all pods are gone, or it is of no use to go on: the cause says why, nil that waiting longer
// would change nothing.
func (r *run) loop(ctx context.Context) error {
	for {
		err := r.look(ctx)
		switch {
		case err == nil && !r.worthWaiting():
			return nil
		case ctx.Err() != nil:
			return timeUp(ctx.Err(), err)
		case err != nil && !passing(err):
			return err
		case r.left() <= 0:
			return timeUp(context.DeadlineExceeded, err)
		case err == nil:
			if err := r.ask(ctx); err != nil {
				return err
			}
		}
		r.tellAway(err)
		select {
		case <-ctx.Done():
		case <-r.options.Clock.After(r.pause()):
		}
	}
}

// timeUp is the end of the time, with the trouble there was.
func timeUp(end, trouble error) error {
	if trouble != nil {
		return late{end, trouble}
	}
	return end
}

// passing reports whether a list that failed may be had later: servers that are away, and a continuation that expired.
func passing(err error) bool {
	var e *kube.Error
	return errors.As(err, &e) && (e.Transient() || e.Code == http.StatusGone)
}

// look reads the pods; the first time, which of them have to go.
func (r *run) look(ctx context.Context) error {
	pods, err := listPods(ctx, r.api, r.node)
	if err != nil {
		return err
	}
	present := make(map[string]wirePod, len(pods))
	for _, pod := range pods {
		present[pod.Metadata.UID] = pod
	}
	if r.going == nil {
		version, err := evictionVersion(ctx, r.api)
		if err != nil {
			return err
		}
		r.version, r.plan = version, planOf(r.node, pods, r.options)
		if len(r.plan.Held) > 0 {
			return &HeldError{Node: r.node, Held: r.plan.Held}
		}
		r.going = map[string]*going{}
		for _, pod := range r.plan.Move {
			r.going[pod.UID] = &going{Pod: pod}
		}
	}
	moved := false
	for _, g := range r.sorted() {
		pod, there := present[g.UID]
		if !there {
			delete(r.going, g.UID)
			r.gone = append(r.gone, g.Pod)
			r.progress(Event{What: Gone, Pod: g.Pod})
		}
		moved = moved || !there
		g.seen, g.accepted = pod, false
		// One that somebody else has deleted meanwhile goes, whatever the server said to us.
		g.barred = g.barred && !g.ending()
	}
	if r.poll = min(2*r.poll, maxPoll); moved {
		r.poll = minPoll
	}
	r.lookUpBudgets(ctx, func(g *going) bool { return g.failed && !g.ending() })
	return nil
}

// ask asks the pods whose time it is. An error is one for which there is no use in asking any other.
func (r *run) ask(ctx context.Context) error {
	var due []*going
	var requests []kube.Request
	now := r.options.Clock.Now()
	for _, g := range r.sorted() {
		if g.ending() || g.barred || now.Before(g.next) {
			continue
		}
		request, err := askRequest(g.Pod, r.version, r.options.GracePeriod)
		if err != nil {
			return err
		}
		due, requests = append(due, g), append(requests, request)
	}
	ctx, cancel := context.WithTimeout(ctx, r.left())
	defer cancel()
	var end error
	send(ctx, r.api, requests, func(i int, err error) {
		if err != nil && ctx.Err() != nil {
			return // that the time was up is no answer: what the server said before counts
		}
		g := due[i]
		a, message, pause := understand(err)
		if a == accepted {
			r.progress(Event{What: Asked, Pod: g.Pod})
			r.poll = minPoll
		} else if message != g.message {
			r.progress(Event{What: Refused, Pod: g.Pod, Message: message})
		}
		g.message, g.accepted, g.failed, g.barred = message, a == accepted, a == failed, a == barred
		g.next = r.options.Clock.Now().Add(pause)
		if a == fatal {
			end = err
		}
	})
	return end
}

// lookUpBudgets finds the budgets of the pods that are asked about. It is for explaining, so failing changes nothing, but
// that a pod in more than one is barred: the API evicts none such.
func (r *run) lookUpBudgets(ctx context.Context, about func(*going) bool) {
	known := map[string][]selecting{}
	for _, g := range r.sorted() {
		if r.version == "" || !about(g) {
			continue
		}
		budgets, asked := known[g.Namespace]
		if !asked {
			var err error
			if budgets, err = listBudgets(ctx, r.api, r.version, g.Namespace); err != nil {
				budgets = nil
			}
			known[g.Namespace] = budgets
		}
		g.budgets = budgetsOf(budgets, g.seen.Metadata.Labels)
		g.barred = g.barred || len(g.budgets) > 1
	}
}

// left is how much of the time there is.
func (r *run) left() time.Duration { return r.options.Timeout - r.options.Clock.Now().Sub(r.began) }

func (r *run) tellAway(err error) {
	message := ""
	if err != nil {
		message = err.Error()
	}
	if message != "" && message != r.away {
		r.progress(Event{What: Away, Message: message})
	}
	r.away = message
}

// pause is how long to wait: until the next look, the first pod's time or the deadline.
func (r *run) pause() time.Duration {
	now := r.options.Clock.Now()
	pause := min(r.poll, r.left())
	for _, g := range r.going {
		if !g.ending() && !g.barred && g.next.After(now) {
			pause = min(pause, g.next.Sub(now))
		}
	}
	return pause
}

// worthWaiting reports whether there is a pod that may yet go.
func (r *run) worthWaiting() bool {
	for _, g := range r.going {
		if !g.barred {
			return true
		}
	}
	return false
}

func (r *run) sorted() []*going {
	return slices.SortedFunc(maps.Values(r.going), func(a, b *going) int { return comparePods(a.Pod, b.Pod) })
}

func (r *run) result(cause error) (Result, error) {
	result := Result{Evicted: slices.SortedFunc(slices.Values(r.gone), comparePods), Skipped: r.plan.Skip}
	for _, g := range r.sorted() {
		remaining := Remaining{Pod: g.Pod, Ending: g.ending(), Message: g.message, Budgets: g.budgets}
		if remaining.Ending {
			remaining.Finalizers, remaining.Message, remaining.Budgets = g.seen.Metadata.Finalizers, "", nil
		}
		result.Remaining = append(result.Remaining, remaining)
	}
	if len(result.Remaining) == 0 && cause == nil {
		return result, nil
	}
	return result, &StuckError{
		Node: r.node, Remaining: result.Remaining, Total: len(r.plan.Move), After: r.options.Clock.Now().Sub(r.began), Cause: cause,
	}
}
