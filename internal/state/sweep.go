package state

// Sweep is how the leader looks after nodes whose units are gone.
type Sweep struct {
	// Asked is when the model was last asked which units it has, in Unix seconds.
	Asked int64 `json:"asked,omitempty"`
	// Units is the fingerprint of the units with which the cluster was last seen to have no other nodes.
	Units string `json:"units,omitempty"`
	// Left says of nodes whose units are gone why they are still there.
	Left []string `json:"left,omitempty"`
}
