package launch

import (
	"encoding/json"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
)

func runSpec(t *testing.T, spec Spec) Report {
	t.Helper()
	path := filepath.Join(t.TempDir(), "hook.json")
	text, err := json.Marshal(spec)
	if err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(path, text, 0o600); err != nil {
		t.Fatal(err)
	}
	if code := Main([]string{path}); code != 0 {
		t.Fatalf("the launcher ended with %d", code)
	}
	text, err = os.ReadFile(ReportPath(path))
	if err != nil {
		t.Fatal(err)
	}
	var report Report
	if err := json.Unmarshal(text, &report); err != nil {
		t.Fatal(err)
	}
	return report
}

func TestTheReportSaysHowTheProcessEndedAndWhatItCost(t *testing.T) {
	dir := t.TempDir()
	report := runSpec(t, Spec{Argv: []string{"/bin/sh", "-c", "echo $X > out; i=0; while [ $i -lt 20000 ]; do i=$((i+1)); done; exit 3"}, Env: []string{"X=only"}, Dir: dir})
	if report.Exit != 3 || report.Signal != 0 {
		t.Errorf("exit %d signal %d", report.Exit, report.Signal)
	}
	if report.CPU <= 0 || report.Wall < report.CPU/4 || report.PeakKB < 100 || report.TreePeak < 100 {
		t.Errorf("implausible figures: %+v", report)
	}
	if text, err := os.ReadFile(filepath.Join(dir, "out")); err != nil || string(text) != "only\n" {
		t.Errorf("the process wrote %q (%v)", text, err)
	}
}

func TestASignalAndAMissingProgramAreTold(t *testing.T) {
	if report := runSpec(t, Spec{Argv: []string{"/bin/sh", "-c", "kill -KILL $$"}, Dir: "/"}); report.Signal != int(syscall.SIGKILL) {
		t.Errorf("signal %d", report.Signal)
	}
	if report := runSpec(t, Spec{Argv: []string{"/no/such/program"}, Dir: "/"}); !strings.Contains(report.StartFail, "no such file") {
		t.Errorf("reported %+v", report)
	}
}

func TestAWrongCallIsRefused(t *testing.T) {
	for _, args := range [][]string{nil, {"/no/such/spec"}, {"a", "b"}} {
		if Main(args) == 0 {
			t.Errorf("%q was taken", args)
		}
	}
}

func FuzzHighWater(f *testing.F) {
	for _, seed := range []string{"VmHWM:\t    1234 kB\n", "VmHWM:", "VmHWM: x", ""} {
		f.Add([]byte(seed))
	}
	f.Fuzz(func(t *testing.T, status []byte) {
		if kb := highWater(status); kb != 0 && !strings.Contains(string(status), "VmHWM:") {
			t.Fatal(kb)
		}
	})
}
