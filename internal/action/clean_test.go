package action

import (
	"context"
	"errors"
	"testing"
)

// dying is a runtime that answers a number of questions and then none.
type dying struct {
	answers int
	removed []string
}

var errGone = errors.New("nobody listens")

func (d *dying) ask() error {
	if d.answers--; d.answers < 0 {
		return errGone
	}
	return nil
}

func (d *dying) Containers(context.Context) ([]Container, error) {
	return []Container{{ID: "ended", Ended: true, ImageID: "a"}, {ID: "runs", ImageID: "b"}}, d.ask()
}

func (d *dying) RemoveContainers(_ context.Context, ids []string) error {
	d.removed = append(d.removed, ids...)
	return d.ask()
}

func (d *dying) Images(context.Context) ([]Image, error) {
	return []Image{{ID: "b", Names: []string{"used"}}, {ID: "c", Names: []string{"free"}}}, d.ask()
}

func (d *dying) RemoveImages(_ context.Context, images []Image) error {
	for _, i := range images {
		d.removed = append(d.removed, i.ID)
	}
	return d.ask()
}

// mute hears and tells nothing.
type mute struct{}

func (mute) Log(context.Context, string)    {}
func (mute) Status(context.Context, string) {}
func (mute) Step(ctx context.Context, _ string, do func(context.Context) error) error {
	return do(ctx)
}

func TestARuntimeThatGoesAwayIsTold(t *testing.T) {
	clean := map[string]func(*dying) error{
		"containers": func(d *dying) error { _, err := CleanContainers(context.Background(), d, mute{}); return err },
		"images":     func(d *dying) error { _, err := CleanImages(context.Background(), d, true, nil, mute{}); return err },
	}
	for _, c := range []struct {
		what    string
		answers int
		removes int
		message string
	}{
		{"containers", 0, 0, "nobody listens; nothing was removed"},
		{"containers", 1, 1, "nobody listens\nit is not known what is left: nobody listens"},
		{"containers", 2, 1, "it is not known what is left: nobody listens"},
		{"containers", 3, 1, "1 of 1 container not removed: ended"},
		{"images", 0, 0, "nobody listens; nothing was removed"},
		{"images", 1, 0, "nobody listens; nothing was removed"},
		{"images", 2, 1, "nobody listens\nit is not known what is left: nobody listens"},
		{"images", 3, 1, "it is not known what is left: nobody listens"},
		{"images", 4, 1, "1 of 1 image not removed: free"},
	} {
		d := &dying{answers: c.answers}
		if err := clean[c.what](d); err == nil || err.Error() != c.message || len(d.removed) != c.removes {
			t.Errorf("%s after %d answers: %v, removed %v", c.what, c.answers, err, d.removed)
		}
	}
}
