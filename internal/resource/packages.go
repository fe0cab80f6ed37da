package resource

import (
	"context"
	"slices"
	"strings"
)

// DebianPackages are packages that are installed, in any version.
type DebianPackages struct {
	Group  string // names the group
	Names  []string
	What   string // names them in messages: "the container runtime"
	Status string // maintenance message while installing
}

// ID is packages:GROUP.
func (p DebianPackages) ID() string { return "packages:" + p.Group }

// Stage is PackageStage.
func (p DebianPackages) Stage() Stage { return PackageStage }

// Outside marks it as one that asks outside.
func (DebianPackages) Outside() {}

// Equal compares the names.
func (p DebianPackages) Equal(other any) bool {
	o, ok := other.(DebianPackages)
	return ok && o.Group == p.Group && slices.Equal(o.Names, p.Names)
}

// Plan looks up which of the packages are missing.
func (p DebianPackages) Plan(_ context.Context, sys *System) (*Change, error) {
	installed, err := sys.Packages.Installed(p.Names)
	if err != nil {
		return nil, wrap("see which packages are installed", err)
	}
	var missing []string
	for _, name := range p.Names {
		if _, ok := installed[name]; !ok {
			missing = append(missing, name)
		}
	}
	if len(missing) == 0 {
		return nil, nil
	}
	return &Change{Cause: "not installed: " + strings.Join(missing, ", "), Status: p.Status, Apply: func(ctx context.Context) error {
		if err := sys.Packages.Install(ctx, missing); err != nil {
			return packageCondition(p.What, err)
		}
		return nil
	}}, nil
}
