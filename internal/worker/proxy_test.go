package worker

import (
	"slices"
	"strings"
	"testing"

	"kubernetes-worker/internal/options"
	"kubernetes-worker/internal/state"
)

func TestTheListOfHostsWithoutAProxyDoesNotDependOnOrder(t *testing.T) {
	f := Facts{
		PublicAddress: "203.0.113.5", IngressAddresses: []string{"10.0.0.5", "fd00::5"},
		Options: options.Options{Proxy: options.Proxy{HTTPS: "http://proxy:3128", NoProxy: "10.0.0.5 , .mine"}},
		Cluster: state.Cluster{
			Servers: []string{"https://10.0.0.9:6443", "https://api.test:443", "https://[fd00::9]:6443"}, Domain: "cluster.local",
			DNSKnown: true, DNSEnabled: true, DNS: []string{"10.152.183.10", "fd00::a"}, CIDR: "10.1.0.0/16,fd01::/64",
		},
	}
	const want = "10.0.0.5 , .mine,127.0.0.1,localhost,203.0.113.5,fd00::5,.svc,.cluster.local,10.1.0.0/16,fd01::/64,10.152.183.10,fd00::a,10.0.0.9,fd00::9,api.test"
	if got := f.NoProxy(); got != want {
		t.Errorf("got  %s\nwant %s", got, want)
	}
	slices.Reverse(f.Cluster.Servers)
	slices.Reverse(f.Cluster.DNS)
	slices.Reverse(f.IngressAddresses)
	if got := f.NoProxy(); got != want {
		t.Errorf("the other way round: %s", got)
	}
	f.Options.Proxy.HTTPS = ""
	if got := f.NoProxy(); strings.Contains(got, "cluster") {
		t.Errorf("without a proxy: %s", got)
	}
}
