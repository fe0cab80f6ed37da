package jujusim

import (
	"os"
	"path/filepath"
	"syscall"

	"kubernetes-worker/internal/jujusim/jujuc"
	"kubernetes-worker/internal/jujusim/launch"
)

// RunHelper does the work of a hook tool or of the hook launcher, if that is what the program was started as, and ends
// the process. A test that uses this package calls it first thing in TestMain; a program, first thing in main.
func RunHelper() {
	syscall.Umask(0o022) // as a unit agent has it: hooks inherit it
	name := filepath.Base(os.Args[0])
	if name == launch.Name {
		os.Exit(launch.Main(os.Args[1:]))
	}
	if _, known := hookTools()[name]; known {
		os.Exit(jujuc.RunTool(name, os.Args[1:], os.Getenv, os.Stdin, os.Stdout, os.Stderr))
	}
}
