package kubelet

import (
	"slices"
	"strings"

	"kubernetes-worker/internal/kubeversion"
)

// flag says in which minor releases of Kubernetes 1.x the kubelet knows a flag. Zero means: always, or never.
type flag struct {
	name       string
	since      int    // first release that has it
	deprecated int    // first release that calls it deprecated
	avoid      int    // first release in which the charm itself must not pass it though it is still read
	gone       int    // first release without it: passing it there makes the kubelet exit
	field      string // field of KubeletConfiguration that does the same
	instead    string // what else does the same
}

// flags is sorted by name. It is the only place that knows flags by release. Sources: specification lifecycle 18.1, and
// the kubelet's own flag set. Flags it does not list are passed on with a warning.
var flags = [...]flag{
	{name: "add-dir-header", deprecated: 23, gone: 26},
	{name: "address", deprecated: 10, field: "address"},
	{name: "allow-privileged", deprecated: 10, gone: 15},
	{name: "allowed-unsafe-sysctls", deprecated: 11, field: "allowedUnsafeSysctls"},
	{name: "alsologtostderr", deprecated: 23, gone: 26},
	{name: "anonymous-auth", deprecated: 10, field: "authentication.anonymous.enabled"},
	{name: "authentication-token-webhook", deprecated: 10, field: "authentication.webhook.enabled"},
	{name: "authentication-token-webhook-cache-ttl", deprecated: 10, field: "authentication.webhook.cacheTTL"},
	{name: "authorization-mode", deprecated: 10, field: "authorization.mode"},
	{name: "authorization-webhook-cache-authorized-ttl", deprecated: 10, field: "authorization.webhook.cacheAuthorizedTTL"},
	{name: "authorization-webhook-cache-unauthorized-ttl", deprecated: 10, field: "authorization.webhook.cacheUnauthorizedTTL"},
	{name: "bootstrap-kubeconfig"},
	{name: "cert-dir"},
	{name: "cgroup-driver", deprecated: 10, field: "cgroupDriver"},
	{name: "cgroup-root", deprecated: 10, field: "cgroupRoot"},
	{name: "cgroups-per-qos", deprecated: 10, field: "cgroupsPerQOS"},
	{name: "client-ca-file", deprecated: 10, field: "authentication.x509.clientCAFile"},
	{name: "cloud-config", gone: 34, instead: "the external cloud provider"},
	{name: "cloud-provider"},
	{name: "cluster-dns", deprecated: 10, field: "clusterDNS"},
	{name: "cluster-domain", deprecated: 10, field: "clusterDomain"},
	{name: "cni-bin-dir", gone: 24, instead: "the CNI settings of containerd"},
	{name: "cni-cache-dir", gone: 24, instead: "the CNI settings of containerd"},
	{name: "cni-conf-dir", gone: 24, instead: "the CNI settings of containerd"},
	{name: "config", since: 10},
	{name: "config-dir", since: 28},
	{name: "container-log-max-files", deprecated: 10, field: "containerLogMaxFiles"},
	{name: "container-log-max-size", deprecated: 10, field: "containerLogMaxSize"},
	{name: "container-runtime", deprecated: 24, gone: 27},
	{name: "container-runtime-endpoint", deprecated: 27, field: "containerRuntimeEndpoint"},
	{name: "contention-profiling", deprecated: 10, field: "enableContentionProfiling"},
	{name: "cpu-cfs-quota", deprecated: 10, field: "cpuCFSQuota"},
	{name: "cpu-cfs-quota-period", deprecated: 10, field: "cpuCFSQuotaPeriod"},
	{name: "cpu-manager-policy", deprecated: 10, field: "cpuManagerPolicy"},
	{name: "cpu-manager-policy-options", since: 22, deprecated: 22, field: "cpuManagerPolicyOptions"},
	{name: "cpu-manager-reconcile-period", deprecated: 10, field: "cpuManagerReconcilePeriod"},
	{name: "docker-endpoint", gone: 24},
	{name: "dynamic-config-dir", since: 11, deprecated: 20, avoid: 22, gone: 24, instead: "kubelet-extra-config"},
	{name: "enable-controller-attach-detach", deprecated: 10, field: "enableControllerAttachDetach"},
	{name: "enable-debugging-handlers", deprecated: 10, field: "enableDebuggingHandlers"},
	{name: "enable-server", deprecated: 10, field: "enableServer"},
	{name: "enforce-node-allocatable", deprecated: 10, field: "enforceNodeAllocatable"},
	{name: "event-burst", deprecated: 10, field: "eventBurst"},
	{name: "event-qps", deprecated: 10, field: "eventRecordQPS"},
	{name: "eviction-hard", deprecated: 10, field: "evictionHard"},
	{name: "eviction-max-pod-grace-period", deprecated: 10, field: "evictionMaxPodGracePeriod"},
	{name: "eviction-minimum-reclaim", deprecated: 10, field: "evictionMinimumReclaim"},
	{name: "eviction-pressure-transition-period", deprecated: 10, field: "evictionPressureTransitionPeriod"},
	{name: "eviction-soft", deprecated: 10, field: "evictionSoft"},
	{name: "eviction-soft-grace-period", deprecated: 10, field: "evictionSoftGracePeriod"},
	{name: "exit-on-lock-contention"},
	{name: "experimental-kernel-memcg-notification", deprecated: 20, gone: 25, field: "kernelMemcgNotification"},
	{name: "fail-cgroupv1", since: 31},
	{name: "fail-swap-on", deprecated: 10, field: "failSwapOn"},
	{name: "feature-gates", deprecated: 10, field: "featureGates"},
	{name: "file-check-frequency", deprecated: 10, field: "fileCheckFrequency"},
	{name: "hairpin-mode", deprecated: 10, field: "hairpinMode"},
	{name: "healthz-bind-address", deprecated: 10, field: "healthzBindAddress"},
	{name: "healthz-port", deprecated: 10, field: "healthzPort"},
	{name: "hostname-override"},
	{name: "housekeeping-interval"},
	{name: "http-check-frequency", deprecated: 10, field: "httpCheckFrequency"},
	{name: "image-credential-provider-bin-dir", since: 20},
	{name: "image-credential-provider-config", since: 20},
	{name: "image-gc-high-threshold", deprecated: 10, field: "imageGCHighThresholdPercent"},
	{name: "image-gc-low-threshold", deprecated: 10, field: "imageGCLowThresholdPercent"},
	{name: "image-pull-progress-deadline", gone: 24},
	{name: "image-service-endpoint", deprecated: 27, field: "imageServiceEndpoint"},
	{name: "keep-terminated-pod-volumes", gone: 31},
	{name: "kernel-memcg-notification", deprecated: 20, field: "kernelMemcgNotification"},
	{name: "kube-api-burst", deprecated: 10, field: "kubeAPIBurst"},
	{name: "kube-api-content-type", deprecated: 10, field: "contentType"},
	{name: "kube-api-qps", deprecated: 10, field: "kubeAPIQPS"},
	{name: "kube-reserved", deprecated: 10, field: "kubeReserved"},
	{name: "kube-reserved-cgroup", deprecated: 10, field: "kubeReservedCgroup"},
	{name: "kubeconfig"},
	{name: "kubelet-cgroups", deprecated: 10, field: "kubeletCgroups"},
	{name: "local-storage-capacity-isolation", deprecated: 26, field: "localStorageCapacityIsolation"},
	{name: "lock-file"},
	{name: "log-backtrace-at", deprecated: 23, gone: 26},
	{name: "log-dir", deprecated: 23, gone: 26},
	{name: "log-file", deprecated: 23, gone: 26},
	{name: "log-file-max-size", deprecated: 23, gone: 26},
	{name: "log-flush-frequency"},
	{name: "logging-format", since: 19, deprecated: 24, field: "logging.format"},
	{name: "logtostderr", deprecated: 23, gone: 26},
	{name: "make-iptables-util-chains", deprecated: 10, field: "makeIPTablesUtilChains"},
	{name: "manifest-url", deprecated: 10, field: "staticPodURL"},
	{name: "manifest-url-header", deprecated: 10, field: "staticPodURLHeader"},
	{name: "master-service-namespace", gone: 27},
	{name: "max-open-files", deprecated: 10, field: "maxOpenFiles"},
	{name: "max-pods", deprecated: 10, field: "maxPods"},
	{name: "maximum-dead-containers", deprecated: 10, instead: "evictionHard or evictionSoft"},
	{name: "maximum-dead-containers-per-container", deprecated: 10, instead: "evictionHard or evictionSoft"},
	{name: "memory-manager-policy", since: 21, deprecated: 21, field: "memoryManagerPolicy"},
	{name: "minimum-container-ttl-duration", deprecated: 10, instead: "evictionHard or evictionSoft"},
	{name: "minimum-image-ttl-duration", deprecated: 10, field: "imageMinimumGCAge"},
	{name: "network-plugin", gone: 24},
	{name: "network-plugin-mtu", gone: 24},
	{name: "node-ip"},
	{name: "node-labels"},
	{name: "node-status-max-images", deprecated: 14, field: "nodeStatusMaxImages"},
	{name: "node-status-update-frequency", deprecated: 10, field: "nodeStatusUpdateFrequency"},
	{name: "non-masquerade-cidr", gone: 24},
	{name: "one-output", deprecated: 23, gone: 26},
	{name: "oom-score-adj", deprecated: 10, field: "oomScoreAdj"},
	{name: "pod-cidr", deprecated: 10, field: "podCIDR"},
	{name: "pod-infra-container-image", deprecated: 24, gone: 35, instead: "sandbox_image of containerd"},
	{name: "pod-manifest-path", deprecated: 10, field: "staticPodPath"},
	{name: "pod-max-pids", deprecated: 10, field: "podPidsLimit"},
	{name: "pods-per-core", deprecated: 10, field: "podsPerCore"},
	{name: "port", deprecated: 10, field: "port"},
	{name: "protect-kernel-defaults", deprecated: 10, field: "protectKernelDefaults"},
	{name: "provider-id"},
	{name: "qos-reserved", deprecated: 11, field: "qosReserved"},
	{name: "read-only-port", deprecated: 10, field: "readOnlyPort"},
	{name: "register-node", deprecated: 23, field: "registerNode"},
	{name: "register-schedulable", gone: 34, field: "registerWithTaints"},
	{name: "register-with-taints", deprecated: 23, field: "registerWithTaints"},
	{name: "registry-burst", deprecated: 10, field: "registryBurst"},
	{name: "registry-qps", deprecated: 10, field: "registryPullQPS"},
	{name: "require-kubeconfig", deprecated: 8, gone: 10},
	{name: "reserved-cpus", since: 17, deprecated: 17, field: "reservedSystemCPUs"},
	{name: "reserved-memory", since: 21, deprecated: 21, field: "reservedMemory"},
	{name: "resolv-conf", deprecated: 10, field: "resolvConf"},
	{name: "root-dir"},
	{name: "rotate-certificates", deprecated: 10, field: "rotateCertificates"},
	{name: "rotate-server-certificates", deprecated: 10, field: "serverTLSBootstrap"},
	{name: "runonce", deprecated: 10, field: "runOnce"},
	{name: "runtime-cgroups"},
	{name: "runtime-request-timeout", deprecated: 10, field: "runtimeRequestTimeout"},
	{name: "seccomp-default", since: 22, field: "seccompDefault"},
	{name: "serialize-image-pulls", deprecated: 10, field: "serializeImagePulls"},
	{name: "skip-headers", deprecated: 23, gone: 26},
	{name: "skip-log-headers", deprecated: 23, gone: 26},
	{name: "stderrthreshold", deprecated: 23, gone: 26},
	{name: "streaming-connection-idle-timeout", deprecated: 10, field: "streamingConnectionIdleTimeout"},
	{name: "sync-frequency", deprecated: 10, field: "syncFrequency"},
	{name: "system-cgroups", deprecated: 10, field: "systemCgroups"},
	{name: "system-reserved", deprecated: 10, field: "systemReserved"},
	{name: "system-reserved-cgroup", deprecated: 10, field: "systemReservedCgroup"},
	{name: "tls-cert-file", deprecated: 10, field: "tlsCertFile"},
	{name: "tls-cipher-suites", deprecated: 10, field: "tlsCipherSuites"},
	{name: "tls-min-version", deprecated: 10, field: "tlsMinVersion"},
	{name: "tls-private-key-file", deprecated: 10, field: "tlsPrivateKeyFile"},
	{name: "topology-manager-policy", since: 16, deprecated: 16, field: "topologyManagerPolicy"},
	{name: "topology-manager-policy-options", since: 26, deprecated: 26, field: "topologyManagerPolicyOptions"},
	{name: "topology-manager-scope", since: 18, deprecated: 18, field: "topologyManagerScope"},
	{name: "v"},
	{name: "vmodule"},
	{name: "volume-plugin-dir", deprecated: 20, field: "volumePluginDir"},
	{name: "volume-stats-agg-period", deprecated: 10, field: "volumeStatsAggPeriod"},
}

// gates are names of feature gates that a release does not know any more, which makes the kubelet exit.
var gates = [...]struct {
	name string
	gone int
}{
	{"DevicePlugins", 28},
}

func lookup(name string) (flag, bool) {
	i, found := slices.BinarySearchFunc(flags[:], name, func(f flag, name string) int { return strings.Compare(f.name, name) })
	if !found {
		return flag{}, false
	}
	return flags[i], true
}

func reached(v kubeversion.Version, minor int) bool { return minor != 0 && v.AtLeast(1, minor) }

// exists reports whether the release reads the flag.
func (f flag) exists(v kubeversion.Version) bool {
	return v.AtLeast(1, f.since) && !reached(v, f.gone)
}

// usable reports whether the charm itself may pass the flag to the release.
func (f flag) usable(v kubeversion.Version) bool { return f.exists(v) && !reached(v, f.avoid) }

// remedy tells what to use in the flag's place.
func (f flag) remedy() string {
	switch {
	case f.field != "":
		return "use " + f.field + " in kubelet-extra-config instead"
	case f.instead != "":
		return "use " + f.instead + " instead"
	default:
		return "remove it"
	}
}
