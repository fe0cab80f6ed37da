package jujutest

import (
	"errors"
	"fmt"
	"io"
	"net"
	"net/rpc"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"kubernetes-worker/internal/juju"
)

// ContextID is the context id that a served Agent accepts.
const ContextID = "kubernetes-worker/0-test-1"

// Request is what travels to the agent's socket, Response what comes back.
type (
	Request struct {
		ContextId   string // the agent's spelling
		Dir         string
		CommandName string
		Args        []string
		StdinSet    bool
		Stdin       []byte
		Token       string
	}
	Response struct {
		Code   int
		Stdout []byte
		Stderr []byte
	}
)

// Jujuc is the agent's RPC service.
type Jujuc struct{ agent *Agent }

// Main runs one tool.
func (j *Jujuc) Main(request Request, response *Response) error {
	if request.ContextId != ContextID {
		return fmt.Errorf("bad request: unknown context %q", request.ContextId)
	}
	if !filepath.IsAbs(request.Dir) {
		return errors.New("bad request: Dir is not absolute")
	}
	result, err := j.agent.run(request.CommandName, request.Args, request.Stdin, request.StdinSet)
	*response = Response(result)
	return err
}

// Serve answers on a unix socket until the test ends, and returns its path.
func Serve(t testing.TB, agent *Agent) string {
	t.Helper()
	server := rpc.NewServer()
	if err := server.Register(&Jujuc{agent: agent}); err != nil {
		t.Fatal(err)
	}
	return Listen(t, func(conn net.Conn) { server.ServeConn(conn) })
}

// Listen hands every connection to a unix socket to handle, until the test ends, and returns the socket's path.
func Listen(t testing.TB, handle func(net.Conn)) string {
	t.Helper()
	// Paths of sockets are limited to some hundred bytes, which t.TempDir's may exceed.
	dir, err := os.MkdirTemp("", "agent")
	if err != nil {
		t.Fatal(err)
	}
	path := filepath.Join(dir, "agent.socket")
	listener, err := net.Listen("unix", path)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := errors.Join(listener.Close(), os.RemoveAll(dir)); err != nil {
			t.Error(err)
		}
	})
	go func() {
		for {
			conn, err := listener.Accept()
			if err != nil {
				return // closed: the test is over
			}
			go handle(conn)
		}
	}()
	return path
}

// InstallTools fills a directory with the agent's tools, links to the test binary, and returns it. The test binary must
// call RunTool first thing in its TestMain.
func InstallTools(t testing.TB, agent *Agent) string {
	t.Helper()
	self, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	dir := t.TempDir()
	for _, tool := range Tools {
		if agent.Absent[tool] {
			continue
		}
		if err := os.Symlink(self, filepath.Join(dir, tool)); err != nil {
			t.Fatal(err)
		}
	}
	return dir
}

// RunTool behaves as a hook tool and ends the process, if the process was started by a tool's name; otherwise it
// returns at once.
func RunTool() {
	tool := filepath.Base(os.Args[0])
	if !slices.Contains(Tools[:], tool) {
		return
	}
	code, err := dialAndRun(tool)
	if err != nil {
		fmt.Fprintln(os.Stderr, "ERROR "+err.Error())
		code = 1
	}
	os.Exit(code)
}

func dialAndRun(tool string) (int, error) {
	client, err := rpc.Dial(os.Getenv("JUJU_AGENT_SOCKET_NETWORK"), os.Getenv("JUJU_AGENT_SOCKET_ADDRESS"))
	if err != nil {
		return 0, err
	}
	dir, err := os.Getwd()
	if err != nil {
		return 0, err
	}
	request := Request{ContextId: os.Getenv("JUJU_CONTEXT_ID"), Dir: dir, CommandName: tool, Args: os.Args[1:]}
	var response Response
	err = client.Call("Jujuc.Main", request, &response)
	if err != nil && strings.Contains(err.Error(), errNoStdin.Error()) {
		request.StdinSet = true
		if request.Stdin, err = io.ReadAll(os.Stdin); err != nil {
			return 0, err
		}
		err = client.Call("Jujuc.Main", request, &response)
	}
	if err != nil {
		return 0, err
	}
	_, outErr := os.Stdout.Write(response.Stdout)
	_, errErr := os.Stderr.Write(response.Stderr)
	return response.Code, errors.Join(outErr, errErr, client.Close())
}

// Environment returns a hook's variables for the agent, to be changed and looked up by ReadEnvironment. Without socket
// only the tools in path reach it.
func Environment(unit, socket, path, charmDir string) map[string]string {
	vars := map[string]string{
		"JUJU_UNIT_NAME": unit, "JUJU_CONTEXT_ID": ContextID, "JUJU_VERSION": "3.6.1", "JUJU_CHARM_DIR": charmDir,
		"JUJU_MODEL_NAME": "default", "JUJU_MODEL_UUID": "11111111-2222-4333-8444-555555555555", "JUJU_MACHINE_ID": "3",
		"PATH": path,
	}
	if socket != "" {
		vars["JUJU_AGENT_SOCKET_NETWORK"], vars["JUJU_AGENT_SOCKET_ADDRESS"] = "unix", socket
	}
	return vars
}

var _ juju.Transport = (*Agent)(nil)
