package jujusim

import (
	"fmt"
	"maps"
	"slices"
	"strings"
)

// Generation is what differs between the Juju releases that a charm can meet. Its facts are those of the hook tool and
// agent socket tables in the project's specification.
type Generation struct {
	Version            string // JUJU_VERSION
	Major              int
	LeaderSettings     bool // leader-get, leader-set and the hook leader-settings-changed
	Secrets            bool
	AbstractSocket     bool // the agent listens on an abstract socket
	SLA, Meter, Trace  bool // environment variables
	PrivateAddress     bool // units put private-address into their bags
	PendingPortsShown  bool // opened-ports shows what the same hook opened
	RelationModel      bool // relation-model-get
	OldTools           bool // payload-*, k8s-*, pod-spec-*, add-metric
	ConfigChangedFirst bool // config-changed precedes start after a reboot
}

// ParseGeneration accepts 2.9, 3.6 or 4.0, alone or as the start of a full version such as 3.6.1-beta1.
func ParseGeneration(text string) (Generation, error) {
	known := []Generation{
		{Version: "2.9.31", Major: 2, LeaderSettings: true, AbstractSocket: true, SLA: true, Meter: true, PrivateAddress: true, OldTools: true, ConfigChangedFirst: true},
		{Version: "3.6.28", Major: 3, LeaderSettings: true, Secrets: true, SLA: true, PrivateAddress: true, PendingPortsShown: true, RelationModel: true, OldTools: true},
		{Version: "4.0.15", Major: 4, Secrets: true, Trace: true, PendingPortsShown: true, RelationModel: true},
	}
	for _, generation := range known {
		line := generation.Version[:strings.LastIndex(generation.Version, ".")]
		if text == line {
			return generation, nil
		}
		if strings.HasPrefix(text, line+".") || strings.HasPrefix(text, line+"-") {
			generation.Version = text
			return generation, nil
		}
	}
	return Generation{}, fmt.Errorf("cannot simulate Juju %q: known are 2.9, 3.6 and 4.0", text)
}

// Tools lists the hook tools that this generation has on PATH, sorted.
func (g Generation) Tools() []string {
	var names []string
	for _, name := range slices.Sorted(maps.Keys(hookTools())) {
		if g.has(name) {
			names = append(names, name)
		}
	}
	return names
}

func (g Generation) has(name string) bool {
	tool, known := hookTools()[name]
	return known && (tool.since == nil || tool.since(g))
}
