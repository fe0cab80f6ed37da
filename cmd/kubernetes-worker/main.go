// Command kubernetes-worker is the charm: every hook, every action and dispatch are links to it.
package main

import (
	"context"
	"os"
	"os/signal"
	"runtime/debug"
	"syscall"

	"kubernetes-worker/internal/charm"
)

// version is set when the program is linked.
var version = "unknown"

// collectAt is how much the heap may grow before it is collected, in percent of what is in use: just so much that a hook
// with nothing to do ends before.
const collectAt = 150

func main() {
	debug.SetGCPercent(collectAt)
	ctx, stop := signal.NotifyContext(context.Background(), syscall.SIGTERM, syscall.SIGINT)
	status := charm.Main(ctx, charm.Invocation{
		Args: os.Args, Getenv: os.Getenv, Environ: os.Environ(), Stdout: os.Stdout, Stderr: os.Stderr,
	}, version)
	stop()
	os.Exit(status)
}
