// Package kubelet owns what the kubelet is started with: its arguments and its configuration file for the Kubernetes
// release that is installed (specification, lifecycle 6.2 and 6.3). What a release knows says package release. It renders
// and compares; it writes no file and starts nothing.
package kubelet

import (
	"fmt"
	"strings"

	"kubernetes-worker/internal/arguments"
	"kubernetes-worker/internal/kubeversion"
	"kubernetes-worker/internal/release"
)

// Where things are on the machine.
const (
	CAFile           = "/root/cdk/ca.crt"
	ServerCertFile   = "/root/cdk/server.crt"
	ServerKeyFile    = "/root/cdk/server.key"
	KubeconfigFile   = "/root/cdk/kubeconfig"
	ConfigFile       = "/root/cdk/kubelet/config.yaml"
	DynamicConfigDir = "/root/cdk/kubelet/dynamic-config"
	ResolvedConf     = "/run/systemd/resolve/resolv.conf" // the real servers, where /etc/resolv.conf names a stub on loopback
)

// Names of the options that problems and warnings point at.
const (
	optionArgs       = "kubelet-extra-args"
	optionConfig     = "kubelet-extra-config"
	optionPrivileged = "allow-privileged"
)

// Input is everything the rendering depends on.
type Input struct {
	Version         kubeversion.Version // of the installed kubelet
	NodeName        string
	NodeIP          string   // empty: kubelet's own choice
	ClusterDomain   string   // empty: kubelet's default
	ClusterDNS      []string // empty where the cluster has no DNS or it is disabled
	AllowPrivileged string   // true, false or auto
	ResolvConfStub  bool     // /etc/resolv.conf leads to systemd-resolved's stub
	GPU             bool
	CgroupVersion   int    // 1 or 2; 0 where not known
	Docker          bool   // the runtime is docker behind dockershim, else containerd
	RuntimeEndpoint string // containerd's socket as path or unix:// URL
	DockerEndpoint  string // docker's socket; empty where it is the usual one
	SandboxImage    string // pause image; empty: the default of kubelet or runtime
	CloudProvider   string
	CloudConfig     string // path
	ProviderID      string
	ExtraArgs       []arguments.Argument // kubelet-extra-args
	ExtraConfig     map[string]any       // kubelet-extra-config
}

// Output is what to give to the snap. It must not be applied if there are problems.
type Output struct {
	Args         arguments.Set
	Form         arguments.Form
	Config       []byte // content of ConfigFile; nil for releases that read none
	CgroupDriver string // systemd or cgroupfs: the driver in force, which the runtime must use too
	Checkpoints  []Checkpoint
	Warnings     []string
	Problems     []Problem
}

// Problem is a setting with which this release of the kubelet would not start or would not do what was meant.
type Problem struct {
	Option string // the option that holds it
	Reason string // what is wrong and what to do
}

// Error joins the parts.
func (p Problem) Error() string { return p.Option + ": " + p.Reason }

// CgroupDriver tells the driver that kubelet and runtime use unless a person says otherwise: systemd's where the machine
// has the unified hierarchy and the kubelet is new enough to expect it.
func CgroupDriver(v kubeversion.Version, cgroupVersion int) string {
	if cgroupVersion == 2 && release.Has(v, release.CgroupV2) {
		return "systemd"
	}
	return "cgroupfs"
}

// Render computes arguments and configuration. The same input always gives the same bytes.
func Render(in Input) Output {
	out := Output{Form: arguments.FormFor(in.Version)}
	out.Args = ownArguments(in).With(out.checkExtraArgs(in)...)
	driver := CgroupDriver(in.Version, in.CgroupVersion)
	if release.Has(in.Version, release.ConfigFile) {
		out.renderConfig(in, &driver)
	} else if len(in.ExtraConfig) > 0 {
		out.warn("%s is ignored: kubelet %s reads no configuration file", optionConfig, in.Version)
	}
	if out.Checkpoints == nil {
		out.checkpoints(nil)
	}
	if asked, ok := out.Args.Get("cgroup-driver"); ok {
		driver = asked
	}
	out.CgroupDriver = driver
	if !release.Has(in.Version, release.AllowPrivileged) && in.AllowPrivileged != "true" && in.AllowPrivileged != "" {
		out.warn("%s=%s is ignored: kubelet %s has no such setting, use admission policies of the cluster", optionPrivileged, in.AllowPrivileged, in.Version)
	}
	return out
}

func (out *Output) warn(format string, args ...any) {
	out.Warnings = append(out.Warnings, fmt.Sprintf(format, args...))
}

func (out *Output) problem(option, format string, args ...any) {
	out.Problems = append(out.Problems, Problem{Option: option, Reason: fmt.Sprintf(format, args...)})
}

// endpoint writes a socket as the kubelet wants it.
func endpoint(socket string) string {
	if strings.HasPrefix(socket, "/") {
		return "unix://" + socket
	}
	return socket
}
