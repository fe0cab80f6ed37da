package resource

import (
	"context"
	"time"

	"kubernetes-worker/internal/host"
)

// gpuDevice is there once the driver has been spoken to since the machine started; containers get it from there.
const gpuDevice = "/dev/nvidiactl"

// gpuPatience is for the first words with many GPUs, which are started one after the other.
const gpuPatience = time.Minute

// GPU is that the driver of the machine's GPUs answers and has made their device nodes, which it does when it is spoken
// to; with Absent, that nothing is remembered of it.
type GPU struct {
	Absent bool
	Needs  []string
}

// ID is gpu.
func (GPU) ID() string { return "gpu" }

// Stage is ServiceStage.
func (GPU) Stage() Stage { return ServiceStage }

// Requires names the resources that must be in place.
func (g GPU) Requires() []string { return g.Needs }

// Equal compares the wanted state.
func (g GPU) Equal(other any) bool { o, ok := other.(GPU); return ok && o.Absent == g.Absent }

// Plan looks whether the device nodes are there. A driver that does not answer is asked again by the next hook.
func (g GPU) Plan(_ context.Context, sys *System) (*Change, error) {
	if g.Absent {
		if !sys.State.GPU {
			return nil, nil
		}
		return &Change{Cause: "Disabling gpu mode", Apply: func(context.Context) error {
			sys.State.GPU = false
			return sys.State.Save()
		}}, nil
	}
	if _, err := sys.Host.Stat(gpuDevice); sys.tried[g.ID()] || sys.State.GPU && err == nil {
		return nil, nil
	}
	return &Change{Cause: "Enabling gpu mode", Apply: func(ctx context.Context) error {
		sys.tried[g.ID()] = true
		if _, err := sys.Run.Run(ctx, host.Command{Name: "nvidia-smi", Timeout: gpuPatience}); err != nil {
			sys.GPUFailure = err
			return nil // the node does without, and says so
		}
		sys.State.GPU = true
		return sys.State.Save()
	}}, nil
}
