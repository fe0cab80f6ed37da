package model

import (
	"slices"
	"strings"
	"testing"
)

// cleanable is a machine whose runtime holds a bit of all.
func cleanable(t *testing.T, channel string) *World {
	t.Helper()
	s := joined("clean", Options{Config: map[string]string{"channel": channel}})
	w := New(t, s.Options)
	s.Begin(w)
	s.Steps[0].Run(w)
	w.SetEngine(Engine{
		Containers: map[string]EngineContainer{
			"web": {Image: "web", Running: true}, "old": {Image: "job"}, "older": {Image: "job"}, "next": {Image: "web", New: true},
		},
		Images: map[string]EngineImage{
			"web": {Tags: []string{"registry.test/web:1", "registry.test/web:stable"}}, "job": {Tags: []string{"registry.test/job:1"}},
			"pause": {Tags: []string{"registry.test/cdk/pause:3.9"}}, "loose": {}, "free": {Tags: []string{"registry.test/free:2"}},
		},
	})
	return w
}

func (w *World) wantEngine(containers, images string) {
	w.T.Helper()
	c, i := w.Engine()
	if got := strings.Join(c, " "); got != containers {
		w.T.Errorf("containers %q, want %q", got, containers)
	}
	if got := strings.Join(i, " "); got != images {
		w.T.Errorf("images %q, want %q", got, images)
	}
}

func TestCleaningTakesWhatNobodyUses(t *testing.T) {
	t.Parallel()
	for name, channel := range map[string]string{"docker": DockerChannel, "containerd": Channel} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			w := cleanable(t, channel)
			const notAll = "Not all containers removed, perhaps you need to juju action do kubernetes-worker/0 clean-containers first?"
			response := func(r map[string]any) map[string]any { return r["response"].(map[string]any) }

			// Untagged ones alone, as long as there are any.
			result := w.completes("clean-images", nil)
			w.wantEngine("next old older web", "free job pause web")
			if r := response(result.Results); r["msg"] != notAll || result.Results["removed"] != "1" {
				t.Errorf("results %v", result.Results)
			}
			result = w.completes("clean-images", nil)
			w.wantEngine("next old older web", "job pause web")
			if r := response(result.Results); r["result"] != "registry.test/free:2" {
				t.Errorf("results %v", result.Results)
			}

			// What has ended goes, what runs or is about to stays, and then their images may go.
			result = w.completes("clean-containers", nil)
			w.wantEngine("next web", "job pause web")
			if r := result.Results; r["removed"] != "2" || r["remaining"] != "0" || r["running"] != "2" {
				t.Errorf("results %v", r)
			}
			result = w.completes("clean-images", map[string]any{"untagged": false})
			w.wantEngine("next web", "pause web")
			if r := response(result.Results); r["msg"] != nil || r["result"] != "registry.test/job:1" {
				t.Errorf("results %v", result.Results)
			}

			// Nothing left to do is no failure.
			w.completes("clean-containers", nil)
			if r := response(w.completes("clean-images", nil).Results); r["result"] != "no image was removed" {
				t.Errorf("response %v", r)
			}
			w.wantEngine("next web", "pause web")
			w.WantStatus("active", running)
		})
	}
}

func TestCleaningThatLeavesSomethingFailsAndNamesIt(t *testing.T) {
	t.Parallel()
	for name, channel := range map[string]string{"docker": DockerChannel, "containerd": Channel} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			w := cleanable(t, channel)
			w.SetEngine(Engine{
				Containers: map[string]EngineContainer{"fast": {Image: "a", Stuck: true}, "loose": {Image: "a"}},
				Images:     map[string]EngineImage{"a": {Tags: []string{"registry.test/a:1"}}, "b": {Tags: []string{"registry.test/b:1"}, Stuck: true}, "c": {Tags: []string{"registry.test/c:1"}}},
			})
			w.fails("clean-containers", nil, "1 of 2 containers not removed: fast: cannot run ")
			w.fails("clean-images", nil, "1 of 2 images not removed: registry.test/b:1: cannot run ")
			w.wantEngine("fast", "a b")
		})
	}
}

func TestCleaningWithoutARuntimeSaysSo(t *testing.T) {
	t.Parallel()
	w := cleanable(t, Channel)
	w.put("standin/engine.json", "no json")
	for _, name := range []string{"clean-containers", "clean-images"} {
		w.fails(name, nil, "; nothing was removed")
	}
	if c := w.Programs(); slices.ContainsFunc(c, func(call string) bool { return strings.Contains(call, " rm ") }) {
		t.Errorf("removed something: %q", c)
	}
}
