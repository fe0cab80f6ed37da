package model

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
)

func TestMemoryAccountingIsTurnedOnByOneReboot(t *testing.T) {
	t.Parallel()
	w := begin(t, Options{}, join())
	reboots := func() int { return strings.Count(w.Log(), "Calling enable_grub_cgroups.sh and rebooting machine.") }
	w.Config(map[string]string{"enable-cgroups": "true"})
	w.WantStatus("active", running)
	if got := w.Read("/" + cmdlinePath); got != "BOOT_IMAGE=/vmlinuz quiet cgroup_enable=memory swapaccount=1\n" {
		t.Errorf("the kernel runs with %q", got)
	}
	if shown := strings.Join(w.Shown(), "\n"); !strings.Contains(shown, "maintenance: Configuring and updating grub") || !strings.Contains(shown, "maintenance: Rebooting the machine") {
		t.Errorf("shown:\n%s", shown)
	}
	w.UpdateStatus()
	if w.Read("/"+bootIDPath) != "boot-2\n" || reboots() != 1 {
		t.Errorf("%d reboots asked for, %s", reboots(), w.Read("/"+bootIDPath))
	}
	w.Config(map[string]string{"enable-cgroups": "false"})
	w.WantStatus("active", running)
	if w.Exists("/etc/default/grub.d/90-kubernetes-worker.cfg") || strings.Contains(w.Read("/"+grubConfig), "cgroup") || reboots() != 1 {
		t.Error("the boot loader has not its own configuration again, or the machine was rebooted")
	}
	// The kernel still has them: nothing to reboot for.
	w.Config(map[string]string{"enable-cgroups": "true"})
	w.WantStatus("active", running)
	if reboots() != 1 {
		t.Errorf("%d reboots asked for", reboots())
	}
}

func TestAKernelThatComesBackWithoutItsArgumentsIsNotRebootedAgain(t *testing.T) {
	t.Parallel()
	w := begin(t, Options{}, join())
	w.write("/standin/other-loader", "") // what boots this machine is not what GRUB's tool configures
	w.Config(map[string]string{"enable-cgroups": "true"})
	for range 3 {
		w.UpdateStatus()
	}
	w.WantStatus("blocked", "enable-cgroups: the machine has rebooted and its kernel still runs without cgroup_enable=memory swapaccount=1; see whether it boots by GRUB, or set enable-cgroups=false")
	if w.Read("/"+bootIDPath) != "boot-2\n" {
		t.Errorf("rebooted to %s", w.Read("/"+bootIDPath))
	}
	w.Config(map[string]string{"enable-cgroups": "false"})
	w.WantStatus("active", running)
}

func TestMemoryAccountingIsLeftAloneWhereItMeansNothing(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		name    string
		prepare func(w *World)
		warning string
	}{
		{"cgroup v2", func(w *World) { w.Cgroup(2) }, "enable-cgroups has no meaning here: this machine has cgroup v2, which counts memory and swap in any case"},
		{"container", func(w *World) { w.write("/run/systemd/container", "lxc\n") }, "enable-cgroups has no meaning here: a container runs with the kernel of its host, which is to be given them"},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			w := New(t, Options{})
			c.prepare(w)
			join().Run(w)
			w.Config(map[string]string{"enable-cgroups": "true"})
			w.WantStatus("active", running)
			if w.Exists("/etc/default/grub.d") || w.Read("/"+bootIDPath) != "boot-1\n" {
				t.Error("the machine was changed")
			}
			if w.Warned(c.warning) != 1 {
				t.Errorf("%q was not told once", c.warning)
			}
		})
	}
}

func TestABootLoaderThatCannotBeConfiguredBlocks(t *testing.T) {
	t.Parallel()
	w := begin(t, Options{}, join())
	w.write("/standin/grub-broken", "")
	w.Config(map[string]string{"enable-cgroups": "true"})
	w.WantStatus("blocked", "enable-cgroups: cannot run update-grub: exit status 1: error: cannot find a device for / (is /dev mounted?); mend GRUB on the machine, or set enable-cgroups=false")
	w.must(os.Remove(filepath.Join(w.Root, "standin/grub-broken")))
	w.UpdateStatus()
	w.WantStatus("active", running)
	if w.Read("/"+bootIDPath) != "boot-2\n" {
		t.Errorf("rebooted to %s", w.Read("/"+bootIDPath))
	}
	w.Config(map[string]string{"enable-cgroups": "false"})
	w.must(os.Remove(filepath.Join(w.Root, "etc/default/grub")))
	w.Config(map[string]string{"enable-cgroups": "true"})
	w.WantStatus("blocked", "enable-cgroups: this machine does not boot by GRUB; …")
}
