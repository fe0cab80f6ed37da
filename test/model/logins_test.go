package model

import (
	"encoding/base64"
	"encoding/json"
	"maps"
	"os"
	"path/filepath"
	"strings"
	"testing"
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
	t.Parallel()
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
				t.Errorf("%s holds a password afterwards", strings.TrimPrefix(path, w.Root))
			}
		})
	}
}
