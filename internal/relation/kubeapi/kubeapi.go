// Package kubeapi owns the kube-api-endpoint side of the http interface: API servers or the load balancer in front of
// them say where they listen. It turns bags into URLs, and never talks to Juju or to a server.
package kubeapi

import (
	"encoding/json"
	"slices"
	"strings"

	"kubernetes-worker/internal/relation"
)

// The keys with a server's host, in order of preference. Juju 4 no longer fills private-address in by itself.
var hostKeys = [...]string{"hostname", "private-address", "ingress-address"}

// Decode returns the URLs https://host:port of all servers that the remote units name, sorted and unique. A unit that
// has not published a port or has no host yet is left out; what is there but unusable is reported.
func Decode(rels []relation.Relation) ([]string, []relation.Problem) {
	var problems relation.Problems
	var urls []string
	for _, rel := range rels {
		for _, unit := range rel.Units {
			at := relation.Value{Endpoint: rel.Endpoint, Unit: unit.Name}
			if server, ok := server(unit.Data, at, &problems); ok {
				urls = append(urls, server)
			}
			at.Key, at.Text = "extended_data", unit.Data["extended_data"]
			urls = append(urls, extended(at, &problems)...)
		}
	}
	slices.Sort(urls)
	return slices.Compact(urls), problems.All()
}

// server reads one server from keys like those of a unit's bag. Problems are filed under at, whose key, if it has one,
// holds the whole record.
func server(record map[string]string, at relation.Value, problems *relation.Problems) (string, bool) {
	bad := func(key, reason string) {
		if at.Key == "" {
			problems.Add(relation.Problem{Endpoint: at.Endpoint, Unit: at.Unit, Key: key, Reason: reason})
			return
		}
		problems.Add(at.Problem("has an entry whose " + key + " " + reason))
	}
	if strings.TrimSpace(record["port"]) == "" {
		return "", false
	}
	port, ok := relation.Port(record["port"])
	if !ok {
		bad("port", "is not a port from 1 to 65535")
		return "", false
	}
	unusable := false
	for _, key := range hostKeys {
		// Where the unit named a host, Juju's idea of its address says nothing of where its server listens.
		if strings.TrimSpace(record[key]) == "" || key == "ingress-address" && unusable {
			continue
		}
		if host, ok := relation.Host(record[key]); ok {
			return relation.HTTPS(host, port), true
		}
		bad(key, "is neither a host name nor an address")
		unusable = true
	}
	return "", false
}

// extended reads the list of further servers that newer providers publish, for instance virtual addresses.
func extended(v relation.Value, problems *relation.Problems) []string {
	decoded, ok := relation.DecodeJSON(v.Text)
	if !ok {
		return nil
	}
	list, isList := decoded.([]any)
	if !isList {
		problems.Add(v.Problem("is not a JSON list"))
		return nil
	}
	var urls []string
	for _, item := range list {
		entry, isObject := item.(map[string]any)
		if !isObject {
			problems.Add(v.Problem("has an entry that is not an object"))
			continue
		}
		record := map[string]string{}
		for _, key := range append(hostKeys[:], "port") {
			switch field := entry[key].(type) {
			case nil:
			case string:
				record[key] = field
			case json.Number:
				record[key] = field.String()
			default:
				problems.Add(v.Problem("has an entry whose " + key + " is of the wrong type"))
			}
		}
		if server, ok := server(record, v, problems); ok {
			urls = append(urls, server)
		}
	}
	return urls
}
