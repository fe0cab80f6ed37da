package state

// Forerunner is what is still to be done because another charm kept this node before: the one written in Python.
type Forerunner struct {
	// Checksums: snap → MD5 of the resource file that the forerunner installed it from.
	Checksums map[string]string `json:"checksums,omitempty"`
	// NoSnaps: it was one from before there were snaps, and what it installed in their place has to go.
	NoSnaps bool `json:"no-snaps,omitempty"`
}
