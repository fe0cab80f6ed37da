package juju_test

import (
	"context"
	"errors"
	"io"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"kubernetes-worker/internal/juju"
)

// script installs a shell script as a tool and returns the transport that finds it.
func script(t *testing.T, tool, text string) (*juju.Exec, string) {
	t.Helper()
	dir := t.TempDir()
	if err := os.WriteFile(filepath.Join(dir, tool), []byte("#!/bin/sh\n"+text), 0o755); err != nil {
		t.Fatal(err)
	}
	return juju.NewExec("relative:"+t.TempDir()+":"+dir, dir, nil), dir
}

func TestToolGetsItsInputAndNothingElse(t *testing.T) {
	e, _ := script(t, "relation-set", `readlink /proc/self/fd/0; cat; echo "$0 $*" | sed 's|.*/||' >&2; exit 3`)
	for name, c := range map[string]struct {
		stdin  []byte
		stdout string
	}{"no input": {nil, "/dev/null\n"}, "input": {[]byte("a: b"), "a: b"}, "empty input": {[]byte{}, ""}} {
		got, err := e.Call(t.Context(), "relation-set", []string{"-r", "x y"}, c.stdin)
		stdout := string(got.Stdout)
		if c.stdin != nil {
			_, stdout, _ = strings.Cut(stdout, "\n") // the name of the pipe
		}
		if err != nil || got.Code != 3 || stdout != c.stdout || string(got.Stderr) != "relation-set -r x y\n" {
			t.Errorf("%s: %+v, %v", name, got, err)
		}
	}
}

func TestToolIsKilledWithAllItStarted(t *testing.T) {
	alive := filepath.Join(t.TempDir(), "alive")
	if err := syscall.Mkfifo(alive, 0o600); err != nil {
		t.Fatal(err)
	}
	// The tool and its child hold the pipe open; its end is the death of both.
	e, _ := script(t, "network-get", "exec 3>"+alive+"; sleep 1000 & echo started >&3; wait")
	ctx, cancel := context.WithCancel(t.Context())
	dead := make(chan error, 1)
	go func() {
		defer cancel()
		pipe, err := os.Open(alive)
		if err == nil {
			_, err = pipe.Read(make([]byte, len("started\n")))
			cancel()
		}
		if err == nil {
			_, err = io.Copy(io.Discard, pipe)
		}
		dead <- err
	}()
	if _, err := e.Call(ctx, "network-get", nil, nil); !errors.Is(err, context.Canceled) {
		t.Errorf("got %v", err)
	}
	select {
	case err := <-dead:
		if err != nil {
			t.Error(err)
		}
	case <-time.After(20 * time.Second):
		t.Error("the tool's child lives on")
	}
}

func TestFilesThatAreNoToolsAreNotStarted(t *testing.T) {
	e, dir := script(t, "is-leader", "exit 0")
	if err := os.Chmod(filepath.Join(dir, "is-leader"), 0o644); err != nil {
		t.Fatal(err)
	}
	if err := os.Mkdir(filepath.Join(dir, "goal-state"), 0o755); err != nil {
		t.Fatal(err)
	}
	for _, tool := range []string{"is-leader", "goal-state", "leader-get"} {
		if _, err := e.Call(t.Context(), tool, nil, nil); !errors.Is(err, juju.ErrNoTool) {
			t.Errorf("%s: %v", tool, err)
		}
	}
	if e.Processes() != 0 {
		t.Errorf("%d processes", e.Processes())
	}
}

func TestToolThatTheDaemonDoesNotKnowIsAMissingTool(t *testing.T) {
	e, _ := script(t, "leader-get", `echo "ERROR bad request: unknown command: leader-get" >&2; exit 1`)
	result, err := e.Call(t.Context(), "leader-get", nil, nil)
	if err != nil || result.Code != 1 {
		t.Fatalf("%+v, %v", result, err)
	}
	a := fixed{result}
	s, err := juju.Open(t.Context(), juju.Environment{UnitName: unit}, hook("start"), a, juju.Options{})
	if s != nil || !errors.Is(err, juju.ErrNoTool) {
		t.Errorf("got %v", err)
	}
}

// fixed answers every tool alike.
type fixed struct{ result juju.Result }

func (f fixed) Name() string { return juju.ExecName }

func (f fixed) Call(context.Context, string, []string, []byte) (juju.Result, error) {
	return f.result, nil
}

func TestToolKilledFromOutsideIsAnError(t *testing.T) {
	e, _ := script(t, "config-get", "kill -9 $$")
	if result, err := e.Call(t.Context(), "config-get", nil, nil); err == nil {
		t.Errorf("got %+v", result)
	}
}
