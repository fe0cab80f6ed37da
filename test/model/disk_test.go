package model

import (
	"errors"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
)

// smallDisk mounts a disk of 256 KiB over a directory of the machine. Tests that fill it need root.
func smallDisk(w *World, path string) {
	w.T.Helper()
	if os.Geteuid() != 0 {
		w.T.Skip("mounting a small disk needs root")
	}
	dir := filepath.Join(w.Root, path)
	w.must(os.MkdirAll(dir, 0o755))
	if err := syscall.Mount("none", dir, "tmpfs", 0, "size=256k,mode=755"); errors.Is(err, syscall.EPERM) {
		w.T.Skip("mounting is forbidden here, although this is root: a container without CAP_SYS_ADMIN")
	} else {
		w.must(err)
	}
	w.T.Cleanup(func() { w.must(syscall.Unmount(dir, syscall.MNT_DETACH)) })
}

// fill writes until the disk of a directory is full, and returns what makes room again.
func fill(w *World, path string) (empty func()) {
	w.T.Helper()
	ballast := filepath.Join(w.Root, path, "ballast")
	out, err := os.Create(ballast)
	w.must(err)
	defer out.Close()
	for chunk := make([]byte, 4096); err == nil; {
		_, err = out.Write(chunk)
	}
	if !errors.Is(err, syscall.ENOSPC) {
		w.T.Fatalf("the disk is not full: %v", err)
	}
	return func() { w.T.Helper(); w.must(os.Remove(ballast)) }
}

// onSmallDisk is a joined world with the node's configuration on a disk of its own.
func onSmallDisk(t *testing.T) *World {
	t.Helper()
	w := New(t, Options{})
	smallDisk(w, "root/cdk")
	w.DeployWorker()
	w.DeployCompanions()
	w.Relate()
	w.Settle()
	w.WantStatus("active", "Kubernetes worker running.")
	return w
}

func wantNoLeftovers(w *World, path string) {
	w.T.Helper()
	for name := range imprintOf(w) {
		if strings.HasPrefix(name, path) && strings.Contains(name, "kubernetes-worker-new") {
			w.T.Errorf("%s was left behind", name)
		}
	}
}

func TestAFullDiskBlocksAChangedOptionWithPathAndRemedy(t *testing.T) {
	t.Parallel()
	w := onSmallDisk(t)
	config := w.Read("/root/cdk/kubelet/config.yaml")
	empty := fill(w, "root/cdk")
	before := imprintOf(w)
	w.Config(map[string]string{"kubelet-extra-config": "{maxPods: 77}"})
	w.WantStatus("blocked", "cannot write "+w.Root+"/root/cdk/kubelet/config.yaml: no space left on device: free some space on the disk that holds it")
	wantUntouched(w, before)
	wantNoLeftovers(w, "/root/cdk")
	w.UpdateStatus()
	w.WantStatus("blocked", "cannot write …")
	wantUntouched(w, before)

	empty()
	w.UpdateStatus()
	w.WantStatus("active", "Kubernetes worker running.")
	if now := w.Read("/root/cdk/kubelet/config.yaml"); now == config || !strings.Contains(now, "maxPods: 77") {
		t.Errorf("the configuration is\n%s", now)
	}
	if kubelet, proxy := w.Restarts(Kubelet), w.Restarts(Proxy); kubelet != 2 || proxy != 1 {
		t.Errorf("kubelet was started %d times and kube-proxy %d times, want 2 and 1", kubelet, proxy)
	}
}

func TestAFullDiskKeepsTheOldCertificatesInUse(t *testing.T) {
	t.Parallel()
	w := onSmallDisk(t)
	empty := fill(w, "root/cdk")
	before := imprintOf(w)
	certificate := w.Read("/root/cdk/server.crt")
	w.must(w.Juju.SetConfig("easyrsa", map[string]string{"renew": "1"}))
	w.Settle()
	w.WantStatus("blocked", "cannot write "+w.Root+"/root/cdk/…")
	if _, message := w.Status(); !strings.Contains(message, ": no space left on device: free some space on the disk that holds it") {
		t.Errorf("message %q", message)
	}
	wantUntouched(w, before)
	empty()
	w.UpdateStatus()
	w.WantStatus("active", "Kubernetes worker running.")
	if w.Read("/root/cdk/server.crt") == certificate {
		t.Error("the renewed certificate did not arrive")
	}
	if kubelet, proxy := w.Restarts(Kubelet), w.Restarts(Proxy); kubelet != 2 || proxy != 1 {
		t.Errorf("kubelet was started %d times and kube-proxy %d times, want 2 and 1", kubelet, proxy)
	}
}

func TestADiskTooSmallForThePluginsBlocksAndLeavesNoneHalf(t *testing.T) {
	t.Parallel()
	w := New(t, Options{})
	smallDisk(w, "opt/cni/bin")
	w.DeployWorker()
	w.DeployCompanions()
	w.Relate()
	w.Settle()
	w.WantStatus("blocked", "cannot unpack resource cni-amd64: …")
	if _, message := w.Status(); !strings.Contains(message, w.Root+"/opt/cni/bin/bridge: no space left on device: free some space on the disk that holds it") {
		t.Errorf("message %q", message)
	}
	if entries, err := os.ReadDir(filepath.Join(w.Root, "opt/cni/bin")); err != nil || len(entries) > 0 {
		t.Errorf("/opt/cni/bin holds %v, %v", entries, err)
	}
	w.must(syscall.Mount("none", filepath.Join(w.Root, "opt/cni/bin"), "tmpfs", syscall.MS_REMOUNT, "size=16m"))
	w.UpdateStatus()
	w.WantStatus("active", "Kubernetes worker running.")
}
