package model

import (
	"os"
	"path/filepath"

	"kubernetes-worker/internal/jujusim"
)

const (
	cloudPassword   = "Hunter2Canary"
	hostilePassword = cloudPassword + `"; [Global] #\` + "\n" + `username = evil`
	quotedPassword  = `password = "Hunter2Canary\"; [Global] #\\\nusername = evil"` + "\n"
	googlesKey      = `{"type": "service_account", "project_id": "demo", "private_key": "` + cloudPassword + `"}`
	cloudWaits      = "Waiting for cloud integration"
	cloudConf       = "/var/snap/kubelet/common/cloud-config.conf"
	gcpCreds        = "/var/snap/kubelet/common/gcp-creds.json"
	environment     = "/var/snap/kubelet/common/environment"
	fullName        = "worker-0.example.test"
)

// integrator is a kind of companion, and its endpoint.
func integrator(cloud string) (app, endpoint string) {
	if cloud == "aws" || cloud == "gcp" {
		return cloud + "-integrator", cloud
	}
	return cloud + "-integrator", "clients"
}

// addCloud relates an integrator, deployed with these options, as name, value, name, value.
func (w *World) addCloud(cloud string, pairs ...string) {
	w.T.Helper()
	w.Metadata()
	w.must(os.MkdirAll(filepath.Join(w.Root, "sys/class/dmi/id"), 0o755))
	w.must(os.WriteFile(filepath.Join(w.Root, "sys/class/dmi/id/product_uuid"), []byte("4216ABCD-0000\n"), 0o444))
	config := map[string]string{}
	for i := 0; i+1 < len(pairs); i += 2 {
		config[pairs[i]] = pairs[i+1]
	}
	app, _ := integrator(cloud)
	w.must(w.Juju.Deploy(jujusim.DeploySpec{Charm: "companion:" + app, Config: config}))
	w.relateCloud(cloud)
}

func (w *World) relateCloud(cloud string) {
	w.T.Helper()
	app, endpoint := integrator(cloud)
	_, err := w.Juju.Integrate("kubernetes-worker:"+cloud, app+":"+endpoint)
	w.must(err)
}

func (w *World) removeCloud(cloud string) {
	w.T.Helper()
	app, endpoint := integrator(cloud)
	w.must(w.Juju.RemoveRelation("kubernetes-worker:"+cloud, app+":"+endpoint))
}

func (w *World) cloudRelation(cloud string) int {
	w.T.Helper()
	app, endpoint := integrator(cloud)
	id, err := w.Juju.FindRelation("kubernetes-worker:"+cloud, app+":"+endpoint)
	w.must(err)
	return id
}

// ownOfCloud is the worker's own bag in the relation to an integrator.
func (w *World) ownOfCloud(cloud string) map[string]string {
	w.T.Helper()
	bag, err := w.Juju.Bag(w.cloudRelation(cloud), Unit)
	w.must(err)
	return bag
}

func withCloud(cloud string, pairs ...string) Step {
	return Step{Name: "relate " + cloud, Do: func(w *World) { w.addCloud(cloud, pairs...) }}
}

func withCloudAgain(cloud string) Step {
	return Step{Name: "relate " + cloud + " again", Do: func(w *World) { w.relateCloud(cloud) }}
}

func withoutCloud(cloud string) Step {
	return Step{Name: "remove the relation to " + cloud, Do: func(w *World) { w.removeCloud(cloud) }}
}

// joinWithCloud is the first step of a worker whose bundle has an integrator.
func joinWithCloud(cloud string, pairs ...string) Step {
	return Step{Name: "join with " + cloud, Do: func(w *World) {
		join().Do(w)
		w.addCloud(cloud, pairs...)
	}}
}

// cloudStories are those of the relations to clouds.
func cloudStories() []Scenario {
	docker := map[string]string{"channel": DockerChannel}
	raw := map[string]string{"channel": RawChannel}
	return []Scenario{
		{Name: "aws", Options: Options{Config: raw, Wire: "old"}, Steps: []Step{
			joinWithCloud("aws"), withoutCloud("aws"), withCloudAgain("aws")}},
		joined("aws later", Options{Config: docker, Wire: "new"}, withCloud("aws", "say", "wrong").ends("waiting", cloudWaits),
			set("aws-integrator", "say", "all")),
		joined("gcp", Options{Config: docker}, withCloud("gcp", "credentials", googlesKey), set("gcp-integrator", "credentials", `{"type": "another"}`), withoutCloud("gcp")),
		joined("openstack", Options{Config: docker}, withCloud("openstack", "say", "half").ends("waiting", cloudWaits+": openstack-integrator has not sent password"),
			set("openstack-integrator", "say", "all", "password", hostilePassword), withoutCloud("openstack")),
		joined("azure", Options{Config: docker}, withCloud("azure"), withoutCloud("azure")),
		joined("vsphere", Options{Config: map[string]string{"channel": AncientChannel}, Wire: "old"}, withCloud("vsphere"), withoutCloud("vsphere")),
		joined("a cloud provider outside", Options{Wire: "new"}, withCloud("openstack", "password", hostilePassword), set("kubernetes-master", "has-xcp", "true")),
	}
}
