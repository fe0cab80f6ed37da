package juju

import (
	"maps"
	"slices"

	"kubernetes-worker/internal/relation"
)

// Remembered is what one session learned that the next ones may use. It holds no secrets: own bags hold names, groups
// and requests, and of remote bags only those of the endpoints in Options.Open are kept.
//
// The version is used by every session; it is what this unit sent last. The rest is used only where a call costs a
// process and only in update-status, which Juju runs when nothing happened. It is safe there because
//   - every change of a relation, an address or a port reaches the unit by a hook of its own (relation hooks,
//     config-changed), a failed one is repeated before any update-status runs, and those hooks read everything;
//   - an own bag or the ports are kept only as a hook read them from Juju, in a session that wrote nothing to them
//     afterwards. What a session wrote is forgotten and read back by the next one, since the flush at the hook's end,
//     which comes after the state was saved, may fail;
//   - a remembered relation or unit that is gone nevertheless shows itself where its data has to be read: that fails, and
//     the endpoint is read again.
//
// The unit's status is not kept, since a hook that failed may have changed it; status-get knows it.
type Remembered struct {
	// Agent is the version of Juju this was learned from. A new agent may answer differently: everything is read again.
	Agent string `json:"agent,omitempty"`
	// ApplicationVersion is what was sent last.
	ApplicationVersion string `json:"application-version,omitempty"`
	// Relations holds the relation ids of each endpoint.
	Relations map[string][]string `json:"relations,omitempty"`
	// Units holds the remote units by relation id and name, each with its data, null where that is not kept.
	Units map[string]map[string]relation.Bag `json:"units,omitempty"`
	// Own holds this unit's bags by relation id.
	Own            map[string]relation.Bag `json:"own,omitempty"`
	PublicAddress  string                  `json:"public-address,omitempty"`
	PrivateAddress string                  `json:"private-address,omitempty"`
	Networks       map[string]Network      `json:"networks,omitempty"`
	// LeaderSettings are what the leader has published; nil where they are not known. A change of them by another unit
	// comes by a hook of its own, leader-settings-changed, and one by this unit is read back.
	LeaderSettings map[string]string `json:"leader-settings"`
	// OpenedPorts is nil where they are not known.
	OpenedPorts []string `json:"opened-ports"`
}

func newRemembered(env Environment) Remembered {
	return Remembered{
		Agent: env.Version, Relations: map[string][]string{}, Units: map[string]map[string]relation.Bag{},
		Own: map[string]relation.Bag{}, Networks: map[string]Network{},
	}
}

// Remembered returns what to give to the next session's Open. Take it after Commit.
func (s *Session) Remembered() *Remembered {
	r := s.remembered
	r.Relations, r.Units, r.Own, r.Networks = maps.Clone(r.Relations), maps.Clone(r.Units), maps.Clone(r.Own), maps.Clone(r.Networks)
	r.OpenedPorts = slices.Clone(r.OpenedPorts)
	r.LeaderSettings = maps.Clone(r.LeaderSettings)
	return &r
}

// trusted returns what may stand for a reading now, nil for nothing.
func (s *Session) trusted() *Remembered {
	if s.event.Kind == Hook && s.event.Name == "update-status" && s.transport.Name() == ExecName {
		return s.before
	}
	return nil
}
