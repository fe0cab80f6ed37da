package nagios_test

import (
	"errors"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"kubernetes-worker/internal/nagios"
)

func TestDescriptionsAndCommandsNameTheService(t *testing.T) {
	host := nagios.Host{Name: "juju-worker-0", ServiceGroups: "web, db", Unit: "site:worker/0"}
	const service = "snap.kubelet.daemon"
	if got := nagios.CommandFile(service); got != "/etc/nagios/nrpe.d/check_snap.kubelet.daemon.cfg" {
		t.Error(got)
	}
	if got := host.ExportFile(service); got != "/var/lib/nagios/export/service__juju-worker-0_check_snap.kubelet.daemon.cfg" {
		t.Error(got)
	}
	want := `#---------------------------------------------------
# This file is managed by Juju
#---------------------------------------------------
define service {
    use                             active-service
    host_name                       juju-worker-0
    service_description             juju-worker-0[snap.kubelet.daemon] process check {site:worker/0}
    check_command                   check_nrpe!check_snap.kubelet.daemon
    servicegroups                   web, db
}
`
	if got := string(host.ExportContent(service)); got != want {
		t.Errorf("description:\n%s\nwant\n%s", got, want)
	}
	host.ServiceGroups = ""
	if got := string(host.CommandContent(service, "/p/check")); got != "# check snap.kubelet.daemon\ncommand[check_snap.kubelet.daemon]=/p/check snap.kubelet.daemon\n" {
		t.Errorf("command without groups:\n%s", got)
	}
	if got := string(host.ExportContent(service)); strings.Contains(got, "servicegroups") {
		t.Errorf("description without groups:\n%s", got)
	}
}

// The plugin is run by a shell, with a systemctl that says what the test wants.
func TestThePluginTellsGoodCriticalAndUnknownByItsExitStatus(t *testing.T) {
	for state, want := range map[string]int{"active": 0, "inactive": 2, "failed": 2, "activating": 2, "unknown": 3, "": 3} {
		dir := t.TempDir()
		plugin := filepath.Join(dir, "plugin")
		for path, text := range map[string]string{plugin: nagios.PluginScript, filepath.Join(dir, "systemctl"): "#!/bin/sh\n[ \"$1 $2\" = \"is-active docker\" ] || exit 9\necho " + state + "\n[ '" + state + "' = active ]\n"} {
			if err := os.WriteFile(path, []byte(text), 0o755); err != nil {
				t.Fatal(err)
			}
		}
		run := exec.Command(plugin, "docker")
		run.Env = []string{"PATH=" + dir + ":" + os.Getenv("PATH")}
		out, err := run.Output()
		code := 0
		var exit *exec.ExitError
		if errors.As(err, &exit) {
			code = exit.ExitCode()
		} else if err != nil {
			t.Fatal(err)
		}
		if code != want || strings.Count(string(out), "\n") != 1 {
			t.Errorf("%q: status %d, want %d: %s", state, code, want, out)
		}
	}
}

func TestNamesAndGroupsThatWouldBreakOutOfAFileAreRefused(t *testing.T) {
	for _, good := range []string{"juju", "juju-kubernetes-worker-0", "a.b_C9"} {
		if reason := nagios.CheckName(good); reason != "" {
			t.Errorf("%q %s", good, reason)
		}
	}
	for _, bad := range []string{"", "-a", ".a", "a/b", "a b", "a\n", "a{", "a}", "a;b", "$A$", "ä", "a\x00", strings.Repeat("a", 129)} {
		if nagios.CheckName(bad) == "" {
			t.Errorf("%q is let through", bad)
		}
	}
	for _, good := range []string{"", "web", "web, db", "a/b"} {
		if reason := nagios.CheckGroups(good); reason != "" {
			t.Errorf("%q %s", good, reason)
		}
	}
	for _, bad := range []string{"a\nb", "a;b", "a{b", "a#b", "$USER1$", "a\x00", strings.Repeat("a", 1025)} {
		if nagios.CheckGroups(bad) == "" {
			t.Errorf("%q is let through", bad)
		}
	}
}
