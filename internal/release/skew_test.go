package release_test

import (
	"testing"

	"kubernetes-worker/internal/kubeversion"
	"kubernetes-worker/internal/release"
)

func TestTheOldestReleaseThatAnAPIServerTakes(t *testing.T) {
	for server, want := range map[int]int{36: 33, 29: 26, 28: 25, 27: 25, 26: 24, 25: 23, 24: 22, 12: 10, 1: 0} {
		if got := release.OldestWith(kubeversion.Version{Major: 1, Minor: server, Patch: 7}); got.Major != 1 || got.Minor != want {
			t.Errorf("with 1.%d it is %s, want 1.%d", server, got.Release(), want)
		}
	}
}
