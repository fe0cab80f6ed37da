package ingress

import (
	"strconv"

	"kubernetes-worker/internal/kube"
	"kubernetes-worker/internal/kubeversion"
	"kubernetes-worker/internal/release"
)

// Names that do not depend on the application.
const (
	className  = "nginx-ingress-controller"
	electionID = "ingress-controller-leader"
	// classOfController is what an IngressClass calls this controller.
	classOfController = "k8s.io/ingress-nginx"
)

// namespaceName is also the name in the labels by which objects and pods find each other.
func (c Config) namespaceName() string { return "ingress-nginx-" + c.App }

// labels are those of all objects but the namespace.
func (c Config) labels() map[string]any {
	return map[string]any{
		"app.kubernetes.io/name":    c.namespaceName(),
		"app.kubernetes.io/part-of": c.namespaceName(),
		c.mark():                    "true",
	}
}

// mark is the label of everything, also in the earlier charm.
func (c Config) mark() string { return "cdk-" + c.App + "-ingress" }

// object begins one in the controller's namespace.
func (c Config) object(apiVersion, kind, name string) kube.Object {
	return kube.Object{
		"apiVersion": apiVersion, "kind": kind,
		"metadata": map[string]any{"name": name, "namespace": c.namespaceName(), "labels": c.labels()},
	}
}

// clusterWide begins one that is in no namespace.
func (c Config) clusterWide(apiVersion, kind, name string) kube.Object {
	return kube.Object{"apiVersion": apiVersion, "kind": kind, "metadata": map[string]any{"name": name, "labels": c.labels()}}
}

func (c Config) namespace() kube.Object {
	return kube.Object{
		"apiVersion": "v1", "kind": "Namespace",
		"metadata": map[string]any{"name": c.namespaceName(), "labels": map[string]any{c.mark(): "true"}},
	}
}

// Configuration is where the controller of an application reads what users set.
func Configuration(app string) kube.Ref {
	return kube.Ref{Kind: "ConfigMap", Namespace: Config{App: app}.namespaceName(), Name: "nginx-configuration-" + app}
}

// Class is what an Ingress has to name so that the charm's controller serves it; empty where it names nothing.
func Class(cluster kubeversion.Version) string {
	if release.ControllerFor(cluster).Classes {
		return className
	}
	return ""
}

// configMap is empty: it is there for users to fill in.
func (c Config) configMap(name string) kube.Object {
	return c.object("v1", "ConfigMap", name+"-"+c.App)
}

func (c Config) serviceAccountName() string { return "nginx-ingress-serviceaccount-" + c.App }

func (c Config) serviceAccount() kube.Object {
	return c.object("v1", "ServiceAccount", c.serviceAccountName())
}

// class makes this controller the one of every Ingress that names no class.
func (c Config) class() kube.Object {
	o := c.clusterWide("networking.k8s.io/v1", "IngressClass", className)
	o["metadata"].(map[string]any)["annotations"] = map[string]any{"ingressclass.kubernetes.io/is-default-class": "true"}
	o["spec"] = map[string]any{"controller": classOfController}
	return o
}

// arguments of the controller. References to the environment are filled in by the kubelet.
func (c Config) arguments() []any {
	own := "$(POD_NAMESPACE)/"
	args := []any{
		"/nginx-ingress-controller",
		"--configmap=" + own + "nginx-configuration-" + c.App,
		"--tcp-services-configmap=" + own + "tcp-services-" + c.App,
		"--udp-services-configmap=" + own + "udp-services-" + c.App,
		"--annotations-prefix=nginx.ingress.kubernetes.io",
		"--election-id=" + electionID,
		"--enable-ssl-chain-completion=" + strconv.FormatBool(c.ChainCompletion),
	}
	if release.ControllerFor(c.Cluster).Classes {
		// Older controllers serve every Ingress without a class by themselves.
		args = append(args, "--controller-class="+classOfController, "--watch-ingress-without-class=true", "--enable-ssl-passthrough")
	}
	if c.backendImage() != "" {
		args = append(args, "--default-backend-service="+own+c.backendName())
	}
	return args
}

// controller runs one pod on each machine of the application, on the machine's own network.
func (c Config) controller() kube.Object {
	o := c.object("apps/v1", "DaemonSet", "nginx-ingress-controller-"+c.App)
	o["metadata"].(map[string]any)["labels"].(map[string]any)["juju-application"] = "nginx-ingress-" + c.App
	fromField := func(name, path string) any {
		return map[string]any{"name": name, "valueFrom": map[string]any{"fieldRef": map[string]any{"apiVersion": "v1", "fieldPath": path}}}
	}
	port := func(name string, number int) any {
		// On the machine's network both numbers are the same; servers fill in the second.
		return map[string]any{"name": name, "containerPort": number, "hostPort": number, "protocol": "TCP"}
	}
	container := map[string]any{
		"name":  "nginx-ingress-controller" + c.App, // the earlier charm's spelling
		"image": c.image(),
		"args":  c.arguments(),
		"env":   []any{fromField("POD_NAME", "metadata.name"), fromField("POD_NAMESPACE", "metadata.namespace")},
		"ports": []any{port("http", 80), port("https", 443)},
		"securityContext": map[string]any{
			"capabilities": map[string]any{"drop": []any{"ALL"}, "add": []any{"NET_BIND_SERVICE"}},
			"runAsUser":    release.ControllerFor(c.Cluster).User,
		},
		"livenessProbe":  probe(10),
		"readinessProbe": probe(0),
	}
	o["spec"] = map[string]any{
		"selector": map[string]any{"matchLabels": c.labels()},
		"template": map[string]any{
			"metadata": map[string]any{
				"labels":      c.labels(),
				"annotations": map[string]any{"prometheus.io/port": "10254", "prometheus.io/scrape": "true"},
			},
			"spec": map[string]any{
				"nodeSelector":                  map[string]any{"juju-application": c.App},
				"hostNetwork":                   true,
				"serviceAccountName":            c.serviceAccountName(),
				"terminationGracePeriodSeconds": 60,
				"containers":                    []any{container},
			},
		},
	}
	return o
}

// probe asks the controller whether it is well. A delay of zero is left out, as servers do.
func probe(delay int) map[string]any {
	p := map[string]any{
		"httpGet":          map[string]any{"path": "/healthz", "port": 10254, "scheme": "HTTP"},
		"periodSeconds":    10,
		"successThreshold": 1,
		"failureThreshold": 3,
		"timeoutSeconds":   1,
	}
	if delay > 0 {
		p["initialDelaySeconds"] = delay
	}
	return p
}
