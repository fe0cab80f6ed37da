package kube

import (
	"context"
	"fmt"
	"net/http"
	"slices"
	"strings"
	"sync"

	"kubernetes-worker/internal/kubeversion"
)

// Resource is where the server keeps objects of a kind.
type Resource struct {
	Kind        string
	APIVersion  string // of the objects: v1, apps/v1; for Eviction that of the posted body
	Plural      string // daemonsets
	Subresource string // eviction, for the kind Eviction; "" else
	Namespaced  bool

	home string // apiVersion in the path; "" if it is the objects' own
}

// Path is the path of one object, or of the collection if name is empty. The namespace does not matter to kinds that
// are in none; for the others an empty one means all namespaces.
func (r Resource) Path(namespace, name string) string {
	home := r.home
	if home == "" {
		home = r.APIVersion
	}
	path := "/apis/" + home
	if !strings.Contains(home, "/") {
		path = "/api/" + home
	}
	if r.Namespaced && namespace != "" {
		path += "/namespaces/" + namespace
	}
	path += "/" + r.Plural
	if name != "" {
		path += "/" + name
	}
	if r.Subresource != "" {
		path += "/" + r.Subresource
	}
	return path
}

// discovery is what the servers said about themselves; it is asked for when first needed, and kept as long as the client
// lives, which is one invocation.
type discovery struct {
	mu        sync.Mutex
	version   kubeversion.Version
	asked     bool                  // about groups
	versions  map[string]bool       // apiVersions that the server has
	resources map[string][]resource // by apiVersion; those of the server that tells everything at once are there at once
	failures  map[string]error      // by apiVersion: its list could not be had
}

// Version returns the API server's release.
func (c *Client) Version(ctx context.Context) (kubeversion.Version, error) {
	c.discovered.mu.Lock()
	defer c.discovered.mu.Unlock()
	return c.discovered.release(ctx, c)
}

// Resolve finds where the server keeps objects of a kind, one of those listed in kinds.go. If it does not know the kind,
// that is an Error of kind Unserved. An API group that is broken matters only to the kinds in it.
func (c *Client) Resolve(ctx context.Context, kind string) (Resource, error) {
	c.discovered.mu.Lock()
	defer c.discovered.mu.Unlock()
	if kind == evictionKind {
		return c.discovered.eviction(ctx, c)
	}
	forms := formsOf(kind)
	if forms == nil {
		return Resource{}, fmt.Errorf("cannot resolve kind %q: the charm does not list it", kind)
	}
	return c.discovered.resolve(ctx, c, kind, forms)
}

// Serves reports whether the server knows a kind.
func (c *Client) Serves(ctx context.Context, kind string) (bool, error) {
	_, err := c.Resolve(ctx, kind)
	if KindOf(err) == Unserved {
		return false, nil
	}
	return err == nil, err
}

func (d *discovery) release(ctx context.Context, c *Client) (kubeversion.Version, error) {
	if !d.version.IsZero() {
		return d.version, nil
	}
	body, err := c.Send(ctx, Request{Verb: http.MethodGet, Path: "/version", Doing: "get version of the API server"})
	if err != nil {
		return kubeversion.Version{}, err
	}
	d.version, err = decodeVersion(body)
	return d.version, err
}

func (d *discovery) resolve(ctx context.Context, c *Client, kind string, forms []string) (Resource, error) {
	if err := d.groups(ctx, c); err != nil {
		return Resource{}, err
	}
	var broken error
	for _, form := range forms {
		list, err := d.list(ctx, c, form)
		if err != nil {
			broken = err
			continue
		}
		for _, r := range list {
			if r.kind == kind && !strings.Contains(r.name, "/") && slices.Contains(r.verbs, "create") {
				return Resource{Kind: kind, APIVersion: form, Plural: r.name, Namespaced: r.namespaced}, nil
			}
		}
	}
	if broken != nil {
		return Resource{}, broken
	}
	return Resource{}, &Error{Kind: Unserved, Message: "the API server does not know this kind", operation: operation{verb: "use", object: kind}}
}

// eviction reads the form of the body from the entry of pods/eviction: policy/v1 from 1.22, policy/v1beta1 before.
func (d *discovery) eviction(ctx context.Context, c *Client) (Resource, error) {
	list, err := d.list(ctx, c, "v1")
	if err != nil {
		return Resource{}, err
	}
	for _, r := range list {
		if r.name == "pods/eviction" && r.apiVersion != "" {
			return Resource{Kind: evictionKind, APIVersion: r.apiVersion, Plural: "pods", Subresource: "eviction", Namespaced: true, home: "v1"}, nil
		}
	}
	return Resource{}, &Error{Kind: Unserved, Message: "the API server does not evict", operation: operation{verb: "use", object: evictionKind}}
}

// groups asks which apiVersions there are. Servers from 1.27 on tell their resources along with them.
func (d *discovery) groups(ctx context.Context, c *Client) error {
	if d.asked {
		return nil
	}
	request := Request{Verb: http.MethodGet, Path: "/apis", Doing: "get list of API groups", Accept: acceptAggregated}
	body, err := c.Send(ctx, request)
	if codeOfError(err) == http.StatusNotAcceptable {
		request.Accept = ""
		body, err = c.Send(ctx, request)
	}
	if err != nil {
		return err
	}
	groups, err := decodeGroups(body)
	if err != nil {
		return err
	}
	d.asked = true
	d.versions, d.resources, d.failures = map[string]bool{"v1": true}, map[string][]resource{}, map[string]error{}
	for _, g := range groups {
		d.versions[g.apiVersion] = true
		if g.complete {
			d.resources[g.apiVersion] = g.resources
		}
	}
	return nil
}

// list returns the resources of an apiVersion: none if the server does not have it.
func (d *discovery) list(ctx context.Context, c *Client, apiVersion string) ([]resource, error) {
	if err := d.groups(ctx, c); err != nil {
		return nil, err
	}
	if list, known := d.resources[apiVersion]; known || !d.versions[apiVersion] {
		return list, nil
	}
	if err := d.failures[apiVersion]; err != nil {
		return nil, err
	}
	path := "/apis/" + apiVersion
	if !strings.Contains(apiVersion, "/") {
		path = "/api/" + apiVersion
	}
	body, err := c.Send(ctx, Request{Verb: http.MethodGet, Path: path, Doing: "get list of resources of " + apiVersion})
	var list []resource
	switch {
	case KindOf(err) == NotFound: // it went since the list of groups was read
	case err != nil:
	default:
		list, err = decodeResources(body)
	}
	if err != nil && KindOf(err) != NotFound {
		d.failures[apiVersion] = err
		return nil, err
	}
	d.resources[apiVersion] = list
	return list, nil
}
