//go:build kube1.34

package main

import (
	"os"
	"sync"
	_ "unsafe" // for go:linkname

	_ "github.com/opencontainers/cgroups"
)

//go:linkname unifiedOnce github.com/opencontainers/cgroups.isUnifiedOnce
var unifiedOnce sync.Once

//go:linkname unified github.com/opencontainers/cgroups.isUnified
var unified bool

// pretendCgroups gives validation the machine that the environment names (CGROUP=1, else 2), whatever machine it runs on.
func pretendCgroups() {
	unifiedOnce.Do(func() { unified = os.Getenv("CGROUP") != "1" })
}
