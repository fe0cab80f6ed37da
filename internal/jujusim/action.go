package jujusim

import (
	"context"
	"fmt"
	"maps"
	"slices"
	"strconv"
	"strings"
	"unicode/utf8"
)

// actionRun is one action while it runs.
type actionRun struct {
	id      int
	name    string
	params  map[string]any
	results map[string]any
	failed  bool
	message string
	log     []string
}

// ActionResult is the outcome of an action as juju run reports it.
type ActionResult struct {
	ID      int            `json:"id"`
	Status  string         `json:"status"` // completed or failed
	Message string         `json:"message,omitempty"`
	Results map[string]any `json:"results"`
	Log     []string       `json:"log,omitempty"`
	Code    int            `json:"return-code"`
	Stdout  string         `json:"stdout,omitempty"`
	Stderr  string         `json:"stderr,omitempty"`
}

// RunAction runs an action on a unit and returns its outcome; a failed action is no error. Settle runs what follows
// from it.
func (m *Model) RunAction(ctx context.Context, unit, name string, params map[string]any) (ActionResult, error) {
	m.running.Lock()
	defer m.running.Unlock()
	m.mu.Lock()
	u, spec, err := m.readyForAction(unit)
	if err == nil {
		params, err = m.actionParams(u, name, params)
	}
	m.mu.Unlock()
	if err != nil {
		return ActionResult{}, err
	}
	p, err := m.place(ctx, spec)
	if err != nil {
		return ActionResult{}, err
	}
	m.mu.Lock()
	action := &actionRun{id: m.state.NextAction, name: name, params: params, results: map[string]any{}}
	m.state.NextAction++
	c := m.newContext(p, u, hook{}, action)
	err = m.installTools(p, unit)
	m.mu.Unlock()
	if err != nil {
		return ActionResult{}, err
	}
	argv0, found := c.executable()
	var end ending
	if found {
		if end, err = m.execute(ctx, c, argv0); err != nil {
			return ActionResult{}, err
		}
	}
	m.mu.Lock()
	defer m.mu.Unlock()
	record := HookRecord{Unit: unit, Action: name, Time: m.options.Now().UTC(), Outcome: Succeeded}
	result := m.finishAction(c, found, end, &record)
	if err := m.finishRecord(c, end.report, &record); err != nil {
		return ActionResult{}, err
	}
	m.progress("%s", describe(record))
	return result, nil
}

func (m *Model) readyForAction(unit string) (*unitState, MachineSpec, error) {
	u, err := m.unit(unit)
	if err != nil {
		return nil, MachineSpec{}, err
	}
	if !u.Installed || m.state.Apps[u.App].Companion != "" {
		return nil, MachineSpec{}, fmt.Errorf("cannot run an action on %s: it is not installed", unit)
	}
	return u, m.state.Machines[u.Machine].Spec, nil
}

func (m *Model) actionParams(u *unitState, name string, params map[string]any) (map[string]any, error) {
	read, err := m.charmOf(m.state.Apps[u.App])
	if err != nil {
		return nil, err
	}
	spec, ok := read.Actions().ActionSpecs[name]
	if !ok {
		return nil, fmt.Errorf("cannot run action: action %q not defined on unit %q", name, u.Name)
	}
	if params == nil {
		params = map[string]any{}
	}
	if err := spec.ValidateParams(params); err != nil {
		return nil, fmt.Errorf("cannot run action %s: %w", name, err)
	}
	params, err = spec.InsertDefaults(params)
	if err != nil {
		return nil, fmt.Errorf("cannot run action %s: %w", name, err)
	}
	return params, nil
}

func (m *Model) finishAction(c *hookContext, found bool, end ending, record *HookRecord) ActionResult {
	action := c.action
	result := ActionResult{
		ID: action.id, Status: "completed", Results: action.results, Log: action.log,
		Stdout: string(end.stdout), Stderr: string(end.stderr), Code: end.report.Exit,
	}
	switch {
	case !found:
		result.Status, result.Message = "failed", fmt.Sprintf("action not implemented on unit %q", c.unit.Name)
	case end.report.Exit != 0 || end.killed || end.report.Signal != 0:
		// The exit status replaces whatever action-fail said.
		result.Status, result.Message = "failed", failure(end.report)
	default:
		c.flush()
		if action.failed {
			result.Status, result.Message = "failed", action.message
		}
	}
	if end.killed {
		record.Outcome = Killed
	} else if result.Status == "failed" {
		record.Outcome = HookFailed
	}
	return result
}

func notInAction(c *hookContext) error {
	if c.action == nil {
		return failed("not running an action")
	}
	return nil
}

func actionGet(c *hookContext, call *toolCall) (any, error) {
	if err := notInAction(c); err != nil {
		return nil, err
	}
	if len(call.args) == 0 {
		return c.action.params, nil
	}
	var value any = c.action.params
	for _, part := range strings.Split(call.args[0], ".") {
		inner, ok := value.(map[string]any)
		if !ok {
			return nil, nil
		}
		value = inner[part]
	}
	return value, nil
}

func actionSet(c *hookContext, call *toolCall) (any, error) {
	if err := notInAction(c); err != nil {
		return nil, err
	}
	values, err := pairs(call.args)
	if err != nil {
		return nil, err
	}
	for _, key := range slices.Sorted(maps.Keys(values)) {
		if slices.Contains([]string{"stdout", "stderr", "stdout-encoding", "stderr-encoding"}, key) {
			return nil, usage("cannot set reserved action key %q", key)
		}
		for _, part := range strings.Split(key, ".") {
			if !isResultKey(part) {
				return nil, usage("key %q must start and end with lowercase alphanumeric, and contain only lowercase alphanumeric and hyphens", part)
			}
		}
		setNested(c.action.results, strings.Split(key, "."), values[key])
	}
	return nil, nil
}

func isResultKey(part string) bool {
	if part == "" || part[0] == '-' || part[len(part)-1] == '-' {
		return false
	}
	return strings.Trim(part, "abcdefghijklmnopqrstuvwxyz0123456789-") == ""
}

func setNested(into map[string]any, path []string, value string) {
	for ; len(path) > 1; path = path[1:] {
		inner, ok := into[path[0]].(map[string]any)
		if !ok {
			inner = map[string]any{}
			into[path[0]] = inner
		}
		into = inner
	}
	into[path[0]] = value
}

func actionFail(c *hookContext, call *toolCall) (any, error) {
	if err := notInAction(c); err != nil {
		return nil, err
	}
	if len(call.args) > 1 {
		return nil, usage("unrecognized args: %s", quoteList(call.args[1:]))
	}
	c.action.failed = true
	c.action.message = "action failed without reason given, check action for errors"
	if len(call.args) == 1 && call.args[0] != "" {
		c.action.message = call.args[0]
	}
	return nil, nil
}

func actionLog(c *hookContext, call *toolCall) (any, error) {
	if err := notInAction(c); err != nil {
		return nil, err
	}
	if len(call.args) == 0 {
		return nil, usage("no message specified")
	}
	message := strings.Join(call.args, " ")
	if !utf8.ValidString(message) {
		return nil, failed("message is not valid UTF-8")
	}
	c.action.log = append(c.action.log, message)
	c.m.progress("%s: action %d: %s", c.unit.Name, c.action.id, message)
	return nil, nil
}

func (c *hookContext) relationID() string {
	return strings.TrimSuffix(c.hook.Name, "-"+c.hook.Kind) + ":" + strconv.Itoa(c.hook.RelationID)
}
