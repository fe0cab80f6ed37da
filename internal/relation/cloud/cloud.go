// Package cloud owns the five interfaces by which an integrator makes the machine's cloud usable: aws, gcp, azure, openstack
// and vsphere (specification, relations 12). It turns bags into facts and back. It never asks a cloud for anything; what the
// machine is called there is an input.
package cloud

import (
	"cmp"
	"slices"
	"strings"

	"kubernetes-worker/internal/relation"
	"kubernetes-worker/internal/secret"
)

// The clouds, which are also the names of their endpoints.
const (
	AWS       = "aws"
	GCP       = "gcp"
	OpenStack = "openstack"
	VSphere   = "vsphere"
	Azure     = "azure"
)

// Names are the clouds in the order in which the first that is ready wins.
func Names() []string { return []string{AWS, GCP, OpenStack, VSphere, Azure} }

// Instance is what a cloud calls this machine. It is no secret. The fields that a cloud does not have are empty.
type Instance struct {
	Cloud        string `json:"cloud,omitempty"` // whose names these are; empty: not known
	ID           string `json:"id,omitempty"`    // aws, azure
	Name         string `json:"name,omitempty"`  // gcp, azure
	Place        string `json:"place,omitempty"` // aws: region; gcp: zone; azure: location
	Group        string `json:"group,omitempty"` // azure: resource group
	Subscription string `json:"subscription,omitempty"`
}

// Facts is what the integrator of the machine's cloud says. Everything but Name and App is zero until it is needed and said.
type Facts struct {
	Name  string // one of Names; empty: no cloud is related
	App   string // the integrator
	Ready bool   // the integrator has done and said all
	Owes  string // what else is missing while not Ready; empty where the answer to the request is all that is

	Credentials secret.Value // gcp: the document of a service account
	Azure       AzureNetwork
	OpenStack   OpenStackAccess
}

// Decode reads the relations, by endpoint, against the request that this unit makes. A machine is in one cloud: of several
// that are related the first that is ready is taken, else the first that has a unit, and the others are problems.
func Decode(rels map[string][]relation.Relation, request Request) (Facts, []relation.Problem) {
	var problems relation.Problems
	var all []Facts
	for _, name := range Names() {
		rel, related := first(rels[name])
		if !related {
			continue
		}
		var own relation.Problems
		f := decode(name, rel, request, &own)
		for _, p := range own.All() {
			problems.Add(p)
		}
		f.Name, f.App = name, cmp.Or(rel.App, name+"-integrator")
		if bad := own.All(); len(bad) > 0 {
			f.Ready, f.Owes = false, bad[0].Error()
		}
		if len(rel.Units) == 0 {
			f.Ready, f.Owes = false, f.App+" has no unit"
		}
		all = append(all, f)
	}
	if len(all) == 0 {
		return Facts{}, nil
	}
	at := max(slices.IndexFunc(all, func(f Facts) bool { return f.Ready }), 0)
	for i, f := range all {
		if i != at {
			problems.Add(relation.Problem{Endpoint: f.Name, Reason: "a machine is in one cloud, and " + all[at].Name +
				" is the one in force; remove one of the two relations"})
		}
	}
	return all[at], problems.All()
}

func decode(name string, rel relation.Relation, request Request, problems *relation.Problems) Facts {
	r := reader{[]relation.Relation{rel}, problems}
	switch name {
	case AWS, GCP, Azure:
		f := Facts{Ready: request.answered(name, rel.Own, r)}
		switch name {
		case GCP:
			f.Credentials = r.document("credentials")
			f.owes(rel, [][2]string{{"credentials", present(!f.Credentials.Empty())}})
		case Azure:
			var needs [][2]string
			f.Azure, needs = r.azure()
			f.owes(rel, needs)
		}
		return f
	case OpenStack:
		f := Facts{Ready: true}
		var needs [][2]string
		f.OpenStack, needs = r.openStack()
		f.owes(rel, needs)
		return f
	}
	// vsphere: the worker uses none of the values, but they show that the integrator has done its part.
	f := Facts{Ready: true}
	var needs [][2]string
	for _, key := range []string{"vsphere_ip", "user", "datacenter", "datastore"} {
		needs = append(needs, [2]string{key, r.text(key)})
	}
	needs = append(needs, [2]string{"password", present(!r.secret("password").Empty())})
	f.owes(rel, needs)
	return f
}

// owes takes readiness away where a key that is needed, with its value, is missing. An integrator that has sent nothing at all
// has just not answered yet.
func (f *Facts) owes(rel relation.Relation, needs [][2]string) {
	var missing []string
	for _, need := range needs {
		if need[1] == "" {
			missing = append(missing, need[0])
		}
	}
	if len(missing) == 0 || !f.Ready {
		return
	}
	f.Ready = false
	if len(missing) < len(needs) || len(needs) == 1 {
		f.Owes = cmp.Or(rel.App, "the integrator") + " has not sent " + strings.Join(missing, ", ")
	}
}

func present(is bool) string {
	if is {
		return "yes"
	}
	return ""
}

// first is the relation that counts where one endpoint has several: of those with units the one with the lowest id.
func first(rels []relation.Relation) (relation.Relation, bool) {
	sorted := relation.InPlainOrder(rels)
	for _, rel := range sorted {
		if len(rel.Units) > 0 {
			return rel, true
		}
	}
	if len(sorted) == 0 {
		return relation.Relation{}, false
	}
	return sorted[0], true
}

// Asked is the cloud whose integrator wants to know which machine this is, and the id of the relation that is written to.
// Both are empty where none is related that does.
func Asked(rels map[string][]relation.Relation) (name, id string) {
	for _, name := range []string{AWS, GCP, Azure} {
		if rel, related := first(rels[name]); related && len(rel.Units) > 0 {
			return name, rel.ID
		}
	}
	return "", ""
}
