package juju

import (
	"bufio"
	"context"
	"encoding/gob"
	"errors"
	"fmt"
	"net"
	"reflect"
	"time"
)

// Socket calls the tools inside the unit agent, over the socket that each tool dials itself. The protocol is that of
// net/rpc with its gob codec. It is spoken here by hand: net/rpc would link net/http's server side and html/template,
// and a reader of templates keeps the linker from leaving out unused methods.
type Socket struct {
	network   string
	address   string
	contextID string
	dir       string

	conn   net.Conn
	out    *bufio.Writer
	enc    *gob.Encoder
	dec    *gob.Decoder
	serial uint64
}

// NewSocket returns the transport over the socket that env names. It is dialled at the first call.
func NewSocket(env Environment) *Socket {
	dir := env.CharmDir
	if dir == "" {
		dir = "/"
	}
	return &Socket{network: env.SocketNetwork, address: env.SocketAddress, contextID: env.ContextID, dir: dir}
}

// Name is "socket".
func (s *Socket) Name() string { return SocketName }

// dialTimeout bounds the connecting, which takes a fraction of a millisecond where anyone listens.
const dialTimeout = 2 * time.Second

// The messages; gob matches them with the agent's by field name.
type (
	rpcRequest struct {
		ServiceMethod string
		Seq           uint64
	}
	rpcResponse struct {
		ServiceMethod string
		Seq           uint64
		Error         string
	}
	toolRequest struct {
		ContextId   string // the agent's spelling
		Dir         string
		CommandName string
		Args        []string
		StdinSet    bool
		Stdin       []byte
		Token       string
	}
	toolResponse struct {
		Code   int
		Stdout []byte
		Stderr []byte
	}
)

// errWrongAnswer is an answer that does not belong to the call.
var errWrongAnswer = errors.New("the answer does not belong to the call")

// Call has the agent run the tool. After any error but ErrNoTool the connection is closed, for nobody knows what would
// be read from it next.
func (s *Socket) Call(ctx context.Context, tool string, args []string, stdin []byte) (Result, error) {
	if err := s.dial(ctx); err != nil {
		return Result{}, fmt.Errorf("cannot reach the agent's socket: %w", err)
	}
	conn := s.conn
	// The context's end wakes a read or write by a deadline in the past. An error here means a closed connection, which
	// wakes them too.
	stop := context.AfterFunc(ctx, func() { _ = conn.SetDeadline(time.Unix(1, 0)) })

	s.serial++
	request := toolRequest{
		ContextId: s.contextID, Dir: s.dir, CommandName: tool, Args: args, StdinSet: stdin != nil, Stdin: stdin,
	}
	refusal, response, err := s.exchange(rpcRequest{ServiceMethod: "Jujuc.Main", Seq: s.serial}, request)
	switch stopped := stop(); {
	case !stopped: // even an answer that just came leaves a connection past its deadline
		return Result{}, s.broken(tool, ctx.Err())
	case err != nil:
		return Result{}, s.broken(tool, err)
	case unknownCommand(refusal):
		return Result{}, fmt.Errorf("cannot run %s: %w", tool, ErrNoTool)
	case refusal != "":
		return Result{}, s.broken(tool, errors.New(shorten(refusal, longestMessage)))
	}
	return Result(response), nil
}

// exchange sends one request and reads its answer: a refusal by the agent's dispatcher, or the tool's response.
func (s *Socket) exchange(head rpcRequest, body toolRequest) (refusal string, response toolResponse, err error) {
	if err := s.enc.Encode(head); err != nil {
		return "", response, err
	}
	if err := s.enc.Encode(body); err != nil {
		return "", response, err
	}
	if err := s.out.Flush(); err != nil {
		return "", response, err
	}
	var answer rpcResponse
	if err := s.dec.Decode(&answer); err != nil {
		return "", response, err
	}
	if answer.Seq != head.Seq {
		return "", response, errWrongAnswer
	}
	if answer.Error != "" {
		return answer.Error, response, s.dec.DecodeValue(reflect.Value{}) // an empty body follows a refusal
	}
	err = s.dec.Decode(&response)
	return "", response, err
}

func (s *Socket) dial(ctx context.Context) error {
	if s.conn != nil {
		return nil
	}
	dialer := net.Dialer{Timeout: dialTimeout}
	conn, err := dialer.DialContext(ctx, s.network, s.address)
	if err != nil {
		return err
	}
	s.conn = conn
	s.out = bufio.NewWriter(conn)
	s.enc = gob.NewEncoder(s.out)
	s.dec = gob.NewDecoder(bufio.NewReader(conn))
	return nil
}

func (s *Socket) broken(tool string, err error) error {
	if closing := s.Close(); closing != nil {
		err = errors.Join(err, closing)
	}
	return fmt.Errorf("cannot run %s over the agent's socket: %w", tool, err)
}

// Close ends the connection, if there is one.
func (s *Socket) Close() error {
	if s.conn == nil {
		return nil
	}
	err := s.conn.Close()
	s.conn = nil
	return err
}
