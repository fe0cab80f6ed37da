package model

import (
	"encoding/json"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"kubernetes-worker/internal/jujusim"
)

// withRuntime is a step that relates a runtime's subordinate, deployed with these options, as name, value, name, value.
func withRuntime(kind string, pairs ...string) Step {
	return Step{Name: "relate " + kind, Do: func(w *World) { w.addRuntime(kind, pairs...) }}
}

func (w *World) addRuntime(kind string, pairs ...string) {
	w.T.Helper()
	config := map[string]string{}
	for i := 0; i+1 < len(pairs); i += 2 {
		config[pairs[i]] = pairs[i+1]
	}
	w.must(w.Juju.Deploy(jujusim.DeploySpec{Charm: "companion:" + kind, Config: config}))
	w.relateRuntime(kind)
}

func (w *World) relateRuntime(kind string) {
	w.T.Helper()
	_, err := w.Juju.Integrate("kubernetes-worker:container-runtime", kind+":"+kind)
	w.must(err)
}

func (w *World) runtimeRelation(kind string) int {
	w.T.Helper()
	id, err := w.Juju.FindRelation("kubernetes-worker:container-runtime", kind+":"+kind)
	w.must(err)
	return id
}

// ownOfRuntime is the worker's own bag in the relation to a runtime.
func (w *World) ownOfRuntime(kind string) map[string]string {
	w.T.Helper()
	bag, err := w.Juju.Bag(w.runtimeRelation(kind), Unit)
	w.must(err)
	return bag
}

func (w *World) removeRuntime(kind string) {
	w.T.Helper()
	w.must(w.Juju.RemoveRelation("kubernetes-worker:container-runtime", kind+":"+kind))
}

// joinWithRuntime is the first step of a worker whose bundle has a runtime's subordinate.
func joinWithRuntime(kind string, pairs ...string) Step {
	return Step{Name: "join with " + kind, Do: func(w *World) {
		join().Do(w)
		w.addRuntime(kind, pairs...)
	}}
}

func withoutRuntime(kind string) Step {
	return Step{Name: "remove the relation to " + kind, Do: func(w *World) { w.removeRuntime(kind) }}
}

func withRuntimeAgain(kind string) Step {
	return Step{Name: "relate " + kind + " again", Do: func(w *World) { w.relateRuntime(kind) }}
}

const (
	noRuntime     = "Container runtime not available. containerd has not sent socket and runtime"
	dockerRefused = "relation container-runtime: docker is docker, which kubelet 1.28.1 does not work with; remove the relation and relate kubernetes-worker:container-runtime to containerd"
)

// runtimeStories are those of the relation container-runtime.
func runtimeStories() []Scenario {
	docker := map[string]string{"channel": DockerChannel}
	return []Scenario{
		{Name: "containerd of another charm", Steps: []Step{joinWithRuntime("containerd"), withoutRuntime("containerd"), withRuntimeAgain("containerd")}},
		joined("containerd of another charm later", Options{Config: map[string]string{"http_proxy": "http://proxy.test:3128"}},
			withRuntime("containerd"), withoutRuntime("containerd"), withRuntimeAgain("containerd")),
		{Name: "containerd that hesitates", Steps: []Step{
			joinWithRuntime("containerd", "say", "nothing").ends("waiting", noRuntime),
			set("containerd", "say", "socket").ends("waiting", noRuntime),
			set("containerd", "say", "all"),
			set("containerd", "say", "nothing")}},
		{Name: "kubernetes 1.23 with containerd of another charm", Options: Options{Config: docker}, Steps: []Step{
			joinWithRuntime("containerd"), withoutRuntime("containerd")}},
		{Name: "kubernetes 1.23 with docker of another charm", Options: Options{Config: docker}, Steps: []Step{
			joinWithRuntime("docker"), withoutRuntime("docker")}},
		{Name: "kubernetes 1.28 with docker of another charm", Steps: []Step{
			joinWithRuntime("docker").ends("blocked", dockerRefused), withoutRuntime("docker")}},
	}
}

// begin tells the first step of a story.
func begin(t *testing.T, o Options, first Step) *World {
	t.Helper()
	s := Scenario{Options: o}
	w := New(t, o)
	s.Begin(w)
	first.Run(w)
	return w
}

// installed are the packages that apt was asked for.
func (w *World) installed() []string {
	w.T.Helper()
	var all []string
	for _, call := range w.Programs() {
		if words := strings.Fields(call); words[0] == "apt-get" && slices.Contains(words, "install") {
			all = append(all, words...)
		}
	}
	return all
}

// wantForeign fails the test if the charm has done anything to the runtime.
func wantForeign(w *World) {
	w.T.Helper()
	for _, name := range []string{"containerd", "docker.io"} {
		if slices.Contains(w.installed(), name) {
			w.T.Errorf("%s was installed", name)
		}
	}
	for _, path := range []string{"/etc/systemd/system/containerd.service.d", "/etc/systemd/system/docker.service.d/kubernetes-worker.conf"} {
		if w.Exists(path) {
			w.T.Errorf("there is %s", path)
		}
	}
	for _, path := range []string{"/etc/containerd/config.toml", "/etc/default/docker"} {
		if w.Exists(path) && !strings.HasPrefix(w.Read(path), "# kept by the runtime's own charm") {
			w.T.Errorf("%s was written:\n%s", path, w.Read(path))
		}
	}
	if n := w.Restarts(Runtime) + w.Restarts(Docker); n != 0 {
		w.T.Errorf("the runtime was started %d times", n)
	}
}

// kubeletArguments is what the kubelet's snap was given.
func (w *World) kubeletArguments() string {
	w.T.Helper()
	snap, _ := w.Snapd.Snap("kubelet")
	text, err := json.Marshal(snap.Conf)
	w.must(err)
	return string(text)
}

func TestARelatedContainerdIsUsedAndLeftAlone(t *testing.T) {
	t.Parallel()
	for _, c := range []struct{ name, channel, socket, want string }{
		{"in the configuration", Channel, "unix:///var/run/containerd/containerd.sock", "unix:///run/containerd/containerd.sock"},
		{"in the arguments", DockerChannel, "unix:///var/run/containerd/containerd.sock", "unix:///run/containerd/containerd.sock"},
		{"elsewhere", Channel, "unix:///run/k3s/containerd/containerd.sock", "unix:///run/k3s/containerd/containerd.sock"},
	} {
		for _, juju := range generations() {
			t.Run(c.name+" "+juju, func(t *testing.T) {
				t.Parallel()
				w := begin(t, Options{Juju: juju, Config: map[string]string{"channel": c.channel}}, joinWithRuntime("containerd", "socket", c.socket))
				wantForeign(w)
				given := w.kubeletArguments() + w.Read("/root/cdk/kubelet/config.yaml")
				if !strings.Contains(given, c.want) || strings.Contains(given, "docker") {
					t.Errorf("the kubelet was given %s", given)
				}
				if old := c.channel == DockerChannel; strings.Contains(given, `container-runtime=\"remote\"`) != old {
					t.Errorf("container-runtime=remote should be there: %t; %s", old, given)
				}
				if got := w.ownOfRuntime("containerd")["sandbox_image"]; got != "registry.test/cdk/pause:3.9" {
					t.Errorf("sandbox_image = %q", got)
				}
				if !strings.Contains(w.Read("/etc/containerd/config.toml"), `"registry.test/cdk/pause:3.9"`) {
					t.Error("the runtime's charm does not know the image")
				}
				if n := w.Restarts(Kubelet); n != 1 {
					t.Errorf("the kubelet was started %d times, want once", n)
				}
			})
		}
	}
}

func TestContainerdThatAnotherCharmTakesOverIsNotFoughtFor(t *testing.T) {
	t.Parallel()
	w := Joined(t, Options{Config: map[string]string{"http_proxy": "http://proxy.test:3128"}})
	since := w.starts()
	w.addRuntime("containerd")
	w.Settle()
	w.WantStatus("active", "Kubernetes worker running.")
	w.WantStarts(since, starts{})
	if w.Exists("/etc/systemd/system/containerd.service.d/kubernetes-worker.conf") {
		t.Error("our drop-in with the proxy is still there")
	}
	kept := w.Read("/etc/containerd/config.toml")
	w.Config(map[string]string{"no_proxy": "10.0.0.0/8"})
	w.UpdateStatus()
	if got := w.Read("/etc/containerd/config.toml"); got != kept || !strings.HasPrefix(got, "# kept by the runtime's own charm") {
		t.Errorf("the configuration was written over:\n%s", got)
	}
	w.WantStarts(since, starts{})
	for _, option := range []string{"http_proxy", "no_proxy"} {
		if w.Warned(option+" is ignored: containerd keeps the container runtime and has options of its own") != 1 {
			t.Errorf("that %s is ignored was not logged once", option)
		}
	}

	// The relation ends, and its runtime with it: ours comes back with its own configuration, under the same kubelet.
	w.removeRuntime("containerd")
	w.Settle()
	w.WantStatus("active", "Kubernetes worker running.")
	w.WantStarts(since, starts{runtime: 1})
	if got := w.Read("/etc/containerd/config.toml"); !strings.Contains(got, "kubernetes-worker") {
		t.Errorf("the configuration is still another's:\n%s", got)
	}
	if !w.Exists("/etc/systemd/system/containerd.service.d/kubernetes-worker.conf") {
		t.Error("the proxy is not in force again")
	}
}

func TestARuntimeThatHasNotSpokenIsWaitedForWithEmptyHands(t *testing.T) {
	t.Parallel()
	w := begin(t, Options{}, joinWithRuntime("containerd", "say", "nothing").ends("waiting", noRuntime))
	wantForeign(w)
	if n := w.Restarts(Kubelet); n != 0 {
		t.Errorf("the kubelet was started %d times without a runtime", n)
	}
	id := w.runtimeRelation("containerd")
	for value, reason := range map[string]string{
		`"tcp://` + canary + `:2375"`:           "is not unix:// with an absolute path",
		`"unix:///run/../` + canary + `"`:       "is not a clean path",
		`"unix:///run/x --v=9 ` + canary + `"`:  "has characters that no socket's path has",
		`"unix:///run/x\n--` + canary + `=yes"`: "has characters that no socket's path has",
		`{"` + canary + `": 1}`:                 "is not a text",
	} {
		w.must(w.Juju.SetBag(id, "containerd/0", map[string]string{"socket": value, "runtime": `"remote"`}))
		w.Settle()
		w.WantStatus("waiting", `Container runtime not available. cannot use container-runtime data of containerd/0, key "socket": `+reason)
	}
	w.must(w.Juju.ClearBag(id, "containerd/0"))
	w.must(w.Juju.SetConfig("containerd", map[string]string{"say": "all"}))
	w.Settle()
	w.WantStatus("active", "Kubernetes worker running.")
	wantForeign(w)
	for path := range w.find(w.Root, []string{canary}) {
		t.Errorf("%s holds a junk value", path)
	}
	if strings.Contains(w.Log(), canary) || strings.Contains(strings.Join(w.Shown(), "\n"), canary) {
		t.Error("a value was told")
	}
}

func TestASocketThatIsNotThereIsNamed(t *testing.T) {
	t.Parallel()
	w := begin(t, Options{}, joinWithRuntime("containerd"))
	before := w.starts()
	w.must(w.Juju.SetBag(w.runtimeRelation("containerd"), "containerd/0", map[string]string{"socket": `"unix:///run/other.sock"`}))
	w.Settle()
	w.WantStatus("waiting", "Container runtime not available. containerd has not opened its socket /run/other.sock")
	w.WantStarts(before, starts{})
	w.must(w.Juju.ClearBag(w.runtimeRelation("containerd"), "containerd/0"))
	w.Settle()
	w.WantStatus("active", "Kubernetes worker running.")
	w.WantStarts(before, starts{})
}

func TestARunningNodeKeepsItsRuntimeUntilTheRelatedOneHasSpoken(t *testing.T) {
	t.Parallel()
	w := Joined(t, Options{})
	w.UpdateStatus()
	config, since := w.Read("/etc/containerd/config.toml"), w.starts()
	w.addRuntime("containerd", "say", "socket")
	w.Settle()
	w.WantStatus("active", "Kubernetes worker running.")
	w.WantStarts(since, starts{})
	if w.Read("/etc/containerd/config.toml") != config {
		t.Error("the configuration was written")
	}
	w.Companion("containerd", map[string]string{"say": "all"})
	w.WantStatus("active", "Kubernetes worker running.")
	w.WantStarts(since, starts{})
}

func TestANodeWithARelatedContainerdDoesNotGoBackToDocker(t *testing.T) {
	t.Parallel()
	w := begin(t, Options{Config: map[string]string{"channel": DockerChannel}}, joinWithRuntime("containerd"))
	given := w.kubeletArguments()
	w.removeRuntime("containerd")
	w.Settle()
	w.WantStatus("active", "Kubernetes worker running.")
	if got := w.kubeletArguments(); got != given || w.Restarts(Kubelet) != 1 {
		t.Errorf("the kubelet was started %d times, and given %s", w.Restarts(Kubelet), got)
	}
	if all := w.installed(); !slices.Contains(all, "containerd") || slices.Contains(all, "docker.io") {
		t.Errorf("installed %q, want containerd", all)
	}
}

func TestAnOldKubeletGetsDockerBesideARelatedContainerd(t *testing.T) {
	t.Parallel()
	w := begin(t, Options{Config: map[string]string{"channel": AncientChannel}, Wire: "old"}, joinWithRuntime("containerd"))
	if !slices.Contains(w.installed(), "docker.io") || !strings.HasPrefix(w.Read("/etc/containerd/config.toml"), "# kept by the runtime's own charm") {
		t.Error("docker was not installed, or the other runtime was touched")
	}
	const want = "relation container-runtime: kubelet 1.12.10 does not work with the runtime of containerd, so docker is installed beside it"
	if w.Warned(want) != 1 {
		w.dump()
		t.Errorf("not logged once: %s", want)
	}
	if strings.Contains(w.kubeletArguments(), "remote") {
		t.Errorf("the kubelet was given %s", w.kubeletArguments())
	}
}

func TestARelatedDockerIsUsedUpTo123(t *testing.T) {
	t.Parallel()
	w := begin(t, Options{Config: map[string]string{"channel": DockerChannel}}, joinWithRuntime("docker"))
	wantForeign(w)
	if given := w.kubeletArguments(); strings.Contains(given, "endpoint") || strings.Contains(given, "remote") {
		t.Errorf("the kubelet was given %s", given)
	}
	w.UpdateStatus()
	wantForeign(w)
}

func TestARelatedDockerBlocksAKubeletThatDoesNotWorkWithIt(t *testing.T) {
	t.Parallel()
	w := Joined(t, Options{})
	before := w.starts()
	w.addRuntime("docker")
	w.Settle()
	w.WantStatus("blocked", dockerRefused)
	w.WantStarts(before, starts{})
	w.removeRuntime("docker")
	w.Settle()
	w.WantStatus("active", "Kubernetes worker running.")
	w.WantStarts(before, starts{})
}

func TestAnUpgradeThatARelatedDockerWouldNotSurviveIsNotBegun(t *testing.T) {
	t.Parallel()
	w := begin(t, Options{Config: map[string]string{"channel": DockerChannel}}, joinWithRuntime("docker"))
	before := w.starts()
	refused := strings.Replace(dockerRefused, "1.28.1", "1.24", 1)
	w.Config(map[string]string{"channel": CrossedChannel})
	w.WantStatus("blocked", refused)
	if result := runUpgrade(w); result.Status != "failed" || !strings.Contains(result.Message, refused) {
		t.Errorf("action %+v, want it to fail with: %s", result, refused)
	}
	wantSnaps(w, "1.23.17")
	w.WantStarts(before, starts{})
	w.Config(map[string]string{"channel": DockerChannel})
	w.WantStatus("active", "Kubernetes worker running.")
}

func TestADockerOfOursGivesItsPodsToARelatedContainerd(t *testing.T) {
	t.Parallel()
	w := joinedOnDocker(t)
	w.addRuntime("containerd")
	w.Settle()
	w.UpdateStatus()
	w.WantStatus("active", "Kubernetes worker running.")
	if have := w.Runtimes(); len(have.Containers) > 0 {
		t.Errorf("docker still has %v", have.Containers)
	}
	if !strings.Contains(w.kubeletArguments(), "unix:///run/containerd/containerd.sock") {
		t.Errorf("the kubelet was given %s", w.kubeletArguments())
	}
	if w.Systemd.Unit(Docker).ActiveState == "active" {
		t.Error("docker still runs")
	}
}

func TestImagesOfDockerGoToARelatedRuntimeWhereverItsSocketIs(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		socket string
		moved  bool
	}{
		{"/run/elsewhere/containerd.sock", true},
		{"/run/crio/crio.sock", false}, // which containerd's client does not speak to
	} {
		t.Run(c.socket, func(t *testing.T) {
			t.Parallel()
			w := joinedOnDocker(t)
			w.addRuntime("containerd", "socket", "unix://"+c.socket, "config", "")
			w.Settle()
			w.UpdateStatus()
			w.WantStatus("active", "Kubernetes worker running.")
			have := w.Runtimes()
			if have.Containerd["nginx:1.27"] != c.moved || have.Docker["nginx:1.27"] == c.moved || len(have.Containers) > 0 {
				t.Errorf("the runtimes hold %+v", have)
			}
			if asked := slices.ContainsFunc(w.Programs(), func(call string) bool { return strings.HasPrefix(call, "ctr --address "+c.socket+" ") }); !asked {
				t.Error("containerd's client is not told of the socket")
			}
			if told := strings.Contains(w.Log(), "images stay with docker, the runtime behind "+c.socket+" has to pull them: "); told == c.moved {
				t.Errorf("that images stay is told: %t", told)
			}
		})
	}
}

func TestTheRuntimeThatWasRelatedFirstStays(t *testing.T) {
	t.Parallel()
	w := begin(t, Options{Config: map[string]string{"channel": DockerChannel}}, joinWithRuntime("containerd"))
	given := w.kubeletArguments()
	w.addRuntime("docker")
	w.Settle()
	w.WantStatus("active", "Kubernetes worker running.")
	const want = "cannot use container-runtime data of docker/0: the runtime of containerd/0 was related before and is the one in force; remove one of the relations"
	if w.kubeletArguments() != given || w.Warned(want) != 1 {
		w.dump()
		t.Errorf("given %s; logged %d times", w.kubeletArguments(), w.Warned(want))
	}
}

// A unit that loses its memory asks for nothing but what the relation says, and finds it.
func TestARelatedRuntimeOutlivesTheStateFile(t *testing.T) {
	t.Parallel()
	w := begin(t, Options{}, joinWithRuntime("containerd"))
	before := w.starts()
	w.must(os.Remove(filepath.Join(w.Root, charmPath, stateFile)))
	w.UpdateStatus()
	w.WantStatus("active", "Kubernetes worker running.")
	w.WantStarts(before, starts{})
	wantForeign(w)
}
