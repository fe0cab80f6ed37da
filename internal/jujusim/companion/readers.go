package companion

import (
	"context"
	"fmt"
	"net"
	"slices"
	"strings"
)

// ingressProxy plays a load balancer before the workers' ingress controllers. It publishes nothing; its status tells
// which backends it would use.
type ingressProxy struct{}

func (ingressProxy) Subordinate() bool { return false }

func (ingressProxy) Options() map[string]string { return map[string]string{} }

func (ingressProxy) Endpoints(map[string]string) []Endpoint {
	return []Endpoint{{Name: "reverseproxy", Interface: "http", Role: Requirer}}
}

func (ingressProxy) Reconcile(_ context.Context, w World) (Outcome, error) {
	return Outcome{Message: heard(w, "backends", func(data map[string]string) string {
		if data["hostname"] == "" || data["port"] == "" {
			return ""
		}
		return net.JoinHostPort(data["hostname"], data["port"])
	})}, nil
}

// dockerHostUser plays a subordinate that works with its principal's docker, of which its status tells the socket.
type dockerHostUser struct{}

func (dockerHostUser) Subordinate() bool { return true }

func (dockerHostUser) Options() map[string]string { return map[string]string{} }

func (dockerHostUser) Endpoints(map[string]string) []Endpoint {
	return []Endpoint{{Name: "docker-host", Interface: "dockerhost", Role: Requirer, Container: true}}
}

func (dockerHostUser) Reconcile(_ context.Context, w World) (Outcome, error) {
	return Outcome{Message: heard(w, "docker hosts", func(data map[string]string) string { return data["url"] })}, nil
}

// heard lists what remote units have said, each thing once.
func heard(w World, what string, said func(map[string]string) string) string {
	var all []string
	for _, r := range w.Relations {
		for _, peer := range r.All() {
			if text := said(peer.Data); text != "" {
				all = append(all, text)
			}
		}
	}
	slices.Sort(all)
	all = slices.Compact(all)
	if len(all) == 0 {
		return "no " + what
	}
	return fmt.Sprintf("%s: %s", what, strings.Join(all, ", "))
}
