package resource

import (
	"context"
	"fmt"
	"slices"

	"kubernetes-worker/internal/condition"
	"kubernetes-worker/internal/kube"
	"kubernetes-worker/internal/kubeversion"
	"kubernetes-worker/internal/release"
)

// The steps of an upgrade come one after the other, each only if the one before it succeeded: VersionsFit, UpgradeTurn,
// NodeDrained, UpgradeNoted, the snaps; then, when the daemons run with what their release needs, UpgradeOutcome and
// UpgradeEnded, and where it failed SnapReverted in between. All of them do nothing where no snap would be changed.

// changing are those of the snaps that are installed and that would be changed.
func changing(ctx context.Context, sys *System, snaps []Snap) ([]Snap, error) {
	var all []Snap
	for _, s := range snaps {
		_, installed, cause, err := s.compare(ctx, sys)
		if err != nil {
			return nil, err
		}
		if installed && cause != "" {
			all = append(all, s)
		}
	}
	return all, nil
}

// crosses reports whether the snap would become one of another minor release, or of one that is not known.
func (s Snap) crosses(ctx context.Context, sys *System) (bool, error) {
	have, installed, cause, err := s.compare(ctx, sys)
	if err != nil || !installed || cause == "" {
		return false, err
	}
	from, err := kubeversion.Parse(have.Version)
	return err != nil || !s.brings(sys).SameMinor(from), nil
}

func sameSnap(a, b *Snap) bool { return a == b || a != nil && b != nil && a.same(*b) }

func (s Snap) same(o Snap) bool { return s.Equal(o) }

// VersionsFit is that all API servers take the kubelet and the kube-proxy that are about to be installed: they must not be
// newer than the oldest server, and not so much older than the newest that Kubernetes does not support it. It changes
// nothing. A step that leaves a node less far behind than it was is let through: it may be the only way back.
type VersionsFit struct {
	Snaps []Snap
	Needs []string
}

// ID is versions-fit.
func (v VersionsFit) ID() string { return "versions-fit" }

// Stage is SnapStage, and it has to be declared before the snaps.
func (v VersionsFit) Stage() Stage { return SnapStage }

// Requires names the resources that must be in place.
func (v VersionsFit) Requires() []string { return v.Needs }

// Equal compares all fields.
func (v VersionsFit) Equal(other any) bool {
	o, ok := other.(VersionsFit)
	return ok && slices.EqualFunc(o.Snaps, v.Snaps, Snap.same) && slices.Equal(o.Needs, v.Needs)
}

// Plan asks the API servers, once in an invocation, and only if a snap would become one of another minor release.
func (v VersionsFit) Plan(ctx context.Context, sys *System) (*Change, error) {
	if sys.fits {
		return nil, nil
	}
	var crossing []Snap
	for _, s := range v.Snaps {
		crosses, err := s.crosses(ctx, sys)
		if err != nil {
			return nil, err
		}
		if crosses && s.Name != "kubectl" {
			crossing = append(crossing, s)
		}
	}
	if len(crossing) == 0 {
		return nil, nil
	}
	if sys.Control == nil {
		return nil, waitForVersions("none is known")
	}
	servers, err := sys.Control.Versions(ctx)
	if err != nil {
		return nil, waitForVersions(err.Error())
	}
	slices.SortStableFunc(servers, func(a, b kube.ServerVersion) int {
		switch {
		case a.Version.Older(b.Version):
			return -1
		case b.Version.Older(a.Version):
			return 1
		}
		return 0
	})
	for _, s := range crossing {
		if err := s.fits(ctx, sys, servers[0], servers[len(servers)-1]); err != nil {
			return nil, err
		}
	}
	sys.fits = true
	return nil, nil
}

func waitForVersions(reason string) error {
	return condition.NewWaiting("Waiting for an API server, to see which releases it takes: " + reason)
}

// fits compares what the snap brings with the oldest and the newest API server.
func (s Snap) fits(ctx context.Context, sys *System, oldest, newest kube.ServerVersion) error {
	brings := s.brings(sys)
	if brings.IsZero() {
		sys.Log(ctx, fmt.Sprintf("%s does not say which release it is of, so it is not compared with the API servers", s.Name))
		return nil
	}
	first := release.OldestWith(newest.Version)
	have, _, err := sys.snap(ctx, s.Name)
	if err != nil {
		return err
	}
	before, _ := kubeversion.Parse(have.Version)
	switch {
	case oldest.Version.Older(brings):
		return condition.NewBlocked(fmt.Sprintf("%s %s is newer than the API server %s, which is %s; upgrade the control plane first, or %s %s or earlier",
			s.Name, shown(brings), oldest.Server, oldest.Version, s.take(), oldest.Version.Release()))
	case !brings.Older(first):
	case before.IsZero() || brings.Older(before):
		return condition.NewBlocked(fmt.Sprintf("%s %s is too old for the API server %s, which is %s; %s %s or later",
			s.Name, shown(brings), newest.Server, newest.Version, s.take(), first.Release()))
	default:
		sys.Log(ctx, fmt.Sprintf("%s %s is less far behind the API server %s, which is %s, than %s was, but Kubernetes supports only %s and later with it",
			s.Name, shown(brings), newest.Server, newest.Version, before, first.Release()))
	}
	return nil
}

// take is what a person does to get another release of the snap.
func (s Snap) take() string {
	if s.File != "" {
		return "attach a snap of"
	}
	return "set channel to"
}

// shown writes a release of which perhaps only the minor one is known.
func shown(v kubeversion.Version) string {
	if v == (kubeversion.Version{Major: v.Major, Minor: v.Minor}) {
		return v.Release()
	}
	return v.String()
}
