package jujuc

import (
	"fmt"
	"net"
	"net/rpc"
	"sync"
)

// Handler answers one call. An error makes the call itself fail, as for an unknown command; a failing tool is an answer
// with a code.
type Handler func(Request) (Response, error)

// Server serves one agent socket. It runs one call at a time, as the agent does.
type Server struct {
	listener net.Listener
	rpc      *rpc.Server
	accepts  sync.WaitGroup

	mu     sync.Mutex
	conns  map[net.Conn]bool
	closed bool
}

type service struct {
	mu     sync.Mutex
	handle Handler
}

// Main is the RPC method "Jujuc.Main".
func (s *service) Main(req Request, resp *Response) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	answer, err := s.handle(req)
	if err != nil {
		return err
	}
	*resp = answer
	return nil
}

// Serve starts answering on the listener; Close ends it.
func Serve(listener net.Listener, handle Handler) (*Server, error) {
	s := &Server{listener: listener, rpc: rpc.NewServer(), conns: map[net.Conn]bool{}}
	if err := s.rpc.RegisterName("Jujuc", &service{handle: handle}); err != nil {
		return nil, fmt.Errorf("cannot serve the agent socket: %w", err)
	}
	s.accepts.Add(1)
	go s.accept()
	return s, nil
}

func (s *Server) accept() {
	defer s.accepts.Done()
	for {
		conn, err := s.listener.Accept()
		if err != nil {
			return
		}
		s.mu.Lock()
		if s.closed {
			s.mu.Unlock()
			conn.Close()
			return
		}
		s.conns[conn] = true
		s.mu.Unlock()
		go func() {
			s.rpc.ServeConn(conn)
			s.mu.Lock()
			delete(s.conns, conn)
			s.mu.Unlock()
		}()
	}
}

// Close stops listening and cuts every connection.
func (s *Server) Close() {
	s.mu.Lock()
	s.closed = true
	for conn := range s.conns {
		conn.Close()
	}
	s.mu.Unlock()
	s.listener.Close()
	s.accepts.Wait()
}
