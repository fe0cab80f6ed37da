// Package mount owns the mount interface as an NFS server speaks it: where its export is. It turns bags into checked
// facts; nothing is written to the other end.
package mount

import (
	"path"
	"slices"
	"strings"
	"unicode"

	"kubernetes-worker/internal/relation"
)

// Facts is the export in force. All of it comes from one unit, so that it belongs together.
type Facts struct {
	Joined     bool   // a remote unit is there
	App        string // application of the export in force, or of the first that is there; empty when none is
	Host       string // name or address of the server; empty: no export yet
	Mountpoint string // absolute path of the export
	Options    string // of mount(8), as sent
}

// Available reports whether there is an export.
func (f Facts) Available() bool { return f.Host != "" }

// Decode reads the export in force: that of the unit of the lowest relation id and name, as plain strings, which says all
// of it in a usable form.
func Decode(rels []relation.Relation) (Facts, []relation.Problem) {
	var problems relation.Problems
	var f Facts
	for _, rel := range relation.InPlainOrder(rels) {
		for _, unit := range rel.Units {
			if !f.Joined {
				f.Joined, f.App = true, rel.App
			}
			said, whole := decodeUnit(rel.Endpoint, unit, &problems)
			if whole && !f.Available() {
				said.Joined, said.App = true, rel.App
				f = said
			}
		}
	}
	return f, problems.All()
}

// longest is more than any value needs.
const longest = 4096

// hostKeys say where the server is, the best first. Juju 4 leaves out the second.
func hostKeys() []string { return []string{"hostname", "private-address", "ingress-address"} }

// decodeUnit reads one unit; whole is false where something is missing yet, or cannot be used.
func decodeUnit(endpoint string, unit relation.Unit, problems *relation.Problems) (f Facts, whole bool) {
	spoiled := false
	bad := func(key, reason string) {
		spoiled = true
		problems.Add(relation.Problem{Endpoint: endpoint, Unit: unit.Name, Key: key, Reason: reason})
	}
	text := func(key string) string {
		value := strings.TrimSpace(unit.Data[key])
		if len(value) > longest {
			bad(key, "is too long")
			return ""
		}
		return value
	}
	hostKey := "hostname"
	for _, key := range hostKeys() {
		if text(key) != "" {
			hostKey = key
			break
		}
	}
	if value := text(hostKey); value != "" {
		host, ok := relation.Host(value)
		if !ok {
			bad(hostKey, "is not a host name or an address")
		}
		f.Host = host
	}
	if value := text("mountpoint"); value != "" {
		if !path.IsAbs(value) || path.Clean(value) != strings.TrimRight(value, "/") && value != "/" || !printable(value) {
			bad("mountpoint", "is not an absolute path")
		}
		f.Mountpoint = value
	}
	if value := text("options"); value != "" {
		if !printable(value) {
			bad("options", "has characters that mount options cannot have")
		}
		f.Options = value
	}
	fstype := text("fstype")
	if fstype != "" && fstype != "nfs" {
		bad("fstype", "is not nfs")
	}
	return f, !spoiled && f.Host != "" && f.Mountpoint != "" && f.Options != "" && fstype == "nfs"
}

// Missing names the first thing that a unit has not said; empty with no unit or where nothing is missing.
func Missing(rels []relation.Relation) string {
	for _, rel := range relation.InPlainOrder(rels) {
		for _, unit := range rel.Units {
			for _, key := range []string{"mountpoint", "fstype", "options"} {
				if strings.TrimSpace(unit.Data[key]) == "" {
					return key
				}
			}
			if !slices.ContainsFunc(hostKeys(), func(key string) bool { return strings.TrimSpace(unit.Data[key]) != "" }) {
				return "hostname"
			}
		}
	}
	return ""
}

func printable(text string) bool {
	return !strings.ContainsFunc(text, func(r rune) bool { return unicode.IsControl(r) || r == unicode.ReplacementChar })
}
