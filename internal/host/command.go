package host

import (
	"context"
	"errors"
	"fmt"
	"io"
	"strings"
	"time"
)

// DefaultTimeout bounds a command that sets no time of its own.
const DefaultTimeout = time.Minute

// Command is a program to run. Secrets have no place in Args or Env: every user of the machine can read them.
type Command struct {
	Name  string   // looked up in the PATH the command gets, or an absolute path
	Args  []string // without the name
	Env   []string // NAME=value, in addition to what the Runner gives
	Stdin []byte   // nothing if nil
	Dir   string   // working directory as this process sees it; / if empty
	// Stdout and Stderr get the whole streams, if set; then Output does not have them.
	Stdout, Stderr io.Writer
	Timeout        time.Duration // DefaultTimeout if 0; ctx may end it sooner
}

// String names the command as messages do: the program and its first argument that is no option.
func (c Command) String() string {
	for _, arg := range c.Args {
		if !strings.HasPrefix(arg, "-") {
			return c.Name + " " + arg
		}
	}
	return c.Name
}

// Output is what a command wrote. Each stream is cut to its last 64 KiB.
type Output struct {
	Stdout, Stderr []byte
}

// Runner runs commands. Run returns the output also with an error; a command that ran and failed, was killed at its
// deadline or could not be started gives a *CommandError.
type Runner interface {
	Run(ctx context.Context, command Command) (Output, error)
}

// CommandError says how a command failed.
type CommandError struct {
	Command string // as Command.String gives it
	Code    int    // exit status; -1 if it did not exit by itself
	Output  Output
	Err     error // the cause; context.DeadlineExceeded if time ran out, exec.ErrNotFound if there is no such program
}

func (e *CommandError) Error() string {
	cause := ""
	switch {
	case e.Code > 0:
		cause = fmt.Sprintf("exit status %d", e.Code)
	case errors.Is(e.Err, context.DeadlineExceeded):
		cause = "not finished in time, killed"
	case errors.Is(e.Err, context.Canceled):
		cause = "cancelled, killed"
	default:
		cause = e.Err.Error()
	}
	if last := e.LastLines(); last != "" {
		return fmt.Sprintf("cannot run %s: %s: %s", e.Command, cause, last)
	}
	return fmt.Sprintf("cannot run %s: %s", e.Command, cause)
}

// Unwrap gives the cause.
func (e *CommandError) Unwrap() error { return e.Err }

// LastLines returns the last lines, three at most, of what the command wrote to standard error, or to standard output
// if it wrote nothing there, as one line.
func (e *CommandError) LastLines() string {
	const most, length = 3, 400
	text := strings.TrimSpace(string(e.Output.Stderr))
	if text == "" {
		text = strings.TrimSpace(string(e.Output.Stdout))
	}
	var kept []string
	lines := strings.Split(text, "\n")
	for i := len(lines) - 1; i >= 0 && len(kept) < most; i-- {
		// A progress display overwrites its line: what was shown last counts.
		line := strings.TrimSpace(lines[i])
		line = strings.TrimSpace(line[strings.LastIndexByte(line, '\r')+1:])
		if line != "" {
			kept = append([]string{line}, kept...)
		}
	}
	joined := strings.ToValidUTF8(strings.Join(kept, "; "), "?")
	if len(joined) > length {
		joined = "..." + strings.ToValidUTF8(joined[len(joined)-length:], "")
	}
	return joined
}
