package jujusim

import (
	"maps"
)

func (c *hookContext) state() map[string]string {
	data := maps.Clone(c.unit.KeyValues)
	if data == nil {
		data = map[string]string{}
	}
	for key, value := range c.keyValues {
		if value == nil {
			delete(data, key)
		} else {
			data[key] = *value
		}
	}
	return data
}

func stateGet(c *hookContext, call *toolCall) (any, error) {
	data := c.state()
	if len(call.args) == 0 || call.args[0] == "-" {
		if len(data) == 0 && call.format == "json" {
			return nil, nil
		}
		return data, nil
	}
	value, ok := data[call.args[0]]
	switch {
	case ok:
		return value, nil
	case call.switches["--strict"]:
		return nil, failed("%q not found", call.args[0])
	default:
		return "", nil
	}
}

// The limits are the controller's defaults.
const (
	maxStateKey   = 256
	maxStateValue = 64 << 10
)

func stateSet(c *hookContext, call *toolCall) (any, error) {
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
	for key, value := range values {
		if len(key) > maxStateKey || len(value) > maxStateValue {
			return nil, failed("key or value of %.40q exceeds the allowed size", key)
		}
	}
	for key, value := range values {
		c.keyValues[key] = &value
	}
	return nil, nil
}

func stateDelete(c *hookContext, call *toolCall) (any, error) {
	if len(call.args) == 0 {
		return nil, nil
	}
	c.keyValues[call.args[0]] = nil
	return nil, nil
}
