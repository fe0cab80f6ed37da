package apt

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"kubernetes-worker/internal/host"
)

// The texts are what apt 2.6.1 and dpkg 1.21 wrote on a machine where the fault was brought about.
func TestRecordedFailuresAreToldApart(t *testing.T) {
	kinds := map[string]Kind{
		"broken": Broken, "full": DiskFull, "interrupted": Interrupted, "locked": Locked,
		"network": Network, "stale": Stale, "unknown": UnknownPackage, "version": UnknownPackage,
	}
	files, err := filepath.Glob("testdata/texts/*.txt")
	if err != nil || len(files) < 12 {
		t.Fatal(files, err)
	}
	for _, file := range files {
		text, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		prefix, _, _ := strings.Cut(strings.TrimSuffix(filepath.Base(file), ".txt"), "-")
		want, known := kinds[prefix]
		if !known {
			t.Fatalf("%s: no kind begins so", file)
		}
		for stream, output := range map[string]host.Output{"stdout": {Stdout: text}, "stderr": {Stderr: text}} {
			if got := classify(output); got != want {
				t.Errorf("%s on %s: kind %d, want %d", file, stream, got, want)
			}
		}
	}
}

func TestFurtherTextsAreToldApart(t *testing.T) {
	for text, want := range map[string]Kind{
		"": Other,
		"E: Command line option --x is not understood": Other,
		"E: Could not open lock file /var/lib/dpkg/lock-frontend - open (13: Permission denied)\nE: Unable to acquire the dpkg frontend lock (/var/lib/dpkg/lock-frontend), are you root?": Other,
		"dpkg: error: dpkg frontend lock was locked by another process with pid 12":                                                                                                        Locked,
		"dpkg: error: dpkg status database is locked by another process":                                                                                                                   Locked,
		"E: Could not get lock /var/lib/dpkg/lock - open (11: Resource temporarily unavailable)":                                                                                           Locked,
		"E: Failed to fetch http://a/x.deb  Temporary failure resolving 'a'":                                                                                                               Network,
		"E: Failed to fetch http://a/x.deb  Hash Sum mismatch":                                                                                                                             Network,
		"E: Failed to fetch http://a/x.deb  Connection timed out":                                                                                                                          Network,
		"E: Failed to fetch http://a/x.deb  404  Not Found [IP: 10.0.0.1 80]":                                                                                                              Stale,
		"E: Package 'docker-engine' has no installation candidate":                                                                                                                         UnknownPackage,
		"E: Write error - write (28: No space left on device)\nE: Sub-process /usr/bin/dpkg returned an error code (2)":                                                                    DiskFull,
		"Errors were encountered while processing:\n docker.io\nE: Sub-process /usr/bin/dpkg returned an error code (1)":                                                                   Broken,
		"Fetched 1503  kB; Setting up 503  things":                                                                                                                                         Other,
	} {
		if got := classify(host.Output{Stderr: []byte(text)}); got != want {
			t.Errorf("%q: kind %d, want %d", text, got, want)
		}
	}
}
