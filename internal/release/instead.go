package release

import (
	"slices"
	"strings"

	"kubernetes-worker/internal/kubeversion"
)

// InsteadOfKubeletFlag tells what does in a release what a flag of the kubelet did: a field of its configuration, or
// something else. It is empty where nothing does, or nothing is needed.
func InsteadOfKubeletFlag(v kubeversion.Version, name string) string {
	if i, found := slices.BinarySearchFunc(twins[:], name, compareFirst); found && Has(v, ConfigFile) && KubeletField(v, twins[i][1]).Exists {
		return twins[i][1] + " in kubelet-extra-config"
	}
	return second(otherThanKubeletFlag[:], name)
}

// InsteadOfProxyFlag tells what does the same as a flag of kube-proxy; empty where nothing does, or nothing is needed.
func InsteadOfProxyFlag(name string) string { return second(otherThanProxyFlag[:], name) }

func second(pairs [][2]string, name string) string {
	if i, found := slices.BinarySearchFunc(pairs, name, compareFirst); found {
		return pairs[i][1]
	}
	return ""
}

func compareFirst(pair [2]string, name string) int { return strings.Compare(pair[0], name) }

// otherThanKubeletFlag is what takes the place of flags that have no field of their own, sorted.
var otherThanKubeletFlag = [...][2]string{
	{"allow-privileged", "admission policies of the cluster"},
	{"azure-container-registry-config", "image-credential-provider-config"},
	{"cloud-config", "the external cloud provider"},
	{"cni-bin-dir", "the CNI settings of containerd"},
	{"cni-cache-dir", "the CNI settings of containerd"},
	{"cni-conf-dir", "the CNI settings of containerd"},
	{"dynamic-config-dir", "kubelet-extra-config"},
	{"enable-cadvisor-json-endpoints", "the kubelet's /metrics/cadvisor"},
	{"experimental-bootstrap-kubeconfig", "bootstrap-kubeconfig"},
	{"experimental-check-node-capabilities-before-mount", "a CSI driver"},
	{"experimental-mounter-path", "a CSI driver"},
	{"google-json-key", "image pull secrets"},
	{"host-ipc-sources", "admission policies of the cluster"},
	{"host-network-sources", "admission policies of the cluster"},
	{"host-pid-sources", "admission policies of the cluster"},
	{"maximum-dead-containers", "evictionHard or evictionSoft in kubelet-extra-config"},
	{"maximum-dead-containers-per-container", "evictionHard or evictionSoft in kubelet-extra-config"},
	{"minimum-container-ttl-duration", "evictionHard or evictionSoft in kubelet-extra-config"},
	{"network-plugin-mtu", "the MTU settings of the network's CNI plugin"},
	{"non-masquerade-cidr", "a masquerading agent in the cluster"},
	{"pod-infra-container-image", "sandbox_image of containerd"},
	{"seccomp-profile-root", "the folder seccomp below root-dir"},
}

// otherThanProxyFlag is what takes the place of flags of kube-proxy, sorted.
var otherThanProxyFlag = [...][2]string{
	{"cleanup-iptables", "cleanup"},
	{"cleanup-ipvs", "cleanup"},
	{"conntrack-max", "conntrack-max-per-core"},
	{"healthz-port", "healthz-bind-address"},
	{"metrics-port", "metrics-bind-address"},
}

// twins are flags of the kubelet and the fields that do the same, sorted. That a field exists in a release says its table.
var twins = [...][2]string{
	{"address", "address"},
	{"allowed-unsafe-sysctls", "allowedUnsafeSysctls"},
	{"anonymous-auth", "authentication.anonymous.enabled"},
	{"authentication-token-webhook", "authentication.webhook.enabled"},
	{"authentication-token-webhook-cache-ttl", "authentication.webhook.cacheTTL"},
	{"authorization-mode", "authorization.mode"},
	{"authorization-webhook-cache-authorized-ttl", "authorization.webhook.cacheAuthorizedTTL"},
	{"authorization-webhook-cache-unauthorized-ttl", "authorization.webhook.cacheUnauthorizedTTL"},
	{"cgroup-driver", "cgroupDriver"},
	{"cgroup-root", "cgroupRoot"},
	{"cgroups-per-qos", "cgroupsPerQOS"},
	{"client-ca-file", "authentication.x509.clientCAFile"},
	{"cluster-dns", "clusterDNS"},
	{"cluster-domain", "clusterDomain"},
	{"container-log-max-files", "containerLogMaxFiles"},
	{"container-log-max-size", "containerLogMaxSize"},
	{"container-runtime-endpoint", "containerRuntimeEndpoint"},
	{"contention-profiling", "enableContentionProfiling"},
	{"cpu-cfs-quota", "cpuCFSQuota"},
	{"cpu-cfs-quota-period", "cpuCFSQuotaPeriod"},
	{"cpu-manager-policy", "cpuManagerPolicy"},
	{"cpu-manager-policy-options", "cpuManagerPolicyOptions"},
	{"cpu-manager-reconcile-period", "cpuManagerReconcilePeriod"},
	{"enable-controller-attach-detach", "enableControllerAttachDetach"},
	{"enable-debugging-handlers", "enableDebuggingHandlers"},
	{"enable-server", "enableServer"},
	{"enforce-node-allocatable", "enforceNodeAllocatable"},
	{"event-burst", "eventBurst"},
	{"event-qps", "eventRecordQPS"},
	{"eviction-hard", "evictionHard"},
	{"eviction-max-pod-grace-period", "evictionMaxPodGracePeriod"},
	{"eviction-minimum-reclaim", "evictionMinimumReclaim"},
	{"eviction-pressure-transition-period", "evictionPressureTransitionPeriod"},
	{"eviction-soft", "evictionSoft"},
	{"eviction-soft-grace-period", "evictionSoftGracePeriod"},
	{"experimental-fail-swap-on", "failSwapOn"},
	{"experimental-kernel-memcg-notification", "kernelMemcgNotification"},
	{"fail-cgroupv1", "failCgroupV1"},
	{"fail-swap-on", "failSwapOn"},
	{"feature-gates", "featureGates"},
	{"file-check-frequency", "fileCheckFrequency"},
	{"hairpin-mode", "hairpinMode"},
	{"healthz-bind-address", "healthzBindAddress"},
	{"healthz-port", "healthzPort"},
	{"http-check-frequency", "httpCheckFrequency"},
	{"image-gc-high-threshold", "imageGCHighThresholdPercent"},
	{"image-gc-low-threshold", "imageGCLowThresholdPercent"},
	{"image-service-endpoint", "imageServiceEndpoint"},
	{"kernel-memcg-notification", "kernelMemcgNotification"},
	{"kube-api-burst", "kubeAPIBurst"},
	{"kube-api-content-type", "contentType"},
	{"kube-api-qps", "kubeAPIQPS"},
	{"kube-reserved", "kubeReserved"},
	{"kube-reserved-cgroup", "kubeReservedCgroup"},
	{"kubelet-cgroups", "kubeletCgroups"},
	{"local-storage-capacity-isolation", "localStorageCapacityIsolation"},
	{"log-json-info-buffer-size", "logging.options.json.infoBufferSize"},
	{"log-json-split-stream", "logging.options.json.splitStream"},
	{"log-text-info-buffer-size", "logging.options.text.infoBufferSize"},
	{"log-text-split-stream", "logging.options.text.splitStream"},
	{"logging-format", "logging.format"},
	{"make-iptables-util-chains", "makeIPTablesUtilChains"},
	{"manifest-url", "staticPodURL"},
	{"manifest-url-header", "staticPodURLHeader"},
	{"max-open-files", "maxOpenFiles"},
	{"max-pods", "maxPods"},
	{"memory-manager-policy", "memoryManagerPolicy"},
	{"minimum-image-ttl-duration", "imageMinimumGCAge"},
	{"node-status-max-images", "nodeStatusMaxImages"},
	{"node-status-update-frequency", "nodeStatusUpdateFrequency"},
	{"oom-score-adj", "oomScoreAdj"},
	{"pod-cidr", "podCIDR"},
	{"pod-manifest-path", "staticPodPath"},
	{"pod-max-pids", "podPidsLimit"},
	{"pods-per-core", "podsPerCore"},
	{"port", "port"},
	{"protect-kernel-defaults", "protectKernelDefaults"},
	{"qos-reserved", "qosReserved"},
	{"read-only-port", "readOnlyPort"},
	{"register-node", "registerNode"},
	{"register-schedulable", "registerWithTaints"},
	{"register-with-taints", "registerWithTaints"},
	{"registry-burst", "registryBurst"},
	{"registry-qps", "registryPullQPS"},
	{"reserved-cpus", "reservedSystemCPUs"},
	{"reserved-memory", "reservedMemory"},
	{"resolv-conf", "resolvConf"},
	{"rotate-certificates", "rotateCertificates"},
	{"rotate-server-certificates", "serverTLSBootstrap"},
	{"runonce", "runOnce"},
	{"runtime-request-timeout", "runtimeRequestTimeout"},
	{"seccomp-default", "seccompDefault"},
	{"serialize-image-pulls", "serializeImagePulls"},
	{"streaming-connection-idle-timeout", "streamingConnectionIdleTimeout"},
	{"sync-frequency", "syncFrequency"},
	{"system-cgroups", "systemCgroups"},
	{"system-reserved", "systemReserved"},
	{"system-reserved-cgroup", "systemReservedCgroup"},
	{"tls-cert-file", "tlsCertFile"},
	{"tls-cipher-suites", "tlsCipherSuites"},
	{"tls-min-version", "tlsMinVersion"},
	{"tls-private-key-file", "tlsPrivateKeyFile"},
	{"topology-manager-policy", "topologyManagerPolicy"},
	{"topology-manager-policy-options", "topologyManagerPolicyOptions"},
	{"topology-manager-scope", "topologyManagerScope"},
	{"volume-plugin-dir", "volumePluginDir"},
	{"volume-stats-agg-period", "volumeStatsAggPeriod"},
}
