package runtime_test

import (
	"bytes"
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"kubernetes-worker/internal/kubeversion"
	"kubernetes-worker/internal/options"
	"kubernetes-worker/internal/runtime"
)

var update = flag.Bool("update", false, "write the golden files")

func golden(t *testing.T, name string, files []runtime.File) {
	t.Helper()
	var got bytes.Buffer
	for _, f := range files {
		fmt.Fprintf(&got, "==== %s %04o absent=%t\n%s", f.Path, f.Mode, f.Absent, f.Content)
	}
	path := filepath.Join("testdata", name)
	if *update {
		if err := os.WriteFile(path, got.Bytes(), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	if !bytes.Equal(got.Bytes(), want) {
		t.Errorf("%s differs; got:\n%s", path, got.Bytes())
	}
}

func TestTheRuntimeFollowsTheRelease(t *testing.T) {
	for minor, docker := range map[int]bool{12: true, 23: true, 24: false, 36: false} {
		got := runtime.Choose(runtime.Need{Version: kubeversion.Version{Major: 1, Minor: minor}})
		if got.Docker() != docker || (got.Unit == "docker.service") != docker || got.Keeper != runtime.Ours || got.Socket != "" {
			t.Errorf("1.%d: %+v", minor, got)
		}
	}
}

func TestTheSandboxImageComesFromTheNamedRegistry(t *testing.T) {
	if got := runtime.SandboxImage(""); got != "registry.k8s.io/pause:3.9" {
		t.Error(got)
	}
	if got := runtime.SandboxImage("rocks.canonical.com:443/cdk"); got != "rocks.canonical.com:443/cdk/pause:3.9" {
		t.Error(got)
	}
}

func TestDockerFiles(t *testing.T) {
	proxy := options.Proxy{HTTP: "http://user:p%40ss@proxy:3128", NoProxy: `a,"b",\c`}
	for name, d := range map[string]runtime.Docker{
		"docker-plain": {Source: options.RuntimeApt, CgroupDriver: "cgroupfs", CgroupVersion: 1},
		"docker-full": {Source: options.RuntimeNvidia, Opts: ` --log-opt env="a b" --label=$x\y ` + "`id` ", Proxy: proxy, CgroupDriver: "cgroupfs", CgroupVersion: 2,
			Managed: map[string][]string{"mtu": {"1400"}, "insecure-registry": {"a:1", "b:2"}, "debug": nil}},
	} {
		files, err := runtime.DockerFiles(d)
		if err != nil {
			t.Fatal(err)
		}
		golden(t, name, files)
		if len(d.Managed) > 3 {
			t.Errorf("%s: the managed options were changed: %v", name, d.Managed)
		}
	}
}

func TestTheAssignmentIsExactlyAsSpecified(t *testing.T) {
	for name, c := range map[string]struct {
		docker runtime.Docker
		want   string
	}{
		"nothing":     {runtime.Docker{Source: options.RuntimeApt}, `DOCKER_OPTS="  "`},
		"own options": {runtime.Docker{Source: options.RuntimeApt, Opts: " --debug "}, `DOCKER_OPTS="  --debug"`},
		"nvidia": {runtime.Docker{Source: options.RuntimeNvidia, Opts: "--debug", Daemon: runtime.DaemonConfig{Runtimes: true, Nvidia: true}},
			`DOCKER_OPTS="  --debug --default-runtime=nvidia"`},
		"nvidia that nobody describes": {runtime.Docker{Source: options.RuntimeNvidia},
			`DOCKER_OPTS=" --add-runtime=nvidia=/usr/bin/nvidia-container-runtime   --default-runtime=nvidia"`},
		"nvidia by docker's file": {runtime.Docker{Source: options.RuntimeNvidia, Daemon: runtime.ReadDaemonConfig([]byte(
			`{"default-runtime": "nvidia", "runtimes": {"nvidia": {"path": "nvidia-container-runtime"}}}`))}, `DOCKER_OPTS="  "`},
		"runtimes without nvidia": {runtime.Docker{Source: options.RuntimeNvidia, Daemon: runtime.ReadDaemonConfig([]byte(`{"runtimes": {"kata": {}}}`))},
			`DOCKER_OPTS="  "`},
		"a default of a person's": {runtime.Docker{Source: options.RuntimeNvidia, Opts: "--default-runtime runc",
			Daemon: runtime.ReadDaemonConfig([]byte(`{"log-level": "warn"}`))},
			`DOCKER_OPTS=" --add-runtime=nvidia=/usr/bin/nvidia-container-runtime  --default-runtime runc"`},
		"docker's file is damaged": {runtime.Docker{Source: options.RuntimeNvidia, Daemon: runtime.ReadDaemonConfig([]byte(`{"runtimes": {`))},
			`DOCKER_OPTS=" --add-runtime=nvidia=/usr/bin/nvidia-container-runtime   --default-runtime=nvidia"`},
		"pods share one IPC namespace": {runtime.Docker{ShareIPC: true}, `DOCKER_OPTS=" --default-ipc-mode=shareable  "`},
		"a person's own way of sharing it": {runtime.Docker{ShareIPC: true, Opts: "--default-ipc-mode=private"},
			`DOCKER_OPTS="  --default-ipc-mode=private"`},
		"shared by docker's file": {runtime.Docker{ShareIPC: true, Daemon: runtime.ReadDaemonConfig([]byte(`{"default-ipc-mode": "shareable"}`))},
			`DOCKER_OPTS="  "`},
		"same driver":   {runtime.Docker{CgroupDriver: "systemd", CgroupVersion: 2}, `DOCKER_OPTS="  "`},
		"other driver":  {runtime.Docker{CgroupDriver: "systemd", CgroupVersion: 1}, `DOCKER_OPTS=" --exec-opt=native.cgroupdriver=systemd  "`},
		"person's own":  {runtime.Docker{Opts: "--exec-opt native.cgroupdriver=x", CgroupDriver: "systemd"}, `DOCKER_OPTS="  --exec-opt native.cgroupdriver=x"`},
		"special signs": {runtime.Docker{Opts: "a\"b\\c$d`e%f'g"}, "DOCKER_OPTS=\"  a\\\"b\\\\c\\$d\\`e%f'g\""},
	} {
		files, err := runtime.DockerFiles(c.docker)
		if err != nil {
			t.Fatal(err)
		}
		lines := strings.Split(strings.TrimSuffix(string(files[0].Content), "\n"), "\n")
		if len(lines) != 5 || lines[3] != "" || lines[4] != c.want || files[0].Path != "/etc/default/docker" || files[0].Mode != 0o444 {
			t.Errorf("%s: %q", name, lines)
		}
	}
}

func TestContainerdFiles(t *testing.T) {
	for name, c := range map[string]runtime.Containerd{
		"containerd-plain": {SandboxImage: "registry.k8s.io/pause:3.9", CgroupDriver: "systemd"},
		"containerd-full": {SandboxImage: `a"b\c`, CgroupDriver: "cgroupfs", Container: true,
			Proxy: options.Proxy{HTTPS: "http://proxy:3128/%2f"}},
		"containerd-nvidia": {SandboxImage: "registry.k8s.io/pause:3.9", CgroupDriver: "systemd", Nvidia: true},
	} {
		files, err := runtime.ContainerdFiles(c)
		if err != nil {
			t.Fatal(err)
		}
		golden(t, name, files)
	}
}

func TestAlwaysRestartDropIn(t *testing.T) {
	golden(t, "always-restart", []runtime.File{runtime.AlwaysRestart("snap.kubelet.daemon.service")})
}

func TestNothingBreaksOutOfItsLine(t *testing.T) {
	for _, evil := range []string{"a\nExecStart=/bin/sh", "a\rb", "a\x00b", "a\u0085b", "a\x7fb"} {
		for name, render := range map[string]func() ([]runtime.File, error){
			"docker-opts": func() ([]runtime.File, error) { return runtime.DockerFiles(runtime.Docker{Opts: evil}) },
			"managed": func() ([]runtime.File, error) {
				return runtime.DockerFiles(runtime.Docker{Managed: map[string][]string{"mtu": {evil}}})
			},
			"http_proxy": func() ([]runtime.File, error) {
				return runtime.DockerFiles(runtime.Docker{Proxy: options.Proxy{HTTP: evil}})
			},
			"https_proxy": func() ([]runtime.File, error) {
				return runtime.ContainerdFiles(runtime.Containerd{Proxy: options.Proxy{HTTPS: evil}})
			},
			"no_proxy": func() ([]runtime.File, error) {
				return runtime.ContainerdFiles(runtime.Containerd{Proxy: options.Proxy{HTTP: "x", NoProxy: evil}})
			},
			"sandbox image": func() ([]runtime.File, error) {
				return runtime.ContainerdFiles(runtime.Containerd{SandboxImage: evil})
			},
		} {
			files, err := render()
			if err == nil {
				t.Errorf("%s with %q: %v", name, evil, files)
			} else if strings.Contains(err.Error(), evil) {
				t.Errorf("%s: the error shows the value: %v", name, err)
			}
		}
	}
}
