package charm

import (
	"cmp"
	"context"
	"errors"
	"slices"

	"kubernetes-worker/internal/juju"
	"kubernetes-worker/internal/kubeconfig"
	"kubernetes-worker/internal/options"
	"kubernetes-worker/internal/relation"
	"kubernetes-worker/internal/relation/certificates"
	"kubernetes-worker/internal/relation/cni"
	"kubernetes-worker/internal/relation/containerruntime"
	"kubernetes-worker/internal/relation/dockerregistry"
	"kubernetes-worker/internal/relation/kubeapi"
	"kubernetes-worker/internal/relation/kubecontrol"
	"kubernetes-worker/internal/relation/mount"
	"kubernetes-worker/internal/relation/nrpe"
	"kubernetes-worker/internal/relation/sdnplugin"
	"kubernetes-worker/internal/relation/tokens"
	"kubernetes-worker/internal/secret"
	"kubernetes-worker/internal/worker"
)

// endpoints are those the charm reads. Everything that a hook reads from Juju is named here.
func endpoints() []string {
	return []string{"aws", "azure", "certificates", "cni", "container-runtime", "docker-registry", "dockerhost", "gcp", "ingress-proxy",
		"kube-api-endpoint", "kube-control", "nfs", "nrpe-external-master", "openstack", "sdn-plugin", "tokens", "vsphere"}
}

// openEndpoints are those of them whose peers send no password, token or key.
func openEndpoints() []string {
	return []string{"cni", "container-runtime", "dockerhost", "ingress-proxy", "kube-api-endpoint", "nrpe-external-master", "sdn-plugin"}
}

// model fills in what Juju says. It is read once in an invocation.
func (r *run) model(ctx context.Context) (worker.Facts, error) {
	s := r.session.Snapshot()
	f := worker.Facts{
		Unit: r.env.UnitName, App: r.env.AppName, UnitNumber: r.env.UnitNumber(), Hook: r.event.Name,
		AvailabilityZone: r.env.AvailabilityZone, PublicAddress: s.PublicAddress,
		ModelProxy:      options.Proxy{HTTP: r.env.HTTPProxy, HTTPS: r.env.HTTPSProxy, NoProxy: r.env.NoProxy},
		SnapdModelProxy: options.Proxy{HTTP: cmp.Or(r.env.HTTPProxy, r.env.OldHTTPProxy), HTTPS: cmp.Or(r.env.HTTPSProxy, r.env.OldHTTPSProxy)},
		ModelUUID:       r.env.ModelUUID, Today: r.now, SnapdState: r.state.Snapd,
		Relations: map[string][]relation.Relation{}, Leaving: map[string]bool{},
		SecretsSupported: r.hasTool("secret-get"),
	}
	if f.PublicAddress == "" {
		f.PublicAddress = s.PrivateAddress
	}
	if first := s.IngressAddress("kube-control"); first != "" {
		f.IngressAddresses = append(f.IngressAddresses, first)
		for _, a := range s.Networks["kube-control"].Ingress {
			if a != first {
				f.IngressAddresses = append(f.IngressAddresses, a)
			}
		}
	}
	f.Options, f.Findings = options.ParseKeeping(s.Config, r.state.GoodOptions)
	if len(r.state.GoodOptions) > 0 {
		good := options.Remembered(r.state.GoodOptions)
		f.LastGood = &good
	}
	for _, endpoint := range endpoints() {
		f.Relations[endpoint] = s.Endpoint(endpoint)
	}
	if r.event.DepartingUnit == r.env.UnitName && r.event.RelationID != "" {
		f.Leaving[r.event.RelationID] = true
	}
	f.RuntimeBefore = r.state.Runtime
	if err := r.leadership(ctx, &f); err != nil {
		return f, err
	}
	f.InsecureBefore, f.DirectBefore = r.state.InsecureRegistry, r.state.Direct
	f.LeavesPrivateAddress = r.env.LeavesPrivateAddress()
	// Juju lists a relation only after the installation; a runtime that is going to come must not find ours.
	mayExpect := len(f.Relations["container-runtime"]) == 0 && !r.hasRuntime()
	if len(f.Relations["kube-control"]) == 0 || mayExpect {
		goal, err := r.session.GoalState(ctx)
		if err != nil && !errors.Is(err, juju.ErrNoTool) {
			return f, err
		}
		f.ControlExpected = goal.Expects("kube-control")
		f.RuntimeExpected = mayExpect && goal.Expects("container-runtime")
	}
	return f, nil
}

// leadership reads what the leader has published, and who leads only where that matters.
func (r *run) leadership(ctx context.Context, f *worker.Facts) error {
	if r.stopping() {
		return nil
	}
	settings, err := r.session.LeaderSettings(ctx)
	switch {
	case err == nil:
		f.Leadership = worker.Leadership{Settings: true, Timer: settings[worker.LeaderTimer]}
	case !errors.Is(err, juju.ErrNoTool):
		return err
	}
	if f.NeedsLeader() || r.takesOver() {
		f.Leadership.Leads, err = r.session.IsLeader(ctx)
		return err
	}
	return nil
}

// hasRuntime reports whether this charm runs a container runtime, or the kubelet has had one to work with.
func (r *run) hasRuntime() bool {
	return r.state.Runtime.Kind != "" || r.state.Services[worker.DockerUnit] != nil || r.state.Services[worker.ContainerdUnit] != nil
}

// peers decodes what the relations carry and fills in, where one is away or unusable, what was heard last: from the
// node's own files for secrets and certificates, from the state file for the rest.
func (r *run) peers(ctx context.Context, f *worker.Facts) {
	var problems []relation.Problem
	note := func(more []relation.Problem) { problems = append(problems, more...) }

	control, more := kubecontrol.Decode(f.Relations["kube-control"], "") // whose credentials are ours is decided below
	note(more)
	f.Control = control
	servers, more := kubeapi.Decode(f.Relations["kube-api-endpoint"])
	note(more)
	network, more := cni.Decode(f.Relations["cni"], control.DefaultCNI)
	note(more)
	f.CNI = network
	f.Runtime, more = containerruntime.Decode(f.Relations["container-runtime"])
	note(more)
	f.Registry, more = dockerregistry.Decode(f.Relations["docker-registry"])
	note(more)
	f.NFS, more = mount.Decode(f.Relations["nfs"])
	note(more)
	f.SDN, more = sdnplugin.Decode(f.Relations["sdn-plugin"])
	note(more)
	f.Agent.Facts, more = nrpe.Decode(f.Relations["nrpe-external-master"])
	note(more)
	_, more = tokens.Decode(f.Relations["tokens"]) // nothing on this machine uses one yet; what cannot be used is told
	note(more)

	f.Cluster = r.state.Cluster
	if all := append(servers, control.APIEndpoints...); len(all) > 0 {
		slices.Sort(all)
		f.Cluster.Servers = slices.Compact(all)
	}
	if control.DNSKnown {
		f.Cluster.DNSKnown, f.Cluster.DNSEnabled = true, control.DNSEnabled
		// A control plane that has DNS and has not sent a usable address yet does not take away the last one.
		if len(control.DNSAddress) > 0 || !control.DNSEnabled {
			f.Cluster.DNS = control.DNSAddress
		}
	}
	if control.Domain != "" {
		f.Cluster.Domain = control.Domain
	}
	if control.RegistryLocation != "" {
		f.Cluster.Registry = control.RegistryLocation
	}
	if control.ClusterTag != "" {
		f.Cluster.Tag = control.ClusterTag
	}
	if control.XCPKnown {
		f.Cluster.XCP = control.HasXCP
	}
	if network.CIDR != "" {
		f.Cluster.CIDR = network.CIDR
	}
	note(r.cloud(ctx, f))
	note(r.names(ctx, f))
	f.Certs, more = r.certificates(*f)
	note(more)
	f.Problems = problems
}

// credentials are the tokens the control plane gave, inline or in a secret, else those that the node already uses.
func (r *run) credentials(ctx context.Context, given kubecontrol.Credentials) (worker.Credentials, []relation.Problem) {
	var problems []relation.Problem
	if !given.Complete() && given.SecretID != "" {
		values, err := r.session.Secret(ctx, given.SecretID)
		if err != nil {
			problems = append(problems, relation.Problem{Endpoint: "kube-control", Key: "creds", Reason: "its secret cannot be read: " + err.Error()})
		} else {
			texts := map[string]string{}
			for key, value := range values {
				texts[key] = value.Reveal()
			}
			given, problems = kubecontrol.DecodeSecret(texts)
		}
	}
	if given.Complete() {
		return worker.Credentials{Kubelet: given.KubeletToken, Proxy: given.ProxyToken, Client: given.ClientToken, FromRelation: true}, problems
	}
	kubelet, proxy, client := r.savedToken(worker.KubeletKubeconfig), r.savedToken(worker.ProxyKubeconfig), r.savedToken(worker.RootKubeconfig)
	saved := worker.Credentials{Kubelet: kubelet, Proxy: proxy, Client: client}
	if !saved.Complete() {
		saved = r.leftCredentials(saved)
	}
	return saved, problems
}

func (r *run) savedToken(path string) secret.Value { return r.savedKubeconfig(path).Token }

// savedKubeconfig reads one of our kubeconfigs; one that is missing or not ours gives nothing.
func (r *run) savedKubeconfig(path string) kubeconfig.Config {
	content, err := r.machine.host.ReadFile(path)
	if err != nil {
		return kubeconfig.Config{}
	}
	config, err := kubeconfig.Parse(content)
	if err != nil {
		return kubeconfig.Config{}
	}
	return config
}

// certificates are what the authority sent, completed from the node's own files.
func (r *run) certificates(f worker.Facts) (certificates.Facts, []relation.Problem) {
	rels := f.Relations["certificates"]
	var own relation.Bag
	if len(rels) > 0 {
		own = rels[0].Own
	}
	certs, problems := certificates.Decode(rels, f.CertificateRequest(), own, r.now)
	read := func(path string) []byte {
		content, err := r.machine.host.ReadFile(path)
		if err != nil {
			return nil
		}
		return content
	}
	// What is missing or outside its time does not take the place of something better.
	better := func(given []byte, path string) bool {
		if len(given) > 0 && certificates.InTime(given, r.now) {
			return false
		}
		return len(given) == 0 || certificates.InTime(read(path), r.now)
	}
	if better(certs.CA, worker.CAFile) {
		certs.CA = read(worker.CAFile)
	}
	if better(certs.ServerCert, worker.ServerCertFile) {
		certs.ServerCert, certs.ServerKey = read(worker.ServerCertFile), secret.New(string(read(worker.ServerKeyFile)))
	}
	if better(certs.ClientCert, worker.ClientCertFile) {
		certs.ClientCert, certs.ClientKey = read(worker.ClientCertFile), secret.New(string(read(worker.ClientKeyFile)))
	}
	return certs, problems
}
