package host

import (
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
)

// jail is a root with a neighbour that nothing may reach.
func jail(t *testing.T) (h *Host, outside string) {
	t.Helper()
	base := t.TempDir()
	outside = filepath.Join(base, "outside")
	for _, dir := range []string{outside, filepath.Join(base, "root/etc"), filepath.Join(base, "root/real")} {
		if err := os.MkdirAll(dir, 0o755); err != nil {
			t.Fatal(err)
		}
	}
	for path, content := range map[string]string{"outside/secret": "outside", "root/real/file": "inside"} {
		if err := os.WriteFile(filepath.Join(base, path), []byte(content), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	for link, target := range map[string]string{
		"absolute": "/real",
		"relative": "../real",
		"escape":   "../../../../../../.." + outside,
		"direct":   outside,
		"chain":    "absolute/../etc/relative",
		"loop":     "loop",
		"dangling": "/nothing/here",
		"top":      "/",
	} {
		if err := os.Symlink(target, filepath.Join(base, "root/etc", link)); err != nil {
			t.Fatal(err)
		}
	}
	return New(filepath.Join(base, "root")), outside
}

func TestPathsStayBelowTheRoot(t *testing.T) {
	h, outside := jail(t)
	for _, test := range []struct{ path, want string }{
		{"/real/file", "/real/file"},
		{"real//./file", "/real/file"},
		{"/../../real/file", "/real/file"},
		{"/etc/absolute/file", "/real/file"},
		{"/etc/relative/file", "/real/file"},
		{"/etc/chain/file", "/real/file"},
		{"/etc/top/etc/top/real/file", "/real/file"},
		{"/etc/dangling", "/nothing/here"},
		{"/etc/escape/secret", outside + "/secret"},
		{"/etc/direct/secret", outside + "/secret"},
		{"/", "/"},
		{"", "/"},
		{"/etc/top", "/"},
	} {
		got, err := h.Resolve(test.path)
		if err != nil || got != test.want {
			t.Errorf("Resolve(%q) = %q, %v; want %q", test.path, got, err, test.want)
		}
		if strings.HasSuffix(test.path, "secret") {
			// The name is the neighbour's, but it is looked for inside the root, where there is none.
			if content, err := h.ReadFile(test.path); !errors.Is(err, fs.ErrNotExist) {
				t.Errorf("ReadFile(%q) = %q, %v", test.path, content, err)
			}
			if err := h.WriteFile(test.path, []byte("x"), FileMeta{FollowLink: true}); err == nil {
				t.Errorf("WriteFile(%q) succeeded", test.path)
			}
		}
	}
	if content, _ := os.ReadFile(filepath.Join(outside, "secret")); string(content) != "outside" {
		t.Errorf("the neighbour's file holds %q", content)
	}
}

func TestBadPathsGiveTheSystemsReason(t *testing.T) {
	h, _ := jail(t)
	if err := syscall.Mkfifo(filepath.Join(h.Root, "pipe"), 0o600); err != nil {
		t.Fatal(err)
	}
	for _, test := range []struct {
		path string
		want error
		text string
	}{
		{"/etc/loop", syscall.ELOOP, "too many levels of symbolic links"},
		{"/real/file/below", syscall.ENOTDIR, "not a directory"},
		{"/missing", fs.ErrNotExist, "file does not exist"},
		{"/etc/dangling", fs.ErrNotExist, "file does not exist"},
		{"/real", syscall.EISDIR, "is a directory"},
		{"/a\x00b", syscall.EINVAL, "invalid argument"},
		{"/pipe", nil, "is no regular file"},
	} {
		_, err := h.ReadFile(test.path)
		if err == nil || (test.want != nil && !errors.Is(err, test.want)) || !strings.Contains(err.Error(), test.text) {
			t.Errorf("ReadFile(%q): %v, want %v", test.path, err, test.text)
		}
		if err != nil && !strings.HasPrefix(err.Error(), "cannot read "+h.Root) {
			t.Errorf("ReadFile(%q): %v", test.path, err)
		}
	}
}

func TestMissingRootIsAnError(t *testing.T) {
	h := New(filepath.Join(t.TempDir(), "none"))
	if _, err := h.Stat("/"); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("Stat: %v", err)
	}
	if err := h.WriteFile("/x", nil, FileMeta{}); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("WriteFile: %v", err)
	}
}

// FuzzResolve links the neighbour and the fuzzed target, and looks for the neighbour's content from inside.
func FuzzResolve(f *testing.F) {
	for _, seed := range [][2]string{{"/l/secret", "../outside"}, {"../outside/secret", "x"}, {"/l/../../outside/secret", "/"}, {"/l", "../outside/secret"}} {
		f.Add(seed[0], seed[1])
	}
	f.Fuzz(func(t *testing.T, path, target string) {
		base := t.TempDir()
		if err := os.MkdirAll(filepath.Join(base, "outside"), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(filepath.Join(base, "outside/secret"), []byte("outside"), 0o644); err != nil {
			t.Fatal(err)
		}
		if err := os.Mkdir(filepath.Join(base, "root"), 0o755); err != nil {
			t.Fatal(err)
		}
		if os.Symlink(target, filepath.Join(base, "root/l")) != nil {
			return
		}
		if content, err := New(filepath.Join(base, "root")).ReadFile(path); err == nil {
			t.Errorf("ReadFile(%q) with a link to %q gave %q", path, target, content)
		}
	})
}
