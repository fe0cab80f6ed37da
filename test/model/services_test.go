package model

import (
	"context"
	"strings"
	"testing"
	"time"

	"kubernetes-worker/internal/systemd/systemdtest"
)

// unitFaults makes services fail.
func unitFaults(w *World, faults map[string]systemdtest.UnitFault) {
	w.T.Helper()
	w.must(w.Systemd.SetFaults(systemdtest.Faults{Units: faults}))
}

func crash(status int32, restarts uint32) systemdtest.UnitFault {
	return systemdtest.UnitFault{Crash: &systemdtest.Crash{ExitStatus: status, Restarts: restarts}}
}

func TestADaemonThatCrashesIsNamedAndToldOnce(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		name   string
		faults map[string]systemdtest.UnitFault
		status string
		down   []string
	}{
		{"kubelet", map[string]systemdtest.UnitFault{Kubelet: crash(3, 5)}, "Waiting for kubelet to start.", []string{Kubelet}},
		{"kube-proxy", map[string]systemdtest.UnitFault{Proxy: crash(3, 5)}, "Waiting for kube-proxy to start.", []string{Proxy}},
		{"both", map[string]systemdtest.UnitFault{Kubelet: crash(3, 5), Proxy: crash(3, 5)}, "Waiting for kubelet,kube-proxy to start.", []string{Kubelet, Proxy}},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			w := Joined(t, Options{})
			unitFaults(w, c.faults)
			for range 3 {
				w.UpdateStatus()
				w.WantStatus("waiting", c.status)
			}
			for _, unit := range c.down {
				if n := strings.Count(w.Log(), unit+" does not run: activating (auto-restart), result exit-code, exit status 3, restarted 5 times by systemd"); n != 1 {
					t.Errorf("the log tells %d times of %s, want once:\n%s", n, unit, w.Log())
				}
				if n := strings.Count(w.Log(), "last lines of "+unit+":"); n != 1 {
					t.Errorf("the log shows %d times what %s said last, want once", n, unit)
				}
			}
			if !strings.Contains(w.Log(), "standin: the last words of a daemon") {
				t.Error("the log does not show what the daemon said")
			}
			unitFaults(w, nil)
			w.UpdateStatus()
			w.WantStatus("active", "Kubernetes worker running.")
			// systemd starts it over and over; a start by the charm would only hide the fault.
			wantRestarts(w, 1, 1)
		})
	}
}

func TestADaemonThatSystemdGaveUpIsStartedByTheNextHook(t *testing.T) {
	t.Parallel()
	w := Joined(t, Options{})
	fault := crash(1, 5)
	fault.Crash.GiveUp = true
	unitFaults(w, map[string]systemdtest.UnitFault{Kubelet: fault})
	w.UpdateStatus()
	w.WantStatus("waiting", "Waiting for kubelet to start.")
	wantRestarts(w, 2, 1) // one try in a hook
	unitFaults(w, nil)
	w.UpdateStatus()
	w.WantStatus("active", "Kubernetes worker running.")
	wantRestarts(w, 2, 1)
}

func TestAnArgumentThatTheKubeletEndsWithIsTakenBackUntilItIsCorrected(t *testing.T) {
	t.Parallel()
	w := Joined(t, Options{})
	fault := crash(1, 0)
	fault.Crash.WhenFile, fault.Crash.WhenContains = "var/snap/kubelet/current/args", `v="99"`
	unitFaults(w, map[string]systemdtest.UnitFault{Kubelet: fault})
	w.Config(map[string]string{"kubelet-extra-args": "v=99"})
	w.WantStatus("blocked", "kubelet-extra-args: the kubelet ends with this value, and runs with the one before: exit status 1; correct it")
	w.Config(map[string]string{"kubelet-extra-args": ""})
	w.WantStatus("active", "Kubernetes worker running.")
	wantRestarts(w, 3, 1)
}

// A value in proxy-extra-args or docker-opts that only the daemon itself can judge must not cost the node its services or its
// containers for longer than a start.
func TestAnOptionThatAnotherDaemonEndsWithIsTakenBackUntilItIsCorrected(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		unit, option, value, file, contains, message string
		job                                          string
	}{
		{Proxy, "proxy-extra-args", "v=99", "var/snap/kube-proxy/current/args", `v="99"`, "proxy-extra-args: kube-proxy ends with this value, and runs with the one before: exit status 1; correct it", ""},
		{Docker, "docker-opts", "--no-such-option", "etc/default/docker", "--no-such-option", "docker-opts: docker ends with this value, and runs with the one before: exit status 1; correct it", ""},
		{Docker, "docker-opts", "--no-such-option", "etc/default/docker", "--no-such-option", "docker-opts: docker ends with this value, and runs with the one before: exit status 1; correct it", "failed"},
	} {
		t.Run(strings.TrimSpace(c.option+" "+c.job), func(t *testing.T) {
			t.Parallel()
			w := begin(t, Options{Config: map[string]string{"channel": DockerChannel}}, join())
			good, since := w.Read(c.file), w.Restarts(c.unit)
			fault := crash(1, 0)
			fault.Crash.WhenFile, fault.Crash.WhenContains, fault.Job = c.file, c.contains, c.job
			unitFaults(w, map[string]systemdtest.UnitFault{c.unit: fault})
			w.Config(map[string]string{c.option: c.value})
			for range 2 {
				w.WantStatus("blocked", c.message)
				if got := w.Read(c.file); got != good {
					t.Errorf("it has %s", got)
				}
				w.UpdateStatus()
			}
			if n := w.Restarts(c.unit) - since; n != 2 {
				t.Errorf("it was started %d times, want 2", n)
			}
			w.Config(map[string]string{c.option: ""})
			w.WantStatus("active", running)
			if n := w.Restarts(c.unit) - since; n != 2 {
				t.Errorf("after the correction it was started %d times, want 2", n)
			}
		})
	}
}

func TestDaemonsThatSomebodyStoppedAreStarted(t *testing.T) {
	t.Parallel()
	w := Joined(t, Options{})
	for _, unit := range []string{Kubelet, Proxy, Runtime} {
		w.must(w.Systemd.StopUnit(unit))
	}
	runtime := w.Restarts(Runtime)
	w.UpdateStatus()
	w.WantStatus("active", "Kubernetes worker running.")
	wantRestarts(w, 2, 2)
	if n := w.Restarts(Runtime) - runtime; n != 1 {
		t.Errorf("the runtime was started %d times, want 1", n)
	}
	for _, unit := range []string{Kubelet, Proxy, Runtime} {
		if !strings.Contains(w.Log(), "service:"+unit+": started: it was inactive") {
			t.Errorf("the log does not tell why %s was started", unit)
		}
	}
}

func TestAStartThatSystemdRefusesIsToldAndRepeatedByTheNextHook(t *testing.T) {
	t.Parallel()
	for _, result := range []string{"failed", "timeout"} {
		t.Run(result, func(t *testing.T) {
			t.Parallel()
			w := Joined(t, Options{})
			unitFaults(w, map[string]systemdtest.UnitFault{Kubelet: {Job: result}})
			w.Config(map[string]string{"kubelet-extra-args": "v=4"})
			w.WantStatus("waiting", "Waiting for kubelet to start.")
			if !strings.Contains(w.Log(), Kubelet+" does not run: failed (failed), result ") {
				t.Errorf("the log does not tell:\n%s", w.Log())
			}
			unitFaults(w, nil)
			w.UpdateStatus()
			w.WantStatus("active", "Kubernetes worker running.")
			if args := w.Read("/var/snap/kubelet/current/args"); !strings.Contains(args, `--v="4"`) {
				t.Errorf("arguments %s", args)
			}
			wantRestarts(w, 3, 1) // once in each hook
		})
	}
}

func TestARuntimeThatIsDownIsNotActive(t *testing.T) {
	t.Parallel()
	w := Joined(t, Options{})
	unitFaults(w, map[string]systemdtest.UnitFault{Runtime: crash(1, 9)})
	w.API[0].NotReady(true) // as kubelet reports it
	w.UpdateStatus()
	w.WantStatus("waiting", "Container runtime not available.")
	wantRestarts(w, 1, 1)
	unitFaults(w, nil)
	w.API[0].NotReady(false)
	w.UpdateStatus()
	w.WantStatus("active", "Kubernetes worker running.")
	wantRestarts(w, 1, 1)
}

func TestSystemdAwayFailsTheHookAndTheNextOneGoesOn(t *testing.T) {
	t.Parallel()
	w := Joined(t, Options{})
	before := imprintOf(w)
	w.must(w.Systemd.SetFaults(systemdtest.Faults{Down: true}))
	w.must(w.Juju.UpdateStatus(Unit))
	ctx, cancel := context.WithTimeout(context.Background(), 2*time.Minute)
	defer cancel()
	if err := w.Juju.Settle(ctx); err == nil {
		t.Error("the hook succeeded although nobody knows which services run")
	}
	if !strings.Contains(w.Log(), "cannot see which services run: ") {
		t.Errorf("the log does not tell:\n%s", w.Log())
	}
	unitFaults(w, nil)
	w.must(w.Juju.Resolve(Unit, true))
	w.Settle()
	w.WantStatus("active", "Kubernetes worker running.")
	wantUntouched(w, before)
}

func TestAnOptionThatTheKubeletEndsWithIsTakenBackUntilItIsCorrected(t *testing.T) {
	t.Parallel()
	w := Joined(t, Options{Config: map[string]string{"kubelet-extra-config": "{maxPods: 50}"}})
	bananas := systemdtest.Crash{ExitStatus: 1, WhenFile: "root/cdk/kubelet/config.yaml", WhenContains: "bananas"}
	unitFaults(w, map[string]systemdtest.UnitFault{Kubelet: {Crash: &bananas}})
	good := w.Read("root/cdk/kubelet/config.yaml")
	const told = "kubelet-extra-config: the kubelet ends with this value, and runs with the one before: exit status 1; correct it"

	w.Config(map[string]string{"kubelet-extra-config": "{maxPods: 50, evictionHard: {memory.available: bananas}}"})
	w.WantStatus("blocked", told)
	if now := w.Read("root/cdk/kubelet/config.yaml"); now != good {
		t.Errorf("the file is not what it was:\n%s", now)
	}
	wantRestarts(w, 3, 1) // at the join, with the bad value, and back

	w.UpdateStatus()
	w.WantStatus("blocked", told)
	wantRestarts(w, 3, 1)

	// Other things still act, and the bad value stays out of force.
	w.Config(map[string]string{"proxy-extra-args": "v=3"})
	w.WantStatus("blocked", told)
	wantRestarts(w, 3, 2)

	w.Config(map[string]string{"kubelet-extra-config": "{maxPods: 60}"})
	w.WantStatus("active", "Kubernetes worker running.")
	wantRestarts(w, 4, 2)
}

// The kubelet does not start with what it remembers of another policy.
func TestWhatTheKubeletRemembersOfAnotherPolicyGoesBeforeItsStart(t *testing.T) {
	t.Parallel()
	w := Joined(t, Options{})
	const cpus, memory = "/var/lib/kubelet/cpu_manager_state", "/var/lib/kubelet/memory_manager_state"
	w.write(cpus, `{"policyName":"none","defaultCpuSet":"","checksum":1353318690}`)
	w.write(memory, `{"policyName":"None","machineState":{},"entries":{},"checksum":4236770233}`)
	since := w.starts()
	w.Config(map[string]string{"kubelet-extra-config": "{maxPods: 60}"})
	w.WantStarts(since, starts{kubelet: 1})
	if !w.Exists(cpus) || !w.Exists(memory) {
		t.Error("what it remembers of the policy that it keeps is gone")
	}
	w.Config(map[string]string{"kubelet-extra-config": "{cpuManagerPolicy: static, kubeReserved: {cpu: 500m}}"})
	w.WantStatus("active", running)
	w.WantStarts(since, starts{kubelet: 2})
	if w.Exists(cpus) || !w.Exists(memory) {
		t.Errorf("of the processors %t, of memory %t; only the first is of another policy", w.Exists(cpus), w.Exists(memory))
	}
	gone := strings.Index(w.Log(), "checkpoint:"+cpus+": it is of policy \"none\", and static is wanted")
	if started := strings.LastIndex(w.Log(), "service:"+Kubelet+": restarted"); gone < 0 || started < gone {
		t.Errorf("it went at %d of the log, and the kubelet started at %d", gone, started)
	}
	w.write(cpus, `{"policyName":"static","defaultCpuSet":"0-3","checksum":1}`)
	w.UpdateStatus()
	if !w.Exists(cpus) {
		t.Error("what it remembers of the present policy is gone")
	}
	w.Config(map[string]string{"kubelet-extra-config": "{}"})
	w.WantStarts(since, starts{kubelet: 3})
	if w.Exists(cpus) {
		t.Error("what it remembers of the policy before is left")
	}
}
