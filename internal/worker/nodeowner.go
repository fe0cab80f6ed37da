package worker

import "kubernetes-worker/internal/resource"

// owner is this unit, as its node names it.
func (f Facts) owner() resource.NodeOwner {
	return resource.NodeOwner{Model: f.ModelUUID, Unit: f.Unit}
}

// nodeOwner puts the unit's name on its node.
func nodeOwner() Handler {
	return Handler{Name: "node-owner", When: []flag{NodeRegistered}, Declare: func(f Facts) ([]resource.Resource, error) {
		if !f.owner().Claims(f.Node.Owner, f.Node.MachineID, f.MachineID) {
			return nil, nil
		}
		return []resource.Resource{resource.NodeOwned{Node: f.NodeName, Owner: f.owner()}}, nil
	}}
}

// deadNodes takes nodes of units that are gone out of the cluster, where this unit leads and it is time to look.
func deadNodes() Handler {
	return Handler{Name: "dead-nodes", When: []flag{NodeRegistered}, Declare: func(f Facts) ([]resource.Resource, error) {
		if len(f.Members) == 0 {
			return nil, nil
		}
		return []resource.Resource{resource.DeadNodes{Owner: f.owner(), Units: f.Members}}, nil
	}}
}

// nodeWarnings tell of nodes that are not what they should be.
func (f Facts) nodeWarnings() []string {
	warnings := f.DeadNodesLeft
	if f.Node.Exists {
		if why := f.owner().Foreign(f.Node.Owner, f.Node.MachineID, f.MachineID); why != "" {
			warnings = append(warnings[:len(warnings):len(warnings)], "node "+f.NodeName+" is not this unit's alone: "+why+"; two machines must not have one host name")
		}
	}
	return warnings
}
