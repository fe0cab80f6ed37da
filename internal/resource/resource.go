// Package resource owns the things the charm keeps in a wanted state: files, packages, snaps and their configuration,
// services, objects of the cluster. Each observes, compares (purely) and applies the difference, and nothing else in the
// charm has an effect on the machine. It knows how to do things, never why.
package resource

import "context"

// Stage orders resources within a round: what others need comes first.
type Stage int

const (
	// Sources are repositories of packages, and what is made sure of before anything is changed.
	Sources Stage = iota
	// Seeds are files that a package finds at its installation, so that its daemon starts right at once.
	Seeds
	// PackageStage is for Debian packages.
	PackageStage
	// SnapStage is for snaps.
	SnapStage
	// FileStage is for files, links and what is unpacked or derived from files.
	FileStage
	// SnapConfigStage is for snap configuration, which names files.
	SnapConfigStage
	// ServiceStage is for services, which read all of the above.
	ServiceStage
	// ObjectStage is for objects in the cluster.
	ObjectStage
	// CleanupStage is for what may go only after services have stopped and objects are gone.
	CleanupStage
)

// Resource is one thing in its wanted state.
type Resource interface {
	// ID names the thing; two resources with one ID are the same thing.
	ID() string
	// Equal reports whether other wants the same state.
	Equal(other any) bool
	// Stage places it in the order of a round.
	Stage() Stage
	// Plan observes the thing and compares. It gives nil if all is as wanted, and changes nothing.
	Plan(ctx context.Context, sys *System) (*Change, error)
}

// Requirer is a resource that must not be touched when one of the named resources could not be brought about.
type Requirer interface {
	Requires() []string
}

// Outsider is a resource whose making asks somebody outside the machine, who may be away: a store, a package mirror. The
// asking costs half a minute then, so that Realise does not repeat it in each of the hooks that follow one another when
// relations are made.
type Outsider interface {
	Outside()
}

// Change is what has to be done to a resource, and why.
type Change struct {
	// Cause is printed: "/root/cdk/kubelet/config.yaml changed: clusterDNS".
	Cause string
	// Status is shown as the unit's maintenance message while the change is made; it may be empty.
	Status string
	// Silent changes only note what was observed; they are not reported and need no further round.
	Silent bool
	// Apply makes the change.
	Apply func(ctx context.Context) error
}
