// Package dockerregistry owns the docker-registry interface: a registry says where it is, who may pull from it and which
// authority has signed it. It turns bags into checked facts; nothing is written to the other end.
package dockerregistry

import (
	"kubernetes-worker/internal/registry"
	"kubernetes-worker/internal/relation"
	"kubernetes-worker/internal/secret"
)

// Facts is what the registry in force says. All of it comes from one unit, so that it belongs together.
type Facts struct {
	Joined   bool   // a remote unit is there
	App      string // application of the registry in force, or of the first one that is there; empty when none is
	Netloc   string // host or host:port in one spelling, safe as the name of a directory; empty: not said yet, or nothing usable
	Username string // empty: anybody may pull
	Password secret.Value
	CA       []byte // PEM of certificates alone, ends in a newline; empty: the registry is not to be checked, or has no TLS
}

// Login is the login at the registry; ok is false where anybody may pull.
func (f Facts) Login() (login registry.Login, ok bool) {
	return registry.Login{Server: f.Netloc, Username: f.Username, Password: f.Password}, f.Username != ""
}

// Insecure reports whether there is a registry without an authority to check it by.
func (f Facts) Insecure() bool { return f.Netloc != "" && len(f.CA) == 0 }

// Decode reads the registry in force: the unit of the lowest relation id and name, as plain strings, that says everything
// in a usable form. A unit with an unusable value is passed over as a whole: without its authority it would count as a
// registry without TLS.
func Decode(rels []relation.Relation) (Facts, []relation.Problem) {
	var problems relation.Problems
	var f Facts
	for _, rel := range relation.InPlainOrder(rels) {
		for _, unit := range rel.Units {
			if !f.Joined {
				f.Joined, f.App = true, rel.App
			}
			said, usable := decodeUnit(rel.Endpoint, unit, &problems)
			if usable && said.Netloc != "" && f.Netloc == "" {
				said.Joined, said.App = true, rel.App
				f = said
			}
		}
	}
	return f, problems.All()
}

func decodeUnit(endpoint string, unit relation.Unit, problems *relation.Problems) (f Facts, usable bool) {
	d := decoder{endpoint: endpoint, unit: unit, problems: problems}
	if text, has := d.text("registry_netloc"); has {
		netloc, ok := registry.Netloc(text)
		if !ok {
			d.bad("registry_netloc", "is not host or host:port")
		}
		f.Netloc = netloc
	}
	user, hasUser := d.text("basic_user")
	password, hasPassword := d.text("basic_password")
	switch {
	case !hasUser && !hasPassword:
	case !hasPassword:
		d.bad("basic_password", "is missing beside basic_user")
	case !hasUser:
		d.bad("basic_user", "is missing beside basic_password")
	default:
		if reason := registry.CheckUsername(user); reason != "" {
			d.bad("basic_user", reason)
		}
		if reason := registry.CheckPassword(password); reason != "" {
			d.bad("basic_password", reason)
		}
		f.Username, f.Password = user, secret.New(password)
	}
	if text, has := d.text("tls_ca"); has {
		ca, reason := registry.Certificates(text)
		if reason != "" {
			d.bad("tls_ca", reason)
		}
		f.CA = ca
	}
	return f, !d.spoiled
}

type decoder struct {
	endpoint string
	unit     relation.Unit
	problems *relation.Problems
	spoiled  bool
}

func (d *decoder) bad(key, reason string) {
	d.spoiled = true
	d.problems.Add(relation.Problem{Endpoint: d.endpoint, Unit: d.unit.Name, Key: key, Reason: reason})
}

// longest is more than any value needs, and keeps junk from being taken apart in each hook.
const longest = 256 << 10

// text reads a json-encoded text; absent, empty and null mean that there is none.
func (d *decoder) text(key string) (value string, has bool) {
	raw := d.unit.Data[key]
	if len(raw) > longest {
		d.bad(key, "is too long")
		return "", false
	}
	if _, has = relation.DecodeJSON(raw); !has {
		return "", false
	}
	value, isText := relation.DecodeString(raw)
	if !isText {
		d.bad(key, "is not a text")
		return "", false
	}
	return value, value != ""
}
