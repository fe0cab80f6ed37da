package worker

import (
	"slices"
	"strings"

	"kubernetes-worker/internal/options"
	"kubernetes-worker/internal/resource"
)

// snapNames in the order of installation: kubelet, which cannot do without the others' versions, last.
var snapNames = [...]string{"kubectl", "kube-proxy", "kubelet"}

// baseSnapNames are what the three need below them. The store brings them along; a machine without a store takes them
// from resources.
var baseSnapNames = [...]string{"snapd", "core", "core18", "core20", "core22", "core24"}

// baseSnaps installs base snaps that are attached as resources, before anything needs them. One that is installed already
// is left to snapd.
func baseSnaps() Handler {
	return Handler{Name: "base-snaps", When: []flag{SnapdReady}, Declare: func(f Facts) ([]resource.Resource, error) {
		var wants []resource.Resource
		for _, name := range baseSnapNames {
			r := f.Resources[name]
			have, installed := f.Snaps[name]
			if !r.Attached() || installed && !have.Local {
				continue
			}
			wants = append(wants, resource.Snap{Name: name, File: r.Path, Print: r.Fingerprint})
		}
		return wants, nil
	}}
}

// snaps installs kubectl, kube-proxy and kubelet, and refreshes them where that needs nobody's word. Those from the store
// come only if it has all of them; the upgrade action also brings what is new on the channel they follow. None is touched
// for a release that this machine cannot run, and a node whose kubelet is to become one of another release gives its pods
// away first.
func snaps() Handler {
	return Handler{Name: "snaps", When: []flag{SnapdReady}, Declare: func(f Facts) ([]resource.Resource, error) {
		if f.goesBack() {
			return f.reverted(), f.failedUpgrade()
		}
		if fault := f.upgradeFault(); fault != nil {
			return nil, fault
		}
		var wants []resource.Snap
		release := resource.StoreRelease{Channel: f.Options.Channel.String()}
		if f.Options.SnapProxyURL != "" { // what a person wants from there is not to come from elsewhere
			release.Needs = []string{resource.StoreProxy{}.ID()}
		}
		for _, name := range snapNames {
			if f.Options.AnyUnknown(options.ChannelOption) && !f.Resources[name].Attached() {
				continue // nobody asked for the default; the finding about the option is the status
			}
			_, installed := f.Snaps[name]
			if installed && f.outdated(name) && !f.MayUpgrade() {
				continue
			}
			want := f.wantedSnap(name)
			if want.File == "" && (!installed || f.outdated(name) || f.Approval.Given) {
				release.Snaps = append(release.Snaps, name)
				want.Needs, want.Newest = append(want.Needs, release.ID()), f.Approval.Given && f.MayUpgrade()
			}
			wants = append(wants, want)
		}
		return f.inOrder(release, wants), f.failedUpgrade()
	}}
}

// inOrder puts the snaps after what they need: the store has all of them, and what an upgrade does before it touches them.
func (f Facts) inOrder(release resource.StoreRelease, snaps []resource.Snap) []resource.Resource {
	var ordered []resource.Resource
	var store, steps []string
	if len(release.Snaps) > 0 {
		ordered, store = append(ordered, release), []string{release.ID()}
	}
	for _, step := range f.beforeUpgrade(snaps, store) {
		ordered, steps = append(ordered, step), append(steps, step.ID())
	}
	for i, snap := range snaps {
		snap.Needs = append(snap.Needs, steps...)
		if i > 0 && len(steps) > 0 { // what is left alone need not be taken back
			snap.Needs = append(snap.Needs, snaps[i-1].ID())
		}
		ordered = append(ordered, snap)
	}
	return ordered
}

func (f Facts) wantedSnap(name string) resource.Snap {
	want := resource.Snap{Name: name, Channel: f.Options.Channel.String(), Classic: true}
	if r := f.Resources[name]; r.Attached() {
		want.File, want.Print, want.Version = r.Path, r.Fingerprint, r.Version
		return want
	}
	want.Cohort = f.cohort(name)
	return want
}

func (f Facts) missingSnaps() []string {
	var missing []string
	for _, name := range snapNames {
		if _, installed := f.Snaps[name]; !installed {
			missing = append(missing, name)
		}
	}
	return missing
}

// outdated reports whether an installed snap differs from what channel and resources want. It is computed from what is
// installed each time, so that setting the channel back needs nothing further.
func (f Facts) outdated(name string) bool {
	have, installed := f.Snaps[name]
	if !installed {
		return false
	}
	if r := f.Resources[name]; r.Attached() {
		return f.SnapRecords[name] != r.Fingerprint
	}
	return have.Local || have.Channel != f.Options.Channel.String()
}

// UpgradePending reports whether any of the snaps differs from what is wanted.
func (f Facts) UpgradePending() bool {
	for _, name := range snapNames {
		if f.outdated(name) {
			return true
		}
	}
	return false
}

// SnapNames are all snaps whose state the charm looks at.
func SnapNames() []string { return append(slices.Clone(snapNames[:]), baseSnapNames[:]...) }

// ResourceNames are the charm resources that matter on a machine of this architecture.
func ResourceNames(arch string) []string { return append(SnapNames(), "cni-"+arch) }

// Indispensable reports whether a resource has no other source than Juju.
func Indispensable(name string) bool { return strings.HasPrefix(name, "cni-") }
