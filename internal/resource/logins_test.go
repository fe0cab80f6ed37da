package resource

import (
	"context"
	"errors"
	"io/fs"
	"slices"
	"strings"
	"testing"

	"kubernetes-worker/internal/condition"
	"kubernetes-worker/internal/host"
	"kubernetes-worker/internal/registry"
	"kubernetes-worker/internal/registry/probe"
	"kubernetes-worker/internal/secret"
	"kubernetes-worker/internal/state"
)

const loginsFile = "/root/.docker/config.json"

func loginAt(server, password, from string) Login {
	return Login{Login: registry.Login{Server: server, Username: "me", Password: secret.New(password)}, From: from}
}

func write(t *testing.T, h *host.Host, path, content string) {
	t.Helper()
	if err := h.MkdirAll(path[:strings.LastIndex(path, "/")], 0o755); err != nil {
		t.Fatal(err)
	}
	if err := h.WriteFile(path, []byte(content), host.FileMeta{Mode: 0o644}); err != nil {
		t.Fatal(err)
	}
}

func exists(t *testing.T, h *host.Host, path string) bool {
	t.Helper()
	_, err := h.Lstat(path)
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		t.Fatal(err)
	}
	return err == nil
}

func TestALoginIsNotedAsOursBeforeItIsWritten(t *testing.T) {
	sys, h, _ := newSystem(t)
	want := Logins{Path: loginsFile, Want: []Login{loginAt("a.test", "x", "option")}}
	write(t, h, "/root/.docker", "in the way of the directory")
	if _, findings := Realise(context.Background(), sys, []Resource{want}, nil, false); len(findings) == 0 {
		t.Fatal("a file in the place of the directory is no problem")
	}
	if err := h.Remove("/root/.docker"); err != nil {
		t.Fatal(err)
	}
	realise(t, sys, want)
	if got := sys.State.Logins["a.test"]; got != (state.Login{From: "option", Trouble: state.LoginDue}) {
		t.Errorf("noted %+v", got)
	}
	// Killed after the file was written and before the note was: as if it had been written by somebody else.
	delete(sys.State.Logins, "a.test")
	if changes := realise(t, sys, want); len(changes) != 0 || sys.State.Logins["a.test"].From != "option" {
		t.Errorf("changes %q, noted %+v", changes, sys.State.Logins)
	}
	realise(t, sys, Logins{Path: loginsFile})
	if len(sys.State.Logins) != 0 || exists(t, h, loginsFile) {
		t.Errorf("left: %+v", sys.State.Logins)
	}
}

func TestLoginsOfAnOriginThatIsNotKnownStay(t *testing.T) {
	sys, h, _ := newSystem(t)
	realise(t, sys, Logins{Path: loginsFile, Want: []Login{loginAt("a.test", "x", "option"), loginAt("b.test", "y", "relation")}})
	realise(t, sys, Logins{Path: loginsFile, Keep: []string{"option"}})
	content, err := h.ReadFile(loginsFile)
	if err != nil || !strings.Contains(string(content), "a.test") || strings.Contains(string(content), "b.test") {
		t.Errorf("%v: %s", err, content)
	}
}

func TestALoginThatOnlyChangesItsOriginIsNotWritten(t *testing.T) {
	sys, h, _ := newSystem(t)
	realise(t, sys, Logins{Path: loginsFile, Want: []Login{loginAt("a.test", "x", "relation")}})
	writes := h.Writes()
	realise(t, sys, Logins{Path: loginsFile, Want: []Login{loginAt("a.test", "x", "option")}})
	if h.Writes() != writes || sys.State.Logins["a.test"].From != "option" {
		t.Errorf("%d writes, noted %+v", h.Writes()-writes, sys.State.Logins)
	}
}

func TestALoginIsTriedOnceUntilSomethingIsWrong(t *testing.T) {
	sys, _, _ := newSystem(t)
	answers := map[string]error{"good.test": nil, "bad.test": probe.ErrRefused, "plain.test": probe.ErrPlain, "away.test": errors.New("gone fishing")}
	var asked []string
	busy := make(chan struct{}, 1) // registries are asked at once
	sys.CheckLogin = func(_ context.Context, login registry.Login, _ probe.Way) error {
		busy <- struct{}{}
		defer func() { <-busy }()
		asked = append(asked, login.Server)
		return answers[login.Server]
	}
	logins := Logins{Path: loginsFile}
	for _, server := range []string{"away.test", "bad.test", "good.test", "plain.test"} {
		logins.Want = append(logins.Want, loginAt(server, "x", "option"))
	}
	check := LoginCheck{Logins: logins.Want, Needs: []string{logins.ID()}}
	round := func(patient bool, want ...string) {
		t.Helper()
		sys.Patient = patient
		asked = nil
		sys.Prepare()
		realise(t, sys, logins, check)
		realise(t, sys, logins, check)
		if slices.Sort(asked); !slices.Equal(asked, want) {
			t.Errorf("asked %q, want %q", asked, want)
		}
	}
	round(true, "away.test", "bad.test", "good.test", "plain.test")
	for server, trouble := range map[string]string{"away.test": state.LoginUntried, "bad.test": state.LoginRefused, "good.test": "", "plain.test": state.LoginPlain} {
		if got := sys.State.Logins[server].Trouble; got != trouble {
			t.Errorf("%s: %q, want %q", server, got, trouble)
		}
	}
	round(true)
	round(false, "away.test", "bad.test", "plain.test")
	answers["bad.test"] = nil
	round(false, "away.test", "bad.test", "plain.test")
	round(false, "away.test", "plain.test")
	check.Related, check.Way = "plain.test", "another"
	round(true, "plain.test")
	round(true)
}

func TestTheMachinesTrustGoesWithTheTrial(t *testing.T) {
	sys, h, _ := newSystem(t)
	write(t, h, caBundle, "bundle\n")
	write(t, h, "/etc/docker/certs.d/a.test/x.crt", "own\n")
	write(t, h, "/etc/docker/certs.d/a.test/x.key", "key\n")
	write(t, h, "/client.crt", "client\n")
	write(t, h, "/client.key", "clientkey\n")
	var got probe.Way
	sys.CheckLogin = func(_ context.Context, _ registry.Login, way probe.Way) error { got = way; return nil }
	logins := Logins{Path: loginsFile, Want: []Login{loginAt("a.test/group", "x", "option")}}
	check := LoginCheck{Logins: logins.Want, Related: "b.test", Insecure: true, CertDirs: []string{"/etc/docker/certs.d", "/etc/containerd/certs.d"},
		ClientCert: "/client.crt", ClientKey: "/client.key"}
	realise(t, sys, logins, check)
	if string(got.Roots) != "bundle\n\nown\n" || got.Insecure || got.ClientCert != nil {
		t.Errorf("%q, insecure %t, client %q", got.Roots, got.Insecure, got.ClientCert)
	}
	logins.Want[0] = loginAt("b.test", "x", "relation")
	check.Logins = logins.Want
	realise(t, sys, logins, check)
	if string(got.Roots) != "bundle\n" || !got.Insecure || string(got.ClientCert)+string(got.ClientKey) != "client\nclientkey\n" {
		t.Errorf("%q, insecure %t, client %q", got.Roots, got.Insecure, got.ClientCert)
	}
}

func TestALoginThatCannotBeWrittenIsNotTried(t *testing.T) {
	sys, h, _ := newSystem(t)
	write(t, h, loginsFile, "[")
	sys.CheckLogin = func(context.Context, registry.Login, probe.Way) error { t.Error("tried"); return nil }
	logins := Logins{Path: loginsFile, Want: []Login{loginAt("a.test", "x", "option")}}
	_, findings := Realise(context.Background(), sys, []Resource{logins, LoginCheck{Logins: logins.Want, Needs: []string{logins.ID()}}}, nil, false)
	if len(findings) != 1 || condition.Of(findings[0]) != condition.Blocked {
		t.Errorf("%v", findings)
	}
}
