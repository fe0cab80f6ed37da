package snapdtest

import (
	"encoding/json"
	"fmt"
	"io"
	"maps"
	"net/http"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
)

func (s *Server) systemInfo(w http.ResponseWriter, _ *http.Request, st *state, _ Faults) {
	answer(w, map[string]any{"architecture": s.arch, "confinement": "partial", "on-classic": true, "series": "16",
		"version": st.Version, "refresh": map[string]any{"timer": "00:00~24:00/4"}})
}

func (s *Server) listSnaps(w http.ResponseWriter, r *http.Request, st *state, _ Faults) {
	wanted := strings.FieldsFunc(r.FormValue("snaps"), func(r rune) bool { return r == ',' })
	list := []any{}
	for _, name := range slices.Sorted(maps.Keys(st.Snaps)) {
		if len(wanted) == 0 || slices.Contains(wanted, name) {
			list = append(list, wireSnap(st.Snaps[name]))
		}
	}
	answer(w, list)
}

func (s *Server) showSnap(w http.ResponseWriter, r *http.Request, st *state, _ Faults) {
	name := r.PathValue("name")
	found, ok := st.Snaps[name]
	if !ok {
		fail(w, http.StatusNotFound, "snap-not-found", "snap not installed", name)
		return
	}
	answer(w, wireSnap(found))
}

func wireSnap(p *snap) map[string]any {
	confinement := "strict"
	if p.Classic {
		confinement = "classic"
	}
	document := map[string]any{"id": "", "summary": "stand-in for " + p.Name, "name": p.Name, "status": "active",
		"type": "app", "version": p.Version, "channel": p.Channel, "revision": p.Revision, "confinement": confinement}
	if p.Tracking != "" {
		document["tracking-channel"] = p.Tracking
	}
	if p.CohortKey != "" {
		document["cohort-key"] = p.CohortKey
	}
	if p.Hold != "" {
		document["hold"] = p.Hold
	}
	if hasDaemon(p.Name) {
		document["apps"] = []any{
			map[string]any{"snap": p.Name, "name": "daemon", "daemon": "simple", "enabled": true, "active": true},
			map[string]any{"snap": p.Name, "name": p.Name},
		}
	}
	return document
}

// instruction is the body of a POST about one snap.
type instruction struct {
	Action    string `json:"action"`
	Channel   string `json:"channel"`
	CohortKey string `json:"cohort-key"`
	Classic   bool   `json:"classic"`
	Amend     bool   `json:"amend"`

	LeaveCohort bool   `json:"leave-cohort"`
	Time        string `json:"time"`
	HoldLevel   string `json:"hold-level"`
	Revision    string `json:"revision"`
}

func (s *Server) postSnap(w http.ResponseWriter, r *http.Request, st *state, f Faults) {
	name := r.PathValue("name")
	var in instruction
	if json.NewDecoder(r.Body).Decode(&in) != nil {
		fail(w, http.StatusBadRequest, "", "cannot decode request body into snap instruction", nil)
		return
	}
	if strings.Count(in.Channel, "/") > 2 {
		fail(w, http.StatusBadRequest, "", "channel name has too many components: "+in.Channel, nil)
		return
	}
	switch {
	case in.Action == "install":
		s.installFromStore(w, st, f, name, in)
	case in.Action == "refresh":
		s.refresh(w, st, f, name, in)
	case in.Action == "revert":
		s.revert(w, st, f, name, in)
	case in.Action == "switch", (in.Action == "hold" || in.Action == "unhold") && hasHolds(st.Version):
		s.adjust(w, st, f, name, in)
	default:
		fail(w, http.StatusBadRequest, "", "unknown action "+in.Action, nil)
	}
}

func (s *Server) installFromStore(w http.ResponseWriter, st *state, f Faults, name string, in instruction) {
	if _, ok := st.Snaps[name]; ok {
		fail(w, http.StatusBadRequest, "snap-already-installed", fmt.Sprintf("snap %q is already installed", name), name)
		return
	}
	if s.busy(w, st, f, name) || storeAway(w, f, "install", name) {
		return
	}
	channel := in.Channel
	if channel == "" {
		channel = "stable"
	}
	rev, ok := s.revision(w, st, name, channel, "install")
	if !ok {
		return
	}
	if st.Store[name].Classic && !in.Classic {
		fail(w, http.StatusBadRequest, "snap-needs-classic", fmt.Sprintf("snap %q requires classic confinement", name), name)
		return
	}
	s.begin(w, st, f, change{Kind: "install-snap", Snap: name, Task: fmt.Sprintf("Download snap %q (%d) from channel %q", name, rev.Revision, channel),
		Summary: fmt.Sprintf("Install %q snap from %q channel", name, channel),
		Install: &snap{Name: name, Version: rev.Version, Revision: strconv.Itoa(rev.Revision), Channel: channel,
			Tracking: fullChannel(channel), Classic: in.Classic, CohortKey: in.CohortKey}})
}

func (s *Server) refresh(w http.ResponseWriter, st *state, f Faults, name string, in instruction) {
	have, ok := st.Snaps[name]
	if !ok {
		fail(w, http.StatusBadRequest, "snap-not-installed", fmt.Sprintf("snap %q is not installed", name), name)
		return
	}
	local := strings.HasPrefix(have.Revision, "x")
	if local && !in.Amend {
		fail(w, http.StatusBadRequest, "snap-local", "cannot perform operation on local snap", "")
		return
	}
	if s.busy(w, st, f, name) || storeAway(w, f, "refresh", name) {
		return
	}
	channel := in.Channel
	if channel == "" {
		channel = have.Tracking
	}
	rev, ok := s.revision(w, st, name, channel, "refresh")
	if !ok {
		return
	}
	same := strconv.Itoa(rev.Revision) == have.Revision
	if same && fullChannel(channel) == have.Tracking && in.CohortKey == have.CohortKey {
		fail(w, http.StatusBadRequest, "snap-no-update-available", "snap has no updates available", "")
		return
	}
	next := *have
	next.Version, next.Revision = rev.Version, strconv.Itoa(rev.Revision)
	next.Channel, next.Tracking = channel, fullChannel(channel)
	if in.CohortKey != "" {
		next.CohortKey = in.CohortKey
	}
	s.begin(w, st, f, change{Kind: "refresh-snap", Snap: name, Install: &next,
		Task:    fmt.Sprintf("Download snap %q (%s) from channel %q", name, next.Revision, channel),
		Summary: fmt.Sprintf("Refresh %q snap from %q channel", name, channel)})
}

// revision finds what the store has, or answers why it has nothing.
func (s *Server) revision(w http.ResponseWriter, st *state, name, channel, action string) (StoreRevision, bool) {
	entry, ok := st.Store[name]
	if !ok {
		fail(w, http.StatusNotFound, "snap-not-found", "snap not found", name)
		return StoreRevision{}, false
	}
	releases := []any{}
	for _, key := range slices.Sorted(maps.Keys(entry.Channels)) {
		if fullChannel(key) == fullChannel(channel) {
			return entry.Channels[key], true
		}
		releases = append(releases, map[string]any{"architecture": s.arch, "channel": key})
	}
	fail(w, http.StatusNotFound, "snap-channel-not-available", "no snap revision on specified channel", map[string]any{
		"action": action, "architecture": s.arch, "channel": channel, "releases": releases, "snap-name": name})
	return StoreRevision{}, false
}

func (s *Server) find(w http.ResponseWriter, r *http.Request, st *state, f Faults) {
	name := r.FormValue("name")
	if f.StoreAway {
		fail(w, http.StatusInternalServerError, "", fmt.Sprintf("Get %q: %s", "https://store.example/v2/snaps/info/"+name, noHost), nil)
		return
	}
	entry, ok := st.Store[name]
	if !ok {
		fail(w, http.StatusNotFound, "snap-not-found", "snap not found", name)
		return
	}
	channels := map[string]any{}
	for key, rev := range entry.Channels {
		channels[key] = map[string]any{"revision": strconv.Itoa(rev.Revision), "version": rev.Version, "channel": key,
			"confinement": "classic", "size": 4096}
	}
	answer(w, []any{map[string]any{"id": name + "-id", "name": name, "status": "available", "channels": channels}})
}

// postFile installs an uploaded file. Only its beginning and its companion document are kept; the rest is counted.
func (s *Server) postFile(w http.ResponseWriter, r *http.Request, st *state, f Faults) {
	form, err := r.MultipartReader()
	if err != nil {
		fail(w, http.StatusBadRequest, "", "cannot read POST form: "+err.Error(), nil)
		return
	}
	fields := map[string]string{}
	filename, content := "", []byte(nil)
	for {
		part, err := form.NextPart()
		if err == io.EOF {
			break
		}
		if err == nil && part.FormName() == "snap" {
			filename = part.FileName()
			content, err = readSnap(part, &s.uploads)
		} else if err == nil {
			var value []byte
			value, err = io.ReadAll(io.LimitReader(part, 1024))
			fields[part.FormName()] = string(value)
		}
		if err != nil {
			fail(w, http.StatusBadRequest, "", "cannot read POST form: "+err.Error(), nil)
			return
		}
	}
	s.installFile(w, st, f, filename, content, fields)
}

func (s *Server) installFile(w http.ResponseWriter, st *state, f Faults, filename string, content []byte, fields map[string]string) {
	if fields["dangerous"] != "true" {
		fail(w, http.StatusBadRequest, "", fmt.Sprintf("cannot find signatures with metadata for snap %q", filename), nil)
		return
	}
	about, err := parseSnap(content)
	if err != nil {
		fail(w, http.StatusBadRequest, "", fmt.Sprintf("cannot read snap file: %v", err), nil)
		return
	}
	if about.Classic && fields["classic"] != "true" {
		fail(w, http.StatusBadRequest, "snap-needs-classic", fmt.Sprintf("snap %q requires classic confinement", about.Name), about.Name)
		return
	}
	if s.busy(w, st, f, about.Name) {
		return
	}
	next := snap{Name: about.Name}
	if have, ok := st.Snaps[about.Name]; ok {
		next = *have
	}
	next.LocalRevisions++
	next.Version, next.Revision = about.Version, "x"+strconv.Itoa(next.LocalRevisions)
	next.Channel, next.Classic = "", about.Classic
	if err := s.keepBlob(next.Name, next.Revision, content); err != nil {
		fail(w, http.StatusInternalServerError, "", "cannot keep snap file: "+err.Error(), nil)
		return
	}
	s.begin(w, st, f, change{Kind: "install-snap", Snap: about.Name, Install: &next,
		Task:    fmt.Sprintf("Mount snap %q (unset)", about.Name),
		Summary: fmt.Sprintf("Install %q snap from file %q", about.Name, filename)})
}

// keepBlob keeps an installed file where snapd does, letter by letter. Of a large one that is only its beginning.
func (s *Server) keepBlob(name, revision string, content []byte) error {
	dir := filepath.Join(s.root, "var/lib/snapd/snaps")
	if err := os.MkdirAll(dir, 0o755); err != nil {
		return err
	}
	return replaceFile(filepath.Join(dir, name+"_"+revision+".snap"), content)
}

// fullChannel is how snapd spells the channel that a snap follows.
func fullChannel(text string) string {
	switch first, _, _ := strings.Cut(text, "/"); {
	case text == "":
		return ""
	case first == "stable", first == "candidate", first == "beta", first == "edge":
		return "latest/" + text
	case !strings.Contains(text, "/"):
		return text + "/stable"
	}
	return text
}
