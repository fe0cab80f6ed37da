package worker

import (
	"cmp"
	"fmt"
	"strings"

	"kubernetes-worker/internal/cloudconfig"
	"kubernetes-worker/internal/condition"
	"kubernetes-worker/internal/kubelet"
	"kubernetes-worker/internal/kubeversion"
	"kubernetes-worker/internal/relation"
	"kubernetes-worker/internal/relation/cloud"
	"kubernetes-worker/internal/release"
	"kubernetes-worker/internal/resource"
)

// CloudFact is the cloud that the machine is in, as far as it is related.
type CloudFact struct {
	cloud.Facts
	Machine     cloud.Instance  // what the cloud calls this machine; zero: not known
	Fault       string          // why not, where the integrator wants to know
	ProductUUID string          // of the machine's firmware; read for vsphere only
	Maker       string          // of the machine, as its firmware says; read where the cluster has an external cloud provider only
	Files       map[string]bool // files of clouds on the disk, and whether the kubelet was started with them
	Variable    bool            // the kubelet's environment holds our assignment
}

// provider is what the kubelet calls a cloud.
func provider(name string) string {
	if name == cloud.GCP {
		return "gce"
	}
	return name
}

// hasProvider reports whether a release's kubelet has a cloud's provider inside and starts with it.
func hasProvider(v kubeversion.Version, name string) bool {
	return release.CloudProvider(v, provider(name)).Exists && release.Has(v, release.ProvidersEnabled)
}

// inTree reports whether the kubelet works with its own provider of the machine's cloud.
func (f Facts) inTree() bool {
	return f.Cloud.Ready && !f.KubeletVersion.IsZero() && hasProvider(f.KubeletVersion, f.Cloud.Name)
}

// vendor is the cloud that the machine is in: the related one, else, where the cluster has a cloud provider outside of the
// kubelets and so no relation is needed, what the firmware says.
func (f Facts) vendor() string {
	if f.Cloud.Name != "" || !f.Cluster.XCP {
		return f.Cloud.Name
	}
	for _, maker := range []struct{ word, name string }{
		{"Amazon", cloud.AWS}, {"OpenStack", cloud.OpenStack}, {"Microsoft", cloud.Azure}, {"Google", cloud.GCP}, {"VMware", cloud.VSphere},
	} {
		if strings.Contains(f.Cloud.Maker, maker.word) {
			return maker.name
		}
	}
	return ""
}

// cloudSettled reports whether the kubelet can be configured: it must not start without the cloud that it is going to have,
// because that is part of how it registers.
func (f Facts) cloudSettled() bool {
	return f.Cloud.Name == "" || f.Cloud.Ready && f.cloudRefused() == nil
}

// cloudRefused blocks where the kubelet that is installed is too old for the cloud.
func (f Facts) cloudRefused() error {
	switch v := f.KubeletVersion; {
	case v.IsZero():
		return nil
	case f.Cloud.Name == cloud.VSphere && !release.Has(v, release.VSphereNodes):
		return condition.NewBlocked("vSphere integration requires K8s 1.12 or greater")
	case f.Cloud.Name == cloud.Azure && !release.Has(v, release.AzureNodes):
		return condition.NewBlocked("Azure integration requires K8s 1.11 or greater")
	}
	return nil
}

// cloudGate tells of such a kubelet.
func cloudGate() Handler {
	return Handler{Name: "cloud", When: []flag{CloudRelated}, Declare: func(f Facts) ([]resource.Resource, error) {
		return nil, f.cloudRefused()
	}}
}

// cloudRequest tells the integrator which machine this is and what it needs.
func cloudRequest() Handler {
	return Handler{Name: "cloud-request", When: []flag{CloudAsks}, Declare: func(f Facts) ([]resource.Resource, error) {
		name, id := cloud.Asked(f.Relations)
		bag := f.CloudRequest().Encode(name)
		var wants []resource.Resource
		for _, want := range f.publish(name, func(relation.Relation) relation.Bag { return bag }) {
			if data, ok := want.(resource.RelationData); ok && data.Relation == id {
				data.Status = "requesting cloud integration"
				wants = append(wants, data)
			}
		}
		return wants, nil
	}}
}

// CloudRequest is what the integrators have to know.
func (f Facts) CloudRequest() cloud.Request {
	return cloud.Request{Instance: f.Cloud.Machine, ClusterTag: f.Cluster.Tag, ModelUUID: f.ModelUUID}
}

// cloudFiles writes what the kubelet's own provider reads, and removes what it does not read any more. Files that the
// kubelet was started with stay until it has been started without them: it could not start again.
func cloudFiles() Handler {
	return Handler{Name: "cloud-files", When: []flag{CloudFilesConcern}, Declare: func(f Facts) ([]resource.Resource, error) {
		var wants []resource.Resource
		wanted := map[string]bool{}
		for _, file := range f.cloudConfig() {
			wants, wanted[file.Path] = append(wants, file), true
		}
		variable := CloudVariable()
		if wanted[cloudconfig.CredentialsFile] {
			wants = append(wants, variable)
		} else if f.Cloud.Variable && !f.Cloud.Files[cloudconfig.CredentialsFile] && f.cloudSettled() {
			variable.Absent = true
			wants = append(wants, variable)
		}
		for _, path := range cloudconfig.Paths() {
			if started, there := f.Cloud.Files[path]; !there || started || wanted[path] || !f.cloudSettled() {
				continue
			}
			gone := resource.File{Path: path, Absent: true, At: resource.CleanupStage}
			if variable.Absent {
				gone.Needs = []string{variable.ID()} // as long as the file is there, the variable is looked for
			}
			wants = append(wants, gone)
		}
		return wants, nil
	}}
}

// CloudVariable makes the library of GCP find the credentials.
func CloudVariable() resource.Assignment {
	return resource.Assignment{Path: cloudconfig.EnvironmentFile, Name: cloudconfig.Variable, Value: cloudconfig.CredentialsFile}
}

// cloudConfig are the files that the kubelet's own provider reads.
func (f Facts) cloudConfig() []resource.File {
	if !f.inTree() {
		return nil
	}
	var files []resource.File
	for _, file := range cloudconfig.Render(f.Cloud.Facts, f.Cloud.Machine) {
		files = append(files, resource.File{Path: file.Path, Content: file.Content, Mode: 0o600})
	}
	return files
}

// cloudInputs are those files, and the variable, as what the kubelet's service reads and needs.
func (f Facts) cloudInputs() (inputs []resource.Input, needs []string) {
	for _, file := range f.cloudConfig() {
		inputs, needs = append(inputs, file.Input()), append(needs, file.ID())
		if file.Path == cloudconfig.CredentialsFile {
			inputs, needs = append(inputs, CloudVariable().Input()), append(needs, CloudVariable().ID())
		}
	}
	return inputs, needs
}

// cloudArguments gives the kubelet its provider: the one that it has inside as long as it has one, later the one outside
// where the cluster has that, and nothing otherwise.
func (f Facts) cloudArguments(in *kubelet.Input) {
	switch {
	case f.inTree():
		in.CloudProvider = provider(f.Cloud.Name)
		if len(f.cloudConfig()) > 0 {
			in.CloudConfig = cloudconfig.ConfigFile
		}
		if f.Cloud.Name == cloud.Azure {
			in.ProviderID = f.Cloud.Machine.ID
		}
	case f.Cluster.XCP:
		in.CloudProvider = "external"
	default:
		return
	}
	if f.Cloud.Name == cloud.VSphere && f.Cloud.ProductUUID != "" {
		in.ProviderID = "vsphere://" + f.Cloud.ProductUUID
	}
}

// cloudLabel is the label that names the cloud on the Node object.
const cloudLabel = "juju.io/cloud"

// cloudName is the value of that label; empty where the machine is in no cloud, or it is not known in which.
func (f Facts) cloudName() string {
	if f.Cloud.Name != "" && !f.Cloud.Ready {
		return ""
	}
	return map[string]string{
		cloud.AWS: "ec2", cloud.GCP: "gce", cloud.OpenStack: "openstack", cloud.VSphere: "vsphere", cloud.Azure: "azure",
	}[f.vendor()]
}

// owesCloud says what the kubelet waits for.
func owesCloud(f Facts) string {
	if refused := f.cloudRefused(); refused != nil {
		return refused.Error()
	}
	return cmp.Or(f.cloudDetail(), f.Cloud.App+" has not answered")
}

// cloudDetail is what is missing before the integrator can answer, or of its answer; empty where it just has not answered.
func (f Facts) cloudDetail() string {
	name, _ := cloud.Asked(f.Relations)
	switch {
	case name == f.Cloud.Name && name != "" && f.Cloud.Machine.Cloud == "":
		return f.Cloud.Fault
	case name == f.Cloud.Name && name != "" && f.Cluster.Tag == "":
		return f.remoteApp("kube-control", "the control plane") + " has not sent cluster-tag"
	}
	return f.Cloud.Owes
}

// cloudStatus is the status of a unit whose cloud is not ready.
func (f Facts) cloudStatus() Status {
	if detail := f.cloudDetail(); detail != "" {
		return Status{waiting, fmt.Sprintf("Waiting for cloud integration: %s", detail)}
	}
	return Status{waiting, "Waiting for cloud integration"}
}
