// Package kube talks to the Kubernetes API for the charm: it reads, labels and deletes this machine's Node object, and
// keeps other objects as they are wanted, whatever the release of the server.
//
// It knows several API servers and takes the answer of any that gives one. It is built on the REST client of client-go
// with a scheme of one type; the typed clients and their schemes would cost every hook start-up time and the binary
// many megabytes. It never waits beyond its limits, never retries later by itself and never decides what an object or a
// label should be.
package kube

import (
	"context"
	"crypto/x509"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"github.com/go-logr/logr"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/apimachinery/pkg/runtime/schema"
	"k8s.io/apimachinery/pkg/runtime/serializer"
	"k8s.io/client-go/rest"
	"k8s.io/klog/v2"

	"kubernetes-worker/internal/secret"
)

const (
	// defaultTimeout bounds one operation over all servers.
	defaultTimeout = 10 * time.Second
	// defaultTryTimeout bounds the try at one server.
	defaultTryTimeout = 5 * time.Second
	// maxAnswer bounds what is read of one answer, in bytes; a Node with many images has some 100 kB.
	maxAnswer = 4 << 20
)

// Config says which API servers there are and how to be let in.
type Config struct {
	Servers []string      // https://host:port, the preferred one first
	CA      []byte        // PEM, the certificates that the servers' own are checked against
	Token   secret.Value  // bearer token
	Timeout time.Duration // for one operation over all servers; 10 s if 0. One server gets 5 s of it at most.
}

// Client does one operation after another; it is safe for use by several goroutines.
type Client struct {
	servers []*server
	timeout time.Duration
	try     time.Duration

	mu       sync.Mutex
	last     int // index of the server that answered last
	requests int

	discovered discovery
	noApply    atomic.Bool // the server turned out not to apply although its release could
}

// server is one API server. Connections to it are made at the first request.
type server struct {
	address string
	config  *rest.Config
	client  func() (*rest.RESTClient, error)
}

// New checks the configuration and returns a client. It sends nothing.
func New(config Config) (*Client, error) {
	if len(config.Servers) == 0 {
		return nil, errors.New("cannot use API servers: none is known")
	}
	if !x509.NewCertPool().AppendCertsFromPEM(config.CA) {
		return nil, errors.New("cannot use CA of the API servers: there is no certificate in it")
	}
	c := &Client{timeout: config.Timeout, try: defaultTryTimeout}
	if c.timeout == 0 {
		c.timeout = defaultTimeout
	}
	for _, address := range config.Servers {
		parsed, err := url.Parse(address)
		if err != nil || parsed.Scheme != "https" || parsed.Host == "" || parsed.User != nil {
			return nil, fmt.Errorf("cannot use API server %q: want https://host:port", address)
		}
		s := &server{address: strings.TrimSuffix(address, "/"), config: c.restConfig(address, config)}
		s.client = sync.OnceValues(func() (*rest.RESTClient, error) { return connect(s.config) })
		c.servers = append(c.servers, s)
	}
	return c, nil
}

// Requests returns how many requests were sent to API servers, those without an answer too.
func (c *Client) Requests() int {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.requests
}

func (c *Client) restConfig(address string, config Config) *rest.Config {
	return &rest.Config{
		Host:            address,
		APIPath:         "/api",
		BearerToken:     config.Token.Reveal(),
		TLSClientConfig: rest.TLSClientConfig{CAData: config.CA},
		UserAgent:       "kubernetes-worker-charm",
		QPS:             -1, // no throttling: a hook sends a handful of requests
		WarningHandler:  rest.NoWarnings{},
		// The servers are on the model's own network, as they are for the kubelet, which uses no proxy either.
		Proxy: func(*http.Request) (*url.URL, error) { return nil, nil },
		WrapTransport: func(next http.RoundTripper) http.RoundTripper {
			return transport{next: next, sent: c.count}
		},
		ContentConfig: rest.ContentConfig{
			AcceptContentTypes:   runtime.ContentTypeJSON,
			ContentType:          runtime.ContentTypeJSON,
			GroupVersion:         &schema.GroupVersion{Version: "v1"},
			NegotiatedSerializer: statusOnly(),
		},
	}
}

// statusOnly decodes the API's error object and nothing else: that is all the REST client itself needs.
func statusOnly() runtime.NegotiatedSerializer {
	scheme := runtime.NewScheme()
	scheme.AddUnversionedTypes(schema.GroupVersion{Version: "v1"}, &metav1.Status{})
	return serializer.NewCodecFactory(scheme).WithoutConversion()
}

func connect(config *rest.Config) (*rest.RESTClient, error) {
	plain, err := rest.HTTPClientFor(config)
	if err != nil {
		return nil, err
	}
	// An API server redirects nobody, and the token is for it alone.
	plain.CheckRedirect = func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }
	return rest.RESTClientForConfigAndClient(config, plain)
}

func (c *Client) count() {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.requests++
}

// order returns the servers in the order in which to try them: the one that answered last, then as configured.
func (c *Client) order() []int {
	c.mu.Lock()
	defer c.mu.Unlock()
	order := []int{c.last}
	for i := range c.servers {
		if i != c.last {
			order = append(order, i)
		}
	}
	return order
}

func (c *Client) answered(index int) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.last = index
}

// do sends a request to one server after another until one answers it. The request is one that may safely arrive
// twice, as a server may carry it out and die before it answers, or the context has a trial that says otherwise.
// accept judges the body of a good answer: an error means that it was not an API server that answered.
func (c *Client) do(ctx context.Context, op operation, request func(*rest.RESTClient) *rest.Request, accept func([]byte) error) error {
	ctx, cancel := context.WithTimeout(ctx, c.timeout)
	defer cancel()
	// client-go's own messages would end up in the unit's log; its errors say the same.
	ctx = klog.NewContext(ctx, logr.Discard())
	deadline, _ := ctx.Deadline()

	var failures []Failure
	for tried, index := range c.order() {
		server := c.servers[index]
		if ctx.Err() != nil {
			failures = append(failures, Failure{Server: server.address, Reason: "not tried, the time was up"})
			continue
		}
		share := time.Until(deadline) / time.Duration(len(c.servers)-tried)
		body, err := c.tryOne(ctx, server, min(share, c.try), request)
		if err == nil {
			err = accept(body)
		}
		if refusal := op.refusal(err, server.address); refusal != nil || err == nil {
			c.answered(index)
			if refusal != nil {
				return refusal
			}
			return nil
		}
		reason := op.reason(err)
		if trialOf(ctx).mayHaveActed(codeOf(err)) {
			// Another server might do it a second time.
			failures = append(failures, Failure{Server: server.address, Reason: reason + ", and may have done it all the same"})
			break
		}
		failures = append(failures, Failure{Server: server.address, Reason: reason})
	}
	return &Error{Kind: Unreachable, operation: op, Failures: failures, cause: ctx.Err()}
}

func (c *Client) tryOne(ctx context.Context, server *server, limit time.Duration, request func(*rest.RESTClient) *rest.Request) ([]byte, error) {
	client, err := server.client()
	if err != nil {
		return nil, err
	}
	ctx, cancel := context.WithTimeout(ctx, limit)
	defer cancel()
	if t := trialOf(ctx); t != nil {
		ctx = t.watch(ctx)
	}
	result := request(client).MaxRetries(0).Do(ctx)
	if err := result.Error(); err != nil {
		return nil, err
	}
	return result.Raw()
}
