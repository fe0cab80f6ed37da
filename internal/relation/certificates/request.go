package certificates

import (
	"slices"
	"strings"

	"kubernetes-worker/internal/relation"
)

// clientName is the common name of the client certificate that a worker asks for.
const clientName = "system:kubelet"

// Request is the server certificate that this unit wants.
type Request struct {
	CommonName string   // the unit's public address; while it is empty no server certificate is asked for
	SANs       []string // see SANs
	UnitName   string   // kubernetes-worker_0, see UnitKey
}

// UnitKey is a unit's name as the interface writes it: kubernetes-worker_0 for kubernetes-worker/0.
func UnitKey(unit string) string { return strings.ReplaceAll(unit, "/", "_") }

// Encode gives the keys to publish beside or over those already published. Authorities issue anew, and some revoke, when
// a request differs in any way, so that what is published and still says the same stays letter by letter. A top-level
// request for another common name is left alone, and the new name goes to cert_requests, where several can live.
func (r Request) Encode(own relation.Bag) relation.Bag {
	bag := relation.Bag{
		"unit_name":            UnitKey(r.UnitName),
		"client_cert_requests": encode(map[string]any{clientName: map[string]any{"sans": nil}}),
	}
	if r.CommonName == "" {
		return bag
	}
	sans := append([]string{}, r.SANs...)
	slices.Sort(sans)
	sans = slices.Compact(sans)
	if published := own["common_name"]; published == "" || published == r.CommonName {
		bag["common_name"] = r.CommonName
		bag["sans"] = encode(sans)
		if names, ok := relation.DecodeJSON(own["sans"]); ok && sameSet(names, sans) {
			bag["sans"] = own["sans"]
		}
		bag["certificate_name"] = own["certificate_name"]
		if bag["certificate_name"] == "" {
			bag["certificate_name"] = UnitKey(r.UnitName)
		}
		return bag
	}
	decoded, _ := relation.DecodeJSON(own["cert_requests"])
	requests, isObject := decoded.(map[string]any)
	if !isObject {
		requests = map[string]any{}
	}
	entry, _ := requests[r.CommonName].(map[string]any)
	if !sameSet(entry["sans"], sans) {
		requests[r.CommonName] = map[string]any{"sans": sans}
	}
	bag["cert_requests"] = encode(requests)
	return bag
}

// sameSet reports whether a decoded JSON list holds the given names and no others, in whichever order.
func sameSet(decoded any, sans []string) bool {
	list, isList := decoded.([]any)
	if !isList {
		return false
	}
	names := make([]string, 0, len(list))
	for _, item := range list {
		name, isText := item.(string)
		if !isText {
			return false
		}
		names = append(names, name)
	}
	slices.Sort(names)
	return slices.Equal(slices.Compact(names), sans)
}

// encode writes strings, lists and objects of them, which always encode.
func encode(v any) string {
	text, _ := relation.EncodeJSON(v)
	return text
}

// SANs lists the names that the server certificate is to hold: the unit's addresses and names, and its loopback address.
// What is empty or neither an address nor a DNS name is left out; the list is sorted and has no name twice.
func SANs(public string, ingress []string, hostname, fqdn string) []string {
	var sans []string
	for _, name := range append([]string{public, "127.0.0.1", hostname, fqdn}, ingress...) {
		if host, ok := relation.Host(name); ok {
			sans = append(sans, host)
		}
	}
	slices.Sort(sans)
	return slices.Compact(sans)
}
