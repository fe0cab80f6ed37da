package main

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"kubernetes-worker/internal/jujusim"
)

func TestMain(m *testing.M) {
	jujusim.RunHelper()
	os.Exit(m.Run())
}

// cli runs commands on one model.
type cli struct {
	t   *testing.T
	dir string
}

func (c cli) run(args ...string) (stdout, stderr string, err error) {
	c.t.Helper()
	var out, progress bytes.Buffer
	root := rootCommand()
	root.SetOut(&out)
	root.SetErr(&progress)
	root.SetArgs(append([]string{"--dir", filepath.Join(c.dir, "model")}, args...))
	err = root.ExecuteContext(context.Background())
	return out.String(), progress.String(), err
}

func (c cli) ok(args ...string) string {
	c.t.Helper()
	out, _, err := c.run(args...)
	if err != nil {
		c.t.Fatalf("%v: %v", args, err)
	}
	return out
}

const dispatch = `#!/bin/sh
case $JUJU_DISPATCH_PATH in
hooks/config-changed) status-set active "channel $(config-get channel)";;
hooks/update-status) [ ! -f "$FAIL" ] || exit 1;;
hooks/certificates-relation-changed) open-port 80/tcp;;
actions/pause) action-log working; action-set a.b="$(action-get name)"; [ "$(action-get fail)" != True ] || action-fail because;;
esac
exit 0
`

func newCLI(t *testing.T) cli {
	t.Helper()
	c := cli{t, t.TempDir()}
	for name, content := range map[string]string{
		"metadata.yaml": "name: worker\nsummary: x\ndescription: x\nseries: [jammy]\nrequires:\n  certificates: {interface: tls-certificates}\nresources:\n  cni: {type: file, filename: c.tgz, description: x}\n",
		"config.yaml":   "options:\n  channel: {type: string, default: a, description: x}\n",
		"actions.yaml":  "pause:\n  description: x\n  params:\n    name: {type: string, default: x}\n    fail: {type: boolean, default: false}\n",
		"dispatch":      dispatch,
	} {
		c.write("charm/"+name, content)
	}
	c.ok("bootstrap", "--juju", "3.6")
	c.ok("add-machine", "--machine-root", filepath.Join(c.dir, "root"), "--env", "FAIL="+filepath.Join(c.dir, "fail"))
	return c
}

func (c cli) write(name, content string) string {
	c.t.Helper()
	path := filepath.Join(c.dir, name)
	if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
		c.t.Fatal(err)
	}
	if err := os.WriteFile(path, []byte(content), 0o755); err != nil {
		c.t.Fatal(err)
	}
	return path
}

func (c cli) status() map[string]jujusim.UnitStatus {
	c.t.Helper()
	var status jujusim.Status
	if err := json.Unmarshal([]byte(c.ok("status", "--format", "json")), &status); err != nil {
		c.t.Fatal(err)
	}
	units := map[string]jujusim.UnitStatus{}
	for _, u := range status.Units {
		units[u.Name] = u
	}
	return units
}

func TestAModelsLifeByCommands(t *testing.T) {
	c := newCLI(t)
	options := c.write("options.yaml", "worker:\n  channel: from-a-file\n")
	c.ok("deploy", filepath.Join(c.dir, "charm"), "worker", "--to", "0", "--config", options)
	if got := c.status()["worker/0"].Message; got != "channel from-a-file" {
		t.Errorf("message %q", got)
	}
	c.ok("config", "worker", "channel=b")
	if got := c.ok("config", "worker", "channel"); got != "b\n" {
		t.Errorf("config printed %q", got)
	}
	c.ok("config", "worker", "--reset", "channel")
	if got := c.ok("config", "worker"); got != "channel: a\n" {
		t.Errorf("config printed %q", got)
	}
	c.ok("deploy", "companion:easyrsa")
	_, progress, err := c.run("integrate", "worker:certificates", "easyrsa")
	if err != nil || !strings.Contains(progress, "worker/0: certificates-relation-changed (easyrsa/0) ok in ") {
		t.Errorf("integrate said %v\n%s", err, progress)
	}
	if got := strings.Join(c.status()["worker/0"].Ports, ","); got != "80/tcp" {
		t.Errorf("ports %q", got)
	}
	c.ok("set-bag", "worker:certificates", "easyrsa", "easyrsa/0", "ca=junk")
	if got := c.ok("show-bag", "worker:certificates", "easyrsa", "easyrsa/0"); !strings.Contains(got, "ca=junk\n") {
		t.Errorf("show-bag printed %s", got)
	}
	c.ok("set-bag", "worker:certificates", "easyrsa", "easyrsa/0", "--clear")
	c.ok("attach-resource", "worker", "cni="+c.write("x.tgz", "x"))
	c.ok("upgrade", "worker", "--path", filepath.Join(c.dir, "charm"))
	c.ok("model-config", "http-proxy=http://p:1")
	c.ok("set-address", "0", "10.5.5.5")
	c.ok("reboot", "0")
	if got := c.ok("add-unit", "worker", "--to", "0"); got != "worker/1\n" {
		t.Errorf("add-unit printed %q", got)
	}
	c.ok("set-leader", "worker/1")
	c.ok("remove-unit", "worker/1")
	c.ok("hook", "worker/0", "update-status")
	c.ok("remove-relation", "worker", "easyrsa")
	c.ok("settle")
	for _, want := range []string{"Unit ", "worker/0*", "easyrsa/0*"} {
		if got := c.ok("status"); !strings.Contains(got, want) {
			t.Errorf("status lacks %q:\n%s", want, got)
		}
	}
	if got := c.ok("hooks"); !strings.Contains(got, "certificates-relation-broken") || !strings.Contains(got, "upgrade-charm") {
		t.Errorf("hooks printed\n%s", got)
	}
	var records []jujusim.HookRecord
	if err := json.Unmarshal([]byte(c.ok("hooks", "--format", "json")), &records); err != nil || len(records) < 15 {
		t.Errorf("%d records, %v", len(records), err)
	}
	if got := c.ok("debug-log", "--include", "worker/0", "-n", "1"); strings.Count(got, "\n") != 1 || !strings.HasPrefix(got, "unit-worker-0: ") {
		t.Errorf("debug-log printed %q", got)
	}
}

func TestActionsPrintTheirResultsAndFailWithAStatus(t *testing.T) {
	c := newCLI(t)
	c.ok("deploy", filepath.Join(c.dir, "charm"), "--to", "0")
	if got := c.ok("run", "worker/0", "pause", "name=me"); got != "working\na:\n    b: me\n" {
		t.Errorf("run printed %q", got)
	}
	_, progress, err := c.run("run", "worker/0", "pause", "fail=true")
	var exit exitStatus
	if !errors.As(err, &exit) || exit != 1 || !strings.Contains(progress, "Action id 2 failed: because") {
		t.Errorf("got %v\n%s", err, progress)
	}
	for _, args := range [][]string{{"worker/0", "none"}, {"worker/9", "pause"}, {"worker/0", "pause", "novalue"}} {
		if _, _, err := c.run(append([]string{"run"}, args...)...); err == nil {
			t.Errorf("%v ran", args)
		}
	}
}

func TestAUnitInErrorEndsTheCommandUntilItIsResolved(t *testing.T) {
	c := newCLI(t)
	c.ok("deploy", filepath.Join(c.dir, "charm"), "--to", "0")
	fail := c.write("fail", "")
	_, progress, err := c.run("--retries", "2", "update-status", "worker/0")
	if err == nil || !strings.Contains(err.Error(), `worker/0: hook failed: "update-status"`) || strings.Count(progress, "update-status failed") != 3 {
		t.Fatalf("got %v\n%s", err, progress)
	}
	if got := c.status()["worker/0"]; got.Status != "error" || got.FailedHook != "update-status" {
		t.Errorf("status %+v", got)
	}
	if _, _, err := c.run("resolve", "worker/0"); err == nil {
		t.Error("the hook cannot have succeeded")
	}
	if err := os.Remove(fail); err != nil {
		t.Fatal(err)
	}
	c.ok("resolve", "worker/0")
	if got := c.status()["worker/0"].Status; got != "active" {
		t.Errorf("status %q", got)
	}
}

func TestWrongCommandsAreRefused(t *testing.T) {
	c := newCLI(t)
	for _, args := range [][]string{
		{"bootstrap"}, {"bootstrap", "--juju", "1.25"}, {"deploy", "/no/such/charm"}, {"deploy", "companion:none"}, {"config", "none", "a=b"},
		{"add-unit", "none"}, {"remove-unit", "none/0"}, {"integrate", "a", "b"}, {"remove-relation", "a", "b"}, {"attach-resource", "none", "a=b"},
		{"upgrade", "none"}, {"resolve", "none/0"}, {"hook", "none/0", "install"}, {"reboot", "7"}, {"set-bag", "a", "b", "c", "d"}, {"status", "--format", "xml"},
		{"deploy", filepath.Join(c.dir, "charm"), "--config", "/no/such/file"}, {"deploy", filepath.Join(c.dir, "charm"), "Bad_Name"}, {"no-such-command"},
	} {
		if _, _, err := c.run(args...); err == nil {
			t.Errorf("%v was taken", args)
		}
	}
}

func FuzzParseConfig(f *testing.F) {
	for _, seed := range []string{"worker: {a: b}", "a: 1\nb: true", "a: [1]", "- x", "{"} {
		f.Add([]byte(seed))
	}
	f.Fuzz(func(t *testing.T, content []byte) {
		if values, err := parseConfig(content, "worker"); err == nil && values == nil {
			t.Fatal("no error and no options")
		}
	})
}

func FuzzActionParams(f *testing.F) {
	for _, seed := range []string{"a.b=1", "a=1\x00a.b=2", "=", "a={", "a..b=x"} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, joined string) {
		if params, err := actionParams(strings.Split(joined, "\x00")); err == nil && len(params) == 0 {
			t.Fatalf("%q gave nothing", joined)
		}
	})
}
