package snapdtest

import (
	"fmt"
	"maps"
	"net/http"
)

// remember keeps what a snap was before another revision becomes current.
func remember(st *state, before, next *snap) {
	if before == nil || before.Revision == next.Revision {
		return
	}
	next.Past = maps.Clone(before.Past)
	if next.Past == nil {
		next.Past = map[string]past{}
	}
	next.Past[before.Revision] = past{Version: before.Version, Conf: maps.Clone(st.Conf[before.Name])}
}

// revert makes a revision current again. The channel that the snap follows stays the one that it was refreshed from.
func (s *Server) revert(w http.ResponseWriter, st *state, f Faults, name string, in instruction) {
	have, ok := st.Snaps[name]
	if !ok {
		fail(w, http.StatusBadRequest, "snap-not-installed", fmt.Sprintf("snap %q is not installed", name), name)
		return
	}
	if s.busy(w, st, f, name) {
		return
	}
	before, known := have.Past[in.Revision]
	switch {
	case in.Revision == have.Revision:
		fail(w, http.StatusBadRequest, "", "already on requested revision", nil)
		return
	case !known:
		fail(w, http.StatusBadRequest, "", fmt.Sprintf("cannot find revision %s for snap %q", in.Revision, name), nil)
		return
	}
	next := *have
	next.Revision, next.Version = in.Revision, before.Version
	s.begin(w, st, f, change{Kind: "revert-snap", Snap: name, Install: &next, Revert: true,
		Task:    fmt.Sprintf("Make snap %q (%s) available to the system", name, in.Revision),
		Summary: fmt.Sprintf("Revert %q snap", name)})
}
