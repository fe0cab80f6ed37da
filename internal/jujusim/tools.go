package jujusim

import (
	"errors"
	"os"
	"path/filepath"
	"sync"

	"kubernetes-worker/internal/jujusim/jujuc"
)

// tool is one hook tool. A tool answers with a value to be formatted, or with text that is printed as it is.
type tool struct {
	since  func(Generation) bool // nil: in every generation
	format string                // default of --format; empty: the tool has none
	flags  flagSpec
	run    func(c *hookContext, call *toolCall) (any, error)
}

type toolCall struct {
	flags
	request jujuc.Request
	format  string
}

// verbatim is output that no formatter touches.
type verbatim string

var hookTools = sync.OnceValue(func() map[string]tool {
	oneRelation := [][]string{{"-r", "--relation"}}
	leader := func(g Generation) bool { return g.LeaderSettings }
	secrets := func(g Generation) bool { return g.Secrets }
	old := func(g Generation) bool { return g.OldTools }
	tools := map[string]tool{
		"config-get":              {format: "smart", flags: flagSpec{switches: [][]string{{"--all", "-a"}}}, run: configGet},
		"relation-ids":            {format: "smart", run: relationIDs},
		"relation-list":           {format: "smart", flags: flagSpec{values: oneRelation, switches: [][]string{{"--app"}}}, run: relationList},
		"relation-get":            {format: "smart", flags: flagSpec{values: oneRelation, switches: [][]string{{"--app"}}}, run: relationGet},
		"relation-set":            {flags: flagSpec{values: append([][]string{{"--file"}, {"--format"}}, oneRelation...), switches: [][]string{{"--app"}}}, run: relationSet},
		"relation-model-get":      {since: func(g Generation) bool { return g.RelationModel }, format: "smart", flags: flagSpec{values: oneRelation}, run: relationModelGet},
		"unit-get":                {format: "smart", run: unitGet},
		"network-get":             {format: "smart", flags: flagSpec{values: oneRelation, switches: [][]string{{"--bind-address"}, {"--ingress-address"}, {"--egress-subnets"}, {"--primary-address"}}}, run: networkGet},
		"status-set":              {flags: flagSpec{switches: [][]string{{"--application"}}}, run: statusSet},
		"status-get":              {format: "smart", flags: flagSpec{switches: [][]string{{"--include-data"}, {"--application"}}}, run: statusGet},
		"application-version-set": {run: applicationVersionSet},
		"juju-log":                {flags: flagSpec{values: [][]string{{"-l", "--log-level"}, {"--format"}}, switches: [][]string{{"--debug"}}}, run: jujuLog},
		"open-port":               {flags: flagSpec{values: [][]string{{"--endpoints"}, {"--format"}}}, run: openPort},
		"close-port":              {flags: flagSpec{values: [][]string{{"--endpoints"}, {"--format"}}}, run: closePort},
		"opened-ports":            {format: "smart", flags: flagSpec{switches: [][]string{{"--endpoints"}}}, run: openedPorts},
		"is-leader":               {format: "smart", run: isLeader},
		"leader-get":              {since: leader, format: "smart", run: leaderGet},
		"leader-set":              {since: leader, run: leaderSet},
		"resource-get":            {run: resourceGet},
		"goal-state":              {format: "yaml", run: goalState},
		"state-get":               {format: "smart", flags: flagSpec{switches: [][]string{{"--strict"}}}, run: stateGet},
		"state-set":               {flags: flagSpec{values: [][]string{{"--file"}}}, run: stateSet},
		"state-delete":            {run: stateDelete},
		"juju-reboot":             {flags: flagSpec{switches: [][]string{{"--now"}}}, run: jujuReboot},
		"action-get":              {format: "smart", run: actionGet},
		"action-set":              {run: actionSet},
		"action-fail":             {run: actionFail},
		"action-log":              {run: actionLog},
		"secret-get":              {since: secrets, format: "yaml", flags: flagSpec{values: [][]string{{"--label"}}, switches: [][]string{{"--refresh"}, {"--peek"}}}, run: secretGet},
		"secret-info-get":         {since: secrets, format: "yaml", flags: flagSpec{values: [][]string{{"--label"}}}, run: secretInfoGet},
		"secret-ids":              {since: secrets, format: "smart", run: secretIDs},
		"credential-get":          {format: "smart", run: credentialGet},
		"storage-list":            {format: "smart", run: storageList},
		"add-metric":              {since: old, run: addMetric},
	}
	for _, name := range []string{"storage-get", "storage-add"} {
		tools[name] = tool{run: notSimulated}
	}
	for _, name := range []string{"secret-add", "secret-set", "secret-remove", "secret-grant", "secret-revoke"} {
		tools[name] = tool{since: secrets, run: notSimulated}
	}
	for _, name := range []string{"payload-register", "payload-unregister", "payload-status-set",
		"k8s-spec-get", "k8s-spec-set", "k8s-raw-get", "k8s-raw-set", "pod-spec-get", "pod-spec-set"} {
		tools[name] = tool{since: old, run: notSimulated}
	}
	return tools
})

func notSimulated(_ *hookContext, call *toolCall) (any, error) {
	return nil, failed("the simulated Juju does not know %s", call.request.CommandName)
}

// errNoStdin makes the call itself fail, so that the caller repeats it with its standard input.
var errNoStdin = errors.New(jujuc.NoStdin)

// runTool answers one call of a known tool. The caller holds m.mu.
func (c *hookContext) runTool(request jujuc.Request) (jujuc.Response, error) {
	tool := hookTools()[request.CommandName]
	spec := tool.flags
	if tool.format != "" {
		spec.values = append([][]string{{"--format"}, {"-o", "--output"}}, spec.values...)
	}
	spec.switches = append([][]string{{"--help", "-h"}}, spec.switches...)
	call := &toolCall{request: request}
	var err error
	if call.flags, err = spec.parseFlags(request.Args); err != nil {
		return answerError(err)
	}
	if call.switches["--help"] {
		return jujuc.Response{Stdout: []byte("Usage: " + request.CommandName + " [options]\n")}, nil
	}
	call.format = call.value("--format", tool.format)
	if tool.format != "" && call.format != "smart" && call.format != "json" && call.format != "yaml" {
		_, err := render(call.format, nil)
		return answerError(err)
	}
	value, err := tool.run(c, call)
	if err != nil {
		return answerError(err)
	}
	if text, ok := value.(verbatim); ok {
		return jujuc.Response{Stdout: []byte(text)}, nil
	}
	if tool.format == "" {
		return jujuc.Response{}, nil
	}
	output, err := render(call.format, value)
	if err != nil {
		return answerError(err)
	}
	if file := call.value("-o", ""); file != "" {
		if err := os.WriteFile(c.hostPath(request.Dir, file), output, 0o644); err != nil {
			return answerError(failed("%v", err))
		}
		return jujuc.Response{}, nil
	}
	return jujuc.Response{Stdout: output}, nil
}

func answerError(err error) (jujuc.Response, error) {
	if errors.Is(err, errNoStdin) {
		return jujuc.Response{}, err
	}
	code := 1
	var known *toolError
	if errors.As(err, &known) {
		code = known.code
	}
	return jujuc.Response{Code: code, Stderr: []byte("ERROR " + err.Error() + "\n")}, nil
}

// hostPath is a file that the caller of a tool named, as the agent opens it.
func (c *hookContext) hostPath(dir, file string) string {
	if !filepath.IsAbs(file) {
		file = filepath.Join(dir, file)
	}
	return c.place.seen(file)
}

// readFile reads a --file argument; "-" is the caller's standard input.
func (c *hookContext) readFile(call *toolCall, name string) ([]byte, error) {
	if name == "-" {
		if !call.request.StdinSet {
			return nil, errNoStdin
		}
		return call.request.Stdin, nil
	}
	content, err := os.ReadFile(c.hostPath(call.request.Dir, name))
	if err != nil {
		return nil, failed("%v", err)
	}
	return content, nil
}
