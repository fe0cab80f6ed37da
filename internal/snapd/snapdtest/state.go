package snapdtest

import (
	"bytes"
	"encoding/json"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
)

// state is the content of state.json.
type state struct {
	Snaps     map[string]*snap          `json:"snaps"`
	Store     map[string]StoreSnap      `json:"store"`
	Conf      map[string]map[string]any `json:"conf"`
	Changes   map[string]*change        `json:"changes"`
	ChangeIDs int                       `json:"change_ids"`
	// Stores are those of which the daemon has a store assertion, with their addresses in it.
	Stores map[string]string `json:"stores,omitempty"`
	// Version is the daemon's own; empty: DefaultVersion.
	Version string `json:"version,omitempty"`
}

// snap is an installed snap.
type snap struct {
	Name      string `json:"name"`
	Version   string `json:"version"`
	Revision  string `json:"revision"`
	Channel   string `json:"channel"`
	Tracking  string `json:"tracking"`
	Classic   bool   `json:"classic"`
	CohortKey string `json:"cohort_key"`
	// Hold is until when the daemon leaves the snap alone, RFC 3339; empty: it does not.
	Hold string `json:"hold,omitempty"`
	// LocalRevisions counts the files installed: x1, x2, …
	LocalRevisions int `json:"local_revisions"`
	// Past are the revisions that it had before and that are still there.
	Past map[string]past `json:"past,omitempty"`
}

// past is a revision that was current, and the configuration that it had.
type past struct {
	Version string         `json:"version"`
	Conf    map[string]any `json:"conf"`
}

// StoreSnap is what the store has under a name: the version by channel. Revisions are made up from the versions' order of
// being put there.
type StoreSnap struct {
	Channels map[string]StoreRevision `json:"channels"`
	// Classic says that the snap needs classic confinement.
	Classic bool `json:"classic"`
}

// StoreRevision is one revision in the store.
type StoreRevision struct {
	Revision int    `json:"revision"`
	Version  string `json:"version"`
}

func (s *Server) load() state {
	var st state
	if text, err := os.ReadFile(filepath.Join(s.stateDir, "state.json")); err == nil {
		_ = decode(text, &st)
	}
	if st.Snaps == nil {
		st.Snaps = map[string]*snap{}
	}
	if st.Store == nil {
		st.Store = map[string]StoreSnap{}
	}
	if st.Conf == nil {
		st.Conf = map[string]map[string]any{}
	}
	if st.Stores == nil {
		st.Stores = map[string]string{}
	}
	if st.Version == "" {
		st.Version = DefaultVersion
	}
	if st.Changes == nil {
		st.Changes = map[string]*change{}
	}
	return st
}

// decode keeps the digits of numbers, which configurations may hold.
func decode(text []byte, into any) error {
	d := json.NewDecoder(bytes.NewReader(text))
	d.UseNumber()
	return d.Decode(into)
}

func (s *Server) save(st state) error {
	text, err := json.Marshal(st)
	if err != nil || bytes.Equal(text, s.saved) {
		return err
	}
	if err := replaceFile(filepath.Join(s.stateDir, "state.json"), text); err != nil {
		return err
	}
	s.saved = text
	return nil
}

func replaceFile(path string, text []byte) error {
	// A process that is started meanwhile would have the file open for writing, and nobody could run it if it is a program.
	syscall.ForkLock.RLock()
	defer syscall.ForkLock.RUnlock()
	temporary := path + ".new"
	if err := os.WriteFile(temporary, text, 0o644); err != nil {
		return err
	}
	return os.Rename(temporary, path)
}

func (s *Server) change(do func(*state)) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	st := s.load()
	do(&st)
	return s.save(st)
}

// Publish puts a version of a classic snap on a channel of the store ("1.28/stable"). The same version keeps its revision.
func (s *Server) Publish(name, channel, version string) error {
	return s.change(func(st *state) {
		entry, ok := st.Store[name]
		if !ok {
			entry = StoreSnap{Channels: map[string]StoreRevision{}, Classic: true}
		}
		revision := 10
		for _, r := range entry.Channels {
			if r.Version == version {
				revision = r.Revision
				break
			}
			revision = max(revision, r.Revision+10)
		}
		entry.Channels[channel] = StoreRevision{Revision: revision, Version: version}
		st.Store[name] = entry
	})
}

// View is what a test sees of an installed snap.
type View struct {
	Version, Revision, Tracking string
	CohortKey                   string
	Held                        bool
	Conf                        map[string]any
}

// Snap shows an installed snap.
func (s *Server) Snap(name string) (View, bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	st := s.load()
	found, ok := st.Snaps[name]
	if !ok {
		return View{}, false
	}
	return View{Version: found.Version, Revision: found.Revision, Tracking: found.Tracking, CohortKey: found.CohortKey,
		Held: found.Hold != "", Conf: st.Conf[name]}, true
}

// DefaultVersion is the version that the daemon says it has.
const DefaultVersion = "2.63"

// SetVersion makes it another version; one before 2.58 has no holds.
func (s *Server) SetVersion(version string) error {
	return s.change(func(st *state) { st.Version = version })
}

// SystemConf is the daemon's own configuration, as nested maps.
func (s *Server) SystemConf() map[string]any {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.load().Conf["core"]
}

// SetSystemConf sets one dotted key of it as somebody else would; nil removes it.
func (s *Server) SetSystemConf(key string, value any) error {
	return s.change(func(st *state) {
		if st.Conf["core"] == nil {
			st.Conf["core"] = map[string]any{}
		}
		setPath(st.Conf["core"], strings.Split(key, "."), value)
	})
}

func (st *state) nextChangeID() string {
	st.ChangeIDs++
	return strconv.Itoa(st.ChangeIDs)
}
