package contract

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path"
	"path/filepath"
	"sort"
)

// LinkDirs returns the directories of a charm that hold links and nothing else.
func LinkDirs() []string { return []string{"actions", "hooks"} }

// Links returns the links of a charm with these endpoints and actions: path in the charm directory to link target.
func Links(endpoints, actions []string) map[string]string {
	links := map[string]string{"dispatch": Program}
	for _, hook := range Hooks(endpoints) {
		links[path.Join("hooks", hook)] = "../" + Program
	}
	for _, action := range actions {
		links[path.Join("actions", action)] = "../" + Program
	}
	return links
}

// CheckLinks compares the charm directory root with the links wanted and describes every difference, sorted by path:
// links that are missing, files nobody asked for, files where a link should be, and links that lead elsewhere.
func CheckLinks(root string, want map[string]string) ([]string, error) {
	have, err := present(root)
	if err != nil {
		return nil, err
	}
	var problems []string
	for _, name := range union(have, want) {
		target, wanted := want[name]
		found, exists := have[name]
		switch {
		case !exists:
			problems = append(problems, fmt.Sprintf("%s: missing, should be a link to %s", name, target))
		case !wanted:
			problems = append(problems, fmt.Sprintf("%s: neither a hook nor an action of this charm", name))
		case found == "":
			problems = append(problems, fmt.Sprintf("%s: not a link, should be one to %s", name, target))
		case found != target:
			problems = append(problems, fmt.Sprintf("%s: leads to %s, should lead to %s", name, found, target))
		}
	}
	return problems, nil
}

// WriteLinks makes the links in the charm directory root what is wanted: it creates, corrects and removes links. A file
// that is not a link is never touched; it is an error where a link should be or among links.
func WriteLinks(root string, want map[string]string) error {
	have, err := present(root)
	if err != nil {
		return err
	}
	for _, name := range union(have, want) {
		target, wanted := want[name]
		found, exists := have[name]
		if wanted && found == target {
			continue
		}
		file := filepath.Join(root, filepath.FromSlash(name))
		if exists && found == "" {
			return fmt.Errorf("cannot write link %s: a file that is not a link is in its place or among the links", name)
		}
		if exists {
			if err := os.Remove(file); err != nil {
				return fmt.Errorf("cannot remove link %s: %w", name, err)
			}
		}
		if !wanted {
			continue
		}
		if err := os.MkdirAll(filepath.Dir(file), 0o755); err != nil {
			return fmt.Errorf("cannot make directory of link %s: %w", name, err)
		}
		if err := os.Symlink(target, file); err != nil {
			return fmt.Errorf("cannot write link %s: %w", name, err)
		}
	}
	return nil
}

// present maps what lies where links belong to the link's target, or to the empty string for what is not a link.
func present(root string) (map[string]string, error) {
	have := map[string]string{}
	note := func(name string) error {
		file := filepath.Join(root, filepath.FromSlash(name))
		info, err := os.Lstat(file)
		if errors.Is(err, fs.ErrNotExist) {
			return nil
		}
		if err != nil {
			return fmt.Errorf("cannot look at %s: %w", name, err)
		}
		have[name] = ""
		if info.Mode()&fs.ModeSymlink == 0 {
			return nil
		}
		target, err := os.Readlink(file)
		if err != nil {
			return fmt.Errorf("cannot read link %s: %w", name, err)
		}
		have[name] = target
		return nil
	}
	names := []string{"dispatch"}
	for _, dir := range LinkDirs() {
		entries, err := os.ReadDir(filepath.Join(root, dir))
		if err != nil && !errors.Is(err, fs.ErrNotExist) {
			return nil, fmt.Errorf("cannot list %s: %w", dir, err)
		}
		for _, entry := range entries {
			names = append(names, path.Join(dir, entry.Name()))
		}
	}
	for _, name := range names {
		if err := note(name); err != nil {
			return nil, err
		}
	}
	return have, nil
}

func union(a, b map[string]string) []string {
	var names []string
	for name := range a {
		names = append(names, name)
	}
	for name := range b {
		if _, both := a[name]; !both {
			names = append(names, name)
		}
	}
	sort.Strings(names)
	return names
}
