package unitstate_test

import (
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"syscall"
	"testing"

	"kubernetes-worker/internal/unitstate"
	"kubernetes-worker/internal/unitstate/unitstatetest"
)

func read(t *testing.T, name string) unitstate.State {
	t.Helper()
	s, err := unitstate.Read(filepath.Join("testdata", name))
	if err != nil {
		t.Fatal(err)
	}
	return s
}

func TestTheStateOfOctober2018IsUnderstood(t *testing.T) {
	for _, name := range []string{"r239.db", "vacuumed.db"} {
		s := read(t, name)
		c := s.Credentials
		if c.User != "system:node:worker-0" || c.Kubelet.Reveal() != "kubelet-token-1" || c.Proxy.Reveal() != "proxy-token-1" || c.Client.Reveal() != "client-token-1" {
			t.Errorf("%s: credentials of %s", name, c.User)
		}
		if want := map[string]string{"rack": "b12", "disk": "ssd"}; !maps.Equal(s.Labels, want) {
			t.Errorf("%s: labels %v", name, s.Labels)
		}
		if o := s.DockerOptions; len(o) != 3 || !slices.Equal(o["bip"], []string{"10.1.44.1/24"}) || o["debug"] != nil {
			t.Errorf("%s: docker's options %v", name, o)
		}
		if got, want := s.SnapKeys["kubelet"], []string{"kubeconfig", "require-kubeconfig", "v"}; !slices.Equal(got, want) {
			t.Errorf("%s: keys %v, want %v: those taken back are not set", name, got, want)
		}
		if s.Checksums["kubelet"] != "0123456789abcdef0123456789abcdef" || s.Checksums["kube-proxy"] != unitstate.EmptyChecksum {
			t.Errorf("%s: checksums %v", name, s.Checksums)
		}
		if !s.Flags["kubernetes-worker.gpu.enabled"] || !s.Flags["tls_client.ca.saved"] || s.Flags["kubernetes-worker.snaps.upgrade-needed"] || len(s.Malformed) > 0 {
			t.Errorf("%s: flags %v, malformed %v", name, s.Flags, s.Malformed)
		}
	}
}

func TestTheStateOfDecember2018IsUnderstood(t *testing.T) {
	s := read(t, "dec18.db")
	if s.Registry != "registry.test:5000" || !slices.Equal(s.DockerOptions["insecure-registry"], []string{s.Registry}) || s.Labels != nil {
		t.Errorf("registry %q, options %v, labels %v", s.Registry, s.DockerOptions, s.Labels)
	}
	if !s.Flags["kubernetes-worker.snaps.upgrade-needed"] || s.Checksums["kube-proxy"] != strings.Repeat("f", 32) {
		t.Errorf("flags %v, checksums %v: that of before October counts where there is no other", s.Flags, s.Checksums)
	}
}

func TestRowsOnManyPagesAreReadWhole(t *testing.T) {
	s := read(t, "many-pages.db")
	if len(s.Flags) != 900 || s.Labels["long"] != strings.Repeat("ä", 2000) || len(s.Checksums) != 20 {
		t.Errorf("%d flags, %d letters, %d checksums; want 900, 2000, 20", len(s.Flags), len([]rune(s.Labels["long"])), len(s.Checksums))
	}
	for length, sum := range s.Checksums {
		if fmt.Sprint(len(sum)) != length {
			t.Errorf("a value of %s bytes was read as one of %d", length, len(sum))
		}
	}
	if s := read(t, "wal.db"); len(s.Malformed) > 0 {
		t.Error("a database whose log was taken in is not read")
	}
}

func TestAnUnfinishedOrForeignDatabaseIsRefusedInWords(t *testing.T) {
	dir := t.TempDir()
	good, err := os.ReadFile("testdata/r239.db")
	if err != nil {
		t.Fatal(err)
	}
	at := func(offset int, with ...byte) []byte {
		changed := slices.Clone(good)
		copy(changed[offset:], with)
		return changed
	}
	for name, c := range map[string]struct {
		content []byte
		says    string
	}{
		"empty":      {nil, "it is no SQLite database"},
		"short":      {good[:50], "it is no SQLite database"},
		"text":       {[]byte(strings.Repeat("a", 4096)), "it is no SQLite database"},
		"cut":        {good[:5000], "its last page is cut off"},
		"pages gone": {good[:4096], "it refers to page 2 of 1"},
		"size":       {at(16, 0, 3), "its pages are of 3 bytes"},
		"format":     {at(19, 7), "it is of format 7"},
		"in a ring":  {at(4096, 0x05, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 2), "page 2 is in two places"},
		"an index":   {at(4096, 0x0a), "page 2: it is of kind 10"},
		"overfull":   {at(4096+3, 0xff, 0xff), "page 2: it has more cells than room"},
		"zeros":      {append(slices.Clone(good[:100]), make([]byte, len(good)-100)...), "page 1: it is of kind 0"},
	} {
		path := filepath.Join(dir, "db")
		if err := os.WriteFile(path, c.content, 0o600); err != nil {
			t.Fatal(err)
		}
		if _, err := unitstate.Read(path); err == nil || !strings.Contains(err.Error(), c.says) {
			t.Errorf("%s: %v, want %q", name, err, c.says)
		}
	}
	for name, says := range map[string]string{
		"killed.db": "a change of it was not finished", "log.db": "no table kv", "utf16.db": "its texts are not in UTF-8", "no-keys.db": "it has no table kv",
	} {
		if _, err := unitstate.Read(filepath.Join("testdata", name)); err == nil || name != "log.db" && !strings.Contains(err.Error(), says) {
			t.Errorf("%s: %v, want %q", name, err, says)
		}
	}
	if _, err := unitstate.Read(filepath.Join(dir, "none")); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("one that is not there: %v", err)
	}
	if _, err := unitstate.Read(dir); err == nil {
		t.Error("a directory is read")
	}
}

func TestADatabaseThatSomebodyWritesIsLeftAlone(t *testing.T) {
	path := filepath.Join(t.TempDir(), "db")
	if err := unitstatetest.Write(path, map[string]any{"registry_netloc": "r"}); err != nil {
		t.Fatal(err)
	}
	file, err := os.OpenFile(path, os.O_RDWR, 0)
	if err != nil {
		t.Fatal(err)
	}
	defer file.Close()
	// A lock of an open file, unlike one of a process, also keeps out the process itself.
	const setOpenFileLock = 37
	lock := syscall.Flock_t{Type: syscall.F_WRLCK, Start: 0x40000000, Len: 2}
	if err := syscall.FcntlFlock(file.Fd(), setOpenFileLock, &lock); err != nil {
		t.Fatal(err)
	}
	if _, err := unitstate.Read(path); err == nil || !strings.Contains(err.Error(), "is writing it") {
		t.Errorf("%v", err)
	}
	if err := file.Close(); err != nil {
		t.Fatal(err)
	}
	if s, err := unitstate.Read(path); err != nil || s.Registry != "r" {
		t.Errorf("afterwards %q, %v", s.Registry, err)
	}
}

func TestAMalformedValueCostsItselfAlone(t *testing.T) {
	path := filepath.Join(t.TempDir(), "db")
	err := unitstatetest.Write(path, map[string]any{
		"credentials": []int{1}, "current_labels": map[string]int{"a": 1}, "docker_opts": "x", "registry_netloc": nil,
		"kubernetes-worker.prev_args.kubelet": 5, "kubernetes-worker.resource-checksums.kubelet": map[string]any{}, "reactive.states.a": 3,
	})
	if err != nil {
		t.Fatal(err)
	}
	s, err := unitstate.Read(path)
	want := []string{"credentials", "current_labels", "docker_opts", "kubernetes-worker.prev_args.kubelet", "kubernetes-worker.resource-checksums.kubelet"}
	if err != nil || !slices.Equal(s.Malformed, want) || !s.Flags["a"] || s.Labels != nil || !s.Credentials.Client.Empty() {
		t.Errorf("%+v, %v", s, err)
	}
}

func TestWhatTestsWriteIsReadBack(t *testing.T) {
	path := filepath.Join(t.TempDir(), "db")
	values := map[string]any{}
	for i := range 1000 {
		values[fmt.Sprintf("reactive.states.%d", i)] = strings.Repeat("x", i%300)
	}
	if err := unitstatetest.Write(path, values); err != nil {
		t.Fatal(err)
	}
	if s, err := unitstate.Read(path); err != nil || len(s.Flags) != 1000 {
		t.Errorf("%d flags, %v", len(s.Flags), err)
	}
}

func TestTokensAreNotPrinted(t *testing.T) {
	s := read(t, "r239.db")
	encoded, err := json.Marshal(s)
	if err != nil {
		t.Fatal(err)
	}
	if text := fmt.Sprintf("%v %+v %s", s, s, encoded); strings.Contains(text, "token-1") {
		t.Error(text)
	}
}
