//go:build kube1.24

// Package gates reads and sets the feature gates of the process, which all components of a release share.
package gates

import "k8s.io/apiserver/pkg/util/feature"

// Set turns gates on and off; it fails on one that the release does not know or has fixed.
func Set(wanted map[string]bool) error { return feature.DefaultMutableFeatureGate.SetFromMap(wanted) }

// Names lists all gates that the program registered, also those that can only be named, not changed.
func Names() []string {
	var names []string
	for name := range feature.DefaultMutableFeatureGate.GetAll() {
		names = append(names, string(name))
	}
	return names
}
