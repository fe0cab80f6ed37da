package versions

import (
	"fmt"
	"os"
	"slices"
	"strings"
	"testing"

	table "kubernetes-worker/internal/release"
)

func TestTheTableHasExactlyWhatEachReleaseHas(t *testing.T) {
	forEach(t, func(t *testing.T, r release) {
		for _, c := range []struct {
			daemon, kind string
			deprecated   bool
			inTable      []string
		}{
			{"kubelet", "flag", false, table.KubeletFlags(r.Minor)},
			{"kubelet", "flag", true, table.DeprecatedKubeletFlags(r.Minor)},
			{"kubelet", "field", false, table.KubeletFields(r.Minor)},
			{"kubelet", "gate", false, table.KubeletGates(r.Minor)},
			{"kube-proxy", "flag", false, table.KubeProxyFlags(r.Minor)},
			{"kube-proxy", "flag", true, table.DeprecatedKubeProxyFlags(r.Minor)},
			{"kube-proxy", "gate", false, table.KubeProxyGates(r.Minor)},
		} {
			real := r.list(t, c.daemon, c.kind, c.deprecated)
			if len(real) == 0 && !c.deprecated {
				t.Fatalf("%s %s lists no %s", c.daemon, r, c.kind)
			}
			for _, name := range real {
				if !slices.Contains(c.inTable, name) {
					t.Errorf("%s has the %s %s (deprecated: %t), which the table does not have", c.daemon, c.kind, name, c.deprecated)
				}
			}
			for _, name := range c.inTable {
				if !slices.Contains(real, name) {
					t.Errorf("the table has the %s %s (deprecated: %t), which %s does not have", c.kind, name, c.deprecated, c.daemon)
				}
			}
		}
	})
}

func TestTheProgramsAreOfTheReleasesThatTheyAreNamedAfter(t *testing.T) {
	all, err := releases()
	if err != nil {
		t.Fatal(err)
	}
	pins := map[string]release{"../kube/go.mod": all[len(all)-1]} // the newest is the one of the test bed
	for _, r := range all {
		pins[fmt.Sprintf("modules/1.%d/go.mod", r.Minor)] = r
	}
	for file, r := range pins {
		content, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		if !strings.Contains(string(content), fmt.Sprintf("k8s.io/kubernetes v%s\n", r)) {
			t.Errorf("%s is not of Kubernetes %s", file, r)
		}
	}
}
