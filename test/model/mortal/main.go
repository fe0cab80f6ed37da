// Command mortal is the charm, for tests that tell it where to die: the same program but for its observer. Each change of
// a resource, and the end of each hook, is a boundary. It is noted before and after, and the process kills itself at the
// one whose number a file names.
package main

import (
	"context"
	"fmt"
	"hash/fnv"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"syscall"
	"time"

	"kubernetes-worker/internal/charm"
	"kubernetes-worker/internal/resource"
)

func main() {
	b := boundaries{dir: os.Getenv("MODEL_BOUNDARIES"), root: os.Getenv(charm.RootSwitch)}
	status := charm.Main(context.Background(), charm.Invocation{
		Args: os.Args, Getenv: os.Getenv, Environ: os.Environ(), Stdout: os.Stdout, Stderr: os.Stderr, Observer: b,
		Settle: time.Millisecond, Patience: 200 * time.Millisecond, // the stand-in's daemons live or die at once
	}, "test")
	// Here all is told to Juju that a hook tells, and nothing of it is in force yet.
	b.cross("end of " + os.Getenv("JUJU_DISPATCH_PATH"))
	os.Exit(status)
}

// boundaries is the observer. It keeps nothing in memory: each hook is a process of its own. Its directory has the file
// boundaries with a line for each of them, fatal with the number of the one to die at, and, as long as that is none,
// machines with a line for the machine's files at each.
type boundaries struct{ dir, root string }

func (b boundaries) Before(id string, c resource.Change) { b.cross("before " + id + ": " + c.Cause) }

func (b boundaries) After(id string, c resource.Change, _ error) {
	b.cross("after " + id + ": " + c.Cause)
}

func (b boundaries) cross(what string) {
	number := strings.Count(b.read("boundaries"), "\n") + 1
	b.add("boundaries", what)
	switch b.read("fatal") {
	case strconv.Itoa(number):
		_ = syscall.Kill(os.Getpid(), syscall.SIGKILL)
		select {} // it takes a moment
	case "0":
		b.add("machines", b.machine())
	}
}

func (b boundaries) read(name string) string {
	content, err := os.ReadFile(filepath.Join(b.dir, name))
	if err != nil && !os.IsNotExist(err) {
		panic(err)
	}
	return string(content)
}

func (b boundaries) add(name, line string) {
	file, err := os.OpenFile(filepath.Join(b.dir, name), os.O_CREATE|os.O_APPEND|os.O_WRONLY, 0o644)
	if err != nil {
		panic(err)
	}
	defer file.Close()
	if _, err := fmt.Fprintln(file, line); err != nil {
		panic(err)
	}
}

// machine tells the machine apart from what it is at other times: whatever writes a file makes another one of it, or
// gives it another time. What snapd and systemd know is in files, too.
func (b boundaries) machine() string {
	sum := fnv.New128a()
	err := filepath.WalkDir(b.root, func(path string, entry fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		if entry.IsDir() && slices.Contains([]string{"hooks", "actions", "tools"}, entry.Name()) {
			return fs.SkipDir // Juju's, and many
		}
		info, err := entry.Info()
		if err != nil {
			return err
		}
		stat, _ := info.Sys().(*syscall.Stat_t)
		fmt.Fprintln(sum, path, stat.Ino, stat.Mode, stat.Size, stat.Mtim, stat.Ctim)
		return nil
	})
	if err != nil {
		panic(err)
	}
	return fmt.Sprintf("%x", sum.Sum(nil))
}
