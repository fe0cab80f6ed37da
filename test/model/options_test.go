package model

import (
	"fmt"
	"maps"
	"strings"
	"testing"
)

// badOptions has, for each option that can have a bad value, one, what the unit says of it, and a value that is right.
var badOptions = []struct {
	option, bad, message, good string
	restarts                   starts // that the good value costs on a node that ran with goodOptions
}{
	{"channel", "1.28/stabel", `channel: "1.28/stabel" names the risk "stabel"; it must be stable, candidate, beta or edge`, Channel, starts{}},
	{"channel", "", `channel: it is empty; set it to a channel such as 1.12/stable`, Channel, starts{}},
	{"allow-privileged", "maybe", `allow-privileged: "maybe" is not known; set it to true, false or auto`, "true", starts{}},
	{"kubelet-extra-args", "max_pods=60", `kubelet-extra-args: cannot use "max_pods": a name has lower-case letters, digits and single dashes between them, and at least one letter`, "max-pods=60", starts{kubelet: 1}},
	{"kubelet-extra-config", "[maxPods]", `kubelet-extra-config: line 1: it is no mapping; write fields of KubeletConfiguration, such as {maxPods: 50}`, "{maxPods: 61}", starts{kubelet: 1}},
	{"kubelet-extra-config", "", `kubelet-extra-config: it is empty; set it to {} for no extra configuration`, "{maxPods: 62}", starts{kubelet: 1}},
	{"kubelet-extra-config", "maxPods: 5\n\tx: 1", `kubelet-extra-config: it is no YAML: line 2: found a tab character that violates indentation; write fields of KubeletConfiguration, such as {maxPods: 50}`, "{maxPods: 63}", starts{kubelet: 1}},
	{"proxy-extra-args", "V=3", `proxy-extra-args: cannot use "V": a name has lower-case letters, digits and single dashes between them, and at least one letter`, "v=3", starts{proxy: 1}},
	{"docker_runtime", "rkt", `docker_runtime: "rkt" is not known; set it to one of auto, apt, upstream, nvidia`, "apt", starts{}},
	{"docker-opts", "--debug\n--live-restore", `docker-opts: it holds a line break or another control character; write all daemon options in one line, separated by blanks`, "--debug", starts{}},
	{"http_proxy", "ftp://proxy.test", `http_proxy: a proxy is reached by http, https or socks5, not by "ftp"; write it as http://host:port`, "http://proxy.test:3129", starts{runtime: 1}},
	{"https_proxy", "http://user:hunter2@proxy.test:x", `https_proxy: it is no URL; write it as http://host:port`, "http://proxy.test:3130", starts{runtime: 1}},
	{"no_proxy", strings.Repeat("x", 2025), `no_proxy: no_proxy longer than 2024 chars. It has 2025; name whole domains and networks instead of single hosts`, "10.0.0.0/8", starts{runtime: 1}},
	{"snapd_refresh", "mon\ntue", `snapd_refresh: it holds a line break or another control character; write a timer such as fri5,23:00-01:00`, "fri", starts{}},
	{"snap_proxy", "http://hunter2:x@", `snap_proxy: it names no host; write it as http://host:port`, "http://proxy.test:3128", starts{}},
	{"snap_proxy_url", "store.test", `snap_proxy_url: a store proxy is reached by http or https, not by ""; write it as http://host or https://host:port`, "", starts{}},
	{"no_proxy", "a.test\nEnvironment=X=1", `no_proxy: it holds a line break or another control character; write all entries in one line, separated by commas`, "192.168.0.0/16", starts{runtime: 1}},
}

// goodOptions make a node that has something to lose.
var goodOptions = map[string]string{
	"kubelet-extra-args": "max-pods=50", "kubelet-extra-config": "{maxPods: 50}", "proxy-extra-args": "v=2",
	"http_proxy": "http://proxy.test:3128", "https_proxy": "http://proxy.test:3128", "no_proxy": "127.0.0.0/8",
}

func TestABadOptionLeavesARunningNodeAsItWas(t *testing.T) {
	t.Parallel()
	w := Joined(t, Options{Config: goodOptions})
	for i, c := range badOptions {
		before, since := w.Traces(), w.starts()
		label := fmt.Sprintf("step-%d", i)
		w.Config(map[string]string{c.option: c.bad, "labels": "step=" + label})
		w.WantStatus("blocked", c.message)
		w.UpdateStatus()
		w.WantStatus("blocked", c.message)
		w.WantUntouched(before)
		if n := w.Warned(c.message); n != 1 {
			t.Errorf("%s was logged %d times, want once", c.message, n)
		}
		if got := w.API[0].Labels(w.Node)["step"]; got != label {
			t.Errorf("with a bad %s the option labels does not act: label is %q", c.option, got)
		}
		w.Config(map[string]string{c.option: c.good})
		w.WantStatus("active", "Kubernetes worker running.")
		w.WantStarts(since, c.restarts)
	}
}

func TestARunningNodeGoesBackToTheOldValueWithoutARestart(t *testing.T) {
	t.Parallel()
	w := Joined(t, Options{Config: goodOptions})
	before := w.Traces()
	for _, c := range badOptions {
		old, set := goodOptions[c.option]
		if !set {
			continue
		}
		w.Config(map[string]string{c.option: c.bad})
		w.WantStatus("blocked", c.message)
		w.Config(map[string]string{c.option: old})
		w.WantStatus("active", "Kubernetes worker running.")
	}
	w.WantUntouched(before)
}

func TestJujuItselfRefusesABooleanThatIsNone(t *testing.T) {
	t.Parallel()
	w := Joined(t, Options{})
	before := w.Traces()
	if err := w.Juju.SetConfig("kubernetes-worker", map[string]string{"require-manual-upgrade": "perhaps"}); err == nil {
		t.Fatal("Juju took it")
	}
	w.UpdateStatus()
	w.WantStatus("active", "Kubernetes worker running.")
	w.WantUntouched(before)
}

// Fault 10: an item of labels with two "=" fails the hook.
func TestAMalformedLabelIsSkippedAndTheOthersAct(t *testing.T) {
	t.Parallel()
	w := Joined(t, Options{})
	before := w.Traces()
	w.Config(map[string]string{"labels": "zone=a two=b=c alone bad/key/twice=x -x=1 tier=db"})
	w.UpdateStatus()
	w.WantStatus("active", "Kubernetes worker running.")
	w.WantUntouched(before)
	labels := w.API[0].Labels(w.Node)
	want := map[string]string{"kubernetes.io/hostname": w.Node, "juju-application": "kubernetes-worker", "juju-charm": "kubernetes-worker", "zone": "a", "tier": "db"}
	if !maps.Equal(labels, want) {
		t.Errorf("labels %v, want %v", labels, want)
	}
	for _, item := range []string{"two=b=c", "alone", "bad/key/twice=x", "-x=1"} {
		if n := w.Warned("Skipping malformed option: " + item + "."); n != 1 {
			t.Errorf("%s: %d warnings, want 1", item, n)
		}
	}
	w.Config(map[string]string{"labels": "two=b"})
	labels = w.API[0].Labels(w.Node)
	delete(want, "zone")
	delete(want, "tier")
	want["two"] = "b"
	if !maps.Equal(labels, want) {
		t.Errorf("labels %v, want %v", labels, want)
	}
}

// A fresh unit has no last good value. What reads the option is left alone until a person has corrected it: the default
// is nothing that anybody asked for.
func TestABadOptionFromTheStartKeepsBackOnlyWhatReadsIt(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		name, option, bad, good string
		channel                 string
		message                 string
		want                    starts
	}{
		{"the channel", "channel", "1.28/stabel", Channel, "", `channel: "1.28/stabel" names the risk "stabel"; it must be stable, candidate, beta or edge`, starts{}},
		{"kubelet's arguments", "kubelet-extra-args", "max_pods=60", "max-pods=60", "", `kubelet-extra-args: cannot use "max_pods": …`, starts{proxy: 1, runtime: 1}},
		{"arguments that the release does not have", "kubelet-extra-args", "container-runtime=docker", "max-pods=60", "", "kubelet-extra-args: container-runtime is gone since Kubernetes 1.27 and kubelet 1.28.1 would not start with it; remove it", starts{proxy: 1, runtime: 1}},
		{"kubelet's configuration", "kubelet-extra-config", "[]", "{maxPods: 60}", "", "kubelet-extra-config: line 1: it is no mapping; …", starts{proxy: 1, runtime: 1}},
		{"configuration that does not merge", "kubelet-extra-config", "authentication: none", "{maxPods: 60}", "", "kubelet-extra-config: authentication: a single value or a list is given where the configuration has a mapping; give a mapping", starts{proxy: 1, runtime: 1}},
		{"kube-proxy's arguments", "proxy-extra-args", "V=3", "v=3", "", `proxy-extra-args: cannot use "V": …`, starts{kubelet: 1, runtime: 1}},
		{"kube-proxy's arguments that the release does not have", "proxy-extra-args", "log-dir=/x", "v=3", "", "proxy-extra-args: log-dir is gone since Kubernetes 1.26 and kube-proxy 1.28.1 would not start with it; remove it", starts{kubelet: 1, runtime: 1}},
		{"a proxy", "http_proxy", "ftp://proxy.test", "http://proxy.test:3128", "", "http_proxy: a proxy is reached by …", starts{proxy: 1}},
		{"docker's source", "docker_runtime", "rkt", "auto", "1.23/stable", `docker_runtime: "rkt" is not known; …`, starts{proxy: 1}},
		{"docker's options", "docker-opts", "--debug\n--x", "--debug", "1.23/stable", "docker-opts: it holds a line break …", starts{proxy: 1}},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			config := map[string]string{c.option: c.bad}
			if c.channel != "" {
				config["channel"] = c.channel
			}
			w := related(t, Options{Config: config})
			for range 2 { // the second time there is something remembered of the other options
				w.WantStatus("blocked", c.message)
				if got := w.starts(); got.kubelet != c.want.kubelet || got.proxy != c.want.proxy || (got.runtime > 0) != (c.want.runtime > 0) {
					t.Fatalf("started %+v, want %+v", got, c.want)
				}
				if w.Restarts("docker.service") > 0 {
					t.Fatal("docker was started")
				}
				if c.want.kubelet == 0 && w.Exists("/var/snap/kubelet/current/args") && w.Read("/var/snap/kubelet/current/args") != "" {
					t.Fatalf("kubelet is configured: %s", w.Read("/var/snap/kubelet/current/args"))
				}
				if _, installed := w.Snapd.Snap("kubelet"); installed == (c.option == "channel") {
					t.Fatalf("kubelet installed: %v", installed)
				}
				w.UpdateStatus()
			}
			w.Config(map[string]string{c.option: c.good})
			w.WantStatus("active", "Kubernetes worker running.")
			if got := w.starts(); got.kubelet != 1 || got.proxy != 1 {
				t.Errorf("started %+v, want each service once", got)
			}
		})
	}
}

func TestAFlagThatTheInstalledReleaseDoesNotHaveBlocks(t *testing.T) {
	t.Parallel()
	w := Joined(t, Options{Config: map[string]string{"kubelet-extra-args": "max-pods=50", "proxy-extra-args": "v=2"}})
	for _, c := range []struct{ option, bad, message, good string }{
		{"kubelet-extra-args", "max-pods=50 container-runtime=docker", "kubelet-extra-args: container-runtime is gone since Kubernetes 1.27 and kubelet 1.28.1 would not start with it; remove it", "max-pods=50"},
		{"kubelet-extra-args", "cni-bin-dir=/x", "kubelet-extra-args: cni-bin-dir is gone since Kubernetes 1.24 and kubelet 1.28.1 would not start with it; use the CNI settings of containerd instead", "max-pods=50"},
		{"kubelet-extra-args", "dynamic-config-dir=/x", "kubelet-extra-args: dynamic-config-dir is gone since Kubernetes 1.24 and kubelet 1.28.1 would not start with it; use kubelet-extra-config instead", "max-pods=50"},
		{"kubelet-extra-config", "featureGates: {DevicePlugins: true}", "kubelet-extra-config: featureGates: the feature gate DevicePlugins is gone since Kubernetes 1.28 and kubelet 1.28.1 would not start with it; remove it", "{}"},
		{"proxy-extra-args", "log-dir=/var/log/kp", "proxy-extra-args: log-dir is gone since Kubernetes 1.26 and kube-proxy 1.28.1 would not start with it; remove it", "v=2"},
	} {
		before := w.Traces()
		w.Config(map[string]string{c.option: c.bad})
		w.UpdateStatus()
		w.WantStatus("blocked", c.message)
		w.Config(map[string]string{c.option: c.good})
		w.WantStatus("active", "Kubernetes worker running.")
		w.WantUntouched(before)
	}
	// One refused option does not hold up another one of the same daemon.
	since := w.starts()
	w.Config(map[string]string{"kubelet-extra-args": "container-runtime=docker", "kubelet-extra-config": "{maxPods: 70}"})
	w.WantStatus("blocked", "kubelet-extra-args: container-runtime is gone …")
	w.WantStarts(since, starts{kubelet: 1})
	if config := w.Read("/root/cdk/kubelet/config.yaml"); !strings.Contains(config, "maxPods: 70") {
		t.Errorf("kubelet-extra-config does not act: %s", config)
	}
	if args := w.Read("/var/snap/kubelet/current/args"); !strings.Contains(args, `--max-pods="50"`) {
		t.Errorf("the last good arguments are gone: %s", args)
	}
}

func TestAllowPrivilegedRestartsAKubeletThatHasItOnce(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		channel, wire string
		has           bool
	}{{AncientChannel, "old", true}, {RawChannel, "old", false}, {Channel, "both", false}} {
		t.Run(c.channel, func(t *testing.T) {
			t.Parallel()
			w := begin(t, Options{Config: map[string]string{"channel": c.channel}, Wire: c.wire}, join())
			for _, step := range []struct{ option, argument string }{{"false", "false"}, {"auto", "false"}, {"true", "true"}} {
				before, since := w.kubeletArgument("allow-privileged"), w.starts()
				w.Config(map[string]string{"allow-privileged": step.option})
				w.WantStatus("active", running)
				want, restarts := "", starts{}
				if c.has {
					want = step.argument
				}
				if want != before {
					restarts.kubelet = 1
				}
				w.WantStarts(since, restarts)
				if got := w.kubeletArgument("allow-privileged"); got != want {
					t.Errorf("allow-privileged=%s came to %q, want %q", step.option, got, want)
				}
			}
			told := 0
			for line := range strings.Lines(w.Log()) {
				if strings.Contains(line, "allow-privileged=false is ignored: kubelet ") {
					told++
				}
			}
			if (told == 1) == c.has || told > 1 {
				t.Errorf("told %d times that it has no effect", told)
			}
		})
	}
}

// kubeletArgument is what the kubelet is started with; empty where it is not given.
func (w *World) kubeletArgument(name string) string {
	w.T.Helper()
	for word := range strings.FieldsSeq(w.Read("/var/snap/kubelet/current/args")) {
		if word == "--"+name {
			return "true" // as the snaps write it
		}
		if value, ok := strings.CutPrefix(word, "--"+name+"="); ok {
			return strings.Trim(value, `"`)
		}
	}
	return ""
}
