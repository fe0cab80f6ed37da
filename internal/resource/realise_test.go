package resource

import (
	"context"
	"testing"
	"time"

	"kubernetes-worker/internal/condition"
)

// shop is a resource that somebody outside has to bring.
type shop struct{ asked *int }

func (shop) ID() string     { return "shop" }
func (shop) Equal(any) bool { return true }
func (shop) Stage() Stage   { return SnapStage }
func (shop) Outside()       {}
func (s shop) Plan(context.Context, *System) (*Change, error) {
	*s.asked++
	return nil, condition.NewWaiting("Waiting for the shop")
}

func TestHooksThatComeInARowAskOutsideOnce(t *testing.T) {
	sys, _, _ := newSystem(t)
	now := time.Unix(1000, 0)
	sys.Now = func() time.Time { return now }
	asked := 0
	hook := func(patient bool) {
		t.Helper()
		sys.Prepare()
		if sys.Patient = patient; !patient {
			clear(sys.State.Waits)
		}
		for range 3 { // rounds
			_, findings := Realise(context.Background(), sys, []Resource{shop{&asked}}, nil, false)
			if len(findings) != 1 || findings[0].Error() != "Waiting for the shop" || condition.Of(findings[0]) != condition.Waiting {
				t.Fatalf("findings %v", findings)
			}
		}
	}
	hook(true)
	hook(true)
	hook(true)
	if asked != 1 {
		t.Errorf("relation hooks asked %d times, want 1", asked)
	}
	hook(false)
	if asked != 2 {
		t.Errorf("with a hook of another kind asked %d times, want 2", asked)
	}
	now = now.Add(retryAfter)
	hook(true)
	if asked != 3 {
		t.Errorf("after %s asked %d times, want 3", retryAfter, asked)
	}
	now = now.Add(-time.Hour)
	hook(true)
	if asked != 4 {
		t.Errorf("after the clock was set back asked %d times, want 4", asked)
	}
}
