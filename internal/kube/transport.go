package kube

import (
	"errors"
	"io"
	"net/http"
)

// errTooLong ends the reading of an answer that no API server gives.
var errTooLong = errors.New("the answer is too long")

// transport counts requests, bounds answers and notes the server's clock.
type transport struct {
	next http.RoundTripper
	sent func()
}

// RoundTrip implements http.RoundTripper.
func (t transport) RoundTrip(request *http.Request) (*http.Response, error) {
	t.sent()
	response, err := t.next.RoundTrip(request)
	if trial := trialOf(request.Context()); trial != nil && err == nil {
		if date, parsed := http.ParseTime(response.Header.Get("Date")); parsed == nil {
			trial.date = date
		}
	}
	if err == nil && response.Body != nil {
		response.Body = &bounded{ReadCloser: response.Body, left: maxAnswer}
	}
	return response, err
}

type bounded struct {
	io.ReadCloser
	left int
}

func (b *bounded) Read(p []byte) (int, error) {
	if b.left <= 0 {
		return 0, errTooLong
	}
	n, err := b.ReadCloser.Read(p[:min(len(p), b.left)])
	b.left -= n
	return n, err
}
