package jujusim

import (
	"time"
)

type goal struct {
	Status string `json:"status" yaml:"status"`
	Since  string `json:"since,omitempty" yaml:"since,omitempty"`
}

// goalState answers what the model will look like: all units, and what is at the other end of each relation.
func goalState(c *hookContext, _ *toolCall) (any, error) {
	units := map[string]goal{}
	for _, u := range c.m.unitsOf(c.app.Name) {
		units[u.Name] = c.m.goalOf(u)
	}
	relations := map[string]map[string]goal{}
	for _, relation := range c.m.sortedRelations() {
		end, ok := relation.end(c.app.Name)
		if !ok || len(relation.Ends) < 2 || relation.Dying {
			continue
		}
		if relations[end.Endpoint] == nil {
			relations[end.Endpoint] = map[string]goal{}
		}
		remote := relation.remoteApp(c.app.Name)
		relations[end.Endpoint][remote] = goal{Status: "joined", Since: since(c.m.state.Apps[remote].Status.Since)}
		for _, u := range c.m.unitsOf(remote) {
			relations[end.Endpoint][u.Name] = c.m.goalOf(u)
		}
	}
	return map[string]any{"units": units, "relations": relations}, nil
}

func (m *Model) goalOf(u *unitState) goal {
	status := u.Status.State
	switch {
	case u.Dying:
		status = "dying"
	case m.state.Apps[u.App].Companion != "":
		status = "active"
	case !u.Installed && u.Pending == nil:
		status = "allocating"
	case u.Failed:
		status = "error"
	}
	return goal{Status: status, Since: since(u.Status.Since)}
}

func since(t time.Time) string { return t.UTC().Format("2006-01-02 15:04:05Z") }
