package runtime

import (
	"bytes"
	"fmt"
	"slices"
	"strings"

	"kubernetes-worker/internal/options"
)

// Origin is a place that a runtime comes from: what has to be installed from there, and what goes for it.
type Origin struct {
	Source       options.Runtime // apt, upstream or nvidia
	Packages     []string        // as apt takes them, perhaps with versions
	Replaces     []string        // packages that cannot be there beside them
	Hold         []string        // packages whose version stays, where they are installed
	Repositories []Repository    // beside those that the machine has
	Recommends   bool            // of the packages are wanted, too: the headers that drivers are built with
}

// Repository is a repository of Debian packages, and the key that it is signed with.
type Repository struct {
	Name        string // in messages: "Docker's repository"
	List        string // the file that names it to apt
	Line        string // and the line in there
	Keyring     string
	Fingerprint string   // of the key
	KeyURLs     []string // where the key is, the best place first
}

// Files of repositories. The lists have the names that their makers' instructions give them, so that there are not two
// that name one repository and contradict each other; the keyrings are ours alone.
const (
	DockerList  = "/etc/apt/sources.list.d/docker.list"
	ToolkitList = "/etc/apt/sources.list.d/nvidia-container-toolkit.list"
	keyringDir  = "/etc/apt/keyrings/kubernetes-worker-"
)

// Fingerprints of the keys that the repositories are signed with, as their makers publish them.
const (
	dockerKey  = "9DC858229FC7DD38854AE2D88D81803C0EBFCD88"
	toolkitKey = "C95B321B61E88C1809C4F759DDCAE044F796ECB0"
	cudaKey    = "EB693B3035CD5710E231E123A4B469963BF863CC"
)

// HTTPSPackage brings apt the program that speaks HTTPS, HTTPSMethod, where apt itself has not got it: before 1.5.
const (
	HTTPSPackage = "apt-transport-https"
	HTTPSMethod  = "/usr/lib/apt/methods/https"
)

// Packages that are looked for, wherever they came from.
const (
	dockerEngine   = "docker-engine" // Docker's own package of 2016 to 2017
	containerdIO   = "containerd.io"
	toolkit        = "nvidia-container-toolkit"
	cudaDrivers    = "cuda-drivers"
	oldToolkitHook = "nvidia-container-runtime-hook"
)

// Place is the machine that something is installed on.
type Place struct {
	ID, Version, Codename string // of the distribution, as in os-release
	Arch                  string // as dpkg names it
	Container             bool   // whose kernel, and its drivers, are somebody else's
}

// CUDAList is the file that names NVIDIA's repository of drivers.
func (p Place) CUDAList() string {
	return "/etc/apt/sources.list.d/cuda-" + p.distro() + "-x86_64.list"
}

func (p Place) distro() string { return p.ID + strings.ReplaceAll(p.Version, ".", "") }

// OriginOf says what has to be done to have docker, or containerd alone, from a source. The error is for a person: there
// is no such source for this machine.
func OriginOf(source options.Runtime, docker bool, o options.RuntimePackages, p Place) (Origin, error) {
	origin := Origin{Source: source}
	if source == options.RuntimeApt {
		origin.Packages, origin.Replaces = []string{ContainerdPackage}, []string{options.DefaultDockerPackage, "docker-ce-cli", containerdIO}
		if docker {
			origin.Packages, origin.Replaces = []string{DockerPackage}, append(origin.Replaces, dockerEngine)
		}
		origin.Hold = origin.Packages
		return origin, nil
	}
	if p.ID != "ubuntu" && p.ID != "debian" || p.Codename == "" {
		return Origin{}, fmt.Errorf("there is no repository of Docker's for %s", strings.TrimSpace(p.ID+" "+p.Version))
	}
	origin.Repositories = []Repository{dockerRepository(o, p)}
	origin.Packages, origin.Replaces = []string{containerdIO}, []string{DockerPackage, ContainerdPackage, "runc"}
	if docker {
		origin.Packages = []string{o.Docker}
		origin.Replaces = append(origin.Replaces, dockerEngine)
	}
	origin.Hold = []string{bare(o.Docker), "docker-ce-cli", containerdIO}
	if source == options.RuntimeNvidia {
		return origin.withNvidia(o, p)
	}
	return origin, nil
}

func (origin Origin) withNvidia(o options.RuntimePackages, p Place) (Origin, error) {
	if p.Arch != "amd64" {
		return Origin{}, fmt.Errorf("the nvidia runtime is for amd64, and this machine is %s", p.Arch)
	}
	origin.Recommends = true
	origin.Repositories = append(origin.Repositories, toolkitRepository(o, p))
	packages := toolkitPackages(o)
	origin.Packages = append(origin.Packages, packages...)
	origin.Hold = append(origin.Hold, bareAll(packages)...)
	if o.CUDARepo != "" && !p.Container {
		origin.Repositories = append(origin.Repositories, cudaRepository(o, p))
		origin.Packages = append(origin.Packages, cudaDrivers)
	}
	return origin, nil
}

// toolkitPackages are the packages that bring GPUs into containers. Those that the options name by default are empty
// today and lead to the toolkit; what a person has chosen is installed as it is.
func toolkitPackages(o options.RuntimePackages) []string {
	var packages []string
	for _, wanted := range []struct{ name, old string }{
		{o.NvidiaDocker, options.DefaultNvidiaDockerPackage}, {o.NvidiaRuntime, options.DefaultNvidiaRuntimePackage},
	} {
		if wanted.name == wanted.old {
			wanted.name = toolkit
		}
		if !slices.Contains(packages, wanted.name) {
			packages = append(packages, wanted.name)
		}
	}
	return packages
}

func dockerRepository(o options.RuntimePackages, p Place) Repository {
	base := "https://download.docker.com/linux/" + p.ID
	r := Repository{Name: "Docker's repository", List: DockerList, Keyring: keyringDir + "docker.gpg", Fingerprint: dockerKey}
	r.Line = "deb [arch=" + p.Arch + " signed-by=" + r.Keyring + "] " + base + " " + p.Codename + " stable"
	r.KeyURLs = keyURLs(base+"/gpg", dockerKey, o)
	return r
}

func toolkitRepository(o options.RuntimePackages, p Place) Repository {
	const base = "https://nvidia.github.io/libnvidia-container"
	r := Repository{Name: "NVIDIA's repository of container tools", List: ToolkitList, Keyring: keyringDir + "nvidia.gpg", Fingerprint: toolkitKey}
	r.Line = "deb [signed-by=" + r.Keyring + "] " + base + "/stable/deb/" + p.Arch + " /"
	r.KeyURLs = keyURLs(base+"/gpgkey", toolkitKey, o)
	return r
}

// cudaRepository is what the package cuda-repo brought in its time, and cuda-keyring does today: a line and a key. Written
// by us, no package has to be trusted before there is a key to check it with.
func cudaRepository(o options.RuntimePackages, p Place) Repository {
	base := "https://developer.download.nvidia.com/compute/cuda/repos/" + p.distro() + "/x86_64"
	r := Repository{Name: "NVIDIA's repository of drivers", List: p.CUDAList(), Keyring: keyringDir + "cuda.gpg", Fingerprint: cudaKey}
	r.Line = "deb [signed-by=" + r.Keyring + "] " + base + "/ /"
	r.KeyURLs = keyURLs(base+"/3bf863cc.pub", cudaKey, o)
	return r
}

// keyURLs puts the maker's own place before the key server. It does not matter who gives a key whose fingerprint is known.
func keyURLs(maker, fingerprint string, o options.RuntimePackages) []string {
	urls := []string{maker}
	if o.KeyServer != "" {
		urls = append(urls, o.KeyServer+"/pks/lookup?op=get&options=mr&search=0x"+fingerprint)
	}
	return urls
}

// Lists are all files that this charm may name repositories in.
func Lists(p Place) []string { return []string{DockerList, ToolkitList, p.CUDAList()} }

// ForerunnersNvidia reports whether the charm's forerunner has named NVIDIA's repositories in DockerList, from which it has
// then installed.
func ForerunnersNvidia(list []byte) bool {
	return bytes.Contains(list, []byte("deb https://nvidia.github.io/nvidia-docker/"))
}

// KeyringOf is the keyring that belongs to such a file.
func KeyringOf(list string) string {
	switch list {
	case DockerList:
		return keyringDir + "docker.gpg"
	case ToolkitList:
		return keyringDir + "nvidia.gpg"
	}
	return keyringDir + "cuda.gpg"
}

// PackageNames are the bare names of all packages that decide about runtimes.
func PackageNames(o options.RuntimePackages) []string {
	names := []string{DockerPackage, ContainerdPackage, "runc", options.DefaultDockerPackage, "docker-ce-cli", dockerEngine, containerdIO,
		HTTPSPackage, toolkit, oldToolkitHook, options.DefaultNvidiaDockerPackage, options.DefaultNvidiaRuntimePackage, cudaDrivers,
		bare(o.Docker), bare(o.NvidiaDocker), bare(o.NvidiaRuntime)}
	slices.Sort(names)
	return slices.Compact(names)
}

// Installed is what of a machine's packages belongs to runtimes: bare name to version.
type Installed map[string]string

// Has reports whether all that the origin wants is installed, in whatever version: another one is not worth a restart
// of all containers. Docker's own package of old counts as docker from upstream, and docker.io has containerd in it.
func (i Installed) Has(origin Origin) bool {
	for _, name := range bareAll(origin.Packages) {
		switch {
		case i.has(name):
		case name == ContainerdPackage && i[DockerPackage] != "":
		case origin.Source == options.RuntimeUpstream && i[dockerEngine] != "":
		default:
			return false
		}
	}
	return true
}

// Source is where the installed runtime came from; empty where there is none. With nvidia set the NVIDIA runtime in it
// was put there by us.
func (i Installed) Source(docker, nvidia bool, o options.RuntimePackages) options.Runtime {
	fromDistribution, fromMaker := i[ContainerdPackage] != "" || i[DockerPackage] != "", i[containerdIO] != ""
	if docker {
		fromDistribution, fromMaker = i[DockerPackage] != "", i[bare(o.Docker)] != "" || i[options.DefaultDockerPackage] != "" || i[dockerEngine] != ""
	}
	switch {
	case fromMaker && nvidia && i.HasToolkit(o):
		return options.RuntimeNvidia
	case fromMaker:
		return options.RuntimeUpstream
	case fromDistribution:
		return options.RuntimeApt
	}
	return ""
}

// HasToolkit reports whether the packages that bring GPUs into containers are there.
func (i Installed) HasToolkit(o options.RuntimePackages) bool {
	return !slices.ContainsFunc(bareAll(toolkitPackages(o)), func(name string) bool { return !i.has(name) })
}

// has reports whether a package is there, or those that did its work before it.
func (i Installed) has(name string) bool {
	return i[name] != "" || name == toolkit && i[options.DefaultNvidiaDockerPackage] != "" && i[options.DefaultNvidiaRuntimePackage] != ""
}

// InTheWay are the installed packages that have to go for the origin, sorted. With nvidia set an NVIDIA runtime of ours
// is among them unless it is wanted; drivers stay.
func (i Installed) InTheWay(origin Origin, nvidia bool, o options.RuntimePackages) []string {
	unwanted := slices.Clone(origin.Replaces)
	if nvidia && origin.Source != options.RuntimeNvidia {
		unwanted = append(append(unwanted, options.DefaultNvidiaDockerPackage, options.DefaultNvidiaRuntimePackage, oldToolkitHook, toolkit),
			bareAll(toolkitPackages(o))...)
	}
	wanted := bareAll(origin.Packages)
	unwanted = slices.DeleteFunc(unwanted, func(name string) bool {
		return i[name] == "" || slices.Contains(wanted, name) || name == dockerEngine && i.Has(origin)
	})
	slices.Sort(unwanted)
	return slices.Compact(unwanted)
}

func bare(name string) string {
	name, _, _ = strings.Cut(name, "=")
	return name
}

func bareAll(names []string) []string {
	var all []string
	for _, name := range names {
		all = append(all, bare(name))
	}
	return all
}
