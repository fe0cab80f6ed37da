package snapd_test

import (
	"errors"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"kubernetes-worker/internal/snapd"
	"kubernetes-worker/internal/snapd/snapdtest"
)

func TestTheDaemonsOwnSettingsAreSetAndRefused(t *testing.T) {
	server, client, _ := machine(t)
	must(t, client.SetConf(ctx(t), "system", map[string]any{"refresh.timer": "mon2", "proxy.http": "http://p.test"}))
	conf, err := client.Conf(ctx(t), "system", "refresh.timer", "proxy.http", "proxy.store")
	must(t, err)
	if len(conf) != 2 || conf["refresh.timer"] != "mon2" || conf["proxy.http"] != "http://p.test" {
		t.Fatalf("conf: %v", conf)
	}
	for _, c := range []struct{ key, value, want string }{
		{"refresh.timer", "sometimes", `cannot parse "sometimes": "sometimes" is not a valid weekday`},
		{"refresh.timer", "25:00", `cannot parse "25:00": not a valid time`},
		{"proxy.store", "nosuch", `cannot set proxy.store to "nosuch" without a matching store assertion`},
	} {
		err := client.SetConf(ctx(t), "system", map[string]any{c.key: c.value})
		wantClass(t, err, snapd.HookFailed)
		var e *snapd.Error
		if !errors.As(err, &e) || e.HookOutput != c.want {
			t.Errorf("%s: %v", c.value, err)
		}
	}
	must(t, client.SetConf(ctx(t), "system", map[string]any{"refresh.timer": nil, "proxy.http": nil}))
	if conf := server.SystemConf(); len(conf) != 0 {
		t.Errorf("left: %v", conf)
	}
}

func TestAHoldAndACohortChangeNoRevision(t *testing.T) {
	_, client, _ := machine(t)
	wantClass(t, client.Hold(ctx(t), "kubelet"), snapd.NotInstalled)
	must(t, client.Install(ctx(t), "kubelet", snapd.Options{Channel: "1.28/stable", Classic: true}, nil))
	before, err := client.Snap(ctx(t), "kubelet")
	must(t, err)
	must(t, client.Hold(ctx(t), "kubelet"))
	must(t, client.SetCohort(ctx(t), "kubelet", "MSBrZXk="))
	snap, err := client.Snap(ctx(t), "kubelet")
	must(t, err)
	if !snap.Held || snap.CohortKey != "MSBrZXk=" || snap.Revision != before.Revision || snap.Channel != before.Channel {
		t.Errorf("snap: %+v", snap)
	}
	must(t, client.Refresh(ctx(t), "kubelet", snapd.Options{Channel: "1.29/stable", Classic: true}, nil))
	must(t, client.Unhold(ctx(t), "kubelet"))
	must(t, client.SetCohort(ctx(t), "kubelet", ""))
	snap, err = client.Snap(ctx(t), "kubelet")
	must(t, err)
	if snap.Held || snap.CohortKey != "" || snap.Version != "1.29.0" {
		t.Errorf("snap: %+v", snap)
	}
	if idle, err := client.Idle(ctx(t)); !idle || err != nil {
		t.Errorf("idle: %v, %v", idle, err)
	}
}

// After a revert the snap goes on to follow the channel of what it went back from, and has the configuration of before.
func TestASnapGoesBackToARevisionThatItHad(t *testing.T) {
	server, client, _ := machine(t)
	must(t, client.Install(ctx(t), "kubelet", snapd.Options{Channel: "1.28/stable", Classic: true}, nil))
	must(t, client.SetConf(ctx(t), "kubelet", map[string]any{"args": "--v=1"}))
	before, err := client.Snap(ctx(t), "kubelet")
	must(t, err)
	must(t, client.Refresh(ctx(t), "kubelet", snapd.Options{Channel: "1.29/stable", Classic: true}, nil))
	must(t, client.SetConf(ctx(t), "kubelet", map[string]any{"args": "--v=2"}))
	if err := client.Revert(ctx(t), "kubelet", "99", nil); err == nil || !strings.Contains(err.Error(), "cannot find revision 99") {
		t.Errorf("to a revision that it never had: %v", err)
	}
	must(t, client.Revert(ctx(t), "kubelet", before.Revision, nil))
	snap, err := client.Snap(ctx(t), "kubelet")
	must(t, err)
	if snap.Revision != before.Revision || snap.Version != before.Version || !snapd.SameChannel(snap.Channel, "1.29/stable") {
		t.Errorf("snap: %+v", snap)
	}
	if view, _ := server.Snap("kubelet"); view.Conf["args"] != "--v=1" {
		t.Errorf("configuration: %v", view.Conf)
	}
	must(t, client.SetChannel(ctx(t), "kubelet", before.Channel))
	must(t, client.Refresh(ctx(t), "kubelet", snapd.Options{Channel: "1.29/stable", Classic: true}, nil))
	snap, err = client.Snap(ctx(t), "kubelet")
	must(t, err)
	if snap.Version != "1.29.0" {
		t.Errorf("it cannot go forward again: %+v", snap)
	}
}

func TestAnOldDaemonSaysThatItHasNoHolds(t *testing.T) {
	server, client, _ := machine(t)
	must(t, client.Install(ctx(t), "kubelet", snapd.Options{Channel: "1.28/stable", Classic: true}, nil))
	must(t, server.SetVersion("2.57.6"))
	wantClass(t, client.Hold(ctx(t), "kubelet"), snapd.Unsupported)
	wantClass(t, client.Unhold(ctx(t), "kubelet"), snapd.Unsupported)
}

func TestAssertionsAreTakenByTheirSignature(t *testing.T) {
	_, client, _ := machine(t)
	if err := client.Acknowledge(ctx(t), snapdtest.StoreAssertion("shop", "stranger")); err == nil || !strings.Contains(err.Error(), "no matching public key") {
		t.Errorf("a stranger's: %v", err)
	}
	if err := client.Acknowledge(ctx(t), "hello"); err == nil {
		t.Error("it took no assertion at all")
	}
	must(t, client.Acknowledge(ctx(t), snapdtest.StoreAssertion("shop", snapdtest.TrustedKey)))
	must(t, client.SetConf(ctx(t), "system", map[string]any{"proxy.store": "shop"}))
	must(t, client.Acknowledge(ctx(t), snapdtest.StoreAssertion("nowhere", snapdtest.TrustedKey)))
	err := client.SetConf(ctx(t), "system", map[string]any{"proxy.store": "nowhere"})
	if err == nil || !strings.Contains(err.Error(), "with url unset") {
		t.Errorf("a store without an address: %v", err)
	}
}

func TestTheStoreIsFoundAmongAssertions(t *testing.T) {
	other := "type: account-key\nauthority-id: canonical\nbody-length: 9\nsign-key-sha3-384: x\n\nstore: no\n\nAcLB\n"
	store := snapdtest.StoreAssertion("shop", "x")
	for _, c := range []struct{ name, text, want string }{
		{"alone", store, "shop"},
		{"after another", other + "\n" + store, "shop"},
		{"before another", store + "\n" + other, "shop"},
		{"nothing", "", ""},
		{"a web page", "<html>\n\n</html>", ""},
		{"only others", other, ""},
		{"cut off", strings.SplitN(store, "\n\n", 2)[0], ""},
		{"a body longer than the text", strings.Replace(other, "9", "9999999999", 1) + "\n" + store, ""},
	} {
		got, err := snapd.StoreOf(c.text)
		if got != c.want || (err == nil) != (c.want != "") {
			t.Errorf("%s: %q, %v", c.name, got, err)
		}
	}
}

func TestAStoreProxyIsAsked(t *testing.T) {
	for _, c := range []struct {
		name   string
		answer func(w http.ResponseWriter, r *http.Request)
		class  snapd.Class
		want   string
	}{
		{"a store proxy", func(w http.ResponseWriter, r *http.Request) {
			if r.URL.Path != "/v2/auth/store/assertions" {
				t.Errorf("asked for %s", r.URL.Path)
			}
			w.Header().Set("X-Assertion-Store-Id", "shop")
			_, _ = w.Write([]byte("text"))
		}, snapd.None, ""},
		{"another server", func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(404) }, snapd.Other, "it answers with HTTP status 404"},
		{"one without the header", func(http.ResponseWriter, *http.Request) {}, snapd.Other, "no header X-Assertion-Store-Id"},
		{"one that is down", func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(503) }, snapd.StoreUnreachable, "it answers with HTTP status 503"},
		{"one that never ends", func(w http.ResponseWriter, _ *http.Request) {
			w.Header().Set("X-Assertion-Store-Id", "shop")
			_, _ = w.Write(make([]byte, 300<<10))
		}, snapd.Other, "larger than 256 KiB"},
		{"one that sends elsewhere", func(w http.ResponseWriter, _ *http.Request) {
			w.Header().Set("Location", "http://elsewhere.test/")
			w.WriteHeader(302)
		}, snapd.StoreUnreachable, "it redirects to another place"},
		{"one that dies", func(http.ResponseWriter, *http.Request) { panic(http.ErrAbortHandler) }, snapd.StoreUnreachable, "EOF"},
	} {
		server := httptest.NewServer(http.HandlerFunc(c.answer))
		got, err := snapd.FetchStoreProxy(ctx(t), server.URL)
		server.Close()
		if snapd.Classify(err) != c.class || err != nil && !strings.Contains(err.Error(), c.want) {
			t.Errorf("%s: class %q, %v", c.name, snapd.Classify(err), err)
		}
		if err == nil && (got.ID != "shop" || got.Assertions != "text") {
			t.Errorf("%s: %+v", c.name, got)
		}
	}
	_, err := snapd.FetchStoreProxy(ctx(t), "http://127.0.0.1:1")
	wantClass(t, err, snapd.StoreUnreachable)
}

func FuzzStoreOf(f *testing.F) {
	f.Add(snapdtest.StoreAssertion("shop", "x"))
	f.Add("type: a\nbody-length: 3\n\nabc\n\nsig\n\ntype: store\nstore: b\n\nsig")
	f.Add("type: store\nbody-length: -1\nstore: x\n\n")
	f.Fuzz(func(t *testing.T, text string) {
		id, err := snapd.StoreOf(text)
		if (id == "") != (err != nil) {
			t.Errorf("%q, %v", id, err)
		}
		if id != "" && !strings.Contains(text, "store: "+id) {
			t.Errorf("%q is not in the text", id)
		}
	})
}
