// Store is a snap store for tests: it has channels and serves signed assertions, so that a real snapd that trusts the test
// keys takes snaps from it as from the real one. It owns nothing but a listening address: all that it says comes from a
// directory, which is read at each request and never written.
//
//	channels.json          what can be had where, and the faults: see Catalog
//	NAME_REVISION.snap     the snaps
//	assertions/TYPE/KEY…   assertions, each under the primary key by which snapd asks for it
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"log"
	"net"
	"net/http"
	"os"
	"os/signal"
	"syscall"
	"time"
)

func main() {
	address := flag.String("listen", "127.0.0.1:0", "`address` to listen on")
	dir := flag.String("dir", ".", "`directory` with channels.json, snaps and assertions")
	flag.Parse()
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	if err := serve(ctx, *address, *dir); err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}

func serve(ctx context.Context, address, dir string) error {
	listener, err := net.Listen("tcp", address)
	if err != nil {
		return fmt.Errorf("cannot open the store: %w", err)
	}
	log.Printf("the store of %s is open at http://%s", dir, listener.Addr())
	server := &http.Server{Handler: NewStore(dir, log.Default()), ReadHeaderTimeout: 10 * time.Second}
	stopped := context.AfterFunc(ctx, func() { server.Close() })
	defer stopped()
	if err := server.Serve(listener); !errors.Is(err, http.ErrServerClosed) {
		return fmt.Errorf("cannot keep the store open: %w", err)
	}
	return nil
}
