package model

import (
	"strings"
	"testing"
)

func TestAddressesOfTheClusterAreReachedWithoutAProxy(t *testing.T) {
	t.Parallel()
	w := begin(t, Options{Config: map[string]string{"http_proxy": "http://proxy.test:3128", "no_proxy": "10.0.0.0/8,.example.com"}}, join())
	list := func() string {
		t.Helper()
		for line := range strings.Lines(w.Read("/etc/systemd/system/containerd.service.d/kubernetes-worker.conf")) {
			if rest, ok := strings.CutPrefix(strings.TrimSpace(line), `Environment="NO_PROXY=`); ok {
				return strings.TrimSuffix(rest, `"`)
			}
		}
		return ""
	}
	const want = "10.0.0.0/8,.example.com,127.0.0.1,localhost,10.0.0.11,.svc,.cluster.local,10.1.0.0/16,10.152.183.10"
	if got := list(); got != want {
		t.Errorf("reached without a proxy: %s\nwant %s", got, want)
	}
	w.UpdateStatus()
	since := w.starts()
	w.Companion("flannel", map[string]string{"cidr": "10.2.0.0/16"})
	w.WantStarts(since, starts{proxy: 1, runtime: 1})
	if got := list(); got != strings.Replace(want, "10.1.", "10.2.", 1) {
		t.Errorf("reached without a proxy: %s", got)
	}
	since = w.starts()
	long := strings.Repeat("a", 2021) // with what follows as long as it may be, so that nothing has room behind it
	w.Config(map[string]string{"no_proxy": long + ",b"})
	w.WantStatus("active", running)
	w.WantStarts(since, starts{runtime: 1})
	if got := list(); got != long+",b" {
		t.Errorf("reached without a proxy: %d bytes", len(got))
	}
	if !strings.Contains(w.Log(), "no_proxy: no room for 127.0.0.1, localhost") {
		t.Error("nothing is told of what has no room")
	}
	since = w.starts()
	w.Config(map[string]string{"http_proxy": ""})
	w.WantStarts(since, starts{runtime: 1})
	if w.Exists("/etc/systemd/system/containerd.service.d/kubernetes-worker.conf") {
		t.Error("without a proxy the drop-in is left")
	}
}

// A start of docker takes the containers of the node along, for addresses that docker does not speak with.
func TestDockerIsNotRestartedForAddressesOfTheCluster(t *testing.T) {
	t.Parallel()
	w := begin(t, Options{Config: map[string]string{"channel": DockerChannel, "http_proxy": "http://proxy.test:3128"}}, join())
	const dropIn = "/etc/systemd/system/docker.service.d/kubernetes-worker.conf"
	started, text := w.Restarts(Docker), w.Read(dropIn)
	if !strings.Contains(text, ",10.1.0.0/16,") {
		t.Fatalf("docker's environment:\n%s", text)
	}
	w.Companion("flannel", map[string]string{"cidr": "10.2.0.0/16"})
	w.WantStatus("active", running)
	w.UpdateStatus()
	if w.Restarts(Docker) != started || w.Read(dropIn) != text {
		t.Errorf("docker was started %d times more, its environment is\n%s", w.Restarts(Docker)-started, w.Read(dropIn))
	}
	w.Config(map[string]string{"no_proxy": ".test"})
	w.WantStatus("active", running)
	if now := w.Read(dropIn); w.Restarts(Docker) != started+1 || !strings.Contains(now, `"NO_PROXY=.test,127.0.0.1,`) || !strings.Contains(now, ",10.2.0.0/16,") {
		t.Errorf("docker was started %d times more, want once; its environment is\n%s", w.Restarts(Docker)-started, now)
	}
}

func TestAnOperatorIsShownWhatIsReachedWithoutAProxy(t *testing.T) {
	t.Parallel()
	w := operable(t)
	w.Config(map[string]string{"http_proxy": "http://me:" + proxyPassword + "@proxy.test:3128", "no_proxy": ".example.com"})
	const want = "\nhttp_proxy   option of the charm\nhttps_proxy  not set\nno_proxy     option of the charm\n" +
		"reached without a proxy: .example.com,127.0.0.1,localhost,10.0.0.11,.svc,.cluster.local,10.1.0.0/16,10.152.183.10\n"
	if got := byHand(w, "flags"); got.code != 0 || !strings.HasSuffix(got.stdout, want) || strings.Contains(got.stdout+got.stderr, proxyPassword) {
		t.Errorf("flags: %+v", got)
	}
}

func TestEachRuntimeGetsTheProxiesInItsEnvironment(t *testing.T) {
	t.Parallel()
	for _, c := range []struct{ channel, unit string }{{Channel, Runtime}, {DockerChannel, Docker}} {
		t.Run(c.unit, func(t *testing.T) {
			t.Parallel()
			w := begin(t, Options{Config: map[string]string{"channel": c.channel}}, join())
			dropIn := "/etc/systemd/system/" + c.unit + ".d/kubernetes-worker.conf"
			for _, step := range []struct {
				options  map[string]string
				settings []string
			}{
				{map[string]string{"https_proxy": "http://me:p%40ss@proxy.test:3129"}, []string{"HTTP_PROXY=", "HTTPS_PROXY=http://me:p%%40ss@proxy.test:3129", "NO_PROXY=127.0.0.1,"}},
				{map[string]string{"http_proxy": "http://proxy.test:3128", "https_proxy": "proxy.test:3130", "no_proxy": `.test,"x y"`},
					[]string{"HTTP_PROXY=http://proxy.test:3128", "HTTPS_PROXY=proxy.test:3130", `NO_PROXY=.test,\"x y\",127.0.0.1,`}},
				{map[string]string{"http_proxy": "", "https_proxy": "", "no_proxy": ""}, nil},
				{map[string]string{"juju-https-proxy": "http://model.test:3128", "juju-no-proxy": "model.test"}, []string{"HTTPS_PROXY=http://model.test:3128", "NO_PROXY=model.test,127.0.0.1,"}},
				{map[string]string{"https_proxy": "http://proxy.test:3129"}, []string{"HTTPS_PROXY=http://proxy.test:3129", "NO_PROXY=model.test,127.0.0.1,"}},
			} {
				before := w.Restarts(c.unit)
				if step.options["juju-https-proxy"] != "" {
					w.must(w.Juju.SetModelConfig(step.options))
					w.UpdateStatus()
				} else {
					w.Config(step.options)
				}
				w.WantStatus("active", running)
				if n := w.Restarts(c.unit) - before; n != 1 {
					t.Errorf("%v: %s was started %d times, want once", step.options, c.unit, n)
				}
				text := ""
				if w.Exists(dropIn) {
					text = w.Read(dropIn)
				}
				for _, setting := range step.settings {
					if !strings.Contains(text, "\nEnvironment=\""+setting) {
						t.Errorf("%v: the environment lacks %s:\n%s", step.options, setting, text)
					}
				}
				if step.settings == nil && strings.Contains(text, "PROXY") {
					t.Errorf("what is unset is left:\n%s", text)
				}
			}
		})
	}
}
