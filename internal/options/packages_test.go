package options_test

import (
	"strings"
	"testing"

	"kubernetes-worker/internal/options"
)

func TestPackagesArePassedOnAsTheyAre(t *testing.T) {
	got, findings := options.Parse(map[string]any{
		"docker-ce-package": " docker-ce=5:24.0.9-1~ubuntu.22.04~jammy\n", "nvidia-docker-package": "nvidia-docker2=2.0*",
		"nvidia-container-runtime-package": "libnvidia-container+tools.x", "cuda_repo": "12.4.1-1",
	})
	p := got.Packages
	if len(findings) > 0 || p.Docker != "docker-ce=5:24.0.9-1~ubuntu.22.04~jammy" || p.NvidiaDocker != "nvidia-docker2=2.0*" ||
		p.NvidiaRuntime != "libnvidia-container+tools.x" || p.CUDARepo != "12.4.1-1" {
		t.Errorf("%+v, %v", p, findings)
	}
	if got, findings := options.Parse(map[string]any{"cuda_repo": "", "apt-key-server": " "}); len(findings) > 0 || got.Packages.CUDARepo != "" || got.Packages.KeyServer != "" {
		t.Errorf("%+v, %v", got.Packages, findings)
	}
}

func TestWhatIsNoPackageIsBlockedByName(t *testing.T) {
	for _, option := range []string{"docker-ce-package", "nvidia-docker-package", "nvidia-container-runtime-package"} {
		for _, value := range []any{"", "-y", "--allow-unauthenticated", "docker-ce docker", "docker-ce;reboot", "docker-ce=", "docker-ce=$(x)", "/tmp/x.deb", "docker-ce-", "Docker", "docker\nce", 5, strings.Repeat("x ", 1<<19)} {
			_, findings := options.Parse(map[string]any{option: value})
			if len(findings) != 1 || findings[0].Severity != options.Blocked || !strings.HasPrefix(findings[0].Message, option+": ") || len(findings[0].Message) > 300 {
				t.Errorf("%s=%.20v: %v", option, value, findings)
			}
		}
	}
	for _, value := range []any{"../../x", "1.0 2", "1.0;x", "x", "1/2", true} {
		if _, findings := options.Parse(map[string]any{"cuda_repo": value}); len(findings) != 1 || !strings.HasPrefix(findings[0].Message, "cuda_repo: ") {
			t.Errorf("%v: %v", value, findings)
		}
	}
}

func TestKeyServersAreWrittenAsGpgTakesThem(t *testing.T) {
	for value, want := range map[string]string{
		"hkp://keyserver.ubuntu.com:80": "http://keyserver.ubuntu.com:80", "hkp://keys.test": "http://keys.test:11371",
		"hkps://keys.test": "https://keys.test", "https://keys.test/": "https://keys.test", "keys.test": "http://keys.test:11371",
		"http://[2001:db8::1]:80": "http://[2001:db8::1]:80", "hkp://[2001:db8::1]": "http://[2001:db8::1]:11371",
	} {
		if got, findings := options.Parse(map[string]any{"apt-key-server": value}); len(findings) > 0 || got.Packages.KeyServer != want {
			t.Errorf("%s: %q, %v; want %q", value, got.Packages.KeyServer, findings, want)
		}
	}
	for _, value := range []string{"ftp://keys.test", "file:///etc/shadow", "hkp://", "https://keys.test/pks?x=1", "https://me:hunter2@keys.test", "https://keys.test:x", "a b", "hkp://a\nb", "https://keys.test/path", "https://a\"b"} {
		_, findings := options.Parse(map[string]any{"apt-key-server": value})
		if len(findings) != 1 || findings[0].Severity != options.Blocked || strings.Contains(findings[0].Message, "hunter2") {
			t.Errorf("%q: %v", value, findings)
		}
	}
}
