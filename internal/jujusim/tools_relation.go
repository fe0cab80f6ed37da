package jujusim

import (
	"fmt"
	"maps"
	"slices"
	"strconv"
	"strings"

	"gopkg.in/yaml.v3"
)

func relationIDs(c *hookContext, call *toolCall) (any, error) {
	endpoint := ""
	switch {
	case len(call.args) > 1:
		return nil, usage("unrecognized args: %s", quoteList(call.args[1:]))
	case len(call.args) == 1:
		endpoint = call.args[0]
	case c.hook.InRelation:
		endpoint = strings.TrimSuffix(c.hook.Name, "-"+c.hook.Kind)
	default:
		return nil, usage("no endpoint name specified")
	}
	ids := []string{}
	for _, relation := range c.m.sortedRelations() {
		local := c.unit.Relations[strconv.Itoa(relation.ID)]
		if end, ok := relation.end(c.unit.App); ok && local != nil && end.Endpoint == endpoint {
			ids = append(ids, relation.name(c.unit.App))
		}
	}
	slices.Sort(ids)
	return ids, nil
}

func relationList(c *hookContext, call *toolCall) (any, error) {
	relation, err := c.hookRelation(call.value("-r", ""))
	if err != nil {
		return nil, err
	}
	if len(call.args) > 0 {
		return nil, usage("unrecognized args: %s", quoteList(call.args))
	}
	if call.switches["--app"] {
		return relation.remoteApp(c.unit.App), nil
	}
	members := c.members(relation)
	if members == nil {
		members = []string{}
	}
	return members, nil
}

func relationGet(c *hookContext, call *toolCall) (any, error) {
	relation, err := c.hookRelation(call.value("-r", ""))
	if err != nil {
		return nil, err
	}
	key, name := "", ""
	switch args := call.args; {
	case len(args) > 2:
		return nil, usage("unrecognized args: %s", quoteList(args[2:]))
	case len(args) == 2:
		key, name = args[0], args[1]
	case len(args) == 1:
		key = args[0]
	}
	if key == "-" {
		key = ""
	}
	if len(call.args) < 2 && c.hook.InRelation && strconv.Itoa(c.hook.RelationID) == strconv.Itoa(relation.ID) {
		name = c.hook.RemoteUnit
		if call.switches["--app"] {
			name = c.hook.RemoteApp
		}
	}
	if name == "" && len(call.args) < 2 {
		return nil, usage("no unit or application specified")
	}
	data, err := c.readBag(relation, name, call.switches["--app"])
	if err != nil {
		return nil, err
	}
	if key == "" {
		return data, nil
	}
	if value, ok := data[key]; ok {
		return value, nil
	}
	return nil, nil
}

func (c *hookContext) readBag(relation *relationState, name string, application bool) (map[string]string, error) {
	if application {
		return c.readAppBag(relation, name)
	}
	switch {
	case isApplicationName(name):
		return nil, usage("expected unit name, got application name %q", name)
	case !isUnitName(name):
		return nil, usage("invalid unit name %q", name)
	case name == c.unit.Name:
		return c.ownBag(relation), nil
	}
	data, ok := c.remoteBag(relation, name)
	if !ok {
		return nil, failed("permission denied")
	}
	return data, nil
}

func (c *hookContext) readAppBag(relation *relationState, name string) (map[string]string, error) {
	if isUnitName(name) {
		name = applicationOf(name)
	}
	if !isApplicationName(name) {
		return nil, usage("invalid application name %q", name)
	}
	b := relation.AppBags[name]
	if b == nil {
		return nil, failed("permission denied")
	}
	data := maps.Clone(b.Data)
	if name != c.unit.App {
		return data, nil
	}
	if !c.isLeader() && len(relation.Ends) == 2 {
		return nil, failed("permission denied")
	}
	return overlay(data, c.appBags[strconv.Itoa(relation.ID)]), nil
}

func relationSet(c *hookContext, call *toolCall) (any, error) {
	relation, err := c.hookRelation(call.value("-r", ""))
	if err != nil {
		return nil, err
	}
	values := map[string]string{}
	if file, ok := call.values["--file"]; ok {
		content, err := c.readFile(call, file)
		if err != nil {
			return nil, err
		}
		if values, err = readStringMap(content); err != nil {
			return nil, failed("%v", err)
		}
	}
	given, err := pairs(call.args)
	if err != nil {
		return nil, err
	}
	maps.Copy(values, given)
	key := strconv.Itoa(relation.ID)
	target := c.relations
	if call.switches["--app"] {
		if !c.isLeader() {
			return nil, failed("cannot write relation settings")
		}
		target = c.appBags
	}
	if target[key] == nil {
		target[key] = map[string]string{}
	}
	maps.Copy(target[key], values)
	return nil, nil
}

// readStringMap reads the YAML of --file: scalars are taken as their literal text, null as empty, all else is refused.
func readStringMap(content []byte) (map[string]string, error) {
	var document map[string]yaml.Node
	if err := yaml.Unmarshal(content, &document); err != nil {
		return nil, fmt.Errorf("cannot unmarshal settings: %w", err)
	}
	out := map[string]string{}
	for key, node := range document {
		switch {
		case node.Kind != yaml.ScalarNode:
			return nil, fmt.Errorf("cannot unmarshal settings: value of %q is no string", key)
		case node.Tag == "!!null":
			out[key] = ""
		default:
			out[key] = node.Value
		}
	}
	return out, nil
}

func relationModelGet(c *hookContext, call *toolCall) (any, error) {
	if _, err := c.hookRelation(call.value("-r", "")); err != nil {
		return nil, err
	}
	return map[string]string{"uuid": c.m.state.UUID}, nil
}

func quoteList(words []string) string { return fmt.Sprintf("%q", words) }
