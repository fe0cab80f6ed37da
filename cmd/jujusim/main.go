// Command jujusim is a simulated Juju for one machine: its commands follow Juju's own, and its model lives in a
// directory. Started under the name of a hook tool it is that tool.
package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/signal"
	"syscall"

	"kubernetes-worker/internal/jujusim"
)

func main() {
	jujusim.RunHelper()
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	err := rootCommand().ExecuteContext(ctx)
	stop()
	var exit exitStatus
	switch {
	case err == nil:
	case errors.As(err, &exit):
		os.Exit(int(exit))
	default:
		fmt.Fprintln(os.Stderr, "ERROR", err)
		os.Exit(1)
	}
}

// exitStatus ends the program with a status and no message of its own.
type exitStatus int

// Error satisfies the interface; it is never printed.
func (e exitStatus) Error() string { return fmt.Sprintf("exit status %d", int(e)) }
