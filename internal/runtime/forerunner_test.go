package runtime_test

import (
	"slices"
	"strings"
	"testing"

	"kubernetes-worker/internal/options"
	"kubernetes-worker/internal/runtime"
)

func TestDockerOfTheForerunnerIsKnownByWhatItDoes(t *testing.T) {
	const unit = "[Service]\nEnvironmentFile=-/etc/default/docker\nExecStart=/usr/bin/dockerd -H fd:// $DOCKER_OPTS\n"
	proxy := options.Proxy{HTTP: "http://p%40q:1", NoProxy: "a"}
	proxies := unit + "Environment=\"NO_PROXY=a\"\nEnvironment=\"HTTP_PROXY=http://p%40q:1\"\nEnvironment=\"HTTPS_PROXY=\"\n"
	plain := runtime.Docker{Source: options.RuntimeApt, CgroupDriver: "cgroupfs", CgroupVersion: 1}
	full := plain
	full.Opts, full.Managed = "--debug --log-level=warn", map[string][]string{"bip": {"10.1.1.1/24"}, "mtu": {"1450"}, "live-restore": nil}
	shared, special, other, nvidia := plain, plain, plain, plain
	shared.ShareIPC = true
	special.Opts = `--label=$x`
	other.CgroupDriver = "systemd"
	nvidia.Source, nvidia.Daemon = options.RuntimeNvidia, runtime.DaemonConfig{Runtimes: true, Nvidia: true}
	for name, c := range map[string]struct {
		docker  runtime.Docker
		proxy   options.Proxy
		version string
		opts    string
		unit    string
		want    string
	}{
		"nothing special":                  {plain, options.Proxy{}, "", "  ", unit, ""},
		"options in another order":         {full, options.Proxy{}, "", " --mtu=1450 --live-restore --bip=10.1.1.1/24  --debug --log-level=warn", unit, ""},
		"an option less":                   {full, options.Proxy{}, "", " --mtu=1450 --live-restore --bip=10.1.1.1/24  --debug", unit, "docker's options"},
		"proxies":                          {plain, proxy, "", "  ", proxies, ""},
		"no proxies any more":              {plain, options.Proxy{}, "", "  ", proxies, "docker's proxies"},
		"proxies now":                      {plain, proxy, "", "  ", unit, "docker's proxies"},
		"the packaged unit":                {plain, options.Proxy{}, "", "  ", "[Service]\nExecStart=/usr/bin/dockerd -H fd://\n", "docker's unit is not the one of the charm before"},
		"no file of options":               {plain, options.Proxy{}, "", "none", unit, "docker's options"},
		"a docker that shares by itself":   {shared, options.Proxy{}, "18.09.7-0ubuntu1", "  ", unit, ""},
		"… and one with an epoch":          {shared, options.Proxy{}, "5:19.03.15~3-0~ubuntu-bionic", "  ", unit, ""},
		"a docker that has to be told":     {shared, options.Proxy{}, "5:20.10.7~3-0~ubuntu-focal", "  ", unit, "docker's options"},
		"a docker of an unknown version":   {shared, options.Proxy{}, "", "  ", unit, "docker's options"},
		"what systemd took for a variable": {special, options.Proxy{}, "", `  --label=$x`, unit, "docker's options"},
		"another driver of cgroups":        {other, options.Proxy{}, "", "  ", unit, "docker's options"},
		"nvidia":                           {nvidia, options.Proxy{}, "", "   --default-runtime=nvidia", unit, ""},
	} {
		have := map[string][]byte{"/etc/default/docker": []byte("# a comment\n\nDOCKER_OPTS=\"" + c.opts + "\"\n"), "/lib/systemd/system/docker.service": []byte(c.unit)}
		if c.opts == "none" {
			delete(have, "/etc/default/docker")
		}
		if got := strings.Join(runtime.ForerunnerDiffers(c.docker, c.proxy, c.version, have), ", "); got != c.want {
			t.Errorf("%s: %q, want %q", name, got, c.want)
		}
	}
	if !slices.Equal(runtime.ForerunnerFiles(), []string{"/etc/default/docker", "/lib/systemd/system/docker.service"}) {
		t.Error(runtime.ForerunnerFiles())
	}
}
