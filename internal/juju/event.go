package juju

import (
	"fmt"
	"path"
	"strings"
)

// EventKind tells hooks from actions.
type EventKind string

// What Juju starts the charm for.
const (
	Hook   EventKind = "hook"
	Action EventKind = "action"
)

// Phase is the part of a relation hook's name after "-relation-". It is empty for every other event.
type Phase string

// The phases of a relation.
const (
	Created  Phase = "created"
	Joined   Phase = "joined"
	Changed  Phase = "changed"
	Departed Phase = "departed"
	Broken   Phase = "broken"
)

// Event is what this invocation was started for.
type Event struct {
	Kind EventKind
	Name string // config-changed, kube-control-relation-joined; for an action its name: pause

	// For relation hooks.
	Phase         Phase
	Relation      string // endpoint
	RelationID    string // kube-control:3
	RemoteUnit    string // empty in -created and -broken, and where only application data changed
	RemoteApp     string
	DepartingUnit string // only in -departed; this unit's own name when it is this unit that goes

	// For actions.
	ActionName string
	ActionID   string

	// For secret hooks.
	SecretID string
}

// ParseEvent finds out which hook or action the process was started for. With a dispatch file (Juju 2.8 and newer)
// JUJU_DISPATCH_PATH says so and argv[0] says nothing; before, the link's own path does: hooks/install, actions/pause.
func ParseEvent(argv0 string, getenv func(string) string) (Event, error) {
	where := getenv("JUJU_DISPATCH_PATH")
	if where == "" {
		where = argv0
	}
	where = path.Clean(where)
	name, dir := path.Base(where), path.Base(path.Dir(where))
	switch dir {
	case "hooks":
		return hookEvent(name, getenv), nil
	case "actions":
		e := Event{Kind: Action, Name: name, ActionName: getenv("JUJU_ACTION_NAME"), ActionID: getenv("JUJU_ACTION_UUID")}
		if e.ActionName == "" {
			e.ActionName = name
		}
		return e, nil
	}
	return Event{}, fmt.Errorf("cannot tell the event: %w: %q is neither below hooks nor below actions", ErrNotInHook, where)
}

func hookEvent(name string, getenv func(string) string) Event {
	e := Event{Kind: Hook, Name: name, SecretID: getenv("JUJU_SECRET_ID")}
	at := strings.LastIndex(name, "-relation-")
	if at < 0 {
		return e
	}
	switch phase := Phase(name[at+len("-relation-"):]); phase {
	case Created, Joined, Changed, Departed, Broken:
		e.Phase = phase
	default:
		return e
	}
	e.Relation = name[:at]
	e.RelationID = getenv("JUJU_RELATION_ID")
	e.RemoteUnit = getenv("JUJU_REMOTE_UNIT")
	e.RemoteApp = getenv("JUJU_REMOTE_APP")
	if e.Phase == Departed {
		e.DepartingUnit = getenv("JUJU_DEPARTING_UNIT")
	}
	return e
}

// Restricted reports whether Juju refuses most tools in this hook. The charm then exits at once with success.
func (e Event) Restricted() bool {
	return e.Kind == Hook && (e.Name == "collect-metrics" || e.Name == "meter-status-changed")
}
