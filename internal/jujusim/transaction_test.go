package jujusim

import (
	"context"
	"errors"
	"strings"
	"syscall"
	"testing"
	"time"
)

func related(t *testing.T, version string) *bed {
	t.Helper()
	b := newBed(t, version)
	b.deploy()
	b.check(b.Deploy(DeploySpec{Charm: CompanionPrefix + "kubernetes-control-plane", App: "master"}))
	_, err := b.Integrate("worker:kube-control", "master")
	b.check(err)
	b.settle()
	b.ran("worker/0")
	return b
}

func (b *bed) bag(unit string) map[string]string {
	b.t.Helper()
	id, err := b.FindRelation("worker:kube-control", "master")
	b.check(err)
	data, err := b.Bag(id, unit)
	b.check(err)
	return data
}

const writesOfEveryKind = `
relation-set -r kube-control:1 gpu=True
open-port 80/tcp
state-set k=v
status-set waiting "for a reason"
application-version-set 1.2.3
leader-set timer=fri
juju-log "said"
relation-get -r kube-control:1 gpu worker/0 > $TEST_DIR/own
state-get k > $TEST_DIR/state
`

func TestAFailedHookFlushesNothingButKeepsWhatIsImmediate(t *testing.T) {
	b := related(t, "3.6")
	b.plan("update-status", writesOfEveryKind+"exit 3")
	b.check(b.UpdateStatus("worker/0"))
	failed := b.settleFailing()
	wantEqual(t, "message", failed.Units["worker/0"], `hook failed: "update-status"`)
	wantEqual(t, "own bag as the hook saw it", b.output("own"), "True\n")
	wantEqual(t, "state as the hook saw it", b.output("state"), "v\n")
	status := b.status("worker/0")
	wantEqual(t, "status", status.Status, "error")
	wantEqual(t, "version", status.Version, "1.2.3")
	wantEqual(t, "ports", len(status.Ports), 0)
	wantEqual(t, "key in the bag", b.bag("worker/0")["gpu"], "")
	wantEqual(t, "leader setting", b.state.Apps["worker"].LeaderSettings["timer"], "fri")
	wantEqual(t, "state", len(b.state.Units["worker/0"].KeyValues), 0)
	wantEqual(t, "flushed", len(b.lastRecord().Flushed), 0)

	b.plan("update-status", writesOfEveryKind)
	b.check(b.Resolve("worker/0", true))
	b.settle()
	status = b.status("worker/0")
	wantEqual(t, "status", status.Status+" "+status.Message, "waiting for a reason")
	wantEqual(t, "ports", strings.Join(status.Ports, ","), "80/tcp")
	wantEqual(t, "key in the bag", b.bag("worker/0")["gpu"], "True")
	wantEqual(t, "state", b.state.Units["worker/0"].KeyValues["k"], "v")
	wantEqual(t, "flushed", strings.Join(b.lastRecord().Flushed, ";"), "relation kube-control:1 gpu;ports;state k")
}

func TestIdenticalDataTellsNobody(t *testing.T) {
	b := newBed(t, "3.6")
	b.check(b.Deploy(DeploySpec{Charm: b.charm, Units: 2, To: []string{b.machine, b.machine}}))
	b.settle()
	b.ran("worker/1")
	b.plan("update-status", `relation-set -r coordinator:0 a=1 'b=<&>'`)
	b.plan("coordinator-relation-changed", `relation-get - "$JUJU_REMOTE_UNIT" --format=json > $TEST_DIR/got`)
	b.check(b.UpdateStatus("worker/0"))
	b.settle()
	b.wantRan("worker/1", "coordinator-relation-changed coordinator:0 worker/0")
	if !strings.Contains(b.output("got"), `"a":"1","b":"\u003c\u0026\u003e"`) {
		t.Fatalf("relation-get printed %s", b.output("got"))
	}
	b.check(b.UpdateStatus("worker/0"))
	b.settle()
	b.wantRan("worker/1")
}

func TestTheLeadersApplicationBagReachesThePeersWithoutARemoteUnit(t *testing.T) {
	b := newBed(t, "3.6")
	b.check(b.Deploy(DeploySpec{Charm: b.charm, Units: 2, To: []string{b.machine, b.machine}}))
	b.settle()
	b.ran("worker/0")
	b.ran("worker/1")
	b.plan("update-status", `relation-set -r coordinator:0 --app timer=fri`)
	b.plan("coordinator-relation-changed", `relation-get --app timer > $TEST_DIR/timer`)
	b.check(b.UpdateStatus("worker/0"))
	b.settle()
	b.wantRan("worker/0", "update-status")
	b.wantRan("worker/1", "coordinator-relation-changed coordinator:0")
	wantEqual(t, "value", b.output("timer"), "fri\n")
}

func TestRemoteBagsAreASnapshotForTheHook(t *testing.T) {
	b := related(t, "3.6")
	b.check(b.SetBag(1, "master/0", map[string]string{"domain": "first"}))
	b.settle()
	// The hook waits between its two readings until the test has changed the bag.
	b.check(syscall.Mkfifo(b.dir+"/go", 0o600))
	b.plan("update-status", `relation-get -r 1 domain master/0 > $TEST_DIR/one; : > $TEST_DIR/ready; read x < $TEST_DIR/go; relation-get -r 1 domain master/0 > $TEST_DIR/two`)
	b.check(b.UpdateStatus("worker/0"))
	done := make(chan error)
	go func() { done <- b.Settle(b.context()) }()
	until(t, func() bool { return isFile(b.dir + "/ready") })
	b.check(b.SetBag(1, "master/0", map[string]string{"domain": "second"}))
	b.write(b.dir+"/go", "x\n", 0o600)
	b.check(<-done)
	wantEqual(t, "first reading", b.output("one"), "first\n")
	wantEqual(t, "second reading", b.output("two"), "first\n")
	ran := b.ran("worker/0")
	wantEqual(t, "last hook", ran[len(ran)-1], "kube-control-relation-changed kube-control:1 master/0")
}

// until polls for a condition with a deadline.
func until(t *testing.T, condition func() bool) {
	t.Helper()
	deadline := time.After(30 * time.Second)
	tick := time.NewTicker(5 * time.Millisecond)
	defer tick.Stop()
	for !condition() {
		select {
		case <-deadline:
			t.Fatal("the condition did not come true")
		case <-tick.C:
		}
	}
}

func TestFailedHooksAreRetriedAndThenStayInError(t *testing.T) {
	b := newBed(t, "3.6")
	b.Close()
	b.options.Retries = 2
	var delays []int
	b.options.RetryDelay = func(attempt int) time.Duration { delays = append(delays, attempt); return 0 }
	model, err := Open(b.options)
	b.check(err)
	b.Model = model
	b.deploy()
	b.plan("install", `exit 1`)
	b.settleFailing()
	b.wantRan("worker/0", "install", "install", "install")
	wantEqual(t, "delays", len(delays), 2)
	wantEqual(t, "failed hook", b.status("worker/0").FailedHook, "install")

	b.plan("install", `[ "$(wc -l < "$TEST_TRACE/worker-0")" -gt 1 ] || exit 1`)
	b.check(b.Resolve("worker/0", true))
	b.settle()
	ran := b.ran("worker/0")
	wantEqual(t, "first hooks", strings.Join(ran[:3], ","), "install,install,coordinator-relation-created coordinator:0")
}

func TestRetriesCanBeSwitchedOff(t *testing.T) {
	b := newBed(t, "3.6")
	b.Model.options.Retries = 5
	b.check(b.SetModelConfig(map[string]string{"automatically-retry-hooks": "false"}))
	b.deploy()
	b.plan("install", `exit 1`)
	b.settleFailing()
	b.wantRan("worker/0", "install")
}

func TestResolvingWithoutRetryTakesTheHookAsDone(t *testing.T) {
	b := related(t, "3.6")
	b.plan("kube-control-relation-changed", `exit 1`)
	b.check(b.SetBag(1, "master/0", map[string]string{"x": "y"}))
	failed := b.settleFailing()
	wantEqual(t, "message", failed.Units["worker/0"], `hook failed: "kube-control-relation-changed" for master:kube-control`)
	b.ran("worker/0")
	b.check(b.Resolve("worker/0", false))
	b.settle()
	b.wantRan("worker/0")
}

func TestAKilledHookRunsAgainWithoutAnErrorState(t *testing.T) {
	for _, signal := range []string{"KILL", "TERM"} {
		t.Run(signal, func(t *testing.T) {
			b := newBed(t, "3.6")
			b.deploy()
			b.plan("install", `relation-ids coordinator; [ -f $TEST_DIR/once ] || { : > $TEST_DIR/once; kill -`+signal+` $$; }`)
			b.settle()
			wantEqual(t, "first outcome", b.records()[0].Outcome, Killed)
			wantEqual(t, "second outcome", b.records()[1].Outcome, Succeeded)
			wantEqual(t, "second hook", b.records()[1].Hook, "install")
		})
	}
	t.Run("another signal is a failure", func(t *testing.T) {
		b := newBed(t, "3.6")
		b.deploy()
		b.plan("install", `kill -ABRT $$`)
		b.settleFailing()
	})
	t.Run("a hook that is always killed ends the settling", func(t *testing.T) {
		b := newBed(t, "3.6")
		b.deploy()
		b.plan("install", `kill -KILL $$`)
		if err := b.Settle(b.context()); err == nil || !strings.Contains(err.Error(), "was killed") {
			t.Fatalf("settled with %v", err)
		}
	})
}

func TestACancelledHookRunsAgainLater(t *testing.T) {
	b := newBed(t, "3.6")
	b.deploy()
	b.plan("install", `: > $TEST_DIR/ready; [ -f $TEST_DIR/free ] || exec sleep 60`)
	ctx, cancel := context.WithCancel(b.context())
	done := make(chan error)
	go func() { done <- b.Settle(ctx) }()
	until(t, func() bool { return isFile(b.dir + "/ready") })
	cancel()
	if err := <-done; !errors.Is(err, context.Canceled) {
		t.Fatalf("settled with %v", err)
	}
	b.write(b.dir+"/free", "", 0o600)
	b.Close()
	model, err := Open(b.options)
	b.check(err)
	b.Model = model
	b.settle()
	wantEqual(t, "agent", b.status("worker/0").Agent, "idle")
	wantEqual(t, "first install", b.ran("worker/0")[1], "install")
}

func TestRebootsFromAHook(t *testing.T) {
	t.Run("after the hook", func(t *testing.T) {
		b := related(t, "3.6")
		b.plan("update-status", `juju-reboot; relation-set -r 1 gpu=True`)
		b.check(b.UpdateStatus("worker/0"))
		b.settle()
		b.wantRan("worker/0", "update-status", "start")
		wantEqual(t, "flushed key", b.bag("worker/0")["gpu"], "True")
	})
	t.Run("not after a failed one", func(t *testing.T) {
		b := related(t, "3.6")
		b.plan("update-status", `juju-reboot; exit 1`)
		b.check(b.UpdateStatus("worker/0"))
		b.settleFailing()
		b.wantRan("worker/0", "update-status")
	})
	t.Run("at once", func(t *testing.T) {
		b := related(t, "3.6")
		b.plan("update-status", `[ -f $TEST_DIR/once ] && exit 0; : > $TEST_DIR/once; juju-reboot --now; : > $TEST_DIR/after`)
		b.check(b.UpdateStatus("worker/0"))
		b.settle()
		b.wantRan("worker/0", "update-status", "update-status", "start")
		if isFile(b.dir + "/after") {
			t.Fatal("the hook went on after juju-reboot --now")
		}
	})
}

func TestTheModelOutlivesItsProcess(t *testing.T) {
	b := related(t, "4.0")
	before := b.Status()
	b.Close()
	if _, err := New(b.options); err == nil {
		t.Fatal("bootstrapped over a model")
	}
	model, err := Open(b.options)
	b.check(err)
	b.Model = model
	b.settle()
	b.wantRan("worker/0")
	wantEqual(t, "units", len(b.Status().Units), len(before.Units))
	wantEqual(t, "generation", b.Generation().Version, "4.0.15")
	if _, err := Open(b.options); err == nil {
		t.Fatal("opened a model that is in use")
	}
}

func TestHooksThatNeverBecomeQuietAreAnError(t *testing.T) {
	b := newBed(t, "3.6")
	b.Model.options.MaxHooks = 20
	b.check(b.Deploy(DeploySpec{Charm: b.charm, Units: 2, To: []string{b.machine, b.machine}}))
	b.plan("coordinator-relation-changed", `relation-set n=$(wc -l < "$TEST_TRACE/$(echo $JUJU_UNIT_NAME | tr / -)")`)
	if err := b.Settle(b.context()); err == nil || !strings.Contains(err.Error(), "still not quiet") {
		t.Fatalf("settled with %v", err)
	}
}

func TestAHookThatNeverEndsIsEnded(t *testing.T) {
	b := newBed(t, "3.6")
	b.Model.options.HookTimeout = 300 * time.Millisecond
	b.deploy()
	b.plan("install", `[ -f $TEST_DIR/once ] || { : > $TEST_DIR/once; exec sleep 60; }`)
	b.settle()
	wantEqual(t, "outcome", b.records()[0].Outcome, Killed)
}
