package jujusim

import (
	"context"
	"fmt"
	"net/rpc"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"kubernetes-worker/internal/jujusim/jujuc"
)

// The test binary is also the hook tools, the launcher, and two programs for hooks: a caller of the agent's socket, and
// a charm for machines that have no shell.
func TestMain(m *testing.M) {
	RunHelper()
	switch filepath.Base(os.Args[0]) {
	case "socket-call":
		os.Exit(socketCall(os.Args[1], os.Args[2:]))
	case "init":
		os.Exit(machineInit())
	case "dispatch":
		os.Exit(shellFreeCharm())
	}
	os.Exit(m.Run())
}

func socketCall(name string, args []string) int {
	client, err := rpc.Dial(os.Getenv("JUJU_AGENT_SOCKET_NETWORK"), os.Getenv("JUJU_AGENT_SOCKET_ADDRESS"))
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		return 99
	}
	dir, _ := os.Getwd()
	var answer jujuc.Response
	request := jujuc.Request{ContextId: os.Getenv("JUJU_CONTEXT_ID"), Dir: dir, CommandName: name, Args: args}
	if err := client.Call("Jujuc.Main", request, &answer); err != nil {
		fmt.Fprintln(os.Stderr, err)
		return 98
	}
	os.Stdout.Write(answer.Stdout)
	os.Stderr.Write(answer.Stderr)
	return answer.Code
}

// shellFreeCharm calls one tool by each road and leaves what it saw in its own directory.
func shellFreeCharm() int {
	tool, err := exec.Command("config-get", "channel").CombinedOutput()
	if err != nil {
		fmt.Fprintln(os.Stderr, "config-get:", err, string(tool))
		return 1
	}
	if code := socketCall("status-set", []string{"active", "from " + strings.TrimSpace(string(tool))}); code != 0 {
		return code
	}
	if err := os.WriteFile("seen", []byte(strings.Join(os.Environ(), "\n")), 0o600); err != nil {
		return 1
	}
	return 0
}

const testMetadata = `name: worker
summary: a charm for tests
description: a charm for tests
series: [jammy]
requires:
  kube-control: {interface: kube-control}
  endpoint: {interface: http}
  certificates: {interface: tls-certificates}
provides:
  cni: {interface: kubernetes-cni, scope: container}
peers:
  coordinator: {interface: coordinator}
resources:
  kubelet: {type: file, filename: kubelet.snap, description: x}
  cni: {type: file, filename: cni.tgz, description: x}
`

const testConfig = `options:
  channel: {type: string, default: 1.12/stable, description: x}
  ingress: {type: boolean, default: true, description: x}
  count: {type: int, default: 3, description: x}
  unset: {type: string, description: x}
`

const testActions = `pause:
  description: x
  params:
    force: {type: boolean, default: false}
    name: {type: string}
`

// testDispatch records the event and then does what the plan for it says, in the same shell.
const testDispatch = `#!/bin/sh
event=${0##*/}
if [ "$event" = dispatch ]; then event=${JUJU_DISPATCH_PATH##*/}; fi
echo "$event $JUJU_RELATION_ID $JUJU_REMOTE_UNIT" >> "$TEST_TRACE/$(echo "$JUJU_UNIT_NAME" | tr / -)"
if [ -f "$TEST_PLAN/$event" ]; then . "$TEST_PLAN/$event"; fi
exit 0
`

// bed is a model with a charm whose hooks do what a test writes into plan files.
type bed struct {
	*Model
	t       *testing.T
	options Options
	dir     string
	charm   string
	machine string
	lines   []string
}

func newBed(t *testing.T, version string) *bed {
	t.Helper()
	dir := t.TempDir()
	b := &bed{t: t, dir: dir, charm: filepath.Join(dir, "charm")}
	for _, name := range []string{"plan", "trace", "root", "bin"} {
		b.check(os.Mkdir(filepath.Join(dir, name), 0o755))
	}
	self, err := os.Executable()
	b.check(err)
	b.check(os.Symlink(self, filepath.Join(dir, "bin", "socket-call")))
	b.writeCharm(b.charm, map[string]string{"dispatch": testDispatch})
	b.options = Options{Dir: filepath.Join(dir, "model"), Juju: version, Progress: func(line string) { b.lines = append(b.lines, line) }}
	b.Model, err = New(b.options)
	b.check(err)
	t.Cleanup(func() { b.Close() })
	b.machine, err = b.AddMachine(b.spec("root"))
	b.check(err)
	return b
}

func (b *bed) spec(root string) MachineSpec {
	return MachineSpec{
		Root: filepath.Join(b.dir, root), PathPrefix: []string{filepath.Join(b.dir, "bin")},
		Env: map[string]string{"TEST_PLAN": filepath.Join(b.dir, "plan"), "TEST_TRACE": filepath.Join(b.dir, "trace"), "TEST_DIR": b.dir},
	}
}

func (b *bed) writeCharm(dir string, scripts map[string]string) {
	b.t.Helper()
	b.write(filepath.Join(dir, "metadata.yaml"), testMetadata, 0o644)
	b.write(filepath.Join(dir, "config.yaml"), testConfig, 0o644)
	b.write(filepath.Join(dir, "actions.yaml"), testActions, 0o644)
	for name, content := range scripts {
		b.write(filepath.Join(dir, name), content, 0o755)
	}
}

func (b *bed) write(path, content string, mode os.FileMode) {
	b.t.Helper()
	b.check(os.MkdirAll(filepath.Dir(path), 0o755))
	b.check(os.WriteFile(path, []byte(content), mode))
}

// plan is what the charm does in an event, in shell.
func (b *bed) plan(event, script string) {
	b.t.Helper()
	b.write(filepath.Join(b.dir, "plan", event), script+"\n", 0o644)
}

func (b *bed) check(err error) {
	b.t.Helper()
	if err != nil {
		b.t.Fatal(err)
	}
}

func (b *bed) context() context.Context {
	ctx, cancel := context.WithTimeout(context.Background(), time.Minute)
	b.t.Cleanup(cancel)
	return ctx
}

func (b *bed) settle() {
	b.t.Helper()
	b.check(b.Settle(b.context()))
}

// settleFailing settles and expects units to stay in error.
func (b *bed) settleFailing() *FailedUnits {
	b.t.Helper()
	err := b.Settle(b.context())
	failed, ok := err.(*FailedUnits)
	if !ok {
		b.t.Fatalf("settled with %v, wanted units in error", err)
	}
	return failed
}

func (b *bed) deploy() {
	b.t.Helper()
	b.check(b.Deploy(DeploySpec{Charm: b.charm, To: []string{b.machine}}))
}

// ran returns the events of a unit since the last call.
func (b *bed) ran(unit string) []string {
	b.t.Helper()
	path := filepath.Join(b.dir, "trace", strings.ReplaceAll(unit, "/", "-"))
	text, err := os.ReadFile(path)
	if os.IsNotExist(err) {
		return nil
	}
	b.check(err)
	b.check(os.Remove(path))
	var events []string
	for line := range strings.Lines(string(text)) {
		events = append(events, strings.Join(strings.Fields(line), " "))
	}
	return events
}

func (b *bed) wantRan(unit string, want ...string) {
	b.t.Helper()
	if got := b.ran(unit); !slices.Equal(got, want) {
		b.t.Fatalf("%s ran\n  %s\nwant\n  %s", unit, strings.Join(got, "\n  "), strings.Join(want, "\n  "))
	}
}

// output is a file that a plan wrote to $TEST_DIR.
func (b *bed) output(name string) string {
	b.t.Helper()
	text, err := os.ReadFile(filepath.Join(b.dir, name))
	b.check(err)
	return string(text)
}

func (b *bed) status(unit string) UnitStatus {
	b.t.Helper()
	status, err := b.UnitStatus(unit)
	b.check(err)
	return status
}

func (b *bed) records() []HookRecord {
	b.t.Helper()
	records, err := b.Hooks()
	b.check(err)
	return records
}

func (b *bed) lastRecord() HookRecord {
	b.t.Helper()
	records := b.records()
	if len(records) == 0 {
		b.t.Fatal("no hook has run")
	}
	return records[len(records)-1]
}

func wantEqual[T comparable](t *testing.T, what string, got, want T) {
	t.Helper()
	if got != want {
		t.Fatalf("%s:\ngot  %v\nwant %v", what, got, want)
	}
}

func isFile(path string) bool {
	info, err := os.Stat(path)
	return err == nil && info.Mode().IsRegular()
}
