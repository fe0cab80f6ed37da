package companion

import (
	"context"
	"fmt"
	"strings"
)

// loadBalancer plays kubeapi-load-balancer: one address in front of the API servers.
type loadBalancer struct{}

func (loadBalancer) Subordinate() bool { return false }

func (loadBalancer) Options() map[string]string {
	return map[string]string{"port": "443", "host": "", "extended-data": ""}
}

func (loadBalancer) Endpoints(map[string]string) []Endpoint {
	return []Endpoint{{Name: "website", Interface: "http", Role: Provider}}
}

func (loadBalancer) Reconcile(_ context.Context, w World) (Outcome, error) {
	out := Outcome{Message: "Loadbalancer ready."}
	for _, r := range w.Relations {
		for _, u := range w.Units {
			host := w.Options["host"]
			if host == "" {
				host = u.Address
			}
			out.put(r.ID, u.Name, httpData(server{host, w.Options["port"]}, w.Options["extended-data"]))
		}
	}
	return out, nil
}

// standIn has whatever endpoints its options name and says nothing by itself: a person writes its bags. A subordinate one
// lives beside the principal that it is related to.
type standIn struct{ subordinate bool }

func (s standIn) Subordinate() bool { return s.subordinate }

func (standIn) Options() map[string]string {
	// endpoints: name:interface:role, role being provider or requirer; several separated by commas.
	return map[string]string{"endpoints": ""}
}

func (s standIn) Endpoints(options map[string]string) []Endpoint {
	var all []Endpoint
	for _, word := range list(options["endpoints"]) {
		parts := strings.Split(word, ":")
		if len(parts) == 3 && (parts[2] == Provider || parts[2] == Requirer) {
			all = append(all, Endpoint{Name: parts[0], Interface: parts[1], Role: parts[2], Container: s.subordinate})
		}
	}
	return all
}

func (s standIn) Reconcile(_ context.Context, w World) (Outcome, error) {
	if len(s.Endpoints(w.Options)) != len(list(w.Options["endpoints"])) {
		return Outcome{}, fmt.Errorf("option endpoints: expected name:interface:%s or name:interface:%s", Provider, Requirer)
	}
	return Outcome{Message: "Standing in."}, nil
}
