package state

// Upgrade is a change of the Kubernetes snaps of a node in service. It is noted before the first snap is touched, so that
// whatever happens then, what was before is known.
type Upgrade struct {
	// Wanted is the fingerprint of what it brings; empty: there is no upgrade.
	Wanted string `json:"wanted,omitempty"`
	// Before: snap → what it was.
	Before map[string]SnapBefore `json:"before,omitempty"`
	// Ready: the node was Ready before, so that it has to be so again.
	Ready bool `json:"ready,omitempty"`
	// Units are those of its daemons that ran before.
	Units []string `json:"units,omitempty"`
	// Since is when it began, in Unix seconds.
	Since int64 `json:"since,omitempty"`
	// Verified: the node was seen to work with what it has now.
	Verified bool `json:"verified,omitempty"`
	// Approval is the operator's word on it.
	Approval Approval `json:"approval"`
}

// SnapBefore is a snap as it was before an upgrade.
type SnapBefore struct {
	Revision string `json:"revision"`
	Channel  string `json:"channel,omitempty"`
	// File is the fingerprint of the resource file that it came from; empty for one from the store.
	File string `json:"file,omitempty"`
}

// Approval is what an operator has allowed an upgrade.
type Approval struct {
	Given           bool `json:"given,omitempty"`
	SkipDrain       bool `json:"skip-drain,omitempty"`
	DeleteLocalData bool `json:"delete-local-data,omitempty"`
	Force           bool `json:"force,omitempty"`
	AllowDowngrade  bool `json:"allow-downgrade,omitempty"`
	// DrainSeconds is what pods get to leave; 0: the usual.
	DrainSeconds int64 `json:"drain-seconds,omitempty"`
}

// FailedUpgrade is an upgrade that did not succeed.
type FailedUpgrade struct {
	Wanted string `json:"wanted,omitempty"` // fingerprint
	Reason string `json:"reason,omitempty"`
	// Reverted: snaps were changed, and go back to what they were.
	Reverted bool `json:"reverted,omitempty"`
}
