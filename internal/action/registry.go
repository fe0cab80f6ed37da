package action

import (
	"context"
	"encoding/base64"
	"errors"
	"fmt"
	"net"
	"strconv"
	"strings"

	"kubernetes-worker/internal/addons"
	"kubernetes-worker/internal/kube"
	"kubernetes-worker/internal/registry"
	"kubernetes-worker/internal/registry/probe"
	"kubernetes-worker/internal/secret"
)

// Registry puts an image registry into the cluster, or removes it.
type Registry struct {
	Addon
	Node   string // the unit's: the images of a new registry come to lie there
	Arch   string // of the unit
	Images string // registry that images come from; empty: where their makers keep them
	Class  string // of the Ingress; empty: the cluster's usual
	// CheckLogin asks a registry whether it knows a login.
	CheckLogin func(ctx context.Context, login registry.Login, way probe.Way) error
}

// What the earlier charm said in results.
const (
	succeeded = "success"
	failed    = "failure"
)

// RefuseRegistry gives the results and the message of parameters that cannot be used.
func RefuseRegistry(problems []addons.Problem) (map[string]string, error) {
	results := map[string]string{}
	var words []string
	for _, p := range problems {
		key := "registry-create-parameter-" + p.Parameter
		if results[key] == "" {
			results[key] = failed + ", " + p.String()
		} else {
			results[key] += ", and " + p.Reason
		}
		words = append(words, p.String())
	}
	return results, fmt.Errorf("%s; nothing was changed", strings.Join(words, "; "))
}

// RegistryFailed are the results where nothing has come of making, or of removing, the registry yet.
func RegistryFailed(remove bool) map[string]string {
	if remove {
		return map[string]string{"registry-delete": failed}
	}
	return map[string]string{"registry-create": failed}
}

// CreateRegistry makes the registry, or makes the one that is there like this. It is made only if it lets its user in at
// the end.
func (r Registry) CreateRegistry(ctx context.Context, p addons.Parameters) (map[string]string, error) {
	results := RegistryFailed(false)
	want, err := r.prepare(ctx, p)
	if err != nil {
		return results, fmt.Errorf("%s; nothing was changed", oneLine(err))
	}
	if err := r.bring(ctx, want); err != nil {
		return results, fmt.Errorf("%s; what was made until then stays: mend that and run registry again, or remove it with delete=true", oneLine(err))
	}
	results["registry-create"] = succeeded
	address := p.Domain
	if !p.Ingress {
		address = net.JoinHostPort(p.Domain, strconv.Itoa(addons.RegistryPort))
	}
	results["result"] = fmt.Sprintf("the registry at %s lets %s in; its images are in %s on node %s alone, so that it is away while that node is, and lost with it",
		address, p.User, addons.RegistryData, want.Node)

	var failures []error
	if p.Ingress {
		patched, err := r.raiseBodySize(ctx)
		if err != nil {
			results["configmap-patch"] = failed
			failures = append(failures, err)
		} else if patched {
			results["configmap-patch"] = succeeded
		}
	}
	results["serviceaccount-patch"] = succeeded
	if err := r.attachPullSecret(ctx); err != nil {
		results["serviceaccount-patch"] = failed
		failures = append(failures, err)
	}
	if len(failures) > 0 {
		return results, fmt.Errorf("the registry works, but: %s; run registry again", oneLine(errors.Join(failures...)))
	}
	return results, nil
}

// DeleteRegistry takes back all that creating made, but the images.
func (r Registry) DeleteRegistry(ctx context.Context) (map[string]string, error) {
	results := RegistryFailed(true)
	node, err := r.whereTheImagesAre(ctx)
	if err == nil {
		err = r.removeAll(ctx)
	}
	if err != nil {
		return results, fmt.Errorf("the registry is not removed, or not all of it: %s; run registry with delete=true again", oneLine(err))
	}
	results["registry-delete"] = succeeded
	results["result"] = "there was no registry; images of an earlier one, if there was one, are in " + addons.RegistryData + " on the node that it ran on"
	if node != "" {
		results["result"] = fmt.Sprintf("the registry is removed; its images stay in %s on node %s", addons.RegistryData, node)
	}
	return results, nil
}

func (r Registry) removeAll(ctx context.Context) error {
	var failures []error
	err := r.detachPullSecret(ctx)
	if kube.KindOf(err) == kube.Unreachable {
		return err
	}
	failures = appendFailure(failures, err)
	failures = appendFailure(failures, r.lowerBodySize(ctx))
	failures = appendFailure(failures, r.remove(ctx, r.keeper(), addons.RegistryKinds(), addons.EarlierRegistry()))
	return errors.Join(failures...)
}

func (r Registry) keeper() *kube.Objects {
	keeper := r.Cluster.Objects(addons.RegistryOwner(r.App))
	keeper.Adopt = addons.AdoptRegistry
	return keeper
}

// prepare finds out where the registry belongs and which objects it has, and that nothing is in their way. It changes
// nothing.
func (r Registry) prepare(ctx context.Context, p addons.Parameters) (addons.Registry, error) {
	want := addons.Registry{Parameters: p, Images: r.Images, Class: r.Class}
	if err := r.settle(ctx, &want); err != nil {
		return want, err
	}
	if err := r.letIn(ctx, &want.Parameters); err != nil {
		return want, err
	}
	return want, r.look(ctx, r.keeper(), want.Objects())
}

// settle finds the node that has the images: the one where the registry is, else the unit's.
func (r Registry) settle(ctx context.Context, want *addons.Registry) error {
	had, err := r.whereTheImagesAre(ctx)
	if err != nil {
		return err
	}
	var node kube.Node
	if had != "" {
		node, err = r.Cluster.GetNode(ctx, had)
		if kube.KindOf(err) == kube.NotFound {
			r.Tell.Log(ctx, fmt.Sprintf("node %s, which had the images, is gone; the registry begins anew on node %s", had, r.Node))
			had = ""
		} else if err != nil {
			return err
		}
	}
	if had == "" {
		if node, err = r.Cluster.GetNode(ctx, r.Node); err != nil {
			return err
		}
	}
	want.Node, want.Hostname, want.Arch = node.Name, node.Labels["kubernetes.io/hostname"], r.Arch
	if want.Hostname == "" {
		return fmt.Errorf("cannot place the registry: node %s has no label kubernetes.io/hostname", node.Name)
	}
	if arch := node.Labels["kubernetes.io/arch"]; arch != "" {
		want.Arch = strings.Replace(arch, "ppc64le", "ppc64el", 1)
	}
	if node.Unschedulable {
		r.Tell.Log(ctx, fmt.Sprintf("node %s, which the registry belongs on, is cordoned: a new pod does not start there", node.Name))
	}
	return nil
}

// whereTheImagesAre names the node that the registry, of this or of an earlier charm, runs on; empty if there is none.
func (r Registry) whereTheImagesAre(ctx context.Context) (string, error) {
	live, err := r.Cluster.Get(ctx, addons.RegistryDeployment())
	if err != nil {
		return "", err
	}
	if node := live.Annotations()[addons.RegistryNode]; node != "" {
		return node, nil
	}
	return r.nodeOf(ctx, addons.RegistryDeployment().Namespace, addons.RegistryPods)
}

// letIn completes the users where only one was given. The line that is there is kept if it is one for the user: each time
// it is made it is another, and the registry would start anew.
func (r Registry) letIn(ctx context.Context, p *addons.Parameters) error {
	if !p.Htpasswd.Empty() {
		return nil
	}
	live, err := r.Cluster.Get(ctx, addons.RegistryUsers())
	if err != nil {
		return err
	}
	data, _ := live["data"].(map[string]any)
	encoded, _ := data["htpasswd"].(string)
	if content, err := base64.StdEncoding.DecodeString(encoded); err == nil && addons.OnlyUser(secret.New(string(content)), p.User, p.Password) {
		p.Htpasswd = secret.New(string(content))
		return nil
	}
	p.Htpasswd, err = addons.MakeHtpasswd(p.User, p.Password)
	return err
}

// bring makes the objects, and waits until the registry runs and lets its user in.
func (r Registry) bring(ctx context.Context, want addons.Registry) error {
	keeper := r.keeper()
	// Two registries would write to one directory.
	if err := r.removeEarlier(ctx, keeper, addons.EarlierRegistry()[0]); err != nil {
		return err
	}
	if err := r.apply(ctx, keeper, want.Objects()); err != nil {
		return err
	}
	if !want.Ingress {
		if err := r.remove(ctx, keeper, []string{"Ingress"}, nil); err != nil {
			return err
		}
	}
	err := r.Tell.Step(ctx, "rollout", func(ctx context.Context) error {
		return r.rollout(ctx, addons.RegistryDeployment(), addons.RegistryPods)
	})
	if err != nil {
		return fmt.Errorf("the registry does not run: %w", err)
	}
	address, err := r.serviceAddress(ctx, addons.RegistryService())
	if err != nil {
		return err
	}
	login := registry.Login{Server: want.Domain, Username: want.User, Password: want.Password}
	way := probe.Way{Roots: want.Certificate, Address: address, Closed: true, Timeout: tryTime}
	err = r.Tell.Step(ctx, "request", func(ctx context.Context) error {
		return r.reach(ctx, func(ctx context.Context) error { return r.CheckLogin(ctx, login, way) })
	})
	if err != nil {
		return fmt.Errorf("the registry runs, but at %s %w", way.Address, err)
	}
	r.Tell.Log(ctx, fmt.Sprintf("the registry lets %s in, over TLS with a certificate that is good until %s", want.User, want.Expires.UTC().Format("2006-01-02")))
	return nil
}
