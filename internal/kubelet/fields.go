package kubelet

import (
	"fmt"
	"maps"
	"slices"

	"kubernetes-worker/internal/release"
)

// checkExtraConfig returns those of a person's fields that the release reads as they are meant, and reports the others.
// A kubelet does not end at a name that it does not know: it leaves it out, and says so in its log at the most.
func (out *Output) checkExtraConfig(in Input) map[string]any {
	accepted := make(map[string]any, len(in.ExtraConfig))
	for _, name := range slices.Sorted(maps.Keys(in.ExtraConfig)) {
		value := in.ExtraConfig[name]
		switch fixed := fixedValue(name); {
		case fixed != "" && value != fixed:
			out.problem(optionConfig, "%s can only be %s; remove it", name, fixed)
		case fixed == "" && !out.checkField(in, name, name, value):
		case name == "featureGates" && !out.checkGates(in, value):
		default:
			accepted[name] = value
		}
	}
	return accepted
}

// fixedValue is the only value that a field can have; empty for all others.
func fixedValue(name string) string {
	switch name {
	case "apiVersion":
		return configAPIVersion
	case "kind":
		return configKind
	}
	return ""
}

// checkField reports whether a field and all within it can be used. It is shown to people with the keys and positions that
// lead to it, which its path in the table does not have.
func (out *Output) checkField(in Input, path, shown string, value any) bool {
	field := release.KubeletField(in.Version, path)
	switch {
	case field.Exists:
	case !field.Known && !release.Covered(in.Version):
		out.warn("%s: %s is not known to this charm; kubelet %s ignores it if it does not know it either", optionConfig, shown, in.Version)
		return true
	default:
		out.problem(optionConfig, "%s %s and kubelet %s would ignore it; %s", shown, field.Absence(), in.Version, field.Remedy(""))
		return false
	}
	if fault := kindFault(field.Kind, value); fault != "" {
		out.problem(optionConfig, "%s: %s", shown, fault)
		return false
	}
	good := true
	switch content := value.(type) {
	case []any:
		for i, item := range content {
			good = out.checkField(in, path+"[]", fmt.Sprintf("%s[%d]", shown, i), item) && good
		}
	case map[string]any:
		for _, name := range slices.Sorted(maps.Keys(content)) {
			within := path + "." + name
			switch field.Kind {
			case release.Any:
				continue
			case release.Map:
				within = path + "{}"
			}
			good = out.checkField(in, within, shown+"."+name, content[name]) && good
		}
	}
	return good
}

// checkGates reports whether all feature gates of the file can be named.
func (out *Output) checkGates(in Input, value any) bool {
	gates, _ := value.(map[string]any)
	good := true
	for _, name := range slices.Sorted(maps.Keys(gates)) {
		on, _ := gates[name].(bool) // no value at all turns it off
		if reason := release.GateFault("kubelet", in.Version, name, on, release.KubeletGate); reason != "" {
			out.problem(optionConfig, "featureGates: %s", reason)
			good = false
		}
	}
	return good
}

// kindFault tells why a field cannot hold a value; empty where it can. No value at all leaves most fields at their
// default.
func kindFault(kind release.Kind, value any) string {
	_, isMapping := value.(map[string]any)
	_, isList := value.([]any)
	switch {
	case value == nil && kind != release.Mapping || kind == release.Any:
		return ""
	case isMapping && kind != release.Mapping && kind != release.Map:
		return "a mapping is given where the configuration has a single value or a list; give a value"
	case !isMapping && (kind == release.Mapping || kind == release.Map):
		return "a single value or a list is given where the configuration has a mapping; give a mapping"
	case isList && kind != release.List:
		return "a list is given where the configuration has a single value; give a value"
	case !isList && kind == release.List:
		return "a single value is given where the configuration has a list; give a list"
	}
	var fits bool
	wanted := ""
	switch kind {
	case release.Text:
		_, fits = value.(string)
		wanted = "a text; put it in quotes"
	case release.Bool:
		_, fits = value.(bool)
		wanted = "true or false; give one of them, without quotes"
	case release.Whole:
		fits = isWhole(value)
		wanted = "a whole number; give one, without quotes"
	case release.Number:
		_, fits = value.(float64)
		fits = fits || isWhole(value)
		wanted = "a number; give one, without quotes"
	default:
		return ""
	}
	if fits {
		return ""
	}
	return "it has to be " + wanted
}

func isWhole(value any) bool {
	switch value.(type) {
	case int, int64, uint64:
		return true
	}
	return false
}
