package snapd_test

import (
	"context"
	"strings"
	"testing"
	"time"

	"kubernetes-worker/internal/snapd"
	"kubernetes-worker/internal/snapd/snapdtest"
)

func setFaults(t *testing.T, s *snapdtest.Server, f snapdtest.Faults) {
	t.Helper()
	if err := s.SetFaults(f); err != nil {
		t.Fatal(err)
	}
}

func wantClass(t *testing.T, err error, want snapd.Class) {
	t.Helper()
	if got := snapd.Classify(err); got != want {
		t.Fatalf("class %q, want %q: %v", got, want, err)
	}
}

func TestProgressIsToldUntilTheChangeIsReady(t *testing.T) {
	server, client, _ := machine(t)
	setFaults(t, server, snapdtest.Faults{Slow: map[string]int{"kubelet": 3}})
	var seen []snapd.ChangeProgress
	must(t, client.Install(ctx(t), "kubelet", snapd.Options{Channel: "1.28/stable", Classic: true}, func(p snapd.ChangeProgress) { seen = append(seen, p) }))
	if len(seen) < 3 {
		t.Fatalf("progress: %+v", seen)
	}
	first, last := seen[0], seen[len(seen)-1]
	if first.Summary != `Install "kubelet" snap from "1.28/stable" channel` || !strings.HasPrefix(first.Task, `Download snap "kubelet"`) || first.Done != 1<<20 || first.Total != 3<<20 {
		t.Errorf("first: %+v", first)
	}
	if last.Step != 1 || last.Steps != 1 {
		t.Errorf("last: %+v", last)
	}
}

func TestAChangeOfAKilledHookIsWaitedFor(t *testing.T) {
	server, client, root := machine(t)
	setFaults(t, server, snapdtest.Faults{Slow: map[string]int{"kubelet": 4}})
	killed, cancel := context.WithCancel(ctx(t))
	defer cancel()
	err := client.Install(killed, "kubelet", snapd.Options{Channel: "1.28/stable", Classic: true}, func(snapd.ChangeProgress) { cancel() })
	wantClass(t, err, snapd.Unfinished)
	if !snapd.Transient(err) {
		t.Fatal("an unfinished change is not transient")
	}
	next := snapd.New(root, snapd.Settings{Wait: noWait})
	defer next.Close()
	must(t, next.Install(ctx(t), "kubelet", snapd.Options{Channel: "1.28", Classic: true}, nil))
	if got := server.Requests()["POST /v2/snaps/kubelet"]; got != 1 {
		t.Fatalf("%d installs were asked for, want 1", got)
	}
	must(t, next.SetConf(ctx(t), "kubelet", map[string]any{"v": "1"}))
}

func TestADaemonThatRestartsInTheMiddleIsWaitedFor(t *testing.T) {
	server, client, _ := machine(t)
	setFaults(t, server, snapdtest.Faults{RestartDuring: "kubelet", Slow: map[string]int{"kubelet": 2}})
	must(t, client.Install(ctx(t), "kubelet", snapd.Options{Channel: "1.28/stable", Classic: true}, nil))
}

func TestADaemonThatStaysAwayIsGivenUp(t *testing.T) {
	server, _, root := machine(t)
	setFaults(t, server, snapdtest.Faults{Slow: map[string]int{"kubelet": 1000}})
	now := time.Unix(0, 0)
	client := snapd.New(root, snapd.Settings{
		Now:  func() time.Time { return now },
		Wait: func(ctx context.Context, d time.Duration) error { now = now.Add(d); return ctx.Err() },
	})
	defer client.Close()
	gone := false
	err := client.Install(ctx(t), "kubelet", snapd.Options{Channel: "1.28/stable", Classic: true}, func(snapd.ChangeProgress) {
		if !gone {
			gone = true
			setFaults(t, server, snapdtest.Faults{Gone: true})
		}
	})
	wantClass(t, err, snapd.NoDaemon)
	if away := now.Sub(time.Unix(0, 0)); away < time.Minute || away > 2*time.Minute {
		t.Fatalf("given up after %v", away)
	}
}

func TestFaultsOfTheDaemonAreToldApart(t *testing.T) {
	for _, c := range []struct {
		name   string
		faults snapdtest.Faults
		want   snapd.Class
	}{
		{"another change", snapdtest.Faults{Busy: map[string]string{"kubelet": "auto-refresh"}}, snapd.Busy},
		{"a full disk", snapdtest.Faults{DiskFull: true}, snapd.DiskFull},
		{"a hook", snapdtest.Faults{ChangeError: map[string]string{"kubelet": `run hook "install": broken`}}, snapd.HookFailed},
		{"the base is not to be had", snapdtest.Faults{ChangeError: map[string]string{
			"kubelet": `cannot install snap base "core22": Post "https://x": dial tcp: lookup x: no such host`}}, snapd.StoreUnreachable},
		{"no rights", snapdtest.Faults{Denied: true}, snapd.Denied},
		{"the daemon dies", snapdtest.Faults{Gone: true}, snapd.NoDaemon},
	} {
		t.Run(c.name, func(t *testing.T) {
			server, client, _ := machine(t)
			setFaults(t, server, c.faults)
			wantClass(t, client.Install(ctx(t), "kubelet", snapd.Options{Channel: "1.28/stable", Classic: true}, nil), c.want)
			setFaults(t, server, snapdtest.Faults{})
			must(t, client.Install(ctx(t), "kubelet", snapd.Options{Channel: "1.28/stable", Classic: true}, nil))
		})
	}
}

func TestNamesThatAreNoneAreNotSent(t *testing.T) {
	server, client, _ := machine(t)
	for _, name := range []string{"", "../changes", "a?b", "UPPER", strings.Repeat("x", 60)} {
		_, err := client.Snap(ctx(t), name)
		if err == nil || client.Install(ctx(t), name, snapd.Options{}, nil) == nil || client.SetConf(ctx(t), name, nil) == nil {
			t.Errorf("%q was taken for a name", name)
		}
	}
	if got := server.Requests(); len(got) != 0 {
		t.Fatalf("requests: %v", got)
	}
}

func TestARequestAfterTheDaemonClosedAnIdleConnectionSucceeds(t *testing.T) {
	server, client, root := machine(t)
	_, err := client.Snaps(ctx(t))
	must(t, err)
	must(t, server.Close())
	next, err := snapdtest.Start(root, snapdtest.Options{})
	must(t, err)
	defer next.Close()
	must(t, client.SetConf(ctx(t), "system", map[string]any{"refresh.timer": "fri"}))
}
