package snapd_test

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"kubernetes-worker/internal/snapd"
	"kubernetes-worker/internal/snapd/snapdtest"
)

func TestWithoutADaemonEveryCallSaysSo(t *testing.T) {
	root := shortRoot(t)
	client := snapd.New(root, snapd.Settings{Wait: noWait})
	_, err := client.Snaps(ctx(t), "kubelet")
	wantClass(t, err, snapd.NoDaemon)
	if want := "cannot list snaps: snapd is not there: its socket is missing"; err.Error() != want {
		t.Fatalf("error: %v", err)
	}
	wantClass(t, client.SetConf(ctx(t), "kubelet", map[string]any{"a": 1}), snapd.NoDaemon)
	// A socket that nobody listens on any more.
	socket := filepath.Join(root, "run/snapd.socket")
	must(t, os.MkdirAll(filepath.Dir(socket), 0o755))
	l, err := net.Listen("unix", socket)
	must(t, err)
	l.(*net.UnixListener).SetUnlinkOnClose(false)
	must(t, l.Close())
	waits := 0
	now := time.Unix(0, 0)
	client = snapd.New(root, snapd.Settings{Now: func() time.Time { return now },
		Wait: func(_ context.Context, d time.Duration) error { waits++; now = now.Add(d); return nil }})
	_, err = client.Snap(ctx(t), "kubelet")
	wantClass(t, err, snapd.NoDaemon)
	if waits == 0 || now.Sub(time.Unix(0, 0)) > 5*time.Second {
		t.Fatalf("%d tries in %v", waits, now.Sub(time.Unix(0, 0)))
	}
}

func TestOddAnswersAreErrors(t *testing.T) {
	for name, c := range map[string]struct{ body, want string }{
		"a web page":        {"<html>\x1b[31m", "is not JSON"},
		"nothing":           {"", "is empty"},
		"a list":            {"[1]", "unexpected form"},
		"a result of text":  {`{"type":"sync","result":"x"}`, "unexpected form"},
		"wrong types":       {`{"type":"sync","result":{"name":7}}`, "unexpected form"},
		"no type":           {`{"result":{}}`, "unknown type"},
		"an odd error":      {`{"type":"error","result":7}`, "unexpected form"},
		"an unnamed error":  {`{"type":"error","result":{}}`, "without saying which"},
		"another snap":      {`{"type":"sync","result":{"name":"other"}}`, "about another snap"},
		"an endless answer": {strings.Repeat(" ", 17<<20), "larger than 16 MiB"},
	} {
		t.Run(name, func(t *testing.T) {
			root := shortRoot(t)
			serve(t, root, func(w http.ResponseWriter, _ *http.Request) { _, _ = fmt.Fprint(w, c.body) })
			client := snapd.New(root, snapd.Settings{Wait: noWait})
			defer client.Close()
			_, err := client.Snap(ctx(t), "kubelet")
			if err == nil || !strings.Contains(err.Error(), c.want) || strings.ContainsAny(err.Error(), "\n\x1b") {
				t.Fatalf("error: %v", err)
			}
			wantClass(t, err, snapd.Other)
		})
	}
}

func TestAnAsyncAnswerWithoutAChangeIsAnError(t *testing.T) {
	root := shortRoot(t)
	serve(t, root, func(w http.ResponseWriter, r *http.Request) {
		body := `{"type":"async","status-code":202,"result":null}`
		if r.Method == http.MethodGet {
			body = `{"type":"sync","result":[]}`
		}
		_, _ = fmt.Fprint(w, body)
	})
	client := snapd.New(root, snapd.Settings{Wait: noWait})
	defer client.Close()
	err := client.Install(ctx(t), "kubelet", snapd.Options{}, nil)
	if err == nil || !strings.Contains(err.Error(), "names no change") {
		t.Fatalf("error: %v", err)
	}
}

func TestASilentDaemonIsNotWaitedForWithoutEnd(t *testing.T) {
	root := shortRoot(t)
	release := make(chan struct{})
	serve(t, root, func(_ http.ResponseWriter, r *http.Request) {
		select {
		case <-release:
		case <-r.Context().Done():
		}
	})
	defer close(release)
	client := snapd.New(root, snapd.Settings{ReadTimeout: 50 * time.Millisecond})
	defer client.Close()
	_, err := client.Snap(ctx(t), "kubelet")
	wantClass(t, err, snapd.NoDaemon)
	if !errors.Is(err, context.DeadlineExceeded) {
		t.Fatalf("error: %v", err)
	}
}

func TestTheDefaultPauseEndsByTimeOrWithTheContext(t *testing.T) {
	server, _, root := machine(t)
	client := snapd.New(root, snapd.Settings{})
	defer client.Close()
	setFaults(t, server, snapdtest.Faults{Slow: map[string]int{"kubelet": 1}})
	must(t, client.Install(ctx(t), "kubelet", snapd.Options{Channel: "1.28/stable", Classic: true}, nil))
	setFaults(t, server, snapdtest.Faults{Slow: map[string]int{"kubelet": 1000}})
	ending, cancel := context.WithCancel(ctx(t))
	defer cancel()
	err := client.Refresh(ending, "kubelet", snapd.Options{Channel: "1.29/stable", Classic: true}, func(snapd.ChangeProgress) { cancel() })
	wantClass(t, err, snapd.Unfinished)
	if !strings.Contains(err.Error(), `is still running, at: Download snap "kubelet"`) {
		t.Fatalf("error: %v", err)
	}
}

func serve(t *testing.T, root string, h http.HandlerFunc) {
	t.Helper()
	socket := filepath.Join(root, "run/snapd.socket")
	must(t, os.MkdirAll(filepath.Dir(socket), 0o755))
	l, err := net.Listen("unix", socket)
	must(t, err)
	s := &http.Server{Handler: h}
	go func() { _ = s.Serve(l) }()
	t.Cleanup(func() { _ = s.Close() })
}
