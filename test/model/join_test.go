package model

import (
	"strings"
	"testing"
)

// generations are the three Jujus.
func generations() []string { return []string{"2.9", "3.6", "4.0"} }

func TestAWorkerJoinsUnderEachJuju(t *testing.T) {
	t.Parallel()
	for _, juju := range generations() {
		for _, wire := range []string{"old", "new"} {
			t.Run(juju+" "+wire, func(t *testing.T) {
				w := Joined(t, Options{Juju: juju, Wire: wire})
				labels := w.API[0].Labels(w.Node)
				if labels["juju-application"] != "kubernetes-worker" {
					t.Errorf("labels %v", labels)
				}
				for _, unit := range []string{Kubelet, Proxy} {
					if n := w.Restarts(unit); n != 1 {
						t.Errorf("%s was started %d times, want 1", unit, n)
					}
				}
				if !strings.Contains(w.Read("/var/snap/kubelet/current/args"), "--config=") {
					t.Errorf("arguments of kubelet: %s", w.Read("/var/snap/kubelet/current/args"))
				}
			})
		}
	}
}
