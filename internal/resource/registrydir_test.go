package resource

import (
	"context"
	"testing"

	"kubernetes-worker/internal/condition"
	"kubernetes-worker/internal/host"
)

const certsDir = "/etc/x/certs.d"

func dirOf(netloc string, files ...RegistryFile) RegistryDir {
	return RegistryDir{Base: certsDir, Netloc: netloc, Files: files, Names: []string{"hosts.toml", "ours.crt", "client.cert"}, OwnName: "ours.crt", LinkDir: "/root/cdk"}
}

func wanted(text string) []RegistryFile {
	return []RegistryFile{{Name: "ours.crt", Content: []byte(text)}, {Name: "client.cert", Target: "/root/cdk/client.crt"},
		{Name: "hosts.toml", Content: []byte("# " + OurMark + "\n" + text)}}
}

func TestFilesOfARegistryComeMoveAndGo(t *testing.T) {
	sys, h, _ := newSystem(t)
	realise(t, sys, dirOf("a.test:1", wanted("one")...))
	if changes := realise(t, sys, dirOf("a.test:1", wanted("one")...)); len(changes) != 0 {
		t.Errorf("a second time: %q", changes)
	}
	want := "registry:" + certsDir + ": a.test:1/ours.crt written; a.test:1/hosts.toml written"
	if changes := realise(t, sys, dirOf("a.test:1", wanted("two")...)); len(changes) != 1 || changes[0] != want {
		t.Errorf("changes %q, want %s", changes, want)
	}
	write(t, h, certsDir+"/a.test:1/theirs.crt", "x")
	realise(t, sys, dirOf("b.test", wanted("two")[:1]...))
	for path, there := range map[string]bool{
		"/a.test:1/ours.crt": false, "/a.test:1/hosts.toml": false, "/a.test:1/client.cert": false, "/a.test:1/theirs.crt": true, "/b.test/ours.crt": true,
	} {
		if exists(t, h, certsDir+path) != there {
			t.Errorf("%s is there: %t, want %t", path, !there, there)
		}
	}
	realise(t, sys, dirOf(""))
	if exists(t, h, certsDir+"/b.test") {
		t.Error("an empty directory is left")
	}
}

func TestFilesOfOthersAreNotTouched(t *testing.T) {
	sys, h, _ := newSystem(t)
	write(t, h, certsDir+"/a.test/hosts.toml", "theirs")
	if err := h.Symlink("/etc/theirs.crt", certsDir+"/a.test/client.cert"); err != nil {
		t.Fatal(err)
	}
	_, findings := Realise(context.Background(), sys, []Resource{dirOf("a.test", wanted("one")...)}, nil, false)
	if len(findings) != 1 || condition.Of(findings[0]) != condition.Blocked {
		t.Errorf("%v", findings)
	}
	if changes := realise(t, sys, dirOf("a.test", wanted("one")[:2]...)); len(changes) != 1 {
		t.Errorf("without the description: %q", changes)
	}
	realise(t, sys, dirOf(""))
	target, err := h.Readlink(certsDir + "/a.test/client.cert")
	if content, readErr := h.ReadFile(certsDir + "/a.test/hosts.toml"); err != nil || readErr != nil || target != "/etc/theirs.crt" || string(content) != "theirs" {
		t.Errorf("%v %v: %s, %s", err, readErr, target, content)
	}
}

// The original charm's links to the certificate that has moved since are ours, and so is a hook's half work.
func TestWhatAnEarlierHookLeftIsFoundWithoutNotes(t *testing.T) {
	sys, h, _ := newSystem(t)
	if err := h.MkdirAll(certsDir+"/old.test", 0o755); err != nil {
		t.Fatal(err)
	}
	if err := h.Symlink("/root/cdk/client.crt", certsDir+"/old.test/client.cert"); err != nil {
		t.Fatal(err)
	}
	realise(t, sys, dirOf("a.test", wanted("one")...))
	if exists(t, h, certsDir+"/old.test") {
		t.Error("the old link is left")
	}
}

// commands notes what is run.
type commands struct{ ran []string }

func (c *commands) Run(_ context.Context, command host.Command) (host.Output, error) {
	c.ran = append(c.ran, command.Name)
	return host.Output{}, nil
}

func TestTrustThatWasTakenAwayInHalfIsTakenAwayWhole(t *testing.T) {
	sys, h, _ := newSystem(t)
	run := &commands{}
	sys.Run = run
	if err := h.MkdirAll("/etc/ssl/certs", 0o755); err != nil {
		t.Fatal(err)
	}
	// Killed after the file was gone and before the bundle was made anew: the link is left.
	if err := h.Symlink(localCAs+"x.crt", trustLinks+"x.pem"); err != nil {
		t.Fatal(err)
	}
	realise(t, sys, TrustedCA{Name: "x", Absent: true})
	realise(t, sys, TrustedCA{Name: "x", Absent: true})
	if len(run.ran) != 1 || exists(t, h, trustLinks+"x.pem") {
		t.Errorf("ran %q", run.ran)
	}
}
