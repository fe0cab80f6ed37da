// Package jujuc owns the wire between a hook and the simulated unit agent: the agent's net/rpc service "Jujuc.Main", its
// server and the client that every hook tool is. It knows no tool; what a call means is the handler's business.
package jujuc

// Request is one call of a hook tool. The field names are those of Juju's agent (gob matches by name); Via is our own
// addition, which other clients leave empty.
type Request struct {
	ContextId   string //nolint:revive // the name is the wire format
	Dir         string
	CommandName string
	Args        []string
	StdinSet    bool
	Stdin       []byte
	Token       string
	Via         string
}

// Response is what the tool prints and its exit status.
type Response struct {
	Code   int
	Stdout []byte
	Stderr []byte
}

// ViaExec is the value of Request.Via that the tools on PATH send. Anything else came straight over the socket.
const ViaExec = "exec"

const method = "Jujuc.Main"

// NoStdin is the text of the error that asks the caller to repeat the call with its standard input.
const NoStdin = "hook tool requires stdin, none supplied"
