package host_test

import (
	"context"
	"os"
	"path/filepath"
	"testing"

	"kubernetes-worker/internal/host"
	"kubernetes-worker/internal/host/hosttest"
)

func TestHostnameIsTheFirstNameOfTheFile(t *testing.T) {
	for _, test := range []struct{ content, want string }{
		{"Juju-1\n", "Juju-1"},
		{"# set by cloud-init\n\n  node.example.com \nother\n", "node.example.com"},
	} {
		h := hosttest.Tree(t, map[string]string{"/etc/hostname": test.content})
		if got, err := h.Hostname(); got != test.want || err != nil {
			t.Errorf("Hostname() of %q = %q, %v", test.content, got, err)
		}
	}
	for name, files := range map[string]map[string]string{"no file": nil, "empty": {"/etc/hostname": "\n#x\n"}} {
		if got, err := hosttest.Tree(t, files).Hostname(); err == nil {
			t.Errorf("%s: Hostname() = %q", name, got)
		}
	}
	kernel, err := os.Hostname()
	if err != nil {
		t.Fatal(err)
	}
	if got, err := host.New("/").Hostname(); got != kernel || err != nil {
		t.Errorf("of this machine: %q, %v; the kernel says %q", got, err, kernel)
	}
}

func TestFQDNIsTheFirstDottedNameBesideTheHostName(t *testing.T) {
	for name, test := range map[string]struct{ hostname, hosts, want string }{
		"canonical name":               {"node", "127.0.1.1 node.example.com node\n", "node.example.com"},
		"alias":                        {"node", "10.0.0.1 node node.example.com\n", "node.example.com"},
		"host name in upper case":      {"NODE", "10.0.0.1 node.example.com node\n", "node.example.com"},
		"other hosts":                  {"node", "10.0.0.9 b.example.com b\n", "node"},
		"comment":                      {"node", "#10.0.0.1 a.example.com node\n10.0.0.1 x.example.com # node\n", "node"},
		"localhost is no full name":    {"node", "127.0.0.1 localhost.localdomain localhost node\n10.0.0.1 node.lxd node\n", "node.lxd"},
		"line without a dot is passed": {"node", "127.0.0.1 localhost node\n::1 node\n10.0.0.1\tnode.lxd\tnode\n", "node.lxd"},
		"dotted host name":             {"node.lxd", "", "node.lxd"},
		"no file":                      {"node", "", "node"},
	} {
		files := map[string]string{"/etc/hostname": test.hostname}
		if test.hosts != "" {
			files["/etc/hosts"] = test.hosts
		}
		if got, err := hosttest.Tree(t, files).FQDN(context.Background()); got != test.want || err != nil {
			t.Errorf("%s: FQDN() = %q, %v; want %q", name, got, err, test.want)
		}
	}
}

func TestFQDNDoesNotWaitForAnEndedHook(t *testing.T) {
	ctx, cancel := context.WithCancel(context.Background())
	cancel()
	if got, err := host.New("/").FQDN(ctx); got == "" || err != nil {
		t.Errorf("FQDN() = %q, %v; want the host name at least", got, err)
	}
}

func TestContainerKind(t *testing.T) {
	for name, test := range map[string]struct {
		files map[string]string
		want  string
	}{
		"machine":                   {nil, ""},
		"systemd's note":            {map[string]string{"/run/systemd/container": "lxc\n"}, "lxc"},
		"environment of init":       {map[string]string{"/proc/1/environ": "PATH=/bin\x00container=docker\x00X=1\x00"}, "docker"},
		"similar name":              {map[string]string{"/proc/1/environ": "mycontainer=lxc\x00containers=2\x00"}, ""},
		"note counts before init":   {map[string]string{"/run/systemd/container": "lxc", "/proc/1/environ": "container=x\x00"}, "lxc"},
		"empty note is no evidence": {map[string]string{"/run/systemd/container": "\n", "/proc/1/environ": "container=x\x00"}, "x"},
	} {
		if got := hosttest.Tree(t, test.files).Container(); got != test.want {
			t.Errorf("%s: Container() = %q, want %q", name, got, test.want)
		}
	}
}

func TestCgroupVersion(t *testing.T) {
	const path = "/sys/fs/cgroup/cgroup.controllers"
	for name, test := range map[string]struct {
		files map[string]string
		want  int
	}{
		"unified":                         {map[string]string{path: "cpuset cpu io memory pids\n"}, 2},
		"unified but without controllers": {map[string]string{path: "\n"}, 1},
		"controllers of version 1":        {map[string]string{"/sys/fs/cgroup/memory/tasks": ""}, 1},
		"no cgroups":                      {nil, 1},
	} {
		if got := hosttest.Tree(t, test.files).CgroupVersion(); got != test.want {
			t.Errorf("%s: %d, want %d", name, got, test.want)
		}
	}
}

func TestResolvConfStubIsFoundThroughLinks(t *testing.T) {
	for target, want := range map[string]bool{
		"/run/systemd/resolve/stub-resolv.conf":                     true,
		"../run/systemd/resolve/stub-resolv.conf":                   true,
		"../lib/systemd/../../run/systemd/resolve/stub-resolv.conf": true,
		"/run/systemd/resolve/resolv.conf":                          false,
		"/etc/resolv.conf.local":                                    false,
		"resolv.conf":                                               false,
	} {
		h := hosttest.Tree(t, map[string]string{"/etc/": "", "/lib/systemd/": "", "/run/systemd/resolve/stub-resolv.conf": "nameserver 127.0.0.53\n"})
		if err := os.Symlink(target, filepath.Join(h.Root, "etc/resolv.conf")); err != nil {
			t.Fatal(err)
		}
		if got := h.ResolvConfStub(); got != want {
			t.Errorf("link to %s: %v, want %v", target, got, want)
		}
	}
	if hosttest.Tree(t, map[string]string{"/etc/resolv.conf": "nameserver 10.0.0.1\n"}).ResolvConfStub() {
		t.Error("a plain file was taken for the stub")
	}
}

func TestOSReleaseOfRealSystems(t *testing.T) {
	for name, test := range map[string]struct {
		files map[string]string
		want  host.OSRelease
	}{
		"jammy": {map[string]string{"/etc/os-release": `PRETTY_NAME="Ubuntu 22.04.4 LTS"
NAME="Ubuntu"
VERSION_ID="22.04"
VERSION="22.04.4 LTS (Jammy Jellyfish)"
VERSION_CODENAME=jammy
ID=ubuntu
ID_LIKE=debian
UBUNTU_CODENAME=jammy
`}, host.OSRelease{ID: "ubuntu", Version: "22.04", Codename: "jammy"}},
		"bookworm": {map[string]string{"/usr/lib/os-release": "ID=debian\nVERSION_ID='12'\nVERSION_CODENAME=bookworm"},
			host.OSRelease{ID: "debian", Version: "12", Codename: "bookworm"}},
		"xenial as released": {map[string]string{
			"/etc/os-release": "ID=ubuntu\nVERSION_ID=\"16.04\"\nUBUNTU_CODENAME=xenial\n"},
			host.OSRelease{ID: "ubuntu", Version: "16.04", Codename: "xenial"}},
		"code name only in lsb-release": {map[string]string{
			"/etc/os-release":  "# comment\nID=ubuntu\nVERSION_ID=\"16.04\"\n",
			"/etc/lsb-release": "DISTRIB_ID=Ubuntu\nDISTRIB_CODENAME=xenial\n"},
			host.OSRelease{ID: "ubuntu", Version: "16.04", Codename: "xenial"}},
		"quoting": {map[string]string{"/etc/os-release": "ID=\"a\\\"b\\\\c\\$d\"\nVERSION_ID=1\\ 2\n"},
			host.OSRelease{ID: `a"b\c$d`, Version: "1 2"}},
	} {
		if got, err := hosttest.Tree(t, test.files).OSRelease(); got != test.want || err != nil {
			t.Errorf("%s: %+v, %v; want %+v", name, got, err, test.want)
		}
	}
	if got, err := hosttest.Tree(t, nil).OSRelease(); err == nil {
		t.Errorf("of an empty tree: %+v", got)
	}
}

func FuzzOSRelease(f *testing.F) {
	f.Add("ID=ubuntu\nVERSION_ID=\"22.04\"\n", "127.0.1.1 a.b a\n", "a")
	f.Add("ID=\"\\", "#", "")
	f.Add("ID='\n=\"=", "1 a.\x00 a", "a")
	f.Fuzz(func(t *testing.T, release, hosts, hostname string) {
		h := hosttest.Tree(t, map[string]string{"/etc/os-release": release, "/etc/hosts": hosts, "/etc/hostname": hostname})
		if _, err := h.OSRelease(); err != nil {
			t.Error(err)
		}
		name, err := h.Hostname()
		full, err2 := h.FQDN(context.Background())
		if (err == nil) != (err2 == nil) || (name == "") != (full == "") {
			t.Errorf("host name %q, %v; full name %q, %v", name, err, full, err2)
		}
	})
}
