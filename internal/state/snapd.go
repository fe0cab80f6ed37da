package state

// Snapd is what the charm has set in the snap daemon and is to take back one day.
type Snapd struct {
	// Keys: key of the daemon's own configuration → how it came there.
	Keys map[string]Setting `json:"keys,omitempty"`
	// Timer is the refresh timer that was derived where the option leaves the day to the charm.
	Timer string `json:"timer,omitempty"`
	// Refused: option → what the daemon would not take.
	Refused map[string]Failure `json:"refused,omitempty"`
	// Store is the store proxy in use.
	Store StoreProxy `json:"store"`
	// Held are the snaps that the charm has told the daemon to leave alone; Cohorts those that it let follow a cohort.
	Held    []string `json:"held,omitempty"`
	Cohorts []string `json:"cohorts,omitempty"`
	// NoHolds is the installation of the daemon that was found to have no holds.
	NoHolds string `json:"no-holds,omitempty"`
	// Restart: a file was removed that the daemon has read at its start.
	Restart bool `json:"restart,omitempty"`
}

// Setting is a value that the charm has set.
type Setting struct {
	// Prints are the fingerprints of what it may be set to: of one value, of more where a hook was killed in between.
	Prints []string `json:"prints"`
	// Before is what was there before and is to be put back; never one with a password.
	Before string `json:"before,omitempty"`
}

// StoreProxy is a snap store proxy and the identity of its store.
type StoreProxy struct {
	URL string `json:"url,omitempty"`
	ID  string `json:"id,omitempty"`
}
