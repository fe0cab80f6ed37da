package model

import (
	"archive/tar"
	"bytes"
	"compress/gzip"
	"fmt"
	"io/fs"
	"math/rand/v2"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"

	"kubernetes-worker/internal/jujusim"
)

const cniResource = "cni-amd64"

// member is one entry of an archive. Size is that of the content unless Declared says more.
type member struct {
	tar.Header
	Content  []byte
	Declared int64
}

// noise is content that does not get smaller by packing, so that an archive is as large as a real one.
func noise(seed byte, size int) []byte {
	content := make([]byte, size)
	// Reading from this source cannot fail.
	_, _ = rand.NewChaCha8([32]byte{seed}).Read(content)
	return content
}

func program(name string, seed byte) member {
	return member{Header: tar.Header{Name: name, Typeflag: tar.TypeReg, Mode: 0o755}, Content: noise(seed, 600_000)}
}

// tarball makes a .tgz. An entry that declares more than it has ends the archive there, as a cut transfer does.
func tarball(w *World, name string, members ...member) string {
	w.T.Helper()
	var packed bytes.Buffer
	zipped := gzip.NewWriter(&packed)
	archive := tar.NewWriter(zipped)
	whole := true
	for _, m := range members {
		m.Size = max(int64(len(m.Content)), m.Declared)
		w.must(archive.WriteHeader(&m.Header))
		_, err := archive.Write(m.Content)
		w.must(err)
		if m.Declared > 0 {
			whole = false
			break
		}
	}
	if whole {
		w.must(archive.Close())
	}
	w.must(zipped.Close())
	return besideFile(w, name, packed.Bytes())
}

// plugins is an archive as it should be.
func plugins(w *World, name string, bridge byte) string {
	return tarball(w, name, member{Header: tar.Header{Name: "./", Typeflag: tar.TypeDir, Mode: 0o755}},
		program("./bridge", bridge), program("./loopback", 2), program("./host-local", 3))
}

// badArchives are resources of which nothing may be unpacked.
func badArchives() []struct {
	name    string
	make    func(w *World) string
	message string
} {
	entry := func(h tar.Header) func(w *World) string {
		return func(w *World) string {
			m := member{Header: h}
			if h.Typeflag == tar.TypeReg {
				m.Content = []byte("evil")
			}
			return tarball(w, "cni.tgz", program("./bridge", 1), program("./loopback", 2), m)
		}
	}
	refused := func(why string) string {
		return "cannot unpack resource cni-amd64: cannot accept archive: " + why + "; attach another"
	}
	return []struct {
		name    string
		make    func(w *World) string
		message string
	}{
		{"empty", func(w *World) string { return besideFile(w, "cni.tgz", nil) }, "Incomplete cni resource."},
		{"a stand-in that is too small", func(w *World) string { return besideFile(w, "cni.tgz", noise(9, 999_999)) }, "Incomplete cni resource."},
		{"not an archive", func(w *World) string { return besideFile(w, "cni.tgz", bytes.Repeat([]byte("text "), 300_000)) }, refused("it is not in gzip format")},
		{"truncated", func(w *World) string {
			path := plugins(w, "cni.tgz", 1)
			w.must(os.Truncate(path, 1_200_000))
			return path
		}, refused("it ends too early: the transfer was cut off")},
		{"a name that leads out", entry(tar.Header{Name: "../../../evil", Typeflag: tar.TypeReg, Mode: 0o755}),
			refused(`entry "../../../evil" has a name that leads out of the archive`)},
		{"an absolute name", entry(tar.Header{Name: "/etc/evil", Typeflag: tar.TypeReg, Mode: 0o755}), refused(`entry "/etc/evil" has an absolute name`)},
		{"a symbolic link", entry(tar.Header{Name: "evil", Typeflag: tar.TypeSymlink, Linkname: "/etc"}),
			refused(`entry "evil" is a symbolic link; only files and directories are accepted`)},
		{"a hard link", entry(tar.Header{Name: "evil", Typeflag: tar.TypeLink, Linkname: "/etc/passwd"}),
			refused(`entry "evil" is a hard link; only files and directories are accepted`)},
		{"a device", entry(tar.Header{Name: "evil", Typeflag: tar.TypeBlock, Devmajor: 8, Mode: 0o666}),
			refused(`entry "evil" is a device; only files and directories are accepted`)},
		{"a program that runs as root", entry(tar.Header{Name: "evil", Typeflag: tar.TypeReg, Mode: 0o4755}),
			refused(`entry "evil" has a setuid, setgid or sticky bit`)},
		{"too many entries", func(w *World) string {
			members := []member{program("./bridge", 1), program("./loopback", 2)}
			for i := range 1000 {
				members = append(members, member{Header: tar.Header{Name: fmt.Sprintf("evil-%d", i), Typeflag: tar.TypeReg, Mode: 0o755}})
			}
			return tarball(w, "cni.tgz", members...)
		}, refused("it holds more than 1000 entries")},
		{"a file that is too large", func(w *World) string {
			return tarball(w, "cni.tgz", program("./bridge", 1), program("./loopback", 2),
				member{Header: tar.Header{Name: "evil", Typeflag: tar.TypeReg, Mode: 0o755}, Declared: 1 << 40})
		}, refused(`entry "evil" is too large: a file may have 268435456 bytes, all together 1073741824`)},
	}
}

// wantNothingUnpacked looks for entries of a bad archive everywhere they could have gone.
func wantNothingUnpacked(w *World) {
	w.T.Helper()
	w.must(filepath.WalkDir(filepath.Dir(w.Root), func(path string, d fs.DirEntry, err error) error {
		if err == nil && strings.HasPrefix(d.Name(), "evil") {
			w.T.Errorf("%s was unpacked", path)
		}
		return ignoreMissing(err)
	}))
	for _, path := range []string{"/evil", "/etc/evil", filepath.Join(filepath.Dir(filepath.Dir(w.Root)), "evil")} {
		if _, err := os.Lstat(path); err == nil {
			w.T.Errorf("%s was unpacked", path)
		}
	}
}

func TestABadArchiveOfPluginsBlocksAndNothingIsUnpacked(t *testing.T) {
	t.Parallel()
	for _, c := range badArchives() {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			w := joining(t, Options{})
			w.must(w.Juju.AttachResource("kubernetes-worker", cniResource, c.make(w)))
			w.Settle()
			w.WantStatus("blocked", c.message)
			wantNothingUnpacked(w)
			if entries, err := os.ReadDir(filepath.Join(w.Root, "opt/cni/bin")); err == nil && len(entries) > 0 {
				t.Errorf("/opt/cni/bin holds %v", entries)
			}
			attachResource(w, cniResource, plugins(w, "good.tgz", 1))
			w.WantStatus("active", "Kubernetes worker running.")
			if !bytes.Equal([]byte(w.Read("/opt/cni/bin/bridge")), noise(1, 600_000)) {
				t.Error("the plugin is not that of the good archive")
			}
		})
	}
}

func TestABadArchiveAttachedLaterLeavesThePluginsThatAreThere(t *testing.T) {
	t.Parallel()
	for _, c := range badArchives() {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			w := Joined(t, Options{})
			before := imprintOf(w)
			attachResource(w, cniResource, c.make(w))
			w.WantStatus("blocked", c.message)
			wantUntouched(w, before)
			wantNothingUnpacked(w)
			attachResource(w, cniResource, w.CNIArchive())
			w.WantStatus("active", "Kubernetes worker running.")
			wantUntouched(w, before)
		})
	}
}

// deployWithout deploys the charm without the plugins.
func deployWithout(w *World) {
	w.T.Helper()
	w.must(w.Juju.Deploy(jujusim.DeploySpec{Charm: w.CharmDir, To: []string{"0"}, Config: map[string]string{"channel": Channel}}))
	w.DeployCompanions()
	w.Relate()
}

func TestMissingPluginsBlockUntilTheyAreAttached(t *testing.T) {
	t.Parallel()
	w := New(t, Options{})
	deployWithout(w)
	w.Settle()
	w.WantStatus("blocked", "Missing cni resource.")
	attachResource(w, cniResource, w.CNIArchive())
	w.WantStatus("active", "Kubernetes worker running.")
}

// tamperDispatch puts shell commands in front of every hook, between Juju and the charm.
func tamperDispatch(w *World, script string) {
	w.T.Helper()
	path := filepath.Join(w.CharmDir, "dispatch")
	w.must(os.Remove(path))
	w.must(os.WriteFile(path, []byte("#!/bin/sh\n"+script+"\nexec \"$JUJU_CHARM_DIR/kubernetes-worker\"\n"), 0o755))
}

func TestAJujuWithoutResourcesBlocksAndUpgradingItHelps(t *testing.T) {
	t.Parallel()
	w := New(t, Options{Juju: "2.9", Exec: true})
	old := filepath.Join(filepath.Dir(w.Root), "old-juju")
	w.must(os.WriteFile(old, nil, 0o644))
	tamperDispatch(w, `if [ -e '`+old+`' ]; then rm -f "${PATH%%:*}/resource-get"; fi`)
	w.DeployWorker()
	w.DeployCompanions()
	w.Relate()
	w.Settle()
	w.WantStatus("blocked", "Error fetching the cni resource.")
	w.must(os.Remove(old))
	w.UpdateStatus()
	w.WantStatus("active", "Kubernetes worker running.")
}

func inodeOf(w *World, path string) uint64 {
	w.T.Helper()
	info, err := os.Lstat(filepath.Join(w.Root, path))
	w.must(err)
	return info.Sys().(*syscall.Stat_t).Ino
}

func TestOnlyPluginsThatDifferAreReplacedAndThatInOneStep(t *testing.T) {
	t.Parallel()
	w := joining(t, Options{})
	w.must(w.Juju.AttachResource("kubernetes-worker", cniResource, plugins(w, "one.tgz", 1)))
	w.Settle()
	w.WantStatus("active", "Kubernetes worker running.")
	// A plugin of another charm, and one of ours that a pod's start is just reading.
	w.must(os.WriteFile(filepath.Join(w.Root, "opt/cni/bin/calico"), []byte("calico"), 0o755))
	running, err := os.Open(filepath.Join(w.Root, "opt/cni/bin/bridge"))
	w.must(err)
	defer running.Close()
	before := map[string]uint64{}
	for _, name := range []string{"bridge", "loopback", "host-local", "calico"} {
		before[name] = inodeOf(w, "opt/cni/bin/"+name)
	}

	attachResource(w, cniResource, plugins(w, "two.tgz", 7))
	w.WantStatus("active", "Kubernetes worker running.")
	for name, inode := range before {
		if same := inodeOf(w, "opt/cni/bin/"+name) == inode; same != (name != "bridge") {
			t.Errorf("%s: same inode %v", name, same)
		}
	}
	old := make([]byte, 600_000)
	if _, err := running.ReadAt(old, 0); err != nil || !bytes.Equal(old, noise(1, 600_000)) {
		t.Errorf("the plugin in use was changed under its reader: %v", err)
	}
	if !bytes.Equal([]byte(w.Read("/opt/cni/bin/bridge")), noise(7, 600_000)) {
		t.Error("the new plugin is not there")
	}
	entries, err := os.ReadDir(filepath.Join(w.Root, "opt/cni/bin"))
	w.must(err)
	if len(entries) != 4 {
		t.Errorf("/opt/cni/bin holds %v", entries)
	}
	for _, unit := range []string{Kubelet, Proxy} {
		if n := w.Restarts(unit); n != 1 {
			t.Errorf("%s was started %d times, want 1", unit, n)
		}
	}
}
