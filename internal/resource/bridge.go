package resource

import (
	"context"
	"errors"
	"io/fs"

	"kubernetes-worker/internal/host"
	"kubernetes-worker/internal/state"
)

// DockerBridge is the bridge that docker makes for containers, with the address and size that a pod network wants; zero
// for docker's own choice. docker keeps a bridge that it finds, so for another one it is stopped and the bridge goes;
// whoever wants docker starts it again, once, with the options that name the new one.
type DockerBridge struct {
	Want   state.Bridge
	Docker string   // its unit
	Units  []string // what is to be stopped: docker's socket, which would start it again, and docker
	Needs  []string
}

// dockerBridge is the name of the bridge as a network device.
const dockerBridge = "docker0"

// ID is docker-bridge.
func (DockerBridge) ID() string { return "docker-bridge" }

// Stage is ServiceStage.
func (DockerBridge) Stage() Stage { return ServiceStage }

// Requires names the resources that must be in place.
func (b DockerBridge) Requires() []string { return b.Needs }

// Equal compares what is wanted.
func (b DockerBridge) Equal(other any) bool {
	o, ok := other.(DockerBridge)
	return ok && o.Want == b.Want
}

// Plan compares with what the bridge was last made for. A docker that has not run yet has none.
func (b DockerBridge) Plan(_ context.Context, sys *System) (*Change, error) {
	if sys.State.Bridge == b.Want {
		return nil, nil
	}
	note := func(context.Context) error {
		sys.State.Bridge = b.Want
		return sys.State.Save()
	}
	if sys.State.Services[b.Docker] == nil {
		return &Change{Silent: true, Apply: note}, nil // its first start is with the options that name the bridge
	}
	change := Change{Cause: "for " + describeBridge(b.Want), Status: "Configuring container runtime with SDN."}
	if b.Want == (state.Bridge{}) {
		change.Status = "Reconfiguring container runtime network bridge."
	}
	change.Apply = func(ctx context.Context) error {
		if _, err := sys.Host.Lstat("/sys/class/net/" + dockerBridge); err == nil {
			if err := b.remove(ctx, sys); err != nil {
				return err
			}
		}
		return note(ctx)
	}
	return &change, nil
}

func (b DockerBridge) remove(ctx context.Context, sys *System) error {
	sys.Progress(ctx, "Reconfiguring container runtime network bridge.")
	for _, name := range b.Units {
		unit, err := sys.unit(ctx, name)
		if err != nil {
			return err
		}
		if unit.Found() && (unit.Running() || restarting(unit)) {
			if err := sys.Services.Stop(ctx, name); err != nil {
				return wrap("stop "+name, err)
			}
		}
	}
	_, err := sys.Run.Run(ctx, host.Command{Name: "ip", Args: []string{"link", "delete", dockerBridge}})
	if _, gone := sys.Host.Lstat("/sys/class/net/" + dockerBridge); errors.Is(gone, fs.ErrNotExist) {
		return nil
	}
	return err
}

func describeBridge(b state.Bridge) string {
	if b.Subnet == "" {
		return "docker's own choice"
	}
	return b.Subnet
}
