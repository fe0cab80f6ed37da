package worker

import (
	"maps"

	"kubernetes-worker/internal/resource"
)

// nodeLabels keeps the labels of option "labels", those of a GPU and the one that names the application on the Node object. Labels that
// an earlier value put on and that are not wanted any more go; labels of others stay.
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
