package jujutest

import (
	"fmt"
	"maps"
	"slices"
	"strings"
)

func endpointOf(id string) string {
	endpoint, _, _ := strings.Cut(id, ":")
	return endpoint
}

func (a *Agent) relations(tool string, line commandLine, stdin []byte) (any, error) {
	if tool == "relation-ids" {
		if line.word(0) == "" {
			return nil, usage("no endpoint name specified")
		}
		ids := []string{}
		for _, id := range slices.Sorted(maps.Keys(a.Relations)) {
			if a.Relations[id].Endpoint == line.word(0) {
				ids = append(ids, id)
			}
		}
		return ids, nil
	}
	id := line.flags["r"]
	if id == "" {
		return nil, usage("no relation id specified")
	}
	r, ok := a.Relations[id]
	if !ok {
		return nil, usage(fmt.Sprintf("invalid value %q for option -r: relation not found", id))
	}
	switch tool {
	case "relation-list":
		units := []string{}
		for _, unit := range slices.Sorted(maps.Keys(r.Units)) {
			if !r.Unlisted[unit] {
				units = append(units, unit)
			}
		}
		return units, nil
	case "relation-set":
		return a.set(id, line, stdin)
	}
	return a.get(id, line)
}

func (a *Agent) get(id string, line commandLine) (any, error) {
	r, unit := a.Relations[id], line.word(1)
	var bag map[string]string
	switch {
	case unit == "":
		return nil, usage("no unit or application specified")
	case r.Unreadable[unit]:
		return nil, failed("permission denied")
	case unit == a.Unit:
		bag = merged(r.Own, a.pending[id])
	default:
		remote, ok := r.Units[unit]
		if !ok {
			return nil, failed("permission denied")
		}
		bag = remote
	}
	if key := line.word(0); key != "-" {
		if value, ok := bag[key]; ok {
			return value, nil
		}
		return nil, nil
	}
	return bag, nil
}

func (a *Agent) set(id string, line commandLine, stdin []byte) (any, error) {
	changes := map[string]string{}
	if line.flags["file"] == "-" {
		var err error
		if changes, err = settings(stdin); err != nil {
			return nil, err
		}
	}
	for _, word := range line.words {
		key, value, found := strings.Cut(word, "=")
		if !found {
			return nil, usage(fmt.Sprintf("expected %q to be of the form key=value", word))
		}
		changes[key] = value
	}
	if a.pending[id] == nil {
		a.pending[id] = map[string]string{}
	}
	maps.Copy(a.pending[id], changes)
	return silence{}, nil
}
