package kube

import (
	"context"
	"sync"
	"time"

	"kubernetes-worker/internal/kubeversion"
)

// versionTimeout bounds the question for one server's release. Somebody waits for the answers of all.
const versionTimeout = 4 * time.Second

// ServerVersion is the release of one API server.
type ServerVersion struct {
	Server  string // https://host:port
	Version kubeversion.Version
}

// Versions asks every server for its release, all at the same time, in the order in which they were configured. If one
// does not tell, that is an Error about the first such.
func (c *Client) Versions(ctx context.Context) ([]ServerVersion, error) {
	found, failures := make([]ServerVersion, len(c.servers)), make([]error, len(c.servers))
	var all sync.WaitGroup
	for i, s := range c.servers {
		all.Go(func() {
			alone := &Client{servers: []*server{s}, timeout: versionTimeout, try: versionTimeout}
			found[i].Server = s.address
			found[i].Version, failures[i] = alone.Version(ctx)
		})
	}
	all.Wait()
	for _, err := range failures {
		if err != nil {
			return nil, err
		}
	}
	return found, nil
}
