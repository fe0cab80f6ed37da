package model

import (
	"context"
	"encoding/json"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"kubernetes-worker/internal/snapd/snapdtest"
)

// system is one key of snapd's own configuration, empty where it is not set.
func (w *World) system(key string) string {
	w.T.Helper()
	section, name, _ := strings.Cut(key, ".")
	values, _ := w.Snapd.SystemConf()[section].(map[string]any)
	text, _ := values[name].(string)
	return text
}

func (w *World) wantSystem(want map[string]string) {
	w.T.Helper()
	for key, value := range want {
		if got := w.system(key); got != value {
			w.dump()
			w.T.Fatalf("%s is %q, want %q", key, got, value)
		}
	}
}

// leaderSettings are what the worker's leader has published.
func (w *World) leaderSettings() map[string]string {
	w.T.Helper()
	var state struct {
		Apps map[string]struct {
			LeaderSettings map[string]string `json:"leader_settings"`
		} `json:"applications"`
	}
	text, err := os.ReadFile(filepath.Join(w.Juju.Dir(), "model.json"))
	w.must(err)
	w.must(json.Unmarshal(text, &state))
	return state.Apps["kubernetes-worker"].LeaderSettings
}

// snapdStories are those of the options about snapd.
func snapdStories() []Scenario {
	keys := `{"kubelet": "MSBrdWJlbGV0", "kubectl": "MSBrdWJlY3Rs", "kube-proxy": "MSBwcm94eQ=="}`
	return []Scenario{
		joined("refresh timer", Options{},
			option("snapd_refresh", "fri5,23:00-01:00"),
			option("snapd_refresh", "sometimes").ends("blocked", badTimer),
			option("snapd_refresh", "")),
		joined("proxy of snapd", Options{}, option("snap_proxy", "http://proxy.test:3128"), option("snap_proxy", "")),
		joined("cohorts", Options{}, set("kubernetes-master", "cohort-keys", keys), set("kubernetes-master", "cohort-keys", "")),
		joined("store proxy that is away", Options{},
			option("snap_proxy_url", "http://127.0.0.1:1").ends("waiting", "Waiting for the snap store proxy at http://127.0.0.1:1: …"),
			option("snap_proxy_url", "")),
		joined("upgrade past a hold, and without one", Options{},
			option("channel", "1.29/stable").ends("blocked", pendingMessage),
			Step{Name: "action upgrade", Do: upgradeAction},
			option("require-manual-upgrade", "false")),
	}
}

const badTimer = `snapd_refresh: snapd refuses it: cannot parse "sometimes": "sometimes" is not a valid weekday; what was set before stays`

func TestTheRefreshTimerFollowsTheOption(t *testing.T) {
	t.Parallel()
	w := Joined(t, Options{})
	first := w.system("refresh.timer")
	if len(first) != 4 {
		t.Fatalf("max came to %q", first)
	}
	if got := w.leaderSettings()["snapd_refresh"]; got != first {
		t.Errorf("published %q, want %q", got, first)
	}
	for _, c := range []struct{ option, timer, status, message string }{
		{"fri5,23:00-01:00", "fri5,23:00-01:00", "active", "Kubernetes worker running."},
		{"sometimes", "fri5,23:00-01:00", "blocked", badTimer},
		{"25:00", "fri5,23:00-01:00", "blocked", `snapd_refresh: snapd refuses it: cannot parse "25:00": not a valid time; what was set before stays`},
		{"mon\ntue", "fri5,23:00-01:00", "blocked", "snapd_refresh: it holds a line break or another control character; …"},
		{"max", first, "active", "Kubernetes worker running."},
		{"", "", "active", "Kubernetes worker running."},
	} {
		starts := w.starts()
		w.Config(map[string]string{"snapd_refresh": c.option})
		w.WantStatus(c.status, c.message)
		w.wantSystem(map[string]string{"refresh.timer": c.timer})
		w.Snapd.ResetRequests()
		w.UpdateStatus()
		w.WantStatus(c.status, c.message)
		if n := w.Snapd.Requests()["PUT /v2/snaps/system/conf"]; n > 0 {
			t.Errorf("%q: snapd is asked again", c.option)
		}
		if got := w.leaderSettings()["snapd_refresh"]; got != c.timer {
			t.Errorf("%q: published %q", c.option, got)
		}
		w.WantStarts(starts, starts0)
	}
}

var starts0 starts

func TestAnUnsetTimerThatTheCharmNeverSetIsLeftAlone(t *testing.T) {
	t.Parallel()
	w := New(t, Options{Config: map[string]string{"snapd_refresh": ""}})
	w.must(w.Snapd.SetSystemConf("refresh.timer", "tue"))
	w.must(w.Snapd.SetSystemConf("proxy.http", "http://theirs.test"))
	w.DeployWorker()
	w.DeployCompanions()
	w.Relate()
	w.Settle()
	w.WantStatus("active", "Kubernetes worker running.")
	w.wantSystem(map[string]string{"refresh.timer": "tue", "proxy.http": "http://theirs.test"})
	w.Snapd.ResetRequests()
	w.UpdateStatus()
	if n := w.Snapd.Requests()["GET /v2/snaps/system/conf"]; n != 0 {
		t.Errorf("%d questions about settings that nobody wants", n)
	}
	removeWorker(w)
	w.wantSystem(map[string]string{"refresh.timer": "tue", "proxy.http": "http://theirs.test"})
}

// Fault 18: a non-leader's own snapd_refresh change overrides the leader's; the leader publishes a trailing newline.
func TestTheUnitsRefreshWhenTheLeaderSays(t *testing.T) {
	t.Parallel()
	for _, juju := range []string{"2.9", "3.6"} {
		w := Joined(t, Options{Juju: juju})
		other := w.Beside(1)
		w.Settle()
		timer := w.system("refresh.timer")
		other.wantSystem(map[string]string{"refresh.timer": timer})
		w.Config(map[string]string{"snapd_refresh": "wed2"})
		for _, each := range []*World{w, other} {
			each.wantSystem(map[string]string{"refresh.timer": "wed2"})
		}
		if got := w.leaderSettings()["snapd_refresh"]; got != "wed2" {
			t.Errorf("published %q", got)
		}
		// What the leader's snapd does not take never reaches the others.
		w.Config(map[string]string{"snapd_refresh": "sometimes"})
		other.wantSystem(map[string]string{"refresh.timer": "wed2"})
		// A new leader keeps what was agreed on.
		w.Config(map[string]string{"snapd_refresh": "max"})
		timer = w.system("refresh.timer")
		w.must(w.Juju.SetLeader("kubernetes-worker/1"))
		w.Settle()
		for _, each := range []*World{w, other} {
			each.wantSystem(map[string]string{"refresh.timer": timer})
		}
		w.Config(map[string]string{"snapd_refresh": ""})
		for _, each := range []*World{w, other} {
			each.wantSystem(map[string]string{"refresh.timer": ""})
		}
		if got := w.leaderSettings()["snapd_refresh"]; got != "" {
			t.Errorf("published %q", got)
		}
	}
}

func TestTheUnitsOfJuju4AgreeWithoutALeadersWord(t *testing.T) {
	t.Parallel()
	w := Joined(t, Options{Juju: "4.0"})
	other := w.Beside(1)
	w.Settle()
	timer := w.system("refresh.timer")
	if len(timer) != 4 || other.system("refresh.timer") != timer {
		t.Errorf("timers %q and %q", timer, other.system("refresh.timer"))
	}
	w.Config(map[string]string{"snapd_refresh": "wed2"})
	w.wantSystem(map[string]string{"refresh.timer": "wed2"})
	other.wantSystem(map[string]string{"refresh.timer": "wed2"})
	for _, tool := range []string{"leader-get", "leader-set"} { // which this Juju does not have
		if n := w.tools(tool, 0); n > 0 {
			t.Errorf("%s was called %d times", tool, n)
		}
	}
}

func TestSnapdTakesItsProxies(t *testing.T) {
	t.Parallel()
	w := New(t, Options{})
	w.must(w.Juju.SetModelConfig(map[string]string{"juju-https-proxy": "http://model.test:3128"}))
	w.must(w.Snapd.SetSystemConf("proxy.http", "http://theirs.test"))
	w.DeployWorker()
	w.DeployCompanions()
	w.Relate()
	w.Settle()
	w.wantSystem(map[string]string{"proxy.http": "http://theirs.test", "proxy.https": "http://model.test:3128"})
	for _, c := range []struct{ option, http, https string }{
		{"http://user:" + proxyPassword + "@own.test:1", "http://user:" + proxyPassword + "@own.test:1", "http://user:" + proxyPassword + "@own.test:1"},
		{"own.test:2", "http://own.test:2", "http://own.test:2"},
		{"ftp://bad.test", "http://own.test:2", "http://own.test:2"},
		{"", "http://theirs.test", "http://model.test:3128"},
	} {
		starts := w.starts()
		w.Config(map[string]string{"snap_proxy": c.option})
		w.wantSystem(map[string]string{"proxy.http": c.http, "proxy.https": c.https})
		w.WantStarts(starts, starts0)
		for path := range w.find(filepath.Join(w.Root, charmPath), []string{proxyPassword}) {
			t.Errorf("%s holds the password", path)
		}
		if strings.Contains(w.Log(), proxyPassword) {
			t.Error("the log holds the password")
		}
	}
	removeWorker(w)
	w.wantSystem(map[string]string{"proxy.http": "http://theirs.test", "proxy.https": "", "refresh.timer": ""})
}

func TestTheOriginalsDropInAboutProxiesGoes(t *testing.T) {
	t.Parallel()
	w := New(t, Options{})
	dropIn := filepath.Join(w.Root, "etc/systemd/system/snapd.service.d/snap_layer_proxy.conf")
	w.must(os.MkdirAll(filepath.Dir(dropIn), 0o755))
	w.must(os.WriteFile(dropIn, []byte("[Service]\nEnvironment=http_proxy=http://old.test\n"), 0o644))
	w.must(os.WriteFile(filepath.Join(w.Root, "etc/systemd/system/snapd.service"), []byte("[Service]\nExecStart=/usr/lib/snapd/snapd\n"), 0o644))
	w.DeployWorker()
	w.Settle()
	if _, err := os.Stat(dropIn); err == nil {
		t.Error("it is still there")
	}
	if u := w.Systemd.Unit("snapd.service"); u.Counts.Restart != 1 {
		t.Errorf("snapd was restarted %d times, want once", u.Counts.Restart)
	}
}

// shop is a snap store proxy.
type shop struct {
	server *httptest.Server
	asked  int
	answer func(http.ResponseWriter)
}

func openShop(t *testing.T) *shop {
	s := &shop{}
	s.server = httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		s.asked++
		s.answer(w)
	}))
	t.Cleanup(s.server.Close)
	return s
}

func says(id, assertions string) func(http.ResponseWriter) {
	return func(w http.ResponseWriter) {
		w.Header().Set("X-Assertion-Store-Id", id)
		_, _ = w.Write([]byte(assertions))
	}
}

func TestAStoreProxyIsUsedOnceSnapdBelievesIt(t *testing.T) {
	t.Parallel()
	w := Joined(t, Options{})
	s := openShop(t)
	good := snapdtest.StoreAssertion("shop", snapdtest.TrustedKey)
	for _, c := range []struct {
		name    string
		answer  func(http.ResponseWriter)
		status  string
		message string
		store   string
	}{
		{"down", func(w http.ResponseWriter) { w.WriteHeader(503) }, "waiting", "Waiting for the snap store proxy at " + s.server.URL + ": it answers with HTTP status 503", ""},
		{"another server", func(w http.ResponseWriter) { w.WriteHeader(404) }, "blocked", "snap_proxy_url: " + s.server.URL + " is no snap store proxy: it answers with HTTP status 404", ""},
		{"a stranger's assertion", says("shop", snapdtest.StoreAssertion("shop", "stranger")), "blocked", "snap_proxy_url: snapd could not ack the proxy assertion: …", ""},
		{"another store's assertion", says("elsewhere", good), "blocked", `snap_proxy_url: Proxy ID from header did not match store assertion: "elsewhere", "shop"`, ""},
		{"a store without an address", says("nowhere", snapdtest.StoreAssertion("nowhere", snapdtest.TrustedKey)), "blocked",
			`snap_proxy_url: snapd refuses it: cannot set proxy.store to "nowhere" with a matching store assertion with url unset; what was set before stays`, ""},
		{"the store", says("shop", good), "active", "Kubernetes worker running.", "shop"},
	} {
		s.answer = c.answer
		w.Config(map[string]string{"snap_proxy_url": s.server.URL + "/"}) // no change after the first time
		w.UpdateStatus()
		w.WantStatus(c.status, c.message)
		w.wantSystem(map[string]string{"proxy.store": c.store})
	}
	asked := s.asked
	w.UpdateStatus()
	if s.asked != asked {
		t.Error("it is asked again")
	}
	w.must(w.Snapd.SetSystemConf("proxy.store", nil)) // behind the charm's back
	w.UpdateStatus()
	w.wantSystem(map[string]string{"proxy.store": "shop"})
	w.Config(map[string]string{"snap_proxy_url": ""})
	w.wantSystem(map[string]string{"proxy.store": ""})
}

func TestSnapsAreNotTakenFromElsewhereThanTheStoreProxy(t *testing.T) {
	t.Parallel()
	s := openShop(t)
	s.answer = func(w http.ResponseWriter) { w.WriteHeader(500) }
	w := New(t, Options{Config: map[string]string{"snap_proxy_url": s.server.URL}})
	w.DeployWorker()
	w.Settle()
	if _, installed := w.Snapd.Snap("kubelet"); installed {
		t.Error("the kubelet came from somewhere")
	}
	s.answer = says("shop", snapdtest.StoreAssertion("shop", snapdtest.TrustedKey))
	w.UpdateStatus()
	if _, installed := w.Snapd.Snap("kubelet"); !installed {
		t.Error("the kubelet is not there")
	}
	w.DeployCompanions()
	w.Relate()
	w.Settle()
	w.WantStatus("active", "Kubernetes worker running.")
	// Another one that is away keeps back an upgrade, before pods are moved for it, and nothing else.
	since := w.starts()
	w.Config(map[string]string{"snap_proxy_url": "http://127.0.0.1:1", "require-manual-upgrade": "false", "channel": "1.29/stable", "labels": "a=1"})
	w.WantStatus("waiting", "Waiting for the snap store proxy at http://127.0.0.1:1: …")
	if snap, _ := w.Snapd.Snap("kubelet"); snap.Version != "1.28.1" || w.API[0].Labels(w.Node)["a"] != "1" {
		t.Errorf("kubelet %s, labels %v", snap.Version, w.API[0].Labels(w.Node))
	}
	w.WantStarts(since, starts0)
	if cordoned, _ := w.API[0].Cordoned(w.Node); cordoned {
		t.Error("the node was taken out of service")
	}
}

// treatment is whether snapd passes the kubelet by, and the cohort that it follows.
func (w *World) treatment() (held bool, cohort string) {
	snap, _ := w.Snapd.Snap("kubelet")
	return snap.Held, snap.CohortKey
}

func TestSnapdDoesNotRefreshWhatTheOperatorUpgrades(t *testing.T) {
	t.Parallel()
	w := Joined(t, Options{})
	want := func(what string, held bool) {
		t.Helper()
		if got, _ := w.treatment(); got != held {
			t.Errorf("%s: held %v", what, got)
		}
	}
	want("by default", true)
	w.Config(map[string]string{"channel": "1.29/stable"})
	_, err := w.Juju.RunAction(context.Background(), Unit, "upgrade", nil)
	w.must(err)
	w.Settle()
	if snap, _ := w.Snapd.Snap("kubelet"); snap.Version != "1.29.0" {
		t.Errorf("the upgrade action came to %s", snap.Version)
	}
	want("after an upgrade", true)
	w.Config(map[string]string{"snapd_refresh": "fri"})
	want("with a timer of the operator's", false)
	w.Config(map[string]string{"snapd_refresh": "max"})
	want("with max again", true)
	w.Config(map[string]string{"require-manual-upgrade": "false"})
	want("where upgrades come by themselves", false)
	w.Config(map[string]string{"require-manual-upgrade": "true"})
	removeWorker(w)
	want("after the unit has gone", false)
}

func TestASnapdWithoutHoldsIsAskedOnce(t *testing.T) {
	t.Parallel()
	w := New(t, Options{})
	w.must(w.Snapd.SetVersion("2.57.6"))
	w.DeployWorker()
	w.DeployCompanions()
	w.Relate()
	w.Settle()
	w.WantStatus("active", "Kubernetes worker running.")
	w.Snapd.ResetRequests()
	w.UpdateStatus()
	if n := w.Snapd.Requests()["GET /v2/system-info"]; n != 0 {
		t.Errorf("asked %d times again", n)
	}
	if held, _ := w.treatment(); held {
		t.Error("a snapd that has no holds holds the kubelet")
	}
}

func TestTheFirstSnapdWithHoldsIsToldToHold(t *testing.T) {
	t.Parallel()
	w := New(t, Options{})
	w.must(w.Snapd.SetVersion("2.58"))
	w.DeployWorker()
	w.Settle()
	if held, _ := w.treatment(); !held {
		t.Error("the kubelet is not held")
	}
}

func TestCohortsOfTheControlPlaneAreFollowed(t *testing.T) {
	t.Parallel()
	w := Joined(t, Options{})
	want := func(what, key string) {
		t.Helper()
		if _, got := w.treatment(); got != key {
			t.Errorf("%s: cohort %q, want %q", what, got, key)
		}
	}
	starts := w.starts()
	w.Companion("kubernetes-master", map[string]string{"cohort-keys": `{"kubelet": "MSBvbmU="}`})
	want("named", "MSBvbmU=")
	w.Companion("kubernetes-master", map[string]string{"cohort-keys": `{"kubelet": "MiB0d28="}`})
	want("another", "MiB0d28=")
	w.Companion("kubernetes-master", map[string]string{"cohort-keys": "[]"})
	want("one that cannot be read", "MiB0d28=")
	w.Companion("kubernetes-master", map[string]string{"cohort-keys": ""})
	want("none any more", "")
	w.WantStarts(starts, starts0)
	w.WantStatus("active", "Kubernetes worker running.")
}
