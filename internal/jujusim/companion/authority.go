package companion

import (
	"context"
	"fmt"
	"strings"

	"kubernetes-worker/internal/relation"
)

// authority plays easyrsa: a certificate authority that signs what its relations ask for.
type authority struct{}

func (authority) Subordinate() bool { return false }

func (authority) Options() map[string]string {
	return map[string]string{
		"wire":     "both",
		"ca-cert":  "", // PEM files of an existing authority; empty: one of our own
		"ca-key":   "",
		"renew":    "0",    // any other value issues every certificate anew
		"new-ca":   "0",    // any other value makes another authority (if it is our own)
		"chain":    "",     // PEM text published as the chain
		"readable": "true", // put a readable summary before each certificate, as easyrsa does
	}
}

func (authority) Endpoints(map[string]string) []Endpoint {
	return []Endpoint{{Name: "client", Interface: "tls-certificates", Role: Provider}}
}

func (authority) Reconcile(_ context.Context, w World) (Outcome, error) {
	wire, err := wireOf(w.Options)
	if err != nil {
		return Outcome{}, err
	}
	issuer, err := openIssuer(w)
	if err != nil {
		return Outcome{}, err
	}
	out := Outcome{Message: "Certificate Authority ready."}
	for _, r := range w.Relations {
		for _, u := range w.Units {
			if !u.Leader {
				continue
			}
			data, err := issuer.answer(r, wire)
			if err != nil {
				return Outcome{}, err
			}
			data["chain"] = w.Options["chain"]
			out.put(r.ID, u.Name, data)
		}
	}
	return out, issuer.save()
}

// answer is the bag for one relation: the authority, the shared client certificate, and what each remote unit asked for.
func (i *issuer) answer(r Relation, wire wire) (map[string]string, error) {
	client, err := i.issue(request{Kind: "client", Name: "client"})
	if err != nil {
		return nil, err
	}
	data := map[string]string{"ca": i.ca.certPEM, "client.cert": client.Cert, "client.key": client.Key}
	for _, peer := range r.All() {
		name := peer.Data["unit_name"]
		if name == "" || !wire.new() {
			name = strings.ReplaceAll(peer.Name, "/", "_")
		}
		if err := i.answerServer(peer, name, data); err != nil {
			return nil, err
		}
		batches := [][2]string{{"cert_requests", ".processed_requests"}}
		if wire.new() {
			batches = append(batches, [2]string{"client_cert_requests", ".processed_client_requests"})
		}
		for _, batch := range batches {
			text, err := i.answerBatch(peer.Data[batch[0]], batch[0] == "client_cert_requests")
			if err != nil {
				return nil, fmt.Errorf("%s of %s: %w", batch[0], peer.Name, err)
			}
			data[name+batch[1]] = text
		}
	}
	return data, nil
}

func (i *issuer) answerServer(peer Peer, name string, data map[string]string) error {
	common := peer.Data["common_name"]
	if common == "" {
		return nil
	}
	issued, err := i.issue(request{Kind: "server", Name: common, SANs: stringList(peer.Data["sans"]), File: peer.Data["certificate_name"]})
	if err != nil {
		return err
	}
	data[name+".server.cert"], data[name+".server.key"] = issued.Cert, issued.Key
	return nil
}

// answerBatch signs a json object of name → {"sans": [...]}. Junk is answered with nothing, as the real one does after
// logging a failure.
func (i *issuer) answerBatch(text string, client bool) (string, error) {
	value, ok := relation.DecodeJSON(text)
	requests, isObject := value.(map[string]any)
	if !ok || !isObject || len(requests) == 0 {
		return "", nil
	}
	kind := "server"
	if client {
		kind = "client"
	}
	answers := map[string]any{}
	for name, details := range requests {
		fields, _ := details.(map[string]any)
		issued, err := i.issue(request{Kind: kind, Name: name, SANs: anyList(fields["sans"])})
		if err != nil {
			return "", err
		}
		answers[name] = map[string]any{"cert": issued.Cert, "key": issued.Key}
	}
	return relation.EncodeJSON(answers)
}

func stringList(text string) []string {
	value, _ := relation.DecodeJSON(text)
	return anyList(value)
}

func anyList(value any) []string {
	var out []string
	items, _ := value.([]any)
	for _, item := range items {
		if text, ok := item.(string); ok && text != "" {
			out = append(out, text)
		}
	}
	return out
}
