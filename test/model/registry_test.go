package model

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"kubernetes-worker/internal/jujusim"
)

const (
	dockerConfig     = "/root/.docker/config.json"
	registryPassword = "Reg1stryPassw0rdCanary"
	registryTrust    = "/usr/local/share/ca-certificates/juju-docker-registry.crt"
)

// write puts a file onto the machine.
func (w *World) write(path, content string) {
	w.T.Helper()
	path = filepath.Join(w.Root, path)
	w.must(os.MkdirAll(filepath.Dir(path), 0o755))
	w.must(os.WriteFile(path, []byte(content), 0o644))
}

// addRegistry deploys a registry's charm and relates it; options as name, value, name, value.
func (w *World) addRegistry(pairs ...string) {
	w.T.Helper()
	config := map[string]string{}
	for i := 0; i+1 < len(pairs); i += 2 {
		config[pairs[i]] = pairs[i+1]
	}
	w.must(w.Juju.Deploy(jujusim.DeploySpec{Charm: "companion:docker-registry", Config: config}))
	_, err := w.Juju.Integrate("kubernetes-worker:docker-registry", "docker-registry:docker-registry")
	w.must(err)
}

func (w *World) removeRegistry() {
	w.T.Helper()
	w.must(w.Juju.RemoveRelation("kubernetes-worker:docker-registry", "docker-registry:docker-registry"))
}

// wantNoRegistry fails the test if anything is left of a related registry.
func (w *World) wantNoRegistry(netlocs ...string) {
	w.T.Helper()
	paths := []string{registryTrust}
	for _, netloc := range netlocs {
		paths = append(paths, "/etc/docker/certs.d/"+netloc, "/etc/containerd/certs.d/"+netloc)
	}
	for _, path := range paths {
		if w.Exists(path) {
			w.T.Errorf("%s is left", path)
		}
	}
	if w.Exists("/etc/default/docker") && strings.Contains(w.Read("/etc/default/docker"), "insecure") {
		w.T.Error("docker may still use an insecure registry")
	}
}

// registryStories are those of logins and of the relation docker-registry.
func registryStories() []Scenario {
	const netloc = "registry.test:5000"
	var door, other *Registry
	var authority string
	open := func(w *World) {
		if door == nil {
			ca := NewAuthority(w.T, w.T.TempDir())
			authority = ca.CertFile
			door, other = StartRegistry(w.T, ca, registryPassword), StartRegistry(w.T, ca, registryPassword)
		}
	}
	var private *Registry
	login := func(password string) func(w *World) {
		return func(w *World) {
			if private == nil {
				private = StartRegistry(w.T, w.CA, registryPassword+"1")
			}
			w.must(w.Juju.SetConfig("kubernetes-worker", map[string]string{"docker-logins": logins(private.Netloc, password)}))
		}
	}
	return []Scenario{
		joined("a login at a registry", Options{},
			Step{Name: "a good login", Do: login(registryPassword + "1")},
			Step{Name: "another password", Do: login(registryPassword + "2"), Status: "blocked", Message: "docker-logins: …"},
			option("docker-logins", "[]")),
		joined("a registry with TLS", Options{},
			Step{Name: "relate it", Do: func(w *World) {
				open(w)
				w.addRegistry("netloc", door.Netloc, "tls-ca", authority, "user", "me", "password", registryPassword)
			}},
			Step{Name: "it moves", Do: func(w *World) {
				w.must(w.Juju.SetConfig("docker-registry", map[string]string{"netloc": other.Netloc}))
			}},
			Step{Name: "remove it", Do: func(w *World) { w.removeRegistry() }}),
		joined("a registry without TLS, and docker", Options{Config: map[string]string{"channel": DockerChannel}},
			Step{Name: "relate it", Do: func(w *World) { w.addRegistry("netloc", netloc) }},
			set("docker-registry", "say", "nothing").ends("waiting", "Waiting for an image registry: docker-registry has not sent registry_netloc"),
			Step{Name: "remove it", Do: func(w *World) { w.removeRegistry() }}),
	}
}

// Fault 24: docker restarts on each change of the relation, the CA stays trusted after departure.
func TestARegistryWithTLSRestartsNothingAndLeavesNothing(t *testing.T) {
	t.Parallel()
	for _, c := range []struct{ juju, channel, file string }{
		{"2.9", Channel, "/etc/containerd/certs.d/%/hosts.toml"}, {"3.6", DockerChannel, "/etc/docker/certs.d/%/juju-docker-registry.crt"},
		{"4.0", Channel, "/etc/containerd/certs.d/%/juju-docker-registry.crt"},
	} {
		t.Run(c.juju+" "+c.channel, func(t *testing.T) {
			t.Parallel()
			w := begin(t, Options{Juju: c.juju, Config: map[string]string{"channel": c.channel}}, join())
			own := NewAuthority(t, t.TempDir())
			first, second := StartRegistry(t, own, "one"), StartRegistry(t, own, "one")
			since, docker := w.starts(), w.Restarts(Docker)
			w.addRegistry("netloc", first.Netloc, "tls-ca", own.CertFile, "user", "me", "password", "one")
			w.Settle()
			w.WantStatus("active", running)
			in := func(netloc string) string { return strings.Replace(c.file, "%", netloc, 1) }
			if !w.Exists(in(first.Netloc)) || !strings.Contains(w.Read("/etc/ssl/certs/ca-certificates.crt"), strings.TrimSpace(certificateText(t, own))) {
				t.Error("the registry is not trusted")
			}
			w.wantAuths(map[string]string{first.Netloc: "me:one"})
			w.UpdateStatus() // looks for nodes of units that are gone, too
			before := w.Traces()
			w.UpdateStatus()
			w.WantUntouched(before)
			if r := w.lastReport(); r.FilesWrote != 0 || r.Forks > 0 && r.Transport == "socket" || r.APIRequests != 1 {
				t.Errorf("a hook with nothing to do wrote %d files, started %d processes, asked the API %d times", r.FilesWrote, r.Forks, r.APIRequests)
			}

			w.Companion("docker-registry", map[string]string{"netloc": second.Netloc})
			w.WantStatus("active", running)
			if w.Exists(filepath.Dir(in(first.Netloc))) || !w.Exists(in(second.Netloc)) {
				t.Error("the files did not move with the registry")
			}
			w.wantAuths(map[string]string{second.Netloc: "me:one"})

			w.removeRegistry()
			w.Settle()
			w.WantStatus("active", running)
			w.wantNoRegistry(first.Netloc, second.Netloc)
			if w.Exists(dockerConfig) || strings.Contains(w.Read("/etc/ssl/certs/ca-certificates.crt"), strings.TrimSpace(certificateText(t, own))) {
				t.Error("the login or the trust is left")
			}
			w.WantStarts(since, starts{})
			if n := w.Restarts(Docker) - docker; n != 0 {
				t.Errorf("docker restarted %d times", n)
			}
		})
	}
}

// Fault 24: it logs out of what it never logged in to. A registry without a login leaves that of others alone.
func TestARegistryWithoutTLSRestartsDockerWhenItComesAndGoes(t *testing.T) {
	t.Parallel()
	const netloc = "registry.test:5000"
	w := begin(t, Options{Config: map[string]string{"channel": DockerChannel}}, join())
	w.write(dockerConfig, `{"auths":{"`+netloc+`":{"auth":"dTpw"}}}`)
	docker, others := w.Restarts(Docker), w.starts()
	w.addRegistry("netloc", netloc)
	w.Settle()
	w.WantStatus("active", running)
	if text := w.Read("/etc/default/docker"); !strings.Contains(text, `" --insecure-registry=`+netloc) {
		t.Errorf("docker was told %s", text)
	}
	w.UpdateStatus()
	if n := w.Restarts(Docker) - docker; n != 1 {
		t.Errorf("docker restarted %d times, want once", n)
	}
	w.Companion("docker-registry", map[string]string{"say": "nothing"})
	w.WantStatus("waiting", "Waiting for an image registry: docker-registry has not sent registry_netloc")
	if n := w.Restarts(Docker) - docker; n != 1 {
		t.Errorf("docker restarted %d times while the registry says nothing, want once", n)
	}
	w.removeRegistry()
	w.Settle()
	w.WantStatus("active", running)
	w.wantNoRegistry(netloc)
	if n := w.Restarts(Docker) - docker; n != 2 {
		t.Errorf("docker restarted %d times, want twice", n)
	}
	w.WantStarts(others, starts{})
	w.wantAuths(map[string]string{netloc: "u:p"})
}

func TestWhatIsWrongWithARelatedRegistryIsToldUntilItIsRight(t *testing.T) {
	t.Parallel()
	w := Joined(t, Options{})
	own := NewAuthority(t, t.TempDir())
	closed, plain := StartRegistry(t, own, "one"), StartRegistry(t, nil, "one")
	w.addRegistry("netloc", closed.Netloc, "tls-ca", own.CertFile, "user", "me", "password", "wrong")
	w.Settle()
	w.WantStatus("blocked", "Incorrect credentials for docker registry")
	w.Config(map[string]string{"labels": "a=b"})
	w.WantStatus("blocked", "Incorrect credentials for docker registry")
	w.Companion("docker-registry", map[string]string{"password": "one", "netloc": plain.Netloc})
	w.WantStatus("blocked", "docker login requires a TLS-enabled registry")
	if plain.Tries() != 0 {
		t.Error("the password was sent without TLS")
	}
	w.Companion("docker-registry", map[string]string{"tls-ca": ""})
	w.WantStatus("active", running)
	if plain.Tries() != 1 {
		t.Errorf("tried %d times", plain.Tries())
	}
	w.Companion("docker-registry", map[string]string{"netloc": "127.0.0.1:1", "tls-ca": own.CertFile})
	w.WantStatus("waiting", "docker login failed, see juju debug-log")
	if !strings.Contains(w.Log(), "docker-registry: the login at 127.0.0.1:1 is in use and could not be tried: ") {
		t.Error("the reason was not logged")
	}
	w.Companion("docker-registry", map[string]string{"netloc": closed.Netloc})
	w.WantStatus("active", running)
}

func TestHostileWordsOfARegistryChangeNothing(t *testing.T) {
	t.Parallel()
	w := Joined(t, Options{})
	own := NewAuthority(t, t.TempDir())
	door := StartRegistry(t, own, "one")
	w.addRegistry("netloc", door.Netloc, "tls-ca", own.CertFile, "user", "me", "password", "one")
	w.Settle()
	w.WantStatus("active", running)
	before := w.Traces()
	id, err := w.Juju.FindRelation("kubernetes-worker:docker-registry", "docker-registry:docker-registry")
	w.must(err)
	for value, reason := range map[string]string{
		"registry_netloc=\"../../../root/" + canary + `"`:                                     "is not host or host:port",
		"registry_netloc=\"a\\\"\\n[host.\\\"" + canary + `"`:                                 "is not host or host:port",
		"tls_ca=\"-----BEGIN CERTIFICATE-----\\n" + canary + "\\n-----END CERTIFICATE-----\"": "holds no certificate in PEM form",
		"basic_password=\"" + canary + `\u0000"`:                                              "holds a line break or another control character",
		"basic_user=null":                                                                     "is missing beside basic_password",
	} {
		key, text, _ := strings.Cut(value, "=")
		w.must(w.Juju.SetBag(id, "docker-registry/0", map[string]string{key: text}))
		w.Settle()
		w.WantStatus("waiting", `Waiting for an image registry: cannot use docker-registry data of docker-registry/0, key "`+key+`": `+reason)
		w.WantUntouched(before)
		w.must(w.Juju.ClearBag(id, "docker-registry/0"))
		w.Settle()
		w.WantStatus("active", running)
	}
	w.WantUntouched(before)
}

func TestDirectoriesOfARuntimeThatAnotherCharmKeepsAreLeftAlone(t *testing.T) {
	t.Parallel()
	w := begin(t, Options{}, joinWithRuntime("containerd"))
	own := NewAuthority(t, t.TempDir())
	door := StartRegistry(t, own, "one")
	w.addRegistry("netloc", door.Netloc, "tls-ca", own.CertFile, "user", "me", "password", "one")
	w.Settle()
	w.WantStatus("active", running)
	if w.Exists("/etc/containerd/certs.d") || !w.Exists(registryTrust) {
		t.Error("the runtime's directory was written, or the machine does not trust the registry")
	}
	w.wantAuths(map[string]string{door.Netloc: "me:one"})
	const want = "relation docker-registry: containerd keeps the container runtime; relate it to docker-registry as well, so that it trusts the registry"
	if w.Warned(want) != 1 {
		w.dump()
		t.Errorf("not logged once: %s", want)
	}
	w.removeRegistry()
	w.Settle()
	w.wantNoRegistry(door.Netloc)
}

func TestADescriptionOfTheRegistryThatSomebodyElseWroteIsKept(t *testing.T) {
	t.Parallel()
	const netloc = "registry.test:5000"
	const file = "/etc/containerd/certs.d/" + netloc + "/hosts.toml"
	w := Joined(t, Options{})
	w.write(file, "server = \"https://mirror.test\"\n")
	w.addRegistry("netloc", netloc)
	w.Settle()
	w.WantStatus("blocked", "relation docker-registry: "+file+" is somebody else's; move it away, or remove the relation")
	w.must(os.Remove(filepath.Join(w.Root, file)))
	w.UpdateStatus()
	w.WantStatus("active", running)
	w.write(file, "server = \"https://mirror.test\"\n")
	w.removeRegistry()
	w.Settle()
	w.WantStatus("active", running)
	if w.Read(file) != "server = \"https://mirror.test\"\n" {
		t.Errorf("it holds %s now", w.Read(file))
	}
}
