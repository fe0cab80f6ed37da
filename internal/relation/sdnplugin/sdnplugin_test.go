package sdnplugin_test

import (
	"net/netip"
	"testing"

	"kubernetes-worker/internal/relation"
	"kubernetes-worker/internal/relation/relationtest"
	"kubernetes-worker/internal/relation/sdnplugin"
)

func TestDecodeOfRecordedBags(t *testing.T) {
	for _, c := range relationtest.Cases(t) {
		t.Run(c.Name, func(t *testing.T) {
			facts, problems := sdnplugin.Decode(c.Relations)
			c.Check(t, facts, problems)
		})
	}
}

func FuzzDecode(f *testing.F) {
	f.Add("10.1.15.1/24", "1450", "10.1.0.0/16")
	f.Add("fd00::1%eth0/64", "-1", "0.0.0.0/0")
	for _, value := range relationtest.Junk() {
		f.Add(value, value, value)
	}
	f.Fuzz(func(t *testing.T, subnet, mtu, cidr string) {
		facts, problems := sdnplugin.Decode([]relation.Relation{{Endpoint: "sdn-plugin", Units: []relation.Unit{
			{Name: "flannel/0", Data: relation.Bag{"subnet": subnet, "mtu": mtu, "cidr": cidr}}}}})
		for _, value := range []string{subnet, mtu, cidr} {
			relationtest.NoLeak(t, problems, value)
		}
		if facts.Subnet == "" {
			if facts.MTU != 0 || facts.CIDR != "" {
				t.Errorf("half of a unit is used: %+v", facts)
			}
			return
		}
		if p := netip.MustParsePrefix(facts.Subnet); !p.Addr().Is4() || p.Masked().Addr() == p.Addr() {
			t.Errorf("%q is no address of a bridge", facts.Subnet)
		}
		for _, text := range []string{facts.Subnet, facts.CIDR} {
			if p, err := netip.ParsePrefix(text); err != nil || p.String() != text {
				t.Errorf("%q is let through", text)
			}
		}
		if facts.MTU < 68 || facts.MTU > 65535 {
			t.Errorf("a size of %d is let through", facts.MTU)
		}
	})
}
