package worker

import (
	"testing"
	"time"

	"kubernetes-worker/internal/options"
	"kubernetes-worker/internal/state"
)

func TestTheWeekOfADayIsCountedFromTheFirst(t *testing.T) {
	for day, want := range map[string]string{
		"2018-10-01": "mon1", "2018-10-07": "sun1", "2018-10-08": "mon2", "2018-10-14": "sun2", "2018-10-21": "sun3",
		"2018-10-28": "sun4", "2018-10-29": "mon5", "2018-10-31": "wed5", "2024-02-29": "thu5",
	} {
		at, err := time.Parse(time.DateOnly, day)
		if err != nil {
			t.Fatal(err)
		}
		if got := monthlyAt(at); got != want {
			t.Errorf("%s: %s, want %s", day, got, want)
		}
	}
}

func TestWhoDecidesOnTheTimer(t *testing.T) {
	today := time.Date(2018, 10, 8, 12, 0, 0, 0, time.UTC) // whose yesterday is the first Sunday
	for _, c := range []struct {
		name, option    string
		settings, leads bool
		published, kept string
		timer           string
		known, needs    bool
	}{
		{"the first leader derives it from yesterday", "max", true, true, "", "", "sun1", true, true},
		{"and keeps it on another day", "max", true, true, "", "sat4", "sat4", true, true},
		{"a later leader keeps what is published", "max", true, true, "wed2", "sat4", "wed2", true, false},
		{"a leader cleans what the original published", "max", true, true, "wed2\n", "", "wed2", true, true},
		{"a follower takes what is published", "max", true, false, "fri5,23:00-01:00", "wed2", "fri5,23:00-01:00", true, true},
		{"and of the original, too", "max", true, false, "wed2\n", "", "wed2", true, true},
		{"and not its own option", "mon", true, false, "tue", "", "tue", true, true},
		{"and leaves it as it is before the leader has spoken", "max", true, false, "", "", "", false, true},
		{"also with a timer of its own", "mon", true, false, "", "", "", false, true},
		{"what is published and no timer is not used", "max", true, false, "a\nb", "", "", false, true},
		{"a leader sets what the option says", "mon", true, true, "tue", "", "mon", true, true},
		{"nothing asked for, nothing published", "", true, false, "", "wed2", "", true, false},
		{"nothing asked for any more", "", true, true, "tue", "wed2", "", true, true},
		{"without leader's settings a timer is everybody's", "mon", false, false, "", "", "mon", true, false},
		{"without leader's settings max is computed", "max", false, false, "", "sat4", "mon1", true, false},
	} {
		f := Facts{App: "kubernetes-worker", ModelUUID: "0c1c4b6e-0000-4000-8000-000000000000", Today: today,
			Options: options.Options{SnapdRefresh: c.option}, SnapdState: state.Snapd{Timer: c.kept},
			Leadership: Leadership{Settings: c.settings, Timer: c.published, Leads: c.leads}}
		timer, known := f.refreshTimer()
		if timer != c.timer || known != c.known || f.NeedsLeader() != c.needs {
			t.Errorf("%s: %q, %v, needs to know the leader %v", c.name, timer, known, f.NeedsLeader())
		}
	}
}

func TestUnitsWithoutALeaderComputeOneDay(t *testing.T) {
	seen := map[string]bool{}
	for _, app := range []string{"a", "b", "c", "d", "e", "f", "g", "h", "worker"} {
		f := Facts{App: app, ModelUUID: "u", Options: options.Defaults(), Today: time.Unix(1e9, 0)}
		timer, known := f.refreshTimer()
		f.Today, f.UnitNumber = time.Unix(1.5e9, 0), 7
		if again, _ := f.refreshTimer(); again != timer || !known || !monthly(timer) || timer[3] == '5' {
			t.Errorf("%s: %s, then %s", app, timer, again)
		}
		seen[timer] = true
	}
	if len(seen) < 3 {
		t.Errorf("all applications of a model have the same days: %v", seen)
	}
}
