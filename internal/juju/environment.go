package juju

import (
	"errors"
	"fmt"
	"strconv"
	"strings"
)

// SocketSwitch names the environment variable that, set to "off", keeps the program away from the agent's socket.
const SocketSwitch = "KUBERNETES_WORKER_AGENT_SOCKET"

// ErrNotInHook says that the process was not started by Juju for a hook or an action.
var ErrNotInHook = errors.New("not started by Juju")

// Environment is what Juju's variables say about the unit, the model and the way to reach the agent. It does not change
// during an invocation.
type Environment struct {
	UnitName         string // kubernetes-worker/0
	AppName          string // kubernetes-worker, derived from UnitName
	ModelName        string
	ModelUUID        string
	MachineID        string // 3 or 0/lxd/1
	AvailabilityZone string // may be empty
	CharmDir         string // absolute
	ContextID        string // what the tools and the socket identify this invocation by
	Version          string // of the agent: 3.6.1, may carry -beta1
	HTTPProxy        string // model's juju-http-proxy; empty means none
	HTTPSProxy       string
	NoProxy          string
	OldHTTPProxy     string // model's http-proxy, which is for all processes; empty means none
	OldHTTPSProxy    string
	SocketNetwork    string // "unix", or empty when there is no socket
	SocketAddress    string // a path, or @… for an abstract socket
	SocketOff        bool   // the operator turned the socket off
	Path             string // where the tools are looked for
}

// ReadEnvironment reads the variables of a hook or action. The error is ErrNotInHook where the two without which
// nothing works are missing.
func ReadEnvironment(getenv func(string) string) (Environment, error) {
	e := Environment{
		UnitName:         getenv("JUJU_UNIT_NAME"),
		ModelName:        getenv("JUJU_MODEL_NAME"),
		ModelUUID:        getenv("JUJU_MODEL_UUID"),
		MachineID:        getenv("JUJU_MACHINE_ID"),
		AvailabilityZone: getenv("JUJU_AVAILABILITY_ZONE"),
		CharmDir:         getenv("JUJU_CHARM_DIR"),
		ContextID:        getenv("JUJU_CONTEXT_ID"),
		Version:          getenv("JUJU_VERSION"),
		HTTPProxy:        getenv("JUJU_CHARM_HTTP_PROXY"),
		HTTPSProxy:       getenv("JUJU_CHARM_HTTPS_PROXY"),
		NoProxy:          getenv("JUJU_CHARM_NO_PROXY"),
		OldHTTPProxy:     getenv("http_proxy"),
		OldHTTPSProxy:    getenv("https_proxy"),
		SocketNetwork:    getenv("JUJU_AGENT_SOCKET_NETWORK"),
		SocketAddress:    getenv("JUJU_AGENT_SOCKET_ADDRESS"),
		SocketOff:        getenv(SocketSwitch) == "off",
		Path:             getenv("PATH"),
	}
	if e.CharmDir == "" {
		e.CharmDir = getenv("CHARM_DIR")
	}
	for _, name := range []string{"JUJU_UNIT_NAME", "JUJU_CONTEXT_ID"} {
		if getenv(name) == "" {
			return Environment{}, fmt.Errorf("cannot read Juju's environment: %w: %s is not set", ErrNotInHook, name)
		}
	}
	app, number, found := strings.Cut(e.UnitName, "/")
	if _, err := strconv.ParseUint(number, 10, 31); !found || app == "" || err != nil {
		return Environment{}, fmt.Errorf("cannot read Juju's environment: JUJU_UNIT_NAME %q is no unit name", e.UnitName)
	}
	e.AppName = app
	return e, nil
}

// UnitNumber returns the number in the unit's name.
func (e Environment) UnitNumber() int {
	_, number, _ := strings.Cut(e.UnitName, "/")
	n, err := strconv.Atoi(number)
	if err != nil {
		return 0
	}
	return n
}

// LeavesPrivateAddress reports whether this Juju leaves the key private-address of a unit's bag to the charm; before its
// release 4 it puts it in itself.
func (e Environment) LeavesPrivateAddress() bool {
	major, _, _ := strings.Cut(e.Version, ".")
	n, err := strconv.Atoi(major)
	return err == nil && n >= 4
}
