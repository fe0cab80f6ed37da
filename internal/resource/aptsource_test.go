package resource

import (
	"context"
	"errors"
	"io/fs"
	"os"
	"strings"
	"testing"

	"kubernetes-worker/internal/condition"
	"kubernetes-worker/internal/host"
)

// keyServers is a package manager of which only the downloads count.
type keyServers struct {
	Packages
	content map[string]string
	asked   []string
}

func (k *keyServers) Download(_ context.Context, url, _ string) ([]byte, error) {
	k.asked = append(k.asked, url)
	content, ok := k.content[url]
	if !ok {
		return nil, errors.New("cannot fetch " + url + ": nobody answers")
	}
	return []byte(content), nil
}

func TestARepositoryIsNamedOnlyWithItsKey(t *testing.T) {
	key, err := os.ReadFile("../apt/testdata/keys/docker.asc")
	if err != nil {
		t.Fatal(err)
	}
	other, err := os.ReadFile("../apt/testdata/keys/nvidia.asc")
	if err != nil {
		t.Fatal(err)
	}
	source := AptSource{Name: "the repository", List: "/etc/apt/sources.list.d/x.list", Line: "deb [signed-by=/etc/apt/keyrings/x.gpg] https://x.test jammy stable",
		Keyring: "/etc/apt/keyrings/x.gpg", Fingerprint: "9DC858229FC7DD38854AE2D88D81803C0EBFCD88", KeyURLs: []string{"https://x.test/gpg", "http://keys.test"}}
	for name, c := range map[string]struct {
		content map[string]string
		asked   int
		kind    condition.Kind
		message string
	}{
		"nobody answers":             {nil, 2, condition.Waiting, "Waiting for the signing key of the repository: cannot fetch https://x.test/gpg: nobody answers; cannot fetch http://keys.test: nobody answers"},
		"another key":                {map[string]string{"https://x.test/gpg": string(other)}, 2, condition.Blocked, "cannot trust the repository: https://x.test/gpg: the key has the fingerprint C95B321B61E88C1809C4F759DDCAE044F796ECB0"},
		"no key":                     {map[string]string{"http://keys.test": "<html>"}, 2, condition.Blocked, "cannot trust the repository: cannot fetch https://x.test/gpg: nobody answers; http://keys.test: what came is no OpenPGP key"},
		"the maker's":                {map[string]string{"https://x.test/gpg": string(key)}, 1, 0, ""},
		"the key server's":           {map[string]string{"http://keys.test": string(key)}, 2, 0, ""},
		"the key server is the best": {map[string]string{"https://x.test/gpg": string(other), "http://keys.test": string(key)}, 2, 0, ""},
	} {
		sys, h, _ := newSystem(t)
		servers := &keyServers{content: c.content}
		sys.Packages = servers
		changes, findings := Realise(context.Background(), sys, []Resource{source}, nil, false)
		if len(servers.asked) != c.asked {
			t.Errorf("%s: asked %q", name, servers.asked)
		}
		if c.message != "" {
			if len(findings) != 1 || condition.Of(findings[0]) != c.kind || !strings.HasPrefix(findings[0].Error(), c.message) {
				t.Errorf("%s: %v", name, findings)
			}
			for _, path := range []string{source.List, source.Keyring} {
				if _, err := h.Stat(path); !errors.Is(err, fs.ErrNotExist) {
					t.Errorf("%s: %s is there", name, path)
				}
			}
			continue
		}
		if len(findings) > 0 || len(changes) != 1 {
			t.Errorf("%s: %q, %v", name, changes, findings)
		}
		if again := realise(t, sys, source); len(again) != 0 || len(servers.asked) != c.asked {
			t.Errorf("%s: a second time: %q, asked %q", name, again, servers.asked)
		}
		source := source
		source.Line += " test"
		if again := realise(t, sys, source); len(again) != 1 || len(servers.asked) != c.asked {
			t.Errorf("%s: another line: %q, asked %q", name, again, servers.asked)
		}
		source.Absent = true
		if again := realise(t, sys, source); len(again) != 1 {
			t.Errorf("%s: removed: %q", name, again)
		}
		if again := realise(t, sys, source); len(again) != 0 {
			t.Errorf("%s: removed twice: %q", name, again)
		}
	}
}

func TestAUserIsPutIntoAGroupOnce(t *testing.T) {
	for name, c := range map[string]struct {
		groups string
		calls  int
		noted  bool
	}{
		"no list":         {"", 0, false},
		"no such group":   {"dockerroot:x:1:\n", 0, false},
		"not a member":    {"docker:x:998:other\n", 1, true},
		"nobody is":       {"docker:x:998:\n", 1, true},
		"already one":     {"docker:x:998:other,ubuntu\n", 0, true},
		"a name like his": {"docker:x:998:ubuntu2\n", 1, true},
	} {
		sys, h, _ := newSystem(t)
		runner := &usermods{}
		sys.Run = runner
		if c.groups != "" {
			if err := h.MkdirAll("/etc", 0o755); err != nil {
				t.Fatal(err)
			}
			if err := h.WriteFile("/etc/group", []byte(c.groups), host.FileMeta{Mode: 0o644}); err != nil {
				t.Fatal(err)
			}
		}
		for range 2 {
			realise(t, sys, Member{User: "ubuntu", Group: "docker"})
		}
		if len(runner.calls) != c.calls || (len(sys.State.Members) == 1) != c.noted {
			t.Errorf("%s: called %q, noted %q", name, runner.calls, sys.State.Members)
		}
		if c.calls == 1 && runner.calls[0] != "usermod -aG docker ubuntu" {
			t.Errorf("%s: called %q", name, runner.calls)
		}
	}
}

type usermods struct{ calls []string }

func (u *usermods) Run(_ context.Context, command host.Command) (host.Output, error) {
	u.calls = append(u.calls, command.Name+" "+strings.Join(command.Args, " "))
	return host.Output{}, nil
}
