package jujusim

import (
	"fmt"
	"maps"
	"slices"
	"strconv"
	"strings"

	charm "github.com/juju/charm/v12"

	"kubernetes-worker/internal/jujusim/companion"
)

type endpointInfo struct {
	end       relationEnd
	iface     string
	container bool
}

// Integrate relates two endpoints, written app:endpoint or, where only one fits, app. It returns the relation's number.
func (m *Model) Integrate(a, b string) (int, error) {
	var id int
	err := m.change(func() error {
		left, right, err := m.match(a, b)
		if err != nil {
			return err
		}
		for _, relation := range m.state.Relations {
			if len(relation.Ends) == 2 && slices.Contains(relation.Ends, left.end) && slices.Contains(relation.Ends, right.end) {
				return fmt.Errorf("cannot integrate %s and %s: they are related already", a, b)
			}
		}
		id = m.newRelation(left.iface, left.container || right.container, left.end, right.end).ID
		return nil
	})
	if err == nil {
		m.progress("integrated %s and %s", a, b)
	}
	return id, err
}

func (m *Model) newRelation(iface string, container bool, ends ...relationEnd) *relationState {
	relation := &relationState{
		ID: m.state.NextRelation, Interface: iface, Container: container, Ends: ends,
		Bags: map[string]*bag{}, InScope: map[string]bool{}, AppBags: map[string]*bag{},
	}
	m.state.NextRelation++
	m.state.Relations[strconv.Itoa(relation.ID)] = relation
	for _, end := range ends {
		relation.AppBags[end.App] = &bag{Data: map[string]string{}}
	}
	for _, u := range m.sortedUnits() {
		if m.state.Apps[u.App].Companion != "" && relation.has(u.App) {
			m.companionEnters(u)
		}
	}
	return relation
}

// match finds the one pair of endpoints that the two words can mean.
func (m *Model) match(a, b string) (left, right endpointInfo, err error) {
	lefts, err := m.candidates(a)
	if err != nil {
		return left, right, err
	}
	rights, err := m.candidates(b)
	if err != nil {
		return left, right, err
	}
	found := 0
	for _, l := range lefts {
		for _, r := range rights {
			opposite := l.end.Role == string(charm.RoleProvider) && r.end.Role == string(charm.RoleRequirer) ||
				l.end.Role == string(charm.RoleRequirer) && r.end.Role == string(charm.RoleProvider)
			if l.iface == r.iface && opposite {
				left, right = l, r
				found++
			}
		}
	}
	switch found {
	case 0:
		return left, right, fmt.Errorf("cannot integrate %s and %s: no relations found", a, b)
	case 1:
		return left, right, nil
	default:
		return left, right, fmt.Errorf("cannot integrate %s and %s: ambiguous, name the endpoints", a, b)
	}
}

func (m *Model) candidates(word string) ([]endpointInfo, error) {
	name, endpoint, _ := strings.Cut(word, ":")
	app, err := m.application(name)
	if err != nil {
		return nil, err
	}
	all, err := m.endpoints(app)
	if err != nil {
		return nil, err
	}
	if endpoint == "" {
		return all, nil
	}
	for _, info := range all {
		if info.end.Endpoint == endpoint {
			return []endpointInfo{info}, nil
		}
	}
	return nil, fmt.Errorf("cannot integrate: application %q has no %q relation", name, endpoint)
}

// endpoints lists an application's endpoints in name order. The caller holds m.mu.
func (m *Model) endpoints(app *appState) ([]endpointInfo, error) {
	var all []endpointInfo
	if app.Companion != "" {
		found, err := companion.Lookup(app.Companion)
		if err != nil {
			return nil, err
		}
		for _, e := range found.Endpoints(m.companionOptions(app, found)) {
			all = append(all, endpointInfo{relationEnd{app.Name, e.Name, e.Role}, e.Interface, e.Container})
		}
		return all, nil
	}
	read, err := m.charmOf(app)
	if err != nil {
		return nil, err
	}
	relations := read.Meta().CombinedRelations()
	for _, name := range slices.Sorted(maps.Keys(relations)) {
		e := relations[name]
		all = append(all, endpointInfo{relationEnd{app.Name, name, string(e.Role)}, e.Interface, e.Scope == charm.ScopeContainer})
	}
	return all, nil
}

// ensurePeers makes the peer relations of an application. The caller holds m.mu.
func (m *Model) ensurePeers(app *appState) error {
	all, err := m.endpoints(app)
	if err != nil {
		return err
	}
	for _, info := range all {
		if info.end.Role != string(charm.RolePeer) {
			continue
		}
		known := false
		for _, relation := range m.state.Relations {
			known = known || slices.Contains(relation.Ends, info.end)
		}
		if !known {
			m.newRelation(info.iface, info.container, info.end)
		}
	}
	return nil
}

// RemoveRelation marks a relation as dying; Settle runs the departures.
func (m *Model) RemoveRelation(a, b string) error {
	return m.change(func() error {
		for _, relation := range m.sortedRelations() {
			if len(relation.Ends) == 2 && (relation.Ends[0].is(a) && relation.Ends[1].is(b) || relation.Ends[0].is(b) && relation.Ends[1].is(a)) {
				m.killRelation(relation)
				return nil
			}
		}
		return fmt.Errorf("cannot find a relation of %s and %s", a, b)
	})
}

func (m *Model) killRelation(relation *relationState) {
	relation.Dying = true
	for name := range relation.InScope {
		if m.state.Apps[applicationOf(name)].Companion != "" {
			delete(relation.InScope, name)
		}
	}
	if relation.Container {
		for _, u := range m.sortedUnits() {
			if u.Principal != "" && relation.has(u.App) && relation.has(applicationOf(u.Principal)) {
				u.Dying = true
			}
		}
	}
	m.collectRelation(relation)
}

// collectRelation forgets a dying relation that nobody is in any more. The caller holds m.mu.
func (m *Model) collectRelation(relation *relationState) {
	if !relation.Dying || len(relation.InScope) > 0 {
		return
	}
	for _, u := range m.state.Units {
		if u.Relations[strconv.Itoa(relation.ID)] != nil {
			return
		}
	}
	delete(m.state.Relations, strconv.Itoa(relation.ID))
}

func (e relationEnd) is(word string) bool { return word == e.App || word == e.App+":"+e.Endpoint }

func (r *relationState) has(app string) bool { _, ok := r.end(app); return ok }

func (r *relationState) end(app string) (relationEnd, bool) {
	for _, end := range r.Ends {
		if end.App == app {
			return end, true
		}
	}
	return relationEnd{}, false
}

// remoteApp is the application at the other end; a peer relation's is the same.
func (r *relationState) remoteApp(app string) string {
	for _, end := range r.Ends {
		if end.App != app {
			return end.App
		}
	}
	return app
}

// name is the relation id as one side sees it: kube-control:3.
func (r *relationState) name(app string) string {
	end, _ := r.end(app)
	return end.Endpoint + ":" + strconv.Itoa(r.ID)
}
