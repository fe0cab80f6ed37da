package release

import (
	"fmt"
	"strconv"
	"strings"

	"kubernetes-worker/internal/kubeversion"
)

// Absence tells why a release does not know a name, as the rest of a sentence that begins with it.
func (s Standing) Absence() string {
	switch {
	case !s.Known:
		return "is unknown to every release"
	case s.Gone != 0:
		return fmt.Sprintf("is gone since Kubernetes 1.%d", s.Gone)
	default:
		return fmt.Sprintf("exists only since Kubernetes 1.%d", s.Since)
	}
}

// Remedy tells what to do about a name that is not to be used, given what does the same; empty where nothing does.
func (s Standing) Remedy(instead string) string {
	switch {
	case s.Nearest != "":
		return "write " + s.Nearest + " or remove it"
	case instead != "" && s.Since == 0:
		return "use " + instead + " instead"
	default:
		return "remove it"
	}
}

// Preferably ends a sentence about a deprecated name with what does the same; empty where nothing does.
func Preferably(instead string) string {
	if instead == "" {
		return ""
	}
	return "; use " + instead + " instead"
}

// GateFault tells why a release's program cannot be given a feature gate of that name, turned on or off; empty where it can.
// A gate that it does not know makes it end, and one that it has locked the other way.
func GateFault(program string, v kubeversion.Version, name string, on bool, stands func(kubeversion.Version, string) Standing) string {
	gate := stands(v, name)
	switch {
	case gate.Exists && (on && gate.Kind == OnlyFalse || !on && gate.Kind == OnlyTrue):
		return fmt.Sprintf("the feature gate %s is locked to %t and %s %s would not start with %t; remove it", name, !on, program, v, on)
	case gate.Exists || !gate.Known && !Covered(v):
		return ""
	}
	return fmt.Sprintf("the feature gate %.60s %s and %s %s would not start with it; %s", name, gate.Absence(), program, v, gate.Remedy(""))
}

// GateOn reports whether a list of feature gates, A=true,B=false, turns one on.
func GateOn(list, name string) bool {
	on := false
	for gate := range strings.SplitSeq(list, ",") {
		if key, setting, _ := strings.Cut(gate, "="); strings.TrimSpace(key) == name {
			on, _ = strconv.ParseBool(strings.TrimSpace(setting))
		}
	}
	return on
}

// GatesFault tells why a list of feature gates, A=true,B=false, cannot be used; empty where it can.
func GatesFault(program string, v kubeversion.Version, list string, stands func(kubeversion.Version, string) Standing) string {
	for gate := range strings.SplitSeq(list, ",") {
		name, setting, _ := strings.Cut(gate, "=")
		if name = strings.TrimSpace(name); name == "" && setting == "" {
			continue
		}
		on, err := strconv.ParseBool(strings.TrimSpace(setting))
		if err != nil {
			return fmt.Sprintf("the feature gate %.60s is neither true nor false; write %.60[1]s=true or %.60[1]s=false", name)
		}
		if fault := GateFault(program, v, name, on, stands); fault != "" {
			return fault
		}
	}
	return ""
}
