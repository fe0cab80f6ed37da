package companion

import (
	"encoding/json"
	"net/netip"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

func TestTheNetworkIsConfiguredOnceTheWorkerHasSaidEnough(t *testing.T) {
	for _, test := range []struct {
		name, wire string
		data       map[string]string
		configured bool
	}{
		{"nothing said", "both", nil, false},
		{"the old word", "old", map[string]string{"is_master": "False"}, true},
		{"the old word spelt differently", "old", map[string]string{"is_master": "false"}, false},
		{"the new word on the old wire", "old", map[string]string{"kubeconfig-hash": "ab"}, false},
		{"the new word", "new", map[string]string{"kubeconfig-hash": "ab"}, true},
		{"the old word on the new wire", "new", map[string]string{"is_master": "False"}, false},
		{"either on both", "both", map[string]string{"kubeconfig-hash": "ab"}, true},
	} {
		t.Run(test.name, func(t *testing.T) {
			w := world(t, "flannel", "cni", 1, map[string]string{"wire": test.wire}, Peer{Name: "worker/0", Data: test.data})
			w.Units[0].Root = t.TempDir()
			out := reconcile(t, "flannel", w)
			want := map[string]string{"cidr": "10.1.0.0/16"}
			if test.wire != "old" {
				want["cni-conf-file"] = "10-flannel.conflist"
			}
			wantBag(t, out.Bags[3]["it/0"], want)
			path := filepath.Join(w.Units[0].Root, "etc/cni/net.d/10-flannel.conflist")
			text, err := os.ReadFile(path)
			if os.IsNotExist(err) == test.configured {
				t.Fatalf("configured: %v", err)
			}
			if !test.configured {
				return
			}
			if !json.Valid(text) {
				t.Fatalf("not JSON: %s", text)
			}
			before, err := os.Stat(path)
			if err != nil {
				t.Fatal(err)
			}
			reconcile(t, "flannel", w)
			if after, err := os.Stat(path); err != nil || !after.ModTime().Equal(before.ModTime()) {
				t.Fatal("the same configuration was written again")
			}
			w.Units[0].Dying = true
			reconcile(t, "flannel", w)
			if _, err := os.Stat(path); !os.IsNotExist(err) {
				t.Fatal("the configuration outlived the unit")
			}
		})
	}
}

func TestTheFirstNodesPartCanBeChosen(t *testing.T) {
	w := world(t, "flannel", "cni", 1, map[string]string{"first-part": "11"}, Peer{Name: "worker/0", Data: map[string]string{"is_master": "False"}})
	w.Units[0].Root = t.TempDir()
	reconcile(t, "flannel", w)
	text, err := os.ReadFile(filepath.Join(w.Units[0].Root, "etc/cni/net.d/10-flannel.conflist"))
	if err != nil {
		t.Fatal(err)
	}
	if !strings.Contains(string(text), `"subnet": "10.1.11.0/24"`) {
		t.Fatalf("the node's part is not the eleventh:\n%s", text)
	}
}

func TestEveryNodeGetsItsPartOfTheNetwork(t *testing.T) {
	for _, test := range []struct {
		cidr, bits string
		node       int
		want       string
	}{
		{"10.1.0.0/16", "24", 0, "10.1.0.0/24"},
		{"10.1.0.0/16", "24", 7, "10.1.7.0/24"},
		{"10.1.0.0/16,fd00::/64", "24", 1, "10.1.1.0/24"},
		{"10.1.0.0/16", "24", 256, "10.1.0.0/24"},
		{"10.1.2.0/24", "24", 5, "10.1.2.0/24"},
		{"10.1.2.77/25", "26", 1, "10.1.2.64/26"},
	} {
		got, err := nodeSubnet(test.cidr, test.bits, test.node)
		if err != nil || got != test.want {
			t.Errorf("node %d of %s: got %s (%v), want %s", test.node, test.cidr, got, err, test.want)
		}
	}
}

func FuzzNodeSubnet(f *testing.F) {
	f.Add("10.1.0.0/16", "24", 3)
	f.Add("0.0.0.0/0", "32", 1<<30)
	f.Add("x", "-1", 0)
	f.Fuzz(func(t *testing.T, cidr, bits string, node int) {
		if node < 0 {
			return
		}
		subnet, err := nodeSubnet(cidr, bits, node)
		if err != nil {
			return
		}
		if _, err := netip.ParsePrefix(subnet); err != nil {
			t.Fatal(err)
		}
	})
}
