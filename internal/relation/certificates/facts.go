package certificates

import (
	"encoding/json"
	"slices"
	"strings"
	"time"

	"kubernetes-worker/internal/relation"
	"kubernetes-worker/internal/secret"
)

// Facts is what the authorities answered. Each text is as received, apart from what the field says; a certificate and its
// key are there together or not at all, and belong together.
type Facts struct {
	Joined     bool
	CA         []byte // PEM, ends in a newline
	ServerCert []byte // PEM, followed by the chain if there is one
	ServerKey  secret.Value
	ClientCert []byte // PEM, followed by the chain if there is one
	ClientKey  secret.Value
}

// Decode reads the answers to the request, given what this unit has published. Of several authorities' answers the one of
// the lowest relation id and unit name, as plain strings, that is usable wins. Unusable ones are reported, and so are
// usable certificates outside their time.
func Decode(rels []relation.Relation, request Request, own relation.Bag, now time.Time) (Facts, []relation.Problem) {
	var problems relation.Problems
	rels = relation.InPlainOrder(rels)
	d := decoder{rels: rels, now: now, problems: &problems}
	f := Facts{Joined: relation.Joined(rels), CA: d.authority()}

	unit := UnitKey(request.UnitName)
	// The answer for the present name comes first; the other one keeps the node going until the authority has answered.
	order := []place{
		{cert: unit + ".server.cert", key: unit + ".server.key"},
		{object: unit + ".processed_requests", name: request.CommonName},
	}
	if published := own["common_name"]; published != "" && request.CommonName != "" && published != request.CommonName {
		slices.Reverse(order)
	}
	f.ServerCert, f.ServerKey = d.pair(order...)
	f.ClientCert, f.ClientKey = d.pair(
		place{object: unit + ".processed_client_requests", name: clientName},
		place{cert: "client.cert", key: "client.key"},
	)
	return f, problems.All()
}

// DecodeCA checks the PEM text of a certificate authority that came another way, for instance in a Juju secret, and
// returns it ending in a newline. The reason, empty if the text can be used, never quotes it.
func DecodeCA(text string) (pem []byte, reason string) {
	if _, reason = parseAuthority(text); reason != "" {
		return nil, reason
	}
	return []byte(withNewline(text)), ""
}

func withNewline(text string) string {
	if strings.HasSuffix(text, "\n") {
		return text
	}
	return text + "\n"
}

// place is where a certificate and its key can be: two keys of a bag, or one entry of the JSON object in a key.
type place struct {
	cert, key    string
	object, name string
}

// material is what a unit has at a place, not checked yet; one half can be missing.
type material struct {
	cert, key  string
	relationID string
	at         relation.Value
}

type decoder struct {
	rels     []relation.Relation // in plain order
	now      time.Time
	problems *relation.Problems
}

// authority returns the first usable CA.
func (d decoder) authority() []byte {
	var ca []byte
	for _, v := range relation.Values(d.rels, "ca") {
		certs, reason := parseAuthority(v.Text)
		if reason == "" && ca == nil {
			ca = []byte(withNewline(v.Text))
			reason = expiry(certs[0], d.now)
		}
		d.report(v, reason)
	}
	return ca
}

// pair returns the first usable certificate and key, place by place and for each place unit by unit.
func (d decoder) pair(places ...place) ([]byte, secret.Value) {
	for _, p := range places {
		var half material // joined from several units, as in a merged view of their bags
		for _, m := range d.materials(p) {
			if m.cert != "" && m.key != "" {
				if cert, ok := d.check(m); ok {
					return cert, secret.New(m.key)
				}
				continue
			}
			if half.cert == "" && m.cert != "" {
				half.cert, half.at, half.relationID = m.cert, m.at, m.relationID
			}
			if half.key == "" && m.key != "" {
				half.key = m.key
				if half.cert == "" {
					half.at = m.at
				}
			}
		}
		switch {
		case half.cert != "" && half.key != "":
			if cert, ok := d.check(half); ok {
				return cert, secret.New(half.key)
			}
		case half.cert != "":
			d.report(half.at, "there is a certificate without its private key")
		case half.key != "":
			d.report(half.at, "there is a private key without its certificate")
		}
	}
	return nil, secret.Value{}
}

// materials lists what the units have at a place.
func (d decoder) materials(p place) []material {
	var found []material
	for _, rel := range d.rels {
		for _, unit := range rel.Units {
			m := material{relationID: rel.ID, at: relation.Value{Endpoint: rel.Endpoint, Unit: unit.Name, Key: p.cert}}
			if p.object == "" {
				m.cert, m.key = unit.Data[p.cert], unit.Data[p.key]
			} else {
				m.at.Key, m.at.Text = p.object, unit.Data[p.object]
				m.cert, m.key = d.entry(m.at, p.name)
			}
			if strings.TrimSpace(m.cert) == "" {
				m.cert = ""
			}
			if strings.TrimSpace(m.key) == "" {
				m.key = ""
			}
			if m.cert != "" || m.key != "" {
				found = append(found, m)
			}
		}
	}
	return found
}

// entry reads the answer for one name out of a JSON object of answers.
func (d decoder) entry(v relation.Value, name string) (cert, key string) {
	text := strings.TrimSpace(v.Text)
	if text == "" || text == "null" {
		return "", ""
	}
	var byName map[string]json.RawMessage
	if json.Unmarshal([]byte(text), &byName) != nil {
		d.report(v, "is not a JSON object")
		return "", ""
	}
	raw, ok := byName[name]
	if !ok || string(raw) == "null" {
		return "", ""
	}
	var fields map[string]any
	if json.Unmarshal(raw, &fields) != nil {
		d.report(v, "the entry of this unit is not a JSON object")
		return "", ""
	}
	cert, certIsText := fields["cert"].(string)
	key, keyIsText := fields["key"].(string)
	if fields["cert"] != nil && !certIsText || fields["key"] != nil && !keyIsText {
		d.report(v, "the entry of this unit has a cert or key that is not a string")
	}
	return cert, key
}

// check returns the certificate with its chain if it and the key can be used.
func (d decoder) check(m material) ([]byte, bool) {
	leaf, reason := checkPair(m.cert, m.key)
	if reason != "" {
		d.report(m.at, reason)
		return nil, false
	}
	d.report(m.at, expiry(leaf, d.now))
	cert := m.cert
	if chain := d.chain(m); chain != "" {
		cert += "\n" + chain
	}
	return []byte(cert), true
}

// chain returns the first usable chain of the authority that m is from, that of the same unit first. The chain of another
// authority cannot belong to m.
func (d decoder) chain(m material) string {
	first := ""
	for _, rel := range d.rels {
		if rel.ID != m.relationID {
			continue
		}
		for _, v := range relation.Values([]relation.Relation{rel}, "chain") {
			_, reason := parseCertificates(v.Text)
			d.report(v, reason)
			if reason == "" && (first == "" || v.Unit == m.at.Unit) {
				first = v.Text
			}
		}
	}
	return first
}

// report takes note of a reason unless it is empty.
func (d decoder) report(v relation.Value, reason string) {
	if reason != "" {
		d.problems.Add(v.Problem(reason))
	}
}
