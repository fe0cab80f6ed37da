package resource

import (
	"context"
	"fmt"
	"slices"

	"kubernetes-worker/internal/kubeversion"
	"kubernetes-worker/internal/snapd"
)

// Snap is a snap installed from a file or from a channel of the store. Who declares it has decided that the difference
// may be made; a snap that has to wait for an operator's word is not declared.
type Snap struct {
	Name    string
	File    string              // path of the resource file; empty: from the store
	Print   string              // fingerprint of that file
	Version kubeversion.Version // of what is in that file; zero: not known
	Channel string
	Classic bool
	Cohort  string // key of the cohort to take the revision from, and to follow; empty: none
	// Needs are IDs of resources without which the snap stays as it is.
	Needs []string
	// Newest also wants the revision that a StoreRelease has found on the channel, as far as the store gives it.
	Newest bool
}

// ID is snap:NAME.
func (s Snap) ID() string { return "snap:" + s.Name }

// Stage is SnapStage.
func (s Snap) Stage() Stage { return SnapStage }

// Requires names the resources that must be in place: snaps of one release come together or not at all.
func (s Snap) Requires() []string { return s.Needs }

// Outside marks it as one that asks outside.
func (Snap) Outside() {}

// Equal compares all fields.
func (s Snap) Equal(other any) bool {
	o, ok := other.(Snap)
	return ok && o.Name == s.Name && o.File == s.File && o.Print == s.Print && o.Version == s.Version && o.Channel == s.Channel && o.Classic == s.Classic &&
		o.Cohort == s.Cohort && o.Newest == s.Newest && slices.Equal(o.Needs, s.Needs)
}

// Plan compares what is installed with what is wanted.
func (s Snap) Plan(ctx context.Context, sys *System) (*Change, error) {
	have, installed, cause, err := s.compare(ctx, sys)
	if err != nil || cause == "" {
		return nil, err
	}
	return &Change{Cause: cause, Status: "Installing " + s.Name + " snap", Apply: func(ctx context.Context) error {
		if s.File == "" && s.Cohort != "" { // before: a kill must not forget whose it is
			sys.State.Snapd.Cohorts = union(sys.State.Snapd.Cohorts, []string{s.Name})
			if err := sys.State.Save(); err != nil {
				return err
			}
		}
		if err := s.install(ctx, sys, installed, have); err != nil {
			return snapCondition(s.Name, s.Channel, err)
		}
		if s.File != "" {
			sys.State.Snaps[s.Name] = s.Print
		} else {
			delete(sys.State.Snaps, s.Name)
			sys.renewed[s.Name] = true
		}
		return sys.State.Save()
	}}, nil
}

// compare gives what is installed, and how it differs from what is wanted; nothing if it does not.
func (s Snap) compare(ctx context.Context, sys *System) (have snapd.Snap, installed bool, cause string, err error) {
	have, installed, err = sys.snap(ctx, s.Name)
	if err != nil {
		return have, installed, "", snapCondition(s.Name, s.Channel, err) // which names the snap
	}
	cause = s.differs(installed, have, sys.State.Snaps[s.Name])
	if newest := sys.released[s.Name+" "+s.Channel].Revision; cause == "" && s.Newest && newest != have.Revision && !sys.renewed[s.Name] {
		cause = fmt.Sprintf("revision %s, the store has %s", have.Revision, newest)
	}
	return have, installed, cause, nil
}

// brings is the release that the snap becomes one of; zero where that is not known.
func (s Snap) brings(sys *System) kubeversion.Version {
	if s.File != "" {
		return s.Version
	}
	if v, err := kubeversion.Parse(sys.released[s.Name+" "+s.Channel].Version); err == nil {
		return v
	}
	v, _ := kubeversion.ParseChannel(s.Channel)
	return v
}

func (s Snap) differs(installed bool, have snapd.Snap, print string) string {
	switch {
	case !installed:
		return "not installed"
	case s.File != "" && print != s.Print:
		return "the resource file differs from the one installed"
	case s.File == "" && have.Local():
		return "installed from a file, wanted from channel " + s.Channel
	case s.File == "" && !snapd.SameChannel(have.Channel, s.Channel):
		return fmt.Sprintf("channel %s, wanted %s", have.Channel, s.Channel)
	}
	return ""
}

func (s Snap) install(ctx context.Context, sys *System, installed bool, have snapd.Snap) error {
	progress := func(p snapd.ChangeProgress) { sys.Progress(ctx, "Installing "+s.Name+" snap"+describe(p)) }
	switch {
	case s.File != "":
		sys.Log(ctx, "Installing "+s.File+" from local resource")
		return sys.Snaps.InstallFile(ctx, s.File, snapd.FileOptions{Name: s.Name, Classic: s.Classic, Dangerous: true}, progress)
	case installed:
		sys.Log(ctx, "Refreshing "+s.Name+" from store")
		err := sys.Snaps.Refresh(ctx, s.Name, snapd.Options{Channel: s.Channel, Classic: s.Classic, CohortKey: s.Cohort, Amend: have.Local()}, progress)
		if snapd.Classify(err) == snapd.NoUpdate { // the store gives new revisions to some machines first
			return nil
		}
		return err
	default:
		sys.Log(ctx, "Installing "+s.Name+" from store")
		return sys.Snaps.Install(ctx, s.Name, snapd.Options{Channel: s.Channel, Classic: s.Classic, CohortKey: s.Cohort}, progress)
	}
}

// describe shows a running snapd change as " (Download snap: 40%)".
func describe(p snapd.ChangeProgress) string {
	switch {
	case p.Task == "":
		return ""
	case p.Total > 0:
		return fmt.Sprintf(" (%s, %d%% of %d MB)", p.Task, p.Done*100/p.Total, p.Total>>20)
	}
	return fmt.Sprintf(" (%s, step %d of %d)", p.Task, p.Step, p.Steps)
}
