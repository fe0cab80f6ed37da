package juju

import (
	"context"
	"errors"
	"fmt"
	"strings"
)

// Result is how a tool ended: its exit code and what it printed.
type Result struct {
	Code   int
	Stdout []byte
	Stderr []byte
}

// Transport runs one of Juju's tools. A tool that ran and failed is a Result with a code, not an error. The error is
// ErrNoTool where this Juju does not have the tool, the context's where time ran out, another one where the tool could
// not be run. Stdin nil means /dev/null.
type Transport interface {
	Call(ctx context.Context, tool string, args []string, stdin []byte) (Result, error)
	// Name says how the next call will travel: "exec" where every call costs a process, "socket" where it does not.
	Name() string
}

// The names of the transports.
const (
	ExecName   = "exec"
	SocketName = "socket"
)

var (
	// ErrNoTool says that this generation of Juju lacks the tool (leader-get since 4.0, secret-get before 3.0).
	ErrNoTool = errors.New("this Juju has no such tool")
	// ErrMissing says that the thing asked for is not there: a resource that was never attached.
	ErrMissing = errors.New("not there")
)

// ToolError is a tool that ran and failed.
type ToolError struct {
	Tool    string
	Code    int    // exit code; Juju uses 2 for wrong usage and 1 for everything else
	Message string // what it printed on stderr, without the leading ERROR, shortened
}

// Error gives the tool, its message and its exit code; never its arguments.
func (e *ToolError) Error() string {
	return fmt.Sprintf("cannot run %s: %s (exit code %d)", e.Tool, e.Message, e.Code)
}

// says reports whether err is a tool's failure with one of the texts in it.
func says(err error, texts ...string) bool {
	var failure *ToolError
	if !errors.As(err, &failure) {
		return false
	}
	for _, text := range texts {
		if strings.Contains(failure.Message, text) {
			return true
		}
	}
	return false
}

const longestMessage = 1000

// check turns a tool's failing result into an error.
func (r Result) check(tool string) error {
	if r.Code == 0 {
		return nil
	}
	message := strings.TrimSpace(string(r.Stderr))
	if unknownCommand(message) {
		return fmt.Errorf("cannot run %s: %w", tool, ErrNoTool)
	}
	message = strings.TrimPrefix(message, "ERROR ")
	if message == "" {
		message = "no reason given"
	}
	return &ToolError{Tool: tool, Code: r.Code, Message: shorten(message, longestMessage)}
}

// unknownCommand recognises the agent's answer to a tool that it does not know.
func unknownCommand(text string) bool { return strings.Contains(text, "bad request: unknown command") }

// shorten cuts text to at most limit bytes without leaving half a character.
func shorten(text string, limit int) string {
	const mark = " [cut]"
	if len(text) <= limit {
		return text
	}
	return strings.ToValidUTF8(text[:limit-len(mark)], "") + mark
}
