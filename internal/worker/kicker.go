package worker

import (
	"kubernetes-worker/internal/kicker"
	"kubernetes-worker/internal/resource"
)

// serviceKicker sees to it that a boot brings the daemons back.
func serviceKicker() Handler {
	return Handler{Name: "service-kicker", When: []flag{SnapsInstalled}, Declare: func(Facts) ([]resource.Resource, error) {
		return []resource.Resource{resource.BootUnit{
			Program: resource.File{Path: kicker.Program, Content: []byte(kicker.Script), Mode: 0o775},
			Unit:    resource.File{Path: kicker.File, Content: []byte(kicker.UnitContent), Mode: 0o644},
			Enabled: resource.Link{Path: kicker.Enabled, Target: kicker.File},
		}}, nil
	}}
}
