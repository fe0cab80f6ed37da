package worker

import (
	"slices"
	"strings"

	"kubernetes-worker/internal/nagios"
	"kubernetes-worker/internal/options"
	"kubernetes-worker/internal/relation"
	"kubernetes-worker/internal/relation/nrpe"
	"kubernetes-worker/internal/resource"
	"kubernetes-worker/internal/runtime"
)

const nrpeRelation = "nrpe-external-master"

// AgentFact is the machine's monitoring agent, as far as it is related.
type AgentFact struct {
	nrpe.Facts
	User   *User  // whom it runs as; nil: it is not set up yet
	Plugin string // its own look at services; empty: it has none
	Export bool   // it collects descriptions of checks
}

// monitoring lets a related agent watch the node's daemons, once they are configured, and takes all of that away when the
// agent goes.
func monitoring() Handler {
	return Handler{Name: nrpeRelation, Declare: func(f Facts) ([]resource.Resource, error) {
		checks := resource.Checks{Unit: nagios.AgentUnit}
		switch {
		case !f.staying(nrpeRelation):
			return []resource.Resource{checks}, nil
		case !f.Configured || f.Agent.User == nil || f.Options.AnyUnknown(options.NagiosContext, options.NagiosServicegroups):
			return nil, nil
		}
		plugin := f.Agent.Plugin
		if plugin == "" {
			plugin = nagios.OwnPlugin
			checks.Others = append(checks.Others, resource.File{Path: plugin, Content: []byte(nagios.PluginScript), Mode: 0o755})
		}
		host, watched := f.nagiosHost(), f.watched()
		for _, service := range watched {
			checks.Commands = append(checks.Commands, resource.File{Path: nagios.CommandFile(service), Content: host.CommandContent(service, plugin)})
			if f.Agent.Export {
				checks.Others = append(checks.Others, resource.File{Path: host.ExportFile(service), Content: host.ExportContent(service)})
				checks.Older = append(checks.Older, nagios.ExportDir+"/*_"+nagios.Command(service)+".cfg")
			}
		}
		bag := nrpe.Encode(watched)
		wants := f.publish(nrpeRelation, func(relation.Relation) relation.Bag { return bag })
		return append(wants, resource.Directory{Path: nagios.LogDir, Mode: 0o755, UID: f.Agent.User.UID, GID: f.Agent.User.GID}, checks), nil
	}}
}

// staying reports whether an endpoint has a remote unit in a relation that this unit is not leaving.
func (f Facts) staying(endpoint string) bool {
	return slices.ContainsFunc(f.Relations[endpoint], func(r relation.Relation) bool { return len(r.Units) > 0 && !f.Leaving[r.ID] })
}

// nagiosHost is how the machine is called in Nagios: by the agent, else after the unit.
func (f Facts) nagiosHost() nagios.Host {
	host := nagios.Host{Name: f.Agent.Hostname, ServiceGroups: f.Options.ServiceGroups(), Unit: f.Unit}
	if host.Name == "" {
		host.Name = strings.TrimPrefix(f.Options.NagiosContext+"-"+strings.ReplaceAll(f.Unit, "/", "-"), "-")
	}
	if f.Agent.Context != "" {
		host.Unit = f.Agent.Context + ":" + f.Unit
	}
	return host
}

// watched are the services of the node that are the charm's: a runtime that another charm keeps is watched by that.
func (f Facts) watched() []string {
	var names []string
	if choice := f.runtime(); choice.Keeper == runtime.Ours {
		names = append(names, choice.Unit)
	}
	names = append(names, KubeletUnit, KubeProxyUnit)
	for i, name := range names {
		names[i] = strings.TrimSuffix(name, ".service")
	}
	return names
}

func (f Facts) monitoringWarnings() []string {
	switch {
	case !f.staying(nrpeRelation):
		return nil
	case f.Agent.User == nil:
		return []string{"Nagios user not set up, nrpe checks not updated"}
	case !f.Agent.Export:
		return []string{"Not writing service config as " + nagios.ExportDir + " is not accessible"}
	}
	return nil
}

// forgetChecks takes the checks off a machine that the unit leaves.
func forgetChecks() Handler {
	return Handler{Name: "forget-checks", Declare: func(Facts) ([]resource.Resource, error) {
		return []resource.Resource{resource.Checks{Unit: nagios.AgentUnit}}, nil
	}}
}
