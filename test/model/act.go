package model

import (
	"context"
	"strings"
	"time"

	"kubernetes-worker/internal/jujusim"
)

// act runs an action and the hooks that follow.
func (w *World) act(name string, params map[string]any) jujusim.ActionResult {
	w.T.Helper()
	ctx, cancel := context.WithTimeout(context.Background(), 2*time.Minute)
	defer cancel()
	result, err := w.Juju.RunAction(ctx, w.Unit, name, params)
	w.must(err)
	w.Settle()
	return result
}

// completes runs an action that must do its work.
func (w *World) completes(name string, params map[string]any) jujusim.ActionResult {
	w.T.Helper()
	result := w.act(name, params)
	if result.Status != "completed" {
		w.dump()
		w.T.Fatalf("action %s %s: %s", name, result.Status, result.Message)
	}
	return result
}

// fails runs an action that must not, and looks at what it says.
func (w *World) fails(name string, params map[string]any, message string) jujusim.ActionResult {
	w.T.Helper()
	result := w.act(name, params)
	if result.Status != "failed" || !strings.Contains(result.Message, message) {
		w.dump()
		w.T.Fatalf("action %s %s: %s\nwant it failed with: %s", name, result.Status, result.Message, message)
	}
	return result
}
