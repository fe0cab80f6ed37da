package options_test

import (
	"maps"
	"reflect"
	"slices"
	"strings"
	"testing"

	"kubernetes-worker/internal/arguments"
	"kubernetes-worker/internal/options"
)

func TestNothingConfiguredGivesTheDefaults(t *testing.T) {
	for name, config := range map[string]map[string]any{
		"no configuration": nil,
		"null values":      {"channel": nil, "labels": nil, "require-manual-upgrade": nil, "http_proxy": nil},
		"the defaults of config.yaml": {"channel": "1.12/stable", "require-manual-upgrade": true, "allow-privileged": "true", "kubelet-extra-args": "",
			"proxy-extra-args": "", "kubelet-extra-config": "{}", "docker_runtime": "auto", "docker-opts": "", "http_proxy": "", "https_proxy": "", "no_proxy": ""},
	} {
		got, findings := options.Parse(config)
		if len(findings) > 0 || !reflect.DeepEqual(got, options.Defaults()) {
			t.Errorf("%s: %+v, %v", name, got, findings)
		}
	}
}

func TestGoodValuesAreRead(t *testing.T) {
	got, findings := options.Parse(map[string]any{
		"channel":                "1.28/edge/fix-1",
		"require-manual-upgrade": false,
		"allow-privileged":       " Auto ",
		"kubelet-extra-args":     "--max-pods=50 v=2",
		"proxy-extra-args":       "proxy-mode=ipvs",
		"kubelet-extra-config":   "evictionHard:\n  memory.available: 100Mi\nmaxPods: 50\n",
		"labels":                 "zone=a role=\n old- gone=-",
		"docker_runtime":         "apt",
		"docker-opts":            "  --log-level=debug --label=a\n",
		"http_proxy":             "http://user:pa%20ss@proxy:3128",
		"https_proxy":            "proxy.example.com:3128",
		"no_proxy":               "10.0.0.0/8,.example.com",
	})
	want := options.Options{
		Channel:            options.Channel{Track: "1.28", Risk: "edge", Branch: "fix-1"},
		AllowPrivileged:    options.PrivilegedAuto,
		KubeletExtraArgs:   []arguments.Argument{{Key: "max-pods", Value: "50"}, {Key: "v", Value: "2"}},
		ProxyExtraArgs:     []arguments.Argument{{Key: "proxy-mode", Value: "ipvs"}},
		KubeletExtraConfig: map[string]any{"evictionHard": map[string]any{"memory.available": "100Mi"}, "maxPods": int64(50)},
		Labels:             options.Labels{Set: map[string]string{"zone": "a", "role": ""}, Remove: map[string]bool{"old": true, "gone": true}},
		DockerRuntime:      options.RuntimeApt,
		DockerOpts:         "--log-level=debug --label=a",
		SnapdRefresh:       options.RefreshMax,
		NagiosContext:      "juju",
		Ingress:            true,
		Packages:           options.Defaults().Packages,
		Proxy:              options.Proxy{HTTP: "http://user:pa%20ss@proxy:3128", HTTPS: "proxy.example.com:3128", NoProxy: "10.0.0.0/8,.example.com"},
		Invalid:            map[options.Option]error{},
	}
	if len(findings) > 0 || !reflect.DeepEqual(got, want) {
		t.Errorf("got %+v\nwant %+v\nfindings %v", got, want, findings)
	}
}

// bad holds one bad value for each option that can be bad, and a word that the message must have.
var bad = []struct {
	option   options.Option
	value    any
	mentions string
}{
	{options.ChannelOption, "", "1.12/stable"},
	{options.ChannelOption, "1.12/stabel", "stable, candidate, beta or edge"},
	{options.ChannelOption, "1.12/stable/a/b", "three parts"},
	{options.ChannelOption, "stable/a/b", "after its branch"},
	{options.ChannelOption, "1.12 stable", "track/risk"},
	{options.ChannelOption, "1.12//x", "track/risk"},
	{options.ChannelOption, "--classic", "track/risk"},
	{options.ChannelOption, "1.12/stable\nx", "track/risk"},
	{options.ChannelOption, 1.12, "string"},
	{options.RequireManualUpgrade, "false", "boolean"},
	{options.AllowPrivileged, "maybe", "true, false or auto"},
	{options.AllowPrivileged, "", "true, false or auto"},
	{options.AllowPrivileged, true, "string"},
	{options.KubeletExtraArgs, "max_pods=1", `"max_pods"`},
	{options.KubeletExtraArgs, "ok=1 Bad=2 Worse=3", `"Worse"`},
	{options.ProxyExtraArgs, "v=\x01", "control character"},
	{options.KubeletExtraConfig, "[1]", "mapping"},
	{options.KubeletExtraConfig, "", "{}"},
	{options.KubeletExtraConfig, "a: 1\n b: 2", "line 2"},
	{options.DockerRuntime, "rkt", "auto, apt, upstream, nvidia"},
	{options.DockerRuntime, "", "auto, apt, upstream, nvidia"},
	{options.DockerOpts, "--a\n--b", "one line"},
	{options.DockerOpts, "--a\t--b", "control character"},
	{options.HTTPProxy, "ftp://proxy:21", "http, https or socks5"},
	{options.HTTPProxy, "http://", "host"},
	{options.HTTPProxy, "http://a b", "blank"},
	{options.HTTPProxy, "http://user:hunter2@proxy:x", "http://host:port"},
	{options.HTTPSProxy, "http://proxy:1\nEnvironment=X", "line break"},
	{options.HTTPSProxy, 3128, "string"},
	{options.NoProxy, strings.Repeat("x", 2025), "no_proxy longer than 2024 chars."},
	{options.NoProxy, "a\nb", "line break"},
}

func TestABadValueBlocksItsOptionOnly(t *testing.T) {
	for _, c := range bad {
		config := map[string]any{"docker-opts": "--debug", "labels": "a=b", string(c.option): c.value}
		got, findings := options.Parse(config)
		if len(findings) != 1 || findings[0].Severity != options.Blocked || findings[0].Option != c.option {
			t.Errorf("%s=%.40q: findings %v", c.option, c.value, findings)
			continue
		}
		message := findings[0].Message
		if !strings.HasPrefix(message, string(c.option)+": ") || !strings.Contains(message, c.mentions) || strings.ContainsAny(message, "\n\x01") {
			t.Errorf("%s=%.40q: message %q", c.option, c.value, message)
		}
		if strings.Contains(message, "hunter2") {
			t.Errorf("%s: the message shows a password: %q", c.option, message)
		}
		if !slices.Equal(got.InvalidOptions(), []options.Option{c.option}) {
			t.Errorf("%s: invalid are %v", c.option, got.InvalidOptions())
		}
		if c.option != options.DockerOpts && got.DockerOpts != "--debug" || got.Labels.Set["a"] != "b" {
			t.Errorf("%s: the other options do not act: %+v", c.option, got)
		}
	}
}

func TestABadValueLeavesTheLastGoodOneInForce(t *testing.T) {
	good := map[string]any{
		"channel": "1.20/edge", "require-manual-upgrade": false, "allow-privileged": "false", "kubelet-extra-args": "v=3", "proxy-extra-args": "v=4",
		"kubelet-extra-config": "{maxPods: 7}", "docker_runtime": "apt", "docker-opts": "--debug", "http_proxy": "http://p:1", "https_proxy": "http://p:2", "no_proxy": "x",
	}
	before, findings := options.Parse(good)
	if len(findings) > 0 {
		t.Fatal(findings)
	}
	remembered := before.Good(good, nil)
	if !reflect.DeepEqual(remembered, good) {
		t.Fatalf("remembered %v", remembered)
	}
	for _, c := range bad {
		config := maps.Clone(good)
		config[string(c.option)] = c.value
		config["labels"] = "new=1"
		got, findings := options.ParseKeeping(config, remembered)
		if len(findings) != 1 || got.Invalid[c.option] == nil {
			t.Errorf("%s: findings %v", c.option, findings)
		}
		next := got.Good(config, remembered)
		if next["labels"] != "new=1" || next[string(c.option)] != good[string(c.option)] {
			t.Errorf("%s=%.20q: next remembered %v", c.option, c.value, next)
		}
		got.Invalid, got.Labels = before.Invalid, before.Labels
		if !reflect.DeepEqual(got, before) {
			t.Errorf("%s=%.20q: in force is %+v, want %+v", c.option, c.value, got, before)
		}
	}
}

func TestNothingGoodRememberedMeansTheDefault(t *testing.T) {
	got, findings := options.ParseKeeping(map[string]any{"docker_runtime": "rkt"}, map[string]any{"docker_runtime": "also bad"})
	if got.DockerRuntime != options.RuntimeAuto || len(findings) != 1 {
		t.Errorf("%v, %v", got.DockerRuntime, findings)
	}
	if good := got.Good(map[string]any{"docker_runtime": "rkt"}, nil); len(good) != 0 {
		t.Errorf("good = %v", good)
	}
}

func TestAnOptionThatWasNeverGoodIsUnknown(t *testing.T) {
	config := map[string]any{"kubelet-extra-args": "Bad=1", "docker-opts": "--debug"}
	got, _ := options.ParseKeeping(config, map[string]any{"docker-opts": "--x"})
	if !got.AnyUnknown(options.DockerOpts, options.KubeletExtraArgs) || got.AnyUnknown(options.DockerOpts) {
		t.Errorf("unknown are %v", got.Unknown)
	}
	got, _ = options.ParseKeeping(config, map[string]any{"kubelet-extra-args": "v=3"})
	if got.AnyUnknown(options.KubeletExtraArgs) || len(got.KubeletExtraArgs) != 1 {
		t.Errorf("unknown are %v, arguments %v", got.Unknown, got.KubeletExtraArgs)
	}
	last := options.Remembered(map[string]any{"kubelet-extra-args": "v=3"})
	if last.AnyUnknown(options.KubeletExtraArgs) || !last.AnyUnknown(options.KubeletExtraConfig) {
		t.Errorf("unknown are %v", last.Unknown)
	}
}

func TestAPasswordIsNotRemembered(t *testing.T) {
	config := map[string]any{"http_proxy": "http://user:hunter2@proxy:3128", "https_proxy": "http://proxy:3128"}
	got, _ := options.Parse(config)
	good := got.Good(config, nil)
	if _, kept := good["http_proxy"]; kept || good["https_proxy"] != "http://proxy:3128" {
		t.Errorf("remembered %v", good)
	}
	config["http_proxy"] = "ftp://x"
	if got, _ := options.ParseKeeping(config, good); !got.AnyUnknown(options.HTTPProxy) {
		t.Error("a value that was not remembered is known")
	}
}

func TestChannelsAreWrittenInFull(t *testing.T) {
	for text, want := range map[string]string{
		"1.12/stable": "1.12/stable", "1.12": "1.12/stable", "edge": "latest/edge", "latest": "latest/stable", "edge/fix": "latest/edge/fix",
		"1.29-eksd/beta/x_1": "1.29-eksd/beta/x_1", "stable": "latest/stable",
	} {
		if got, err := options.ParseChannel(text); err != nil || got.String() != want {
			t.Errorf("ParseChannel(%q) = %v, %v; want %s", text, got, err, want)
		}
	}
}

func FuzzParse(f *testing.F) {
	f.Add("1.12/stable", "a=b c-", "{a: 1}", "http://p:1", "v=1", "--x")
	f.Add("a/b/c", "juju-application=x a=b=c", "a: &x [*x]", "://", "V=\n", "\n")
	f.Fuzz(func(t *testing.T, channel, labels, config, proxy, args, opts string) {
		parsed, findings := options.Parse(map[string]any{"channel": channel, "labels": labels, "kubelet-extra-config": config,
			"http_proxy": proxy, "no_proxy": proxy, "kubelet-extra-args": args, "docker-opts": opts})
		for _, finding := range findings {
			if finding.Severity == options.Blocked && parsed.Invalid[finding.Option] == nil {
				t.Errorf("%s is blocked but not invalid", finding.Option)
			}
		}
		if again, err := options.ParseChannel(parsed.Channel.String()); err != nil || again != parsed.Channel {
			t.Errorf("channel %v reads back as %v, %v", parsed.Channel, again, err)
		}
		if strings.ContainsAny(parsed.Proxy.HTTP+parsed.Proxy.NoProxy+parsed.DockerOpts, "\r\n\x00") {
			t.Errorf("a line break got through: %+v", parsed)
		}
	})
}
