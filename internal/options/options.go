// Package options owns the meaning of the charm's options: it turns the configuration that Juju gives into typed values
// and says of each bad one what is wrong and what to do (specification, config 2, 3 and 8). It reads nothing from the
// machine, keeps nothing, and never refuses all because one is bad.
package options

import (
	"maps"
	"slices"

	"kubernetes-worker/internal/arguments"
	"kubernetes-worker/internal/registry"
)

// Option is the name of an option as in config.yaml.
type Option string

// The options this package reads.
const (
	AllowPrivileged      Option = "allow-privileged"
	ChannelOption        Option = "channel"
	RequireManualUpgrade Option = "require-manual-upgrade"
	KubeletExtraArgs     Option = "kubelet-extra-args"
	ProxyExtraArgs       Option = "proxy-extra-args"
	KubeletExtraConfig   Option = "kubelet-extra-config"
	LabelsOption         Option = "labels"
	DockerRuntime        Option = "docker_runtime"
	DockerOpts           Option = "docker-opts"
	HTTPProxy            Option = "http_proxy"
	HTTPSProxy           Option = "https_proxy"
	NoProxy              Option = "no_proxy"
	DockerPackage        Option = "docker-ce-package"
	NvidiaDockerPackage  Option = "nvidia-docker-package"
	NvidiaRuntimePackage Option = "nvidia-container-runtime-package"
	CUDARepo             Option = "cuda_repo"
	KeyServer            Option = "apt-key-server"
	SnapdRefresh         Option = "snapd_refresh"
	SnapProxy            Option = "snap_proxy"
	SnapProxyURL         Option = "snap_proxy_url"
	DockerLogins         Option = "docker-logins"
	Ingress              Option = "ingress"
	NginxImage           Option = "nginx-image"
	BackendImage         Option = "default-backend-image"
	ChainCompletion      Option = "ingress-ssl-chain-completion"
	EnableCgroups        Option = "enable-cgroups"
	NagiosContext        Option = "nagios_context"
	NagiosServicegroups  Option = "nagios_servicegroups"
)

// Options are the values in force. An option that Invalid names holds its default, or with ParseKeeping its last good
// value.
type Options struct {
	AllowPrivileged      Privileged
	Channel              Channel
	RequireManualUpgrade bool
	KubeletExtraArgs     []arguments.Argument
	ProxyExtraArgs       []arguments.Argument
	KubeletExtraConfig   map[string]any // data as in JSON: map[string]any, []any, string, bool, int64, uint64, float64, nil
	Labels               Labels
	DockerRuntime        Runtime
	DockerOpts           string // trimmed, free of control characters
	Proxy                Proxy  // as configured; EffectiveProxy gives the one to use
	Packages             RuntimePackages
	SnapdRefresh         string // a timer of snapd, RefreshMax, or empty for snapd's own
	SnapProxy            string // as configured; ProxyOfSnapd gives the one to use
	SnapProxyURL         string // without a slash at its end
	DockerLogins         []registry.Login
	Ingress              bool
	NginxImage           string // of the ingress controller; empty: the one that fits
	BackendImage         string // of the default backend; empty: the one that fits
	ChainCompletion      bool
	EnableCgroups        bool
	NagiosContext        string // before a unit's name in Nagios; may be empty
	NagiosServicegroups  string // separated by commas; ServiceGroups gives those to use

	// Invalid tells for each unusable option what is wrong with the value that is configured now.
	Invalid map[Option]error
	// Unknown are the options of which not even a last good value is there. Their fields hold the default, which nobody
	// asked for: what depends on them is better left as it is.
	Unknown map[Option]bool
}

// AnyUnknown reports whether what a person wants of any of the options is not known.
func (o Options) AnyUnknown(of ...Option) bool {
	return slices.ContainsFunc(of, func(option Option) bool { return o.Unknown[option] })
}

// Severity ranks a finding.
type Severity int

// The severities.
const (
	Warning Severity = iota // worth a line in the log; the option acts as far as it can
	Blocked                 // the option does not act; a person must correct it
)

// Finding is something wrong with the value of an option. The message is whole: it can be logged or shown as it is, and
// holds no value that may be secret.
type Finding struct {
	Option   Option
	Severity Severity
	Message  string
}

type reader struct {
	option Option
	into   *Options
	value  any // what config-get says; nil where Juju has no value
	notes  []Finding
}

func (r *reader) warn(message string) {
	r.notes = append(r.notes, Finding{Option: r.option, Severity: Warning, Message: message})
}

// readers lists how each option is read, in the order in which findings are reported. A reader changes its fields of
// Options only if it returns no error.
func readers() []struct {
	option Option
	read   func(*reader) error
} {
	return []struct {
		option Option
		read   func(*reader) error
	}{
		{ChannelOption, readChannel},
		{RequireManualUpgrade, readBool(func(o *Options) *bool { return &o.RequireManualUpgrade })},
		{AllowPrivileged, readAllowPrivileged},
		{KubeletExtraArgs, readKubeletExtraArgs},
		{ProxyExtraArgs, readProxyExtraArgs},
		{KubeletExtraConfig, readKubeletExtraConfig},
		{LabelsOption, readLabels},
		{DockerRuntime, readDockerRuntime},
		{DockerOpts, readDockerOpts},
		{HTTPProxy, readHTTPProxy},
		{HTTPSProxy, readHTTPSProxy},
		{NoProxy, readNoProxy},
		{DockerPackage, readPackage(func(o *Options) *string { return &o.Packages.Docker })},
		{NvidiaDockerPackage, readPackage(func(o *Options) *string { return &o.Packages.NvidiaDocker })},
		{NvidiaRuntimePackage, readPackage(func(o *Options) *string { return &o.Packages.NvidiaRuntime })},
		{CUDARepo, readCUDARepo},
		{KeyServer, readKeyServer},
		{SnapdRefresh, readSnapdRefresh},
		{SnapProxy, readSnapProxy},
		{SnapProxyURL, readSnapProxyURL},
		{DockerLogins, readDockerLogins},
		{Ingress, readBool(func(o *Options) *bool { return &o.Ingress })},
		{NginxImage, readImage(func(o *Options) *string { return &o.NginxImage })},
		{BackendImage, readImage(func(o *Options) *string { return &o.BackendImage })},
		{ChainCompletion, readBool(func(o *Options) *bool { return &o.ChainCompletion })},
		{EnableCgroups, readBool(func(o *Options) *bool { return &o.EnableCgroups })},
		{NagiosContext, readNagiosContext},
		{NagiosServicegroups, readNagiosServicegroups},
	}
}

// Defaults are the options of a fresh deployment, as in config.yaml.
func Defaults() Options {
	return Options{
		AllowPrivileged:      PrivilegedTrue,
		Channel:              Channel{Track: "1.12", Risk: "stable"},
		RequireManualUpgrade: true,
		KubeletExtraConfig:   map[string]any{},
		DockerRuntime:        RuntimeAuto,
		SnapdRefresh:         RefreshMax,
		NagiosContext:        "juju",
		Packages:             defaultRuntimePackages(),
		Ingress:              true,
		Invalid:              map[Option]error{},
	}
}

// Parse reads the configuration as config-get gives it: option name to string, bool or number, nil or no entry meaning
// the default. Each option is judged on its own. Findings come in a fixed order.
func Parse(config map[string]any) (Options, []Finding) {
	return ParseKeeping(config, nil)
}

// ParseKeeping is Parse where an option with a bad value acts with its last good one: lastGood holds what an earlier
// Good returned. The finding about the bad value stays.
func ParseKeeping(config, lastGood map[string]any) (Options, []Finding) {
	options := Defaults()
	var findings []Finding
	for _, r := range readers() {
		reading := reader{option: r.option, into: &options, value: config[string(r.option)]}
		err := r.read(&reading)
		if err == nil {
			findings = append(findings, reading.notes...)
			continue
		}
		options.Invalid[r.option] = err
		findings = append(findings, Finding{Option: r.option, Severity: Blocked, Message: string(r.option) + ": " + err.Error()})
		kept := reader{option: r.option, into: &options, value: lastGood[string(r.option)]}
		// Reading the last good value fails where this charm is stricter than the one that kept it.
		if kept.value == nil || r.read(&kept) != nil {
			options.forget(r.option)
		}
	}
	return options, findings
}

// Remembered reads what an earlier Good returned. Options that are not in it are unknown.
func Remembered(lastGood map[string]any) Options {
	options := Defaults()
	for _, r := range readers() {
		kept := reader{option: r.option, into: &options, value: lastGood[string(r.option)]}
		if kept.value == nil || r.read(&kept) != nil {
			options.forget(r.option)
		}
	}
	return options
}

func (o *Options) forget(option Option) {
	if o.Unknown == nil {
		o.Unknown = map[Option]bool{}
	}
	o.Unknown[option] = true
}

// Good picks out of the configuration what is to be remembered for ParseKeeping: the values of the options read here,
// without the bad ones, for which the earlier good value is carried over, and without those that hold a password: what is
// remembered lies in a file.
func (o Options) Good(config, lastGood map[string]any) map[string]any {
	good := map[string]any{}
	for _, r := range readers() {
		from := config
		if o.Invalid[r.option] != nil {
			from = lastGood
		}
		if value, ok := from[string(r.option)]; ok && value != nil && !confidential(r.option, value) {
			good[string(r.option)] = value
		}
	}
	return good
}

// InvalidOptions lists the options whose configured value is bad, sorted.
func (o Options) InvalidOptions() []Option { return slices.Sorted(maps.Keys(o.Invalid)) }
