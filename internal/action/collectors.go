package action

// collector is a directory of the archive and what comes into it. Those that only the charm can tell have Texts alone.
type collector struct {
	name     string
	commands []command
	files    []source
	// asks: the commands all ask one server. If it does not answer the first, it is not asked the others.
	asks bool
}

// command is a file and the program that prints it.
type command struct {
	file string
	args []string
}

// source is files to copy. They keep the part of their names behind under, below to, or their last part alone.
type source struct{ glob, under, to string }

func prints(file string, args ...string) command { return command{file: file, args: args} }

// collectors lists what is collected, in the order of the archive.
func (d Debug) collectors() []collector {
	all := []collector{
		{name: "charm-unitdata"},
		{name: "filesystem", commands: []command{
			prints("df-hT", "df", "-hT"), prints("du-h", "du", "-x", "-h", "-d", "2", "/var"), prints("mount", "mount"),
			prints("findmnt", "findmnt"), prints("lsblk", "lsblk"), prints("lsof", "lsof", "-n", "-P"), prints("lslocks", "lslocks"),
		}},
		{name: "juju-logs", files: []source{{glob: "/var/log/juju/*"}}},
		{name: "juju-network-get"},
		{name: "network", commands: []command{
			prints("ifconfig", "ip", "-statistics", "address"), prints("netstat", "ss", "-planut"), prints("route", "ip", "route", "show", "table", "all"),
			prints("iptables-save", "iptables-save"), prints("dig-google", "getent", "ahosts", "google.com"), prints("ping-google", "ping", "-c", "2", "-w", "5", "google.com"),
		}, files: []source{{glob: "/etc/resolv.conf"}, {glob: "/etc/network/interfaces"}}},
		{name: "packages", commands: []command{
			prints("dpkg-list", "dpkg", "--list"), prints("snap-list", "snap", "list", "--all"),
			prints("pip2-list", "pip2", "list"), prints("pip3-list", "pip3", "list"),
		}},
		{name: "sysctl", commands: []command{prints("sysctl", "sysctl", "-a")}},
		{name: "systemd", commands: []command{
			prints("systemctl", "systemctl", "--no-pager", "--all"), prints("journalctl", "journalctl", "--no-pager", "--lines", "50000"),
			prints("systemd-analyze-time", "systemd-analyze", "time"), prints("systemd-analyze-blame", "systemd-analyze", "--no-pager", "blame"),
			prints("systemd-analyze-critical-chain", "systemd-analyze", "--no-pager", "critical-chain"), prints("systemd-analyze-dump", "systemd-analyze", "--no-pager", "dump"),
		}},
		{name: "tls-certs", files: []source{{glob: "/root/cdk/client.crt"}, {glob: "/root/cdk/server.crt"}, {glob: "/root/cdk/ca.crt"}}},
		{name: "inotify", commands: []command{
			prints("sysctl-limits", "sysctl", "fs.inotify"),
			prints("inotify-instances", "sh", "-c", "find /proc/[0-9]*/fd -lname anon_inode:inotify 2>/dev/null | cut -d/ -f3 | sort -n | uniq -c"),
		}},
		d.kubectl(),
		{name: "kubernetes-worker-services", commands: []command{
			prints("kubelet-systemctl-status", "systemctl", "--no-pager", "status", "snap.kubelet.daemon"),
			prints("kubelet-journal", "journalctl", "--no-pager", "--lines", "20000", "--unit", "snap.kubelet.daemon"),
			prints("kube-proxy-systemctl-status", "systemctl", "--no-pager", "status", "snap.kube-proxy.daemon"),
			prints("kube-proxy-journal", "journalctl", "--no-pager", "--lines", "20000", "--unit", "snap.kube-proxy.daemon"),
		}},
	}
	return append(all, d.runtime())
}

// runtime is the container runtime and the logs of containers.
func (d Debug) runtime() collector {
	if d.Docker {
		return collector{name: "docker", commands: []command{
			prints("docker-version", "docker", "version"), prints("docker-info", "docker", "info"),
			prints("docker-ps", "docker", "ps", "--all"), prints("docker-images", "docker", "images", "--all"),
		}}
	}
	ctr := func(file string, args ...string) command {
		words := []string{"ctr", "--namespace=k8s.io"}
		if d.Address != "" {
			words = append(words, "--address="+d.Address)
		}
		return command{file: file, args: append(words, args...)}
	}
	return collector{name: "containerd", commands: []command{
		ctr("ctr-version", "version"), ctr("ctr-containers", "containers", "ls"), ctr("ctr-tasks", "tasks", "ls"), ctr("ctr-images", "images", "ls"),
		prints("containerd-journal", "journalctl", "--no-pager", "--lines", "5000", "--unit", "containerd"),
	}, files: []source{{glob: "/var/log/pods/*/*/*.log", under: "/var/log/pods", to: "container-logs"}}}
}

// kubectl asks the cluster as its administrator.
func (d Debug) kubectl() collector {
	ask := func(file string, args ...string) command {
		words := []string{"kubectl", "--kubeconfig", d.Files.Path("/root/.kube/config"), "--request-timeout", "20s"}
		return command{file: file, args: append(words, args...)}
	}
	commands := []command{ask("cluster-info", "cluster-info"), ask("cluster-info-dump", "cluster-info", "dump")}
	for _, kind := range []string{"pods", "svc", "ingress", "pv", "pvc", "rc"} {
		commands = append(commands, ask("describe-"+kind, "describe", kind, "--all-namespaces"))
	}
	return collector{name: "kubectl", asks: true, commands: append(commands,
		// Names and sizes: the contents are nobody's business, and describe shows those of tokens.
		ask("describe-secrets", "get", "secrets", "--all-namespaces", "--output", "wide"), ask("describe-nodes", "describe", "nodes"))}
}
