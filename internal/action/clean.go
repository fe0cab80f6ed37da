package action

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strconv"
	"strings"
)

// Engine is a container runtime as far as cleaning needs it.
type Engine interface {
	// Containers are all of them, running or not.
	Containers(ctx context.Context) ([]Container, error)
	// RemoveContainers removes those that do not run. That it could not remove some is an error.
	RemoveContainers(ctx context.Context, ids []string) error
	// Images are all of them.
	Images(ctx context.Context) ([]Image, error)
	RemoveImages(ctx context.Context, images []Image) error
}

// Container is one of a runtime.
type Container struct {
	ID      string
	Ended   bool // it has run and does not any more
	ImageID string
}

// Image is one of a runtime, with all its names.
type Image struct {
	ID       string
	Names    []string // as name:tag; none for an untagged one
	Refs     []string // what the runtime knows it under, names among them
	Untagged bool
}

func (i Image) String() string {
	if len(i.Names) > 0 {
		return strings.Join(i.Names, " ")
	}
	return i.ID
}

// CleanContainers removes the containers that have ended, and gives counts as the action's results.
func CleanContainers(ctx context.Context, engine Engine, tell Teller) (map[string]string, error) {
	before, err := engine.Containers(ctx)
	if err != nil {
		return nil, fmt.Errorf("%w; nothing was removed", err)
	}
	var ended []string
	for _, c := range before {
		if c.Ended {
			ended = append(ended, c.ID)
		}
	}
	tell.Log(ctx, fmt.Sprintf("%d of %s have ended", len(ended), count(len(before), "container")))
	if len(ended) > 0 {
		err = tell.Step(ctx, "remove-containers", func(ctx context.Context) error { return engine.RemoveContainers(ctx, ended) })
	}
	after, lookErr := engine.Containers(ctx)
	if lookErr != nil {
		return nil, errors.Join(err, fmt.Errorf("it is not known what is left: %w", lookErr))
	}
	var left []string
	for _, c := range after {
		if slices.Contains(ended, c.ID) {
			left = append(left, c.ID)
		}
	}
	results := map[string]string{
		"removed": strconv.Itoa(len(ended) - len(left)), "remaining": strconv.Itoa(len(left)), "running": strconv.Itoa(len(before) - len(ended)),
	}
	return results, unfinished("container", left, len(ended), err)
}

// CleanImages removes the untagged images that no container uses, with untagged unset or none of these all that no
// container uses. Those named in keep stay.
func CleanImages(ctx context.Context, engine Engine, untagged bool, keep []string, tell Teller) (map[string]string, error) {
	images, err := engine.Images(ctx)
	if err != nil {
		return nil, fmt.Errorf("%w; nothing was removed", err)
	}
	containers, err := engine.Containers(ctx)
	if err != nil {
		return nil, fmt.Errorf("%w; nothing was removed", err)
	}
	used, byEnded := uses(containers)
	var free, loose []Image
	ended := 0
	for _, image := range images {
		switch {
		case used[image.ID]:
		case byEnded[image.ID]:
			ended++
		case slices.ContainsFunc(image.Refs, func(ref string) bool { return slices.Contains(keep, ref) }):
		default:
			free = append(free, image)
			if image.Untagged {
				loose = append(loose, image)
			}
		}
	}
	if untagged && len(loose) > 0 {
		free = loose
	}
	tell.Log(ctx, fmt.Sprintf("%d of %s to remove", len(free), count(len(images), "image")))
	if len(free) > 0 {
		err = tell.Step(ctx, "remove-images", func(ctx context.Context) error { return engine.RemoveImages(ctx, free) })
	}
	now, lookErr := engine.Images(ctx)
	if lookErr != nil {
		return nil, errors.Join(err, fmt.Errorf("it is not known what is left: %w", lookErr))
	}
	var left []string
	var gone []Image
	for _, image := range free {
		if slices.ContainsFunc(now, func(i Image) bool { return i.ID == image.ID }) {
			left = append(left, image.String())
		} else {
			gone = append(gone, image)
		}
	}
	results := map[string]string{
		"removed": strconv.Itoa(len(gone)), "remaining": strconv.Itoa(len(left)), "in-use": strconv.Itoa(len(images) - len(free)),
		"response.result": list(gone, "\n"),
	}
	if len(gone) == 0 {
		results["response.result"] = "no image was removed"
	}
	if ended > 0 {
		results["response.msg"] = "Not all containers removed, perhaps you need to juju action do <unit> clean-containers first?"
	}
	return results, unfinished("image", left, len(free), err)
}

// uses tells which images running containers have, and which only ones that do not run.
func uses(containers []Container) (running, ended map[string]bool) {
	running, ended = map[string]bool{}, map[string]bool{}
	for _, c := range containers {
		if c.Ended {
			ended[c.ImageID] = true
		} else {
			running[c.ImageID] = true
		}
	}
	return running, ended
}

// unfinished says what was not removed, though it should have been.
func unfinished(noun string, left []string, total int, cause error) error {
	if len(left) == 0 {
		return nil // whoever removed them
	}
	const most = 5
	names := strings.Join(left[:min(len(left), most)], ", ")
	if more := len(left) - most; more > 0 {
		names += fmt.Sprintf(" and %d more", more)
	}
	text := fmt.Sprintf("%d of %s not removed: %s", len(left), count(total, noun), names)
	if cause != nil {
		return fmt.Errorf("%s: %w", text, cause)
	}
	return errors.New(text)
}
