package host

import (
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"testing"
)

func TestDirectoriesGetTheirModeWhateverTheUmask(t *testing.T) {
	h := New(t.TempDir())
	if err := h.MkdirAll("/a/b/c", 0o777); err != nil {
		t.Fatal(err)
	}
	for _, p := range []string{"/a", "/a/b", "/a/b/c"} {
		if info, err := h.Stat(p); err != nil || info.Mode() != fs.ModeDir|0o777 {
			t.Errorf("%s: %v, %v", p, info, err)
		}
	}
	if err := h.MkdirAll("/a/b", 0o700); err != nil {
		t.Fatal(err)
	}
	if info, _ := h.Stat("/a/b"); info.Mode().Perm() != 0o777 {
		t.Errorf("the mode of a directory that was there became %v", info.Mode())
	}
	want := []Change{{"directory", "/a"}, {"directory", "/a/b"}, {"directory", "/a/b/c"}}
	if !slices.Equal(h.Changes(), want) {
		t.Errorf("changes %v, want %v", h.Changes(), want)
	}
}

func TestMkdirAllOverAFileIsAnError(t *testing.T) {
	h := New(t.TempDir())
	if err := h.WriteFile("/file", nil, FileMeta{Mode: 0o600}); err != nil {
		t.Fatal(err)
	}
	if err := h.MkdirAll("/file", 0o755); !errors.Is(err, fs.ErrExist) {
		t.Errorf("error %v", err)
	}
	if err := h.MkdirAll("/file/below", 0o755); err == nil {
		t.Error("a directory below a file was made")
	}
}

func TestRemovalTakesTheLinkAndNotWhatItLeadsTo(t *testing.T) {
	h := New(t.TempDir())
	if err := h.MkdirAll("/kept/sub", 0o755); err != nil {
		t.Fatal(err)
	}
	for _, link := range []string{"/one", "/two"} {
		if err := h.Symlink("/kept", link); err != nil {
			t.Fatal(err)
		}
	}
	if err := h.Remove("/one"); err != nil {
		t.Error(err)
	}
	if err := h.RemoveAll("/two"); err != nil {
		t.Error(err)
	}
	wantNames(t, h.Root, "kept")
	wantNames(t, filepath.Join(h.Root, "kept"), "sub")
	if err := h.RemoveAll("/kept"); err != nil {
		t.Error(err)
	}
	wantNames(t, h.Root)
}

func TestRemovingWhatIsNotThere(t *testing.T) {
	h := New(t.TempDir())
	if err := h.Remove("/x"); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("Remove: %v", err)
	}
	if err := h.RemoveAll("/x/y"); err != nil {
		t.Errorf("RemoveAll: %v", err)
	}
	for _, p := range []string{"/", "", "..", "/x/.."} {
		if err := h.RemoveAll(p); err == nil {
			t.Errorf("RemoveAll(%q) accepted", p)
		}
	}
	if len(h.Changes()) != 0 {
		t.Errorf("changes %v", h.Changes())
	}
}

func TestRenameChmodAndReadDir(t *testing.T) {
	h := New(t.TempDir())
	if err := h.WriteFile("/b", []byte("b"), FileMeta{Mode: 0o600}); err != nil {
		t.Fatal(err)
	}
	if err := h.WriteFile("/a", []byte("a"), FileMeta{Mode: 0o600}); err != nil {
		t.Fatal(err)
	}
	if err := h.Rename("/a", "/c"); err != nil {
		t.Fatal(err)
	}
	if err := h.Chmod("/c", 0o444); err != nil {
		t.Fatal(err)
	}
	if err := h.Chown("/c", os.Getuid(), os.Getgid()); err != nil {
		t.Fatal(err)
	}
	entries, err := h.ReadDir("/")
	if err != nil || len(entries) != 2 || entries[0].Name() != "b" || entries[1].Name() != "c" {
		t.Errorf("ReadDir: %v, %v", entries, err)
	}
	if info, err := h.Stat("/c"); err != nil || info.Mode() != 0o444 {
		t.Errorf("Stat: %v, %v", info, err)
	}
	if err := h.Rename("/missing", "/d"); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("Rename of nothing: %v", err)
	}
	if _, err := h.ReadDir("/missing"); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("ReadDir of nothing: %v", err)
	}
}
