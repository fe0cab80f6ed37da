package action

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"regexp"
	"slices"
	"strings"
	"time"

	"kubernetes-worker/internal/host"
)

// beginning is how long a container without a process counts as one that is about to start.
const beginning = 2 * time.Minute

// Containerd cleans the namespace of containerd that kubelets use, by the program that comes with it.
type Containerd struct {
	Runner  host.Runner
	Address string // of its socket; empty: the usual one
	Now     func() time.Time
}

func (c Containerd) run(ctx context.Context, limit time.Duration, args ...string) (string, error) {
	args = append([]string{"--namespace=k8s.io"}, args...)
	if c.Address != "" {
		args = append([]string{"--address=" + c.Address}, args...)
	}
	out, err := c.Runner.Run(ctx, host.Command{Name: "ctr", Args: args, Timeout: limit})
	return string(out.Stdout), err
}

// rows are the lines of a table below its head, as words.
func rows(table string) [][]string {
	var all [][]string
	for line := range strings.Lines(table) {
		if words := strings.Fields(line); len(words) > 1 {
			all = append(all, words)
		}
	}
	if len(all) == 0 {
		return nil
	}
	return all[1:]
}

// Containers lists containers with the images that they are of. One without a process has ended, unless it was made a
// moment ago.
func (c Containerd) Containers(ctx context.Context) ([]Container, error) {
	table, err := c.run(ctx, askTime, "containers", "ls")
	if err != nil {
		return nil, err
	}
	tasks, err := c.run(ctx, askTime, "tasks", "ls") // after the containers: what is begun in between counts as running
	if err != nil {
		return nil, err
	}
	images, err := c.Images(ctx)
	if err != nil {
		return nil, err
	}
	alive := map[string]bool{}
	for _, row := range rows(tasks) {
		alive[row[0]] = row[len(row)-1] != "STOPPED"
	}
	var containers []Container
	for _, row := range rows(table) {
		container := Container{ID: row[0], ImageID: idOf(images, row[1])}
		if !alive[row[0]] {
			container.Ended = c.old(ctx, row[0])
		}
		containers = append(containers, container)
	}
	return containers, nil
}

// old reports whether a container was made some time ago. One whose making is not known is left alone.
func (c Containerd) old(ctx context.Context, id string) bool {
	out, err := c.run(ctx, askTime, "containers", "info", id)
	if err != nil {
		return false
	}
	var info struct{ CreatedAt time.Time }
	return json.Unmarshal([]byte(out), &info) == nil && !info.CreatedAt.IsZero() && c.Now().Sub(info.CreatedAt) > beginning
}

// RemoveContainers removes each by itself: containerd refuses one that runs again, and ends a list at the first failure.
func (c Containerd) RemoveContainers(ctx context.Context, ids []string) error {
	var all []error
	for _, id := range ids {
		_, err := c.run(ctx, removeTime, "containers", "rm", id)
		all = append(all, err)
	}
	return errors.Join(all...)
}

var digest = regexp.MustCompile(`^sha256:[0-9a-f]{64}$`)

// Images lists images under their digests. An image has several references there: name:tag, name@digest, and the digest of
// its configuration.
func (c Containerd) Images(ctx context.Context) ([]Image, error) {
	table, err := c.run(ctx, askTime, "images", "ls")
	if err != nil {
		return nil, err
	}
	var images []Image
	for _, row := range rows(table) {
		at := slices.IndexFunc(row[1:], digest.MatchString)
		if at < 0 {
			return nil, fmt.Errorf("cannot read the list of images: %q has no digest", strings.Join(row, " "))
		}
		ref, id := row[0], row[1+at]
		known := slices.IndexFunc(images, func(i Image) bool { return i.ID == id })
		if known < 0 {
			images, known = append(images, Image{ID: id, Untagged: true}), len(images)
		}
		image := &images[known]
		image.Refs = append(image.Refs, ref)
		if tagged(ref) {
			image.Names, image.Untagged = append(image.Names, ref), false
		}
	}
	return images, nil
}

// tagged reports whether a reference is a name with a tag.
func tagged(ref string) bool {
	return !digest.MatchString(ref) && !strings.Contains(ref, "@") && strings.Contains(ref[strings.LastIndex(ref, "/")+1:], ":")
}

// idOf finds the image that a container names by one of its references.
func idOf(images []Image, ref string) string {
	for _, image := range images {
		if slices.Contains(image.Refs, ref) {
			return image.ID
		}
	}
	return ref
}

// RemoveImages removes all references of each; then containerd frees the space.
func (c Containerd) RemoveImages(ctx context.Context, images []Image) error {
	var all []error
	for _, image := range images {
		_, err := c.run(ctx, removeTime, append([]string{"images", "rm", "--sync"}, image.Refs...)...)
		all = append(all, err)
	}
	return errors.Join(all...)
}
