package worker

import (
	"cmp"

	"kubernetes-worker/internal/relation"
	"kubernetes-worker/internal/relation/certificates"
	"kubernetes-worker/internal/relation/cni"
	"kubernetes-worker/internal/relation/kubecontrol"
	"kubernetes-worker/internal/resource"
)

// nodeUser is the API user of this node's kubelet; the control plane makes tokens for it.
func (f Facts) nodeUser() string { return "system:node:" + cmp.Or(f.WantedName, f.NodeName) }

// controlRequest tells the control plane whose tokens we need.
func controlRequest() Handler {
	return Handler{Name: "kube-control", When: []flag{ControlJoined}, Declare: func(f Facts) ([]resource.Resource, error) {
		schemas := []int{0}
		if f.SecretsSupported {
			schemas = []int{0, 1}
		}
		bag := kubecontrol.Request{User: f.nodeUser(), Group: "system:nodes", GPU: f.GPU, Schemas: schemas}.Encode()
		return f.publish("kube-control", func(relation.Relation) relation.Bag { return bag }), nil
	}}
}

// certificateRequest asks for a server certificate for all names and addresses of this machine, and a client certificate.
// Control plane and authority are asked at the same time; the address of the kube-control binding is known without it.
func certificateRequest() Handler {
	return Handler{Name: "certificate-request", When: []flag{CertificatesAsked}, Declare: func(f Facts) ([]resource.Resource, error) {
		request := f.CertificateRequest()
		if request.CommonName == "" {
			return nil, nil // no address yet; Juju fires config-changed when there is one
		}
		// One authority is asked: the one of the lowest relation id.
		wants := f.publish("certificates", func(r relation.Relation) relation.Bag { return request.Encode(r.Own) })
		if len(wants) > 1 {
			wants = wants[:1]
		}
		return wants, nil
	}}
}

// CertificateRequest is the server certificate for all names and addresses of this machine.
func (f Facts) CertificateRequest() certificates.Request {
	common := f.PublicAddress
	if common == "" {
		common = f.ingressAddress()
	}
	return certificates.Request{
		CommonName: common,
		SANs:       certificates.SANs(f.PublicAddress, f.IngressAddresses, f.Hostname, f.FQDN),
		UnitName:   f.Unit,
	}
}

// cniAnswer tells the pod network's subordinate that this is a worker and where its kubeconfig is.
func cniAnswer() Handler {
	return Handler{Name: "cni", When: []flag{CNIJoined}, Declare: func(f Facts) ([]resource.Resource, error) {
		bag := cni.Encode(f.kubeconfigHash(), f.Cluster.Registry)
		return f.publish("cni", func(relation.Relation) relation.Bag { return bag }), nil
	}}
}

// publish wants keys in our bag of every relation of an endpoint that is not going away.
func (f Facts) publish(endpoint string, bag func(relation.Relation) relation.Bag) []resource.Resource {
	var wants []resource.Resource
	for _, r := range f.Relations[endpoint] {
		if f.Leaving[r.ID] || len(r.Units) == 0 {
			continue
		}
		wants = append(wants, resource.RelationData{Relation: r.ID, Have: r.Own, Want: bag(r)})
	}
	return wants
}
