package model

import (
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"io/fs"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"
)

// Every hook can come again at any time: Juju repeats a hook that was killed, runs update-status every few minutes and
// config-changed whenever it likes. After each step of each scenario, such a hook must have no effect at all. And whatever
// has happened in a story, no secret is anywhere but in the files of its readers.
func TestAHookThatRunsTwiceHasNoSecondEffect(t *testing.T) {
	t.Parallel()
	for _, s := range scenarios() {
		t.Run(s.Name, func(t *testing.T) {
			t.Parallel()
			o, _ := mortal(t, s.Options)
			w := New(t, o)
			s.Begin(w)
			secrets := markedSecrets()
			for _, step := range s.Steps {
				step.Run(w)
				secrets = append(secrets, w.tokensAndKeys()...)
				hooks := []string{"update-status", "config-changed", "update-status"}
				if step.Gone {
					hooks = nil
				}
				for _, hook := range hooks {
					before := w.effects()
					w.apiWrites()
					w.must(w.Juju.Ask(Unit, hook))
					w.Settle()
					for _, difference := range differences(before, w.effects()) {
						t.Errorf("after %s, %s again: %s", step.Name, hook, difference)
					}
					if writes := w.apiWrites(); len(writes) > 0 {
						t.Errorf("after %s, %s again: asked the API server: %s", step.Name, hook, strings.Join(writes, ", "))
					}
				}
				w.wantNowhereElse(secrets)
			}
		})
	}
}

// effects is everything that a hook can have an effect on, as text by name. Of the charm's memory only what it says
// counts, and not what it says of this unit's own bags: one that was just written is read back by the next hook, since
// until then nobody knows whether Juju took it.
func (w *World) effects() map[string]string {
	w.T.Helper()
	all := map[string]string{}
	for path, description := range w.tree(true) {
		all["file "+path] = description
	}
	all["file "+charmPath+"/"+stateFile] = w.state()
	delete(all, "file "+charmPath)
	for name, n := range w.Systemd.Calls() {
		if name != "Get" && name != "GetAll" {
			all["systemd "+name] = fmt.Sprint(n, " times")
		}
	}
	for request, n := range w.Snapd.Requests() {
		if !strings.HasPrefix(request, "GET ") {
			all["snapd "+request] = fmt.Sprint(n, " times")
		}
	}
	for i, call := range w.Programs() {
		all[fmt.Sprintf("program %d", i)] = call
	}
	records, err := w.Juju.Hooks()
	w.must(err)
	for _, r := range records {
		for via, tools := range r.Tools {
			for tool, n := range tools {
				if !slices.Contains(reading(), tool) {
					all[fmt.Sprintf("hook %d %s", r.Number, tool)] = fmt.Sprint(n, " times by ", via)
				}
			}
		}
		for _, what := range r.Flushed {
			all[fmt.Sprintf("hook %d flushed %s", r.Number, what)] = "yes"
		}
	}
	status, err := w.Juju.UnitStatus(Unit)
	w.must(err)
	all["status"] = status.Status + ": " + status.Message
	all["version"] = status.Version
	return all
}

// reading are the hook tools without an effect. A line in the log is none.
func reading() []string {
	return []string{"config-get", "relation-ids", "relation-list", "relation-get", "unit-get", "network-get", "goal-state",
		"is-leader", "status-get", "opened-ports", "resource-get", "secret-get", "juju-log", "leader-get"}
}

// apiWrites is what the API servers were asked to change since the last call.
func (w *World) apiWrites() []string {
	var writes []string
	for _, request := range w.apiRequests() {
		if !strings.HasPrefix(request, "GET ") {
			writes = append(writes, request)
		}
	}
	return writes
}

// tree describes every file of the machine: kind, mode, content and, with times, when it changed. The stand-ins' own
// files are left out, and what Juju's agent keeps beside the charm's directory.
func (w *World) tree(times bool) map[string]string {
	w.T.Helper()
	all := map[string]string{}
	w.must(filepath.WalkDir(w.Root, func(path string, entry fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		name := strings.TrimPrefix(path, w.Root)
		if foreign(name) {
			return nil
		}
		info, err := entry.Info()
		if err != nil {
			return err
		}
		all[name] = describe(path, info)
		if times {
			all[name] += " changed " + info.ModTime().UTC().Format(time.RFC3339Nano)
		}
		return nil
	}))
	return all
}

// charmPath is where Juju puts the charm on the machine.
const charmPath = "/var/lib/juju/agents/unit-kubernetes-worker-0/charm"

// foreign tells paths that are none of the charm's doing. On the way to the charm's directory there is more of Juju's.
func foreign(path string) bool {
	for _, prefix := range []string{"/standin", "/run", "/var/lib/systemdtest", "/var/lib/snapdtest", "/var/lib/juju"} {
		if path == prefix || strings.HasPrefix(path, prefix+"/") {
			return path != charmPath && !strings.HasPrefix(path, charmPath+"/")
		}
	}
	return false
}

// describe tells a file's kind, mode and content.
func describe(path string, info fs.FileInfo) string {
	switch {
	case info.Mode()&fs.ModeSymlink != 0:
		target, err := os.Readlink(path)
		if err != nil {
			return err.Error()
		}
		return "link to " + target
	case info.IsDir():
		return info.Mode().String()
	}
	content, err := os.ReadFile(path)
	if err != nil {
		return err.Error()
	}
	sum := sha256.Sum256(content)
	return fmt.Sprintf("%s %d bytes %s", info.Mode(), len(content), hex.EncodeToString(sum[:8]))
}

// differences lists what is not the same in two descriptions, in order.
func differences(before, after map[string]string) []string {
	var all []string
	names := maps.Clone(before)
	maps.Copy(names, after)
	for _, name := range slices.Sorted(maps.Keys(names)) {
		switch was, is := before[name], after[name]; {
		case was == is:
		case was == "":
			all = append(all, name+": new: "+is)
		case is == "":
			all = append(all, name+": gone: "+was)
		default:
			all = append(all, name+": "+was+"\n  now "+is)
		}
	}
	return all
}
