// Package containerruntime owns the container-runtime interface: a subordinate that installs docker or containerd beside
// the worker says where the runtime's socket is, and is told which image holds pods together. It turns bags into facts and
// back, and never looks whether the socket is there.
package containerruntime

import (
	"cmp"
	"path"
	"slices"
	"strings"

	"kubernetes-worker/internal/relation"
)

// Encode gives the key to publish: the image of the container that holds a pod together, written plain, as the subordinates
// of both generations read it.
func Encode(sandboxImage string) relation.Bag {
	return relation.Bag{"sandbox_image": sandboxImage}
}

// Facts is what the related runtime says. Socket and Docker come from one unit, so that they belong together; both are zero
// until a unit has said both.
type Facts struct {
	Joined bool   // a remote unit is there
	App    string // application of the runtime in force, or of the first one that is there; empty when none is
	Socket string // unix:///run/…; empty: not said yet
	Docker bool   // the runtime is docker, which the kubelet speaks to by itself; else it is one behind the CRI
	Nvidia bool   // it gives GPUs to containers
}

// Decode reads the runtime in force. Several runtimes on one machine are a mistake; the one that was related first stays,
// and each further one is a problem, because a node must not change its runtime when somebody relates another.
func Decode(rels []relation.Relation) (Facts, []relation.Problem) {
	var problems relation.Problems
	var f Facts
	inForce := ""
	for _, rel := range byAge(rels) {
		for _, unit := range rel.Units {
			app, _, _ := strings.Cut(unit.Name, "/")
			if !f.Joined {
				f.Joined, f.App = true, app
			}
			said := decodeUnit(rel.Endpoint, unit, &problems)
			switch {
			case said.Socket == "":
			case f.Socket == "":
				said.Joined, said.App = true, app
				f, inForce = said, unit.Name
			default:
				problems.Add(relation.Problem{Endpoint: rel.Endpoint, Unit: unit.Name,
					Reason: "the runtime of " + inForce + " was related before and is the one in force; remove one of the relations"})
			}
		}
	}
	return f, problems.All()
}

// decodeUnit reads one unit. A half-written bag gives neither a socket nor a kind.
func decodeUnit(endpoint string, unit relation.Unit, problems *relation.Problems) Facts {
	bag := []relation.Relation{{Endpoint: endpoint, Units: []relation.Unit{unit}}}
	socket, _ := relation.First(bag, "socket", problems, decodeSocket)
	kind, _ := relation.First(bag, "runtime", problems, decodeKind)
	nvidia, _ := relation.First(bag, "nvidia_enabled", problems, decodeNvidia)
	if socket == "" || kind == "" {
		return Facts{}
	}
	return Facts{Socket: socket, Docker: kind == "docker", Nvidia: nvidia}
}

// byAge orders relations by the number in their id, which Juju counts up, and their units by name.
func byAge(rels []relation.Relation) []relation.Relation {
	sorted := relation.InPlainOrder(rels)
	slices.SortStableFunc(sorted, func(a, b relation.Relation) int { return cmp.Compare(len(a.ID), len(b.ID)) })
	return sorted
}

// decodeText reads a json-encoded text; plain text stands for itself, and null for no value.
func decodeText(text string) (value, reason string) {
	if _, present := relation.DecodeJSON(text); !present {
		return "", ""
	}
	value, isText := relation.DecodeString(text)
	if !isText {
		return "", "is not a text"
	}
	return value, ""
}

// longestSocket is how long a socket's path can be for the kernel, without the byte that ends it.
const longestSocket = 107

// decodeSocket checks the address of a socket, which becomes an argument of the kubelet. /var/run leads to /run on every
// machine, and is written so, that the socket has one name whoever names it and the kubelet does not restart for the other.
func decodeSocket(text string) (socket string, ok bool, reason string) {
	text, reason = decodeText(text)
	if text == "" {
		return "", false, reason
	}
	file, unix := strings.CutPrefix(text, "unix://")
	switch {
	case !unix || !strings.HasPrefix(file, "/"):
		return "", false, "is not unix:// with an absolute path"
	case !relation.Only(file, "/._-+@:"):
		return "", false, "has characters that no socket's path has"
	case len(file) > longestSocket:
		return "", false, "is too long for the path of a socket"
	case path.Clean(file) != file || file == "/":
		return "", false, "is not a clean path"
	}
	if rest, under := strings.CutPrefix(file, "/var/run/"); under {
		file = "/run/" + rest
	}
	return "unix://" + file, true, ""
}

func decodeKind(text string) (kind string, ok bool, reason string) {
	text, reason = decodeText(text)
	switch text {
	case "":
		return "", false, reason
	case "docker", "remote":
		return text, true, ""
	}
	return "", false, "is neither remote nor docker"
}

func decodeNvidia(text string) (enabled, ok bool, reason string) {
	if _, present := relation.DecodeJSON(text); !present {
		return false, false, ""
	}
	enabled, ok = relation.DecodeBool(text)
	if !ok {
		reason = "is neither true nor false"
	}
	return enabled, ok, reason
}
