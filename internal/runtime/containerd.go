package runtime

import (
	"fmt"
	"strings"

	"kubernetes-worker/internal/options"
)

// Files of containerd.
const (
	ContainerdConfigFile = "/etc/containerd/config.toml"
	ContainerdDropIn     = "/etc/systemd/system/containerd.service.d/kubernetes-worker.conf"
	RegistryHostsDir     = "/etc/containerd/certs.d"
	CNIBinDir            = "/opt/cni/bin"
	CNIConfDir           = "/etc/cni/net.d"
)

// Containerd is what the daemon's files depend on.
type Containerd struct {
	SandboxImage string
	CgroupDriver string        // the kubelet's; the runtime must use the same
	Container    bool          // the machine is a container, where oom scores cannot be lowered
	Proxy        options.Proxy // the effective one
	Nvidia       bool          // the runtime that gives GPUs to containers is there, and is the one to use
}

// ContainerdFiles renders the daemon's files. It fails on values that would break out of their line. The configuration is
// of format version 2, which all releases from 1.3 on read and 2.x convert by themselves; it replaces the packaged file,
// which docker-ce ships with the CRI plugin turned off.
func ContainerdFiles(c Containerd) ([]File, error) {
	if err := checkLine("the sandbox image", c.SandboxImage); err != nil {
		return nil, err
	}
	proxies, err := proxyLines(c.Proxy)
	if err != nil {
		return nil, err
	}
	dropIn := File{Path: ContainerdDropIn, Mode: dropInMode(c.Proxy), Absent: proxies == ""}
	if proxies != "" {
		dropIn.Content = []byte(generated + "[Service]\n" + proxies)
	}
	return []File{
		{Path: ContainerdConfigFile, Mode: 0o444, Content: []byte(containerdConfig(c))},
		dropIn,
	}, nil
}

func containerdConfig(c Containerd) string {
	return fmt.Sprintf(`%sversion = 2
disabled_plugins = []

[plugins."io.containerd.grpc.v1.cri"]
  sandbox_image = %s
  restrict_oom_score_adj = %t

  [plugins."io.containerd.grpc.v1.cri".cni]
    bin_dir = %s
    conf_dir = %s

%s  [plugins."io.containerd.grpc.v1.cri".registry]
    config_path = %s
`, generated, tomlString(c.SandboxImage), c.Container, tomlString(CNIBinDir), tomlString(CNIConfDir),
		runtimesSection(c), tomlString(RegistryHostsDir))
}

// runtimesSection lists the programs that make containers: runc, and NVIDIA's in front of it where it is there, which is
// then the default, as it is with docker.
func runtimesSection(c Containerd) string {
	section := func(name, program string) string {
		return fmt.Sprintf(`  [plugins."io.containerd.grpc.v1.cri".containerd.runtimes.%s]
    runtime_type = "io.containerd.runc.v2"

    [plugins."io.containerd.grpc.v1.cri".containerd.runtimes.%s.options]
      SystemdCgroup = %t
%s
`, name, name, c.CgroupDriver == "systemd", program)
	}
	if !c.Nvidia {
		return section("runc", "")
	}
	return "  [plugins.\"io.containerd.grpc.v1.cri\".containerd]\n    default_runtime_name = \"nvidia\"\n\n" +
		section("runc", "") + section("nvidia", "      BinaryName = "+tomlString(NvidiaRuntime)+"\n")
}

// tomlString writes a basic string. Control characters were refused before; the others that TOML escapes are these two.
func tomlString(text string) string {
	return `"` + strings.NewReplacer(`\`, `\\`, `"`, `\"`).Replace(text) + `"`
}
