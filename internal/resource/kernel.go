package resource

import (
	"context"
	"errors"
	"fmt"
	"os/exec"
	"strings"
	"time"

	"kubernetes-worker/internal/condition"
	"kubernetes-worker/internal/host"
	"kubernetes-worker/internal/state"
)

// grubPatience is for a machine with many kernels on a slow disk.
const grubPatience = 5 * time.Minute

// KernelArguments are arguments that the machine's kernel runs with, by way of the boot loader GRUB. They act after a
// reboot, which is asked for once: a kernel that comes back without them is not started again and again. Without arguments
// the boot loader gets its own configuration back, and nothing reboots.
type KernelArguments struct {
	Option    string // to blame
	File      string // drop-in of the boot loader's defaults
	Content   []byte
	Arguments []string // none: the drop-in is removed
	Have      []string // that the kernel runs with
	Boot      string   // identity of the present boot
}

// ID is kernel-arguments.
func (KernelArguments) ID() string { return "kernel-arguments" }

// Stage is ServiceStage.
func (KernelArguments) Stage() Stage { return ServiceStage }

// Equal compares what is wanted.
func (k KernelArguments) Equal(other any) bool {
	o, ok := other.(KernelArguments)
	return ok && o.File == k.File && string(o.Content) == string(k.Content) && strings.Join(o.Arguments, " ") == strings.Join(k.Arguments, " ")
}

// Plan compares the drop-in with what the boot loader was last configured with, and the running kernel with what it asks for.
func (k KernelArguments) Plan(_ context.Context, sys *System) (*Change, error) {
	if err := sys.refused[k.ID()]; err != nil {
		return nil, err
	}
	file := File{Path: k.File, Content: k.Content, Mode: 0o644, Absent: len(k.Arguments) == 0}
	have, err := readFile(sys.Host, k.File)
	if err != nil {
		return nil, err
	}
	wanted := ""
	if !file.Absent {
		wanted = state.Fingerprint(k.Content)
	}
	if cause := file.differs(have, sys.Root); cause != "" || sys.State.Kernel.Grub != wanted {
		if cause == "" {
			cause = k.File + " is not in the boot loader's configuration"
		}
		return &Change{Cause: cause, Status: "Configuring and updating grub", Apply: func(ctx context.Context) error {
			err := k.configure(ctx, sys, file, wanted)
			if condition.Of(err) == condition.Blocked {
				sys.refused[k.ID()] = err
			}
			return err
		}}, nil
	}
	if file.Absent || len(k.lacking()) == 0 || sys.Reboot {
		return nil, nil
	}
	if asked := sys.State.Kernel.Boot; asked != "" && asked != k.Boot || k.Boot == "" {
		return nil, condition.NewBlocked(fmt.Sprintf("%s: the machine has rebooted and its kernel still runs without %s; see whether it boots by GRUB, or set %s=false",
			k.Option, strings.Join(k.lacking(), " "), k.Option))
	}
	return &Change{Cause: "the kernel runs without " + strings.Join(k.lacking(), " "), Status: "Rebooting the machine", Apply: func(ctx context.Context) error {
		sys.Log(ctx, "Calling enable_grub_cgroups.sh and rebooting machine.")
		sys.Reboot = true
		sys.State.Kernel.Boot = k.Boot
		return sys.State.Save()
	}}, nil
}

// configure writes the drop-in and lets the boot loader take it over. Until that is noted it is done again.
func (k KernelArguments) configure(ctx context.Context, sys *System, file File, wanted string) error {
	// The programs are looked for first: a machine that boots in another way is not given files that mean nothing to it.
	if _, err := sys.Host.Stat("/etc/default/grub"); err != nil && !file.Absent {
		return condition.NewBlocked(fmt.Sprintf("%s: this machine does not boot by GRUB; give its kernel the arguments %s by hand, or set %s=false",
			k.Option, strings.Join(k.Arguments, " "), k.Option))
	}
	sys.State.Kernel.Grub = "unfinished"
	if err := sys.State.Save(); err != nil {
		return err
	}
	if file.Absent {
		if _, err := sys.Host.Lstat(file.Path); err == nil {
			if err := sys.Host.Remove(file.Path); err != nil {
				return err
			}
		}
	} else if err := file.write(sys.Host); err != nil {
		return err
	}
	_, err := sys.Run.Run(ctx, host.Command{Name: "update-grub", Timeout: grubPatience})
	if errors.Is(err, exec.ErrNotFound) && file.Absent {
		err = nil // whoever took the boot loader away has no use for its configuration
	}
	if err != nil {
		return condition.NewBlocked(fmt.Sprintf("%s: %v; mend GRUB on the machine, or set %s=false", k.Option, err, k.Option))
	}
	sys.State.Kernel = state.Kernel{Grub: wanted}
	return sys.State.Save()
}

// lacking are the arguments that the running kernel was not given.
func (k KernelArguments) lacking() []string {
	given := map[string]bool{}
	for _, a := range k.Have {
		given[a] = true
	}
	var missing []string
	for _, a := range k.Arguments {
		if !given[a] {
			missing = append(missing, a)
		}
	}
	return missing
}
