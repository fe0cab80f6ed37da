package kubeproxy_test

import (
	"strings"
	"testing"

	"kubernetes-worker/internal/arguments"
	"kubernetes-worker/internal/kubeproxy"
	"kubernetes-worker/internal/kubeversion"
)

func TestTheForerunnersArgumentsMeanTheSame(t *testing.T) {
	v, err := kubeversion.Parse("v1.12.1")
	if err != nil {
		t.Fatal(err)
	}
	const server = "https://10.0.0.2:6443"
	ours := kubeproxy.Render(kubeproxy.Input{Version: v, NodeName: "worker-0", ClusterCIDR: "10.1.0.0/16", Server: server}).Args
	for text, want := range map[string]string{
		`--cluster-cidr="10.1.0.0/16" --kubeconfig="/root/cdk/kubeproxyconfig" --logtostderr --v="0" --master="https://10.0.0.2:6443" --hostname-override="worker-0"`: "",
		`--cluster-cidr="10.1.0.0/16" --kubeconfig="/root/cdk/kubeproxyconfig"`:                                                                                       "",
		`--cluster-cidr="10.1.0.0/16" --kubeconfig="/root/cdk/kubeproxyconfig" --master="https://10.0.0.3:6443"`:                                                      "master: removed (https://10.0.0.3:6443)",
		`--cluster-cidr="10.2.0.0/16" --kubeconfig="/root/cdk/kubeproxyconfig" --conntrack-max-per-core=0`:                                                            "cluster-cidr: 10.2.0.0/16 → 10.1.0.0/16, conntrack-max-per-core: removed (0)",
	} {
		have, err := arguments.ParseFile([]byte(text))
		if err != nil {
			t.Fatal(err)
		}
		if got := strings.Join(kubeproxy.ArgumentMeaning(v, "worker-0", server, have, ours), ", "); got != want {
			t.Errorf("%s: %q, want %q", text, got, want)
		}
	}
}
