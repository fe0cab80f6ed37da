package hosttest_test

import (
	"context"
	"errors"
	"os/exec"
	"slices"
	"testing"

	"kubernetes-worker/internal/host"
	"kubernetes-worker/internal/host/hosttest"
)

func TestRunnerAnswersInOrderAndPrefersTheLongestMatch(t *testing.T) {
	ran := ""
	r := hosttest.NewRunner().
		On("apt-get", hosttest.Answer{Stdout: "any"}).
		On("apt-get update", hosttest.Answer{Code: 100, Stderr: "E: first"}, hosttest.Answer{Stdout: "second", Do: func(c host.Command) { ran = c.Name }}).
		On("missing", hosttest.Answer{Err: exec.ErrNotFound})
	run := func(name string, args ...string) (string, error) {
		output, err := r.Run(context.Background(), host.Command{Name: name, Args: args})
		return string(output.Stdout), err
	}
	if out, err := run("apt-get", "install"); out != "any" || err != nil {
		t.Errorf("%q, %v", out, err)
	}
	var failure *host.CommandError
	if _, err := run("apt-get", "update"); !errors.As(err, &failure) || failure.Code != 100 || err.Error() != "cannot run apt-get update: exit status 100: E: first" {
		t.Error(err)
	}
	for range 2 {
		if out, err := run("apt-get", "update"); out != "second" || err != nil || ran != "apt-get" {
			t.Errorf("%q, %v", out, err)
		}
	}
	if _, err := run("missing"); !errors.Is(err, exec.ErrNotFound) {
		t.Error(err)
	}
	if _, err := run("reboot", "now"); err == nil {
		t.Error("a command without an answer succeeded")
	}
	if got := r.Unexpected(); !slices.Equal(got, []string{"reboot now"}) {
		t.Errorf("unexpected %q", got)
	}
	if got := len(r.Lines()); got != 6 {
		t.Errorf("%d commands recorded, want 6", got)
	}
	ctx, cancel := context.WithCancel(context.Background())
	cancel()
	if _, err := r.Run(ctx, host.Command{Name: "apt-get"}); !errors.Is(err, context.Canceled) {
		t.Error(err)
	}
}

func TestTreeHoldsFilesAndDirectories(t *testing.T) {
	h := hosttest.Tree(t, map[string]string{"/etc/a": "x", "/var/empty/": ""})
	if content, err := h.ReadFile("/etc/a"); string(content) != "x" || err != nil {
		t.Errorf("%q, %v", content, err)
	}
	if info, err := h.Stat("/var/empty"); err != nil || !info.IsDir() {
		t.Error(info, err)
	}
}
