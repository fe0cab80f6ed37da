// Package hosttest stands in for a machine in tests: a runner that answers from a list and records what was asked, and
// a host on a temporary directory. It runs no process.
package hosttest

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"

	"kubernetes-worker/internal/host"
)

// Answer is what a command does.
type Answer struct {
	Stdout, Stderr string
	Code           int                // exit status; other than 0 makes Run fail
	Err            error              // for a command that could not be started or was killed
	Do             func(host.Command) // the command's effect, may be nil
}

// Runner is a host.Runner that starts nothing. A command nobody expected fails, and Unexpected names it.
type Runner struct {
	mu         sync.Mutex
	answers    map[string][]Answer
	commands   []host.Command
	unexpected []string
}

// NewRunner returns a runner that knows no command yet.
func NewRunner() *Runner { return &Runner{answers: map[string][]Answer{}} }

// On sets the answers for the commands whose words, joined by spaces, contain words: the first answer for the first
// such command and so on; the last one stays. Of several that fit the longest counts.
func (r *Runner) On(words string, answers ...Answer) *Runner {
	r.mu.Lock()
	defer r.mu.Unlock()
	if len(answers) == 0 {
		answers = []Answer{{}}
	}
	r.answers[words] = answers
	return r
}

// Run answers and records the command.
func (r *Runner) Run(ctx context.Context, command host.Command) (host.Output, error) {
	answer, err := r.take(command)
	if err != nil {
		return host.Output{}, err
	}
	if err := ctx.Err(); err != nil {
		return host.Output{}, &host.CommandError{Command: command.String(), Code: -1, Err: err}
	}
	if answer.Do != nil {
		answer.Do(command)
	}
	output := host.Output{Stdout: []byte(answer.Stdout), Stderr: []byte(answer.Stderr)}
	switch {
	case answer.Err != nil:
		return output, &host.CommandError{Command: command.String(), Code: -1, Output: output, Err: answer.Err}
	case answer.Code != 0:
		cause := fmt.Errorf("exit status %d", answer.Code)
		return output, &host.CommandError{Command: command.String(), Code: answer.Code, Output: output, Err: cause}
	}
	return output, nil
}

func (r *Runner) take(command host.Command) (Answer, error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.commands = append(r.commands, command)
	line := words(command)
	best := ""
	for _, candidate := range slices.Sorted(maps.Keys(r.answers)) {
		if strings.Contains(line, candidate) && len(candidate) > len(best) {
			best = candidate
		}
	}
	queue := r.answers[best]
	if len(queue) == 0 {
		r.unexpected = append(r.unexpected, line)
		return Answer{}, &host.CommandError{Command: command.String(), Code: -1, Err: errors.New("the test has no answer for: " + line)}
	}
	if len(queue) > 1 {
		r.answers[best] = queue[1:]
	}
	return queue[0], nil
}

// Commands returns what was run, in order.
func (r *Runner) Commands() []host.Command {
	r.mu.Lock()
	defer r.mu.Unlock()
	return slices.Clone(r.commands)
}

// Lines returns what was run, in order, each command's words joined by spaces.
func (r *Runner) Lines() []string {
	var lines []string
	for _, command := range r.Commands() {
		lines = append(lines, words(command))
	}
	return lines
}

// Unexpected returns the commands that had no answer.
func (r *Runner) Unexpected() []string {
	r.mu.Lock()
	defer r.mu.Unlock()
	return slices.Clone(r.unexpected)
}

func words(command host.Command) string {
	return strings.Join(append([]string{command.Name}, command.Args...), " ")
}

// Tree returns a host on a temporary directory that holds the given files, each by its absolute path below the root. A
// path that ends in "/" is a directory.
func Tree(t testing.TB, files map[string]string) *host.Host {
	t.Helper()
	root := t.TempDir()
	for _, path := range slices.Sorted(maps.Keys(files)) {
		place := filepath.Join(root, path)
		dir := filepath.Dir(place)
		if strings.HasSuffix(path, "/") {
			dir = place
		}
		if err := os.MkdirAll(dir, 0o755); err != nil {
			t.Fatal(err)
		}
		if dir == place {
			continue
		}
		if err := os.WriteFile(place, []byte(files[path]), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	return host.New(root)
}
