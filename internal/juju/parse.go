package juju

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"slices"

	"kubernetes-worker/internal/relation"
)

// The parsers below read what tools print with --format=json. Their errors name the place and never hold the text:
// options, bags and secrets may hold passwords.

var errShape = errors.New("not the expected JSON")

// object splits a JSON object; null and no output are the empty one.
func object(tool string, out []byte) (map[string]json.RawMessage, error) {
	if len(bytes.TrimSpace(out)) == 0 {
		return nil, nil
	}
	var raw map[string]json.RawMessage
	if json.Unmarshal(out, &raw) != nil {
		return nil, fmt.Errorf("cannot read output of %s: %w, an object", tool, errShape)
	}
	return raw, nil
}

func names(raw map[string]json.RawMessage) []string {
	list := make([]string, 0, len(raw))
	for name := range raw {
		list = append(list, name)
	}
	slices.Sort(list)
	return list
}

func isNull(raw json.RawMessage) bool { return string(raw) == "null" }

// parseConfig reads config-get. Options without a value are left out.
func parseConfig(out []byte) (map[string]any, error) {
	raw, err := object("config-get", out)
	if err != nil {
		return nil, err
	}
	config := map[string]any{}
	for _, name := range names(raw) {
		if isNull(raw[name]) {
			continue
		}
		switch v := scalar(raw[name]).(type) {
		case nil:
			return nil, fmt.Errorf("cannot read option %s: %w, a string, a number or a boolean", name, errShape)
		default:
			config[name] = v
		}
	}
	return config, nil
}

// scalar returns a string, bool, int64 or float64, nil for anything else.
func scalar(raw json.RawMessage) any {
	d := json.NewDecoder(bytes.NewReader(raw))
	d.UseNumber()
	var v any
	if d.Decode(&v) != nil {
		return nil
	}
	switch v := plain(v).(type) {
	case string, bool, int64, float64:
		return v
	}
	return nil
}

// plain turns json.Number into int64, or float64 where it is no whole number, all the way down.
func plain(v any) any {
	switch v := v.(type) {
	case json.Number:
		if n, err := v.Int64(); err == nil {
			return n
		}
		if f, err := v.Float64(); err == nil {
			return f
		}
		return v.String()
	case []any:
		for i := range v {
			v[i] = plain(v[i])
		}
	case map[string]any:
		for key := range v {
			v[key] = plain(v[key])
		}
	}
	return v
}

// parseStrings reads a list of strings; null and no output are the empty one.
func parseStrings(tool string, out []byte) ([]string, error) {
	var list []string
	if len(bytes.TrimSpace(out)) > 0 && json.Unmarshal(out, &list) != nil {
		return nil, fmt.Errorf("cannot read output of %s: %w, a list of strings", tool, errShape)
	}
	return list, nil
}

// parseString reads a string; null and no output are the empty one.
func parseString(tool string, out []byte) (string, error) {
	var text string
	if len(bytes.TrimSpace(out)) > 0 && json.Unmarshal(out, &text) != nil {
		return "", fmt.Errorf("cannot read output of %s: %w, a string", tool, errShape)
	}
	return text, nil
}

// parseBool reads a boolean.
func parseBool(tool string, out []byte) (bool, error) {
	var value bool
	if json.Unmarshal(out, &value) != nil {
		return false, fmt.Errorf("cannot read output of %s: %w, a boolean", tool, errShape)
	}
	return value, nil
}

// parseBag reads an object of strings.
func parseBag(out []byte) (relation.Bag, error) {
	return parseStringMap("relation-get", out)
}

func parseStringMap(tool string, out []byte) (map[string]string, error) {
	raw, err := object(tool, out)
	if err != nil {
		return nil, err
	}
	values := make(map[string]string, len(raw))
	for _, key := range names(raw) {
		if isNull(raw[key]) {
			continue
		}
		var value string
		if json.Unmarshal(raw[key], &value) != nil {
			return nil, fmt.Errorf("cannot read output of %s, key %q: %w, a string", tool, key, errShape)
		}
		values[key] = value
	}
	return values, nil
}

// parseNetwork reads network-get. Every part may be missing; older wrappers spell an address's value "address".
func parseNetwork(out []byte) (Network, error) {
	var raw struct {
		Bind []struct {
			Addresses []struct {
				Value   string `json:"value"`
				Address string `json:"address"`
			} `json:"addresses"`
		} `json:"bind-addresses"`
		Egress  []string `json:"egress-subnets"`
		Ingress []string `json:"ingress-addresses"`
	}
	if len(bytes.TrimSpace(out)) > 0 && json.Unmarshal(out, &raw) != nil {
		return Network{}, fmt.Errorf("cannot read output of network-get: %w, an object of addresses", errShape)
	}
	var n Network
	for _, device := range raw.Bind {
		for _, a := range device.Addresses {
			if a.Value == "" {
				a.Value = a.Address
			}
			n.Bind = append(n.Bind, a.Value)
		}
	}
	n.Ingress, n.Egress = raw.Ingress, raw.Egress
	for _, list := range []*[]string{&n.Ingress, &n.Bind, &n.Egress} {
		*list = slices.DeleteFunc(*list, func(a string) bool { return a == "" })
		if len(*list) == 0 {
			*list = nil // the same whether it was empty or missing
		}
	}
	return n, nil
}

// parseGoalState reads goal-state. Either map may be missing.
func parseGoalState(out []byte) (GoalState, error) {
	type goal struct {
		Status string `json:"status"`
	}
	var raw struct {
		Units     map[string]goal            `json:"units"`
		Relations map[string]map[string]goal `json:"relations"`
	}
	if len(bytes.TrimSpace(out)) > 0 && json.Unmarshal(out, &raw) != nil {
		return GoalState{}, fmt.Errorf("cannot read output of goal-state: %w, an object of units and relations", errShape)
	}
	g := GoalState{Units: map[string]string{}, Relations: map[string]map[string]string{}}
	for unit, u := range raw.Units {
		g.Units[unit] = u.Status
	}
	for endpoint, members := range raw.Relations {
		g.Relations[endpoint] = map[string]string{}
		for name, m := range members {
			g.Relations[endpoint][name] = m.Status
		}
	}
	return g, nil
}

// parsePorts reads opened-ports in the spelling of portName, sorted. An entry may be followed by the endpoints it is
// limited to.
func parsePorts(out []byte) ([]string, error) {
	list, err := parseStrings("opened-ports", out)
	if err != nil {
		return nil, err
	}
	ports := make([]string, 0, len(list))
	for _, entry := range list {
		ports = append(ports, portName(entry))
	}
	slices.Sort(ports)
	return slices.Compact(ports), nil
}
