package systemdtest

import (
	"bufio"
	"bytes"
	"errors"
	"net"
	"strings"

	"github.com/godbus/dbus/v5"
)

// authenticate is the server's side of D-Bus' SASL handshake (its specification, "Authentication Protocol"): EXTERNAL is
// accepted from everybody, as the socket's mode already decided who may connect.
func authenticate(raw net.Conn) (*bufio.Reader, error) {
	in := bufio.NewReader(raw)
	if b, err := in.ReadByte(); err != nil || b != 0 {
		return nil, errors.New("the first byte must be zero")
	}
	for range 16 {
		line, err := in.ReadString('\n')
		if err != nil {
			return nil, err
		}
		words := strings.Fields(line)
		reply := "ERROR\r\n"
		switch {
		case len(words) == 1 && words[0] == "BEGIN":
			return in, nil
		case len(words) == 1 && words[0] == "AUTH":
			reply = "REJECTED EXTERNAL\r\n"
		case len(words) == 2 && words[0] == "AUTH" && words[1] == "EXTERNAL":
			reply = "DATA\r\n"
		case len(words) == 3 && words[0] == "AUTH" && words[1] == "EXTERNAL", len(words) >= 1 && words[0] == "DATA":
			reply = "OK 00000000000000000000000000000001\r\n"
		}
		if _, err := raw.Write([]byte(reply)); err != nil {
			return nil, err
		}
	}
	return nil, errors.New("too many lines")
}

// authenticated lets the D-Bus library, which knows only the client's side of the handshake, take over a connection whose
// handshake is done: its lines are answered here, everything after BEGIN passes through.
type authenticated struct {
	net.Conn
	in      *bufio.Reader
	replies bytes.Buffer
	begun   bool
}

// Read gives the made-up replies first.
func (a *authenticated) Read(p []byte) (int, error) {
	if a.replies.Len() > 0 {
		return a.replies.Read(p)
	}
	return a.in.Read(p)
}

// Write answers the lines of the handshake.
func (a *authenticated) Write(p []byte) (int, error) {
	if a.begun {
		return a.Conn.Write(p)
	}
	switch line := strings.TrimSpace(strings.Trim(string(p), "\x00")); line {
	case "":
	case "AUTH":
		a.replies.WriteString("REJECTED DONE\r\n")
	case "BEGIN":
		a.begun = true
	default:
		a.replies.WriteString("OK 00000000000000000000000000000001\r\n")
	}
	return len(p), nil
}

// alreadyDone is the mechanism that authenticated answers.
type alreadyDone struct{}

// FirstData names the mechanism.
func (alreadyDone) FirstData() (name, resp []byte, status dbus.AuthStatus) {
	return []byte("DONE"), nil, dbus.AuthOk
}

// HandleData is never needed.
func (alreadyDone) HandleData([]byte) ([]byte, dbus.AuthStatus) { return nil, dbus.AuthError }
