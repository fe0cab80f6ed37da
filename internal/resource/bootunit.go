package resource

import (
	"context"
	"path"
)

// BootUnit is a program that systemd starts at the next boot, and not now: the program, the unit that names it, and the link
// by which the unit is enabled. systemd reads all of them when the machine boots, so that it need not be told.
type BootUnit struct {
	Program File
	Unit    File
	Enabled Link
}

// ID is boot-unit:NAME.
func (b BootUnit) ID() string { return "boot-unit:" + path.Base(b.Unit.Path) }

// Stage is FileStage.
func (BootUnit) Stage() Stage { return FileStage }

// Equal compares all parts.
func (b BootUnit) Equal(other any) bool {
	o, ok := other.(BootUnit)
	return ok && o.Program.Equal(b.Program) && o.Unit.Equal(b.Unit) && o.Enabled == b.Enabled
}

// Plan compares the parts and changes those that differ, the link last.
func (b BootUnit) Plan(ctx context.Context, sys *System) (*Change, error) {
	var causes []string
	var changes []*Change
	for _, part := range []Resource{b.Program, b.Unit, b.Enabled} {
		change, err := part.Plan(ctx, sys)
		if err != nil {
			return nil, err
		}
		if change != nil {
			changes = append(changes, change)
			causes = append(causes, part.ID()+" "+change.Cause)
		}
	}
	if len(changes) == 0 {
		return nil, nil
	}
	return &Change{Cause: sentence(causes), Apply: func(ctx context.Context) error {
		for _, change := range changes {
			if err := change.Apply(ctx); err != nil {
				return err
			}
		}
		return nil
	}}, nil
}
