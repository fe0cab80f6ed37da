package model

import (
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"sync"
	"testing"
)

// boundaries are where the charm of a world can be killed: before and after each change of a resource, and at the end of
// each hook. The program mortal notes them in this directory, and dies at the one that it is told.
type boundaries struct{ dir string }

// watch forgets the boundaries so far and makes the charm die at the n-th from now; 0: it lives.
func (b boundaries) watch(t *testing.T, n int) {
	t.Helper()
	for name, content := range map[string]string{"boundaries": "", "machines": "", "fatal": strconv.Itoa(n)} {
		if err := os.WriteFile(filepath.Join(b.dir, name), []byte(content), 0o644); err != nil {
			t.Fatal(err)
		}
	}
}

// seen are the boundaries since watch.
func (b boundaries) seen(t *testing.T) []string { t.Helper(); return b.lines(t, "boundaries") }

// machines tell the machine's states at the boundaries since watch apart, while the charm lives.
func (b boundaries) machines(t *testing.T) []string { t.Helper(); return b.lines(t, "machines") }

func (b boundaries) lines(t *testing.T, name string) []string {
	t.Helper()
	content, err := os.ReadFile(filepath.Join(b.dir, name))
	if err != nil {
		t.Fatal(err)
	}
	return slices.Collect(strings.FieldsFuncSeq(string(content), func(r rune) bool { return r == '\n' }))
}

// mortal makes options for a world whose charm can be killed.
func mortal(t *testing.T, o Options) (Options, boundaries) {
	t.Helper()
	var err error
	if o.Binary, err = mortalCharm(); err != nil {
		t.Fatal(err)
	}
	b := boundaries{t.TempDir()}
	o.Env = map[string]string{"MODEL_BOUNDARIES": b.dir}
	b.watch(t, 0)
	return o, b
}

var mortalCharm = sync.OnceValues(func() (string, error) { return buildProgram("./test/model/mortal") })
