package charm

import (
	"context"
	"crypto/md5"
	"encoding/hex"
	"fmt"
	"io"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"

	"kubernetes-worker/internal/arguments"
	"kubernetes-worker/internal/juju"
	"kubernetes-worker/internal/kubelet"
	"kubernetes-worker/internal/snapd"
	"kubernetes-worker/internal/state"
	"kubernetes-worker/internal/unitstate"
	"kubernetes-worker/internal/worker"
)

// takeOver takes up what the charm's forerunner, written in Python, has left in its database, if that was written after
// our own state file, which is so in the first hook after a refresh, also after one back and forth. What cannot be read is
// derived again. The database stays: the forerunner needs it if somebody goes back to it.
func (r *run) takeOver() {
	path := filepath.Join(r.env.CharmDir, unitstate.File)
	info, err := os.Lstat(path)
	if err != nil {
		return
	}
	if own, err := os.Lstat(filepath.Join(r.env.CharmDir, stateFile)); err == nil && !info.ModTime().After(own.ModTime()) {
		return
	}
	r.state.Services = map[string]map[string]string{} // somebody else has started them since
	left, err := unitstate.Read(path)
	r.left, r.leftFault = &left, err
	r.adopt(left)
	r.clusterOnDisk()
}

// tellTakeOver says what was taken over, and keeps the database, which has tokens, from everybody but root.
func (r *run) tellTakeOver(ctx context.Context) {
	path := filepath.Join(r.env.CharmDir, unitstate.File)
	info, err := os.Lstat(path)
	if err != nil {
		return
	}
	if info.Mode().IsRegular() && info.Mode().Perm()&0o077 != 0 {
		if err := os.Chmod(path, 0o600); err != nil {
			r.warn(ctx, err.Error())
		}
	}
	if r.left == nil {
		return
	}
	if r.leftFault != nil {
		_ = r.session.Log(ctx, juju.Warning, r.leftFault.Error()+"; what the charm before knew of this node is derived again")
	}
	for _, key := range r.left.Malformed {
		_ = r.session.Log(ctx, juju.Warning, fmt.Sprintf("%s: the value of %s cannot be understood and is derived again", path, key))
	}
	_ = r.session.Log(ctx, juju.Info, "Took over the node from the charm before: "+described(*r.left))
}

// adopt puts into the state what the forerunner knew and nobody else tells. Flags that say what was installed, asked for or
// answered are not among it: that is observed.
func (r *run) adopt(left unitstate.State) {
	s := &r.state.State
	maps.Copy(s.Labels, left.Labels)
	s.Labels["juju-application"] = r.env.AppName
	if left.Flags["kubernetes-worker.gpu.enabled"] {
		s.GPU = true
		s.Labels["gpu"], s.Labels["cuda"] = "true", "true"
	}
	for snap, keys := range left.SnapKeys {
		s.SnapKeys[snap] = keys
	}
	s.Forerunner = state.Forerunner{Checksums: left.Checksums}
	s.Forerunner.NoSnaps = len(left.Flags) > 0 && !left.Flags["kubernetes-worker.snaps.installed"] && r.exists(worker.BeforeSnapsFiles()[0])
	if left.Flags["kubernetes-worker.config.created"] {
		s.Runtime = state.Runtime{Kind: state.RuntimeDocker} // it knew no other
	}
	if name, ok := strings.CutPrefix(left.Credentials.User, "system:node:"); ok && name != "" {
		s.NodeName = name
	}
	if bip, mtu := left.DockerOptions["bip"], left.DockerOptions["mtu"]; len(bip) == 1 && len(mtu) == 1 {
		if size, err := strconv.Atoi(mtu[0]); err == nil {
			s.Bridge = state.Bridge{Subnet: bip[0], MTU: size}
		}
	}
	if left.Registry != "" {
		if slices.Contains(left.DockerOptions["insecure-registry"], left.Registry) {
			s.InsecureRegistry = left.Registry
		}
		s.Logins[left.Registry] = state.Login{From: "docker-registry"}
	}
}

// clusterOnDisk reads what the cluster said last from what the kubelet and kube-proxy were given, as long as no relation has
// said anything.
func (r *run) clusterOnDisk() {
	c := &r.state.Cluster
	if server := r.savedKubeconfig(worker.KubeletKubeconfig).Server; server != "" && len(c.Servers) == 0 {
		c.Servers = []string{server}
	}
	if domain, dns, err := kubelet.ClusterOf([]byte(r.text(worker.KubeletConfigFile))); err == nil && !c.DNSKnown {
		c.Domain, c.DNS, c.DNSKnown, c.DNSEnabled = domain, dns, true, len(dns) > 0
	}
	if args, err := arguments.ParseFile([]byte(r.text(worker.KubeProxyArgs))); err == nil && c.CIDR == "" {
		c.CIDR, _ = args.Get("cluster-cidr")
	}
}

// leftCredentials completes credentials from the forerunner's database, where they are not in kubeconfigs yet.
func (r *run) leftCredentials(saved worker.Credentials) worker.Credentials {
	left, err := unitstate.Read(filepath.Join(r.env.CharmDir, unitstate.File))
	if err != nil {
		return saved // which was told when it was taken over
	}
	given := worker.Credentials{Kubelet: left.Credentials.Kubelet, Proxy: left.Credentials.Proxy, Client: left.Credentials.Client}
	if !given.Complete() {
		return saved
	}
	return given
}

// recogniseChecksums finds out by the forerunner's checksums which snaps come from the resource files of today.
func (r *run) recogniseChecksums(snaps map[string]snapd.Snap) {
	for name, sum := range r.state.Forerunner.Checksums {
		known := r.state.Resources[name]
		if r.state.Snaps[name] != "" || !snaps[name].Local() || !usable(known) || sum == unitstate.EmptyChecksum {
			continue
		}
		delete(r.state.Forerunner.Checksums, name) // one look is enough
		if file, err := os.Open(known.Path); err == nil {
			hash := md5.New()
			_, err = io.Copy(hash, file)
			_ = file.Close()
			if err == nil && hex.EncodeToString(hash.Sum(nil)) == sum {
				r.state.Snaps[name] = known.Fingerprint
			}
		}
	}
}

// beforeSnaps are the files that a charm from before there were snaps has left.
func (r *run) beforeSnaps() []string {
	if !r.state.Forerunner.NoSnaps {
		return nil
	}
	return slices.DeleteFunc(worker.BeforeSnapsFiles(), func(path string) bool { return !r.exists(path) })
}

// forgetForerunner notes that nothing of such a charm is left: whoever puts a program into /usr/local/bin from now on means
// it.
func (r *run) forgetForerunner() { r.state.Forerunner.NoSnaps = len(r.beforeSnaps()) > 0 }

// described counts what was found, for the log.
func described(left unitstate.State) string {
	tokens := "no credentials"
	if !left.Credentials.Client.Empty() {
		tokens = "credentials"
	}
	return fmt.Sprintf("%d flags, %d labels, %s, arguments of %d snaps", len(left.Flags), len(left.Labels), tokens, len(left.SnapKeys))
}
