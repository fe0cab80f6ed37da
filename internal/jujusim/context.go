package jujusim

import (
	"fmt"
	"maps"
	"slices"
	"strconv"
	"strings"

	"kubernetes-worker/internal/jujusim/jujuc"
)

// hookContext is one run of one hook or action: what its tools may see, and what they wrote and is not flushed yet.
type hookContext struct {
	m     *Model
	unit  *unitState
	app   *appState
	place place

	hook   hook
	action *actionRun // nil in hooks

	id            string
	charmDir      string // as the hook sees it
	toolsDir      string
	socketAddress string
	shortDir      string // holds the socket where its proper path is too long; goes with the hook
	secretLabel   string

	relations map[string]map[string]string // pending own bag values by relation number; "" deletes
	appBags   map[string]map[string]string // pending application bag values
	remote    map[string]map[string]string // remote bags as first seen in this hook
	opened    []portRange
	closed    []portRange
	keyValues map[string]*string // pending state-set; nil deletes
	reboot    bool
	rebootNow bool
	kill      func()

	calls   map[string]map[string]int
	flushed []string
}

// newContext makes the context of one run. The caller holds m.mu.
func (m *Model) newContext(p place, u *unitState, h hook, action *actionRun) *hookContext {
	u.ContextCounter++
	what := h.Name
	if action != nil {
		what = "run-action"
	}
	c := &hookContext{
		m: m, unit: u, app: m.state.Apps[u.App], place: p, hook: h, action: action,
		id:       fmt.Sprintf("%s-%s-%d%s", u.Name, what, u.ContextCounter, m.state.UUID[:8]),
		charmDir: p.charmDir(u.Name), toolsDir: p.toolsDir(u.Name),
		relations: map[string]map[string]string{}, appBags: map[string]map[string]string{},
		remote: map[string]map[string]string{}, keyValues: map[string]*string{},
		calls: map[string]map[string]int{},
		kill:  func() {},
	}
	if local := u.Secrets[h.SecretID]; local != nil {
		c.secretLabel = local.Label
	}
	return c
}

// handle answers one tool call.
func (c *hookContext) handle(request jujuc.Request) (jujuc.Response, error) {
	c.m.mu.Lock()
	defer c.m.mu.Unlock()
	if request.ContextId != c.id {
		return jujuc.Response{}, fmt.Errorf("bad request: expected context id %q, got %q", c.id, request.ContextId)
	}
	via := "socket"
	if request.Via == jujuc.ViaExec {
		via = "exec"
	}
	if !c.m.generation.has(request.CommandName) {
		return jujuc.Response{}, fmt.Errorf("bad request: unknown command: %s", request.CommandName)
	}
	answer, err := c.runTool(request)
	if err == nil {
		if c.calls[via] == nil {
			c.calls[via] = map[string]int{}
		}
		c.calls[via][request.CommandName]++
	}
	return answer, err
}

// members are the remote units that the charm has been told of: those whose joined has begun and whose departed has
// not.
func (c *hookContext) members(relation *relationState) []string {
	local := c.unit.Relations[strconv.Itoa(relation.ID)]
	if local == nil {
		return nil
	}
	names := slices.Collect(maps.Keys(local.Members))
	if c.hook.InRelation && c.hook.RelationID == relation.ID {
		switch c.hook.Kind {
		case "relation-joined":
			if !slices.Contains(names, c.hook.RemoteUnit) {
				names = append(names, c.hook.RemoteUnit)
			}
		case "relation-departed":
			names = slices.DeleteFunc(names, func(name string) bool { return name == c.hook.RemoteUnit })
		case "relation-broken":
			names = nil
		}
	}
	slices.Sort(names)
	return names
}

// relation finds a relation by its written id, kube-control:3 or 3, among those this unit is in.
func (c *hookContext) relation(text string) (*relationState, error) {
	number := text
	if _, after, found := strings.Cut(text, ":"); found {
		number = after
	}
	if n, err := strconv.Atoi(number); err != nil || n < 0 {
		return nil, usage(`invalid value %q for option -r: invalid relation id`, text)
	}
	relation := c.m.state.Relations[number]
	if relation == nil || c.unit.Relations[number] == nil {
		return nil, usage(`invalid value %q for option -r: relation not found`, text)
	}
	return relation, nil
}

// hookRelation is the relation named by -r, else the hook's own.
func (c *hookContext) hookRelation(flag string) (*relationState, error) {
	if flag != "" {
		return c.relation(flag)
	}
	if !c.hook.InRelation {
		return nil, usage("no relation id specified")
	}
	return c.relation(strconv.Itoa(c.hook.RelationID))
}

// ownBag is the unit's own bag with what this hook has written.
func (c *hookContext) ownBag(relation *relationState) map[string]string {
	data := map[string]string{}
	if b := relation.Bags[c.unit.Name]; b != nil {
		maps.Copy(data, b.Data)
	}
	return overlay(data, c.relations[strconv.Itoa(relation.ID)])
}

func overlay(data, changes map[string]string) map[string]string {
	for key, value := range changes {
		if value == "" {
			delete(data, key)
		} else {
			data[key] = value
		}
	}
	return data
}

// remoteBag is another unit's bag as it was when this hook first read it.
func (c *hookContext) remoteBag(relation *relationState, unit string) (map[string]string, bool) {
	key := strconv.Itoa(relation.ID) + " " + unit
	if seen := c.remote[key]; seen != nil {
		return seen, true
	}
	known := slices.Contains(c.members(relation), unit) ||
		c.hook.InRelation && c.hook.RelationID == relation.ID && c.hook.RemoteUnit == unit
	b := relation.Bags[unit]
	if !known || b == nil {
		return nil, false
	}
	c.remote[key] = maps.Clone(b.Data)
	return c.remote[key], true
}

func (c *hookContext) isLeader() bool { return c.app.Leader == c.unit.Name }

// flush applies what the hook wrote. The caller holds m.mu.
func (c *hookContext) flush() {
	for _, key := range slices.Sorted(maps.Keys(c.relations)) {
		relation := c.m.state.Relations[key]
		if relation == nil || relation.Bags[c.unit.Name] == nil {
			continue
		}
		own := relation.Bags[c.unit.Name]
		for _, name := range slices.Sorted(maps.Keys(c.relations[key])) {
			if own.Data[name] != c.relations[key][name] {
				c.flushed = append(c.flushed, "relation "+relation.name(c.unit.App)+" "+name)
			}
		}
		own.write(c.relations[key])
	}
	for _, key := range slices.Sorted(maps.Keys(c.appBags)) {
		relation := c.m.state.Relations[key]
		if relation == nil || !relation.AppBags[c.unit.App].write(c.appBags[key]) {
			continue
		}
		c.flushed = append(c.flushed, "relation "+relation.name(c.unit.App)+" application bag")
		// Among peers the writer sees its own application's bag; it is not told of what it wrote.
		if local := c.unit.Relations[key]; local != nil && len(relation.Ends) == 1 {
			local.AppVersion = relation.AppBags[c.unit.App].Version
		}
	}
	before := len(c.unit.Ports)
	c.unit.Ports = c.portsAfter()
	if len(c.opened)+len(c.closed) > 0 && (before != len(c.unit.Ports) || len(c.opened) > 0) {
		c.flushed = append(c.flushed, "ports")
	}
	for _, key := range slices.Sorted(maps.Keys(c.keyValues)) {
		if value := c.keyValues[key]; value == nil {
			delete(c.unit.KeyValues, key)
		} else {
			c.unit.KeyValues[key] = *value
		}
		c.flushed = append(c.flushed, "state "+key)
	}
}
