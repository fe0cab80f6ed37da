package model

import (
	"bytes"
	"encoding/json"
	"errors"
	"io/fs"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
)

// started is how a run of the program ended.
type started struct {
	stdout, stderr string
	code           int
}

// startAs runs the built program under a name of its choice.
func startAs(t *testing.T, argv0 string, env []string, args ...string) started {
	t.Helper()
	binary, err := builtCharm()
	if err != nil {
		t.Fatal(err)
	}
	var stdout, stderr bytes.Buffer
	command := &exec.Cmd{Path: binary, Args: append([]string{argv0}, args...), Env: append([]string{"PATH=/usr/bin:/bin"}, env...), Dir: t.TempDir(),
		Stdout: &stdout, Stderr: &stderr}
	err = command.Run()
	var exit *exec.ExitError
	if err != nil && !errors.As(err, &exit) {
		t.Fatal(err)
	}
	return started{stdout.String(), stderr.String(), command.ProcessState.ExitCode()}
}

func TestTheProgramSaysWhatItDoesNotKnow(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		name   string
		argv0  string
		env    []string
		args   []string
		stderr string
	}{
		{"a hook link of an unknown name", "/charm/hooks/dance", nil, nil, `cannot run hook "dance": this charm has none of that name`},
		{"an action link of an unknown name", "/charm/actions/dance", nil, nil, `cannot run action "dance": this charm has none of that name`},
		{"dispatch with an unknown hook", "./dispatch", []string{"JUJU_DISPATCH_PATH=hooks/dance"}, nil, `cannot run hook "dance": this charm has none of that name`},
		{"dispatch with an unknown action", "./dispatch", []string{"JUJU_DISPATCH_PATH=actions/dance"}, nil, `cannot run action "dance": this charm has none of that name`},
		{"dispatch with a path that is neither", "./dispatch", []string{"JUJU_DISPATCH_PATH=elsewhere/install"}, nil, "is neither below hooks nor below actions"},
		{"dispatch without saying what for", "./dispatch", nil, nil, "is neither below hooks nor below actions"},
		{"its own name started as dispatch", "/charm/kubernetes-worker", []string{"JUJU_DISPATCH_PATH=hooks/dance"}, nil, `cannot run hook "dance"`},
		{"any other name", "/usr/bin/dance", nil, nil, "is neither below hooks nor below actions"},
		{"an unknown command", "kubernetes-worker", nil, []string{"dance"}, `unknown command "dance"`},
		{"an unknown hook by hand", "kubernetes-worker", nil, []string{"hook", "dance"}, `cannot run hook "dance": this charm has none of that name`},
		{"an unknown action by hand", "kubernetes-worker", nil, []string{"action", "dance"}, `cannot run action "dance": this charm has none of that name`},
		{"hook without a name", "kubernetes-worker", nil, []string{"hook"}, "accepts 1 arg(s), received 0"},
		{"an unknown switch", "kubernetes-worker", nil, []string{"--dance"}, "unknown flag: --dance"},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			got := startAs(t, c.argv0, c.env, c.args...)
			if got.code != 2 || !strings.Contains(got.stderr, c.stderr) || !strings.Contains(got.stderr, "Usage:") || got.stdout != "" {
				t.Errorf("exit %d\nstdout %q\nstderr %s\nwant exit 2, %q and the usage", got.code, got.stdout, got.stderr, c.stderr)
			}
		})
	}
}

func TestTheProgramByItsOwnNameHelps(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		name   string
		args   []string
		stdout []string
	}{
		{"nothing asked", nil, []string{"Usage:", "version", "completion", "hook", "action", "flags", "plan"}},
		{"help", []string{"help"}, []string{"Usage:"}},
		{"help of a command", []string{"help", "hook"}, []string{"hook NAME"}},
		{"the switch", []string{"--help"}, []string{"Usage:"}},
		{"version", []string{"version"}, []string{"unknown\n"}},
		{"completion", []string{"completion", "bash"}, []string{"bash completion"}},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			got := startAs(t, "/var/lib/juju/agents/unit-kubernetes-worker-0/charm/kubernetes-worker", nil, c.args...)
			if got.code != 0 || got.stderr != "" {
				t.Errorf("exit %d, stderr %s", got.code, got.stderr)
			}
			for _, text := range c.stdout {
				if !strings.Contains(got.stdout, text) {
					t.Errorf("output lacks %q:\n%s", text, got.stdout)
				}
			}
		})
	}
}

func TestTheProgramOutsideAHookSaysWhatIsMissing(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		name  string
		argv0 string
		args  []string
	}{
		{"a hook", "/charm/hooks/install", nil},
		{"an action", "/charm/actions/upgrade", nil},
		{"flags", "kubernetes-worker", []string{"flags"}},
		{"plan", "kubernetes-worker", []string{"plan"}},
		{"a hook by hand", "kubernetes-worker", []string{"hook", "update-status"}},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			got := startAs(t, c.argv0, nil, c.args...)
			if got.code != 1 || !strings.Contains(got.stderr, "JUJU_") || strings.Contains(got.stderr, "panic") || strings.Contains(got.stderr, "Usage:") {
				t.Errorf("exit %d, stderr %s", got.code, got.stderr)
			}
		})
	}
}

func TestRestrictedHooksDoNothing(t *testing.T) {
	t.Parallel()
	dir, err := os.MkdirTemp("", "kw")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { os.RemoveAll(dir) })
	marker := filepath.Join(dir, "called")
	for _, tool := range []string{"config-get", "juju-log", "status-set", "relation-ids", "add-metric", "unit-get"} {
		if err := os.WriteFile(filepath.Join(dir, tool), []byte("#!/bin/sh\ntouch '"+marker+"'\n"), 0o755); err != nil {
			t.Fatal(err)
		}
	}
	socket := filepath.Join(dir, "agent.socket")
	listener, err := net.Listen("unix", socket)
	if err != nil {
		t.Fatal(err)
	}
	dialled := make(chan struct{}, 10)
	go func() {
		for {
			conn, err := listener.Accept()
			if err != nil {
				close(dialled)
				return
			}
			conn.Close()
			dialled <- struct{}{}
		}
	}()
	env := []string{"PATH=" + dir + ":/usr/bin:/bin", "JUJU_UNIT_NAME=kubernetes-worker/0", "JUJU_CHARM_DIR=" + dir, "JUJU_CONTEXT_ID=x",
		"JUJU_AGENT_SOCKET_ADDRESS=" + socket, "JUJU_AGENT_SOCKET_NETWORK=unix", "KUBERNETES_WORKER_ROOT=" + filepath.Join(dir, "m")}
	for _, hook := range []string{"collect-metrics", "meter-status-changed"} {
		for _, c := range []struct {
			argv0 string
			env   []string
			args  []string
		}{
			{"/charm/hooks/" + hook, nil, nil},
			{"./dispatch", []string{"JUJU_DISPATCH_PATH=hooks/" + hook}, nil},
			{"kubernetes-worker", nil, []string{"hook", hook}},
		} {
			got := startAs(t, c.argv0, append(env, c.env...), c.args...)
			if got.code != 0 || got.stdout != "" || got.stderr != "" {
				t.Errorf("%s as %s: exit %d, %q, %q", hook, c.argv0, got.code, got.stdout, got.stderr)
			}
		}
	}
	listener.Close()
	if _, open := <-dialled; open {
		t.Error("the agent's socket was dialled")
	}
	if _, err := os.Lstat(marker); err == nil {
		t.Error("a tool was called")
	}
	if _, err := os.Lstat(filepath.Join(dir, "m")); err == nil {
		t.Error("the machine was touched")
	}
}

func TestTheCharmWorksThroughItsLinksWithoutDispatch(t *testing.T) {
	t.Parallel()
	w := New(t, Options{Juju: "2.9"})
	w.must(os.Remove(filepath.Join(w.CharmDir, "dispatch")))
	w.DeployWorker()
	w.DeployCompanions()
	w.Relate()
	w.Settle()
	w.WantStatus("active", "Kubernetes worker running.")
	w.Config(map[string]string{"channel": "1.29/stable"})
	if result := runUpgrade(w); result.Status != "completed" {
		t.Errorf("action: %+v", result)
	}
	wantSnaps(w, "1.29.0")
}

// byHand runs a command of the program in the place of the next update-status, as juju exec does: with the hook tools
// and without a hook.
func byHand(w *World, command string) started {
	w.T.Helper()
	dir := filepath.Dir(w.Root)
	request := filepath.Join(dir, "by-hand")
	w.must(os.WriteFile(request, []byte(command), 0o644))
	w.UpdateStatus()
	w.must(os.Remove(request))
	read := func(name string) string {
		text, err := os.ReadFile(filepath.Join(dir, name))
		w.must(err)
		return string(text)
	}
	got := started{stdout: read("by-hand.out"), stderr: read("by-hand.err"), code: -1}
	w.must(json.Unmarshal([]byte(read("by-hand.code")), &got.code))
	return got
}

// operable is a joined world in which byHand works.
func operable(t *testing.T) *World {
	t.Helper()
	w := New(t, Options{})
	hand := filepath.Join(filepath.Dir(w.Root), "by-hand")
	tamperDispatch(w, `if [ -e '`+hand+`' ]; then
	unset JUJU_DISPATCH_PATH JUJU_HOOK_NAME
	"$JUJU_CHARM_DIR/kubernetes-worker" $(cat '`+hand+`') >'`+hand+`.out' 2>'`+hand+`.err'
	echo $? >'`+hand+`.code'
	exit 0
fi`)
	w.DeployWorker()
	w.DeployCompanions()
	w.Relate()
	w.Settle()
	w.WantStatus("active", "Kubernetes worker running.")
	return w
}

func TestFlagsAndPlanShowAndChangeNothing(t *testing.T) {
	t.Parallel()
	w := operable(t)
	before := imprintOf(w)
	got := byHand(w, "plan")
	if got.code != 0 || got.stdout != "nothing to change\n" || got.stderr != "" {
		t.Errorf("plan: %+v", got)
	}
	got = byHand(w, "flags")
	if got.code != 0 || !strings.Contains(got.stdout, "yes  node.registered") || !strings.Contains(got.stdout, "\nstatus  active: Kubernetes worker running.\n") {
		t.Errorf("flags: %+v", got)
	}
	wantUntouched(w, before)

	// Something to do: a file that somebody changed.
	path := filepath.Join(w.Root, "root/cdk/kubelet/config.yaml")
	good := w.Read("/root/cdk/kubelet/config.yaml")
	w.must(os.WriteFile(path, []byte("kind: junk\n"), 0o644))
	before = imprintOf(w)
	got = byHand(w, "plan")
	if got.code != 0 || !strings.Contains(got.stdout, "file:/root/cdk/kubelet/config.yaml: changed") {
		t.Errorf("plan: %+v", got)
	}
	wantUntouched(w, before)

	got = byHand(w, "hook update-status")
	if got.code != 0 || w.Read("/root/cdk/kubelet/config.yaml") != good {
		t.Errorf("hook by hand: %+v", got)
	}
	w.UpdateStatus()
	w.WantStatus("active", "Kubernetes worker running.")
}

// stateOf finds the charm's own file of the unit.
func stateOf(w *World) string {
	w.T.Helper()
	found := ""
	w.must(filepath.WalkDir(filepath.Dir(w.Root), func(path string, d fs.DirEntry, err error) error {
		if err == nil && d.Name() == ".kubernetes-worker-state.json" {
			found = path
		}
		return ignoreMissing(err)
	}))
	if found == "" {
		w.T.Fatal("there is no state file")
	}
	return found
}

func TestADamagedStateFileIsDerivedAgainWithoutARestart(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		name   string
		damage func(old []byte) []byte
		told   bool
	}{
		{"junk", func([]byte) []byte { return []byte("\x00\x01junk") }, true},
		{"cut in half", func(old []byte) []byte { return old[:len(old)/2] }, true},
		{"empty", func([]byte) []byte { return nil }, true},
		{"values of other types", func([]byte) []byte { return []byte(`{"version":1,"services":[1,2],"labels":"x"}`) }, true},
		{"null values", func([]byte) []byte { return []byte(`{"version":1,"services":null,"labels":null}`) }, false},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			w := Joined(t, Options{Config: map[string]string{"labels": "zone=a"}})
			path := stateOf(w)
			good, err := os.ReadFile(path)
			w.must(err)
			before := imprintOf(w)
			w.must(os.WriteFile(path, c.damage(good), 0o600))
			w.UpdateStatus()
			w.WantStatus("active", "Kubernetes worker running.")
			wantUntouched(w, before)
			if told := strings.Contains(w.Log(), "cannot understand state "); told != c.told {
				t.Errorf("the log tells of the damage: %v", told)
			}
			// What was forgotten is known again: the label that nobody wants any more goes.
			w.Config(map[string]string{"labels": ""})
			if labels := w.API[0].Labels(w.Node); labels["zone"] != "" {
				t.Errorf("labels %v", labels)
			}
		})
	}
}

func TestAMissingStateFileIsDerivedAgainWithoutARestart(t *testing.T) {
	t.Parallel()
	w := Joined(t, Options{})
	before := imprintOf(w)
	w.must(os.Remove(stateOf(w)))
	w.UpdateStatus()
	w.WantStatus("active", "Kubernetes worker running.")
	wantUntouched(w, before)
}

func TestAStateFileOfALaterCharmIsLeftAlone(t *testing.T) {
	t.Parallel()
	w := Joined(t, Options{})
	path := stateOf(w)
	good, err := os.ReadFile(path)
	w.must(err)
	later := []byte(`{"version": 99, "later": true}`)
	w.must(os.WriteFile(path, later, 0o600))
	before := imprintOf(w)
	w.must(w.Juju.UpdateStatus(Unit))
	wantFailedHook(w)
	if !strings.Contains(w.Log(), "it is of version 99, made by a later charm, and this charm knows up to 1") {
		t.Errorf("the log does not tell:\n%s", w.Log())
	}
	if now, err := os.ReadFile(path); err != nil || !bytes.Equal(now, later) {
		t.Errorf("the state file was changed: %s, %v", now, err)
	}
	wantUntouched(w, before)
	w.must(os.WriteFile(path, good, 0o600))
	w.must(w.Juju.Resolve(Unit, true))
	w.Settle()
	w.WantStatus("active", "Kubernetes worker running.")
	wantUntouched(w, before)
}
