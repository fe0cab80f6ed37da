package model

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
)

// The machine's boot: GRUB's defaults become its configuration, and that becomes the kernel's arguments at the next boot.
const (
	grubConfig  = "boot/grub/grub.cfg"
	cmdlinePath = "proc/cmdline"
	bootIDPath  = "proc/sys/kernel/random/boot_id"
)

// updateGrub makes the configuration from the defaults, as grub-mkconfig does: by running them.
func updateGrub(root string) error {
	if _, err := os.Stat(filepath.Join(root, "standin/grub-broken")); err == nil {
		return fmt.Errorf("error: cannot find a device for / (is /dev mounted?)")
	}
	files, err := filepath.Glob(filepath.Join(root, "etc/default/grub.d/*.cfg"))
	if err != nil {
		return err
	}
	script := "set -e\n"
	for _, file := range append([]string{filepath.Join(root, "etc/default/grub")}, files...) {
		script += ". '" + file + "'\n"
	}
	line, err := exec.Command("/bin/sh", "-c", script+`echo "$GRUB_CMDLINE_LINUX"`).Output()
	if err != nil {
		return fmt.Errorf("error: the defaults cannot be read: %w", err)
	}
	path := filepath.Join(root, grubConfig)
	if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
		return err
	}
	return os.WriteFile(path, line, 0o644)
}

// boot starts the machine's kernel anew.
func boot(root string) error {
	id, err := os.ReadFile(filepath.Join(root, bootIDPath))
	if err != nil {
		return err
	}
	var n int
	if _, err := fmt.Sscanf(string(id), "boot-%d", &n); err != nil {
		return err
	}
	if err := os.WriteFile(filepath.Join(root, bootIDPath), fmt.Appendf(nil, "boot-%d\n", n+1), 0o644); err != nil {
		return err
	}
	if _, err := os.Stat(filepath.Join(root, "standin/other-loader")); err == nil {
		return nil
	}
	line, err := os.ReadFile(filepath.Join(root, grubConfig))
	if err != nil {
		return nil // it was never made anew
	}
	return os.WriteFile(filepath.Join(root, cmdlinePath), append([]byte("BOOT_IMAGE=/vmlinuz "), line...), 0o644)
}

// ipLink takes away network devices, which are directories here.
func ipLink(root string, args []string) error {
	if len(args) != 3 || strings.Join(args[:2], " ") != "link delete" {
		return fmt.Errorf("ip: %q is not played", args)
	}
	return os.RemoveAll(filepath.Join(root, "sys/class/net", args[2]))
}
