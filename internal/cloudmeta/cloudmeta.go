// Package cloudmeta asks the metadata service of a cloud what the cloud calls this machine. Every question has a deadline, and
// all of them together have one; nothing goes through a proxy. What is answered is checked, and nothing of it is kept here.
package cloudmeta

import (
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"path"
	"strings"
	"time"

	"kubernetes-worker/internal/relation"
	"kubernetes-worker/internal/relation/cloud"
)

// Settings say where the services are and how long they may take. Zero fields stand for the real ones.
type Settings struct {
	AWS, GCP, Azure string        // base URLs
	Each            time.Duration // for one question
	All             time.Duration // for all that one instance costs
	Dial            func(ctx context.Context, network, address string) (net.Conn, error)
}

// Defaults: the services are on the machine's own host, and answer at once or never.
const (
	linkLocal   = "http://169.254.169.254"
	googleName  = "http://metadata.google.internal"
	eachTime    = 2 * time.Second
	allTime     = 5 * time.Second
	longest     = 64 << 10
	tokenHeader = "X-aws-ec2-metadata-token"
)

// Client asks.
type Client struct {
	settings Settings
	http     *http.Client
}

// New makes a client; it asks nothing yet.
func New(s Settings) *Client {
	s.AWS, s.GCP, s.Azure = cmp.Or(s.AWS, linkLocal), cmp.Or(s.GCP, googleName), cmp.Or(s.Azure, linkLocal)
	s.Each, s.All = cmp.Or(s.Each, eachTime), cmp.Or(s.All, allTime)
	if s.Dial == nil {
		s.Dial = (&net.Dialer{}).DialContext
	}
	return &Client{settings: s, http: &http.Client{
		Transport:     &http.Transport{Proxy: nil, DialContext: s.Dial, DisableKeepAlives: true},
		CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
	}}
}

// Instance asks what a cloud, one of those of package cloud that have such a service, calls this machine.
func (c *Client) Instance(ctx context.Context, name string) (cloud.Instance, error) {
	ctx, cancel := context.WithTimeout(ctx, c.settings.All)
	defer cancel()
	var found cloud.Instance
	var err error
	switch name {
	case cloud.AWS:
		found, err = c.aws(ctx)
	case cloud.GCP:
		found, err = c.gcp(ctx)
	case cloud.Azure:
		found, err = c.azure(ctx)
	default:
		err = errors.New("it has none that is known")
	}
	if err != nil {
		return cloud.Instance{}, fmt.Errorf("cannot ask the metadata service of %s: %w", name, err)
	}
	found.Cloud = name
	return found, nil
}

// aws asks with a token, as version 2 of the service wants it, and without one where none is to be had: older services have
// none, and the answer to the question for one does not reach containers on some machines.
func (c *Client) aws(ctx context.Context) (cloud.Instance, error) {
	header := http.Header{}
	token, noToken := c.ask(ctx, http.MethodPut, c.settings.AWS+"/latest/api/token", http.Header{tokenHeader + "-ttl-seconds": {"21600"}})
	if noToken == nil {
		if !printable(token) {
			return cloud.Instance{}, errors.New("its token is none")
		}
		header[tokenHeader] = []string{token}
	}
	get := func(what string) (string, error) {
		text, err := c.ask(ctx, http.MethodGet, c.settings.AWS+"/latest/meta-data/"+what, header)
		if err == nil || noToken == nil {
			return text, err
		}
		return text, fmt.Errorf("%w; it gave no token either: %w", err, noToken)
	}
	id, err := get("instance-id")
	if err != nil {
		return cloud.Instance{}, err
	}
	zone, err := get("placement/availability-zone")
	if err != nil {
		return cloud.Instance{}, err
	}
	region := strings.TrimRight(zone, "abcdefghijklmnopqrstuvwxyz")
	return cloud.Instance{ID: id, Place: region}, check("instance-id", id, "availability-zone", region)
}

func (c *Client) gcp(ctx context.Context) (cloud.Instance, error) {
	header := http.Header{"Metadata-Flavor": {"Google"}}
	at := c.settings.GCP + "/computeMetadata/v1/instance/"
	name, err := c.ask(ctx, http.MethodGet, at+"name", header)
	if err != nil {
		return cloud.Instance{}, err
	}
	zone, err := c.ask(ctx, http.MethodGet, at+"zone", header)
	if err != nil {
		return cloud.Instance{}, err
	}
	zone = path.Base(zone)
	return cloud.Instance{Name: name, Place: zone}, check("name", name, "zone", zone)
}

func (c *Client) azure(ctx context.Context) (cloud.Instance, error) {
	text, err := c.ask(ctx, http.MethodGet, c.settings.Azure+"/metadata/instance?api-version=2017-12-01", http.Header{"Metadata": {"true"}})
	if err != nil {
		return cloud.Instance{}, err
	}
	var answer struct {
		Compute struct {
			VMID              string `json:"vmId"`
			Name              string `json:"name"`
			ResourceGroupName string `json:"resourceGroupName"`
			Location          string `json:"location"`
			SubscriptionID    string `json:"subscriptionId"`
		} `json:"compute"`
	}
	if err := json.Unmarshal([]byte(text), &answer); err != nil {
		return cloud.Instance{}, errors.New("its answer is not the JSON that was expected")
	}
	m := answer.Compute
	return cloud.Instance{ID: m.VMID, Name: m.Name, Place: m.Location, Group: m.ResourceGroupName, Subscription: m.SubscriptionID},
		check("vmId", m.VMID, "name", m.Name, "resourceGroupName", m.ResourceGroupName, "location", m.Location, "subscriptionId", m.SubscriptionID)
}

// check refuses what is no name: texts are given as what, value, what, value. Azure's groups have parentheses.
func check(pairs ...string) error {
	for i := 0; i+1 < len(pairs); i += 2 {
		if value := pairs[i+1]; value == "" || len(value) > 255 || !relation.Only(value, "-_.()") {
			return fmt.Errorf("its %s is none", pairs[i])
		}
	}
	return nil
}

func printable(text string) bool {
	return text != "" && !strings.ContainsFunc(text, func(c rune) bool { return c <= ' ' || c > '~' })
}

// ask puts one question and gives the trimmed text of the answer.
func (c *Client) ask(ctx context.Context, method, url string, header http.Header) (string, error) {
	ctx, cancel := context.WithTimeout(ctx, c.settings.Each)
	defer cancel()
	request, err := http.NewRequestWithContext(ctx, method, url, nil)
	if err != nil {
		return "", err
	}
	request.Header = header
	response, err := c.http.Do(request)
	if errors.Is(err, context.DeadlineExceeded) {
		return "", fmt.Errorf("%s does not answer", request.URL.Host)
	}
	if err != nil {
		return "", err
	}
	defer response.Body.Close()
	if response.StatusCode != http.StatusOK {
		return "", fmt.Errorf("%s answers %s with %d", request.URL.Host, request.URL.Path, response.StatusCode)
	}
	body, err := io.ReadAll(io.LimitReader(response.Body, longest+1))
	switch {
	case err != nil:
		return "", fmt.Errorf("%s breaks off its answer", request.URL.Host)
	case len(body) > longest:
		return "", fmt.Errorf("%s answers at too great a length", request.URL.Host)
	}
	return strings.TrimSpace(string(body)), nil
}
