package addons

import (
	"crypto/sha256"
	"encoding/base64"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"net"
	"strconv"

	"kubernetes-worker/internal/kube"
)

// What people and the earlier charm know.
const (
	RegistryPort    = 5000
	RegistryData    = "/srv/registry"                   // where the images are on the node
	RegistryNode    = "kubernetes-worker/registry-node" // annotation of the deployment: that node's name
	PullSecret      = "registry-access"                 // that pods pull with
	registryName    = "kube-registry"
	registryTLS     = "registry-tls-data"
	registryAuth    = "registry-auth-data"
	registryIngress = "registry-ing"
	oldRegistry     = "kube-registry-v0" // replication controller of the earlier charm
)

// RegistryDeployment runs the registry.
func RegistryDeployment() kube.Ref { return ref("Deployment", registryName) }

// RegistryService is what clients of the registry in the cluster talk to.
func RegistryService() kube.Ref { return ref("Service", registryName) }

// RegistryUsers is the Secret with htpasswd.
func RegistryUsers() kube.Ref { return ref("Secret", registryAuth) }

// RegistryPods selects the registry's pods, also those of the earlier charm.
const RegistryPods = "k8s-app=" + registryName

// Registry is what decides about the registry's objects.
type Registry struct {
	Parameters
	Node     string // that the images are on, by name
	Hostname string // the node's label kubernetes.io/hostname
	Arch     string // of that node, as dpkg names it
	Images   string // host[:port][/path] that images come from; empty: where their makers keep them
	Class    string // of the Ingress; empty: the cluster's usual
}

// RegistryOwner is whose the objects are.
func RegistryOwner(app string) kube.Owner { return kube.Owner{Application: app, Component: "registry"} }

// RegistryKinds are those that the owner has objects of, in the order in which they are to be removed.
func RegistryKinds() []string { return []string{"Ingress", "Service", "Deployment", "Secret"} }

// EarlierRegistry are the objects of the earlier charm, in the order in which they are to be removed. All but the first
// have the names of ours.
func EarlierRegistry() []kube.Ref {
	return []kube.Ref{
		ref("ReplicationController", oldRegistry), ref("Ingress", registryIngress), ref("Service", registryName),
		ref("Secret", registryTLS), ref("Secret", registryAuth), ref("Secret", PullSecret),
	}
}

// Objects are all objects, in the order in which they have to be made.
func (r Registry) Objects() []kube.Object {
	objects := []kube.Object{r.tls(), r.users(), r.access(), r.service(), r.deployment()}
	if r.Ingress {
		objects = append(objects, r.ingress())
	}
	return objects
}

func secretObject(name, kind string, data map[string]string) kube.Object {
	o := object("v1", "Secret", name)
	encoded := map[string]any{}
	for key, value := range data {
		encoded[key] = base64.StdEncoding.EncodeToString([]byte(value))
	}
	o["type"], o["data"] = kind, encoded
	return o
}

func (r Registry) tls() kube.Object {
	return secretObject(registryTLS, "Opaque", map[string]string{"tls.crt": string(r.Certificate), "tls.key": r.Key.Reveal()})
}

func (r Registry) users() kube.Object {
	return secretObject(registryAuth, "Opaque", map[string]string{"htpasswd": r.Htpasswd.Reveal()})
}

// access lets pods pull by the names that images have behind the Ingress and at the service's own port.
func (r Registry) access() kube.Object {
	type login struct {
		Auth  string `json:"auth"`
		Email string `json:"email"`
	}
	mine := login{base64.StdEncoding.EncodeToString([]byte(r.User + ":" + r.Password.Reveal())), "root@localhost"}
	content, err := json.Marshal(map[string]login{r.Domain: mine, net.JoinHostPort(r.Domain, strconv.Itoa(RegistryPort)): mine})
	if err != nil {
		panic(err) // texts can always be encoded
	}
	return secretObject(PullSecret, "kubernetes.io/dockercfg", map[string]string{".dockercfg": string(content)})
}

func registryLabels() map[string]any {
	return map[string]any{"k8s-app": registryName, "kubernetes.io/cluster-service": "true"}
}

func (r Registry) service() kube.Object {
	o := object("v1", "Service", registryName)
	labels := registryLabels()
	labels["kubernetes.io/name"] = "KubeRegistry"
	setMetadata(o, "labels", labels)
	o["spec"] = map[string]any{
		"type":     "LoadBalancer",
		"ports":    []any{map[string]any{"name": "registry", "port": RegistryPort, "protocol": "TCP"}},
		"selector": map[string]any{"k8s-app": registryName},
	}
	return o
}

// secrets changes with what the registry reads only when it starts, and tells nobody what that is.
func (r Registry) secrets() string {
	sum := sha256.New()
	for _, text := range []string{string(r.Certificate), r.Key.Reveal(), r.Htpasswd.Reveal()} {
		fmt.Fprintln(sum, len(text), text)
	}
	return hex.EncodeToString(sum.Sum(nil)[:16])
}

// deployment runs one registry on the node that has the images. Other secrets make another pod, and two at a time would
// write to one directory.
func (r Registry) deployment() kube.Object {
	o := object("apps/v1", "Deployment", registryName)
	setMetadata(o, "labels", registryLabels())
	setMetadata(o, "annotations", map[string]any{RegistryNode: r.Node})
	env := func(name, value string) any { return map[string]any{"name": name, "value": value} }
	amounts := map[string]any{"cpu": "100m", "memory": "100Mi"}
	o["spec"] = map[string]any{
		"replicas": 1,
		"strategy": map[string]any{"type": "Recreate"},
		"selector": map[string]any{"matchLabels": map[string]any{"k8s-app": registryName}},
		"template": map[string]any{
			"metadata": map[string]any{"labels": registryLabels(), "annotations": map[string]any{"kubernetes-worker/secrets": r.secrets()}},
			"spec": map[string]any{
				"nodeSelector": map[string]any{"kubernetes.io/hostname": r.Hostname},
				"containers": []any{map[string]any{
					"name":      "registry",
					"image":     image(r.Images, "registry", r.Arch, "2.6"),
					"resources": map[string]any{"limits": amounts, "requests": amounts},
					"env": []any{
						env("REGISTRY_HTTP_ADDR", ":"+strconv.Itoa(RegistryPort)),
						env("REGISTRY_HTTP_TLS_CERTIFICATE", "/tls/tls.crt"), env("REGISTRY_HTTP_TLS_KEY", "/tls/tls.key"),
						env("REGISTRY_STORAGE_FILESYSTEM_ROOTDIRECTORY", "/var/lib/registry"),
						env("REGISTRY_AUTH_HTPASSWD_REALM", "basic_realm"), env("REGISTRY_AUTH_HTPASSWD_PATH", "/auth/htpasswd"),
					},
					"ports": []any{map[string]any{"name": "registry", "containerPort": RegistryPort, "protocol": "TCP"}},
					"readinessProbe": map[string]any{
						"httpGet": map[string]any{"path": "/", "port": RegistryPort, "scheme": "HTTPS"}, "periodSeconds": 2,
					},
					"volumeMounts": []any{
						map[string]any{"name": "image-store", "mountPath": "/var/lib/registry"},
						map[string]any{"name": "auth-dir", "mountPath": "/auth", "readOnly": true},
						map[string]any{"name": "tls-dir", "mountPath": "/tls", "readOnly": true},
					},
				}},
				"volumes": []any{
					map[string]any{"name": "image-store", "hostPath": map[string]any{"path": RegistryData, "type": "DirectoryOrCreate"}},
					map[string]any{"name": "auth-dir", "secret": map[string]any{"secretName": registryAuth}},
					map[string]any{"name": "tls-dir", "secret": map[string]any{"secretName": registryTLS}},
				},
			},
		},
	}
	return o
}

// ingress takes the TLS of clients and speaks TLS with the registry. Layers of images are larger than the controller lets
// through by itself.
func (r Registry) ingress() kube.Object {
	o := ingressTo(registryIngress, r.Domain, r.Class, registryName, RegistryPort)
	setMetadata(o, "annotations", map[string]any{
		"nginx.ingress.kubernetes.io/backend-protocol": "HTTPS",
		"nginx.ingress.kubernetes.io/proxy-body-size":  "0",
	})
	o["spec"].(map[string]any)["tls"] = []any{map[string]any{"hosts": []any{r.Domain}, "secretName": registryTLS}}
	return o
}

// AdoptRegistry says whether an object is one that the earlier charm has made. It made them without a mark, so that they
// are known by their content.
func AdoptRegistry(live kube.Object) bool {
	data, _ := live["data"].(map[string]any)
	has := func(kind any, keys ...string) bool {
		for _, key := range keys {
			if _, there := data[key]; !there {
				return false
			}
		}
		return live["type"] == kind && len(data) == len(keys)
	}
	switch live.Ref() {
	case ref("ReplicationController", oldRegistry):
		return at(live, "spec", "selector", "k8s-app") == registryName
	case ref("Service", registryName):
		return live.Labels()["kubernetes.io/name"] == "KubeRegistry"
	case ref("Ingress", registryIngress):
		return backendOf(live) == registryName
	case ref("Secret", registryTLS):
		return has("Opaque", "tls.crt", "tls.key")
	case ref("Secret", registryAuth):
		return has("Opaque", "htpasswd")
	case ref("Secret", PullSecret):
		return has("kubernetes.io/dockercfg", ".dockercfg")
	}
	return false
}

// backendOf is the service of an Ingress' first path, in either form.
func backendOf(o kube.Object) any {
	backend, _ := at(o, "spec", "rules", 0, "http", "paths", 0, "backend").(map[string]any)
	if name := at(backend, "service", "name"); name != nil {
		return name
	}
	return backend["serviceName"]
}
