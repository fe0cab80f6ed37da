// Package nrpe owns the nrpe-external-master interface: a monitoring agent beside the worker says under which name the
// machine is known to Nagios, and is told which checks there are. It turns bags into checked facts and back; it writes no
// check.
package nrpe

import (
	"strings"

	"kubernetes-worker/internal/nagios"
	"kubernetes-worker/internal/relation"
)

// Facts is what the agent says.
type Facts struct {
	Joined   bool   // a remote unit is there
	Hostname string // of the machine in Nagios; safe as part of a file's name; empty: it has none of its own
	Context  string // goes before the unit's name where checks are described; empty: nothing does
}

// Decode reads the first usable name and the first usable context.
func Decode(rels []relation.Relation) (Facts, []relation.Problem) {
	var problems relation.Problems
	f := Facts{Joined: relation.Joined(rels)}
	f.Hostname, _ = relation.First(rels, "nagios_hostname", &problems, decodeName)
	f.Context, _ = relation.First(rels, "nagios_host_context", &problems, decodeName)
	return f, problems.All()
}

func decodeName(text string) (name string, ok bool, reason string) {
	text = strings.TrimSpace(text)
	if reason := nagios.CheckName(text); reason != "" {
		return "", false, reason
	}
	return text, true, ""
}

// Encode gives the keys to publish: that this is the machine's main charm, and the checks by the name of their service, as
// a text in YAML.
func Encode(services []string) relation.Bag {
	var b strings.Builder
	b.WriteString("monitors:\n  remote:\n    nrpe:\n")
	for _, name := range services {
		b.WriteString("      " + name + ": {command: " + nagios.Command(name) + "}\n")
	}
	return relation.Bag{"primary": "True", "monitors": b.String()}
}
