package worker

import (
	"cmp"
	"fmt"
	"slices"

	"kubernetes-worker/internal/options"
	"kubernetes-worker/internal/registry"
	"kubernetes-worker/internal/resource"
	"kubernetes-worker/internal/runtime"
	"kubernetes-worker/internal/state"
)

const (
	registryRelation = "docker-registry"
	// DockerConfigFile is where the kubelet looks for logins, its home being root's.
	DockerConfigFile = "/root/.docker/config.json"
	// KubeletDockerConfigFile is where it looks first; if that is there it reads nothing else.
	KubeletDockerConfigFile = "/var/lib/kubelet/config.json"
	// registryCA is the name of the registry's authority among those that the machine's programs trust.
	registryCA = "juju-docker-registry"
)

// registryAwaited reports whether a registry is related and has not said anything usable: what is there of it stays.
func (f Facts) registryAwaited() bool { return f.joined(registryRelation) && f.Registry.Netloc == "" }

// logins are those wanted now, each registry once: an option is a person's word and goes before a relation.
func (f Facts) logins() []resource.Login {
	var all []resource.Login
	add := func(login registry.Login, from string) {
		if !slices.ContainsFunc(all, func(l resource.Login) bool { return l.Server == login.Server }) {
			all = append(all, resource.Login{Login: login, From: from})
		}
	}
	for _, login := range f.Options.DockerLogins {
		add(login, string(options.DockerLogins))
	}
	if login, ok := f.Registry.Login(); ok {
		add(login, registryRelation)
	}
	slices.SortFunc(all, func(a, b resource.Login) int { return cmp.Compare(a.Server, b.Server) })
	return all
}

// registryLogins writes logins where the kubelet reads them, for whatever runtime, and asks the registries about each once.
// Nothing restarts: the kubelet reads the file again when it pulls, if it has not done so for five minutes.
func registryLogins() Handler {
	return Handler{Name: "registry-logins", Declare: func(f Facts) ([]resource.Resource, error) {
		logins := resource.Logins{Path: DockerConfigFile, Want: f.logins()}
		if f.Options.AnyUnknown(options.DockerLogins) {
			logins.Keep = append(logins.Keep, string(options.DockerLogins))
		}
		if f.registryAwaited() {
			logins.Keep = append(logins.Keep, registryRelation)
		}
		if len(logins.Want) == 0 {
			return []resource.Resource{logins}, nil
		}
		proxy, _ := f.proxy()
		check := resource.LoginCheck{
			Logins: logins.Want, Related: f.Registry.Netloc, Insecure: f.Registry.Insecure(), Way: state.Fingerprint(f.Registry.CA),
			HTTPProxy: proxy.HTTP, HTTPSProxy: proxy.HTTPS, NoProxy: proxy.NoProxy,
			CertDirs: []string{runtime.DockerCertsDir, runtime.RegistryHostsDir}, Needs: []string{logins.ID()},
		}
		check.ClientCert, check.ClientKey = f.clientPair()
		return []resource.Resource{logins, check}, nil
	}}
}

// clientPair is where the node's client certificate lies; empty as long as there is none.
func (f Facts) clientPair() (cert, key string) {
	if len(f.Certs.ClientCert) == 0 || f.Certs.ClientKey.Empty() {
		return "", ""
	}
	return ClientCertFile, ClientKeyFile
}

// relatedRegistry makes the machine and its runtime trust a related registry, and undoes that when it is gone or somewhere
// else. That docker is to use one without TLS is among its options, see runtimeHandler.
func relatedRegistry() Handler {
	return Handler{Name: registryRelation, When: []flag{VersionKnown}, Declare: func(f Facts) ([]resource.Resource, error) {
		if f.registryAwaited() {
			return nil, nil
		}
		wants := []resource.Resource{resource.TrustedCA{Name: registryCA, PEM: f.Registry.CA, Absent: len(f.Registry.CA) == 0}}
		choice := f.runtime()
		if choice.Keeper != runtime.Ours && f.Registry.Netloc != "" {
			return wants, nil // its charm has a relation to the registry of its own
		}
		related := runtime.Registry{Netloc: f.Registry.Netloc, CA: f.Registry.CA}
		related.ClientCert, related.ClientKey = f.clientPair()
		docker, containerd := registryDir(runtime.DockerCertsDir), registryDir(runtime.RegistryHostsDir)
		if related.Netloc != "" && choice.Docker() {
			docker = withFiles(docker, related.Netloc, runtime.DockerRegistryFiles(related))
		} else if related.Netloc != "" {
			containerd = withFiles(containerd, related.Netloc, runtime.ContainerdRegistryFiles(related))
		}
		return append(wants, docker, containerd), nil
	}}
}

// registryDir is a runtime's directory without anything of ours.
func registryDir(base string) resource.RegistryDir {
	return resource.RegistryDir{Base: base, Names: runtime.RegistryNames(), OwnName: runtime.RegistryCAFile, LinkDir: ConfigDir}
}

func withFiles(dir resource.RegistryDir, netloc string, files []runtime.RegistryFile) resource.RegistryDir {
	dir.Netloc = netloc
	for _, file := range files {
		dir.Files = append(dir.Files, resource.RegistryFile(file))
	}
	return dir
}

// InsecureRegistry is the related registry that docker uses without checking it; empty: none.
func (f Facts) InsecureRegistry() string {
	switch {
	case f.registryAwaited():
		return f.InsecureBefore
	case f.Registry.Insecure():
		return f.Registry.Netloc
	}
	return ""
}

// managedDocker are the options of docker that relations ask for.
func (f Facts) managedDocker() map[string][]string {
	if insecure := f.InsecureRegistry(); insecure != "" {
		return f.bridgeOptions(map[string][]string{"insecure-registry": {insecure}})
	}
	return f.bridgeOptions(nil)
}

// refusedLogin is the status of a login that a person has to correct.
func (f Facts) refusedLogin() (Status, bool) {
	for _, login := range f.logins() {
		known := f.Logins[login.Server]
		switch fromOption := known.From == string(options.DockerLogins); {
		case known.Trouble == state.LoginPlain && !fromOption:
			return Status{blocked, "docker login requires a TLS-enabled registry"}, true
		case known.Trouble == state.LoginRefused && fromOption:
			return Status{blocked, fmt.Sprintf("docker-logins: %s does not accept the username and password", login.Server)}, true
		case known.Trouble == state.LoginRefused:
			return Status{blocked, "Incorrect credentials for docker registry"}, true
		}
	}
	return Status{}, false
}

// registryStatus is what a node that runs still waits for.
func (f Facts) registryStatus() (Status, bool) {
	if f.registryAwaited() {
		return Status{waiting, "Waiting for an image registry: " + f.owesRegistry()}, true
	}
	if known := f.Logins[f.Registry.Netloc]; f.Registry.Netloc != "" && known.From == registryRelation && known.Trouble == state.LoginUntried {
		return Status{waiting, "docker login failed, see juju debug-log"}, true
	}
	return Status{}, false
}

func (f Facts) owesRegistry() string {
	if problem := f.problem(registryRelation); problem != "" {
		return problem
	}
	return f.remoteApp(registryRelation, "the related registry") + " has not sent registry_netloc"
}

// registryWarnings tell of logins that are without effect, or were not found good.
func (f Facts) registryWarnings() []string {
	var warnings []string
	for _, login := range f.logins() {
		switch known := f.Logins[login.Server]; known.Trouble {
		case state.LoginUntried, state.LoginPlain:
			// That a registry of a person's has no TLS can be meant so: docker-opts, or a description for containerd.
			warnings = append(warnings, fmt.Sprintf("%s: the login at %s is in use and could not be tried: %s", known.From, login.Server, known.Reason))
		case state.LoginRefused:
			warnings = append(warnings, fmt.Sprintf("%s: the login at %s is no good: %s", known.From, login.Server, known.Reason))
		}
		if login.From != registryRelation && login.Server == f.Registry.Netloc {
			warnings = append(warnings, fmt.Sprintf("docker-logins has a login at %s, which is used instead of the one of relation docker-registry", login.Server))
		}
	}
	if f.KubeletDockerConfig && len(f.logins()) > 0 {
		warnings = append(warnings, fmt.Sprintf("the kubelet reads logins from %s alone as long as that file is there", KubeletDockerConfigFile))
	}
	if f.Registry.Netloc != "" && f.runtime().Keeper != runtime.Ours {
		warnings = append(warnings, fmt.Sprintf("relation docker-registry: %s keeps the container runtime; relate it to %s as well, so that it trusts the registry",
			f.remoteApp(runtimeRelation, "another charm"), f.remoteApp(registryRelation, "the registry")))
	}
	return warnings
}

// forgetLogins takes all logins of ours and the registry's authority off a machine that the unit leaves.
func forgetLogins() Handler {
	return Handler{Name: "forget-registries", Declare: func(Facts) ([]resource.Resource, error) {
		return []resource.Resource{
			resource.Logins{Path: DockerConfigFile}, resource.TrustedCA{Name: registryCA, Absent: true},
			registryDir(runtime.DockerCertsDir), registryDir(runtime.RegistryHostsDir),
		}, nil
	}}
}
