package model

import (
	"os"
	"os/exec"
	"path/filepath"
	"testing"

	"kubernetes-worker/internal/jujusim"
)

func TestMain(m *testing.M) {
	RunProgram()
	jujusim.RunHelper()
	RunCharm()
	useMemory()
	os.Exit(m.Run())
}

// useMemory puts the worlds into memory where the machine offers that, unless the environment says where they shall be:
// the charm syncs each file it writes, and on a disk most of the time goes into that.
func useMemory() {
	const memory = "/dev/shm"
	if os.Getenv("TMPDIR") != "" {
		return
	}
	dir, err := os.MkdirTemp(memory, "kw")
	if err != nil {
		return
	}
	defer os.RemoveAll(dir)
	// Some machines forbid programs there.
	program := filepath.Join(dir, "program")
	if os.WriteFile(program, []byte("#!/bin/sh\n"), 0o755) == nil && exec.Command(program).Run() == nil {
		os.Setenv("TMPDIR", memory)
	}
}
