package systemd

import (
	"context"
	"errors"
	"slices"
	"strings"
	"testing"
)

type fakeRunner struct {
	out  string
	err  error
	argv []string
}

func (f *fakeRunner) Run(_ context.Context, name string, args ...string) ([]byte, error) {
	f.argv = append([]string{name}, args...)
	return []byte(f.out), f.err
}

func TestTheJournalIsAskedForTheLastLinesOfTheUnit(t *testing.T) {
	r := &fakeRunner{out: "E1 unknown flag: --x\x1b[31m\n\n-- No entries --\n  second \r\n"}
	lines, err := Journal{r}.Last(t.Context(), "snap.kubelet.daemon", 5)
	if err != nil {
		t.Fatal(err)
	}
	if want := []string{"E1 unknown flag: --x [31m", "second"}; !slices.Equal(lines, want) {
		t.Errorf("lines %q, want %q", lines, want)
	}
	want := "journalctl -u snap.kubelet.daemon.service -n 5 -o cat --no-pager"
	if got := strings.Join(r.argv, " "); got != want {
		t.Errorf("ran %q, want %q", got, want)
	}
}

func TestAFailingJournalctlIsAnError(t *testing.T) {
	cause := errors.New("exit status 1")
	_, err := Journal{&fakeRunner{err: cause}}.Last(t.Context(), "kubelet", 5)
	if !errors.Is(err, cause) {
		t.Fatalf("error: %v", err)
	}
}

func FuzzJournalLines(f *testing.F) {
	f.Add("a\nb\n", 1)
	f.Add(strings.Repeat("ü", 600), 3)
	f.Add("\xff\x00\n", 0)
	f.Fuzz(func(t *testing.T, text string, n int) {
		n = max(0, n%50)
		lines := journalLines(text, n)
		if len(lines) > n {
			t.Fatalf("%d lines, at most %d wanted", len(lines), n)
		}
		for _, line := range lines {
			if line == "" || len(line) > lineLimit+len("…") || strings.ContainsAny(line, "\n\x00\x1b") {
				t.Fatalf("line %q", line)
			}
		}
	})
}
