package jujusim

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strings"
	"syscall"
	"time"

	"golang.org/x/sys/unix"

	"kubernetes-worker/internal/jujusim/jujuc"
	"kubernetes-worker/internal/jujusim/launch"
)

// ending is how the process of a hook or action ended.
type ending struct {
	report launch.Report
	killed bool // by SIGKILL or SIGTERM: not the hook's own failure
	stdout []byte
	stderr []byte
}

// executable finds what to start for an event: dispatch for all of them if the charm has it, else the file itself.
func (c *hookContext) executable() (string, bool) {
	for _, name := range []string{"dispatch", c.dispatchPath()} {
		info, err := os.Stat(c.place.seen(filepath.Join(c.charmDir, name)))
		if err == nil && info.Mode().IsRegular() && info.Mode()&0o111 != 0 {
			return filepath.Join(c.charmDir, name), true
		}
	}
	return "", false
}

// execute runs the hook's process with the agent's socket open, and waits for its end. m.mu is not held.
func (m *Model) execute(ctx context.Context, c *hookContext, argv0 string) (ending, error) {
	listener, err := m.listen(c)
	if c.shortDir != "" {
		defer os.RemoveAll(c.shortDir)
	}
	if err != nil {
		return ending{}, err
	}
	server, err := jujuc.Serve(listener, c.handle)
	if err != nil {
		listener.Close()
		return ending{}, err
	}
	defer server.Close()

	m.mu.Lock()
	spec := launch.Spec{Argv: []string{argv0}, Dir: c.charmDir, Env: m.environment(c)}
	m.mu.Unlock()
	if len(c.place.prefix) == 0 {
		end, err := m.wait(ctx, c, spec, func(cmd *exec.Cmd, started func()) (launch.Report, error) {
			return launch.Measure(cmd, started), nil
		})
		end.killed = isKill(syscall.Signal(end.report.Signal))
		return end, errors.Join(err, ctx.Err())
	}
	return m.executeInside(ctx, c, spec)
}

// executeInside has the hook's process started by the launcher, inside the machine.
func (m *Model) executeInside(ctx context.Context, c *hookContext, spec launch.Spec) (ending, error) {
	specFile := c.place.agentDir(c.unit.Name) + "/hook.json"
	seenReport := c.place.seen(launch.ReportPath(specFile))
	text, err := json.Marshal(spec)
	if err != nil {
		return ending{}, fmt.Errorf("cannot encode the hook: %w", err)
	}
	if err := writeAtomic(c.place.seen(specFile), text, 0o600); err != nil {
		return ending{}, err
	}
	if err := os.Remove(seenReport); err != nil && !errors.Is(err, os.ErrNotExist) {
		return ending{}, fmt.Errorf("cannot remove the last report: %w", err)
	}
	launcher := launch.Spec{Argv: append(append([]string{}, c.place.prefix...), c.place.launcher(), specFile), Dir: "/"}
	end, waitErr := m.wait(ctx, c, launcher, func(cmd *exec.Cmd, started func()) (launch.Report, error) {
		if err := cmd.Start(); err != nil {
			return launch.Report{}, fmt.Errorf("cannot start the launcher: %w", err)
		}
		started()
		return launch.Report{}, cmd.Wait()
	})
	if ctx.Err() != nil {
		return ending{}, ctx.Err()
	}
	text, err = os.ReadFile(seenReport)
	if err != nil {
		if c.rebootNow || killedFromOutside(waitErr) {
			end.killed = true
			return end, nil
		}
		return ending{}, fmt.Errorf("cannot run a hook on machine %s: %w: %s", c.unit.Machine, errors.Join(waitErr, err), lastLine(end.stderr))
	}
	if err := json.Unmarshal(text, &end.report); err != nil {
		return ending{}, fmt.Errorf("cannot parse the report of a hook: %w", err)
	}
	end.killed = isKill(syscall.Signal(end.report.Signal))
	return end, nil
}

// wait runs a process to its end and passes what the hook prints to the log, or keeps it for an action.
func (m *Model) wait(ctx context.Context, c *hookContext, spec launch.Spec, run func(cmd *exec.Cmd, started func()) (launch.Report, error)) (ending, error) {
	ctx, cancel := context.WithTimeout(ctx, m.options.HookTimeout)
	defer cancel()
	var end ending
	var stdout, stderr bytes.Buffer
	module := "unit." + c.unit.Name + "." + c.hook.Name
	if c.action != nil {
		module = "unit." + c.unit.Name + "." + c.action.name
	}
	out := &lineWriter{line: func(text string) { m.log.add(c.unit.Name, "DEBUG", module, text) }}
	errs := &lineWriter{line: func(text string) { m.log.add(c.unit.Name, "WARNING", module, text) }}
	cmd := exec.CommandContext(ctx, spec.Argv[0])
	cmd.Args, cmd.Env, cmd.Dir = spec.Argv, spec.Env, spec.Dir
	cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true}
	cmd.WaitDelay = 2 * time.Second
	killGroup := func() error { return syscall.Kill(-cmd.Process.Pid, syscall.SIGKILL) }
	cmd.Cancel = killGroup
	cmd.Stdout, cmd.Stderr = &stdout, &stderr
	if c.action == nil {
		cmd.Stdout, cmd.Stderr = out, teeTail{errs, &stderr}
	}
	var err error
	end.report, err = run(cmd, func() {
		m.mu.Lock()
		defer m.mu.Unlock()
		c.kill = func() { _ = killGroup() } // it may just have ended by itself
	})
	out.close()
	errs.close()
	end.stdout, end.stderr = stdout.Bytes(), stderr.Bytes()
	return end, err
}

// teeTail logs lines and keeps a copy for the message of a machine that cannot be entered.
type teeTail struct {
	lines *lineWriter
	copy  *bytes.Buffer
}

func (t teeTail) Write(p []byte) (int, error) {
	if t.copy.Len() < 1<<16 {
		t.copy.Write(p)
	}
	return t.lines.Write(p)
}

func lastLine(text []byte) string {
	lines := strings.Split(strings.TrimSpace(string(text)), "\n")
	return lines[len(lines)-1]
}

func isKill(signal syscall.Signal) bool {
	return signal == syscall.SIGKILL || signal == syscall.SIGTERM
}

// killedFromOutside tells that the launcher itself was killed. A command prefix that is a shell reports a signal as an
// exit status above 128.
func killedFromOutside(err error) bool {
	var exit *exec.ExitError
	if !errors.As(err, &exit) {
		return false
	}
	status, ok := exit.Sys().(syscall.WaitStatus)
	if !ok {
		return false
	}
	if status.Signaled() {
		return isKill(status.Signal())
	}
	return isKill(syscall.Signal(status.ExitStatus() - 128))
}

// maxSocketPath is what fits into a socket address.
const maxSocketPath = 100

// listen opens the agent's socket where the hook will dial it and records the address for the hook's environment.
func (m *Model) listen(c *hookContext) (net.Listener, error) {
	path := c.place.agentDir(c.unit.Name) + "/agent.socket"
	if m.generation.AbstractSocket {
		c.socketAddress = "@" + path
		if len(c.place.prefix) == 0 {
			// Machines that are only directories share one space of names.
			c.socketAddress = "@/var/lib/juju/" + m.state.UUID[:13] + "/" + unitTag(c.unit.Name) + "/agent.socket"
			return listenUnix(c.socketAddress)
		}
		return listenInNetwork(c.place.pid, c.socketAddress)
	}
	c.socketAddress = path
	seen := c.place.seen(path)
	if len(c.place.prefix) == 0 && len(seen) > maxSocketPath {
		dir, err := os.MkdirTemp("", "jujusim-")
		if err != nil {
			return nil, fmt.Errorf("cannot make a directory for the agent socket: %w", err)
		}
		c.shortDir = dir
		c.socketAddress = filepath.Join(dir, "agent.socket")
		seen = c.socketAddress
	}
	if err := os.Remove(seen); err != nil && !errors.Is(err, os.ErrNotExist) {
		return nil, fmt.Errorf("cannot remove the last agent socket: %w", err)
	}
	return listenUnix(seen)
}

// listenUnix opens a socket. A path that does not fit into a socket address is reached over its directory's descriptor.
func listenUnix(address string) (net.Listener, error) {
	if len(address) > maxSocketPath && address[0] == '/' {
		dir, err := os.OpenFile(filepath.Dir(address), unix.O_PATH|unix.O_DIRECTORY, 0)
		if err != nil {
			return nil, fmt.Errorf("cannot open the agent socket: %w", err)
		}
		defer dir.Close()
		address = fmt.Sprintf("/proc/self/fd/%d/%s", dir.Fd(), filepath.Base(address))
	}
	listener, err := net.ListenUnix("unix", &net.UnixAddr{Name: address, Net: "unix"})
	// The last hook's socket may live for a moment in a process that somebody is just starting.
	for tries := 0; errors.Is(err, syscall.EADDRINUSE) && tries < 100; tries++ {
		time.Sleep(10 * time.Millisecond)
		listener, err = net.ListenUnix("unix", &net.UnixAddr{Name: address, Net: "unix"})
	}
	if err != nil {
		return nil, fmt.Errorf("cannot open the agent socket: %w", err)
	}
	// The descriptor may be somebody else's by the time of the closing; the next hook removes the file.
	listener.SetUnlinkOnClose(false)
	return listener, nil
}

// listenInNetwork opens an abstract socket in a machine's network namespace, to which such names belong.
func listenInNetwork(pid, address string) (net.Listener, error) {
	if pid == "" {
		return nil, errors.New("cannot open an abstract agent socket: no command gives the machine's pid")
	}
	namespace, err := os.Open("/proc/" + pid + "/ns/net")
	if err != nil {
		return nil, fmt.Errorf("cannot enter the machine's network: %w", err)
	}
	defer namespace.Close()
	type answer struct {
		listener net.Listener
		err      error
	}
	answers := make(chan answer)
	go func() {
		// The thread is changed for good: it stays locked, so that it ends with this goroutine.
		runtime.LockOSThread()
		if err := unix.Setns(int(namespace.Fd()), unix.CLONE_NEWNET); err != nil {
			answers <- answer{err: fmt.Errorf("cannot enter the machine's network: %w", err)}
			return
		}
		listener, err := listenUnix(address)
		answers <- answer{listener, err}
	}()
	got := <-answers
	return got.listener, got.err
}
