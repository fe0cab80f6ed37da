package model

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"kubernetes-worker/internal/charm"
	"kubernetes-worker/internal/resource"
)

// The charm played by this test binary, so that it can be told where to die. It is the same program but for its observer:
// each change of a resource, and the end of each hook, is a boundary; it is noted before and after in a file, and the
// process kills itself at the one whose number another file names.
const (
	charmVariable     = "MODEL_CHARM"      // what the charm was started as
	boundaryVariable  = "MODEL_BOUNDARIES" // directory of the two files
	boundariesFile    = "boundaries"
	fatalBoundaryFile = "fatal"
)

// RunCharm plays the charm and ends the process, if it was started as one.
func RunCharm() {
	started := os.Getenv(charmVariable)
	if started == "" {
		return
	}
	b := boundaries{dir: os.Getenv(boundaryVariable)}
	status := charm.Main(context.Background(), charm.Invocation{
		Args: []string{started}, Getenv: os.Getenv, Environ: os.Environ(), Stdout: os.Stdout, Stderr: os.Stderr, Observer: b,
		Settle: time.Millisecond, Patience: time.Second, // the stand-in's daemons live or die at once
	}, "test")
	// Here all is told to Juju that a hook tells, and nothing of it is in force yet.
	b.cross("end of " + os.Getenv("JUJU_DISPATCH_PATH"))
	os.Exit(status)
}

// boundaries is the observer. It keeps nothing in memory: each hook is a process of its own.
type boundaries struct{ dir string }

func (b boundaries) Before(id string, c resource.Change) { b.cross("before " + id + ": " + c.Cause) }

func (b boundaries) After(id string, c resource.Change, _ error) {
	b.cross("after " + id + ": " + c.Cause)
}

func (b boundaries) cross(what string) {
	path := filepath.Join(b.dir, boundariesFile)
	noted, err := os.ReadFile(path)
	if err != nil && !os.IsNotExist(err) {
		panic(err)
	}
	number := strings.Count(string(noted), "\n") + 1
	if err := os.WriteFile(path, fmt.Appendln(noted, what), 0o644); err != nil {
		panic(err)
	}
	fatal, err := os.ReadFile(filepath.Join(b.dir, fatalBoundaryFile))
	if err == nil && string(fatal) == strconv.Itoa(number) {
		_ = syscall.Kill(os.Getpid(), syscall.SIGKILL)
		select {} // it takes a moment
	}
}

// watch forgets the boundaries so far and makes the charm die at the n-th from now; 0: it lives.
func (b boundaries) watch(t *testing.T, n int) {
	t.Helper()
	for name, content := range map[string]string{boundariesFile: "", fatalBoundaryFile: strconv.Itoa(n)} {
		if err := os.WriteFile(filepath.Join(b.dir, name), []byte(content), 0o644); err != nil {
			t.Fatal(err)
		}
	}
}

// seen are the boundaries since watch.
func (b boundaries) seen(t *testing.T) []string {
	t.Helper()
	content, err := os.ReadFile(filepath.Join(b.dir, boundariesFile))
	if err != nil {
		t.Fatal(err)
	}
	return slices.Collect(strings.FieldsFuncSeq(string(content), func(r rune) bool { return r == '\n' }))
}

// mortal makes options for a world whose charm can be killed.
func mortal(t *testing.T, o Options) (Options, boundaries) {
	t.Helper()
	dir := t.TempDir()
	self, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	o.Binary = filepath.Join(dir, "charm")
	script := fmt.Sprintf("#!/bin/sh\n%s=\"$0\" exec '%s'\n", charmVariable, self)
	if err := os.WriteFile(o.Binary, []byte(script), 0o755); err != nil {
		t.Fatal(err)
	}
	o.Env = map[string]string{boundaryVariable: dir}
	b := boundaries{dir}
	b.watch(t, 0)
	return o, b
}
