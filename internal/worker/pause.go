package worker

import (
	"slices"

	"kubernetes-worker/internal/resource"
)

// Paused reports whether an operator has taken the unit out of service. The mark in the cluster tells it where the state
// file was lost, the state file where the cordon is somebody else's or the Node object was deleted.
func (f Facts) Paused() bool { return f.PausedBefore || f.Node.Mark == resource.PauseCordon }

// outOfService keeps pods off the node of a paused unit: the Node object may have been deleted and registered anew, or the
// cordon taken back by hand.
func outOfService() Handler {
	return Handler{Name: "out-of-service", When: []flag{NodeRegistered, UnitPaused}, Declare: func(f Facts) ([]resource.Resource, error) {
		ours := []string{resource.PausingCordon, resource.UpgradeCordon}
		if f.Node.Cordoned && !slices.Contains(ours, f.Node.Mark) {
			return nil, nil
		}
		return []resource.Resource{resource.NodePaused{Node: f.NodeName}}, nil
	}}
}

// interruptedPause puts a node back into service that a pause was about to empty when it was ended.
func interruptedPause() Handler {
	return Handler{Name: "interrupted-pause", When: []flag{NodeRegistered}, Unless: []flag{UnitPaused}, Declare: func(f Facts) ([]resource.Resource, error) {
		if f.Node.Mark != resource.PausingCordon {
			return nil, nil
		}
		return []resource.Resource{resource.NodeSchedulable{Node: f.NodeName, Reason: resource.PausingCordon}}, nil
	}}
}

// Resumed is shown by the action that ends a pause, if the unit is active then; the status of the hook follows.
func Resumed() Status { return Status{active, "Kubernetes unit resumed"} }

// IsActive reports whether the unit works.
func (s Status) IsActive() bool { return s.State == active }
