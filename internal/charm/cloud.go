package charm

import (
	"context"
	"net"
	"path/filepath"
	"strings"

	"kubernetes-worker/internal/cloudconfig"
	"kubernetes-worker/internal/cloudmeta"
	"kubernetes-worker/internal/kubeversion"
	"kubernetes-worker/internal/relation"
	"kubernetes-worker/internal/relation/cloud"
	"kubernetes-worker/internal/relation/kubecontrol"
	"kubernetes-worker/internal/state"
	"kubernetes-worker/internal/worker"
)

// Where the firmware's words about the machine are.
const (
	productUUIDFile = "/sys/class/dmi/id/product_uuid"
	makerFile       = "/sys/class/dmi/id/sys_vendor"
)

// cloud fills in the cloud that the machine is in. What the cloud calls the machine is asked once and kept: it does not change
// as long as the machine lives. A service that did not answer is not asked again by each of the relation hooks that follow one
// another.
func (r *run) cloud(ctx context.Context, f *worker.Facts) []relation.Problem {
	name, _ := cloud.Asked(f.Relations)
	if r.state.Machine.Cloud != name {
		r.state.Machine = cloud.Instance{}
	}
	wait := "metadata:" + name
	for key := range r.state.Waits {
		if strings.HasPrefix(key, "metadata:") && key != wait {
			delete(r.state.Waits, key)
		}
	}
	if name != "" && r.state.Machine.Cloud == "" && !r.stopping() {
		if known, waits := r.state.Waits[wait]; waits && r.system.Patient {
			f.Cloud.Fault = known.Message
		} else if machine, err := r.machine.metadata.Instance(ctx, name); err != nil {
			f.Cloud.Fault = err.Error()
			r.state.Waits[wait] = state.Wait{Since: r.now.Unix(), Message: f.Cloud.Fault}
		} else {
			r.state.Machine = machine
			delete(r.state.Waits, wait)
		}
	}
	f.Cloud.Machine = r.state.Machine
	var problems []relation.Problem
	f.Cloud.Facts, problems = cloud.Decode(f.Relations, f.CloudRequest())
	switch {
	case f.Cloud.Name == cloud.VSphere:
		f.Cloud.ProductUUID = r.firmware(productUUIDFile)
		if f.Cloud.ProductUUID == "" && f.Cloud.Ready {
			f.Cloud.Ready, f.Cloud.Owes = false, "the machine's firmware tells no UUID in "+productUUIDFile
		}
	case f.Cloud.Name == "" && f.Cluster.XCP:
		f.Cloud.Maker = r.firmware(makerFile)
	}
	return problems
}

// firmware reads one word of the machine's firmware; what is there and is no name is not used.
func (r *run) firmware(path string) string {
	content, err := r.machine.host.ReadFile(path)
	text := strings.TrimSpace(string(content))
	if err != nil || len(text) > 100 || !relation.Only(text, "-_. ,") {
		return ""
	}
	return text
}

// cloudFiles sees which files of clouds are there, and whether the kubelet was started with them; where nothing is known of
// how it was started, it may have been.
func (r *run) cloudFiles(f *worker.Facts) {
	f.Cloud.Files, f.Cloud.Variable = nil, false
	inputs, configured := r.state.Services[worker.KubeletUnit]
	for _, path := range cloudconfig.Paths() {
		if _, err := r.machine.host.Lstat(path); err != nil {
			continue
		}
		if f.Cloud.Files == nil {
			f.Cloud.Files = map[string]bool{}
		}
		_, read := inputs[path]
		f.Cloud.Files[path] = read || !configured
		if path == cloudconfig.CredentialsFile {
			content, err := r.machine.host.ReadFile(cloudconfig.EnvironmentFile)
			f.Cloud.Variable = err == nil && worker.CloudVariable().In(content)
		}
	}
}

// names decides under which name the machine is a node, and fills in the credentials of that name. A configured node takes a
// new name when there are credentials for it, and a kubelet that may be configured; until then it lives on with those that it
// has.
func (r *run) names(ctx context.Context, f *worker.Facts) []relation.Problem {
	installed, err := kubeversion.Parse(r.state.Versions["kubelet"].Text)
	if err != nil {
		installed = kubeversion.Version{}
	}
	before := r.state.NodeName
	f.WantedName = worker.NodeName(*f, before, installed)
	f.NodeName = f.WantedName
	creds, problems := r.credentialsOf(ctx, f, f.WantedName)
	_, configured := r.state.Services[worker.KubeletUnit]
	mayChange := creds.FromRelation && (f.Cloud.Name == "" || f.Cloud.Ready)
	if before != "" && configured && before != f.WantedName && !mayChange {
		f.NodeName = before
		creds, problems = r.credentialsOf(ctx, f, before)
	}
	f.Creds = creds
	switch {
	case before != "" && configured && before != f.NodeName:
		r.state.FormerNode = before
	case r.state.FormerNode == f.NodeName:
		r.state.FormerNode = ""
	}
	return problems
}

func (r *run) credentialsOf(ctx context.Context, f *worker.Facts, name string) (worker.Credentials, []relation.Problem) {
	given, problems := kubecontrol.DecodeCredentials(f.Relations["kube-control"], "system:node:"+name)
	creds, more := r.credentials(ctx, given)
	return creds, append(problems, more...)
}

// metadata makes the client of the clouds' metadata services. Below another root a machine is played, and so are the addresses
// that are routed from it: each is a socket of that name.
func metadata(root string) *cloudmeta.Client {
	if root == "/" {
		return cloudmeta.New(cloudmeta.Settings{})
	}
	return cloudmeta.New(cloudmeta.Settings{Dial: func(ctx context.Context, _, address string) (net.Conn, error) {
		return (&net.Dialer{}).DialContext(ctx, "unix", filepath.Join(root, "run", "net", address))
	}})
}
