package worker

import (
	"crypto/sha256"
	"encoding/hex"

	"kubernetes-worker/internal/kubeconfig"
	"kubernetes-worker/internal/resource"
	"kubernetes-worker/internal/secret"
)

// kubeconfigs writes the four kubeconfigs: the administrator's for root and for the ubuntu user, kubelet's and
// kube-proxy's.
func kubeconfigs() Handler {
	return Handler{Name: "kubeconfigs", When: []flag{ServersKnown, CredentialsReady, CAKnown}, Declare: func(f Facts) ([]resource.Resource, error) {
		wants := []resource.Resource{f.rootKubeconfig(), f.kubeletKubeconfig(), f.proxyKubeconfig()}
		if u := f.UbuntuUser; u != nil {
			wants = append(wants, resource.File{
				Path: u.Home + "/.kube/config", Mode: 0o600, UID: u.UID, GID: u.GID, OwnDir: true,
				Content: f.renderKubeconfig("ubuntu", f.Creds.Client),
			})
		}
		return wants, nil
	}}
}

// server is the API server this node talks to: spread over the units of the application by their number, and kept as long
// as it is listed.
func (f Facts) server() string {
	return kubeconfig.PickServer(f.Kubeconfigs.Server, f.Cluster.Servers, f.UnitNumber)
}

func (f Facts) rootKubeconfig() resource.File {
	return resource.File{Path: RootKubeconfig, Mode: 0o600,
		Content: f.renderKubeconfig("root", f.Creds.Client)}
}

func (f Facts) kubeletKubeconfig() resource.File {
	return resource.File{Path: KubeletKubeconfig, Mode: 0o600, Describe: kubeconfig.Differences,
		Content: f.renderKubeconfig("kubelet", f.Creds.Kubelet)}
}

func (f Facts) proxyKubeconfig() resource.File {
	return resource.File{Path: ProxyKubeconfig, Mode: 0o600, Describe: kubeconfig.Differences,
		Content: f.renderKubeconfig("kube-proxy", f.Creds.Proxy)}
}

// kubeconfigHash tells the pod network's subordinate when to read the administrator's kubeconfig again.
func (f Facts) kubeconfigHash() string {
	if f.server() == "" || !f.Creds.Complete() || len(f.Certs.CA) == 0 {
		return ""
	}
	sum := sha256.Sum256(f.rootKubeconfig().Content)
	return hex.EncodeToString(sum[:])
}

func (f Facts) renderKubeconfig(user string, token secret.Value) []byte {
	return kubeconfig.Render(f.server(), f.Certs.CA, user, token)
}
