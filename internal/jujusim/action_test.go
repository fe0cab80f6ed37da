package jujusim

import (
	"fmt"
	"strings"
	"testing"
)

func TestActions(t *testing.T) {
	cases := []struct {
		name, script    string
		status, message string
		results         string
		flushed         bool
	}{
		{"results nest at dots", `action-set a.b=1 a.c=2 d=3`, "completed", "", "map[a:map[b:1 c:2] d:3]", false},
		{"exit 0 flushes", `relation-set -r 1 gpu=True`, "completed", "", "map[]", true},
		{"action-fail fails although the action exits 0, and flushes", `relation-set -r 1 gpu=True; action-set a=1; action-fail "because"`, "failed", "because", "map[a:1]", true},
		{"action-fail has a text of its own", `action-fail`, "failed", "action failed without reason given, check action for errors", "map[]", false},
		{"an exit status replaces the message, keeps results and flushes nothing", `relation-set -r 1 gpu=True; action-set a=1; action-fail "because"; exit 7`, "failed", "exit status 7", "map[a:1]", false},
		{"results with bad or reserved keys are refused", `action-set A=1 && exit 1; action-set stdout=1 && exit 2; action-set a.-b=1 && exit 3; exit 0`, "completed", "", "map[]", false},
		{"an action cannot reboot", `juju-reboot 2> $TEST_DIR/err && exit 1; grep -q "not supported when running an action" $TEST_DIR/err`, "completed", "", "map[]", false},
	}
	for _, test := range cases {
		t.Run(test.name, func(t *testing.T) {
			b := related(t, "3.6")
			b.plan("pause", test.script)
			result, err := b.RunAction(b.context(), "worker/0", "pause", nil)
			b.check(err)
			wantEqual(t, "status", result.Status, test.status)
			wantEqual(t, "message", result.Message, test.message)
			wantEqual(t, "results", fmt.Sprint(result.Results), test.results)
			wantEqual(t, "flushed", b.bag("worker/0")["gpu"] == "True", test.flushed)
			wantEqual(t, "agent", b.status("worker/0").Agent, "idle")
		})
	}
}

func TestActionParametersAndOutput(t *testing.T) {
	b := related(t, "3.6")
	b.plan("pause", `action-get --format=json; action-get force; action-get name --format=json; action-log half; echo oops >&2`)
	result, err := b.RunAction(b.context(), "worker/0", "pause", map[string]any{"force": true})
	b.check(err)
	wantEqual(t, "stdout", result.Stdout, `{"force":true}`+"\nTrue\nnull\n")
	wantEqual(t, "stderr", result.Stderr, "oops\n")
	wantEqual(t, "log", strings.Join(result.Log, ","), "half")
	result, err = b.RunAction(b.context(), "worker/0", "pause", nil)
	b.check(err)
	wantEqual(t, "defaults", strings.SplitN(result.Stdout, "\n", 2)[0], `{"force":false}`)
	wantEqual(t, "number", result.ID, 2)
	wantEqual(t, "record", b.lastRecord().Action, "pause")

	if _, err := b.RunAction(b.context(), "worker/0", "pause", map[string]any{"force": "maybe"}); err == nil {
		t.Error("a parameter of the wrong type was taken")
	}
	if _, err := b.RunAction(b.context(), "worker/0", "no-such", nil); err == nil {
		t.Error("an undeclared action ran")
	}
}

func TestAnActionRunsWhileAHookIsInError(t *testing.T) {
	b := related(t, "3.6")
	b.plan("update-status", "exit 1")
	b.check(b.UpdateStatus("worker/0"))
	b.settleFailing()
	result, err := b.RunAction(b.context(), "worker/0", "pause", nil)
	b.check(err)
	wantEqual(t, "status", result.Status, "completed")
	wantEqual(t, "unit", b.status("worker/0").Status, "error")
}

func TestADeclaredActionWithoutAFileIsNotImplemented(t *testing.T) {
	b := newBed(t, "3.6")
	b.charm = b.dir + "/none"
	b.writeCharm(b.charm, map[string]string{"hooks/install": "#!/bin/sh\n"})
	b.deploy()
	b.settle()
	result, err := b.RunAction(b.context(), "worker/0", "pause", nil)
	b.check(err)
	wantEqual(t, "outcome", result.Status+": "+result.Message, `failed: action not implemented on unit "worker/0"`)
}

func TestSecretsAreTrackedAndTheirChangesTold(t *testing.T) {
	b := related(t, "3.6")
	b.check(b.PutSecret("master", "creds", map[string]string{"token": "one"}, []string{"worker/0"}))
	uri := b.SecretURI("master", "creds")
	b.plan("update-status", `secret-get `+uri+` token --label mine > $TEST_DIR/first`)
	b.check(b.UpdateStatus("worker/0"))
	b.settle()
	b.ran("worker/0")
	wantEqual(t, "first reading", b.output("first"), "one\n")

	b.plan("secret-changed", `{ echo $JUJU_SECRET_ID $JUJU_SECRET_LABEL; secret-get $JUJU_SECRET_ID token; secret-get $JUJU_SECRET_ID token --peek; secret-get $JUJU_SECRET_ID --refresh --format=json; secret-get --label mine token#base64; } > $TEST_DIR/changed`)
	b.check(b.PutSecret("master", "creds", map[string]string{"token": "two"}, []string{"worker/0"}))
	b.settle()
	b.wantRan("worker/0", "secret-changed")
	wantEqual(t, "readings", b.output("changed"), uri+" mine\none\ntwo\n"+`{"token":"two"}`+"\ndHdv\n")

	b.check(b.PutSecret("master", "creds", map[string]string{"token": "two"}, nil))
	c := b.inHook(*simple("config-changed"), nil)
	runToolCases(t, c, []toolCase{{"secret-get " + uri, 1, "permission denied"}})
	b.check(b.RemoveSecret("master", "creds"))
	runToolCases(t, c, []toolCase{{"secret-get " + uri, 1, `secret "` + strings.TrimPrefix(uri, "secret:") + `" not found`}})
}
