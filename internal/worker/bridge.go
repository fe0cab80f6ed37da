package worker

import (
	"fmt"
	"strconv"
	"strings"

	"kubernetes-worker/internal/resource"
	"kubernetes-worker/internal/runtime"
	"kubernetes-worker/internal/state"
)

const sdnRelation = "sdn-plugin"

// ownDocker reports whether pods run in a docker that this charm configures.
func (f Facts) ownDocker() bool {
	choice := f.runtime()
	return choice.Docker() && choice.Keeper == runtime.Ours
}

// bridge is the bridge that docker has to make for a pod network from before CNI; zero: its own. A plugin that has not said
// enough changes nothing.
func (f Facts) bridge() state.Bridge {
	switch {
	case !f.ownDocker():
		return state.Bridge{}
	case f.SDN.Subnet != "":
		return state.Bridge{Subnet: f.SDN.Subnet, MTU: f.SDN.MTU}
	case f.joined(sdnRelation):
		return f.BridgeBefore
	}
	return state.Bridge{}
}

// bridgeOptions adds the bridge to the options of docker that relations ask for.
func (f Facts) bridgeOptions(managed map[string][]string) map[string][]string {
	bridge := f.bridge()
	if bridge.Subnet == "" {
		return managed
	}
	if managed == nil {
		managed = map[string][]string{}
	}
	managed["bip"], managed["mtu"] = []string{bridge.Subnet}, []string{strconv.Itoa(bridge.MTU)}
	return managed
}

// bridgeReset makes way for another bridge before docker starts with the options that name it.
func (f Facts) bridgeReset(needs []string) resource.DockerBridge {
	return resource.DockerBridge{Want: f.bridge(), Docker: DockerUnit, Units: []string{DockerSocket, DockerUnit}, Needs: needs}
}

// bridgeInputs make the daemons restart for another bridge: they have looked at the old one's addresses.
func (f Facts) bridgeInputs() []resource.Input {
	bridge := f.bridge()
	if bridge.Subnet == "" {
		return nil
	}
	return []resource.Input{{Name: "docker's bridge", Fingerprint: state.Fingerprint(fmt.Appendf(nil, "%s %d", bridge.Subnet, bridge.MTU))}}
}

// owesBridge says what a plugin has not sent; empty: it is not waited for.
func (f Facts) owesBridge() string {
	if !f.joined(sdnRelation) || f.SDN.Subnet != "" || !f.ownDocker() {
		return ""
	}
	if problem := f.problem(sdnRelation); problem != "" {
		return problem
	}
	return f.remoteApp(sdnRelation, "the pod network") + " has not sent " + strings.Join(f.SDN.Missing, ", ")
}

func (f Facts) bridgeWarnings() []string {
	if f.SDN.Subnet == "" || f.ownDocker() {
		return nil
	}
	return []string{fmt.Sprintf("relation sdn-plugin: %s is about docker's bridge, and kubelet %s does not work with a docker of this charm", f.SDN.App, f.KubeletVersion)}
}
