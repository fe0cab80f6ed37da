package worker

import (
	"os"
	"os/exec"
	"path/filepath"
	"testing"
)

// The boot loader's tool runs its defaults in a shell, ours after the others.
func TestKernelArgumentsAreAddedToWhateverIsThere(t *testing.T) {
	for before, want := range map[string]string{
		"":                                      "cgroup_enable=memory swapaccount=1",
		"quiet splash":                          "quiet splash cgroup_enable=memory swapaccount=1",
		"cgroup_enable=memory swapaccount=1":    "cgroup_enable=memory swapaccount=1",
		"swapaccount=1 quiet":                   "swapaccount=1 quiet cgroup_enable=memory",
		"xcgroup_enable=memory swapaccount=10":  "xcgroup_enable=memory swapaccount=10 cgroup_enable=memory swapaccount=1",
		`root="LABEL=a b" console=ttyS0,115200`: `root="LABEL=a b" console=ttyS0,115200 cgroup_enable=memory swapaccount=1`,
	} {
		file := filepath.Join(t.TempDir(), "x.cfg")
		if err := os.WriteFile(file, []byte(grubContent), 0o644); err != nil {
			t.Fatal(err)
		}
		run := exec.Command("/bin/sh", "-ec", `. "$1"; . "$1"; printf %s "$GRUB_CMDLINE_LINUX"`, "sh", file)
		run.Env = []string{"GRUB_CMDLINE_LINUX=" + before}
		if out, err := run.CombinedOutput(); err != nil || string(out) != want {
			t.Errorf("%q becomes %q, %v; want %q", before, out, err, want)
		}
	}
}
