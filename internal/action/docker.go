package action

import (
	"context"
	"errors"
	"slices"
	"strings"
	"time"

	"kubernetes-worker/internal/host"
)

// Limits of commands. Removing what is gigabytes large takes long on a slow disk.
const (
	askTime    = time.Minute
	removeTime = 5 * time.Minute
	batch      = 50 // things that one command removes
)

// Docker cleans docker, by its command line program.
type Docker struct{ Runner host.Runner }

func (d Docker) run(ctx context.Context, limit time.Duration, args ...string) (string, error) {
	out, err := d.Runner.Run(ctx, host.Command{Name: "docker", Args: args, Timeout: limit})
	return string(out.Stdout), err
}

// Containers lists containers with the images that they are of.
func (d Docker) Containers(ctx context.Context) ([]Container, error) {
	all, err := d.run(ctx, askTime, "ps", "--all", "--quiet", "--no-trunc")
	if err != nil {
		return nil, err
	}
	ended, err := d.run(ctx, askTime, "ps", "--all", "--quiet", "--no-trunc", "--filter", "status=exited", "--filter", "status=dead")
	if err != nil {
		return nil, err
	}
	var containers []Container
	dead := strings.Fields(ended)
	for ids := range slices.Chunk(strings.Fields(all), batch) {
		images, err := d.run(ctx, askTime, append([]string{"inspect", "--type", "container", "--format", "{{.Id}} {{.Image}}"}, ids...)...)
		if err != nil && len(images) == 0 { // one that is gone meanwhile is not there and is no trouble
			return nil, err
		}
		for line := range strings.Lines(images) {
			if f := strings.Fields(line); len(f) == 2 {
				containers = append(containers, Container{ID: f[0], Ended: slices.Contains(dead, f[0]), ImageID: f[1]})
			}
		}
	}
	return containers, nil
}

// RemoveContainers leaves it to docker to refuse one that runs again.
func (d Docker) RemoveContainers(ctx context.Context, ids []string) error {
	var all []error
	for some := range slices.Chunk(ids, batch) {
		_, err := d.run(ctx, removeTime, append([]string{"rm"}, some...)...)
		all = append(all, err)
	}
	return errors.Join(all...)
}

// Images lists images under their IDs.
func (d Docker) Images(ctx context.Context) ([]Image, error) {
	out, err := d.run(ctx, askTime, "image", "ls", "--no-trunc", "--format", "{{.ID}} {{.Repository}}:{{.Tag}}")
	if err != nil {
		return nil, err
	}
	dangling, err := d.run(ctx, askTime, "image", "ls", "--no-trunc", "--quiet", "--filter", "dangling=true")
	if err != nil {
		return nil, err
	}
	loose := strings.Fields(dangling)
	var images []Image
	for line := range strings.Lines(out) {
		f := strings.Fields(line)
		if len(f) != 2 {
			continue
		}
		at := slices.IndexFunc(images, func(i Image) bool { return i.ID == f[0] })
		if at < 0 {
			images, at = append(images, Image{ID: f[0], Untagged: slices.Contains(loose, f[0])}), len(images)
		}
		if !strings.Contains(f[1], "<none>") {
			images[at].Names = append(images[at].Names, f[1])
			images[at].Refs = images[at].Names
		}
	}
	return images, nil
}

// RemoveImages removes by name what has names: an ID with names in more than one repository is refused.
func (d Docker) RemoveImages(ctx context.Context, images []Image) error {
	var all []error
	for some := range slices.Chunk(images, batch) {
		args := []string{"image", "rm"}
		for _, image := range some {
			if len(image.Names) == 0 {
				args = append(args, image.ID)
			}
			args = append(args, image.Names...)
		}
		_, err := d.run(ctx, removeTime, args...)
		all = append(all, err)
	}
	return errors.Join(all...)
}
