package resource

import (
	"context"
	"slices"
	"strings"
)

// PackagesAvailable is that packages can be installed in the place of others: the sources agree, and all is downloaded.
// What is there is not touched. It is made sure of once in an invocation; Ready tells.
type PackagesAvailable struct {
	Group      string
	Names      []string // as apt takes them
	Remove     []string // in the way of them
	Recommends bool
	What       string // names them in messages
	Why        string // the change is wanted
	Needs      []string
}

// ID is packages-available:GROUP.
func (p PackagesAvailable) ID() string { return "packages-available:" + p.Group }

// Stage is Sources; repositories are declared before it.
func (p PackagesAvailable) Stage() Stage { return Sources }

// Outside marks it as one that asks outside.
func (PackagesAvailable) Outside() {}

// Requires names the resources that must be in place.
func (p PackagesAvailable) Requires() []string { return p.Needs }

// Equal compares the change.
func (p PackagesAvailable) Equal(other any) bool {
	o, ok := other.(PackagesAvailable)
	return ok && o.Group == p.Group && slices.Equal(o.Names, p.Names) && slices.Equal(o.Remove, p.Remove) && o.Recommends == p.Recommends
}

// Plan asks once.
func (p PackagesAvailable) Plan(_ context.Context, sys *System) (*Change, error) {
	if sys.tried[p.ID()] {
		return nil, sys.failures[p.ID()]
	}
	return &Change{Cause: p.Why, Status: "Downloading " + p.What, Apply: func(ctx context.Context) error {
		sys.tried[p.ID()] = true
		if err := sys.Packages.Available(ctx, p.Names, p.Remove, p.Recommends); err != nil {
			return packageCondition(p.What, err)
		}
		return nil
	}}, nil
}

// Ready reports whether this invocation has made sure that the packages of a group can be installed.
func (s *System) Ready(group string) bool {
	id := PackagesAvailable{Group: group}.ID()
	return s.tried[id] && s.failures[id] == nil
}

// RuntimePackages are packages in any version, which stays as it is until a person unholds them, in the place of others.
type RuntimePackages struct {
	Names      []string // as apt takes them, perhaps with versions, which count when they are installed
	Remove     []string // installed packages that go for them
	Hold       []string // packages that are kept at their version, where they are installed
	Recommends bool
	What       string // names them in messages
	Why        string // they are wanted
	Status     string // maintenance message while installing
}

// ID is packages:runtime.
func (p RuntimePackages) ID() string { return "packages:runtime" }

// Stage is PackageStage.
func (p RuntimePackages) Stage() Stage { return PackageStage }

// Outside marks it as one that asks outside.
func (RuntimePackages) Outside() {}

// Equal compares all that changes the machine.
func (p RuntimePackages) Equal(other any) bool {
	o, ok := other.(RuntimePackages)
	return ok && slices.Equal(o.Names, p.Names) && slices.Equal(o.Remove, p.Remove) && slices.Equal(o.Hold, p.Hold) && o.Recommends == p.Recommends
}

// Plan looks up which packages are missing, in the way, or not held.
func (p RuntimePackages) Plan(_ context.Context, sys *System) (*Change, error) {
	bare := make([]string, len(p.Names))
	for i, name := range p.Names {
		bare[i], _, _ = strings.Cut(name, "=")
	}
	installed, err := sys.Packages.Installed(slices.Concat(bare, p.Remove))
	if err != nil {
		return nil, wrap("see which packages are installed", err)
	}
	var missing, gone []string
	for i, name := range bare {
		if _, ok := installed[name]; !ok {
			missing = append(missing, p.Names[i])
		}
	}
	for _, name := range p.Remove {
		if _, ok := installed[name]; ok {
			gone = append(gone, name)
		}
	}
	loose, err := sys.Packages.Loose(p.Hold)
	if err != nil {
		return nil, wrap("see which packages are held", err)
	}
	if len(missing)+len(gone)+len(loose) == 0 {
		return nil, nil
	}
	if len(missing)+len(gone) == 0 {
		return &Change{Cause: "held at their versions: " + strings.Join(loose, ", "), Apply: func(ctx context.Context) error {
			return p.hold(ctx, sys)
		}}, nil
	}
	return &Change{Cause: p.cause(missing, gone), Status: p.Status, Apply: func(ctx context.Context) error {
		install := sys.Packages.Install
		if len(gone) > 0 || p.Recommends {
			install = func(ctx context.Context, names []string) error {
				return sys.Packages.Change(ctx, names, gone, p.Recommends)
			}
		}
		if err := install(ctx, missing); err != nil {
			return packageCondition(p.What, err)
		}
		return p.hold(ctx, sys)
	}}, nil
}

// hold keeps unattended upgrades from restarting all containers.
func (p RuntimePackages) hold(ctx context.Context, sys *System) error {
	loose, err := sys.Packages.Loose(p.Hold)
	if err == nil && len(loose) > 0 {
		err = sys.Packages.Hold(ctx, loose)
	}
	if err != nil {
		return packageCondition("holds for "+p.What, err)
	}
	return nil
}

func (p RuntimePackages) cause(missing, gone []string) string {
	var causes []string
	for _, part := range []struct {
		text  string
		names []string
	}{{"not installed", missing}, {"in the way", gone}} {
		if len(part.names) > 0 {
			causes = append(causes, part.text+": "+strings.Join(part.names, ", "))
		}
	}
	if p.Why != "" {
		causes = append(causes, p.Why)
	}
	return sentence(causes)
}
