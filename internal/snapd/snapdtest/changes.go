package snapdtest

import (
	"fmt"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"time"
)

// change is a change of the daemon. Work that is not done yet is kept as the fields after Polls, so that it also survives a
// restart of the stand-in.
type change struct {
	ID      string    `json:"id"`
	Kind    string    `json:"kind"`
	Summary string    `json:"summary"`
	Snap    string    `json:"snap"`
	Task    string    `json:"task"`
	Ready   bool      `json:"ready"`
	Err     string    `json:"err"`
	Log     string    `json:"log"`
	TaskOf  string    `json:"task_kind"`
	Spawned time.Time `json:"spawned"`
	// Polls is how often the change is still to be looked at before it is done; Away is how many requests find no daemon
	// before that.
	Polls int `json:"polls"`
	Away  int `json:"away"`

	Install *snap          `json:"install,omitempty"`
	Set     map[string]any `json:"set,omitempty"`
	Adjust  *snap          `json:"adjust,omitempty"` // the same revision, treated otherwise
	Revert  bool           `json:"revert,omitempty"` // Install is a revision of before, with its configuration
}

// begin starts a change and answers with its identity.
func (s *Server) begin(w http.ResponseWriter, st *state, f Faults, ch change) {
	ch.ID, ch.Spawned = st.nextChangeID(), s.now()
	ch.Polls = f.Slow[ch.Snap]
	if f.RestartDuring == ch.Snap {
		ch.Away = 3
		ch.Polls = max(ch.Polls, 1)
	}
	st.Changes[ch.ID] = &ch
	if ch.Polls == 0 {
		s.finish(st, &ch, f)
	}
	reply(w, http.StatusAccepted, map[string]any{"type": "async", "result": nil, "change": ch.ID})
}

// finish carries out what the change is for.
func (s *Server) finish(st *state, ch *change, f Faults) {
	ch.Ready = true
	switch {
	case f.DiskFull && ch.Snap != "core":
		ch.TaskOf, ch.Log = "mount-snap", "write /var/lib/snapd/snaps/"+ch.Snap+": no space left on device"
	case f.ChangeError[ch.Snap] != "":
		ch.TaskOf, ch.Log = "run-hook", f.ChangeError[ch.Snap]
		if !strings.HasPrefix(ch.Log, "run hook") {
			ch.TaskOf = "prerequisites"
		}
	case ch.Install != nil:
		if ch.Revert {
			st.Conf[ch.Snap] = ch.Install.Past[ch.Install.Revision].Conf
		}
		if text := s.install(st, ch.Install); text != "" {
			ch.TaskOf, ch.Log = "run-hook", text
		}
	case ch.Adjust != nil:
		st.Snaps[ch.Snap] = ch.Adjust
	case ch.Set != nil:
		if text := s.configure(st, ch.Snap, ch.Set); text != "" {
			ch.TaskOf, ch.Log = "run-hook", text
		}
	}
	if ch.Log != "" {
		ch.Err = fmt.Sprintf("cannot perform the following tasks:\n- %s (%s)", ch.Task, ch.Log)
	}
}

func (s *Server) listChanges(w http.ResponseWriter, r *http.Request, st *state, _ Faults) {
	list := []any{}
	for _, id := range changeIDs(st) {
		ch := st.Changes[id]
		if r.FormValue("select") == "in-progress" && ch.Ready {
			continue
		}
		if name := r.FormValue("for"); name != "" && name != ch.Snap {
			continue
		}
		list = append(list, s.wire(ch))
	}
	answer(w, list)
}

func (s *Server) showChange(w http.ResponseWriter, r *http.Request, st *state, f Faults) {
	ch, ok := st.Changes[r.PathValue("id")]
	if !ok {
		fail(w, http.StatusNotFound, "", fmt.Sprintf("cannot find change with id %q", r.PathValue("id")), nil)
		return
	}
	if ch.Away > 0 {
		ch.Away--
		// Kept before the connection is cut, which unwinds past the saving.
		if err := s.save(*st); err != nil {
			fail(w, http.StatusInternalServerError, "", err.Error(), nil)
			return
		}
		panic(http.ErrAbortHandler)
	}
	if !ch.Ready && ch.Polls > 0 {
		ch.Polls--
		if ch.Polls == 0 {
			defer s.finish(st, ch, f)
		}
	}
	document := map[string]any{"type": "sync", "result": s.wire(ch)}
	if f.RestartDuring == ch.Snap {
		document["maintenance"] = map[string]any{"kind": "daemon-restart", "message": "daemon is restarting"}
	}
	reply(w, http.StatusOK, document)
}

// wire is the form of a change in answers.
func (s *Server) wire(ch *change) map[string]any {
	status := "Doing"
	t := map[string]any{"id": "1", "kind": "download-snap", "summary": ch.Task, "status": "Doing",
		"progress": map[string]any{"label": ch.Snap, "done": 1 << 20, "total": int64(1<<20) * int64(ch.Polls+1)}}
	document := map[string]any{"id": ch.ID, "kind": ch.Kind, "summary": ch.Summary, "ready": ch.Ready,
		"spawn-time": ch.Spawned.UTC().Format(time.RFC3339Nano), "data": map[string]any{"snap-name": ch.Snap}}
	if ch.Install != nil {
		document["data"] = map[string]any{"snap-name": ch.Install.Name}
	}
	if ch.Ready {
		status = "Done"
		t = map[string]any{"id": "1", "kind": "link-snap", "summary": ch.Task, "status": "Done", "log": nil}
		document["ready-time"] = s.now().UTC().Format(time.RFC3339Nano)
	}
	if ch.Err != "" {
		status, document["err"] = "Error", ch.Err
		t["kind"], t["status"] = ch.TaskOf, "Error"
		t["log"] = []string{ch.Spawned.UTC().Format(time.RFC3339) + " ERROR " + ch.Log}
	}
	document["status"], document["tasks"] = status, []any{t}
	return document
}

// busy answers that another change of the snap is running, if one is.
func (s *Server) busy(w http.ResponseWriter, st *state, f Faults, name string) bool {
	kind := f.Busy[name]
	for _, id := range changeIDs(st) {
		if ch := st.Changes[id]; ch.Snap == name && !ch.Ready {
			kind = ch.Kind
		}
	}
	if kind == "" {
		return false
	}
	fail(w, http.StatusConflict, "snap-change-conflict", fmt.Sprintf("snap %q has %q change in progress", name, kind),
		map[string]any{"change-kind": kind, "snap-name": name})
	return true
}

func changeIDs(st *state) []string {
	ids := make([]string, 0, len(st.Changes))
	for id := range st.Changes {
		ids = append(ids, id)
	}
	slices.SortFunc(ids, func(a, b string) int {
		x, _ := strconv.Atoi(a)
		y, _ := strconv.Atoi(b)
		return x - y
	})
	return ids
}
