package worker

import (
	"kubernetes-worker/internal/condition"
	"kubernetes-worker/internal/resource"
)

// smallestCNIArchive tells the real archive from a stand-in that somebody attached to satisfy Juju.
const smallestCNIArchive = 1_000_000

// cniPlugins unpacks the pod network's plugins.
func cniPlugins() Handler {
	return Handler{Name: "cni-plugins", Declare: func(f Facts) ([]resource.Resource, error) {
		name := "cni-" + f.Arch
		r, fetched := f.Resources[name]
		switch {
		case !fetched:
			return nil, nil // not this hook's to fetch
		case r.Problem == ResourceToolMissing:
			return nil, condition.NewBlocked("Error fetching the cni resource.")
		case r.Problem == ResourceMissing:
			return nil, condition.NewBlocked("Missing cni resource.")
		case r.Size < smallestCNIArchive:
			return nil, condition.NewBlocked("Incomplete cni resource.")
		}
		return []resource.Resource{resource.Archive{
			Name: name, File: r.Path, Print: r.Fingerprint, Target: CNIPluginDir,
			Status: "Unpacking cni resource.",
		}}, nil
	}}
}
