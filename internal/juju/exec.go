package juju

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"time"
)

// Exec runs the tools that Juju puts on PATH, a process for each call.
type Exec struct {
	path    string
	dir     string
	environ []string
	started int
}

// NewExec returns the transport for tools found in path, a list of directories as in PATH, run in dir. Nil environ
// hands them this process's environment, from which they learn the agent's address.
func NewExec(path, dir string, environ []string) *Exec {
	return &Exec{path: path, dir: dir, environ: environ}
}

// Name is "exec".
func (e *Exec) Name() string { return ExecName }

// Processes is the number of processes started.
func (e *Exec) Processes() int { return e.started }

// outputGrace is how long a killed tool's children may keep its output open.
const outputGrace = 2 * time.Second

// Call starts the tool and waits for it. At the context's end the tool is killed together with all it started.
func (e *Exec) Call(ctx context.Context, tool string, args []string, stdin []byte) (Result, error) {
	file, err := e.find(tool)
	if err != nil {
		return Result{}, err
	}
	var stdout, stderr bytes.Buffer
	cmd := exec.CommandContext(ctx, file, args...)
	cmd.Dir, cmd.Env = e.dir, e.environ
	cmd.Stdout, cmd.Stderr = &stdout, &stderr
	if stdin != nil {
		cmd.Stdin = bytes.NewReader(stdin)
	}
	cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true}
	cmd.Cancel = func() error { return syscall.Kill(-cmd.Process.Pid, syscall.SIGKILL) }
	cmd.WaitDelay = outputGrace
	if err := cmd.Start(); err != nil {
		if ctx.Err() != nil {
			return Result{}, fmt.Errorf("cannot start %s: %w", tool, ctx.Err())
		}
		return Result{}, fmt.Errorf("cannot start %s: %w", tool, err)
	}
	e.started++
	err = cmd.Wait()
	if err != nil && ctx.Err() != nil {
		return Result{}, fmt.Errorf("cannot finish %s: %w", tool, ctx.Err())
	}
	var exit *exec.ExitError
	switch {
	case err == nil:
	case errors.As(err, &exit) && exit.Exited():
	case errors.Is(err, exec.ErrWaitDelay): // the tool ended well, something it started keeps its output open
	default:
		return Result{}, fmt.Errorf("cannot finish %s: %w", tool, err)
	}
	return Result{Code: cmd.ProcessState.ExitCode(), Stdout: stdout.Bytes(), Stderr: stderr.Bytes()}, nil
}

// find looks the tool up by name, as Juju's documentation asks; whether it is there tells the generations of Juju apart.
func (e *Exec) find(tool string) (string, error) {
	for _, dir := range strings.Split(e.path, string(os.PathListSeparator)) {
		if !filepath.IsAbs(dir) {
			continue
		}
		file := filepath.Join(dir, tool)
		if info, err := os.Stat(file); err == nil && info.Mode().IsRegular() && info.Mode().Perm()&0o111 != 0 {
			return file, nil
		}
	}
	return "", fmt.Errorf("cannot find %s on PATH: %w", tool, ErrNoTool)
}
