package model

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"testing"
)

// Scratch runs the tests of a package with a temporary directory of their own, which is gone afterwards. It lies in memory
// where the machine offers that, unless the environment says where it shall be: the charm syncs each file it writes, and on
// a disk most of the time goes into that.
func Scratch(m *testing.M) int {
	where := os.Getenv("TMPDIR")
	if where == "" && programsRunIn("/dev/shm") {
		where = "/dev/shm"
	}
	dir, err := os.MkdirTemp(where, "kw")
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		return 1
	}
	defer os.RemoveAll(dir)
	os.Setenv("TMPDIR", dir)
	return m.Run()
}

// programsRunIn tells where programs may be started: some machines forbid them in memory.
func programsRunIn(where string) bool {
	dir, err := os.MkdirTemp(where, "kw")
	if err != nil {
		return false
	}
	defer os.RemoveAll(dir)
	program := filepath.Join(dir, "program")
	return os.WriteFile(program, []byte("#!/bin/sh\n"), 0o755) == nil && exec.Command(program).Run() == nil
}
