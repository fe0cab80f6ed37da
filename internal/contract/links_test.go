package contract_test

import (
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"kubernetes-worker/internal/contract"
)

// linked makes a charm directory with one endpoint and one action, all links in place.
func linked(t *testing.T) (dir string, want map[string]string) {
	t.Helper()
	dir = t.TempDir()
	want = contract.Links([]string{"cni"}, []string{"pause"})
	if err := contract.WriteLinks(dir, want); err != nil {
		t.Fatal(err)
	}
	return dir, want
}

func must(t *testing.T, errs ...error) {
	t.Helper()
	for _, err := range errs {
		if err != nil {
			t.Fatal(err)
		}
	}
}

func TestCheckLinksNamesEachDifference(t *testing.T) {
	cases := []struct {
		name    string
		spoil   func(dir string) error
		problem string
	}{
		{"a missing hook", func(dir string) error { return os.Remove(filepath.Join(dir, "hooks/install")) },
			"hooks/install: missing, should be a link to ../kubernetes-worker"},
		{"a missing action", func(dir string) error { return os.Remove(filepath.Join(dir, "actions/pause")) },
			"actions/pause: missing, should be a link to ../kubernetes-worker"},
		{"no dispatch", func(dir string) error { return os.Remove(filepath.Join(dir, "dispatch")) },
			"dispatch: missing, should be a link to kubernetes-worker"},
		{"a hook of an endpoint that is gone", func(dir string) error {
			return os.Symlink("../kubernetes-worker", filepath.Join(dir, "hooks/old-relation-joined"))
		}, "hooks/old-relation-joined: neither a hook nor an action of this charm"},
		{"an absolute link", func(dir string) error { return relink(dir, "hooks/stop", "/usr/bin/true") },
			"hooks/stop: leads to /usr/bin/true, should lead to ../kubernetes-worker"},
		{"a link to another hook", func(dir string) error { return relink(dir, "hooks/stop", "install") },
			"hooks/stop: leads to install, should lead to ../kubernetes-worker"},
		{"a copy in place of a link", func(dir string) error {
			file := filepath.Join(dir, "hooks/start")
			if err := os.Remove(file); err != nil {
				return err
			}
			return os.WriteFile(file, []byte("#!/bin/sh\n"), 0o755)
		}, "hooks/start: not a link, should be one to ../kubernetes-worker"},
	}
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			dir, want := linked(t)
			must(t, c.spoil(dir))
			problems, err := contract.CheckLinks(dir, want)
			must(t, err)
			if !slices.Equal(problems, []string{c.problem}) {
				t.Errorf("problems are %q, want %q", problems, c.problem)
			}
		})
	}
}

func TestWriteLinksMendsLinksAndIsDoneAfterwards(t *testing.T) {
	dir, want := linked(t)
	must(t,
		os.Remove(filepath.Join(dir, "hooks/install")),
		relink(dir, "hooks/stop", "/usr/bin/true"),
		os.Symlink("../kubernetes-worker", filepath.Join(dir, "actions/gone")),
		contract.WriteLinks(dir, want))
	problems, err := contract.CheckLinks(dir, want)
	must(t, err)
	if len(problems) > 0 {
		t.Errorf("links still differ: %q", problems)
	}
}

func TestWriteLinksLeavesFilesThatAreNoLinksAlone(t *testing.T) {
	for _, name := range []string{"hooks/install", "hooks/notes.txt"} {
		dir, want := linked(t)
		file := filepath.Join(dir, name)
		if err := os.Remove(file); err != nil && !os.IsNotExist(err) {
			t.Fatal(err)
		}
		must(t, os.WriteFile(file, []byte("mine"), 0o644))
		err := contract.WriteLinks(dir, want)
		if err == nil || !strings.Contains(err.Error(), name) {
			t.Errorf("error for %s is %v, want one that names it", name, err)
		}
		if content, err := os.ReadFile(file); err != nil || string(content) != "mine" {
			t.Errorf("%s is now %q, %v", name, content, err)
		}
	}
}

func relink(dir, name, target string) error {
	file := filepath.Join(dir, name)
	if err := os.Remove(file); err != nil {
		return err
	}
	return os.Symlink(target, file)
}
