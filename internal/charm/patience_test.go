package charm

import (
	"testing"
	"time"

	"kubernetes-worker/internal/state"
	"kubernetes-worker/internal/worker"
)

func TestTheNodeOfAPausedUnitIsWaitedForLonger(t *testing.T) {
	for _, c := range []struct {
		paused, exists bool
		want           time.Duration
	}{{false, false, 15 * time.Second}, {false, true, 15 * time.Second}, {true, false, time.Minute}, {true, true, 15 * time.Second}} {
		r := &run{state: &state.File{State: state.State{Paused: c.paused}}}
		if got := r.patience(worker.NodeFact{Exists: c.exists}); got != c.want {
			t.Errorf("paused %v, there %v: %v, want %v", c.paused, c.exists, got, c.want)
		}
	}
}
