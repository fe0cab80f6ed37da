package jujutest

import (
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"

	"gopkg.in/yaml.v3"

	"kubernetes-worker/internal/juju"
)

// Tools are the names of the tools that an Agent knows.
var Tools = [...]string{
	"action-fail", "action-get", "action-log", "action-set", "application-version-set", "close-port", "config-get",
	"goal-state", "is-leader", "juju-log", "juju-reboot", "leader-get", "leader-set", "network-get", "open-port",
	"opened-ports", "relation-get", "relation-ids", "relation-list", "relation-set", "resource-get", "secret-get",
	"status-get", "status-set", "unit-get",
}

var (
	errUnknownCommand = errors.New("bad request: unknown command")
	errNoStdin        = errors.New("hook tool requires stdin, none supplied")
)

// usage is a failure with exit code 2, failed one with exit code 1.
type (
	usage  string
	failed string
)

func (e usage) Error() string  { return string(e) }
func (e failed) Error() string { return string(e) }

// run answers a tool. The error is for what the agent refuses before any tool runs.
func (a *Agent) run(tool string, args []string, stdin []byte, stdinSet bool) (juju.Result, error) {
	a.mu.Lock()
	defer a.mu.Unlock()
	if a.Absent[tool] || !slices.Contains(Tools[:], tool) {
		return juju.Result{}, fmt.Errorf("%w: %s", errUnknownCommand, tool)
	}
	line, err := parseLine(args)
	if err == nil && line.flags["file"] == "-" && !stdinSet {
		return juju.Result{}, errNoStdin
	}
	a.calls = append(a.calls, Call{Tool: tool, Args: slices.Clone(args), Stdin: string(stdin)})
	if result, ok := a.Failures[tool]; ok {
		return result, nil
	}
	var out any
	if err == nil {
		out, err = a.answer(tool, line, stdin)
	}
	var wrong usage
	switch {
	case errors.As(err, &wrong):
		return juju.Result{Code: 2, Stderr: []byte("ERROR " + err.Error() + "\n")}, nil
	case err != nil:
		return juju.Result{Code: 1, Stderr: []byte("ERROR " + err.Error() + "\n")}, nil
	}
	switch out := out.(type) {
	case silence:
		return juju.Result{}, nil
	case plainText:
		return juju.Result{Stdout: []byte(out)}, nil
	}
	if line.flags["format"] != "json" {
		return juju.Result{Code: 2, Stderr: []byte("ERROR this stand-in prints JSON only\n")}, nil
	}
	text, err := json.Marshal(out)
	return juju.Result{Stdout: append(text, '\n')}, err
}

type (
	silence   struct{} // a tool that prints nothing
	plainText string   // a tool that prints text as it is
)

type commandLine struct {
	flags map[string]string
	words []string
}

// parseLine splits arguments as the tools do: flags anywhere, with one hyphen or two, until "--".
func parseLine(args []string) (commandLine, error) {
	line := commandLine{flags: map[string]string{}}
	for i := 0; i < len(args); i++ {
		arg := args[i]
		if arg == "--" {
			line.words = append(line.words, args[i+1:]...)
			break
		}
		if arg == "-" || !strings.HasPrefix(arg, "-") {
			line.words = append(line.words, arg)
			continue
		}
		name, value, hasValue := strings.Cut(strings.TrimLeft(arg, "-"), "=")
		switch name {
		case "all", "refresh", "include-data", "app":
			value = "true"
		case "format", "r", "l", "file":
			if !hasValue {
				if i++; i == len(args) {
					return line, usage("option needs an argument: " + arg)
				}
				value = args[i]
			}
		default:
			return line, usage("option provided but not defined: " + arg)
		}
		line.flags[name] = value
	}
	return line, nil
}

func (l commandLine) word(i int) string {
	if i < len(l.words) {
		return l.words[i]
	}
	return ""
}

func (a *Agent) answer(tool string, line commandLine, stdin []byte) (any, error) {
	switch tool {
	case "config-get":
		return a.config(line)
	case "relation-ids", "relation-list", "relation-get", "relation-set":
		return a.relations(tool, line, stdin)
	case "open-port", "close-port":
		a.ports = append(a.ports, portChange{port: line.word(0), open: tool == "open-port"})
		return silence{}, nil
	case "opened-ports":
		return append([]string{}, a.Opened...), nil
	case "unit-get", "network-get":
		return a.addresses(tool, line)
	case "status-set", "status-get":
		return a.status(tool, line)
	case "application-version-set":
		a.ApplicationVersion = line.word(0)
		return silence{}, nil
	case "juju-log":
		if line.word(0) == "" {
			return nil, usage("no message specified")
		}
		a.Log = append(a.Log, line.flags["l"]+" "+strings.Join(line.words, " "))
		return silence{}, nil
	case "juju-reboot":
		if a.InAction {
			return nil, failed("juju-reboot is not supported when running an action.")
		}
		a.RebootAsked = true
		return silence{}, nil
	case "is-leader", "leader-get", "leader-set":
		return a.leadership(tool, line)
	case "goal-state":
		return a.goal()
	case "resource-get":
		path, ok := a.Resources[line.word(0)]
		if !ok {
			return nil, failed("could not download resource: resource not found")
		}
		return plainText(path), nil
	case "secret-get":
		content, ok := a.Secrets[line.word(0)]
		if !ok {
			return nil, failed("permission denied")
		}
		return content, nil
	}
	return a.action(tool, line)
}

func (a *Agent) config(line commandLine) (any, error) {
	if len(line.words) > 0 {
		return a.Config[line.word(0)], nil
	}
	all := maps.Clone(a.Config)
	if line.flags["all"] == "" {
		maps.DeleteFunc(all, func(_ string, v any) bool { return v == nil })
	}
	return all, nil
}

func (a *Agent) addresses(tool string, line commandLine) (any, error) {
	if tool == "network-get" {
		text, ok := a.Networks[line.word(0)]
		if !ok {
			return nil, failed(fmt.Sprintf("no network config found for binding %q", line.word(0)))
		}
		return json.RawMessage(text), nil
	}
	address := map[string]string{"public-address": a.PublicAddress, "private-address": a.PrivateAddress}[line.word(0)]
	if address == "" {
		return nil, failed(strings.ReplaceAll(line.word(0), "-", " ") + " not found")
	}
	return address, nil
}

func (a *Agent) status(tool string, line commandLine) (any, error) {
	if tool == "status-get" {
		if line.flags["include-data"] == "" {
			return string(a.Status.State), nil
		}
		return map[string]any{"status": string(a.Status.State), "message": a.Status.Message, "status-data": map[string]any{}}, nil
	}
	switch state := juju.State(line.word(0)); {
	case !slices.Contains([]juju.State{juju.Maintenance, juju.Blocked, juju.Waiting, juju.Active}, state):
		return nil, usage(fmt.Sprintf("invalid status %q, expected one of [maintenance blocked waiting active]", state))
	case len(line.words) > 2:
		return nil, usage(fmt.Sprintf("unrecognized args: %q", line.words[2:]))
	default:
		a.Status = juju.Status{State: state, Message: line.word(1)}
	}
	return silence{}, nil
}

func (a *Agent) leadership(tool string, line commandLine) (any, error) {
	switch tool {
	case "is-leader":
		return a.Leader, nil
	case "leader-get":
		return a.LeaderSettings, nil
	}
	if !a.Leader {
		return nil, failed("cannot write leadership settings: cannot write settings: not the leader")
	}
	for _, word := range line.words {
		key, value, _ := strings.Cut(word, "=")
		if a.LeaderSettings[key] = value; value == "" {
			delete(a.LeaderSettings, key)
		}
	}
	return silence{}, nil
}

func (a *Agent) goal() (any, error) {
	if a.Goal == "" {
		return map[string]any{"units": map[string]any{}, "relations": map[string]any{}}, nil
	}
	return json.RawMessage(a.Goal), nil
}

func (a *Agent) action(tool string, line commandLine) (any, error) {
	if !a.InAction {
		return nil, failed("not running an action")
	}
	switch tool {
	case "action-get":
		if a.Params == nil {
			return map[string]any{}, nil
		}
		return a.Params, nil
	case "action-set":
		for _, word := range line.words {
			key, value, found := strings.Cut(word, "=")
			if !found {
				return nil, usage(fmt.Sprintf("argument %q must be of the form key...=value", word))
			}
			a.Results[key] = value
		}
	case "action-log":
		a.Progress = append(a.Progress, line.word(0))
	case "action-fail":
		message := line.word(0)
		if message == "" {
			message = "action failed without reason given, check action for errors"
		}
		a.Failure = &message
	}
	return silence{}, nil
}

// settings reads relation-set's file: a YAML map of plain or quoted scalars.
func settings(stdin []byte) (map[string]string, error) {
	var document map[string]yaml.Node
	if err := yaml.Unmarshal(stdin, &document); err != nil {
		return nil, failed("cannot parse file: " + err.Error())
	}
	values := map[string]string{}
	for key, node := range document {
		if node.Kind != yaml.ScalarNode {
			return nil, failed("cannot parse file: value of " + key + " is no string")
		}
		if node.Tag != "!!null" {
			values[key] = node.Value
		} else {
			values[key] = ""
		}
	}
	return values, nil
}
