package main

import (
	"errors"
	"strconv"
	"strings"
)

// onGate does what a method does to the feature gate.
func (p *program) onGate(name string, args []any) any {
	switch name {
	case "Add", "AddVersioned":
		specs, ok := args[0].(*list)
		if !ok {
			p.fault("%s: the features given to %s are not known", p.where(), name)
			return unknown{}
		}
		for feature, spec := range specs.by {
			p.gates[feature] = p.lock(feature, spec)
		}
	case "AddFlag":
		if set, ok := args[0].(*flagSet); ok {
			set.add("feature-gates")
		}
	}
	return unknown{}
}

// lock tells what a feature is locked to in this release, given its description, or those since a release each.
func (p *program) lock(feature string, described any) string {
	spec, _ := described.(*list)
	if spec == nil {
		p.fault("%s: what describes %s is not known", p.where(), feature)
		return ""
	}
	fields := spec.fields
	for _, item := range spec.items {
		since, _ := item.(*list)
		minor, err := sinceMinor(since)
		if err != nil {
			p.fault("%s: a description of %s: %v", p.where(), feature, err)
			return ""
		}
		if minor <= p.tree.minor {
			fields = since.fields // the last one that has begun holds
		}
	}
	locked, named := fields["LockToDefault"]
	setting, set := fields["Default"]
	switch {
	case !named || locked == false:
		return ""
	case locked == true && setting == true:
		return "OnlyTrue"
	case locked == true && (setting == false || !set):
		return "OnlyFalse"
	}
	p.fault("%s: what %s is locked to is not known", p.where(), feature)
	return ""
}

// sinceMinor is the minor release since which a description holds.
func sinceMinor(description *list) (int, error) {
	if description == nil {
		return 0, errors.New("it is not known")
	}
	version, _ := description.fields["Version"].(string)
	_, minor, _ := strings.Cut(version, ".")
	return strconv.Atoi(minor)
}
