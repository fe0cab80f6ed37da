// Package charm is one invocation from start to exit: it tells the event, opens the talk with Juju, lets the worker's
// handlers run to a fixed point, derives the status and commits. It wires the parts and decides nothing itself.
package charm

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"io"
	"maps"
	"os"
	"path/filepath"
	"strings"
	"time"

	"kubernetes-worker/internal/condition"
	"kubernetes-worker/internal/host"
	"kubernetes-worker/internal/juju"
	"kubernetes-worker/internal/kube"
	"kubernetes-worker/internal/reactive"
	"kubernetes-worker/internal/resource"
	"kubernetes-worker/internal/runtime"
	"kubernetes-worker/internal/state"
	"kubernetes-worker/internal/systemd"
	"kubernetes-worker/internal/unitstate"
	"kubernetes-worker/internal/worker"
)

// RootSwitch names the environment variable that puts the machine below a directory, for tests.
const RootSwitch = "KUBERNETES_WORKER_ROOT"

// ReportSwitch names the environment variable with a file to which each invocation appends what it cost, as a line of
// JSON; see Report.
const ReportSwitch = "KUBERNETES_WORKER_REPORT"

// Invocation is the process as it was started.
type Invocation struct {
	Args     []string
	Getenv   func(string) string
	Environ  []string
	Stdout   io.Writer
	Stderr   io.Writer
	Observer resource.Observer // sees each change; nil in production
	Settle   time.Duration     // how long a started daemon is watched before it counts as running; 0: a second
	Patience time.Duration     // how long a node gets to be Ready after an upgrade; 0: readyTime
}

// run is the state of one invocation.
type run struct {
	invocation Invocation
	env        juju.Environment
	event      juju.Event
	transport  *juju.Connection
	session    *juju.Session
	state      *state.File
	machine    *machine
	system     *resource.System
	cluster    *kube.Client
	facts      worker.Facts // of Juju; observe adds the machine's and the cluster's
	now        time.Time
	clock      func() time.Time
	warned     map[string]bool
	node       *worker.NodeFact
	nodeSeen   [2]int // starts of the kubelet and changes of the object when node was read
	began      time.Time
	// releaseFailed: an API server could not say its release in this invocation.
	releaseFailed bool
	resumed       bool             // an action has ended a pause
	askedMembers  bool             // Juju was asked which units the application has, or this one does not lead
	failedNow     bool             // an upgrade has failed in this invocation
	seen          resource.Seen    // what the facts of this round were read from
	left          *unitstate.State // of the charm's forerunner, where this invocation takes it over
	leftFault     error            // why that could not be read
}

// Hook runs the charm for one hook and gives the exit status: 0 even where the unit waits or is blocked, 1 where the
// machine or the program failed, so that Juju tries again.
func Hook(ctx context.Context, in Invocation, event juju.Event) int {
	if event.Restricted() {
		return 0
	}
	r, err := open(ctx, in, event)
	if err != nil {
		fmt.Fprintln(in.Stderr, err)
		return 1
	}
	defer r.close()
	if err := r.hook(ctx); err != nil {
		r.complain(ctx, err)
		return 1
	}
	return 0
}

// open reads Juju's side and the state, and makes the adapters ready.
func open(ctx context.Context, in Invocation, event juju.Event) (*run, error) {
	r := &run{invocation: in, event: event, clock: time.Now, warned: map[string]bool{}}
	r.began = r.clock()
	r.now = r.began
	if r.invocation.Settle == 0 {
		r.invocation.Settle = settleTime
	}
	var err error
	if r.env, err = juju.ReadEnvironment(in.Getenv); err != nil {
		return nil, err
	}
	r.transport = juju.Connect(r.env)
	files := charmFiles{host.New("/")}
	var damaged state.Damaged
	r.state, err = state.Load(files, filepath.Join(r.env.CharmDir, stateFile))
	if err != nil && !errors.As(err, &damaged) {
		return nil, err
	}
	r.session, err = juju.Open(ctx, r.env, event, r.transport, juju.Options{
		Endpoints: endpoints(), Open: openEndpoints(), Networks: []string{"kube-control"}, Remembered: &r.state.Juju,
	})
	if err != nil {
		return nil, err
	}
	if damaged.Reason != nil {
		_ = r.session.Log(ctx, juju.Warning, damaged.Error())
	}
	root := in.Getenv(RootSwitch)
	if root == "" {
		root = "/"
	}
	r.machine = newMachine(root, in.Environ, func(line string) { _ = r.session.Log(ctx, juju.Info, line) })
	r.system = r.machine.system(r.session, r.state)
	r.system.Patience, r.system.Settle = cmp.Or(in.Patience, readyTime), r.invocation.Settle
	if r.system.Patient = event.Kind == juju.Hook && event.Relation != ""; !r.system.Patient {
		clear(r.state.Waits)
	}
	r.takeOver()
	if err := r.readModel(ctx); err != nil {
		r.close()
		return nil, err
	}
	return r, nil
}

func (r *run) readModel(ctx context.Context) error {
	facts, err := r.model(ctx)
	if err != nil {
		return err
	}
	if err := r.identity(ctx, &facts); err != nil {
		return err
	}
	r.machine.packages.also = runtime.PackageNames(facts.Options.Packages)
	r.peers(ctx, &facts)
	r.members(ctx, &facts)
	r.dying(ctx, &facts)
	r.facts = facts
	return nil
}

func (r *run) close() {
	r.report() // first: a transport that is closed does not know any more which one it was
	r.machine.systemd.Close()
	_ = r.transport.Close()
}

// hook brings the machine closer to what the model says and tells Juju how far it came.
func (r *run) hook(ctx context.Context) error {
	_ = r.session.Log(ctx, juju.Info, "Initializing Snap Layer")
	r.tellTakeOver(ctx)
	if r.stopping() {
		if r.state.Stopped {
			return nil // the stop hook before this one did it
		}
		return r.stop(ctx)
	}
	_, err := r.pass(ctx)
	return err
}

// pass is what every event of a living unit comes down to: fetch what came, converge, tell, remember and commit.
func (r *run) pass(ctx context.Context) (reactive.Result[worker.Facts], error) {
	r.state.Stopped = false // one that was stopped by hand
	if err := r.fetch(ctx); err != nil {
		return reactive.Result[worker.Facts]{}, err
	}
	result, err := r.converge(ctx, worker.Handlers())
	if err != nil {
		return result, err
	}
	r.tellFindings(ctx, result)
	if err := faults(result.Findings); err != nil {
		return result, r.failed(ctx, err)
	}
	r.remember(result)
	return result, r.commit(ctx, result)
}

// converge runs handlers to a fixed point.
func (r *run) converge(ctx context.Context, handlers []worker.Handler) (reactive.Result[worker.Facts], error) {
	m := reactive.Machine[worker.Facts, resource.Resource]{
		Rules: worker.Rules(), Handlers: handlers, Observe: r.observe,
		Realise: func(ctx context.Context, wants []resource.Resource) ([]string, []error) {
			before := r.system.UpgradeStopped
			changes, findings := resource.Realise(ctx, r.system, wants, r.invocation.Observer, false)
			if before == nil && r.system.UpgradeStopped != nil {
				changes = append(changes, "the upgrade is not tried") // another round declares what a node without one needs
			}
			return changes, findings
		},
	}
	return m.Run(ctx)
}

// stopping reports whether the unit is on its way out.
func (r *run) stopping() bool { return r.event.Name == "stop" || r.event.Name == "remove" }

// stop takes the unit out of the cluster. What cannot be done is told and does not hold up the removal.
func (r *run) stop(ctx context.Context) error {
	for _, part := range worker.Farewells(r.warn) {
		limited, cancel := context.WithTimeout(ctx, part.Limit)
		result, err := r.converge(limited, part.Handlers)
		cancel()
		for _, finding := range append(result.Findings, err) {
			if finding != nil {
				r.warn(ctx, finding.Error())
			}
		}
	}
	r.state.Stopped = true
	if err := r.state.Save(); err != nil {
		r.warn(ctx, err.Error())
	}
	return nil
}

// faults joins the findings that are neither waiting nor blocked.
func faults(findings []error) error {
	var all []error
	for _, f := range findings {
		if condition.Of(f) == condition.Fault {
			all = append(all, f)
		}
	}
	return errors.Join(all...)
}

// failed ends a hook that Juju has to repeat. The state is kept: what was done is done.
func (r *run) failed(ctx context.Context, err error) error {
	r.state.Juju = *r.session.Remembered()
	return errors.Join(err, r.state.Save())
}

// tellFindings logs what is wrong, each once until it changes: a hook that finds nothing new says nothing.
func (r *run) tellFindings(ctx context.Context, result reactive.Result[worker.Facts]) {
	f := result.Facts
	for _, finding := range f.Findings {
		r.warn(ctx, finding.Message)
	}
	for _, p := range f.Problems {
		r.warn(ctx, p.Error())
	}
	for _, warning := range f.Warnings() {
		r.warn(ctx, warning)
	}
	for _, finding := range result.Findings {
		if condition.Of(finding) != condition.Fault {
			r.warn(ctx, finding.Error())
		}
	}
	for _, unit := range f.FailedUnits() {
		r.warn(ctx, r.obituary(ctx, unit, f.Units[unit]))
	}
	r.state.Warned = r.warned
}

// warn logs a line at WARNING unless the hook before has logged it already.
func (r *run) warn(ctx context.Context, message string) {
	key := state.Fingerprint([]byte(message))
	if !r.state.Warned[key] && !r.warned[key] {
		_ = r.session.Log(ctx, juju.Warning, message)
	}
	r.warned[key] = true
}

// obituary says why a daemon does not run: its state, its exit, and the last that it said.
func (r *run) obituary(ctx context.Context, unit string, fact worker.UnitFact) string {
	text := fmt.Sprintf("%s does not run: %s", unit, fact.Detail)
	key := state.Fingerprint([]byte(text))
	if r.state.Warned[key] {
		r.warned[key] = true
		return text
	}
	lines, err := systemd.Journal{Runner: unitRunner{r.machine.runner}}.Last(ctx, unit, 5)
	if err == nil && len(lines) > 0 {
		_ = r.session.Log(ctx, juju.Warning, "last lines of "+unit+":\n"+strings.Join(lines, "\n"))
	}
	return text
}

func (r *run) complain(ctx context.Context, err error) {
	for line := range strings.Lines(err.Error()) {
		if logErr := r.session.Log(ctx, juju.Error, strings.TrimSpace(line)); logErr != nil {
			fmt.Fprintln(r.invocation.Stderr, strings.TrimSpace(line))
		}
	}
}

// remember keeps what the next hook needs: what the cluster said, and the options that are in force now.
func (r *run) remember(result reactive.Result[worker.Facts]) {
	f := result.Facts
	r.state.Cluster = f.Cluster
	r.state.NodeName = f.NodeName
	r.rememberObjects(f)
	if r.askedMembers { // at the end: a hook that is killed asks again
		r.state.Sweep.Asked = r.now.Unix()
	}
	r.forgetForerunner()
	r.state.Paused = f.Paused()
	if _, configured := r.state.Services[worker.KubeletUnit]; configured {
		r.state.Runtime = f.RuntimeNow()
	}
	r.state.InsecureRegistry, r.state.Direct = f.InsecureRegistry(), f.Direct()
	if f.OnDocker() {
		r.state.Docker = ""
	}
	if f.Node.Asked && f.Node.Failure == nil {
		r.state.NodeSeen = f.Node.Exists
	}
	refused := f.RefusedOptions()
	config := maps.Clone(r.session.Snapshot().Config)
	for _, option := range refused {
		// Valid in form, but not for the kubelet that is installed: what was in force before stays the last good value.
		delete(config, string(option))
		if last, ok := r.state.GoodOptions[string(option)]; ok {
			config[string(option)] = last
		}
	}
	r.state.GoodOptions = f.Options.Good(config, r.state.GoodOptions)
}

// commit tells Juju what differs, and saves the state last: it may be ahead of Juju, never behind the machine.
func (r *run) commit(ctx context.Context, result reactive.Result[worker.Facts]) error {
	status := worker.StatusOf(result.Facts, result.Findings)
	r.showResumed(ctx, status)
	writes := juju.Writes{
		Relations: r.system.Pending, ApplicationVersion: result.Facts.KubeletPrinted,
		Status: &juju.Status{State: juju.State(status.State), Message: status.Message},
	}
	portsSent := r.ports(result.Facts, &writes)
	if err := r.session.Commit(ctx, writes); err != nil {
		return r.failed(ctx, err)
	}
	portsSent()
	r.state.Juju = *r.session.Remembered()
	if r.system.Reboot && r.event.Kind == juju.Hook { // Juju does not take it from actions; the next hook asks again
		if err := r.session.Reboot(ctx); err != nil {
			return r.failed(ctx, err)
		}
	}
	return r.state.Save()
}

// hasTool looks a hook tool up on PATH, as the surest sign of what this Juju can do.
func (r *run) hasTool(name string) bool {
	for _, dir := range filepath.SplitList(r.env.Path) {
		if info, err := os.Stat(filepath.Join(dir, name)); err == nil && info.Mode()&0o111 != 0 && !info.IsDir() {
			return true
		}
	}
	return false
}
