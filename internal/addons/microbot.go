package addons

import (
	"strings"

	"kubernetes-worker/internal/kube"
)

const (
	microbotName    = "microbot"
	microbotIngress = "microbot-ingress"
	// microbotPort is where its service and its pods listen.
	microbotPort = 80
	// MicrobotPods selects its pods.
	MicrobotPods = "app=" + microbotName
)

// Microbot is what decides about the objects of microbot.
type Microbot struct {
	Replicas int
	Arch     string // of the nodes, as dpkg names it
	Images   string // host[:port][/path] that images come from; empty: where their makers keep them
	Address  string // host name that it answers to, as MicrobotAddress gives it
	Class    string // of the Ingress; empty: the cluster's usual
}

// MicrobotAddress is a name that every resolver leads to an IPv4 address.
func MicrobotAddress(address string) string { return microbotName + "." + address + ".nip.io" }

// MicrobotOwner is whose the objects are.
func MicrobotOwner(app string) kube.Owner { return kube.Owner{Application: app, Component: "microbot"} }

// MicrobotService leads to the pods.
func MicrobotService() kube.Ref { return ref("Service", microbotName) }

// MicrobotDeployment runs the pods.
func MicrobotDeployment() kube.Ref { return ref("Deployment", microbotName) }

// MicrobotIngress leads to them from outside.
func MicrobotIngress() kube.Ref { return ref("Ingress", microbotIngress) }

// Objects are all objects, in the order in which they have to be made.
func (m Microbot) Objects() []kube.Object {
	labels := map[string]any{"app": microbotName}
	deployment := object("apps/v1", "Deployment", microbotName)
	setMetadata(deployment, "labels", labels)
	deployment["spec"] = map[string]any{
		"replicas": m.Replicas,
		"selector": map[string]any{"matchLabels": labels},
		"template": map[string]any{
			"metadata": map[string]any{"labels": labels},
			"spec": map[string]any{"containers": []any{map[string]any{
				"name":  microbotName,
				"image": image(m.Images, microbotName, m.Arch, "latest"),
				// The tag alone would have every pod ask for the image, also where there is no way to it.
				"imagePullPolicy": "IfNotPresent",
				"ports":           []any{map[string]any{"containerPort": microbotPort, "protocol": "TCP"}},
				"livenessProbe": map[string]any{
					"httpGet": map[string]any{"path": "/", "port": microbotPort, "scheme": "HTTP"}, "initialDelaySeconds": 5, "timeoutSeconds": 30,
				},
			}}},
		},
	}
	service := object("v1", "Service", microbotName)
	setMetadata(service, "labels", labels)
	service["spec"] = map[string]any{
		"ports":    []any{map[string]any{"port": microbotPort, "targetPort": microbotPort, "protocol": "TCP"}},
		"selector": labels,
	}
	return []kube.Object{deployment, service, ingressTo(microbotIngress, m.Address, m.Class, microbotName, microbotPort)}
}

// AdoptMicrobot says whether an object is one that the earlier charm has made. It made them without a mark, so that they
// are known by their content.
func AdoptMicrobot(live kube.Object) bool {
	switch live.Ref() {
	case MicrobotDeployment():
		image, _ := at(live, "spec", "template", "spec", "containers", 0, "image").(string)
		return at(live, "spec", "selector", "matchLabels", "app") == microbotName && strings.Contains(image, "cdkbot/microbot-")
	case MicrobotService():
		return live.Labels()["app"] == microbotName && at(live, "spec", "selector", "app") == microbotName
	case MicrobotIngress():
		return backendOf(live) == microbotName
	}
	return false
}
