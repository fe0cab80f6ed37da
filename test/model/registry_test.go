package model

import (
	"encoding/base64"
	"encoding/json"
	"maps"
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

// logins is a value of docker-logins, given as server, password, server, password.
func logins(pairs ...string) string {
	all := []map[string]string{}
	for i := 0; i+1 < len(pairs); i += 2 {
		all = append(all, map[string]string{"server": pairs[i], "username": "me", "password": pairs[i+1]})
	}
	text, err := json.Marshal(all)
	if err != nil {
		panic(err)
	}
	return string(text)
}

// auths are the logins in docker's file, as registry → user:password.
func (w *World) auths() map[string]string {
	w.T.Helper()
	var file struct {
		Auths map[string]struct{ Auth string }
	}
	w.must(json.Unmarshal([]byte(w.Read(dockerConfig)), &file))
	all := map[string]string{}
	for server, entry := range file.Auths {
		plain, err := base64.StdEncoding.DecodeString(entry.Auth)
		w.must(err)
		all[server] = string(plain)
	}
	return all
}

func (w *World) wantAuths(want map[string]string) {
	w.T.Helper()
	if got := w.auths(); !maps.Equal(got, want) {
		w.T.Errorf("logins %v, want %v", got, want)
	}
}

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
			door, other = StartRegistry(w.T, ca, "one"), StartRegistry(w.T, ca, "one")
		}
	}
	var private *Registry
	login := func(password string) func(w *World) {
		return func(w *World) {
			if private == nil {
				private = StartRegistry(w.T, w.CA, "one")
			}
			w.must(w.Juju.SetConfig("kubernetes-worker", map[string]string{"docker-logins": logins(private.Netloc, password)}))
		}
	}
	return []Scenario{
		joined("a login at a registry", Options{},
			Step{Name: "a good login", Do: login("one")},
			Step{Name: "another password", Do: login("two"), Status: "blocked", Message: "docker-logins: …"},
			option("docker-logins", "[]")),
		joined("a registry with TLS", Options{},
			Step{Name: "relate it", Do: func(w *World) {
				open(w)
				w.addRegistry("netloc", door.Netloc, "tls-ca", authority, "user", "me", "password", "one")
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

// Fault 17: docker-logins restarts kubelet and kube-proxy. The kubelet reads the file itself.
func TestLoginsLieWhereTheKubeletReadsThemBesideThoseOfOthers(t *testing.T) {
	t.Parallel()
	const theirs = `{"auths": {"theirs.test": {"auth": "dTpw", "email": "x"}}, "credsStore": "secretservice", "HttpHeaders": {"A": "<b>"}}`
	for _, channel := range []string{Channel, DockerChannel} {
		t.Run(channel, func(t *testing.T) {
			t.Parallel()
			w := begin(t, Options{Config: map[string]string{"channel": channel}}, join())
			first, second := StartRegistry(t, w.CA, registryPassword), StartRegistry(t, w.CA, "two")
			w.write(dockerConfig, theirs)
			since, calls := w.starts(), len(w.Programs())
			w.Config(map[string]string{"docker-logins": logins(first.Netloc, registryPassword, second.Netloc, "two")})
			w.WantStatus("active", running)
			w.wantAuths(map[string]string{"theirs.test": "u:p", first.Netloc: "me:" + registryPassword, second.Netloc: "me:two"})
			info, err := os.Stat(filepath.Join(w.Root, dockerConfig))
			w.must(err)
			if info.Mode().Perm() != 0o600 {
				t.Errorf("mode %04o", info.Mode().Perm())
			}
			for _, text := range []string{`"email":"x"`, `"secretservice"`, `"<b>"`} {
				if !strings.Contains(strings.ReplaceAll(w.Read(dockerConfig), `": "`, `":"`), text) {
					t.Errorf("%s is lost:\n%s", text, w.Read(dockerConfig))
				}
			}
			if first.Tries() != 1 || second.Tries() != 1 {
				t.Errorf("tried %d and %d times, want each once", first.Tries(), second.Tries())
			}
			before := w.Traces()
			w.UpdateStatus()
			w.WantUntouched(before)

			w.Config(map[string]string{"docker-logins": logins(second.Netloc, "two")})
			w.wantAuths(map[string]string{"theirs.test": "u:p", second.Netloc: "me:two"})
			w.Config(map[string]string{"docker-logins": "[]"})
			w.wantAuths(map[string]string{"theirs.test": "u:p"})
			w.WantStarts(since, starts{})
			if now := w.Programs(); len(now) != calls {
				t.Errorf("programs ran: %q", now[calls:])
			}
			if first.Tries() != 1 || second.Tries() != 1 {
				t.Errorf("tried %d and %d times, want each once", first.Tries(), second.Tries())
			}
		})
	}
}

func TestOneLoginThatIsRefusedHoldsBackNothing(t *testing.T) {
	t.Parallel()
	w := Joined(t, Options{})
	good, bad := StartRegistry(t, w.CA, "one"), StartRegistry(t, w.CA, "two")
	w.Config(map[string]string{"docker-logins": logins(bad.Netloc, "wrong", "127.0.0.1:1", "x", good.Netloc, "one"), "labels": "zone=a"})
	refused := "docker-logins: " + bad.Netloc + " does not accept the username and password"
	w.WantStatus("blocked", refused)
	w.wantAuths(map[string]string{bad.Netloc: "me:wrong", "127.0.0.1:1": "me:x", good.Netloc: "me:one"})
	if w.API[0].Labels(w.Node)["zone"] != "a" {
		t.Error("the label of the same hook is not there")
	}
	if !strings.Contains(w.Log(), "docker-logins: the login at 127.0.0.1:1 is in use and could not be tried: ") {
		t.Error("the one that could not be tried was not logged")
	}

	// Hooks of relations, which come many in a row, do not ask again, and the status stays.
	w.Companion("flannel", map[string]string{"cidr": "10.2.0.0/16"})
	w.WantStatus("blocked", refused)
	if bad.Tries() != 1 {
		t.Errorf("a relation's hook tried it again: %d", bad.Tries())
	}
	w.UpdateStatus()
	w.WantStatus("blocked", refused)
	if bad.Tries() != 2 || good.Tries() != 1 {
		t.Errorf("tried %d and %d times, want 2 and 1", bad.Tries(), good.Tries())
	}
	bad.Password("wrong")
	w.UpdateStatus()
	w.WantStatus("active", running)
	w.UpdateStatus()
	if bad.Tries() != 3 {
		t.Errorf("tried %d times, want 3: it is good now", bad.Tries())
	}
}

func TestALoginAtARegistryWithoutTLSIsNotTriedAndNotInTheWay(t *testing.T) {
	t.Parallel()
	w := Joined(t, Options{})
	plain := StartRegistry(t, nil, "one")
	w.Config(map[string]string{"docker-logins": logins(plain.Netloc, "one")})
	w.WantStatus("active", running)
	w.wantAuths(map[string]string{plain.Netloc: "me:one"})
	const why = " is in use and could not be tried: it speaks plain HTTP where TLS is wanted"
	if w.Warned("docker-logins: the login at "+plain.Netloc+why) != 1 || plain.Tries() != 0 {
		t.Errorf("tried %d times, or not logged once", plain.Tries())
	}
}

func TestABadListOfLoginsLeavesTheLoginsAsTheyWere(t *testing.T) {
	t.Parallel()
	w := Joined(t, Options{})
	door := StartRegistry(t, w.CA, registryPassword)
	w.Config(map[string]string{"docker-logins": logins(door.Netloc, registryPassword)})
	w.WantStatus("active", running)
	before := w.Traces()
	for value, want := range map[string]string{
		`[{"server": "a", "username": "b"}]`: `docker-logins: entry 1 of 1: key "password" is missing`,
		`[{`:                                 "docker-logins: it is no JSON, from character 2 on; …",
	} {
		w.Config(map[string]string{"docker-logins": value})
		w.WantStatus("blocked", want)
		w.UpdateStatus()
		w.WantUntouched(before)
	}
	w.Config(map[string]string{"docker-logins": "[]"})
	w.WantStatus("active", running)
	if w.Exists(dockerConfig) {
		t.Errorf("left is %s", w.Read(dockerConfig))
	}
}

func TestAFileThatDockerDidNotWriteIsKept(t *testing.T) {
	t.Parallel()
	w := Joined(t, Options{})
	for content, reason := range map[string]string{
		`{"auths": `:                           "it is no JSON object",
		`["x"]`:                                "it is no JSON object",
		`{"auths": ["x"]}`:                     `its "auths" is no JSON object`,
		`{"auths": {"a": {"auth": "hunter"}}}`: `an entry of its "auths" is not what docker writes`,
	} {
		w.write(dockerConfig, content)
		w.Config(map[string]string{"docker-logins": logins("a.test", "x")})
		w.UpdateStatus()
		w.WantStatus("blocked", "docker-logins: cannot change "+dockerConfig+": "+reason+"; mend the file or move it away")
		if w.Read(dockerConfig) != content {
			t.Errorf("it holds %s now", w.Read(dockerConfig))
		}
	}
	w.must(os.Remove(filepath.Join(w.Root, dockerConfig)))
	w.must(os.Symlink("/etc/hostname", filepath.Join(w.Root, dockerConfig)))
	w.UpdateStatus()
	w.WantStatus("blocked", "docker-logins: cannot change "+dockerConfig+": it is a link; mend the file or move it away")
	w.must(os.Remove(filepath.Join(w.Root, dockerConfig)))
	w.UpdateStatus()
	w.WantStatus("active", running)
	w.wantAuths(map[string]string{"a.test": "me:x"})
}

func TestLoginsOutliveTheStateFileAndGoWithTheUnit(t *testing.T) {
	t.Parallel()
	w := Joined(t, Options{})
	door := StartRegistry(t, w.CA, "one")
	w.write(dockerConfig, `{"auths":{"theirs.test":{"auth":"dTpw"}}}`)
	w.Config(map[string]string{"docker-logins": logins(door.Netloc, "one")})
	w.must(os.Remove(filepath.Join(w.Root, charmPath, stateFile)))
	content := w.Read(dockerConfig)
	w.UpdateStatus()
	w.WantStatus("active", running)
	if w.Read(dockerConfig) != content || door.Tries() != 2 {
		t.Errorf("tried %d times, want 2; the file holds %s", door.Tries(), w.Read(dockerConfig))
	}
	removeWorker(w)
	w.wantAuths(map[string]string{"theirs.test": "u:p"})
}

// The password is in the file of its reader, for root alone, and nowhere else, whatever goes wrong.
func TestPasswordsOfRegistriesAreNowhereButInTheKubeletsFile(t *testing.T) {
	for name, o := range map[string]Options{"over the socket": {}, "hook tools as processes": {Exec: true, Juju: "2.9"}} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			w := Joined(t, o)
			const related, option = registryPassword + "1", registryPassword + "2"
			known := []string{registryPassword}
			for _, password := range []string{related, option} {
				known = append(known, base64.StdEncoding.EncodeToString([]byte("me:"+password)))
			}
			own := NewAuthority(t, t.TempDir())
			first, second := StartRegistry(t, own, related), StartRegistry(t, w.CA, option)
			w.addRegistry("netloc", first.Netloc, "tls-ca", own.CertFile, "user", "me", "password", related)
			w.Config(map[string]string{"docker-logins": logins(second.Netloc, option)})
			w.WantStatus("active", running)
			if len(w.find(w.Root, known)) == 0 {
				t.Fatal("the login is in no file: nothing is shown by looking for it")
			}
			w.wantNowhereElse(known)
			first.Password("other")
			second.Password("other")
			for _, value := range []string{
				logins(second.Netloc, option+"x"), logins(option, option), `[{"server": "` + option + ` x", "username": "me", "password": "x"}]`,
				`[{"` + option + `": `, logins(second.Netloc, option+"\n"), `[{"server": "a", "username": "` + option + `:", "password": "x"}]`,
			} {
				w.Config(map[string]string{"docker-logins": value})
			}
			id, err := w.Juju.FindRelation("kubernetes-worker:docker-registry", "docker-registry:docker-registry")
			w.must(err)
			for _, key := range []string{"registry_netloc", "basic_user", "basic_password", "tls_ca"} {
				w.must(w.Juju.SetBag(id, "docker-registry/0", map[string]string{key: `"` + related + `: \n"`}))
				w.Settle()
			}
			w.must(w.Juju.ClearBag(id, "docker-registry/0"))
			w.must(w.Juju.SetConfig("docker-registry", map[string]string{"netloc": second.Netloc}))
			w.UpdateStatus()
			w.wantNowhereElse(known)
			w.removeRegistry()
			w.Config(map[string]string{"docker-logins": "[]"})
			w.WantStatus("active", running)
			for path := range w.find(w.Root, known) {
				if !strings.Contains(path, "hook.json") {
					t.Errorf("%s holds a password afterwards", strings.TrimPrefix(path, w.Root))
				}
			}
		})
	}
}

// Fault 24: docker restarts on each change of the relation, the CA stays trusted after departure.
func TestARegistryWithTLSRestartsNothingAndLeavesNothing(t *testing.T) {
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
