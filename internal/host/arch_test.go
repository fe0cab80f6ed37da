package host

import "testing"

func TestArchitectureHasDpkgsName(t *testing.T) {
	for goarch, want := range map[string]string{"amd64": "amd64", "arm64": "arm64", "s390x": "s390x", "ppc64le": "ppc64el", "386": "i386", "arm": "armhf"} {
		if got := dpkgArchitecture(goarch); got != want {
			t.Errorf("%s: %q, want %q", goarch, got, want)
		}
	}
}
