package host

import (
	"bytes"
	"fmt"
	"os"
	"runtime"
	"strings"
)

// stubResolver is where systemd-resolved keeps the resolver file that names only its own local stub.
const stubResolver = "/run/systemd/resolve/stub-resolv.conf"

// Hostname returns the machine's own name as it is, not lower-cased: of the kernel for the root "/", else the first
// name in <root>/etc/hostname.
func (h *Host) Hostname() (string, error) {
	if h.Root == "/" {
		name, err := os.Hostname()
		if err != nil {
			return "", fmt.Errorf("cannot read host name: %w", err)
		}
		return name, nil
	}
	content, err := h.ReadFile("/etc/hostname")
	if err != nil {
		return "", fmt.Errorf("cannot read host name: %w", err)
	}
	for line := range strings.Lines(string(content)) {
		if name := strings.TrimSpace(line); name != "" && !strings.HasPrefix(name, "#") {
			return name, nil
		}
	}
	return "", fmt.Errorf("cannot read host name: %s holds none", h.Path("/etc/hostname"))
}

// Architecture returns dpkg's name of the architecture this program was built for.
func (h *Host) Architecture() string { return dpkgArchitecture(runtime.GOARCH) }

func dpkgArchitecture(goarch string) string {
	switch goarch {
	case "ppc64le":
		return "ppc64el"
	case "386":
		return "i386"
	case "arm":
		return "armhf"
	}
	return goarch
}

// Container returns the kind of container the machine is ("lxc", "docker", "systemd-nspawn", ...) as its init system
// was told, or "" if it is none.
func (h *Host) Container() string {
	if content, err := h.ReadFile("/run/systemd/container"); err == nil {
		if kind := strings.TrimSpace(string(content)); kind != "" {
			return kind
		}
	}
	environment, err := h.ReadFile("/proc/1/environ")
	if err != nil {
		return ""
	}
	for _, variable := range bytes.Split(environment, []byte{0}) {
		if kind, ok := bytes.CutPrefix(variable, []byte("container=")); ok {
			return strings.TrimSpace(string(kind))
		}
	}
	return ""
}

// CgroupVersion returns 2 if the unified hierarchy has controllers, else 1.
func (h *Host) CgroupVersion() int {
	content, err := h.ReadFile("/sys/fs/cgroup/cgroup.controllers")
	if err == nil && len(bytes.TrimSpace(content)) > 0 {
		return 2
	}
	return 1
}

// ResolvConfStub reports whether /etc/resolv.conf leads to the stub of systemd-resolved, whose only server a pod cannot
// reach.
func (h *Host) ResolvConfStub() bool {
	where, err := h.Resolve("/etc/resolv.conf")
	return err == nil && where == stubResolver
}

// OSRelease names the distribution.
type OSRelease struct {
	ID       string // ubuntu, debian, ...
	Version  string // VERSION_ID: 22.04, 12, ...
	Codename string // jammy, bookworm, ...; "" if it has none
}

// OSRelease reads os-release(5), and lsb-release for the code name where the former lacks it, as on early xenial.
func (h *Host) OSRelease() (OSRelease, error) {
	content, err := h.ReadFile("/etc/os-release")
	if err != nil {
		var second error
		if content, second = h.ReadFile("/usr/lib/os-release"); second != nil {
			return OSRelease{}, fmt.Errorf("cannot tell the distribution: %w", err)
		}
	}
	fields := assignments(string(content))
	release := OSRelease{ID: fields["ID"], Version: fields["VERSION_ID"], Codename: fields["VERSION_CODENAME"]}
	if release.Codename == "" {
		release.Codename = fields["UBUNTU_CODENAME"]
	}
	if release.Codename == "" {
		if content, err := h.ReadFile("/etc/lsb-release"); err == nil {
			release.Codename = assignments(string(content))["DISTRIB_CODENAME"]
		}
	}
	return release, nil
}

// assignments reads NAME=value lines with the quoting of a shell, as os-release(5) defines them.
func assignments(text string) map[string]string {
	fields := map[string]string{}
	for line := range strings.Lines(text) {
		name, value, ok := strings.Cut(strings.TrimSpace(line), "=")
		if !ok || name == "" || strings.HasPrefix(name, "#") {
			continue
		}
		fields[name] = unquote(value)
	}
	return fields
}

func unquote(value string) string {
	if len(value) >= 2 && value[0] == '\'' && value[len(value)-1] == '\'' {
		return value[1 : len(value)-1]
	}
	if len(value) >= 2 && value[0] == '"' && value[len(value)-1] == '"' {
		value = value[1 : len(value)-1]
	}
	var plain strings.Builder
	for i := 0; i < len(value); i++ {
		if value[i] == '\\' && i+1 < len(value) {
			i++
		}
		plain.WriteByte(value[i])
	}
	return plain.String()
}
