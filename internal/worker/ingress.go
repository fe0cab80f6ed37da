package worker

import (
	"kubernetes-worker/internal/condition"
	"kubernetes-worker/internal/ingress"
	"kubernetes-worker/internal/options"
	"kubernetes-worker/internal/resource"
)

// ingressController keeps the objects of the ingress controller in the cluster, or none. The machines that run the
// controller are found by the label that names the application.
func ingressController() Handler {
	return Handler{Name: "ingress", When: []flag{NodeRegistered}, Declare: func(f Facts) ([]resource.Resource, error) {
		if f.Options.AnyUnknown(options.Ingress) {
			return nil, nil
		}
		objects := resource.Objects{
			Owner: ingress.Owner(f.App), Kinds: ingress.Kinds(), Check: f.CheckObjects && (f.Options.Ingress || f.ingressThere()),
			Adopt: ingress.Adopt(f.App), Earlier: ingress.Earlier(f.App), Shared: ingress.Shared(),
			Removing: []string{"Deleting the http backend and ingress."},
		}
		if !f.Options.Ingress {
			return []resource.Resource{objects}, nil
		}
		if f.Options.AnyUnknown(options.NginxImage, options.BackendImage, options.ChainCompletion) {
			return nil, nil
		}
		if f.ClusterVersion.IsZero() {
			return nil, condition.NewWaiting("Waiting for an API server to say which release it is")
		}
		objects.Want = ingress.Config{
			App: f.App, Cluster: f.ClusterVersion, Arch: f.Arch, Registry: f.Cluster.Registry,
			Image: f.Options.NginxImage, BackendImage: f.Options.BackendImage, ChainCompletion: f.Options.ChainCompletion,
		}.Objects()
		objects.Making = []string{"Creating the ingress daemon set."}
		for _, o := range objects.Want {
			if o.Kind() == "Deployment" {
				objects.Making = append(objects.Making, "Creating the default http backend.")
			}
		}
		objects.What = "ingress controller"
		return []resource.Resource{objects}, nil
	}}
}

// KeepsObjects reports whether the charm is to have objects in the cluster whose content depends on its release.
func (f Facts) KeepsObjects() bool { return f.Options.Ingress || f.NFS.Available() }

func (f Facts) ingressThere() bool { return resource.ObjectsThere(f.Objects[ingress.Component]) }

// IngressPorts are the ports of the controller, and whether they are to be open: they follow what runs, so that an image
// that cannot be applied closes nothing and a removal that did not succeed neither. known is false as long as there was
// never a controller and none had to be removed.
func (f Facts) IngressPorts() (ports []string, open, known bool) {
	return ingress.Ports(), f.ingressThere(), f.Objects[ingress.Component] != ""
}
