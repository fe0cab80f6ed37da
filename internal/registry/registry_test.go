package registry_test

import (
	"bytes"
	"strings"
	"testing"

	"kubernetes-worker/internal/registry"
	"kubernetes-worker/internal/secret"
)

func TestARegistryHasOneNameHoweverItIsWritten(t *testing.T) {
	for text, want := range map[string]string{
		"registry.test":                      "registry.test",
		" HTTPS://Registry.Test:5000/ ":      "registry.test:5000",
		"http://registry.test:5000/v2/":      "registry.test:5000",
		"registry.test/v1":                   "registry.test",
		"10.0.0.9:5000":                      "10.0.0.9:5000",
		"[FD00::9]:5000":                     "[fd00::9]:5000",
		"registry.test:5000/group/a_b.c-d":   "registry.test:5000/group/a_b.c-d",
		"registry.test/v2/group":             "registry.test/group",
		"docker.io":                          "https://index.docker.io/v1/",
		"https://index.docker.io/v1/":        "https://index.docker.io/v1/",
		"registry-1.docker.io":               "https://index.docker.io/v1/",
		"docker.io/me":                       "docker.io/me",
		"localhost:5000":                     "localhost:5000",
		"registry.test.":                     "registry.test",
		"https://registry.test:443/v2/a/b/c": "registry.test:443/a/b/c",
	} {
		if got, reason := registry.Server(text); got != want || reason != "" {
			t.Errorf("%q is %q %s, want %q", text, got, reason, want)
		}
		if again, _ := registry.Server(want); again != want {
			t.Errorf("%q becomes %q when read again", want, again)
		}
	}
	for _, bad := range []string{"", "https://", "a b", "user:pass@registry.test", "a.test:0", "a.test:x", "*.test", "fd00::9", "[fd00::9", "::", "..",
		"a.test/../b", "a.test//b", "a.test/B", "a.test/b?c", "a\n.test", "-a.test", "a.test:5000:5000", "[a.test]x"} {
		if got, reason := registry.Server(bad); got != "" || reason == "" {
			t.Errorf("%q is taken for %q", bad, got)
		}
	}
}

func TestHostIsWhereTheRegistryIsAsked(t *testing.T) {
	for server, want := range map[string]string{
		"https://index.docker.io/v1/": "registry-1.docker.io", "docker.io/me": "registry-1.docker.io",
		"registry.test:5000": "registry.test:5000", "registry.test/a/b": "registry.test",
	} {
		if got := registry.Host(server); got != want {
			t.Errorf("%s is asked at %s, want %s", server, got, want)
		}
	}
}

func login(server, user, password string) registry.Login {
	return registry.Login{Server: server, Username: user, Password: secret.New(password)}
}

func TestLoginsOfOthersStayAsTheyAre(t *testing.T) {
	const before = `{"credHelpers":{"a.test":"x"},"auths":{"theirs.test":{"auth":"dTpw","email":"<e>"}},"big":12345678901234567890}`
	l, err := registry.ParseLogins([]byte(before))
	if err != nil {
		t.Fatal(err)
	}
	mine := login("r.test:5000", "me", `p<&>"`)
	if l.Has(mine) || l.Knows(mine.Server) {
		t.Error("it is there before it was put")
	}
	if err := l.Put(mine); err != nil {
		t.Fatal(err)
	}
	content, err := l.Content()
	if err != nil {
		t.Fatal(err)
	}
	again, err := registry.ParseLogins(content)
	if err != nil || !again.Has(mine) || again.Has(login(mine.Server, "me", "other")) {
		t.Errorf("%v: %s", err, content)
	}
	again.Drop(mine.Server)
	if content, err = again.Content(); err != nil {
		t.Fatal(err)
	}
	squeezed := strings.NewReplacer("\n", "", "\t", "", `": `, `":`).Replace(string(content))
	const want = `{"auths":{"theirs.test":{"auth":"dTpw","email":"<e>"}},"big":12345678901234567890,"credHelpers":{"a.test":"x"}}`
	if squeezed != want || again.Empty() {
		t.Errorf("left is %s, want %s", squeezed, want)
	}
}

func TestAFileThatSaysNothingIsEmpty(t *testing.T) {
	for text, empty := range map[string]bool{
		"": true, " \n": true, "{}": true, `{"auths": {}}`: true, `{"auths": null}`: true,
		`{"auths": {"a": {}}}`: false, `{"credsStore": "x"}`: false, `{"auths": {}, "credsStore": "x"}`: false,
	} {
		l, err := registry.ParseLogins([]byte(text))
		if err != nil || l.Empty() != empty {
			t.Errorf("%q: empty %t, %v", text, l.Empty(), err)
		}
	}
}

func TestALoginByTokenIsAnotherLogin(t *testing.T) {
	for text, has := range map[string]bool{
		`{"auths": {"r.test": {"auth": "bWU6cHc="}}}`:                       true,
		`{"auths": {"r.test": {"auth": "bWU6cHc"}}}`:                        true,
		`{"auths": {"r.test": {"username": "me", "password": "pw"}}}`:       true,
		`{"auths": {"r.test": {"auth": "bWU6cHc=", "identitytoken": "x"}}}`: false,
		`{"auths": {"r.test": {}}}`:                                         false,
		`{"auths": {"https://r.test": {"auth": "bWU6cHc="}}}`:               false,
	} {
		l, err := registry.ParseLogins([]byte(text))
		if err != nil || l.Has(login("r.test", "me", "pw")) != has {
			t.Errorf("%s: %v, want %t", text, err, has)
		}
	}
}

func FuzzParseLogins(f *testing.F) {
	f.Add([]byte(`{"auths": {"theirs.test": {"auth": "dTpw"}}, "credsStore": "x"}`))
	f.Add([]byte(`{"auths": {"r.test": {"username": "me"}}}`))
	f.Add([]byte(`[]`))
	f.Fuzz(func(t *testing.T, content []byte) {
		l, err := registry.ParseLogins(content)
		if err != nil {
			if len(content) > 12 && strings.Contains(err.Error(), string(content)) {
				t.Errorf("the error quotes the file: %v", err)
			}
			return
		}
		mine := login("r.test", "me", "hunter2")
		if err := l.Put(mine); err != nil {
			t.Fatal(err)
		}
		first, err := l.Content()
		if err != nil {
			t.Fatal(err)
		}
		again, err := registry.ParseLogins(first)
		if err != nil || !again.Has(mine) {
			t.Fatalf("%v: %q", err, first)
		}
		second, err := again.Content()
		if err != nil || !bytes.Equal(first, second) {
			t.Errorf("%v: %q becomes %q", err, first, second)
		}
	})
}

func FuzzServer(f *testing.F) {
	f.Add("https://registry.test:5000/v2/a")
	f.Add("[fd00::1]/x")
	f.Fuzz(func(t *testing.T, text string) {
		server, reason := registry.Server(text)
		if (server == "") == (reason == "") {
			t.Errorf("%q gives %q and %q", text, server, reason)
		}
		if server == "" {
			return
		}
		if again, _ := registry.Server(server); again != server {
			t.Errorf("%q becomes %q when read again", server, again)
		}
		host := registry.Host(server)
		if netloc, ok := registry.Netloc(host); !ok || netloc != host {
			t.Errorf("%q is asked at %q", server, host)
		}
	})
}
