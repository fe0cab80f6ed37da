package snapd_test

import (
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"testing"

	"kubernetes-worker/internal/snapd"
	"kubernetes-worker/internal/snapd/snapdtest"
)

func TestAFileIsInstalledAndLaterReplacedByTheStore(t *testing.T) {
	_, client, root := machine(t)
	file := filepath.Join(root, "kubelet.snap")
	must(t, snapdtest.WriteSnap(file, "kubelet", "1.28.1"))
	o := snapd.FileOptions{Name: "kubelet", Classic: true, Dangerous: true}
	wantClass(t, client.InstallFile(ctx(t), file, snapd.FileOptions{Name: "kubelet", Classic: true}, nil), snapd.NoSignatures)
	wantClass(t, client.InstallFile(ctx(t), file, snapd.FileOptions{Name: "kubelet", Dangerous: true}, nil), snapd.NeedsClassic)
	for _, revision := range []string{"x1", "x2"} {
		must(t, client.InstallFile(ctx(t), file, o, nil))
		snap, err := client.Snap(ctx(t), "kubelet")
		must(t, err)
		if !snap.Local() || snap.Revision != revision || snap.Version != "1.28.1" || snap.Channel != "" {
			t.Fatalf("snap: %+v", snap)
		}
	}
	wantClass(t, client.Refresh(ctx(t), "kubelet", snapd.Options{Channel: "1.29/stable"}, nil), snapd.Local)
	must(t, client.Refresh(ctx(t), "kubelet", snapd.Options{Channel: "1.29/stable", Classic: true, Amend: true}, nil))
	snap, err := client.Snap(ctx(t), "kubelet")
	must(t, err)
	if snap.Local() || snap.Version != "1.29.0" {
		t.Fatalf("after amend: %+v", snap)
	}
}

func TestAFileThatIsNoSnapIsNotSent(t *testing.T) {
	server, client, root := machine(t)
	good := filepath.Join(root, "good.snap")
	must(t, snapdtest.WriteSnap(good, "kubelet", "1.28.1"))
	whole, err := os.ReadFile(good)
	must(t, err)
	o := snapd.FileOptions{Name: "kubelet", Classic: true, Dangerous: true}
	for what, content := range map[string][]byte{"empty": {}, "text": []byte("<html>Not found</html>"), "header only": whole[:50], "cut short": whole[:len(whole)-1]} {
		path := filepath.Join(root, what)
		must(t, os.WriteFile(path, content, 0o644))
		err := client.InstallFile(ctx(t), path, o, nil)
		if snapd.Classify(err) != snapd.BadSnap {
			t.Errorf("%s: %v", what, err)
		}
	}
	wantClass(t, client.InstallFile(ctx(t), filepath.Join(root, "missing"), o, nil), snapd.BadSnap)
	wantClass(t, client.InstallFile(ctx(t), root, o, nil), snapd.BadSnap)
	if got := server.Requests(); len(got) != 0 {
		t.Fatalf("requests: %v", got)
	}
}

func TestAFileWithAnotherSnapIsReported(t *testing.T) {
	_, client, root := machine(t)
	file := filepath.Join(root, "kubelet.snap")
	must(t, snapdtest.WriteSnap(file, "kube-proxy", "1.28.1"))
	err := client.InstallFile(ctx(t), file, snapd.FileOptions{Name: "kubelet", Classic: true, Dangerous: true}, nil)
	wantClass(t, err, snapd.BadSnap)
	if !strings.Contains(err.Error(), `"kube-proxy"`) {
		t.Fatalf("error: %v", err)
	}
}

func TestALargeFileIsStreamed(t *testing.T) {
	server, client, root := machine(t)
	const size = 64 << 20
	file := filepath.Join(root, "kubelet.snap")
	must(t, snapdtest.WriteLargeSnap(file, "kubelet", "1.28.1", size))
	var before, after runtime.MemStats
	runtime.ReadMemStats(&before)
	must(t, client.InstallFile(ctx(t), file, snapd.FileOptions{Name: "kubelet", Classic: true, Dangerous: true}, nil))
	runtime.ReadMemStats(&after)
	if server.Uploaded() != size {
		t.Fatalf("%d bytes arrived", server.Uploaded())
	}
	if used := after.TotalAlloc - before.TotalAlloc; used > size/8 {
		t.Fatalf("%d bytes of memory for %d bytes of file", used, size)
	}
}
