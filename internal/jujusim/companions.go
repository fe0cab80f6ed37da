package jujusim

import (
	"context"
	"fmt"
	"maps"
	"slices"

	"kubernetes-worker/internal/jujusim/companion"
)

// companionEnters puts a companion's unit into every relation it takes part in. The caller holds m.mu.
func (m *Model) companionEnters(u *unitState) {
	for _, relation := range m.sortedRelations() {
		if relation.Dying || !m.takesPart(relation, u) {
			continue
		}
		if relation.Container && u.Principal != "" && !relation.InScope[u.Principal] {
			continue
		}
		m.enterScope(relation, u)
	}
}

func (m *Model) companionOptions(app *appState, found companion.Companion) map[string]string {
	options := maps.Clone(found.Options())
	for name, value := range app.Settings {
		options[name] = fmt.Sprint(value)
	}
	return options
}

// reconcile lets every companion answer the state of the model. It runs between hooks, never during one.
func (m *Model) reconcile(ctx context.Context) error {
	m.mu.Lock()
	var apps []*appState
	places := map[string]place{}
	for _, name := range slices.Sorted(maps.Keys(m.state.Apps)) {
		if app := m.state.Apps[name]; app.Companion != "" {
			apps = append(apps, app)
		}
	}
	m.mu.Unlock()
	if len(apps) == 0 {
		return nil
	}
	for _, app := range apps {
		if err := m.reconcileOne(ctx, app, places); err != nil {
			return fmt.Errorf("cannot update companion %s: %w", app.Name, err)
		}
	}
	m.mu.Lock()
	defer m.mu.Unlock()
	return m.save()
}

func (m *Model) reconcileOne(ctx context.Context, app *appState, places map[string]place) error {
	found, err := companion.Lookup(app.Companion)
	if err != nil {
		return err
	}
	m.mu.Lock()
	specs := map[string]MachineSpec{}
	for _, u := range m.unitsOf(app.Name) {
		m.companionEnters(u)
		specs[u.Machine] = m.state.Machines[u.Machine].Spec
	}
	m.mu.Unlock()
	// Only subordinates write to their machine; for the others its root is not looked for.
	if app.Subordinate {
		for id, spec := range specs {
			if _, known := places[id]; known {
				continue
			}
			p, err := m.place(ctx, spec)
			if err != nil {
				return err
			}
			places[id] = p
		}
	}
	m.mu.Lock()
	world := m.world(app, found, places)
	m.mu.Unlock()
	outcome, err := found.Reconcile(ctx, world)
	if err != nil {
		return err
	}
	m.mu.Lock()
	defer m.mu.Unlock()
	m.applyOutcome(app, outcome)
	return nil
}

// world is what a companion sees. The caller holds m.mu.
func (m *Model) world(app *appState, found companion.Companion, places map[string]place) companion.World {
	w := companion.World{
		App: app.Name, Options: m.companionOptions(app, found), HasSecrets: m.generation.Secrets,
		StateDir:  m.store.path("companions", app.Name),
		SecretURI: func(label string) string { return "secret:" + m.secretID(app.Name, label) },
	}
	own := m.unitsOf(app.Name)
	for _, u := range own {
		w.Units = append(w.Units, companion.Unit{
			Name: u.Name, Address: m.state.Machines[u.Machine].Spec.Address, Root: places[u.Machine].root(),
			Leader: app.Leader == u.Name, Dying: u.Dying, Number: u.Number,
		})
	}
	for _, relation := range m.sortedRelations() {
		end, ok := relation.end(app.Name)
		if !ok {
			continue
		}
		r := companion.Relation{ID: relation.ID, Endpoint: end.Endpoint, RemoteApp: relation.remoteApp(app.Name), Peers: map[string][]companion.Peer{}}
		for _, u := range own {
			for _, name := range m.members(relation, u) {
				r.Peers[u.Name] = append(r.Peers[u.Name], companion.Peer{Name: name, Data: maps.Clone(relation.Bags[name].Data)})
			}
		}
		w.Relations = append(w.Relations, r)
	}
	return w
}

// applyOutcome writes a companion's bags: the keys it names, nothing else but Juju's own, and what a person put over
// them. The caller holds m.mu.
func (m *Model) applyOutcome(app *appState, outcome companion.Outcome) {
	for _, secret := range outcome.Secrets {
		m.putSecret(app.Name, secret.Label, secret.Content, secret.Units)
	}
	for _, relation := range m.sortedRelations() {
		for _, u := range m.unitsOf(app.Name) {
			if !relation.InScope[u.Name] {
				continue
			}
			want := maps.Clone(outcome.Bags[relation.ID][u.Name])
			if want == nil {
				want = map[string]string{}
			}
			for key, value := range m.addressKeys(u) {
				if _, own := want[key]; !own {
					want[key] = value
				}
			}
			want = overlay(want, relation.Overrides[u.Name])
			for key := range relation.Bags[u.Name].Data {
				if _, keep := want[key]; !keep {
					want[key] = ""
				}
			}
			relation.Bags[u.Name].write(want)
		}
	}
	if outcome.Message != app.Status.Message || app.Status.State != "active" {
		app.Status = statusState{State: "active", Message: outcome.Message, Since: m.options.Now().UTC()}
	}
	for _, u := range m.unitsOf(app.Name) {
		if u.Dying {
			m.dropUnit(u)
			m.progress("%s is gone", u.Name)
		}
	}
}

// FindRelation returns the number of the relation between two endpoints, written app:endpoint or app.
func (m *Model) FindRelation(a, b string) (int, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	for _, relation := range m.sortedRelations() {
		if len(relation.Ends) == 2 && (relation.Ends[0].is(a) && relation.Ends[1].is(b) || relation.Ends[0].is(b) && relation.Ends[1].is(a)) {
			return relation.ID, nil
		}
	}
	return 0, fmt.Errorf("cannot find a relation of %s and %s", a, b)
}
