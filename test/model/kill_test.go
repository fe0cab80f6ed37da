package model

import (
	"context"
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"kubernetes-worker/internal/jujusim"
	"kubernetes-worker/internal/unitstate"
)

// A hook can be killed anywhere: the machine loses power, the agent is restarted, the kernel is out of memory. Juju then
// runs the hook again, and it must end as if nothing had been. The charm is killed before and after each change of a
// resource and at the end of each hook, each time in a world of its own, and what the repeated hook comes to is compared
// with what the undisturbed one came to. Where that is not the same at once, it has to be when all is quiet.
//
// Joining is the same in most stories, so it is taken apart in some of them only; all else is taken apart everywhere.
func TestAWorkerKilledAnywhereConverges(t *testing.T) {
	t.Parallel()
	for _, s := range scenarios() {
		t.Run(s.Name, func(t *testing.T) {
			t.Parallel()
			o, b := mortal(t, s.Options)
			w := New(t, o)
			s.Begin(w)
			steps := s.Steps
			if !slices.Contains(storiesOfJoining(), s.Name) {
				steps[0].Run(w)
				steps = steps[1:]
			}
			crossed := 0
			for _, step := range steps {
				v := victim{World: w, boundaries: b, step: step}
				if s.Options.Exec {
					v.only = "end of " // what differs is the talk with Juju, and each hook takes ten times as long
				}
				v.tell()
				crossed += v.crossed
			}
			if crossed == 0 && len(steps) > 0 {
				t.Error("no boundary was crossed")
			}
		})
	}
}

func storiesOfJoining() []string {
	return []string{
		"join 3.6 old", "join 3.6 new", "join with tools as processes",
		"kubernetes 1.23 with docker", "kubernetes 1.12 with docker, arguments key by key", "containerd of another charm",
	}
}

// victim tells one step of a story, and each hook of it again for each place to die in.
type victim struct {
	*World
	boundaries
	step    Step
	only    string // boundaries that begin so
	crossed int
	late    map[string]map[string]string // what came of those that differed after their hook, by where they died
}

func (v *victim) tell() {
	v.T.Helper()
	v.late = map[string]map[string]string{}
	now := v.Save()
	// Told once to the end, so that all further tellings have the same keys, certificates and tokens.
	v.watch(v.T, 0)
	v.step.Run(v.World)
	v.KeepSecrets(now)
	v.Restore(now)
	// A step may run an action.
	now, _ = v.apart(now, func() bool { v.step.Do(v.World); return true })
	for again := true; again; {
		now, again = v.apart(now, v.hook)
	}
	v.step.Check(v.World)
	want := v.ending()
	for what, why := range want {
		if strings.HasPrefix(what, stale) {
			v.T.Errorf("step %s ends with a %s: %s", v.step.Name, what, why)
		}
	}
	for place, got := range v.late {
		for _, difference := range differences(want, got) {
			v.T.Errorf("killed in step %s, %s: %s", v.step.Name, place, difference)
		}
	}
}

// apart does something once undisturbed, then once for each boundary that this crosses. It gives the world after the
// undisturbed run, and whether there was anything to do.
func (v *victim) apart(before saved, do func() bool) (saved, bool) {
	v.T.Helper()
	v.watch(v.T, 0)
	if !do() {
		return before, false
	}
	crossed, machines, want := v.seen(v.T), v.machines(v.T), v.ending()
	after := v.Save()
	for n, place := range crossed {
		// Where nothing has happened to the machine since the last boundary, a death leaves what that one left, except that
		// at the end of a hook Juju has been told more.
		same := n > 0 && machines[n] == machines[n-1] && !strings.HasPrefix(place, "end of ")
		if same || !strings.HasPrefix(place, v.only) {
			continue
		}
		v.crossed++
		v.Restore(before)
		v.watch(v.T, n+1)
		do()
		if v.killed() {
			do()
		}
		if len(v.seen(v.T)) <= n {
			v.T.Errorf("step %s: the second telling of the story has no boundary %d, %s", v.step.Name, n+1, place)
		}
		if len(differences(want, v.ending())) > 0 {
			v.Settle()
			v.late[fmt.Sprintf("boundary %d, %s", n+1, place)] = v.ending()
		}
	}
	if len(crossed) > 0 {
		v.Restore(after)
	}
	return after, true
}

// hook runs the next hook, if there is one.
func (v *victim) hook() bool {
	v.T.Helper()
	ctx, cancel := context.WithTimeout(context.Background(), time.Minute)
	defer cancel()
	ran, err := v.Juju.Step(ctx)
	v.must(err)
	return ran
}

// killed tells whether the last hook was, so that it runs again; an action is repeated by the step itself.
func (v *victim) killed() bool {
	v.T.Helper()
	records, err := v.Juju.Hooks()
	v.must(err)
	last := records[len(records)-1]
	if last.Outcome == jujusim.HookFailed {
		v.dump()
		v.T.Fatalf("%s failed", last.Name())
	}
	return last.Outcome == jujusim.Killed
}

// ending is everything that a story comes to: the machine, the snaps, the services, what they were started with and how
// often, the relations, the node, the status.
func (w *World) ending() map[string]string {
	w.T.Helper()
	all := map[string]string{}
	for path, description := range w.tree(false) {
		all["file "+path] = description
	}
	if name := "file " + charmPath + "/" + stateFile; all[name] != "" {
		all[name] = w.state()
	}
	for _, name := range []string{"kubectl", "kube-proxy", "kubelet"} {
		snap, _ := w.Snapd.Snap(name)
		conf, err := json.Marshal(snap.Conf)
		w.must(err)
		all["snap "+name] = fmt.Sprintf("%s %s from %s, cohort %q, held %v: %s", snap.Version, snap.Revision, snap.Tracking, snap.CohortKey, snap.Held, conf)
	}
	system, err := json.Marshal(w.Snapd.SystemConf())
	w.must(err)
	all["snapd"] = string(system)
	for _, name := range []string{Kubelet, Proxy, Runtime, Docker} {
		u := w.Systemd.Unit(name)
		all["unit "+name] = fmt.Sprintf("%s %s %s, started by the charm %d times, stopped %d times",
			u.LoadState, u.ActiveState, u.FileState, u.Counts.Start+u.Counts.Restart, u.Counts.Stop)
	}
	for i, a := range w.API {
		all[fmt.Sprintf("API server %d", i)] = a.Inside(w.Node)
	}
	all["leader's settings"] = fmt.Sprint(w.leaderSettings())
	model := w.Juju.Status()
	for _, r := range model.Relations {
		for _, unit := range r.Units {
			bag, err := w.Juju.Bag(r.ID, unit)
			w.must(err)
			for key, value := range bag {
				all[fmt.Sprintf("relation %v of %s: %s", r.Endpoints, unit, key)] = value
			}
		}
	}
	for _, u := range model.Units {
		all["status of "+u.Name] = u.Status + ": " + u.Message + " " + u.Version + " " + strings.Join(u.Ports, ",")
	}
	w.inputsAreRead(all)
	return all
}

// Names that only tests of whole stories need.
const (
	Docker    = "docker.service"
	stale     = "stale "
	stateFile = ".kubernetes-worker-state.json"
)

// state is the charm's own memory, without what depends on the time and without the own bags; see effects.
func (w *World) state() string {
	w.T.Helper()
	var content map[string]any
	w.must(json.Unmarshal([]byte(w.Read(charmPath+"/"+stateFile)), &content))
	resources, _ := content["resources"].(map[string]any)
	for _, r := range resources {
		delete(r.(map[string]any), "mod-time")
	}
	delete(content, "objects-checked")
	delete(content, "sweep")
	waits, _ := content["waits"].(map[string]any)
	for _, wait := range waits {
		delete(wait.(map[string]any), "since")
	}
	if remembered, ok := content["juju"].(map[string]any); ok {
		delete(remembered, "own")
		delete(remembered, "leader-settings") // read back, too
		delete(remembered, "opened-ports")    // the same
	}
	if ports, ok := content["ports"].(map[string]any); ok {
		delete(ports, "sure")
	}
	text, err := json.Marshal(content)
	w.must(err)
	return string(text)
}

// inputsAreRead notes daemons that run with something older than what lies on the disk, whatever the charm believes.
func (w *World) inputsAreRead(all map[string]string) {
	w.T.Helper()
	if w.Exists(charmPath + "/" + unitstate.File) {
		return // what the charm before has started runs on with files of the same meaning
	}
	path := filepath.Join(w.Root, charmPath, stateFile)
	text, err := os.ReadFile(path)
	if os.IsNotExist(err) {
		return
	}
	w.must(err)
	var memory struct {
		Services map[string]map[string]string `json:"services"`
	}
	w.must(json.Unmarshal(text, &memory))
	for unit, inputs := range memory.Services {
		started := w.Systemd.Unit(unit).StartedAt
		for input := range inputs {
			if snap, ok := strings.CutSuffix(input, " arguments"); ok {
				input = "/var/snap/" + snap + "/current/args"
			}
			info, err := os.Stat(filepath.Join(w.Root, input))
			if err == nil && info.ModTime().After(started) {
				all[stale+unit] = input + " was written after the start"
			}
		}
	}
}
