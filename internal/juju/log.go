package juju

import (
	"context"
	"slices"
	"strings"
)

// Level is the importance of a log line.
type Level string

// The levels that Juju knows.
const (
	Debug    Level = "DEBUG"
	Info     Level = "INFO"
	Warning  Level = "WARNING"
	Error    Level = "ERROR"
	Critical Level = "CRITICAL"
)

// longestArgument bounds what is handed over as one argument, in bytes; the kernel refuses 128 KiB.
const longestArgument = 64 << 10

// Log writes to the unit's log, which juju debug-log shows. Empty messages are not sent, long ones are cut.
func (s *Session) Log(ctx context.Context, level Level, message string) error {
	message = argument(strings.TrimSpace(message))
	if message == "" {
		return nil
	}
	_, err := s.call(ctx, nil, "juju-log", "-l", string(level), "--", shorten(message, longestArgument))
	return err
}

// argument makes any text fit to be an argument of a process: without NUL bytes and broken characters.
func argument(text string) string {
	return strings.ToValidUTF8(strings.ReplaceAll(text, "\x00", ""), "\uFFFD")
}

// words puts -- before arguments of which one would be taken for a flag.
func words(args ...string) []string {
	if slices.ContainsFunc(args, func(a string) bool { return strings.HasPrefix(a, "-") }) {
		return slices.Insert(args, 0, "--")
	}
	return args
}
