package host

import (
	"bytes"
	"context"
	"errors"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"
)

func shell(script string) Command {
	return Command{Name: "sh", Args: []string{"-c", script}, Timeout: 30 * time.Second}
}

func TestCommandGetsASmallEnvironmentAndItsInput(t *testing.T) {
	e := NewExec("/jail", []string{"PATH=/usr/bin:/bin", "SECRET=x", "https_proxy=http://p:1", "NO_PROXY=a", "LANG=de"})
	command := shell("env | sort; cat")
	command.Env = []string{"EXTRA=1"}
	command.Stdin = []byte("input")
	output, err := e.Run(context.Background(), command)
	if err != nil {
		t.Fatal(err)
	}
	got := strings.Split(string(output.Stdout), "\n")
	want := []string{"EXTRA=1", "HOME=/root", "LC_ALL=C.UTF-8", "NO_PROXY=a", "PATH=/usr/bin:/bin:/jail/snap/bin:/snap/bin", "PWD=/", "https_proxy=http://p:1", "input"}
	for _, line := range want {
		if !strings.Contains(string(output.Stdout), line) {
			t.Errorf("no %q in %q", line, got)
		}
	}
	for _, line := range []string{"SECRET", "LANG="} {
		if strings.Contains(string(output.Stdout), line) {
			t.Errorf("%q in %q", line, got)
		}
	}
}

func TestPathWithSnapsIsNotLengthened(t *testing.T) {
	e := NewExec("/", []string{"PATH=/bin:/snap/bin"})
	if e.path != "/bin:/snap/bin" {
		t.Errorf("PATH %q", e.path)
	}
	if e := NewExec("/", nil); e.path != defaultPath+":/snap/bin" {
		t.Errorf("PATH without one given: %q", e.path)
	}
}

func TestProgramIsLookedUpInTheCommandsOwnPath(t *testing.T) {
	root := t.TempDir()
	if err := os.MkdirAll(filepath.Join(root, "snap/bin"), 0o755); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(filepath.Join(root, "snap/bin/only-here"), []byte("#!/bin/sh\necho found\n"), 0o755); err != nil {
		t.Fatal(err)
	}
	e := NewExec(root, []string{"PATH=relative:/bin:/usr/bin"})
	output, err := e.Run(context.Background(), Command{Name: "only-here"})
	if err != nil || string(output.Stdout) != "found\n" {
		t.Errorf("%q, %v", output.Stdout, err)
	}
	_, err = e.Run(context.Background(), Command{Name: "nowhere-at-all", Args: []string{"--x", "do"}})
	if !errors.Is(err, exec.ErrNotFound) || err.Error() != "cannot run nowhere-at-all do: executable file not found in $PATH" {
		t.Errorf("error %v", err)
	}
	if e.Forks() != 1 || e.Counts()["only-here"] != 1 {
		t.Errorf("forks %v", e.Counts())
	}
}

func TestFailureNamesTheCommandItsStatusAndItsLastLines(t *testing.T) {
	e := NewExec("/", os.Environ())
	command := Command{Name: "sh", Args: []string{"-c", "echo out; echo one >&2; echo two >&2; printf '10%%\\r20%%\\rthree\\n\\nfour\\n' >&2; exit 100"}}
	output, err := e.Run(context.Background(), command)
	var failure *CommandError
	if !errors.As(err, &failure) || failure.Code != 100 || string(output.Stdout) != "out\n" {
		t.Fatalf("%q, %v", output.Stdout, err)
	}
	failure.Command = "apt-get install"
	if want := "cannot run apt-get install: exit status 100: two; three; four"; err.Error() != want {
		t.Errorf("error %q, want %q", err, want)
	}
	_, err = e.Run(context.Background(), shell("echo only out; exit 3"))
	if !strings.HasSuffix(err.Error(), ": exit status 3: only out") {
		t.Errorf("error %q", err)
	}
	_, err = e.Run(context.Background(), shell("kill -9 $$"))
	if !errors.As(err, &failure) || failure.Code != -1 || !strings.HasSuffix(err.Error(), ": signal: killed") {
		t.Errorf("error %q", err)
	}
	_, err = e.Run(context.Background(), Command{Name: "/etc/passwd"})
	if !errors.Is(err, os.ErrPermission) {
		t.Errorf("error %v", err)
	}
}

func TestLongErrorTextIsCut(t *testing.T) {
	failure := &CommandError{Command: "x", Code: 1, Err: errors.New("x"), Output: Output{Stderr: []byte("\xff" + strings.Repeat("ä", 1000))}}
	if text := failure.Error(); len(text) > 450 || !strings.Contains(text, "...") || !strings.HasSuffix(text, "ä") {
		t.Errorf("%d bytes: %q", len(text), text)
	}
}

// The command starts a child, tells both process numbers through a pipe in the file system and never ends; the context
// ends when the numbers are there.
func TestWholeProcessGroupIsEndedWhenTheTimeIsUp(t *testing.T) {
	for name, ignore := range map[string]string{"that listens to TERM": "", "that ignores TERM": "trap '' TERM; "} {
		t.Run(name, func(t *testing.T) {
			pipe := filepath.Join(t.TempDir(), "pipe")
			if err := syscall.Mkfifo(pipe, 0o600); err != nil {
				t.Fatal(err)
			}
			e := NewExec("/", os.Environ())
			e.grace = 50 * time.Millisecond
			ctx, cancel := context.WithCancel(context.Background())
			defer cancel()
			done := make(chan error, 1)
			go func() {
				_, err := e.Run(ctx, shell(ignore+"sleep 1000 & echo $$ $! > "+pipe+"; wait; wait"))
				done <- err
			}()
			told, err := os.ReadFile(pipe)
			if err != nil {
				t.Fatal(err)
			}
			cancel()
			err = <-done
			if !errors.Is(err, context.Canceled) || !strings.Contains(err.Error(), "cancelled, killed") {
				t.Errorf("error %v", err)
			}
			for _, field := range strings.Fields(string(told)) {
				pid, err := strconv.Atoi(field)
				if err != nil {
					t.Fatal(err)
				}
				waitGone(t, pid)
			}
		})
	}
}

// waitGone waits until a process is dead; one that nobody has waited for yet counts as dead.
func waitGone(t *testing.T, pid int) {
	t.Helper()
	deadline := time.Now().Add(20 * time.Second)
	for time.Now().Before(deadline) {
		stat, err := os.ReadFile(filepath.Join("/proc", strconv.Itoa(pid), "stat"))
		if err != nil || bytes.Contains(stat, []byte(") Z ")) {
			return
		}
	}
	t.Errorf("process %d lives on", pid)
}

func TestDeadlineOfTheCommandIsKept(t *testing.T) {
	e := NewExec("/", os.Environ())
	e.grace = 10 * time.Millisecond
	_, err := e.Run(context.Background(), Command{Name: "sleep", Args: []string{"1000"}, Timeout: 20 * time.Millisecond})
	if !errors.Is(err, context.DeadlineExceeded) || err.Error() != "cannot run sleep 1000: not finished in time, killed" {
		t.Errorf("error %v", err)
	}
}

// A daemon that a package's script starts inherits our pipes; the command itself has succeeded.
func TestDaemonLeftBehindDoesNotBlockOrFailTheCommand(t *testing.T) {
	e := NewExec("/", os.Environ())
	e.grace = 50 * time.Millisecond
	output, err := e.Run(context.Background(), shell("sleep 1000 & echo $!"))
	if err != nil {
		t.Fatal(err)
	}
	pid, err := strconv.Atoi(strings.TrimSpace(string(output.Stdout)))
	if err != nil {
		t.Fatal(err)
	}
	if err := syscall.Kill(pid, syscall.SIGKILL); err != nil {
		t.Errorf("the daemon did not outlive the command: %v", err)
	}
}

func TestWholeStreamsGoWhereTheCommandSays(t *testing.T) {
	e := NewExec("/", os.Environ())
	var stdout, stderr bytes.Buffer
	command := shell("head -c 1000000 /dev/zero; pwd >&2")
	command.Dir, command.Stdout, command.Stderr = t.TempDir(), &stdout, &stderr
	output, err := e.Run(context.Background(), command)
	if err != nil || stdout.Len() != 1000000 || stderr.String() != command.Dir+"\n" || len(output.Stdout) > 0 {
		t.Errorf("%d bytes, %q, %v", stdout.Len(), stderr.String(), err)
	}
}

func TestOnlyTheEndOfLongOutputIsKept(t *testing.T) {
	e := NewExec("/", os.Environ())
	output, err := e.Run(context.Background(), shell("head -c 1000000 /dev/zero; printf END"))
	if err != nil || len(output.Stdout) != outputTail || !bytes.HasSuffix(output.Stdout, []byte("\x00END")) {
		t.Errorf("%d bytes, %v", len(output.Stdout), err)
	}
}
