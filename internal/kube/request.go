package kube

import (
	"bytes"
	"context"
	"encoding/json"
	"net/http"
	"net/http/httptrace"
	"net/url"
	"strings"
	"sync/atomic"
	"time"

	"k8s.io/client-go/rest"
)

// Request is one request to the API, for which this package knows nothing better.
type Request struct {
	Verb        string     // GET, POST, PUT, PATCH or DELETE
	Path        string     // /apis/apps/v1/namespaces/default/deployments/web, not escaped
	Query       url.Values // may be nil
	Body        []byte     // JSON or YAML, as ContentType says; may be nil
	ContentType string     // of the body; application/json if empty
	Accept      string     // application/json if empty

	// Doing names the request in errors: "evict pod default/web-1"; verb and path if empty.
	Doing string
	// Named is set for a POST of which a second arrival does no harm: the server refuses the name that is there already.
	// Any other POST is not sent to a second server unless it is certain that the first one did not get it.
	Named bool
	// Private keeps the server's words about a refused content out of the error: they may quote it.
	Private bool
}

// Send sends the request to one server after another until one answers, and returns the JSON object of a good answer.
// Errors are of type *Error. See Request.Named for what happens when a POST gets no answer.
func (c *Client) Send(ctx context.Context, r Request) ([]byte, error) {
	answer, err := c.send(ctx, r)
	return answer.body, err
}

// answer is what a server says to a request. With an error only the date is there, and that only if a server refused.
type answer struct {
	body []byte
	date time.Time // the server's clock when it answered; zero if it does not say
}

func (c *Client) send(ctx context.Context, r Request) (answer, error) {
	var got answer
	trial := &trial{once: r.Verb == http.MethodPost && !r.Named}
	err := c.do(context.WithValue(ctx, trialKey{}, trial), r.operation(), func(client *rest.RESTClient) *rest.Request {
		return r.build(client)
	}, func(body []byte) error {
		if !isObject(body) {
			return errNotAPI
		}
		got.body = body
		return nil
	})
	got.date = trial.date
	return got, err
}

func (r Request) operation() operation {
	op := operation{private: r.Private}
	if r.Doing != "" {
		op.verb, op.object, _ = strings.Cut(r.Doing, " ")
	} else {
		op.verb, op.object = strings.ToLower(r.Verb), r.Path
	}
	return op
}

func (r Request) build(client *rest.RESTClient) *rest.Request {
	request := client.Verb(r.Verb).AbsPath(r.Path)
	for key, values := range r.Query {
		for _, value := range values {
			request.Param(key, value)
		}
	}
	if r.Accept != "" {
		request.SetHeader("Accept", r.Accept)
	}
	if r.Body != nil {
		kind := r.ContentType
		if kind == "" {
			kind = "application/json"
		}
		request.SetHeader("Content-Type", kind).Body(r.Body)
	}
	return request
}

func isObject(body []byte) bool {
	return bytes.HasPrefix(bytes.TrimLeft(body, " \t\r\n"), []byte("{")) && json.Valid(body)
}

// trial is what is seen of a request on its way to one server.
type trial struct {
	once bool        // the request must not arrive twice
	sent atomic.Bool // a connection was made for it: the server may have got it
	date time.Time
}

type trialKey struct{}

// trialOf returns the trial of a request that asked for one; nil else.
func trialOf(ctx context.Context) *trial {
	t, _ := ctx.Value(trialKey{}).(*trial)
	return t
}

// watch notes when the request gets a connection: before that no byte of it can have reached the server.
func (t *trial) watch(ctx context.Context) context.Context {
	t.sent.Store(false)
	t.date = time.Time{}
	return httptrace.WithClientTrace(ctx, &httptrace.ClientTrace{GotConn: func(httptrace.GotConnInfo) { t.sent.Store(true) }})
}

// mayHaveActed reports whether the request may have been carried out although it got no good answer. A server that has
// too much to do says so before it looks at the request.
func (t *trial) mayHaveActed(code int) bool {
	return t != nil && t.once && t.sent.Load() && code != http.StatusTooManyRequests
}
