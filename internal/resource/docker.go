package resource

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"time"

	"kubernetes-worker/internal/condition"
	"kubernetes-worker/internal/host"
	"kubernetes-worker/internal/state"
)

// DockerLeft is that docker holds nothing of the node's pods any more, because the kubelet works with containerd now:
// containerd has the images, and the containers that no drain takes away, those of daemon sets, are gone. Two runtimes
// with the same pods would fight for their ports.
type DockerLeft struct {
	Needs  []string // IDs of resources without which docker keeps what it has
	Socket string   // path of the socket of a runtime that another charm keeps; empty: containerd of ours
}

// podContainers selects the containers that a kubelet has made, sandboxes among them.
const podContainers = "label=io.kubernetes.docker.type"

// Limits of one step. Images of some gigabytes take minutes on a slow disk.
const (
	imageTime = 10 * time.Minute
	stopTime  = 2 * time.Minute
)

// imageFile is where an image is on its way from docker to containerd.
const imageFile = "/var/tmp/kubernetes-worker-image.tar"

// ID is docker-left.
func (DockerLeft) ID() string { return "docker-left" }

// Stage is ServiceStage: containerd runs already.
func (DockerLeft) Stage() Stage { return ServiceStage }

// Requires names the resources that must be in place.
func (d DockerLeft) Requires() []string { return d.Needs }

// Equal compares the needs.
func (d DockerLeft) Equal(other any) bool {
	o, ok := other.(DockerLeft)
	return ok && slices.Equal(o.Needs, d.Needs) && o.Socket == d.Socket
}

// Plan asks docker what it has once in an invocation. Containers that no kubelet made are somebody's own: then docker is
// left running, which is noted.
func (d DockerLeft) Plan(ctx context.Context, sys *System) (*Change, error) {
	if sys.tried[d.ID()] {
		return nil, nil
	}
	docker := dockerCommands{sys, d.Socket}
	all, err := docker.list(ctx, "ps", "--all", "--quiet")
	if err != nil {
		return nil, handover(err)
	}
	pods, err := docker.list(ctx, "ps", "--all", "--quiet", "--filter", podContainers)
	if err != nil {
		return nil, handover(err)
	}
	return &Change{
		Cause:  fmt.Sprintf("the kubelet works with containerd now; %d containers of pods to remove", len(pods)),
		Status: "Moving from docker to containerd",
		Apply: func(ctx context.Context) error {
			sys.tried[d.ID()] = true
			if err := docker.remove(ctx, pods); err != nil {
				return handover(err)
			}
			if err := docker.moveImages(ctx); err != nil {
				return handover(err)
			}
			sys.State.Docker = state.DockerLeft
			if len(all) > len(pods) {
				sys.State.Docker = state.DockerKept
				sys.Log(ctx, fmt.Sprintf("docker keeps running: %d of its containers are of no pod", len(all)-len(pods)))
			}
			return sys.State.Save()
		},
	}, nil
}

// dockerCommands speaks to docker and containerd by their command line programs, which come with them.
type dockerCommands struct {
	sys    *System
	socket string // see DockerLeft
}

func (d dockerCommands) run(ctx context.Context, timeout time.Duration, name string, args ...string) (string, error) {
	out, err := d.sys.Run.Run(ctx, host.Command{Name: name, Args: args, Timeout: timeout})
	return string(out.Stdout), err
}

// containerd runs its client for what the kubelet has.
func (d dockerCommands) containerd(ctx context.Context, timeout time.Duration, args ...string) (string, error) {
	args = append([]string{"--namespace", "k8s.io"}, args...)
	if d.socket != "" {
		args = append([]string{"--address", d.socket}, args...)
	}
	return d.run(ctx, timeout, "ctr", args...)
}

// handover says that a step which the node cannot do without is tried again by the next hook.
func handover(err error) error {
	return condition.NewWaiting("Waiting for docker to hand over to containerd: " + err.Error())
}

func (d dockerCommands) list(ctx context.Context, args ...string) ([]string, error) {
	out, err := d.run(ctx, time.Minute, "docker", args...)
	return strings.Fields(out), err
}

// remove ends the containers as the kubelet does, with time to finish, and deletes them.
func (d dockerCommands) remove(ctx context.Context, ids []string) error {
	if len(ids) == 0 {
		return nil
	}
	if _, err := d.run(ctx, stopTime, "docker", append([]string{"stop", "--time", "30"}, ids...)...); err != nil {
		return err
	}
	_, err := d.run(ctx, stopTime, "docker", append([]string{"rm", "--force", "--volumes"}, ids...)...)
	return err
}

// moveImages brings containerd what it lacks of docker's images. They could be pulled again, but not all registries still
// have what a node runs, and some nodes got theirs by hand. An image that cannot be moved is left where it is, and so are all
// where another charm's runtime does not speak as containerd does.
func (d dockerCommands) moveImages(ctx context.Context) error {
	images, err := d.list(ctx, "image", "ls", "--format", "{{.Repository}}:{{.Tag}}")
	if err != nil {
		return err
	}
	known, err := d.containerd(ctx, time.Minute, "images", "ls", "--quiet")
	if err != nil && d.socket != "" && ctx.Err() == nil {
		d.sys.Log(ctx, fmt.Sprintf("images stay with docker, the runtime behind %s has to pull them: %v", d.socket, err))
		return nil
	}
	if err != nil {
		return err
	}
	have := strings.Fields(known)
	for _, image := range images {
		if strings.Contains(image, "<none>") || strings.HasPrefix(image, "-") || slices.Contains(have, fullName(image)) {
			continue
		}
		if err := d.moveImage(ctx, image); err != nil {
			if ctx.Err() != nil {
				return err
			}
			d.sys.Log(ctx, fmt.Sprintf("image %s stays with docker, containerd has to pull it: %v", image, err))
		}
	}
	return nil
}

func (d dockerCommands) moveImage(ctx context.Context, image string) error {
	d.sys.Progress(ctx, "Moving image "+image+" from docker to containerd")
	file := d.sys.Host.Path(imageFile)
	defer func() { _ = d.sys.Host.Remove(imageFile) }()
	if _, err := d.run(ctx, imageTime, "docker", "save", "--output", file, image); err != nil {
		return err
	}
	if _, err := d.containerd(ctx, imageTime, "images", "import", file); err != nil {
		return err
	}
	_, err := d.run(ctx, imageTime, "docker", "image", "rm", image)
	return err
}

// fullName writes an image's name as containerd knows it: docker leaves its own registry out.
func fullName(image string) string {
	first, _, found := strings.Cut(image, "/")
	switch {
	case !found:
		return "docker.io/library/" + image
	case !strings.ContainsAny(first, ".:") && first != "localhost":
		return "docker.io/" + image
	}
	return image
}
