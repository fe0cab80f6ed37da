package kube

import (
	"net/url"
	"slices"
	"strings"
)

// What marks an object as the charm's. The labels are the ones that Kubernetes recommends, so that people can select by
// them. Users copy manifests together with labels: the annotation names the one object that the charm made, so that a
// copy is the user's.
const (
	managedByLabel   = "app.kubernetes.io/managed-by"
	instanceLabel    = "app.kubernetes.io/instance"  // the application
	componentLabel   = "app.kubernetes.io/component" // what it is for: ingress, registry
	objectAnnotation = "kubernetes-worker/object"    // Kind namespace/name

	// manager owns the fields that the charm applies.
	manager = "kubernetes-worker"
)

// Owner is whose the objects are: all units of an application share them.
type Owner struct {
	Application string // Juju's name: kubernetes-worker
	Component   string // ingress, registry, nfs, …: a label value
}

// Owns reports whether the object was made for this owner and is not a copy of such an object.
func (w Owner) Owns(o Object) bool {
	labels := o.Labels()
	for key, value := range w.labels() {
		if labels[key] != value {
			return false
		}
	}
	return o.Annotations()[objectAnnotation] == o.Ref().String()
}

func (w Owner) labels() map[string]string {
	return map[string]string{managedByLabel: manager, instanceLabel: w.Application, componentLabel: w.Component}
}

// mark puts the owner's marks on an object.
func (w Owner) mark(o Object) {
	for key, value := range w.labels() {
		o.setMetadata("labels", key, value)
	}
	o.setMetadata("annotations", objectAnnotation, o.Ref().String())
}

// selector selects the owner's objects in a list request.
func (w Owner) selector() url.Values {
	var terms []string
	for key, value := range w.labels() {
		terms = append(terms, key+"="+value)
	}
	slices.Sort(terms)
	return url.Values{"labelSelector": {strings.Join(terms, ",")}}
}
