// Package nfs owns the objects of the provisioner that gives pods volumes on a related NFS server (specification,
// lifecycle 12.2): which there are and what they hold for which release of the cluster. It never asks the cluster.
package nfs

import (
	"cmp"
	"strings"

	"kubernetes-worker/internal/kube"
	"kubernetes-worker/internal/kubeversion"
	"kubernetes-worker/internal/relation/mount"
	"kubernetes-worker/internal/release"
)

// Component is what the objects are for, in the words of kube.Owner.
const Component = "nfs"

// Names of the objects, which the earlier charm used too.
const (
	name         = "nfs-client-provisioner"
	namespace    = "default"
	storageClass = "default"
	provisioner  = "fuseim.pri/ifs"
	rbac         = "rbac.authorization.k8s.io"
	volume       = "nfs-client-root"
)

// Config is what decides about the objects.
type Config struct {
	Cluster  kubeversion.Version // of the API server
	Registry string              // host[:port][/path] that images come from; empty: where their makers keep them
	Mount    mount.Facts
}

// Owner is whose the objects are.
func Owner(app string) kube.Owner { return kube.Owner{Application: app, Component: Component} }

// Kinds are those that the owner may have objects of, in the order in which they are to be removed. Volumes are not among
// them: what was provisioned stays.
func Kinds() []string {
	return []string{"Deployment", "StorageClass", "ClusterRoleBinding", "RoleBinding", "ClusterRole", "Role", "ServiceAccount"}
}

// Objects are all objects, in the order in which they have to be made.
func (c Config) Objects() []kube.Object {
	role := object(rbac+"/v1", "Role", "leader-locking-"+name)
	role["rules"] = []any{
		rule("", []any{"endpoints"}, "get", "list", "watch", "create", "update", "patch"),
		rule("coordination.k8s.io", []any{"leases"}, "get", "create", "update"),
	}
	clusterRole := clusterWide(rbac+"/v1", "ClusterRole", name+"-runner")
	clusterRole["rules"] = []any{
		rule("", []any{"nodes"}, "get", "list", "watch"),
		rule("", []any{"persistentvolumes"}, "get", "list", "watch", "create", "delete"),
		rule("", []any{"persistentvolumeclaims"}, "get", "list", "watch", "update"),
		rule("storage.k8s.io", []any{"storageclasses"}, "get", "list", "watch"),
		rule("", []any{"events"}, "create", "update", "patch"),
	}
	class := clusterWide("storage.k8s.io/v1", "StorageClass", storageClass)
	class["metadata"].(map[string]any)["annotations"] = map[string]any{"storageclass.kubernetes.io/is-default-class": "true"}
	class["provisioner"] = provisioner
	return []kube.Object{
		object("v1", "ServiceAccount", name),
		clusterRole, role,
		bound(object(rbac+"/v1", "RoleBinding", "leader-locking-"+name), role),
		bound(clusterWide(rbac+"/v1", "ClusterRoleBinding", "run-"+name), clusterRole),
		class, c.deployment(),
	}
}

func (c Config) image() string {
	if !release.Has(c.Cluster, release.SelfLinks) {
		return cmp.Or(c.Registry, "registry.k8s.io") + "/sig-storage/nfs-subdir-external-provisioner:v4.0.2"
	}
	return cmp.Or(c.Registry, "quay.io") + "/external_storage/nfs-client-provisioner:v3.1.0-k8s1.11"
}

func (c Config) deployment() kube.Object {
	o := object("apps/v1", "Deployment", name)
	labels := map[string]any{"app": name}
	o["metadata"].(map[string]any)["labels"] = labels
	o["spec"] = map[string]any{
		"replicas": 1,
		"strategy": map[string]any{"type": "Recreate"},
		"selector": map[string]any{"matchLabels": labels},
		"template": map[string]any{
			"metadata": map[string]any{"labels": labels},
			"spec": map[string]any{
				"serviceAccountName": name,
				"containers": []any{map[string]any{
					"name":  name,
					"image": c.image(),
					"env": []any{
						map[string]any{"name": "PROVISIONER_NAME", "value": provisioner},
						map[string]any{"name": "NFS_SERVER", "value": literal(c.Mount.Host)},
						map[string]any{"name": "NFS_PATH", "value": literal(c.Mount.Mountpoint)},
					},
					"volumeMounts": []any{map[string]any{"name": volume, "mountPath": "/persistentvolumes"}},
				}},
				"volumes": []any{map[string]any{"name": volume, "nfs": map[string]any{"server": c.Mount.Host, "path": c.Mount.Mountpoint}}},
			},
		},
	}
	return o
}

// literal keeps the kubelet from filling in what looks like a reference to the environment.
func literal(text string) string { return strings.ReplaceAll(text, "$(", "$$(") }

// Adopt says whether an object that has the name of ours is one of the earlier charm, which made two with kubectl apply.
func Adopt(live kube.Object) bool {
	if live.Annotations()["kubectl.kubernetes.io/last-applied-configuration"] == "" {
		return false
	}
	switch live.Kind() {
	case "StorageClass":
		used, _ := live["provisioner"].(string)
		return used == provisioner
	case "Deployment":
		return live.Labels()["app"] == name
	}
	return false
}

func object(apiVersion, kind, name string) kube.Object {
	return kube.Object{"apiVersion": apiVersion, "kind": kind, "metadata": map[string]any{"name": name, "namespace": namespace}}
}

func clusterWide(apiVersion, kind, name string) kube.Object {
	return kube.Object{"apiVersion": apiVersion, "kind": kind, "metadata": map[string]any{"name": name}}
}

func bound(binding, role kube.Object) kube.Object {
	binding["roleRef"] = map[string]any{"apiGroup": rbac, "kind": role.Kind(), "name": role.Name()}
	binding["subjects"] = []any{map[string]any{"kind": "ServiceAccount", "name": name, "namespace": namespace}}
	return binding
}

func rule(group string, resources []any, verbs ...any) map[string]any {
	return map[string]any{"apiGroups": []any{group}, "resources": resources, "verbs": verbs}
}
