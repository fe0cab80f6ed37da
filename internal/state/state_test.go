package state_test

import (
	"errors"
	"io/fs"
	"strings"
	"testing"

	"kubernetes-worker/internal/state"
)

type store struct {
	files  map[string]string
	writes int
}

func (s *store) ReadFile(path string) ([]byte, error) {
	if c, ok := s.files[path]; ok {
		return []byte(c), nil
	}
	return nil, fs.ErrNotExist
}

func (s *store) WriteFile(path string, content []byte) error {
	s.files[path] = string(content)
	s.writes++
	return nil
}

func TestStateIsWrittenOnlyWhenItDiffers(t *testing.T) {
	s := &store{files: map[string]string{}}
	f, err := state.Load(s, "x")
	if err != nil {
		t.Fatal(err)
	}
	f.Labels["a"] = "1"
	for range 2 {
		if err := f.Save(); err != nil {
			t.Fatal(err)
		}
	}
	again, err := state.Load(s, "x")
	if err != nil || again.Labels["a"] != "1" {
		t.Fatalf("read back %v, %v", again, err)
	}
	if err := again.Save(); err != nil || s.writes != 1 {
		t.Errorf("%d writes, %v; want 1", s.writes, err)
	}
}

func TestDamagedStateIsDerivedAgainAndSaidSo(t *testing.T) {
	for _, content := range []string{"", "{", `{"services": 3}`, "\xff\xfe", "null x"} {
		f, err := state.Load(&store{files: map[string]string{"x": content}}, "x")
		var damaged state.Damaged
		if !errors.As(err, &damaged) || f == nil || f.Services == nil {
			t.Errorf("%q: %v, %v", content, f, err)
		}
	}
}

func TestStateOfALaterCharmIsNotTouched(t *testing.T) {
	_, err := state.Load(&store{files: map[string]string{"x": `{"version": 99}`}}, "x")
	if err == nil || !strings.Contains(err.Error(), "version 99") {
		t.Errorf("error %v", err)
	}
}

func FuzzLoad(f *testing.F) {
	f.Add(`{"version": 1, "services": {"a": {"b": "c"}}}`)
	f.Add(`{"services": null, "juju": {"own": null}}`)
	f.Fuzz(func(t *testing.T, content string) {
		loaded, err := state.Load(&store{files: map[string]string{"x": content}}, "x")
		var damaged state.Damaged
		if err != nil && !errors.As(err, &damaged) {
			return
		}
		// Whatever was read, the maps can be written to.
		loaded.Services["x"], loaded.Labels["x"], loaded.Warned["x"] = nil, "", true
		loaded.Snaps["x"], loaded.Archives["x"] = "", ""
	})
}
