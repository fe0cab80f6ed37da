package state_test

import (
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"reflect"
	"strings"
	"testing"

	"kubernetes-worker/internal/state"
)

// The files in testdata are what earlier revisions of the charm have written. They stay as they are; a new form of the state
// comes with a new one.
func TestWhatAnEarlierRevisionHasWrittenIsKept(t *testing.T) {
	names, err := filepath.Glob("testdata/v*.json")
	if err != nil || len(names) < 2 {
		t.Fatal(names, err)
	}
	for _, name := range names {
		content, err := os.ReadFile(name)
		if err != nil {
			t.Fatal(err)
		}
		s := &store{files: map[string]string{"x": string(content)}}
		f, err := state.Load(s, "x")
		if err != nil {
			t.Errorf("%s: %v", name, err)
			continue
		}
		if err := f.Save(); err != nil {
			t.Errorf("%s: %v", name, err)
		}
		for _, lost := range lost(decoded(t, string(content)), decoded(t, s.files["x"]), "") {
			t.Errorf("%s: %s is lost", name, lost)
		}
	}
}

func decoded(t *testing.T, text string) (value any) {
	t.Helper()
	if err := json.Unmarshal([]byte(text), &value); err != nil {
		t.Fatal(err)
	}
	return value
}

// lost lists what is in one document and not, with that value, in another. Nothing, null and empty are the same.
func lost(before, after any, path string) []string {
	mapping, ok := before.(map[string]any)
	if !ok {
		if before == nil || reflect.DeepEqual(before, after) || (before == float64(0) || before == "") && after == nil {
			return nil
		}
		return []string{fmt.Sprintf("%s = %v", path, before)}
	}
	other, _ := after.(map[string]any)
	var all []string
	for key, value := range mapping {
		all = append(all, lost(value, other[key], path+"/"+key)...)
	}
	return all
}

func TestTheStateOfALaterCharmStaysAndSaysWhatToDo(t *testing.T) {
	const later = `{"version": 2, "services": 5, "new": {}}`
	s := &store{files: map[string]string{"x": later}}
	_, err := state.Load(s, "x")
	var damaged state.Damaged
	if err == nil || errors.As(err, &damaged) || !strings.Contains(err.Error(), "version 2") || !strings.Contains(err.Error(), "refresh the charm to that revision") {
		t.Errorf("error %v", err)
	}
	if s.files["x"] != later || s.writes > 0 {
		t.Error("it was written to")
	}
}
