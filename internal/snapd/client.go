package snapd

import (
	"context"
	"encoding/json"
	"errors"
	"io"
	"io/fs"
	"net"
	"net/http"
	"path/filepath"
	"strings"
	"sync/atomic"
	"syscall"
	"time"
)

// socketPath is where snapd listens, below the root of the host.
const socketPath = "run/snapd.socket"

// Settings are the limits of a client. The zero value of each field takes the default named beside it.
type Settings struct {
	// Wait blocks for d or until ctx ends. Default: a timer.
	Wait func(ctx context.Context, d time.Duration) error
	// Now is the clock. Default: time.Now.
	Now func() time.Time
	// ReadTimeout bounds a request that the daemon answers by itself. Default 15 s.
	ReadTimeout time.Duration
	// StoreTimeout bounds a request for which the daemon asks the store; it retries for up to 40 s by itself.
	// Default 2 min.
	StoreTimeout time.Duration
	// UploadTimeout bounds the sending of a snap file. Default 10 min.
	UploadTimeout time.Duration
	// ChangeTimeout bounds the waiting for a change. Default 20 min.
	ChangeTimeout time.Duration
	// OthersTimeout bounds the waiting for a change that somebody else, or a hook that was killed, has begun. Default 5 min.
	OthersTimeout time.Duration
	// RestartPatience bounds how long the daemon may stay away in the middle of a change, because installing snapd
	// or core restarts it. Default 1 min.
	RestartPatience time.Duration
	// DialPatience bounds how long a socket that refuses connections is tried again. Default 2 s.
	DialPatience time.Duration
}

// Client talks with one snap daemon. It may be used by one goroutine at a time.
type Client struct {
	socket   string
	settings Settings
	http     *http.Client
	requests atomic.Int64
}

// New makes a client of the daemon of the host below root. Nothing is dialled before the first call.
func New(root string, settings Settings) *Client {
	c := &Client{socket: filepath.Join(root, socketPath), settings: settings.withDefaults()}
	c.http = &http.Client{
		Transport: &http.Transport{
			DialContext: func(ctx context.Context, _, _ string) (net.Conn, error) {
				var d net.Dialer
				return d.DialContext(ctx, "unix", c.socket)
			},
			DisableCompression: true,
			MaxIdleConns:       1,
		},
		CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
	}
	return c
}

// Close gives up the idle connection.
func (c *Client) Close() { c.http.CloseIdleConnections() }

// Requests is the number of requests sent so far.
func (c *Client) Requests() int { return int(c.requests.Load()) }

func (s Settings) withDefaults() Settings {
	if s.Wait == nil {
		s.Wait = waitTimer
	}
	if s.Now == nil {
		s.Now = time.Now
	}
	for _, limit := range []struct {
		field *time.Duration
		value time.Duration
	}{
		{&s.ReadTimeout, 15 * time.Second},
		{&s.StoreTimeout, 2 * time.Minute},
		{&s.UploadTimeout, 10 * time.Minute},
		{&s.ChangeTimeout, 20 * time.Minute},
		{&s.OthersTimeout, 5 * time.Minute},
		{&s.RestartPatience, time.Minute},
		{&s.DialPatience, 2 * time.Second},
	} {
		if *limit.field <= 0 {
			*limit.field = limit.value
		}
	}
	return s
}

func waitTimer(ctx context.Context, d time.Duration) error {
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-ctx.Done():
		return ctx.Err()
	case <-timer.C:
		return nil
	}
}

// request is one exchange. body makes a fresh reader for every try.
type request struct {
	op          string
	method      string
	path        string
	contentType string
	length      int64
	body        func() (io.ReadCloser, error)
	timeout     time.Duration
}

// call sends a request and decodes the answer. A socket that refuses is tried again for a short while, as the daemon may
// be restarting; a missing socket is not, as it is missing for good where snapd is not installed.
func (c *Client) call(ctx context.Context, r request) (answer, error) {
	ctx, cancel := context.WithTimeout(ctx, r.timeout)
	defer cancel()
	start := c.settings.Now()
	for pause := 50 * time.Millisecond; ; pause *= 2 {
		a, err := c.once(ctx, r)
		if !errors.Is(err, syscall.ECONNREFUSED) || c.settings.Now().Sub(start) >= c.settings.DialPatience {
			return a, err
		}
		if c.settings.Wait(ctx, pause) != nil {
			return a, err
		}
	}
}

func (c *Client) once(ctx context.Context, r request) (answer, error) {
	req, err := http.NewRequestWithContext(ctx, r.method, "http://localhost"+r.path, nil)
	if err != nil {
		return answer{}, &Error{Op: r.op, Message: "cannot build the request", Err: err}
	}
	if r.body != nil {
		body, err := r.body()
		if err != nil {
			return answer{}, &Error{Op: r.op, Err: err}
		}
		// GetBody lets net/http send again when the daemon had closed an idle connection.
		req.Body, req.GetBody, req.ContentLength = body, r.body, r.length
		req.Header.Set("Content-Type", r.contentType)
	}
	c.requests.Add(1)
	resp, err := c.http.Do(req)
	if err != nil {
		return answer{}, transportError(r.op, err)
	}
	defer resp.Body.Close()
	a, err := decodeAnswer(resp.StatusCode, resp.Body)
	if err != nil {
		var e *Error
		if errors.As(err, &e) {
			e.Op = r.op
			return answer{}, e
		}
		return answer{}, transportError(r.op, err)
	}
	return a, nil
}

func (c *Client) get(ctx context.Context, op, path string, timeout time.Duration, result any) error {
	a, err := c.call(ctx, request{op: op, method: http.MethodGet, path: path, timeout: timeout})
	if err != nil {
		return err
	}
	return a.store(op, result)
}

// send posts or puts a JSON document and returns the identity of the change that the daemon began.
func (c *Client) send(ctx context.Context, op, method, path string, timeout time.Duration, document any) (string, error) {
	text, err := json.Marshal(document)
	if err != nil {
		return "", &Error{Op: op, Message: "cannot encode the request", Err: err}
	}
	a, err := c.call(ctx, request{
		op: op, method: method, path: path, timeout: timeout, contentType: "application/json", length: int64(len(text)),
		body: func() (io.ReadCloser, error) { return io.NopCloser(strings.NewReader(string(text))), nil },
	})
	if err != nil {
		return "", err
	}
	return a.changeID(op)
}

// transportError names what happened to the connection; the addresses in net/http's own texts help nobody here.
func transportError(op string, err error) *Error {
	e := &Error{Op: op, Err: err}
	switch {
	case errors.Is(err, context.DeadlineExceeded):
		e.Message, e.class = "snapd did not answer in time", NoDaemon
	case errors.Is(err, context.Canceled):
		e.Message, e.class = "the request was given up", Other
	case errors.Is(err, fs.ErrNotExist):
		e.Message, e.class = "snapd is not there: its socket is missing", NoDaemon
	case errors.Is(err, fs.ErrPermission):
		e.Message, e.class = "snapd's socket may not be used: permission denied", Denied
	case errors.Is(err, syscall.ECONNREFUSED):
		e.Message, e.class = "snapd is not running: its socket refuses connections", NoDaemon
	case isDisconnect(err):
		e.Message, e.class = "snapd closed the connection", NoDaemon
	default:
		e.Message, e.class = "cannot talk with snapd: "+clean(err.Error(), 300), NoDaemon
	}
	return e
}

func isDisconnect(err error) bool {
	return errors.Is(err, io.EOF) || errors.Is(err, io.ErrUnexpectedEOF) || errors.Is(err, syscall.ECONNRESET) ||
		errors.Is(err, syscall.EPIPE) || errors.Is(err, net.ErrClosed)
}
