package jujusim

import (
	"slices"
	"strings"
)

// networkInfo is the answer of network-get. Its YAML form repeats some fields under older names.
type networkInfo struct {
	Bind    []bindAddress `json:"bind-addresses" yaml:"bind-addresses"`
	Egress  []string      `json:"egress-subnets" yaml:"egress-subnets"`
	Ingress []string      `json:"ingress-addresses" yaml:"ingress-addresses"`
}

type bindAddress struct {
	MAC          string          `json:"mac-address" yaml:"mac-address"`
	Interface    string          `json:"interface-name" yaml:"interface-name"`
	Addresses    []networkNumber `json:"addresses" yaml:"addresses"`
	OldMAC       string          `json:"-" yaml:"macaddress"`
	OldInterface string          `json:"-" yaml:"interfacename"`
}

type networkNumber struct {
	Host       string `json:"hostname" yaml:"hostname"`
	Value      string `json:"value" yaml:"value"`
	CIDR       string `json:"cidr" yaml:"cidr"`
	OldAddress string `json:"-" yaml:"address"`
}

func networkGet(c *hookContext, call *toolCall) (any, error) {
	if len(call.args) == 0 {
		return nil, usage("no arguments specified")
	}
	if len(call.args) > 1 {
		return nil, usage("unrecognized args: %s", quoteList(call.args[1:]))
	}
	if id := call.value("-r", ""); id != "" {
		if _, err := c.relation(id); err != nil {
			return nil, err
		}
	}
	if err := c.knownBinding(call.args[0]); err != nil {
		return nil, err
	}
	info := c.network()
	keys := map[string]any{}
	for _, name := range []string{"--bind-address", "--primary-address", "--ingress-address", "--egress-subnets"} {
		if !call.switches[name] {
			continue
		}
		switch name {
		case "--egress-subnets":
			keys["egress-subnets"] = info.Egress
		case "--ingress-address":
			keys["ingress-address"] = info.Ingress[0]
		default:
			keys["bind-address"] = info.Bind[0].Addresses[0].Value
		}
	}
	switch len(keys) {
	case 0:
		return info, nil
	case 1:
		for _, value := range keys {
			return value, nil
		}
	}
	return keys, nil
}

func (c *hookContext) knownBinding(name string) error {
	endpoints, err := c.m.endpoints(c.app)
	if err != nil {
		return failed("%v", err)
	}
	read, err := c.m.charmOf(c.app)
	if err != nil {
		return failed("%v", err)
	}
	_, extra := read.Meta().ExtraBindings[name]
	if extra || slices.ContainsFunc(endpoints, func(e endpointInfo) bool { return e.end.Endpoint == name }) {
		return nil
	}
	return failed("no network config found for binding %q", name)
}

func (c *hookContext) network() networkInfo {
	spec := c.m.state.Machines[c.unit.Machine].Spec
	network := spec.Address + "/128"
	if cut := strings.LastIndex(spec.Address, "."); cut > 0 {
		network = spec.Address[:cut] + ".0/24"
	}
	device := spec.Interface
	if device == "" {
		device = "ens3"
	}
	const mac = "52:54:00:12:34:56"
	return networkInfo{
		Bind: []bindAddress{{
			MAC: mac, Interface: device, OldMAC: mac, OldInterface: device,
			Addresses: []networkNumber{{Value: spec.Address, OldAddress: spec.Address, CIDR: network}},
		}},
		Egress:  []string{spec.Address + "/32"},
		Ingress: []string{spec.Address},
	}
}
