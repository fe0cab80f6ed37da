package systemd

import (
	"context"
	"fmt"
	"strconv"
	"strings"
	"time"
	"unicode"
)

// journalTimeout bounds journalctl, which can be slow on a large journal of a slow disk.
const journalTimeout = 10 * time.Second

// lineLimit bounds one line of the journal, in bytes.
const lineLimit = 500

// Runner runs a command and returns what it printed.
type Runner interface {
	Run(ctx context.Context, name string, args ...string) (stdout []byte, err error)
}

// Journal reads what a unit printed. It costs a process: use it only when a service has failed.
type Journal struct{ Runner Runner }

// Last returns the last n lines that a unit printed, oldest first, without control characters.
func (j Journal) Last(ctx context.Context, unit string, n int) ([]string, error) {
	ctx, cancel := context.WithTimeout(ctx, journalTimeout)
	defer cancel()
	unit = fullName(unit)
	out, err := j.Runner.Run(ctx, "journalctl", "-u", unit, "-n", strconv.Itoa(n), "-o", "cat", "--no-pager")
	if err != nil {
		return nil, fmt.Errorf("cannot read the journal of %s: %w", unit, err)
	}
	return journalLines(string(out), n), nil
}

func journalLines(text string, n int) []string {
	var lines []string
	for line := range strings.Lines(strings.ToValidUTF8(text, "?")) {
		line = strings.TrimSpace(strings.Map(func(r rune) rune {
			if unicode.IsControl(r) {
				return ' '
			}
			return r
		}, line))
		if line == "" || line == "-- No entries --" {
			continue
		}
		if len(line) > lineLimit {
			line = strings.ToValidUTF8(line[:lineLimit], "") + "…"
		}
		lines = append(lines, line)
	}
	return lines[max(0, len(lines)-n):]
}
