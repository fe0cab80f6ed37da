package charm

import (
	"context"
	"fmt"
	"net"
	"net/netip"
	"time"

	"kubernetes-worker/internal/action"
	"kubernetes-worker/internal/addons"
	"kubernetes-worker/internal/ingress"
	"kubernetes-worker/internal/registry/probe"
	"kubernetes-worker/internal/worker"
)

const (
	// rolloutTime is what pods of an addon get to run where the operator does not say it: their images may have to come first.
	rolloutTime = 5 * time.Minute
	// rolloutEvery is how often they are looked at.
	rolloutEvery = time.Second
	// resolveTime bounds the question for an address.
	resolveTime = 5 * time.Second
)

// registry puts an image registry into the cluster, or removes it.
func (r *run) registry(ctx context.Context, p params) error {
	remove := p.is("delete", false)
	parameters, problems := addons.ReadParameters(p.texts("htpasswd", "htpasswd-plain", "tlscert", "tlskey", "domain"), p.is("ingress", false), r.now)
	if !remove && len(problems) > 0 {
		return r.tellResults(ctx)(action.RefuseRegistry(problems))
	}
	f, class, err := r.reachCluster(ctx)
	if err != nil {
		return r.tellResults(ctx)(action.RegistryFailed(remove), err)
	}
	registry := action.Registry{
		Addon: r.addon(f, p), Node: f.NodeName, Arch: f.Arch, Images: f.Cluster.Registry, Class: class, CheckLogin: probe.Login,
	}
	if remove {
		return r.tellResults(ctx)(registry.DeleteRegistry(ctx))
	}
	return r.tellResults(ctx)(registry.CreateRegistry(ctx, parameters))
}

// microbot puts a small web application into the cluster, or removes it.
func (r *run) microbot(ctx context.Context, p params) error {
	remove := p.is("delete", false)
	f, class, err := r.reachCluster(ctx)
	if err != nil {
		return r.tellResults(ctx)(action.MicrobotFailed(remove), err)
	}
	microbot := action.Microbot{Addon: r.addon(f, p)}
	if remove {
		return r.tellResults(ctx)(microbot.DeleteMicrobot(ctx))
	}
	address, err := publicAddress(ctx, f)
	if err != nil {
		return r.tellResults(ctx)(action.MicrobotFailed(remove), err)
	}
	return r.tellResults(ctx)(microbot.CreateMicrobot(ctx, addons.Microbot{
		Replicas: p.replicas(), Arch: f.Arch, Images: f.Cluster.Registry, Address: addons.MicrobotAddress(address), Class: class,
	}))
}

// reachCluster reads the facts, and the class that an Ingress has to have. Whether anybody answers shows when it is asked.
func (r *run) reachCluster(ctx context.Context) (f worker.Facts, class string, err error) {
	if f, err = r.observe(ctx, 0); err != nil {
		return f, "", fmt.Errorf("%w; nothing was changed", err)
	}
	if r.cluster == nil {
		return f, "", fmt.Errorf("no API server is known, or the credentials for it are not there yet; nothing was changed")
	}
	version, err := r.cluster.Version(ctx)
	if err != nil {
		return f, "", fmt.Errorf("%w; nothing was changed", err)
	}
	if f.Options.Ingress {
		class = ingress.Class(version)
	}
	return f, class, nil
}

func (r *run) addon(f worker.Facts, p params) action.Addon {
	return action.Addon{Cluster: r.cluster, App: f.App, Tell: teller{r}, Timeout: p.seconds("timeout", rolloutTime), Every: rolloutEvery}
}

// tellResults sets the results of an action whether or not it has failed.
func (r *run) tellResults(ctx context.Context) func(results map[string]string, failure error) error {
	return func(results map[string]string, failure error) error {
		if err := r.session.ActionSet(ctx, results); err != nil {
			return err
		}
		return failure
	}
}

// publicAddress is the unit's IPv4 address, which becomes a part of a name.
func publicAddress(ctx context.Context, f worker.Facts) (string, error) {
	if address, err := netip.ParseAddr(f.PublicAddress); err == nil && address.Unmap().Is4() {
		return address.Unmap().String(), nil
	}
	ctx, cancel := context.WithTimeout(ctx, resolveTime)
	defer cancel()
	found, err := net.DefaultResolver.LookupNetIP(ctx, "ip4", f.PublicAddress)
	if err != nil || len(found) == 0 {
		return "", fmt.Errorf("microbot's name is made of the unit's IPv4 address, and there is none for %q; nothing was changed", f.PublicAddress)
	}
	return found[0].Unmap().String(), nil
}

// texts are parameters that are texts; those that are not given are missing.
func (p params) texts(names ...string) map[string]string {
	given := map[string]string{}
	for _, name := range names {
		if text, ok := p[name].(string); ok {
			given[name] = text
		}
	}
	return given
}

// replicas is how many pods of microbot there are to be; for 0 it is the usual number.
func (p params) replicas() int {
	if n, ok := p["replicas"].(int64); ok && n > 0 {
		return int(n)
	}
	return 3
}
