package model

import (
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

const (
	dockersHost = "download.docker.com"
	nvidiasHost = "nvidia.github.io"
	keyServer   = "keyserver.ubuntu.com"
	dockerList  = "etc/apt/sources.list.d/docker.list"
	dockerRing  = "etc/apt/keyrings/kubernetes-worker-docker.gpg"
	gpuDevice   = "sys/bus/pci/devices/0000:3b:00.0"
)

// originStories are those of docker_runtime.
func originStories() []Scenario {
	return []Scenario{
		joined("docker from Docker's repository and back", Options{Config: map[string]string{"channel": DockerChannel}},
			option("docker_runtime", "upstream"), option("docker_runtime", "apt")),
		joined("containerd from Docker's repository and back", Options{},
			option("docker_runtime", "upstream"), option("docker_runtime", "apt")),
		joined("a GPU appears", Options{Config: map[string]string{"cuda_repo": ""}},
			Step{Name: "a GPU and its driver", Do: addGPU}, option("docker_runtime", "apt")),
		joined("a GPU with docker", Options{Config: map[string]string{"cuda_repo": "", "channel": DockerChannel}},
			Step{Name: "a GPU and its driver", Do: addGPU}, option("docker_runtime", "upstream")),
	}
}

// addGPU puts a GPU and a driver of its owner's into the machine.
func addGPU(w *World) {
	w.T.Helper()
	for path, content := range map[string]string{gpuDevice + "/vendor": "0x10de\n", gpuDevice + "/class": "0x030200\n", "standin/driver": ""} {
		w.put(path, content)
	}
	w.UpdateStatus()
}

func (w *World) put(path, content string) {
	w.T.Helper()
	path = filepath.Join(w.Root, path)
	w.must(os.MkdirAll(filepath.Dir(path), 0o755))
	w.must(os.WriteFile(path, []byte(content), 0o644))
}

// runtimePackages are the packages of container runtimes, with a mark behind those that are held.
func (w *World) runtimePackages() string {
	w.T.Helper()
	status, err := readPackages(w.Root)
	w.must(err)
	var names []string
	for name, selection := range status {
		if unitsOf[name] == nil && listOf(name) == "" {
			continue
		}
		if selection == "hold" {
			name += " held"
		}
		names = append(names, name)
	}
	slices.Sort(names)
	return strings.Join(names, ", ")
}

func (w *World) wantInstalled(want string) {
	w.T.Helper()
	if got := w.runtimePackages(); got != want {
		w.dump()
		w.T.Fatalf("installed are %s, want %s", got, want)
	}
}

// startsOf counts the starts of the daemons that a change of the runtime could reach.
func startsOf(w *World) [3]int {
	return [3]int{w.Restarts(Kubelet), w.Restarts(Proxy), w.Restarts(Docker)}
}

func dockerNode(t *testing.T, config map[string]string) *World {
	t.Helper()
	all := map[string]string{"channel": DockerChannel}
	maps.Copy(all, config)
	s := joined("", Options{Config: all})
	w := New(t, s.Options)
	s.Begin(w)
	s.Steps[0].Run(w)
	return w
}

func TestDockerComesFromWhereItIsWanted(t *testing.T) {
	t.Parallel()
	w := dockerNode(t, nil)
	w.wantInstalled("docker.io held")
	if w.Exists(dockerList) {
		t.Error("the distribution's docker has brought a repository")
	}
	before := startsOf(w)
	w.Config(map[string]string{"docker_runtime": "upstream"})
	w.WantStatus("active", "Kubernetes worker running.")
	w.wantInstalled("containerd.io held, docker-ce held, docker-ce-cli held")
	list := w.Read(dockerList)
	if want := "deb [arch=amd64 signed-by=/" + dockerRing + "] https://download.docker.com/linux/ubuntu jammy stable\n"; !strings.HasSuffix(list, "\n"+want) {
		t.Errorf("%s:\n%s", dockerList, list)
	}
	if after := startsOf(w); after != [3]int{before[0], before[1], before[2] + 1} {
		t.Errorf("kubelet, kube-proxy and docker were started %v times before and %v after", before, after)
	}
	if defaults := w.Read("etc/default/docker"); !strings.Contains(defaults, "# runtime = upstream\n") {
		t.Errorf("docker's options:\n%s", defaults)
	}
	quiet(w)

	w.Away(dockersHost, keyServer) // which the way back does not need
	w.Config(map[string]string{"docker_runtime": "apt"})
	w.WantStatus("active", "Kubernetes worker running.")
	w.wantInstalled("docker.io held")
	if w.Exists(dockerList) || w.Exists(dockerRing) {
		t.Error("the repository is left behind")
	}
	if after := startsOf(w); after != [3]int{before[0], before[1], before[2] + 2} {
		t.Errorf("kubelet, kube-proxy and docker were started %v times before and %v after both changes", before, after)
	}
	quiet(w)
	if n := called(w, "usermod", "-aG docker ubuntu"); n != 1 || !strings.Contains(w.Read("etc/group"), "docker:x:998:ubuntu\n") {
		t.Errorf("usermod was called %d times: %s", n, w.Read("etc/group"))
	}
}

// One restart of the runtime in a hook is enough, also where its options change together with its source.
func TestOptionsThatChangeWithTheSourceCostNoRestartOfTheirOwn(t *testing.T) {
	t.Parallel()
	w := dockerNode(t, nil)
	before := startsOf(w)
	w.Config(map[string]string{"docker_runtime": "upstream", "docker-opts": "--log-level=warn"})
	w.WantStatus("active", "Kubernetes worker running.")
	w.wantInstalled("containerd.io held, docker-ce held, docker-ce-cli held")
	if after := startsOf(w); after != [3]int{before[0], before[1], before[2] + 1} {
		t.Errorf("kubelet, kube-proxy and docker were started %v times before and %v after", before, after)
	}
	if defaults := w.Read("etc/default/docker"); !strings.Contains(defaults, "# runtime = upstream\n") || !strings.Contains(defaults, "--log-level=warn") {
		t.Errorf("docker's options:\n%s", defaults)
	}
	quiet(w)
}

// quiet fails the test if a hook with nothing to do does something.
func quiet(w *World) {
	w.T.Helper()
	before := imprintOf(w)
	w.UpdateStatus()
	w.UpdateStatus()
	wantUntouched(w, before)
	if r := w.lastReport(); r.Forks != 0 || r.FilesWrote != 0 || r.APIRequests != 1 {
		w.T.Errorf("with nothing to do %d processes, %d files written, %d API requests", r.Forks, r.FilesWrote, r.APIRequests)
	}
}

// The runtime that runs is not touched before the other one is on the machine.
func TestARuntimeThatCannotBeHadCostsNothing(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		name           string
		prepare        func(w *World)
		config         map[string]string
		state, message string
		mend           func(w *World)
	}{
		{"key and repository are away", func(w *World) { w.Away(dockersHost) }, nil, "waiting",
			"Waiting for the signing key of Docker's repository: cannot fetch https://download.docker.com/linux/ubuntu/gpg: Could not resolve 'download.docker.com'; cannot fetch http://keyserver.ubuntu.com:80/pks/lookup?op=get&options=mr&search=0x9DC858229FC7DD38854AE2D88D81803C0EBFCD88: Could not resolve 'keyserver.ubuntu.com'",
			func(w *World) { w.Away() }},
		{"the key server has the key, the repository is away", func(w *World) {
			w.put(keysDir+"/"+keyServer, w.Read(keysDir+"/"+dockersHost))
			w.Away(dockersHost)
		}, nil, "waiting",
			"Waiting for apt, to install the container runtime: cannot fetch all package lists: https://download.docker.com/linux/ubuntu/InRelease  Could not resolve 'download.docker.com'",
			func(w *World) { w.Away() }},
		{"somebody else's key", func(w *World) { w.put(keysDir+"/"+dockersHost, w.Read(keysDir+"/"+nvidiasHost)) }, nil, "blocked",
			"cannot trust Docker's repository: https://download.docker.com/linux/ubuntu/gpg: the key has the fingerprint C95B321B61E88C1809C4F759DDCAE044F796ECB0, not 9DC858229FC7DD38854AE2D88D81803C0EBFCD88; cannot fetch http://keyserver…",
			func(w *World) { serveKeys(w.T, w.Root) }},
		{"a package that nobody has", func(w *World) {}, map[string]string{"docker-ce-package": "no-such-docker"}, "blocked",
			"cannot install the container runtime: cannot run apt-get…",
			func(w *World) {
				w.must(w.Juju.SetConfig("kubernetes-worker", map[string]string{"docker-ce-package": "docker-ce"}))
			}},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			w := dockerNode(t, nil)
			before, started := w.runtimePackages(), startsOf(w)
			defaults := w.Read("etc/default/docker")
			c.prepare(w)
			config := map[string]string{"docker_runtime": "upstream"}
			maps.Copy(config, c.config)
			w.Config(config)
			w.WantStatus(c.state, c.message)
			w.UpdateStatus()
			w.WantStatus(c.state, c.message)
			w.wantInstalled(before)
			if w.Read("etc/default/docker") != defaults || startsOf(w) != started || w.Systemd.Unit(Docker).ActiveState != "active" {
				t.Errorf("the old docker did not stay as it was: started %v times before, %v after", started, startsOf(w))
			}
			// What else is wanted goes on with the old one.
			w.Config(map[string]string{"docker-opts": "--log-level=warn"})
			if text := w.Read("etc/default/docker"); !strings.Contains(text, "--log-level=warn") || !strings.Contains(text, "# runtime = apt\n") {
				t.Errorf("docker's options:\n%s", text)
			}
			c.mend(w)
			w.UpdateStatus()
			w.WantStatus("active", "Kubernetes worker running.")
			w.wantInstalled("containerd.io held, docker-ce held, docker-ce-cli held")
		})
	}
}

// Xenial's apt has no HTTPS of its own.
func TestAnOldAptIsTaughtHTTPSFirst(t *testing.T) {
	t.Parallel()
	w := dockerNode(t, nil)
	w.must(os.Remove(filepath.Join(w.Root, "usr/lib/apt/methods/https")))
	w.Config(map[string]string{"docker_runtime": "upstream"})
	w.WantStatus("active", "Kubernetes worker running.")
	w.wantInstalled("containerd.io held, docker-ce held, docker-ce-cli held")
	if n := called(w, "apt-get", " install apt-transport-https"); n != 1 {
		t.Errorf("apt-transport-https was installed %d times", n)
	}
}

func TestAFreshNodeWaitsForItsRepository(t *testing.T) {
	t.Parallel()
	w := New(t, Options{Config: map[string]string{"docker_runtime": "upstream", "docker-ce-package": "docker-ce=5:24.0.9-1"}})
	s := joined("", Options{})
	s.Begin(w)
	w.Away(dockersHost)
	join().Do(w)
	w.Config(map[string]string{"channel": DockerChannel})
	w.WantStatus("waiting", "Waiting for the signing key of Docker's repository: …")
	w.wantInstalled("")
	w.Away()
	w.UpdateStatus()
	w.WantStatus("active", "Kubernetes worker running.")
	w.wantInstalled("containerd.io held, docker-ce held, docker-ce-cli held")
	if status := w.Read("var/lib/dpkg/status"); !strings.Contains(status, "Package: docker-ce\nStatus: hold ok installed\nArchitecture: amd64\nVersion: 5:24.0.9-1\n") {
		t.Errorf("the version is not the wanted one:\n%s", status)
	}
	before := startsOf(w)
	w.Config(map[string]string{"docker-ce-package": "docker-ce=5:25.0.1-1"})
	w.WantStatus("active", "Kubernetes worker running.")
	if n := w.Warned("docker-ce-package: docker-ce is installed in version 5:24.0.9-1, which a change of this option does not replace"); n != 1 || startsOf(w) != before {
		t.Errorf("another version was told %d times; started %v times before, %v after", n, before, startsOf(w))
	}
}

// The daemons of a node with a GPU get it, and the cluster is told.
func TestAGPUThatAppearsIsGivenToContainers(t *testing.T) {
	t.Parallel()
	w := Joined(t, Options{Wire: "old", Config: map[string]string{"cuda_repo": ""}})
	if got := w.gpu(); got != "False" {
		t.Fatalf("the control plane is told gpu=%s", got)
	}
	before := startsOf(w)
	addGPU(w)
	w.WantStatus("active", "Kubernetes worker running.")
	w.wantInstalled("containerd.io held, nvidia-container-toolkit held")
	if why := "docker_runtime is auto, and PCI device 0000:3b:00.0 is a GPU of NVIDIA's"; !strings.Contains(w.Log(), why) || !strings.Contains(w.Log(), "gpu: Enabling gpu mode") {
		t.Errorf("the log does not say why:\n%s", w.Log())
	}
	config := w.Read("etc/containerd/config.toml")
	if !strings.Contains(config, `default_runtime_name = "nvidia"`) || !strings.Contains(config, `BinaryName = "/usr/bin/nvidia-container-runtime"`) {
		t.Errorf("containerd's configuration:\n%s", config)
	}
	labels := w.API[0].Labels(w.Node)
	if labels["gpu"] != "true" || labels["cuda"] != "true" || w.gpu() != "True" || !w.Exists("dev/nvidiactl") {
		t.Errorf("labels %v, the control plane is told gpu=%s, device nodes %t", labels, w.gpu(), w.Exists("dev/nvidiactl"))
	}
	if after := startsOf(w); after != before {
		t.Errorf("kubelet, kube-proxy, docker were started %v times before, %v after", before, after)
	}
	quiet(w)

	w.must(os.Remove(filepath.Join(w.Root, "dev/nvidiactl"))) // as a boot does
	w.UpdateStatus()
	if n := strings.Count(w.Read(callsFile), "nvidia-smi \n"); n != 2 || !w.Exists("dev/nvidiactl") {
		t.Errorf("nvidia-smi was called %d times", n)
	}
	w.must(os.RemoveAll(filepath.Join(w.Root, gpuDevice))) // a GPU that is lost takes no containers with it
	quiet(w)
	w.put(gpuDevice+"/vendor", "0x10de\n")

	w.Config(map[string]string{"docker_runtime": "upstream"})
	w.WantStatus("active", "Kubernetes worker running.")
	w.wantInstalled("containerd.io held")
	labels = w.API[0].Labels(w.Node)
	if labels["gpu"] != "" || labels["cuda"] != "" || w.gpu() != "False" || strings.Contains(w.Read("etc/containerd/config.toml"), "nvidia") {
		t.Errorf("labels %v, the control plane is told gpu=%s; containerd's configuration:\n%s", labels, w.gpu(), w.Read("etc/containerd/config.toml"))
	}
	if w.Exists("etc/apt/sources.list.d/nvidia-container-toolkit.list") || !w.Exists(dockerList) {
		t.Error("the repositories are not those of what is installed")
	}
	quiet(w)
}

// gpu is what the control plane is told.
func (w *World) gpu() string {
	w.T.Helper()
	bag, err := w.Juju.Bag(w.relation("kube-control"), Unit)
	w.must(err)
	return bag["gpu"]
}

func TestADriverThatDoesNotAnswerIsAskedAgain(t *testing.T) {
	t.Parallel()
	w := dockerNode(t, map[string]string{"docker_runtime": "nvidia", "cuda_repo": ""})
	w.wantInstalled("containerd.io held, docker-ce held, docker-ce-cli held, nvidia-container-toolkit held")
	if text := w.Read("etc/default/docker"); !strings.Contains(text, `DOCKER_OPTS=" --add-runtime=nvidia=/usr/bin/nvidia-container-runtime`) || strings.Count(text, "--default-runtime=nvidia") != 1 {
		t.Errorf("docker's options:\n%s", text)
	}
	if !strings.Contains(w.Log(), "Unable to communicate with the NVIDIA driver.") || w.API[0].Labels(w.Node)["gpu"] != "" || w.gpu() != "False" {
		t.Errorf("a driver that does not answer counts:\n%s", w.Log())
	}
	w.put("standin/driver", "")
	w.UpdateStatus()
	if labels := w.API[0].Labels(w.Node); labels["gpu"] != "true" || w.gpu() != "True" {
		t.Errorf("labels %v, gpu=%s", labels, w.gpu())
	}
	quiet(w)
	// What docker's own file says is not said twice: docker would not start.
	w.put("etc/docker/daemon.json", `{"default-runtime": "nvidia", "runtimes": {"nvidia": {"path": "nvidia-container-runtime"}}}`)
	w.UpdateStatus()
	if text := w.Read("etc/default/docker"); strings.Contains(text, "add-runtime") || strings.Contains(text, "default-runtime") {
		t.Errorf("docker's options:\n%s", text)
	}
}

func TestDriversThatCannotBeHadLeaveTheRuntimeAlone(t *testing.T) {
	t.Parallel()
	w := Joined(t, Options{})
	before := w.runtimePackages()
	addGPU(w) // and the key of the repository of drivers is nowhere
	w.WantStatus("waiting", "Waiting for the signing key of NVIDIA's repository of drivers: …")
	w.wantInstalled(before)
	if strings.Contains(w.Read("etc/containerd/config.toml"), "nvidia") || w.API[0].Labels(w.Node)["gpu"] != "" {
		t.Error("containerd is configured for what is not there")
	}
	w.Config(map[string]string{"cuda_repo": "10.1.0-2"}) // another version of the same
	w.WantStatus("waiting", "Waiting for the signing key of NVIDIA's repository of drivers: …")
	w.Config(map[string]string{"docker_runtime": "apt"})
	w.WantStatus("active", "Kubernetes worker running.")
	w.wantInstalled(before)
	if w.Exists(dockerList) || w.Exists(dockerRing) {
		t.Error("repositories that nothing came from are left behind")
	}
}

func TestANodeWithDockersOwnPackagesCrossesToContainerd(t *testing.T) {
	t.Parallel()
	w := dockerNode(t, map[string]string{"docker_runtime": "upstream"})
	onDocker(w)
	upgradeTo(w, CrossedChannel)
	w.wantInstalled("containerd.io held, docker-ce held, docker-ce-cli held")
	if state := w.Systemd.Unit(Docker).ActiveState; state == "active" || w.Systemd.Unit(Runtime).ActiveState != "active" {
		t.Errorf("docker is %s, containerd %s", state, w.Systemd.Unit(Runtime).ActiveState)
	}
	quiet(w)
	w.Config(map[string]string{"docker_runtime": "apt"})
	w.WantStatus("active", "Kubernetes worker running.")
	w.wantInstalled("containerd held")
}

func TestContainerdStaysWhileDockerHasContainersBesideIt(t *testing.T) {
	t.Parallel()
	w := dockerNode(t, nil)
	w.SetRuntimes(Runtimes{Containers: map[string]string{"own": "database"}})
	upgradeTo(w, CrossedChannel)
	before := w.runtimePackages()
	w.Config(map[string]string{"docker_runtime": "upstream"})
	w.WantStatus("active", "Kubernetes worker running.")
	w.wantInstalled(before)
	if n := w.Warned("docker_runtime: containerd stays from apt, because docker still runs containers beside it"); n != 1 {
		t.Errorf("told %d times", n)
	}
}

func TestARelatedRuntimeWithGPUsCounts(t *testing.T) {
	t.Parallel()
	w := New(t, Options{Wire: "old"})
	joinWithRuntime("containerd", "nvidia", "true").Do(w)
	w.put("standin/driver", "")
	w.Settle()
	w.UpdateStatus()
	w.WantStatus("active", "Kubernetes worker running.")
	if labels := w.API[0].Labels(w.Node); labels["gpu"] != "true" || w.gpu() != "True" {
		t.Errorf("labels %v, gpu=%s", labels, w.gpu())
	}
	w.must(w.Juju.SetConfig("containerd", map[string]string{"nvidia": "false"}))
	w.Settle()
	if labels := w.API[0].Labels(w.Node); labels["gpu"] != "" || w.gpu() != "False" {
		t.Errorf("labels %v, gpu=%s", labels, w.gpu())
	}
}

func TestUbuntuIsPutIntoTheGroupOfDockerOnce(t *testing.T) {
	t.Parallel()
	w := dockerNode(t, nil)
	w.put("etc/group", "docker:x:998:\n") // as an operator does who wants it so
	w.UpdateStatus()
	if got := w.Read("etc/group"); got != "docker:x:998:\n" {
		t.Errorf("group: %s", got)
	}
}

// Each package of the nvidia runtime is the one that its option names, and drivers come only where cuda_repo wants them.
func TestTheNvidiaRuntimeHasThePackagesThatOptionsName(t *testing.T) {
	t.Parallel()
	w := begin(t, Options{Config: map[string]string{
		"channel": DockerChannel, "docker_runtime": "nvidia", "docker-ce-package": "docker-ce=5:24.0.9-1",
		"nvidia-docker-package": "nvidia-docker2=2.13.0-1", "nvidia-container-runtime-package": "nvidia-container-runtime=3.14.0-1",
	}}, join().ends("waiting", "Waiting for the signing key of NVIDIA's repository of drivers: …"))
	w.wantInstalled("")
	w.Config(map[string]string{"cuda_repo": ""})
	w.WantStatus("active", running)
	w.wantInstalled("containerd.io held, docker-ce held, docker-ce-cli held, nvidia-container-runtime held, nvidia-docker2 held")
	status := w.Read("var/lib/dpkg/status")
	for name, version := range map[string]string{"docker-ce": "5:24.0.9-1", "nvidia-docker2": "2.13.0-1", "nvidia-container-runtime": "3.14.0-1"} {
		if !strings.Contains(status, "Package: "+name+"\n") || !strings.Contains(status, "\nVersion: "+version+"\n") {
			t.Errorf("%s is not there in version %s:\n%s", name, version, status)
		}
	}
	before := startsOf(w)
	w.Config(map[string]string{"nvidia-docker-package": "nvidia-docker2=2.14.0-1"})
	w.WantStatus("active", running)
	if n := w.Warned("nvidia-docker-package: nvidia-docker2 is installed in version 2.13.0-1, which a change of this option does not replace"); n != 1 || startsOf(w) != before {
		t.Errorf("another version was told %d times; started %v times before, %v after", n, before, startsOf(w))
	}
}
