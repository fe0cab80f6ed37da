package worker

import (
	"maps"

	"k8s.io/apimachinery/pkg/util/validation"

	"kubernetes-worker/internal/resource"
)

// nodeLabels keeps the labels of option "labels", those of a GPU, those that say where the node comes from and the one that
// names the application on the Node object. Labels that an earlier value put on and that are not wanted any more go; labels
// of others stay.
func nodeLabels() Handler {
	return Handler{Name: "labels", When: []flag{NodeRegistered}, Declare: func(f Facts) ([]resource.Resource, error) {
		set := maps.Clone(f.Options.Labels.Set)
		if set == nil {
			set = map[string]string{}
		}
		set["juju-application"] = f.App
		for key, value := range f.gpuLabels() {
			if _, own := set[key]; !own && !f.Options.Labels.Remove[key] {
				set[key] = value
			}
		}
		for key, value := range f.placeLabels() {
			if _, own := set[key]; !own && !f.Options.Labels.Remove[key] {
				set[key] = value
			}
		}
		if _, own := set[cloudLabel]; !own && !f.Options.Labels.Remove[cloudLabel] && f.cloudName() != "" {
			set[cloudLabel] = f.cloudName()
		}
		remove := maps.Clone(f.Options.Labels.Remove)
		if remove == nil {
			remove = map[string]bool{}
		}
		for key := range f.OldLabels {
			if _, wanted := set[key]; !wanted {
				remove[key] = true
			}
		}
		want := resource.NodeLabels{Node: f.NodeName, Have: f.Node.Labels, Set: set}
		for key := range remove {
			want.Remove = append(want.Remove, key)
		}
		return []resource.Resource{want.Sorted()}, nil
	}}
}

// charmName is the name in metadata.yaml.
const charmName = "kubernetes-worker"

// zoneLabel is Kubernetes' own. A cloud provider of the cluster that has put it on knows better.
const zoneLabel = "topology.kubernetes.io/zone"

// placeLabels say which charm keeps the node, and where Juju has placed its machine.
func (f Facts) placeLabels() map[string]string {
	labels := map[string]string{"juju-charm": charmName}
	_, has := f.Node.Labels[zoneLabel]
	_, ours := f.OldLabels[zoneLabel]
	theirs := has && !ours
	if zone := f.AvailabilityZone; zone != "" && !theirs && len(validation.IsValidLabelValue(zone)) == 0 {
		labels[zoneLabel] = zone
	}
	return labels
}
