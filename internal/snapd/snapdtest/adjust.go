package snapdtest

import (
	"fmt"
	"net/http"
	"strconv"
	"strings"
	"time"
)

// hasHolds reports whether a version of the daemon can hold refreshes of single snaps.
func hasHolds(version string) bool {
	major, rest, _ := strings.Cut(version, ".")
	minor, _, _ := strings.Cut(rest, ".")
	n, err := strconv.Atoi(minor)
	return err == nil && (major != "2" || n >= 58)
}

// adjust changes how a snap is treated: whether it is held, and the cohort it follows. The store is not asked.
func (s *Server) adjust(w http.ResponseWriter, st *state, f Faults, name string, in instruction) {
	have, ok := st.Snaps[name]
	switch {
	case !ok:
		fail(w, http.StatusBadRequest, "snap-not-installed", fmt.Sprintf("snap %q is not installed", name), name)
		return
	case in.Action == "hold" && in.Time == "":
		fail(w, http.StatusBadRequest, "", "hold action requires a non-empty time value", nil)
		return
	case in.Action == "hold" && in.HoldLevel != "general" && in.HoldLevel != "auto-refresh":
		fail(w, http.StatusBadRequest, "", `hold action requires hold-level to be either "auto-refresh" or "general"`, nil)
		return
	case s.busy(w, st, f, name):
		return
	}
	next := *have
	switch {
	case in.Action == "hold" && in.Time == "forever":
		next.Hold = s.now().AddDate(200, 0, 0).UTC().Format(time.RFC3339)
	case in.Action == "hold":
		next.Hold = in.Time
	case in.Action == "unhold":
		next.Hold = ""
	case in.Channel != "":
		next.Channel, next.Tracking = in.Channel, fullChannel(in.Channel)
	case in.LeaveCohort:
		next.CohortKey = ""
	case in.CohortKey != "":
		next.CohortKey = in.CohortKey
	}
	s.begin(w, st, f, change{Kind: in.Action + "-snap", Snap: name, Adjust: &next,
		Task: fmt.Sprintf("Switch snap %q", name), Summary: fmt.Sprintf("%s %q snap", in.Action, name)})
}
