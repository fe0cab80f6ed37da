package runtime_test

import (
	"slices"
	"strings"
	"testing"

	"kubernetes-worker/internal/options"
	"kubernetes-worker/internal/runtime"
)

var (
	jammy    = runtime.Place{ID: "ubuntu", Version: "22.04", Codename: "jammy", Arch: "amd64"}
	defaults = options.Defaults().Packages
)

func originOf(t *testing.T, source options.Runtime, docker bool) runtime.Origin {
	t.Helper()
	origin, err := runtime.OriginOf(source, docker, defaults, jammy)
	if err != nil {
		t.Fatal(err)
	}
	return origin
}

func TestEachSourceHasItsPackagesAndRepositories(t *testing.T) {
	const docker = "deb [arch=amd64 signed-by=/etc/apt/keyrings/kubernetes-worker-docker.gpg] https://download.docker.com/linux/ubuntu jammy stable"
	const tools = "deb [signed-by=/etc/apt/keyrings/kubernetes-worker-nvidia.gpg] https://nvidia.github.io/libnvidia-container/stable/deb/amd64 /"
	const drivers = "deb [signed-by=/etc/apt/keyrings/kubernetes-worker-cuda.gpg] https://developer.download.nvidia.com/compute/cuda/repos/ubuntu2204/x86_64/ /"
	for _, c := range []struct {
		source   options.Runtime
		docker   bool
		packages string
		lines    []string
	}{
		{options.RuntimeApt, true, "docker.io", nil},
		{options.RuntimeApt, false, "containerd", nil},
		{options.RuntimeUpstream, true, "docker-ce", []string{docker}},
		{options.RuntimeUpstream, false, "containerd.io", []string{docker}},
		{options.RuntimeNvidia, true, "docker-ce nvidia-container-toolkit cuda-drivers", []string{docker, tools, drivers}},
		{options.RuntimeNvidia, false, "containerd.io nvidia-container-toolkit cuda-drivers", []string{docker, tools, drivers}},
	} {
		origin := originOf(t, c.source, c.docker)
		var lines []string
		for _, r := range origin.Repositories {
			lines = append(lines, r.Line)
			if runtime.KeyringOf(r.List) != r.Keyring || !slices.Contains(runtime.Lists(jammy), r.List) || !strings.Contains(r.Line, r.Keyring) {
				t.Errorf("%s: list and keyring do not belong together: %+v", r.Name, r)
			}
			last := r.KeyURLs[len(r.KeyURLs)-1]
			if last != "http://keyserver.ubuntu.com:80/pks/lookup?op=get&options=mr&search=0x"+r.Fingerprint || !strings.HasPrefix(r.KeyURLs[0], "https://") {
				t.Errorf("%s: keys come from %v", r.Name, r.KeyURLs)
			}
		}
		if strings.Join(origin.Packages, " ") != c.packages || !slices.Equal(lines, c.lines) {
			t.Errorf("%s, docker %t: %v from\n%s", c.source, c.docker, origin.Packages, strings.Join(lines, "\n"))
		}
	}
}

func TestWhatAPersonNamesIsInstalledAsItIs(t *testing.T) {
	o := options.RuntimePackages{Docker: "docker-ce=5:24*", NvidiaDocker: "nvidia-docker2=2.13", NvidiaRuntime: "nvidia-container-runtime"}
	origin, err := runtime.OriginOf(options.RuntimeNvidia, true, o, jammy)
	if err != nil || strings.Join(origin.Packages, " ") != "docker-ce=5:24* nvidia-docker2=2.13 nvidia-container-toolkit" || len(origin.Repositories) != 2 {
		t.Errorf("%+v, %v", origin, err)
	}
	if len(origin.Repositories[0].KeyURLs) != 1 {
		t.Errorf("without a key server keys come from %v", origin.Repositories[0].KeyURLs)
	}
	for _, name := range []string{"docker-ce", "containerd.io", "nvidia-docker2", "nvidia-container-toolkit"} {
		if !slices.Contains(origin.Hold, name) {
			t.Errorf("%s is not held: %v", name, origin.Hold)
		}
	}
	inContainer := jammy
	inContainer.Container = true
	if origin, _ := runtime.OriginOf(options.RuntimeNvidia, true, defaults, inContainer); slices.Contains(origin.Packages, "cuda-drivers") {
		t.Errorf("drivers in a container: %v", origin.Packages)
	}
}

func TestAMachineWithoutSuchASourceIsNamed(t *testing.T) {
	arm, suse := jammy, runtime.Place{ID: "opensuse-leap", Version: "15.5", Arch: "amd64"}
	arm.Arch = "arm64"
	for _, c := range []struct {
		source options.Runtime
		place  runtime.Place
		want   string
	}{
		{options.RuntimeNvidia, arm, "the nvidia runtime is for amd64, and this machine is arm64"},
		{options.RuntimeUpstream, suse, "there is no repository of Docker's for opensuse-leap 15.5"},
		{options.RuntimeUpstream, runtime.Place{}, "there is no repository of Docker's for "},
	} {
		if _, err := runtime.OriginOf(c.source, true, defaults, c.place); err == nil || err.Error() != c.want {
			t.Errorf("%s on %s: %v", c.source, c.place.ID, err)
		}
	}
	if _, err := runtime.OriginOf(options.RuntimeApt, true, defaults, suse); err != nil {
		t.Error(err)
	}
}

func TestInstalledPackagesTellTheirSource(t *testing.T) {
	ubuntu := runtime.Installed{"docker.io": "24", "containerd": "1.7", "runc": "1.1"}
	maker := runtime.Installed{"docker-ce": "5:24", "docker-ce-cli": "5:24", "containerd.io": "1.6"}
	gpu := runtime.Installed{"docker-ce": "5:24", "docker-ce-cli": "5:24", "containerd.io": "1.6", "nvidia-container-toolkit": "1.16", "cuda-drivers": "550"}
	engine := runtime.Installed{"docker-engine": "17"}
	for name, c := range map[string]struct {
		installed      runtime.Installed
		docker, nvidia bool
		source         options.Runtime // that it is
		has            []options.Runtime
		wayTo          options.Runtime
		inTheWay       string
	}{
		"nothing":                        {runtime.Installed{}, true, false, "", nil, options.RuntimeApt, ""},
		"from the distribution":          {ubuntu, true, false, options.RuntimeApt, []options.Runtime{options.RuntimeApt}, options.RuntimeUpstream, "containerd docker.io runc"},
		"its containerd":                 {ubuntu, false, false, options.RuntimeApt, []options.Runtime{options.RuntimeApt}, options.RuntimeUpstream, "containerd docker.io runc"},
		"docker.io without containerd":   {runtime.Installed{"docker.io": "1"}, false, false, options.RuntimeApt, []options.Runtime{options.RuntimeApt}, options.RuntimeApt, ""},
		"from docker":                    {maker, true, false, options.RuntimeUpstream, []options.Runtime{options.RuntimeUpstream}, options.RuntimeApt, "containerd.io docker-ce docker-ce-cli"},
		"from docker, on to nvidia":      {maker, true, false, options.RuntimeUpstream, []options.Runtime{options.RuntimeUpstream}, options.RuntimeNvidia, ""},
		"docker's containerd":            {maker, false, false, options.RuntimeUpstream, []options.Runtime{options.RuntimeUpstream}, options.RuntimeApt, "containerd.io docker-ce docker-ce-cli"},
		"nvidia":                         {gpu, true, true, options.RuntimeNvidia, []options.Runtime{options.RuntimeUpstream, options.RuntimeNvidia}, options.RuntimeUpstream, "nvidia-container-toolkit"},
		"nvidia of somebody else":        {gpu, true, false, options.RuntimeUpstream, []options.Runtime{options.RuntimeUpstream, options.RuntimeNvidia}, options.RuntimeUpstream, ""},
		"docker's old package":           {engine, true, false, options.RuntimeUpstream, []options.Runtime{options.RuntimeUpstream}, options.RuntimeApt, "docker-engine"},
		"docker's old package as wanted": {engine, true, false, options.RuntimeUpstream, []options.Runtime{options.RuntimeUpstream}, options.RuntimeUpstream, ""},
	} {
		if got := c.installed.Source(c.docker, c.nvidia, defaults); got != c.source {
			t.Errorf("%s: comes from %q, want %q", name, got, c.source)
		}
		var has []options.Runtime
		for _, source := range []options.Runtime{options.RuntimeApt, options.RuntimeUpstream, options.RuntimeNvidia} {
			if c.installed.Has(originOf(t, source, c.docker)) {
				has = append(has, source)
			}
		}
		if !slices.Equal(has, c.has) {
			t.Errorf("%s: has all of %v, want %v", name, has, c.has)
		}
		if got := strings.Join(c.installed.InTheWay(originOf(t, c.wayTo, c.docker), c.nvidia, defaults), " "); got != c.inTheWay {
			t.Errorf("%s: in the way to %s are %q, want %q", name, c.wayTo, got, c.inTheWay)
		}
	}
}

func TestAllPackagesThatCountAreLookedFor(t *testing.T) {
	names := runtime.PackageNames(options.RuntimePackages{Docker: "docker-ce=5:24", NvidiaDocker: "mine", NvidiaRuntime: "other=1"})
	for _, name := range []string{"docker-ce", "mine", "other", "docker.io", "nvidia-container-toolkit"} {
		if !slices.Contains(names, name) {
			t.Errorf("%s is not looked for", name)
		}
	}
	if slices.ContainsFunc(names, func(n string) bool { return strings.Contains(n, "=") }) {
		t.Errorf("%v", names)
	}
}
