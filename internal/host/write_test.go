package host

import (
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"syscall"
	"testing"
	"testing/iotest"
)

func TestWrittenFileHasContentModeAndOwner(t *testing.T) {
	h := New(t.TempDir())
	meta := FileMeta{Mode: 0o640, UID: os.Getuid(), GID: os.Getgid()}
	if os.Getuid() == 0 {
		meta.UID, meta.GID = 1234, 4321
	}
	for _, content := range []string{"first", "second and longer", ""} {
		if err := h.WriteFile("/file", []byte(content), meta); err != nil {
			t.Fatal(err)
		}
		got, err := h.ReadFile("/file")
		if err != nil || string(got) != content {
			t.Errorf("content %q, %v; want %q", got, err, content)
		}
	}
	info, err := h.Stat("/file")
	if err != nil {
		t.Fatal(err)
	}
	uid, gid := Owner(info)
	if info.Mode() != 0o640 || uid != meta.UID || gid != meta.GID {
		t.Errorf("mode %v owner %d:%d, want 0640 %d:%d", info.Mode(), uid, gid, meta.UID, meta.GID)
	}
	if h.Writes() != 3 {
		t.Errorf("%d writes counted, want 3", h.Writes())
	}
	wantNames(t, h.Root, "file")
}

func TestFailedWriteLeavesTheOldFileAndNothingBeside(t *testing.T) {
	for _, step := range []string{"write", "sync", "rename"} {
		t.Run("at "+step, func(t *testing.T) {
			h := New(t.TempDir())
			if err := h.WriteFile("/file", []byte("old"), FileMeta{Mode: 0o600}); err != nil {
				t.Fatal(err)
			}
			h.fault = func(at string) error {
				if at == step {
					return &fs.PathError{Op: at, Path: "x", Err: syscall.EIO}
				}
				return nil
			}
			err := h.WriteFile("/file", []byte("new"), FileMeta{Mode: 0o600})
			if !errors.Is(err, syscall.EIO) || !strings.HasPrefix(err.Error(), "cannot write "+h.Root+"/file: ") {
				t.Errorf("error %v", err)
			}
			if got, _ := os.ReadFile(filepath.Join(h.Root, "file")); string(got) != "old" {
				t.Errorf("content %q, want the old one", got)
			}
			wantNames(t, h.Root, "file")
			if h.Writes() != 1 {
				t.Errorf("%d writes counted, want 1", h.Writes())
			}
		})
	}
}

func TestFullDiskIsSaidSoAndLeavesTheOldFile(t *testing.T) {
	for name, cause := range map[string]error{"no space": syscall.ENOSPC, "quota": syscall.EDQUOT} {
		t.Run(name, func(t *testing.T) {
			h := New(t.TempDir())
			if err := h.WriteFile("/file", []byte("old"), FileMeta{Mode: 0o600}); err != nil {
				t.Fatal(err)
			}
			h.fault = func(string) error { return &fs.PathError{Op: "write", Path: ".file.x", Err: cause} }
			err := h.WriteFile("/file", []byte("new"), FileMeta{Mode: 0o600})
			var full *DiskFullError
			if !errors.As(err, &full) || !errors.Is(err, cause) {
				t.Fatalf("error %#v", err)
			}
			want := "cannot write " + h.Root + "/file: " + cause.Error() + ": free some space on the disk that holds it"
			if err.Error() != want {
				t.Errorf("error %q, want %q", err, want)
			}
			if got, _ := h.ReadFile("/file"); string(got) != "old" {
				t.Errorf("content %q, want the old one", got)
			}
			wantNames(t, h.Root, "file")
		})
	}
}

func TestErrorOfTheSourceLeavesTheOldFile(t *testing.T) {
	h := New(t.TempDir())
	if err := h.WriteFile("/file", []byte("old"), FileMeta{Mode: 0o600}); err != nil {
		t.Fatal(err)
	}
	cut := errors.New("cut off")
	if err := h.WriteFrom("/file", iotest.ErrReader(cut), FileMeta{}); !errors.Is(err, cut) {
		t.Errorf("error %v", err)
	}
	if got, _ := h.ReadFile("/file"); string(got) != "old" {
		t.Errorf("content %q, want the old one", got)
	}
	wantNames(t, h.Root, "file")
}

func TestLeftoverOfAKilledWriteIsTakenAway(t *testing.T) {
	h := New(t.TempDir())
	leftover := filepath.Join(h.Root, TemporaryName("file"))
	if err := os.WriteFile(leftover, []byte("half"), 0o444); err != nil {
		t.Fatal(err)
	}
	if err := h.WriteFile("/file", []byte("whole"), FileMeta{Mode: 0o600}); err != nil {
		t.Fatal(err)
	}
	wantNames(t, h.Root, "file")
}

func TestLeftoverThatIsALinkIsNotWrittenThrough(t *testing.T) {
	h := New(t.TempDir())
	victim := filepath.Join(h.Root, "victim")
	if err := os.WriteFile(victim, []byte("kept"), 0o600); err != nil {
		t.Fatal(err)
	}
	if err := os.Symlink("victim", filepath.Join(h.Root, TemporaryName("file"))); err != nil {
		t.Fatal(err)
	}
	if err := h.WriteFile("/file", []byte("new"), FileMeta{Mode: 0o600}); err != nil {
		t.Fatal(err)
	}
	if got, _ := os.ReadFile(victim); string(got) != "kept" {
		t.Errorf("the file behind the link holds %q", got)
	}
	wantNames(t, h.Root, "file", "victim")
}

func TestLinkAtThePathIsReplacedUnlessAskedToFollow(t *testing.T) {
	for _, follow := range []bool{false, true} {
		h := New(t.TempDir())
		if err := h.MkdirAll("/target", 0o755); err != nil {
			t.Fatal(err)
		}
		if err := h.WriteFile("/target/file", []byte("old"), FileMeta{Mode: 0o600}); err != nil {
			t.Fatal(err)
		}
		if err := h.Symlink("/target/file", "/link"); err != nil {
			t.Fatal(err)
		}
		if err := h.WriteFile("/link", []byte("new"), FileMeta{Mode: 0o600, FollowLink: follow}); err != nil {
			t.Fatal(err)
		}
		info, err := h.Lstat("/link")
		if err != nil {
			t.Fatal(err)
		}
		target, err := h.ReadFile("/target/file")
		if err != nil {
			t.Fatal(err)
		}
		if isLink := info.Mode()&fs.ModeSymlink != 0; isLink != follow || (string(target) == "new") != follow {
			t.Errorf("follow %v: link kept %v, file behind it holds %q", follow, isLink, target)
		}
		wantNames(t, h.Root, "link", "target")
		wantNames(t, filepath.Join(h.Root, "target"), "file")
	}
}

func TestDirectoryIsNotOverwritten(t *testing.T) {
	h := New(t.TempDir())
	if err := h.MkdirAll("/dir/sub", 0o755); err != nil {
		t.Fatal(err)
	}
	if err := h.WriteFile("/dir", nil, FileMeta{}); !errors.Is(err, syscall.EISDIR) {
		t.Errorf("WriteFile: %v", err)
	}
	if err := h.Symlink("x", "/dir"); err == nil {
		t.Error("Symlink replaced a directory")
	}
	if err := h.WriteFile("/", nil, FileMeta{}); !errors.Is(err, syscall.EISDIR) {
		t.Errorf("WriteFile of the root: %v", err)
	}
	wantNames(t, h.Root, "dir")
}

func TestSymlinkIsMadeOnceAndReplacedInOneStep(t *testing.T) {
	h := New(t.TempDir())
	for _, target := range []string{"/one", "/one", "../two"} {
		if err := h.Symlink(target, "/link"); err != nil {
			t.Fatal(err)
		}
		if got, err := h.Readlink("/link"); got != target || err != nil {
			t.Errorf("Readlink = %q, %v; want %q", got, err, target)
		}
	}
	if got := len(h.Changes()); got != 2 {
		t.Errorf("%d changes, want 2: %v", got, h.Changes())
	}
	wantNames(t, h.Root, "link")
}

func wantNames(t *testing.T, dir string, want ...string) {
	t.Helper()
	entries, err := os.ReadDir(dir)
	if err != nil {
		t.Fatal(err)
	}
	var names []string
	for _, entry := range entries {
		names = append(names, entry.Name())
	}
	if !slices.Equal(names, want) {
		t.Errorf("%s holds %v, want %v", dir, names, want)
	}
}
