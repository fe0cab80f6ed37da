package worker

import (
	"path"

	"kubernetes-worker/internal/resource"
)

// defaultCNILinks are the names that such a link may have.
const defaultCNILinks = "01-default.*"

// defaultCNI makes the selected pod network the first that the container runtime finds.
func defaultCNI() Handler {
	return Handler{Name: "default-cni", When: []flag{CNIJoined}, Declare: func(f Facts) ([]resource.Resource, error) {
		if !f.CNIConfWritten {
			return nil, nil // not there yet, or an older subordinate, of which there is but one
		}
		return []resource.Resource{resource.Link{
			Path:   CNIConfigDir + "/01-default" + path.Ext(f.CNI.ConfFile),
			Target: CNIConfigDir + "/" + f.CNI.ConfFile, Stale: defaultCNILinks,
		}}, nil
	}}
}
