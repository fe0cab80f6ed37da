package jujusim

import (
	"errors"
	"fmt"
	"os"
	"strings"
	"sync"
	"time"
)

// logFile holds the lines of juju debug-log.
type logFile struct {
	now  func() time.Time
	path string
	mu   sync.Mutex
	file *os.File
}

func openLog(path string, now func() time.Time) (*logFile, error) {
	file, err := os.OpenFile(path, os.O_CREATE|os.O_APPEND|os.O_WRONLY, 0o600)
	if err != nil {
		return nil, fmt.Errorf("cannot open the log: %w", err)
	}
	return &logFile{now: now, path: path, file: file}, nil
}

func (l *logFile) close() {
	if l != nil {
		l.file.Close()
	}
}

// add writes one message, each of its lines as debug-log prints it.
func (l *logFile) add(unit, level, module, message string) {
	l.mu.Lock()
	defer l.mu.Unlock()
	stamp := l.now().UTC().Format("15:04:05")
	// A log that cannot be written has nowhere to say so; the model's own state does not depend on it.
	_, _ = fmt.Fprintf(l.file, "%s: %s %s %s %s\n", unitTag(unit), stamp, level, module, message)
}

// Log returns the debug log, one line an entry; entries of several lines stay together as Juju prints them.
func (m *Model) Log() ([]string, error) {
	text, err := os.ReadFile(m.log.path)
	if errors.Is(err, os.ErrNotExist) {
		return nil, nil
	}
	if err != nil {
		return nil, fmt.Errorf("cannot read the log: %w", err)
	}
	return strings.Split(strings.TrimRight(string(text), "\n"), "\n"), nil
}

// lineWriter hands on complete lines. Close hands on what is left.
type lineWriter struct {
	line func(string)
	rest strings.Builder
}

func (w *lineWriter) Write(p []byte) (int, error) {
	for text := string(p); text != ""; {
		head, tail, whole := strings.Cut(text, "\n")
		w.rest.WriteString(head)
		if !whole {
			break
		}
		w.flush()
		text = tail
	}
	return len(p), nil
}

func (w *lineWriter) flush() {
	w.line(w.rest.String())
	w.rest.Reset()
}

func (w *lineWriter) close() {
	if w.rest.Len() > 0 {
		w.flush()
	}
}
