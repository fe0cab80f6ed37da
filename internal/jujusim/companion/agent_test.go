package companion

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
)

func TestAMonitoringAgentSaysItsNameAndSetsUpTheMachineOnce(t *testing.T) {
	w := world(t, "nrpe", "nrpe-external-master", 1, map[string]string{"host-context": "site"}, Peer{Name: "worker/0"})
	w.Units[0].Root = t.TempDir()
	passwd := filepath.Join(w.Units[0].Root, "etc/passwd")
	if err := os.MkdirAll(filepath.Dir(passwd), 0o755); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(passwd, []byte("root:x:0:0::/root:/bin/sh\n"), 0o644); err != nil {
		t.Fatal(err)
	}
	for range 2 {
		wantBag(t, reconcile(t, "nrpe", w).Bags[3]["it/0"], map[string]string{"nagios_hostname": "juju-worker-0", "nagios_host_context": "site"})
	}
	users, err := os.ReadFile(passwd)
	if err != nil || strings.Count(string(users), "\nnagios:") != 1 {
		t.Errorf("users: %s, %v", users, err)
	}
	for _, path := range []string{"var/lib/nagios/export", "usr/local/lib/nagios/plugins/check_systemd.py"} {
		if _, err := os.Stat(filepath.Join(w.Units[0].Root, path)); err != nil {
			t.Error(err)
		}
	}
	w.Options["say"] = "nothing"
	wantBag(t, reconcile(t, "nrpe", w).Bags[3]["it/0"], map[string]string{})
}

func TestAnOldPodNetworkSaysWhatDockersBridgeIsToBe(t *testing.T) {
	for say, want := range map[string]map[string]string{
		"all":     {"subnet": "10.1.15.1/24", "mtu": "1450", "cidr": "10.1.0.0/16"},
		"half":    {"mtu": "1450", "cidr": "10.1.0.0/16"},
		"nothing": {},
	} {
		w := world(t, "flannel-sdn", "host", 1, map[string]string{"say": say}, Peer{Name: "worker/0"})
		wantBag(t, reconcile(t, "flannel-sdn", w).Bags[3]["it/0"], want)
	}
}
