package companion

import (
	"context"
	"fmt"
	"net"
	"os"

	"kubernetes-worker/internal/relation"
)

// imageRegistry plays the charm of an image registry: it says where the registry is, who may pull from it, and by which
// authority it is to be known. It serves nothing.
type imageRegistry struct{}

func (imageRegistry) Subordinate() bool { return false }

func (imageRegistry) Options() map[string]string {
	return map[string]string{
		"netloc":   "", // empty: port 5000 of the unit
		"user":     "", // empty: anybody may pull
		"password": "",
		"tls-ca":   "",    // file with the authority; empty: the registry has no TLS
		"say":      "all", // what it publishes: all or nothing
	}
}

func (imageRegistry) Endpoints(map[string]string) []Endpoint {
	return []Endpoint{{Name: "docker-registry", Interface: "docker-registry", Role: Provider}}
}

func (imageRegistry) Reconcile(_ context.Context, w World) (Outcome, error) {
	out := Outcome{Message: "Ready at an address of its own"}
	for _, u := range w.Units {
		data, err := registryData(w.Options, u)
		if err != nil {
			return Outcome{}, err
		}
		for _, r := range w.Relations {
			out.put(r.ID, u.Name, data)
		}
	}
	return out, nil
}

// registryData is the bag as the charm writes it: every value is JSON, null where nothing is set.
func registryData(options map[string]string, u Unit) (map[string]string, error) {
	switch options["say"] {
	case "nothing":
		return nil, nil
	case "all":
	default:
		return nil, fmt.Errorf("option say is %q, not all or nothing", options["say"])
	}
	netloc, scheme, ca := options["netloc"], "http", ""
	if netloc == "" {
		netloc = net.JoinHostPort(u.Address, "5000")
	}
	if file := options["tls-ca"]; file != "" {
		text, err := os.ReadFile(file)
		if err != nil {
			return nil, fmt.Errorf("cannot use option tls-ca: %w", err)
		}
		scheme, ca = "https", string(text)
	}
	data := map[string]string{}
	for key, value := range map[string]string{
		"registry_netloc": netloc, "registry_url": scheme + "://" + netloc,
		"basic_user": options["user"], "basic_password": options["password"], "tls_ca": ca,
	} {
		data[key] = "null"
		if value == "" {
			continue
		}
		text, err := relation.EncodeJSON(value)
		if err != nil {
			return nil, err
		}
		data[key] = text
	}
	return data, nil
}
