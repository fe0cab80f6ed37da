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
			file := f.kubeconfig(u.Home+"/.kube/config", "ubuntu", f.Creds.Client)
			file.UID, file.GID, file.OwnDir = u.UID, u.GID, true
			wants = append(wants, file)
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
	return f.kubeconfig(RootKubeconfig, "root", f.Creds.Client)
}

func (f Facts) kubeletKubeconfig() resource.File {
	return f.kubeconfig(KubeletKubeconfig, "kubelet", f.Creds.Kubelet)
}

func (f Facts) proxyKubeconfig() resource.File {
	return f.kubeconfig(ProxyKubeconfig, "kube-proxy", f.Creds.Proxy)
}

// kubeconfigHash tells the pod network's subordinate when to read the administrator's kubeconfig again.
func (f Facts) kubeconfigHash() string {
	if f.server() == "" || !f.Creds.Complete() || len(f.Certs.CA) == 0 {
		return ""
	}
	sum := sha256.Sum256(f.rootKubeconfig().Content)
	return hex.EncodeToString(sum[:])
}

// kubeconfig is one of the files. One that leads to the same server as the same user stays as it is: kubectl may have
// written it, for the charm's forerunner, and a person may have put clusters of his own into it.
func (f Facts) kubeconfig(path, user string, token secret.Value) resource.File {
	content := kubeconfig.Render(f.server(), f.Certs.CA, user, token)
	return resource.File{Path: path, Mode: 0o600, Content: content, Describe: kubeconfig.Differences,
		Same: func(have []byte) bool { return kubeconfig.Same(have, content) }}
}
