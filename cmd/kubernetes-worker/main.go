// Command kubernetes-worker is the charm: every hook, every action and dispatch are links to it.
package main

import (
	"context"
	"os"
	"os/signal"
	"syscall"

	"kubernetes-worker/internal/charm"
)

// version is set when the program is linked.
var version = "unknown"

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), syscall.SIGTERM, syscall.SIGINT)
	status := charm.Main(ctx, charm.Invocation{
		Args: os.Args, Getenv: os.Getenv, Environ: os.Environ(), Stdout: os.Stdout, Stderr: os.Stderr,
	}, version)
	stop()
	os.Exit(status)
}
