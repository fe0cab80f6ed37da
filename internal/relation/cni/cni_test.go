package cni_test

import (
	"net/netip"
	"path/filepath"
	"reflect"
	"strings"
	"testing"

	"kubernetes-worker/internal/relation"
	"kubernetes-worker/internal/relation/cni"
	"kubernetes-worker/internal/relation/relationtest"
)

func TestEncodeWritesBothGenerationsAndLeavesOutTheUnknown(t *testing.T) {
	want := relation.Bag{"is_master": "False", "kubeconfig_path": "/root/cdk/kubeconfig"}
	if got := cni.Encode("", ""); !reflect.DeepEqual(got, want) {
		t.Errorf("Encode() = %v, want %v", got, want)
	}
	want["kubeconfig-hash"], want["image-registry"] = "0a1b", "rocks.canonical.com:443/cdk"
	if got := cni.Encode("0a1b", "rocks.canonical.com:443/cdk"); !reflect.DeepEqual(got, want) {
		t.Errorf("Encode() = %v, want %v", got, want)
	}
}

func TestDecodeOfRecordedBags(t *testing.T) {
	for _, c := range relationtest.Cases(t) {
		t.Run(c.Name, func(t *testing.T) {
			facts, problems := cni.Decode(c.Relations, c.Input["default"])
			c.Check(t, facts, problems)
		})
	}
}

var good = cni.Facts{Joined: true, App: "flannel", CIDR: "10.1.0.0/16", ConfFile: "10-flannel.conflist"}

// behind puts one value into a unit that comes before a good one.
func behind(key, value string) []relation.Relation {
	return []relation.Relation{{ID: "cni:1", Endpoint: "cni", App: "flannel", Units: []relation.Unit{
		{Name: "flannel/0", Data: relation.Bag{key: value}},
		{Name: "flannel/1", Data: relation.Bag{"cidr": good.CIDR, "cni-conf-file": good.ConfFile}},
	}}}
}

func TestJunkHidesNothingAndIsNotTold(t *testing.T) {
	for description, value := range relationtest.Junk() {
		for _, key := range []string{"cidr", "cni-conf-file"} {
			facts, problems := cni.Decode(behind(key, value), "")
			if facts != good {
				t.Errorf("%s in %s gives %+v", description, key, facts)
			}
			if strings.TrimSpace(value) != "" && len(problems) != 1 {
				t.Errorf("%s in %s gives the problems %v", description, key, problems)
			}
			for _, p := range problems {
				if p.Key != key || p.Unit != "flannel/0" || p.Endpoint != "cni" || strings.Contains(p.Reason, "hunter2") {
					t.Errorf("%s in %s: %s", description, key, p)
				}
			}
		}
	}
}

func FuzzDecode(f *testing.F) {
	f.Add("cidr", "10.1.0.0/16,fd00::/64", "flannel")
	f.Add("cidr", "::ffff:10.0.0.0/112", "")
	f.Add("cni-conf-file", "10-calico.conflist", "calico")
	f.Add("cni-conf-file", "..conf", "calico")
	f.Fuzz(func(t *testing.T, key, value, defaultCNI string) {
		facts, problems := cni.Decode(behind(key, value), defaultCNI)
		relationtest.NoLeak(t, problems, value)
		if !facts.Joined || facts.App != "flannel" || facts.CIDR == "" || facts.ConfFile == "" {
			t.Errorf("good values are lost: %+v", facts)
		}
		for network := range strings.SplitSeq(facts.CIDR, ",") {
			if p, err := netip.ParsePrefix(network); err != nil || p.Masked() != p {
				t.Errorf("CIDR %q is let through", facts.CIDR)
			}
		}
		if filepath.Base(facts.ConfFile) != facts.ConfFile || strings.HasPrefix(facts.ConfFile, ".") || strings.HasPrefix(facts.ConfFile, "01-default.") {
			t.Errorf("ConfFile %q is let through", facts.ConfFile)
		}
	})
}
