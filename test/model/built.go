package model

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"testing"
)

// repository is the top of the source tree.
var repository = sync.OnceValue(func() string {
	out, err := exec.Command("go", "env", "GOMOD").Output()
	if err != nil {
		panic(fmt.Sprintf("cannot find the module: %v", err))
	}
	return filepath.Dir(strings.TrimSpace(string(out)))
})

// builtCharm is the charm's program, and builtJuju the simulated Juju, as whose hook tools it starts much faster than this
// test does.
var (
	builtCharm = sync.OnceValues(func() (string, error) { return buildProgram("./cmd/kubernetes-worker") })
	builtJuju  = sync.OnceValues(func() (string, error) { return buildProgram("./cmd/jujusim") })
)

// buildProgram builds a program, which is needed once for all tests of the process.
func buildProgram(source string) (string, error) {
	dir, err := os.MkdirTemp("", "kwbin")
	if err != nil {
		return "", err
	}
	path := filepath.Join(dir, filepath.Base(source))
	build := exec.Command("go", "build", "-trimpath", "-ldflags=-s -w", "-o", path, source)
	build.Dir = repository()
	build.Env = append(os.Environ(), "CGO_ENABLED=0")
	if out, err := build.CombinedOutput(); err != nil {
		return "", fmt.Errorf("cannot build %s: %w\n%s", source, err, out)
	}
	return path, nil
}

// charmDir lays out the charm as it is packed, but for the program: a link to it is enough, and no world copies it.
func charmDir(t *testing.T, dir, binary string) string {
	t.Helper()
	if binary == "" {
		var err error
		if binary, err = builtCharm(); err != nil {
			t.Fatal(err)
		}
	}
	if err := os.MkdirAll(dir, 0o755); err != nil {
		t.Fatal(err)
	}
	copying := exec.Command("cp", "-a", "metadata.yaml", "config.yaml", "actions.yaml", "manifest.yaml", "hooks", "actions", "dispatch", dir)
	copying.Dir = repository()
	if out, err := copying.CombinedOutput(); err != nil {
		t.Fatalf("cannot copy the charm: %v: %s", err, out)
	}
	if err := os.Symlink(binary, filepath.Join(dir, "kubernetes-worker")); err != nil {
		t.Fatal(err)
	}
	return dir
}
