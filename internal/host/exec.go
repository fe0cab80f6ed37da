package host

import (
	"bytes"
	"cmp"
	"context"
	"errors"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"syscall"
	"time"
)

const (
	outputTail  = 64 << 10
	defaultPath = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"
	// grace is how long a command whose time is up may take to leave its work in order, between TERM and KILL.
	grace = 5 * time.Second
)

// Exec runs commands on this machine. A command gets a small environment: PATH with the directories of snaps at its
// end, HOME=/root, LC_ALL=C.UTF-8 so that its texts can be told apart, and the proxy variables of the environment the
// Exec was made with. It runs in a process group of its own, which is ended as a whole when its time is up.
type Exec struct {
	environment []string
	path        string
	grace       time.Duration

	mu    sync.Mutex
	forks map[string]int
}

// NewExec returns a runner for the machine whose files lie below root; environ is the process's own environment, of
// which PATH and the proxy variables are taken.
func NewExec(root string, environ []string) *Exec {
	e := &Exec{path: defaultPath, grace: grace, forks: map[string]int{}}
	for _, variable := range environ {
		name, value, _ := strings.Cut(variable, "=")
		switch {
		case name == "PATH" && value != "":
			e.path = value
		case slices.Contains([]string{"http_proxy", "https_proxy", "no_proxy", "ftp_proxy"}, strings.ToLower(name)):
			e.environment = append(e.environment, variable)
		}
	}
	for _, snaps := range []string{filepath.Join(root, "/snap/bin"), "/snap/bin"} {
		if !slices.Contains(filepath.SplitList(e.path), snaps) {
			e.path += string(filepath.ListSeparator) + snaps
		}
	}
	e.environment = append(e.environment, "PATH="+e.path, "HOME=/root", "LC_ALL=C.UTF-8")
	return e
}

// Forks returns how many processes were started.
func (e *Exec) Forks() int {
	total := 0
	for _, count := range e.Counts() {
		total += count
	}
	return total
}

// Counts returns how many processes were started, by the commands' names as Command.String gives them.
func (e *Exec) Counts() map[string]int {
	e.mu.Lock()
	defer e.mu.Unlock()
	counts := make(map[string]int, len(e.forks))
	for name, count := range e.forks {
		counts[name] = count
	}
	return counts
}

// Run runs the command and waits for its end.
func (e *Exec) Run(ctx context.Context, command Command) (Output, error) {
	file, err := e.find(command.Name)
	if err != nil {
		return Output{}, &CommandError{Command: command.String(), Code: -1, Err: err}
	}
	timeout := command.Timeout
	if timeout == 0 {
		timeout = DefaultTimeout
	}
	ctx, cancel := context.WithTimeout(ctx, timeout)
	defer cancel()

	var stdout, stderr tail
	process := exec.CommandContext(ctx, file, command.Args...)
	process.Args[0] = command.Name
	process.Env = slices.Concat(e.environment, command.Env)
	process.Dir = cmp.Or(command.Dir, "/")
	process.Stdout, process.Stderr = &stdout, &stderr
	if command.Stdout != nil {
		process.Stdout = command.Stdout
	}
	if command.Stderr != nil {
		process.Stderr = command.Stderr
	}
	if command.Stdin != nil {
		process.Stdin = bytes.NewReader(command.Stdin)
	}
	process.SysProcAttr = &syscall.SysProcAttr{Setpgid: true}
	process.Cancel = func() error {
		err := syscall.Kill(-process.Process.Pid, syscall.SIGTERM)
		if errors.Is(err, syscall.ESRCH) {
			return os.ErrProcessDone
		}
		return err
	}
	// Also bounds the wait for a daemon the command left behind with our pipe in its hands.
	process.WaitDelay = e.grace

	err = process.Start()
	if err == nil {
		e.count(command)
		err = process.Wait()
		if err != nil && ctx.Err() != nil {
			// Those of the group that outlived the request to end.
			syscall.Kill(-process.Process.Pid, syscall.SIGKILL)
		}
	}
	output := Output{Stdout: stdout.bytes(), Stderr: stderr.bytes()}
	if err == nil || (errors.Is(err, exec.ErrWaitDelay) && ctx.Err() == nil) {
		return output, nil
	}
	failure := &CommandError{Command: command.String(), Code: -1, Output: output, Err: err}
	var exit *exec.ExitError
	if errors.As(err, &exit) {
		failure.Code = exit.ExitCode()
	}
	if ctx.Err() != nil {
		failure.Code, failure.Err = -1, ctx.Err()
	}
	return output, failure
}

// find looks the program up in the PATH that the command will get, which is not the one of this process.
func (e *Exec) find(name string) (string, error) {
	if strings.Contains(name, "/") {
		return name, nil
	}
	for _, dir := range filepath.SplitList(e.path) {
		if !filepath.IsAbs(dir) {
			continue
		}
		file := filepath.Join(dir, name)
		if info, err := os.Stat(file); err == nil && info.Mode().IsRegular() && info.Mode().Perm()&0o111 != 0 {
			return file, nil
		}
	}
	return "", exec.ErrNotFound
}

func (e *Exec) count(command Command) {
	e.mu.Lock()
	defer e.mu.Unlock()
	e.forks[command.String()]++
}

// tail keeps the end of what is written to it.
type tail struct{ kept []byte }

func (t *tail) Write(p []byte) (int, error) {
	t.kept = append(t.kept, p...)
	if len(t.kept) > 2*outputTail {
		t.kept = append([]byte(nil), t.kept[len(t.kept)-outputTail:]...)
	}
	return len(p), nil
}

func (t *tail) bytes() []byte {
	return t.kept[max(0, len(t.kept)-outputTail):]
}
