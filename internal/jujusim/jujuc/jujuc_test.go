package jujuc

import (
	"bytes"
	"errors"
	"net"
	"net/rpc"
	"path/filepath"
	"strings"
	"testing"
)

// serve answers on a socket of its own and returns the environment that leads there.
func serve(t *testing.T, handle Handler) (getenv func(string) string, server *Server) {
	t.Helper()
	path := filepath.Join(t.TempDir(), "s")
	listener, err := net.Listen("unix", path)
	if err != nil {
		t.Fatal(err)
	}
	server, err = Serve(listener, handle)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(server.Close)
	env := map[string]string{"JUJU_CONTEXT_ID": "ctx", "JUJU_AGENT_SOCKET_NETWORK": "unix", "JUJU_AGENT_SOCKET_ADDRESS": path}
	return func(name string) string { return env[name] }, server
}

func TestAToolPassesOnItsArgumentsAndTheAnswer(t *testing.T) {
	var got Request
	getenv, _ := serve(t, func(r Request) (Response, error) {
		got = r
		return Response{Code: 2, Stdout: []byte("out"), Stderr: []byte("err")}, nil
	})
	var stdout, stderr bytes.Buffer
	code := RunTool("config-get", []string{"a", "b"}, getenv, strings.NewReader("unread"), &stdout, &stderr)
	if code != 2 || stdout.String() != "out" || stderr.String() != "err" {
		t.Errorf("got %d %q %q", code, stdout.String(), stderr.String())
	}
	if got.CommandName != "config-get" || len(got.Args) != 2 || got.ContextId != "ctx" || got.Dir == "" || got.Via != ViaExec || got.StdinSet {
		t.Errorf("the agent saw %+v", got)
	}
}

func TestStandardInputIsSentWhenTheAgentAsksForIt(t *testing.T) {
	calls := 0
	getenv, _ := serve(t, func(r Request) (Response, error) {
		calls++
		if !r.StdinSet {
			return Response{}, errors.New(NoStdin)
		}
		return Response{Stdout: r.Stdin}, nil
	})
	var stdout, stderr bytes.Buffer
	code := RunTool("relation-set", []string{"--file", "-"}, getenv, strings.NewReader("a: b"), &stdout, &stderr)
	if code != 0 || stdout.String() != "a: b" || calls != 2 {
		t.Errorf("got %d %q after %d calls: %s", code, stdout.String(), calls, stderr.String())
	}
}

func TestFailuresOfTheCallItselfArePrintedAsErrors(t *testing.T) {
	getenv, server := serve(t, func(Request) (Response, error) { return Response{}, errors.New("bad request: unknown command: x") })
	cases := map[string]func(string) string{
		"ERROR bad request: unknown command: x\n": getenv,
		"ERROR JUJU_CONTEXT_ID not set\n":         func(string) string { return "" },
		"ERROR JUJU_AGENT_SOCKET_ADDRESS or JUJU_AGENT_SOCKET_NETWORK not set\n": func(name string) string {
			if name == "JUJU_CONTEXT_ID" {
				return "x"
			}
			return ""
		},
	}
	for want, env := range cases {
		var stdout, stderr bytes.Buffer
		if code := RunTool("x", nil, env, strings.NewReader(""), &stdout, &stderr); code != 1 || stderr.String() != want {
			t.Errorf("got %d %q, want 1 %q", code, stderr.String(), want)
		}
	}
	server.Close()
	var stdout, stderr bytes.Buffer
	if code := RunTool("x", nil, getenv, strings.NewReader(""), &stdout, &stderr); code != 1 {
		t.Errorf("a closed socket gave %d", code)
	}
}

func TestAClientWithoutOurOwnFieldIsServed(t *testing.T) {
	getenv, _ := serve(t, func(r Request) (Response, error) { return Response{Stdout: []byte(r.CommandName + r.Via)}, nil })
	client, err := rpc.Dial("unix", getenv("JUJU_AGENT_SOCKET_ADDRESS"))
	if err != nil {
		t.Fatal(err)
	}
	defer client.Close()
	for range 3 {
		var answer struct {
			Code   int
			Stdout []byte
		}
		request := struct{ ContextId, CommandName string }{"ctx", "is-leader"}
		if err := client.Call("Jujuc.Main", request, &answer); err != nil || string(answer.Stdout) != "is-leader" {
			t.Fatalf("got %q, %v", answer.Stdout, err)
		}
	}
}
