package snapd_test

import (
	"context"
	"encoding/json"
	"errors"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"kubernetes-worker/internal/snapd"
	"kubernetes-worker/internal/snapd/snapdtest"
	"kubernetes-worker/internal/systemd/systemdtest"
)

// noWait lets every pause pass at once.
func noWait(ctx context.Context, _ time.Duration) error { return ctx.Err() }

func shortRoot(t *testing.T) string {
	t.Helper()
	root, err := os.MkdirTemp("", "sn")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = os.RemoveAll(root) })
	return root
}

// machine is a stand-in with kubelet 1.28.1 and 1.29.0 in its store, and a client.
func machine(t *testing.T) (*snapdtest.Server, *snapd.Client, string) {
	t.Helper()
	root := shortRoot(t)
	server, err := snapdtest.Start(root, snapdtest.Options{})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := server.Close(); err != nil {
			t.Error(err)
		}
	})
	for channel, version := range map[string]string{"1.28/stable": "1.28.1", "1.29/stable": "1.29.0"} {
		if err := server.Publish("kubelet", channel, version); err != nil {
			t.Fatal(err)
		}
	}
	client := snapd.New(root, snapd.Settings{Wait: noWait})
	t.Cleanup(client.Close)
	return server, client, root
}

func ctx(t *testing.T) context.Context {
	t.Helper()
	c, cancel := context.WithTimeout(t.Context(), 20*time.Second)
	t.Cleanup(cancel)
	return c
}

func must(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

func TestASnapIsInstalledAndRefreshedFromTheStore(t *testing.T) {
	_, client, root := machine(t)
	_, err := client.Snap(ctx(t), "kubelet")
	if !snapd.IsNotInstalled(err) {
		t.Fatalf("before: %v", err)
	}
	wantClass(t, client.Refresh(ctx(t), "kubelet", snapd.Options{}, nil), snapd.NotInstalled)
	wantClass(t, client.Install(ctx(t), "kubelet", snapd.Options{Channel: "1.28/stable"}, nil), snapd.NeedsClassic)
	wantClass(t, client.Install(ctx(t), "nosuch", snapd.Options{Classic: true}, nil), snapd.SnapNotFound)
	wantClass(t, client.Install(ctx(t), "kubelet", snapd.Options{Channel: "a/b/c/d"}, nil), snapd.BadChannel)
	must(t, client.Install(ctx(t), "kubelet", snapd.Options{Channel: "1.28/stable", Classic: true}, nil))
	wantClass(t, client.Install(ctx(t), "kubelet", snapd.Options{Channel: "1.28/stable", Classic: true}, nil), snapd.AlreadyInstalled)
	wantClass(t, client.Refresh(ctx(t), "kubelet", snapd.Options{Channel: "1.28/stable"}, nil), snapd.NoUpdate)
	err = client.Refresh(ctx(t), "kubelet", snapd.Options{Channel: "9.99/stable"}, nil)
	wantClass(t, err, snapd.ChannelUnavailable)
	var e *snapd.Error
	if !errors.As(err, &e) || !slices.Equal(e.Channels(), []string{"1.28/stable", "1.29/stable"}) {
		t.Fatalf("channels: %+v", e)
	}
	must(t, client.Refresh(ctx(t), "kubelet", snapd.Options{Channel: "1.29/stable", Classic: true}, nil))
	snap, err := client.Snap(ctx(t), "kubelet")
	must(t, err)
	if snap.Version != "1.29.0" || snap.Channel != "1.29/stable" || snap.Confinement != "classic" || snap.Local() || len(snap.Apps) != 2 {
		t.Fatalf("snap: %+v", snap)
	}
	text, err := os.ReadFile(filepath.Join(root, "snap/bin/kubelet"))
	must(t, err)
	if !strings.Contains(string(text), "Kubernetes v1.29.0") {
		t.Fatalf("program: %s", text)
	}
}

func TestSnapsAreListedInOneRequest(t *testing.T) {
	server, client, _ := machine(t)
	must(t, client.Install(ctx(t), "kubelet", snapd.Options{Channel: "1.28/stable", Classic: true}, nil))
	server.ResetRequests()
	before := client.Requests()
	snaps, err := client.Snaps(ctx(t), "kubectl", "kubelet", "kube-proxy")
	must(t, err)
	if len(snaps) != 1 || snaps["kubelet"].Version != "1.28.1" {
		t.Fatalf("snaps: %+v", snaps)
	}
	if got := server.Requests(); len(got) != 1 || got["GET /v2/snaps"] != 1 || client.Requests()-before != 1 {
		t.Fatalf("requests: %v", got)
	}
	all, err := client.Snaps(ctx(t))
	must(t, err)
	if len(all) != 1 {
		t.Fatalf("all snaps: %+v", all)
	}
}

func TestTheStoreAndTheDaemonAnswerQuestions(t *testing.T) {
	server, client, _ := machine(t)
	found, err := client.Find(ctx(t), "kubelet")
	must(t, err)
	if found.Channels["1.29/stable"].Version != "1.29.0" || len(found.Channels) != 2 {
		t.Fatalf("found: %+v", found)
	}
	_, err = client.Find(ctx(t), "nosuch")
	wantClass(t, err, snapd.SnapNotFound)
	info, err := client.SystemInfo(ctx(t))
	must(t, err)
	if info.Version != "2.63" || info.Architecture != "amd64" || info.RefreshTimer == "" {
		t.Fatalf("info: %+v", info)
	}
	setFaults(t, server, snapdtest.Faults{StoreAway: true})
	_, err = client.Find(ctx(t), "kubelet")
	wantClass(t, err, snapd.StoreUnreachable)
	wantClass(t, client.Install(ctx(t), "kubelet", snapd.Options{Classic: true}, nil), snapd.StoreUnreachable)
}

func TestAChannelWithoutAReleaseOfItsOwnHasWhatASaferOneHas(t *testing.T) {
	server, client, _ := machine(t)
	must(t, server.Publish("kubelet", "1.29/beta", "1.29.5"))
	for _, c := range []struct{ channel, version string }{
		{"1.28/stable", "1.28.1"},
		{"1.28", "1.28.1"},
		{"1.28/edge", "1.28.1"},
		{"1.29/candidate", "1.29.0"},
		{"1.29/beta", "1.29.5"},
		{"1.29/edge", "1.29.5"},
		{"1.29/edge/hot-fix", "1.29.5"},
	} {
		found, err := client.Released(ctx(t), "kubelet", c.channel)
		must(t, err)
		if found.Version != c.version {
			t.Errorf("%s has %q, want %q", c.channel, found.Version, c.version)
		}
	}
	for _, channel := range []string{"9.99/stable", "stable", "edge", "1.28/strange"} {
		_, err := client.Released(ctx(t), "kubelet", channel)
		wantClass(t, err, snapd.ChannelUnavailable)
		var e *snapd.Error
		if !errors.As(err, &e) || strings.Join(e.Channels(), " ") != "1.28/stable 1.29/beta 1.29/stable" {
			t.Errorf("%s: %v", channel, err)
		}
	}
}

func TestConfigurationReachesTheArgumentsOfTheService(t *testing.T) {
	server, client, root := machine(t)
	wantClass(t, client.SetConf(ctx(t), "kubelet", map[string]any{"v": "0"}), snapd.NotInstalled)
	_, err := client.Conf(ctx(t), "kubelet")
	wantClass(t, err, snapd.NotInstalled)
	must(t, client.Install(ctx(t), "kubelet", snapd.Options{Channel: "1.28/stable", Classic: true}, nil))
	must(t, client.SetConf(ctx(t), "kubelet", map[string]any{"args": `--v="0"`, "port": 10250, "fail-swap-on": false, "a.b": "c", "old": "x"}))
	must(t, client.SetConf(ctx(t), "kubelet", map[string]any{"old": nil}))
	conf, err := client.Conf(ctx(t), "kubelet")
	must(t, err)
	if conf["port"] != json.Number("10250") || conf["fail-swap-on"] != false || conf["old"] != nil || conf["a"].(map[string]any)["b"] != "c" {
		t.Fatalf("conf: %#v", conf)
	}
	args, err := os.ReadFile(filepath.Join(root, "var/snap/kubelet/current/args"))
	must(t, err)
	want := "--v=\"0\"\n--a=\"{\"b\":\"c\"}\"\n--fail-swap-on=false\n--port=\"10250\"\n"
	if string(args) != want {
		t.Fatalf("args:\n%swant:\n%s", args, want)
	}
	err = client.SetConf(ctx(t), "kubelet", map[string]any{"fail-swap-on": "maybe"})
	wantClass(t, err, snapd.HookFailed)
	var e *snapd.Error
	if !errors.As(err, &e) || e.HookOutput != "Invalid value for fail-swap-on: maybe, expected true or false" || e.Hook != "configure" {
		t.Fatalf("error: %+v", e)
	}
	if view, _ := server.Snap("kubelet"); view.Conf["fail-swap-on"] != false {
		t.Fatalf("a refused value stayed: %v", view.Conf)
	}
	must(t, client.SetConf(ctx(t), "system", map[string]any{"refresh.timer": "fri"}))
	conf, err = client.Conf(ctx(t), "core")
	must(t, err)
	if conf["refresh"].(map[string]any)["timer"] != "fri" {
		t.Fatalf("core: %#v", conf)
	}
}

func TestOnlyNamedKeysThatAreSetAreRead(t *testing.T) {
	_, client, _ := machine(t)
	must(t, client.SetConf(ctx(t), "system", map[string]any{"refresh.timer": "fri", "proxy.http": "http://p"}))
	for _, c := range []struct {
		keys []string
		want string
	}{
		{[]string{"refresh.timer", "refresh.hold", "proxy.https"}, `{"refresh.timer":"fri"}`},
		{[]string{"refresh", "proxy"}, `{"proxy":{"http":"http://p"},"refresh":{"timer":"fri"}}`},
		{[]string{"nosuch"}, `{}`},
		{[]string{"refresh.timer", "swap.size", "swap.other"}, `{"refresh.timer":"fri"}`},
	} {
		conf, err := client.Conf(ctx(t), "system", c.keys...)
		must(t, err)
		if got, _ := json.Marshal(conf); string(got) != c.want {
			t.Errorf("%v: %s, want %s", c.keys, got, c.want)
		}
	}
	_, err := client.Conf(ctx(t), "kubelet", "nosuch")
	wantClass(t, err, snapd.NotInstalled)
}

func TestAServiceOfASnapAppearsInSystemd(t *testing.T) {
	root := shortRoot(t)
	units, err := systemdtest.Start(root, systemdtest.Options{})
	must(t, err)
	defer units.Close()
	server, err := snapdtest.Start(root, snapdtest.Options{Services: units})
	must(t, err)
	defer server.Close()
	client := snapd.New(root, snapd.Settings{Wait: noWait})
	defer client.Close()
	file := filepath.Join(root, "kubelet.snap")
	must(t, snapdtest.WriteSnap(file, "kubelet", "1.28.1"))
	must(t, client.InstallFile(ctx(t), file, snapd.FileOptions{Name: "kubelet", Classic: true, Dangerous: true}, nil))
	first := units.Unit("snap.kubelet.daemon.service")
	if first.ActiveState != "active" || first.FileState != "enabled" || first.Counts != (systemdtest.Counts{}) {
		t.Fatalf("unit: %+v", first)
	}
	must(t, client.InstallFile(ctx(t), file, snapd.FileOptions{Name: "kubelet", Classic: true, Dangerous: true}, nil))
	if again := units.Unit("snap.kubelet.daemon.service"); !again.StartedAt.After(first.StartedAt) {
		t.Fatalf("the service was not started anew: %+v", again)
	}
}

func TestTheStandInKeepsItsStateOverARestart(t *testing.T) {
	server, client, root := machine(t)
	must(t, client.Install(ctx(t), "kubelet", snapd.Options{Channel: "1.28/stable", Classic: true}, nil))
	must(t, server.Close())
	next, err := snapdtest.Start(root, snapdtest.Options{})
	must(t, err)
	defer next.Close()
	snap, err := client.Snap(ctx(t), "kubelet")
	must(t, err)
	if snap.Version != "1.28.1" {
		t.Fatalf("snap: %+v", snap)
	}
}
