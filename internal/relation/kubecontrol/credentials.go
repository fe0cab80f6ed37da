package kubecontrol

import (
	"encoding/json"
	"strings"

	"kubernetes-worker/internal/relation"
	"kubernetes-worker/internal/secret"
)

// CASecretKey is the key of the PEM text inside the secret that Facts.CASecretID names.
const CASecretKey = "ca-certificate"

// Credentials is what the control plane gave to one user: the tokens themselves, or the secret that holds them.
type Credentials struct {
	Found        bool         // something usable is there: a token or a secret's name
	KubeletToken secret.Value // of this node
	ProxyToken   secret.Value // of kube-proxy, shared by all nodes
	ClientToken  secret.Value // of the administrator, shared by all nodes
	Scope        string       // unit that the answer is for
	SecretID     string       // URI of the Juju secret with the tokens; empty where they are inline
}

// Complete reports whether all three tokens are there.
func (c Credentials) Complete() bool {
	return !c.KubeletToken.Empty() && !c.ProxyToken.Empty() && !c.ClientToken.Empty()
}

// rank tells how far the credentials go: 2 the unit can work with them, 1 something is there, 0 nothing.
func (c Credentials) rank() int {
	switch {
	case c.Complete() || c.SecretID != "":
		return 2
	case c.Found:
		return 1
	}
	return 0
}

// DecodeCredentials reads the credentials of one user alone, for a node that may have to choose between two names.
func DecodeCredentials(rels []relation.Relation, user string) (Credentials, []relation.Problem) {
	var problems relation.Problems
	found := decodeCredentials(rels, user, &problems)
	return found, problems.All()
}

// decodeCredentials looks the user up in what all units publish. Only the leader keeps the key up to date, and a former
// leader may still show a text from before this unit joined, so the first entry with which the unit can work wins.
func decodeCredentials(rels []relation.Relation, user string, problems *relation.Problems) Credentials {
	var best Credentials
	for _, v := range relation.Values(rels, "creds") {
		if strings.TrimSpace(v.Text) == "null" {
			continue
		}
		var byUser map[string]json.RawMessage
		if json.Unmarshal([]byte(v.Text), &byUser) != nil {
			problems.Add(v.Problem("is not a JSON object"))
			continue
		}
		raw, ok := byUser[user]
		if !ok || string(raw) == "null" {
			continue
		}
		if c := decodeEntry(v, raw, problems); c.rank() > best.rank() {
			best = c
		}
	}
	return best
}

// decodeEntry reads one user's entry and keeps of it what is usable.
func decodeEntry(v relation.Value, raw json.RawMessage, problems *relation.Problems) Credentials {
	var fields map[string]any
	if json.Unmarshal(raw, &fields) != nil {
		problems.Add(v.Problem("the entry of this node is not a JSON object"))
		return Credentials{}
	}
	text := func(name string, check func(string) string) string {
		field, isText := fields[name].(string)
		reason := ""
		switch {
		case fields[name] == nil || field == "" && isText:
			return ""
		case !isText:
			reason = "is not a string"
		default:
			reason = check(field)
		}
		if reason != "" {
			problems.Add(v.Problem(name + " of this node's entry " + reason))
			return ""
		}
		return field
	}
	c := Credentials{
		KubeletToken: secret.New(text("kubelet_token", token)),
		ProxyToken:   secret.New(text("proxy_token", token)),
		ClientToken:  secret.New(text("client_token", token)),
		Scope:        text("scope", unitName),
		SecretID:     text("secret-id", secretURI),
	}
	c.Found = !c.KubeletToken.Empty() || !c.ProxyToken.Empty() || !c.ClientToken.Empty() || c.SecretID != ""
	if c.rank() < 2 {
		problems.Add(v.Problem("the entry of this node lacks tokens"))
	}
	return c
}

// DecodeSecret reads the content of the secret that Credentials.SecretID names. Scope and SecretID stay empty.
func DecodeSecret(content map[string]string) (Credentials, []relation.Problem) {
	var problems relation.Problems
	text := func(key string) secret.Value {
		reason := token(content[key])
		if content[key] == "" {
			reason = "is missing in the secret with this unit's credentials"
		}
		if reason != "" {
			problems.Add(relation.Problem{Endpoint: "kube-control", Key: key, Reason: reason})
			return secret.Value{}
		}
		return secret.New(content[key])
	}
	c := Credentials{ClientToken: text("client-token"), KubeletToken: text("kubelet-token"), ProxyToken: text("proxy-token")}
	c.Found = !c.KubeletToken.Empty() || !c.ProxyToken.Empty() || !c.ClientToken.Empty()
	return c, problems.All()
}

// secretURI reports why a text cannot name a Juju secret: it is secret:<id>, secret://<model>/<id> or <id> alone. The
// text ends up as an argument of secret-get, so it must not look like an option.
func secretURI(text string) (reason string) {
	id, hasScheme := strings.CutPrefix(text, "secret:")
	if rest, inModel := strings.CutPrefix(id, "//"); inModel {
		model, ownID, _ := strings.Cut(rest, "/")
		if !hasScheme || model == "" || len(model) > 64 || !relation.Only(model, "-") {
			return "is not the name of a secret"
		}
		id = ownID
	}
	if len(id) < 16 || len(id) > 64 || !relation.Only(id, "") {
		return "is not the name of a secret"
	}
	return ""
}

// unitName reports why a text cannot name a unit.
func unitName(text string) (reason string) {
	app, number, ok := strings.Cut(text, "/")
	if !ok || number == "" || len(text) > 255 || strings.Trim(number, "0123456789") != "" || !appName(app) {
		return "is not a unit's name"
	}
	return ""
}

// appName reports whether a text can name an application.
func appName(text string) bool {
	return text != "" && len(text) <= 255 && text[0] != '-' && relation.Only(text, "-")
}
