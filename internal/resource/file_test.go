package resource

import (
	"testing"

	"kubernetes-worker/internal/host"
)

func TestSomebodyElsesFileIsKeptOnceBeforeItIsReplaced(t *testing.T) {
	sys, h, _ := newSystem(t)
	theirs := File{Path: "/etc/x.toml", Content: []byte("by hand\n")}
	realise(t, sys, theirs)
	ours := func(text string) File {
		return File{Path: "/etc/x.toml", Content: []byte("# " + OurMark + "\n" + text), Backup: "/etc/x.toml.before"}
	}
	realise(t, sys, ours("1"))
	realise(t, sys, ours("2"))
	if kept, err := h.ReadFile("/etc/x.toml.before"); err != nil || string(kept) != "by hand\n" {
		t.Errorf("kept %q, %v", kept, err)
	}
	if err := h.WriteFile("/etc/x.toml", []byte("by hand again\n"), host.FileMeta{Mode: 0o644}); err != nil {
		t.Fatal(err)
	}
	realise(t, sys, ours("2"))
	if kept, err := h.ReadFile("/etc/x.toml.before"); err != nil || string(kept) != "by hand\n" {
		t.Errorf("after a second time kept %q, %v", kept, err)
	}
}

func TestAFileIsTouchedForItsModeAloneAndLeftWhenAllIsRight(t *testing.T) {
	sys, h, _ := newSystem(t)
	realise(t, sys, File{Path: "/etc/x", Content: []byte("1"), Mode: 0o644})
	changes := realise(t, sys, File{Path: "/etc/x", Content: []byte("1"), Mode: 0o600})
	if len(changes) != 1 || changes[0] != "file:/etc/x: mode 0644, wanted 0600" {
		t.Errorf("changes %q", changes)
	}
	before := len(h.Changes())
	if again := realise(t, sys, File{Path: "/etc/x", Content: []byte("1"), Mode: 0o600}); len(again) != 0 || len(h.Changes()) != before {
		t.Errorf("a second time: %q", again)
	}
}

func TestAFileOfTheSameMeaningKeepsItsContentAndItsTime(t *testing.T) {
	sys, h, _ := newSystem(t)
	realise(t, sys, File{Path: "/etc/x", Content: []byte("one")})
	written, err := h.Stat("/etc/x")
	if err != nil {
		t.Fatal(err)
	}
	delete(sys.changed, "/etc/x")
	want := File{Path: "/etc/x", Content: []byte("1"), Mode: 0o600, Same: func(have []byte) bool { return string(have) == "one" }}
	if changes := realise(t, sys, want); len(changes) != 1 || changes[0] != "file:/etc/x: mode 0644, wanted 0600" {
		t.Errorf("changes %q", changes)
	}
	info, err := h.Stat("/etc/x")
	content, readErr := h.ReadFile("/etc/x")
	if err != nil || readErr != nil || string(content) != "one" || info.Mode().Perm() != 0o600 || !info.ModTime().Equal(written.ModTime()) {
		t.Errorf("%q, mode %v, %v, %v", content, info.Mode(), err, readErr)
	}
	if sys.changed["/etc/x"] != "" {
		t.Error("a daemon that reads it is told of its mode")
	}
	if again := realise(t, sys, want); len(again) > 0 {
		t.Errorf("a second time: %q", again)
	}
}

func TestALinkInTheWayIsReplacedByTheFile(t *testing.T) {
	sys, h, _ := newSystem(t)
	realise(t, sys, File{Path: "/etc/other", Content: []byte("1"), Mode: 0o600})
	if err := h.Symlink("/etc/other", "/etc/x"); err != nil {
		t.Fatal(err)
	}
	want := File{Path: "/etc/x", Content: []byte("1"), Mode: 0o600}
	realise(t, sys, want)
	if info, err := h.Lstat("/etc/x"); err != nil || !info.Mode().IsRegular() {
		t.Errorf("%v, %v", info, err)
	}
	if again := realise(t, sys, want); len(again) > 0 {
		t.Errorf("a second time: %q", again)
	}
}
