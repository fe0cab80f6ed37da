// Package worker is the behaviour of the charm: the facts of one round, the flags computed from them, the handlers that
// declare what is wanted, and the status that follows. Everything here is pure: it touches no file, clock, process or
// network.
//
// The flow, top to bottom, is the list in Handlers; each handler stands in the file of its concern with the flags that
// gate it written beside it.
package worker

import (
	"kubernetes-worker/internal/reactive"
	"kubernetes-worker/internal/resource"
	"kubernetes-worker/internal/runtime"
)

// Handler declares resources from facts.
type Handler = reactive.Handler[Facts, resource.Resource]

type flag = reactive.Flag

// Rule computes a flag from facts.
type Rule = reactive.Rule[Facts]

// Paths of the node's configuration, which users' tooling knows.
const (
	ConfigDir          = "/root/cdk"
	CAFile             = ConfigDir + "/ca.crt"
	ServerCertFile     = ConfigDir + "/server.crt"
	ServerKeyFile      = ConfigDir + "/server.key"
	ClientCertFile     = ConfigDir + "/client.crt"
	ClientKeyFile      = ConfigDir + "/client.key"
	KubeletKubeconfig  = ConfigDir + "/kubeconfig"
	ProxyKubeconfig    = ConfigDir + "/kubeproxyconfig"
	KubeletConfigFile  = ConfigDir + "/kubelet/config.yaml"
	RootKubeconfig     = "/root/.kube/config"
	CNIPluginDir       = "/opt/cni/bin"
	CNIConfigDir       = "/etc/cni/net.d"
	KubeletUnit        = "snap.kubelet.daemon.service"
	KubeProxyUnit      = "snap.kube-proxy.daemon.service"
	KubeProxyArgs      = "/var/snap/kube-proxy/current/args"
	DockerUnit         = "docker.service"
	DockerSocket       = "docker.socket"
	ContainerdUnit     = "containerd.service"
	DockerDropIn       = runtime.DockerDropIn
	ContainerdEndpoint = "unix:///run/containerd/containerd.sock"
)

// Handlers lists all handlers of a living unit in the order of the road to a Ready node.
func Handlers() []Handler {
	return []Handler{
		basePackages(),
		beforeSnaps(),
		kernelArguments(),
		snapdPackage(),
		snapdSettings(),
		publishedTimer(),
		baseSnaps(),
		snaps(),
		snapTreatment(),
		serviceKicker(),
		runtimeHandler(),
		leaveDocker(),
		gpuHandler(),
		registryLogins(),
		relatedRegistry(),
		cniPlugins(),
		controlRequest(),
		cloudGate(),
		cloudRequest(),
		cloudFiles(),
		certificateRequest(),
		certificateFiles(),
		cniAnswer(),
		runtimeAnswer(),
		dockerHostAnswer(),
		ingressProxyAnswer(),
		tokenRequest(),
		defaultCNI(),
		kubeconfigs(),
		kubeletHandler(),
		kubeProxyHandler(),
		monitoring(),
		nodeOwner(),
		nodeLabels(),
		ingressController(),
		nfsProvisioner(),
		formerNode(),
		schedulable(),
		upgradeOutcome(),
		outOfService(),
		interruptedPause(),
		deadNodes(),
	}
}
