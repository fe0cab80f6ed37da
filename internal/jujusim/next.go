package jujusim

import (
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"strconv"
)

// nextHook compares what a unit's charm has been told with the model and returns the next hook to run, or nil. This is
// the agent's resolver: the order of hooks is the order of the questions asked here. The caller holds m.mu.
func (m *Model) nextHook(u *unitState) (*hook, error) {
	app := m.state.Apps[u.App]
	if app.Companion != "" {
		return nil, nil
	}
	switch {
	case u.Pending != nil && u.Failed:
		return nil, nil
	case u.Pending != nil:
		return u.Pending, nil
	case !u.Installed:
		return simple("install"), nil
	case u.Dying:
		return m.nextFarewell(u), nil
	case u.Started && u.BootSeen != m.state.Machines[u.Machine].Boot:
		if m.generation.ConfigChangedFirst && u.ConfigBoot != m.state.Machines[u.Machine].Boot {
			return simple("config-changed"), nil
		}
		return simple("start"), nil
	case u.ModifiedSeen != app.Modified:
		return simple("upgrade-charm"), nil
	}
	if next := m.nextCreated(u); next != nil {
		return next, nil
	}
	if next := m.nextLeadership(u, app); next != nil {
		return next, nil
	}
	hash, err := m.configHash(u)
	if err != nil {
		return nil, err
	}
	switch {
	case u.ConfigForced || u.ConfigSeen != hash:
		return simple("config-changed"), nil
	case !u.Started:
		return simple("start"), nil
	}
	if next := m.nextSecret(u); next != nil {
		return next, nil
	}
	if next := m.nextRelation(u); next != nil {
		return next, nil
	}
	if len(u.Asked) > 0 {
		return simple(u.Asked[0]), nil
	}
	return nil, nil
}

func simple(name string) *hook { return &hook{Name: name, Kind: name} }

// nextFarewell is the order of a removal: every relation is left, then stop, then remove.
func (m *Model) nextFarewell(u *unitState) *hook {
	if next := m.nextRelation(u); next != nil {
		return next
	}
	if !u.Stopped {
		return simple("stop")
	}
	return simple("remove")
}

func (m *Model) nextCreated(u *unitState) *hook {
	for _, relation := range m.sortedRelations() {
		if relation.Dying || !m.takesPart(relation, u) {
			continue
		}
		key := strconv.Itoa(relation.ID)
		if local := u.Relations[key]; local != nil && local.Created {
			continue
		}
		if u.Relations[key] == nil {
			u.Relations[key] = &relationLocal{Members: map[string]int{}}
		}
		m.enterScope(relation, u)
		return m.relationHook(u, relation, "relation-created", "")
	}
	return nil
}

func (m *Model) nextLeadership(u *unitState, app *appState) *hook {
	if app.Leader == u.Name {
		if !u.LeaderTold {
			return simple("leader-elected")
		}
		return nil
	}
	u.LeaderTold = false
	if m.generation.LeaderSettings && u.LeaderSeen != app.LeaderVersion {
		return simple("leader-settings-changed")
	}
	return nil
}

func (m *Model) nextSecret(u *unitState) *hook {
	for _, id := range slices.Sorted(maps.Keys(u.Secrets)) {
		secret := m.state.Secrets[id]
		if secret != nil && secret.Latest > u.Secrets[id].Told && secret.Grants[u.Name] {
			next := simple("secret-changed")
			next.SecretID = id
			return next
		}
	}
	return nil
}

func (m *Model) nextRelation(u *unitState) *hook {
	for _, relation := range m.sortedRelations() {
		local := u.Relations[strconv.Itoa(relation.ID)]
		if local == nil {
			continue
		}
		if next := m.nextOf(u, relation, local); next != nil {
			return next
		}
	}
	return nil
}

func (m *Model) nextOf(u *unitState, relation *relationState, local *relationLocal) *hook {
	if local.ChangedPending != "" {
		return m.relationHook(u, relation, "relation-changed", local.ChangedPending)
	}
	members := m.members(relation, u)
	known := slices.SortedFunc(maps.Keys(local.Members), compareUnits)
	for _, name := range known {
		if !slices.Contains(members, name) {
			next := m.relationHook(u, relation, "relation-departed", name)
			next.Departing = name
			if u.Dying {
				next.Departing = u.Name
			}
			return next
		}
	}
	if relation.Dying || u.Dying {
		return m.relationHook(u, relation, "relation-broken", "")
	}
	for _, name := range members {
		if _, ok := local.Members[name]; !ok {
			return m.relationHook(u, relation, "relation-joined", name)
		}
	}
	if len(members) > 0 && relation.AppBags[relation.remoteApp(u.App)].Version != local.AppVersion {
		return m.relationHook(u, relation, "relation-changed", "")
	}
	for _, name := range known {
		if relation.Bags[name].Version != local.Members[name] {
			return m.relationHook(u, relation, "relation-changed", name)
		}
	}
	return nil
}

func (m *Model) relationHook(u *unitState, relation *relationState, kind, remote string) *hook {
	end, _ := relation.end(u.App)
	return &hook{
		Name: end.Endpoint + "-" + kind, Kind: kind, InRelation: true, RelationID: relation.ID,
		RemoteUnit: remote, RemoteApp: relation.remoteApp(u.App),
	}
}

// configHash covers what config-changed tells of: the options and the machine's addresses. The caller holds m.mu.
func (m *Model) configHash(u *unitState) (string, error) {
	settings, err := m.settings(m.state.Apps[u.App])
	if err != nil {
		return "", err
	}
	spec := m.state.Machines[u.Machine].Spec
	text, err := json.Marshal([]any{settings, spec.Address, spec.PublicAddress})
	if err != nil {
		return "", fmt.Errorf("cannot hash the options of %s: %w", u.App, err)
	}
	sum := sha256.Sum256(text)
	return hex.EncodeToString(sum[:]), nil
}

// told is what a hook was about when it began: what is recorded as seen when it succeeds. Changes made meanwhile stay
// to be told.
type told struct {
	configHash    string
	modified      int
	leaderVersion int
	boot          int
	version       int // of the bag or the secret
}

func (m *Model) tell(u *unitState, h *hook) (told, error) {
	app := m.state.Apps[u.App]
	t := told{modified: app.Modified, leaderVersion: app.LeaderVersion, boot: m.state.Machines[u.Machine].Boot}
	var err error
	if t.configHash, err = m.configHash(u); err != nil {
		return told{}, err
	}
	if relation := m.state.Relations[strconv.Itoa(h.RelationID)]; h.InRelation && relation != nil {
		switch {
		case h.RemoteUnit != "" && relation.Bags[h.RemoteUnit] != nil:
			t.version = relation.Bags[h.RemoteUnit].Version
		case h.RemoteUnit == "":
			t.version = relation.AppBags[h.RemoteApp].Version
		}
	}
	if secret := m.state.Secrets[h.SecretID]; secret != nil {
		t.version = secret.Latest
	}
	return t, nil
}

// done records that a hook has run (or was skipped because the charm has none). The caller holds m.mu.
func (m *Model) done(u *unitState, h *hook, t told) {
	if len(u.Asked) > 0 && u.Asked[0] == h.Name {
		u.Asked = u.Asked[1:]
	}
	if h.InRelation {
		m.relationDone(u, h, t)
		return
	}
	switch h.Kind {
	case "install":
		u.Installed, u.ModifiedSeen = true, t.modified
	case "upgrade-charm":
		u.ModifiedSeen, u.ConfigForced = t.modified, true
	case "config-changed":
		u.ConfigSeen, u.ConfigForced, u.ConfigBoot = t.configHash, false, t.boot
	case "start":
		u.Started, u.BootSeen = true, t.boot
	case "leader-elected":
		u.LeaderTold, u.LeaderSeen = true, t.leaderVersion
	case "leader-settings-changed":
		u.LeaderSeen = t.leaderVersion
	case "secret-changed":
		if local := u.Secrets[h.SecretID]; local != nil {
			local.Told = t.version
		}
	case "stop":
		u.Stopped = true
	case "remove":
		m.dropUnit(u)
	}
}

func (m *Model) relationDone(u *unitState, h *hook, t told) {
	key := strconv.Itoa(h.RelationID)
	relation, local := m.state.Relations[key], u.Relations[key]
	if relation == nil || local == nil {
		return
	}
	switch h.Kind {
	case "relation-created":
		local.Created = true
	case "relation-joined":
		local.Members[h.RemoteUnit], local.ChangedPending = t.version, h.RemoteUnit
	case "relation-changed":
		if h.RemoteUnit == "" {
			local.AppVersion = t.version
			return
		}
		local.Members[h.RemoteUnit], local.ChangedPending = t.version, ""
	case "relation-departed":
		delete(local.Members, h.RemoteUnit)
	case "relation-broken":
		delete(u.Relations, key)
		delete(relation.InScope, u.Name)
		m.collectRelation(relation)
	}
}
