package jujusim

import (
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
)

func configGet(c *hookContext, call *toolCall) (any, error) {
	all, err := c.m.settings(c.app)
	if err != nil {
		return nil, failed("%v", err)
	}
	key := ""
	if len(call.args) > 0 {
		key = call.args[0]
	}
	if len(call.args) > 1 {
		return nil, usage("unrecognized args: %s", quoteList(call.args[1:]))
	}
	if key == "-" {
		key = ""
	}
	switch {
	case key != "" && call.switches["--all"]:
		return nil, usage("cannot use argument --all together with key %q", key)
	case key != "":
		return all[key], nil
	case !call.switches["--all"]:
		maps.DeleteFunc(all, func(_ string, value any) bool { return value == nil })
	}
	return all, nil
}

func unitGet(c *hookContext, call *toolCall) (any, error) {
	if len(call.args) == 0 {
		return nil, usage("no setting specified")
	}
	spec := c.m.state.Machines[c.unit.Machine].Spec
	switch call.args[0] {
	case "private-address":
		if spec.Address == "-" {
			return nil, failed("private address not found")
		}
		return spec.Address, nil
	case "public-address":
		if spec.PublicAddress == "-" {
			return nil, failed("public address not found")
		}
		if spec.PublicAddress != "" {
			return spec.PublicAddress, nil
		}
		return spec.Address, nil
	default:
		return nil, usage("unknown setting %q", call.args[0])
	}
}

func statusSet(c *hookContext, call *toolCall) (any, error) {
	states := []string{"maintenance", "blocked", "waiting", "active"}
	if len(call.args) == 0 {
		return nil, usage("invalid args, require <status> [message]")
	}
	if !slices.Contains(states, call.args[0]) {
		return nil, usage("invalid status %q, expected one of [%s]", call.args[0], strings.Join(states, " "))
	}
	if len(call.args) > 2 {
		return nil, usage("unrecognized args: %s", quoteList(call.args[2:]))
	}
	message := ""
	if len(call.args) == 2 {
		message = call.args[1]
	}
	if call.switches["--application"] {
		if !c.isLeader() {
			return nil, failed("this unit is not the leader")
		}
		c.app.Status = statusState{State: call.args[0], Message: message, Since: c.m.options.Now().UTC()}
		return nil, nil
	}
	c.m.setStatus(c.unit, call.args[0], message)
	c.m.progress("%s: %s: %s", c.unit.Name, call.args[0], message)
	return nil, nil
}

func statusGet(c *hookContext, call *toolCall) (any, error) {
	status := c.unit.Status
	if call.switches["--application"] {
		if !c.isLeader() {
			return nil, failed("this unit is not the leader")
		}
		status = c.app.Status
	}
	if !call.switches["--include-data"] {
		return status.State, nil
	}
	return map[string]any{"status": status.State, "message": status.Message, "status-data": map[string]any{}}, nil
}

func applicationVersionSet(c *hookContext, call *toolCall) (any, error) {
	switch len(call.args) {
	case 0:
		return nil, usage("no version specified")
	case 1:
		c.unit.Version = call.args[0]
		return nil, nil
	default:
		return nil, usage("unrecognized args: %s", quoteList(call.args[1:]))
	}
}

func jujuLog(c *hookContext, call *toolCall) (any, error) {
	message := strings.Join(call.args, " ")
	if message == "" {
		return nil, usage("no message specified")
	}
	level := strings.ToUpper(call.value("-l", "INFO"))
	if call.switches["--debug"] {
		level = "DEBUG"
	}
	module := "unit." + c.unit.Name + ".juju-log"
	if !slices.Contains([]string{"TRACE", "DEBUG", "INFO", "WARNING", "ERROR", "CRITICAL"}, level) {
		c.m.log.add(c.unit.Name, "WARNING", module, "Specified log level of "+level+" not valid, defaulting to INFO")
		level = "INFO"
	}
	if c.hook.InRelation {
		message = c.relationID() + ": " + message
	}
	c.m.log.add(c.unit.Name, level, module, message)
	return nil, nil
}

func isLeader(c *hookContext, _ *toolCall) (any, error) { return c.isLeader(), nil }

func leaderGet(c *hookContext, call *toolCall) (any, error) {
	if len(call.args) == 0 || call.args[0] == "-" {
		return maps.Clone(c.app.LeaderSettings), nil
	}
	if value, ok := c.app.LeaderSettings[call.args[0]]; ok {
		return value, nil
	}
	return nil, nil
}

func leaderSet(c *hookContext, call *toolCall) (any, error) {
	values, err := pairs(call.args)
	if err != nil {
		return nil, err
	}
	if !c.isLeader() {
		return nil, failed("cannot write leadership settings: cannot write settings: not the leader")
	}
	settings := bag{Data: c.app.LeaderSettings, Version: c.app.LeaderVersion}
	settings.write(values)
	c.app.LeaderVersion = settings.Version
	c.unit.LeaderSeen = settings.Version
	return nil, nil
}

func resourceGet(c *hookContext, call *toolCall) (any, error) {
	if len(call.args) == 0 {
		return nil, usage("missing required resource name")
	}
	if len(call.args) > 1 {
		return nil, usage("unrecognized args: %s", quoteList(call.args[1:]))
	}
	name := call.args[0]
	read, err := c.m.charmOf(c.app)
	if err != nil {
		return nil, failed("%v", err)
	}
	have, uploaded := c.app.Resources[name]
	meta, declared := read.Meta().Resources[name]
	if !declared || !uploaded {
		return nil, failed("could not download resource: HTTP request failed: resource#%s/%s not found", c.app.Name, name)
	}
	path := filepath.Join(c.place.agentDir(c.unit.Name), "resources", name, meta.Path)
	target := c.place.seen(path)
	if err := os.MkdirAll(filepath.Dir(target), 0o755); err != nil {
		return nil, failed("could not download resource: %v", err)
	}
	if err := copyIfDifferent(c.m.store.path(have.File), target); err != nil {
		return nil, failed("could not download resource: %v", err)
	}
	return verbatim(path), nil
}

func jujuReboot(c *hookContext, call *toolCall) (any, error) {
	if c.action != nil {
		return nil, failed("juju-reboot is not supported when running an action.")
	}
	c.reboot = true
	if call.switches["--now"] {
		c.rebootNow = true
		c.kill()
	}
	return nil, nil
}

func credentialGet(*hookContext, *toolCall) (any, error) {
	return nil, failed("cannot access cloud credentials")
}

func storageList(*hookContext, *toolCall) (any, error) { return []string{}, nil }

func addMetric(c *hookContext, _ *toolCall) (any, error) {
	if c.hook.Kind != "collect-metrics" {
		return nil, failed("cannot record metric: metrics disabled")
	}
	return nil, nil
}
