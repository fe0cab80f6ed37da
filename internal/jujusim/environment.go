package jujusim

import (
	"maps"
	"slices"
	"strconv"
	"strings"
)

// daemonPath is the PATH of the agent. It lacks /snap/bin, as it often does.
const daemonPath = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"

// environment is the whole environment of a hook or action; nothing is inherited. The caller holds m.mu.
func (m *Model) environment(c *hookContext) []string {
	g, u, spec := m.generation, c.unit, c.place.spec
	env := []string{
		"CHARM_DIR=" + c.charmDir,
		"JUJU_CHARM_DIR=" + c.charmDir,
		"JUJU_CONTEXT_ID=" + c.id,
		"JUJU_HOOK_NAME=" + c.hookName(),
		"JUJU_DISPATCH_PATH=" + c.dispatchPath(),
		"JUJU_AGENT_SOCKET_ADDRESS=" + c.socketAddress,
		"JUJU_AGENT_SOCKET_NETWORK=unix",
		"JUJU_UNIT_NAME=" + u.Name,
		"JUJU_MODEL_UUID=" + m.state.UUID,
		"JUJU_MODEL_NAME=" + m.state.Name,
		"JUJU_API_ADDRESSES=10.0.0.2:17070",
		"JUJU_MACHINE_ID=" + u.Machine,
		"JUJU_PRINCIPAL_UNIT=" + u.Principal,
		"JUJU_AVAILABILITY_ZONE=" + spec.Zone,
		"JUJU_VERSION=" + g.Version,
		"CLOUD_API_VERSION=",
	}
	if g.SLA {
		env = append(env, "JUJU_SLA=unsupported")
	}
	if g.Meter {
		env = append(env, "JUJU_METER_STATUS=AMBER", "JUJU_METER_INFO=not set")
	}
	if g.Trace {
		env = append(env, "JUJU_CHARM_TRACE_CONFIG_HTTP=", "JUJU_CHARM_TRACE_CONFIG_GRPC=", "JUJU_CHARM_TRACE_CONFIG_CA_CERT=")
	}
	env = append(env, m.proxyEnvironment()...)
	env = append(env, c.eventEnvironment()...)
	path := append([]string{c.toolsDir}, spec.PathPrefix...)
	env = append(env,
		"APT_LISTCHANGES_FRONTEND=none", "DEBIAN_FRONTEND=noninteractive", "LANG=C.UTF-8", "TERM=tmux-256color",
		"PATH="+strings.Join(path, ":")+":"+daemonPath)
	if len(spec.Exec) == 0 && spec.Root != "" {
		env = append(env, RootVariable+"="+spec.Root)
	}
	for _, name := range slices.Sorted(maps.Keys(spec.Env)) {
		env = append(env, name+"="+spec.Env[name])
	}
	return env
}

func (m *Model) proxyEnvironment() []string {
	var env []string
	for _, kind := range []string{"http", "https", "ftp", "no"} {
		env = append(env, "JUJU_CHARM_"+strings.ToUpper(kind)+"_PROXY="+m.state.Config["juju-"+kind+"-proxy"])
		if legacy := m.state.Config[kind+"-proxy"]; legacy != "" {
			env = append(env, kind+"_proxy="+legacy, strings.ToUpper(kind)+"_PROXY="+legacy)
		}
	}
	return env
}

// eventEnvironment is what says which event this is.
func (c *hookContext) eventEnvironment() []string {
	if c.action != nil {
		return []string{
			"JUJU_ACTION_NAME=" + c.action.name,
			"JUJU_ACTION_UUID=" + strconv.Itoa(c.action.id),
			"JUJU_ACTION_TAG=action-" + strconv.Itoa(c.action.id),
		}
	}
	var env []string
	if c.hook.InRelation {
		endpoint := strings.TrimSuffix(c.hook.Name, "-"+c.hook.Kind)
		env = append(env,
			"JUJU_RELATION="+endpoint,
			"JUJU_RELATION_ID="+endpoint+":"+strconv.Itoa(c.hook.RelationID),
			"JUJU_REMOTE_UNIT="+c.hook.RemoteUnit,
			"JUJU_REMOTE_APP="+c.hook.RemoteApp)
		if c.hook.Departing != "" {
			env = append(env, "JUJU_DEPARTING_UNIT="+c.hook.Departing)
		}
	}
	if c.hook.SecretID != "" {
		env = append(env, "JUJU_SECRET_ID=secret:"+c.hook.SecretID, "JUJU_SECRET_LABEL="+c.secretLabel)
	}
	return env
}

func (c *hookContext) hookName() string {
	if c.action != nil {
		return ""
	}
	return c.hook.Name
}

func (c *hookContext) dispatchPath() string {
	if c.action != nil {
		return "actions/" + c.action.name
	}
	return "hooks/" + c.hook.Name
}
