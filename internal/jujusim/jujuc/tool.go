package jujuc

import (
	"fmt"
	"io"
	"net/rpc"
	"os"
)

// RunTool is the whole of a hook tool: it sends its arguments to the agent that the environment names and passes on the
// answer. It returns the exit status. Standard input is read only when the agent asks for it.
func RunTool(name string, args []string, getenv func(string) string, stdin io.Reader, stdout, stderr io.Writer) int {
	answer, err := call(name, args, getenv, stdin)
	if err != nil {
		fmt.Fprintf(stderr, "ERROR %v\n", err)
		return 1
	}
	// The reader may be gone; a tool has nobody to tell.
	_, _ = stdout.Write(answer.Stdout)
	_, _ = stderr.Write(answer.Stderr)
	return answer.Code
}

func call(name string, args []string, getenv func(string) string, stdin io.Reader) (Response, error) {
	contextID := getenv("JUJU_CONTEXT_ID")
	if contextID == "" {
		return Response{}, fmt.Errorf("JUJU_CONTEXT_ID not set")
	}
	network, address := getenv("JUJU_AGENT_SOCKET_NETWORK"), getenv("JUJU_AGENT_SOCKET_ADDRESS")
	if network == "" || address == "" {
		return Response{}, fmt.Errorf("JUJU_AGENT_SOCKET_ADDRESS or JUJU_AGENT_SOCKET_NETWORK not set")
	}
	dir, err := os.Getwd()
	if err != nil {
		return Response{}, fmt.Errorf("cannot find the working directory: %w", err)
	}
	client, err := rpc.Dial(network, address)
	if err != nil {
		return Response{}, err
	}
	defer client.Close()
	request := Request{ContextId: contextID, Dir: dir, CommandName: name, Args: args, Via: ViaExec}
	var answer Response
	err = client.Call(method, request, &answer)
	if err != nil && err.Error() == NoStdin {
		request.StdinSet = true
		if request.Stdin, err = io.ReadAll(stdin); err != nil {
			return Response{}, fmt.Errorf("cannot read standard input: %w", err)
		}
		answer = Response{}
		err = client.Call(method, request, &answer)
	}
	return answer, err
}
