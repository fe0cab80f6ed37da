package options_test

import (
	"reflect"
	"strings"
	"testing"

	"kubernetes-worker/internal/options"
	"kubernetes-worker/internal/registry"
	"kubernetes-worker/internal/secret"
)

func TestLoginsAreRead(t *testing.T) {
	got, findings := options.Parse(map[string]any{"docker-logins": ` [{"server": "https://Registry.Test:5000/v2/", "username": "me", "password": "a:b \"c\""},
		{"server": "docker.io", "username": "hub", "password": "x", "email": "me@x.test"}]`})
	want := []registry.Login{
		{Server: "registry.test:5000", Username: "me", Password: secret.New(`a:b "c"`)},
		{Server: "https://index.docker.io/v1/", Username: "hub", Password: secret.New("x")},
	}
	if len(findings) > 0 || !reflect.DeepEqual(got.DockerLogins, want) {
		t.Errorf("%v: %d logins", findings, len(got.DockerLogins))
	}
	for _, empty := range []any{nil, "", "[]", " null "} {
		if got, findings := options.Parse(map[string]any{"docker-logins": empty}); len(findings) > 0 || got.DockerLogins != nil {
			t.Errorf("%q gives %v, %d logins", empty, findings, len(got.DockerLogins))
		}
	}
}

func TestABadLoginIsNamedByPlaceAndKey(t *testing.T) {
	const good = `{"server": "a.test", "username": "u", "password": "hunter2"}`
	for value, want := range map[string]string{
		`[` + good + `, {"server": "b.test", "username": "hunter2"}]`:                     `docker-logins: entry 2 of 2: key "password" is missing`,
		`[{"server": "b.test", "user": "hunter2", "password": "x"}]`:                      `docker-logins: entry 1 of 1: key "username" is missing`,
		`[{"server": 7, "username": "u", "password": "hunter2"}]`:                         `docker-logins: entry 1 of 1: the value of key "server" is no text; write it in double quotes`,
		`[{"server": null, "username": "u", "password": "hunter2"}]`:                      `docker-logins: entry 1 of 1: the value of key "server" is no text; write it in double quotes`,
		`[{"server": "hunter2 x", "username": "u", "password": "x"}]`:                     `docker-logins: entry 1 of 1: the value of key "server" is not the name of a registry: write host or host:port`,
		`[{"server": "a/../b", "username": "u", "password": "x"}]`:                        `docker-logins: entry 1 of 1: the value of key "server" has a path that no image's name has`,
		`[{"server": "a", "username": "hunter2:x", "password": "x"}]`:                     `docker-logins: entry 1 of 1: the value of key "username" holds a colon, which no user's name can have`,
		`[{"server": "a", "username": "", "password": "hunter2"}]`:                        `docker-logins: entry 1 of 1: the value of key "username" is empty`,
		`[{"server": "a", "username": "u", "password": "hunter2\n"}]`:                     `docker-logins: entry 1 of 1: the value of key "password" holds a line break or another control character`,
		`[` + good + `,` + strings.Replace(good, "a.test", "https://A.TEST/v1/", 1) + `]`: `docker-logins: entry 2 of 2: key "server" names the registry of entry 1 again; take one of the two out`,
		`[` + good + `, "hunter2"]`:                                                       `docker-logins: entry 2 of 2: it is no object; write a JSON list of objects with the keys server, username and password`,
		good:                                                                              `docker-logins: it is no list; write a JSON list of objects with the keys server, username and password`,
		`[{"password": hunter2}]`:                                                         `docker-logins: it is no JSON, from character 15 on; write a JSON list of objects with the keys server, username and password`,
		`[` + good + `] hunter2`:                                                          `docker-logins: it is no JSON, from character 64 on; write a JSON list of objects with the keys server, username and password`,
	} {
		_, findings := options.Parse(map[string]any{"docker-logins": value})
		if len(findings) != 1 || findings[0].Severity != options.Blocked || findings[0].Message != want {
			t.Errorf("%s\n gives %v\n want %s", value, findings, want)
		}
	}
}

func TestLoginsAreNotRemembered(t *testing.T) {
	config := map[string]any{"docker-logins": `[{"server": "a.test", "username": "u", "password": "hunter2"}]`}
	read, _ := options.Parse(config)
	if good := read.Good(config, nil); good["docker-logins"] != nil {
		t.Error("the password is remembered")
	}
	config["docker-logins"] = "[]"
	read, _ = options.Parse(config)
	if good := read.Good(config, nil); good["docker-logins"] != "[]" {
		t.Error("that there are no logins is not remembered")
	}
	read, _ = options.ParseKeeping(map[string]any{"docker-logins": "[hunter2]"}, map[string]any{})
	if !read.AnyUnknown(options.DockerLogins) {
		t.Error("a bad value with nothing remembered is taken for no logins")
	}
}

func FuzzDockerLogins(f *testing.F) {
	f.Add(`[{"server": "registry.test:5000", "username": "me", "password": "hunter2hunter2"}]`)
	f.Add(`[{"server": "[fd00::1]:5000/a/b", "username": "me", "password": "x"}]`)
	f.Add(`[{"server": "docker.io", "username": "\u0000", "password": 1}]`)
	f.Fuzz(func(t *testing.T, value string) {
		read, findings := options.Parse(map[string]any{"docker-logins": value})
		for _, finding := range findings {
			if len(value) > 20 && strings.Contains(finding.Message, value) {
				t.Errorf("the message tells the value: %s", finding.Message)
			}
		}
		for _, login := range read.DockerLogins {
			again, reason := registry.Server(login.Server)
			if again != login.Server || reason != "" {
				t.Errorf("server %q becomes %q %s when read again", login.Server, again, reason)
			}
		}
	})
}
