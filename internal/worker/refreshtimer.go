package worker

import (
	"crypto/sha256"
	"fmt"
	"slices"
	"strings"
	"time"

	"kubernetes-worker/internal/options"
	"kubernetes-worker/internal/resource"
)

// LeaderTimer is the key under which the leader publishes the timer that is in force on its machine, as the original charm
// did.
const LeaderTimer = "snapd_refresh"

// Leadership is what the units of the application have agreed on.
type Leadership struct {
	// Settings says that this Juju lets a leader publish to its units; Juju 4 does not.
	Settings bool
	// Timer is what the leader has published, as it is there; empty: nothing.
	Timer string
	// Leads: this unit is the leader. It is asked only where the answer matters, see NeedsLeader.
	Leads bool
}

// monthly reports whether a timer has the form of those that "max" gives: one weekday of each month.
func monthly(timer string) bool {
	return len(timer) == 4 && timer[3] >= '1' && timer[3] <= '5' &&
		slices.Contains([]string{"sun", "mon", "tue", "wed", "thu", "fri", "sat"}, timer[:3])
}

// monthlyAt is the timer that strikes on the day's weekday, in the same week of each month.
func monthlyAt(day time.Time) string {
	return fmt.Sprintf("%s%d", strings.ToLower(day.Weekday().String()[:3]), (day.Day()-1)/7+1)
}

// maxTimer is what snapd_refresh=max comes to. Once it was derived it stays: the leader's published one, or the one this
// unit has set before, and only where there is neither that of yesterday, which comes as late as any. Where a leader
// cannot publish, the units take one that each can compute from what all know, so that they still agree.
func (f Facts) maxTimer() string {
	if !f.Leadership.Settings {
		sum := sha256.Sum256([]byte(f.ModelUUID + " " + f.App))
		return monthlyAt(time.Date(2023, time.January, 1+int(sum[0])%28, 0, 0, 0, 0, time.UTC)) // any month that begins on a Sunday
	}
	for _, kept := range []string{strings.TrimSpace(f.Leadership.Timer), f.SnapdState.Timer} {
		if monthly(kept) {
			return kept
		}
	}
	return monthlyAt(f.Today.AddDate(0, 0, -1))
}

// ownTimer is the timer that this unit's options ask for; empty: snapd's own.
func (f Facts) ownTimer() string {
	if f.Options.SnapdRefresh == options.RefreshMax {
		return f.maxTimer()
	}
	return f.Options.SnapdRefresh
}

// refreshTimer is the timer that is to be in force; known is false where that is for the leader to say, and it has not.
func (f Facts) refreshTimer() (timer string, known bool) {
	published := strings.TrimSpace(f.Leadership.Timer)
	switch {
	case f.Options.AnyUnknown(options.SnapdRefresh):
		return "", false
	case !f.Leadership.Settings, f.Leadership.Leads, f.Leadership.Timer == f.ownTimer():
		return f.ownTimer(), true
	case published != "":
		if options.CheckTimer(published) == nil {
			return published, true
		}
		return "", false
	}
	return "", f.Options.SnapdRefresh == ""
}

// NeedsLeader reports whether it matters who leads: what is published differs from what this unit would publish.
func (f Facts) NeedsLeader() bool {
	return f.Leadership.Settings && !f.Options.AnyUnknown(options.SnapdRefresh) && f.Leadership.Timer != f.ownTimer()
}

// publishedTimer tells the other units the leader's timer as soon as the leader's own snapd has taken it, so that what is
// published is known to be a timer.
func publishedTimer() Handler {
	return Handler{Name: "published-refresh-timer", When: []flag{SnapdReady}, Declare: func(f Facts) ([]resource.Resource, error) {
		own := f.ownTimer()
		if !f.NeedsLeader() || !f.Leadership.Leads || own != "" && f.SnapdConf[resource.RefreshTimer] != own {
			return nil, nil
		}
		return []resource.Resource{resource.LeaderSetting{Key: LeaderTimer, Value: own}}, nil
	}}
}
