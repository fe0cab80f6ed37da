package apt

import (
	"bytes"
	"fmt"
	"maps"
	"reflect"
	"testing"

	"kubernetes-worker/internal/host/hosttest"
)

func stanza(name, status, version string, more ...string) string {
	text := "Package: " + name + "\nStatus: " + status + "\nPriority: optional\n"
	for _, line := range more {
		text += line + "\n"
	}
	if version != "" {
		text += "Version: " + version + "\n"
	}
	return text + "Description: words\n Package: inside\n Status: install ok installed\n .\n more\n\n"
}

func TestStatesOfPackagesAreReadFromDpkgsFile(t *testing.T) {
	file := stanza("docker.io", "install ok installed", "20.10.24-1", "Architecture: amd64") +
		stanza("docker", "install ok installed", "1.5", "Architecture: all") +
		stanza("held", "hold ok installed", "2", "Architecture: amd64") +
		stanza("leaving", "deinstall ok installed", "3", "Architecture: amd64") +
		stanza("removed", "deinstall ok config-files", "4", "Architecture: amd64") +
		stanza("purged", "purge ok not-installed", "") +
		stanza("unpacked", "install ok unpacked", "5", "Architecture: amd64") +
		stanza("half", "install ok half-configured", "6", "Architecture: amd64") +
		stanza("half-installed", "install reinstreq half-installed", "7", "Architecture: amd64") +
		stanza("awaits", "install ok triggers-awaited", "8", "Architecture: amd64") +
		stanza("damaged", "install reinstreq installed", "9", "Architecture: amd64") +
		stanza("libc6", "install ok installed", "2.36", "Architecture: amd64", "Multi-Arch: same") +
		stanza("libc6", "install ok installed", "2.35", "Architecture: i386", "Multi-Arch: same") +
		stanza("foreign", "install ok installed", "1", "Architecture: i386") +
		"Status: install ok installed\nVersion: 1:2\nArchitecture: all\nPackage: odd-order"
	var got = map[string]Package{}
	names := []string{"docker.io", "docker", "held", "leaving", "removed", "purged", "unpacked", "half", "half-installed", "awaits",
		"damaged", "libc6", "libc6:i386", "foreign", "odd-order", "inside", "absent", "docker.i"}
	parseStatus([]byte(file), "amd64", names, got)
	want := map[string]Package{
		"docker.io":      {Version: "20.10.24-1", State: StateInstalled},
		"docker":         {Version: "1.5", State: StateInstalled},
		"held":           {Version: "2", State: StateInstalled, Held: true},
		"leaving":        {Version: "3", State: StateInstalled},
		"removed":        {},
		"purged":         {},
		"unpacked":       {Version: "5", State: StateBroken},
		"half":           {Version: "6", State: StateBroken},
		"half-installed": {Version: "7", State: StateBroken},
		"awaits":         {Version: "8", State: StateBroken},
		"damaged":        {Version: "9", State: StateBroken},
		"libc6":          {Version: "2.36", State: StateInstalled},
		"libc6:i386":     {Version: "2.35", State: StateInstalled},
		"odd-order":      {Version: "1:2", State: StateInstalled},
	}
	if !reflect.DeepEqual(got, want) {
		t.Errorf("got  %+v\nwant %+v", got, want)
	}
}

func TestUnmergedUpdatesOfAnInterruptedDpkgCount(t *testing.T) {
	h := hosttest.Tree(t, map[string]string{
		statusFile:               stanza("a", "install ok installed", "1") + stanza("b", "install ok installed", "1"),
		updatesPath + "/0001":    stanza("a", "install ok unpacked", "2"),
		updatesPath + "/0002":    stanza("a", "install ok half-configured", "3"),
		updatesPath + "/tmp.i":   stanza("b", "install ok half-installed", "9"),
		updatesPath + "/0003/":   "",
		"/var/lib/dpkg/info/foo": "",
	})
	if _, err := Packages(h, "a"); err == nil {
		t.Error("a directory among the updates went unnoticed")
	}
	if err := h.Remove(updatesPath + "/0003"); err != nil {
		t.Fatal(err)
	}
	got, err := Packages(h, "a", "b")
	want := map[string]Package{"a": {Version: "3", State: StateBroken}, "b": {Version: "1", State: StateInstalled}}
	if err != nil || !maps.Equal(got, want) {
		t.Errorf("%+v, %v; want %+v", got, err, want)
	}
	versions, err := Installed(h, "a", "b", "c")
	if err != nil || !maps.Equal(versions, map[string]string{"b": "1"}) {
		t.Errorf("Installed: %v, %v", versions, err)
	}
}

func TestMachineWithoutDpkgHasNoPackages(t *testing.T) {
	if got, err := Installed(hosttest.Tree(t, nil), "a"); err != nil || len(got) != 0 {
		t.Errorf("%v, %v", got, err)
	}
	if _, err := Installed(hosttest.Tree(t, map[string]string{statusFile + "/": ""}), "a"); err == nil {
		t.Error("a directory in the place of the status file went unnoticed")
	}
}

func FuzzStatus(f *testing.F) {
	f.Add([]byte(stanza("a", "install ok installed", "1")))
	f.Add([]byte("Package: a\n\n\n\nPackage:a\nStatus: a b c\n"))
	f.Add([]byte("\n\n:\nStatus\nPackage:\tb\nArchitecture: \n"))
	f.Fuzz(func(t *testing.T, text []byte) {
		found := map[string]Package{}
		parseStatus(text, "amd64", []string{"a", "b:i386"}, found)
		for name, pkg := range found {
			if (name != "a" && name != "b:i386") || bytes.ContainsRune([]byte(pkg.Version), '\n') {
				t.Errorf("%q: %+v", name, pkg)
			}
		}
	})
}

func BenchmarkStatusOfAMegabyte(b *testing.B) {
	var text bytes.Buffer
	for i := 0; text.Len() < 1<<20; i++ {
		text.WriteString(stanza(fmt.Sprintf("package-%d", i), "install ok installed", "1.2-3", "Architecture: amd64",
			"Depends: a, b, c, d, e, f, g, h, i, j, k, l, m, n, o, p", "Conffiles:", " /etc/a 0123456789", " /etc/b 0123456789"))
	}
	names := []string{"docker.io", "containerd", "package-7", "socat", "nfs-common", "ceph-common", "cifs-utils"}
	b.SetBytes(int64(text.Len()))
	for b.Loop() {
		found := map[string]Package{}
		parseStatus(text.Bytes(), "amd64", names, found)
		if len(found) != 1 {
			b.Fatal(found)
		}
	}
}
